"""Models on disk: safetensors files with the parameters by name, and the model in the metadata.

Nothing in such a file is ever executed. Files that other programs have written, such as a state of
PyTorch's, are read by the names of their tensors.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, overload

from autograd import files

from ..annotations import Plain, Shape
from ..data import DataError
from ..module import Module, Parameter
from .architecture import Builder, described

FilePath = files.FilePath
M = TypeVar("M", bound=Module)
Width = Literal["bfloat16", "float16", "float32", "float64"]
TRAINING = "training/"  # tensors of a checkpoint that are not the model's
DTYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "I8": "<i1", "I16": "<i2", "I32": "<i4"}
DTYPES |= {"I64": "<i8", "U8": "<u1", "U16": "<u2", "U32": "<u4", "U64": "<u8"}


def save(
    model: Module, path: FilePath, preprocessing: Plain = None, dtype: Width | None = None
) -> None:
    """Write a model: parameters and buffers by name, its layers with their arguments, no pickle.

    `preprocessing` is whatever JSON holds, and `nn.load` gives it back as `model.preprocessing`. Of
    a dict, `glassgrad explore` reads "classes" (names), "scale" (pixels of 0 to 255 are divided by
    it, by default 255), "invert" (dark ink is 1), "mean" and "std" (numbers, or one a channel).

    Numbers are float32 where that holds all of a parameter, else float64; with a `dtype`, they are
    the nearest of that width: "float16" and "bfloat16" make half the file.

    The file is replaced as a whole or not at all.

    ValueError for a number that is too large for the dtype. TypeError for a parameter that holds
    other numbers than real ones, or for preprocessing that is not plain data.
    """
    if not isinstance(model, Module):
        got = type(model).__name__
        raise TypeError(f"save(model, path): the model itself is saved, a Module; got a {got}")
    if dtype not in (None, *get_args(Width)):
        raise ValueError(f"save: dtype must be one of {', '.join(get_args(Width))}, got {dtype!r}")
    files.write(path, packed(model, preprocessing, dtype=dtype))


@overload
def load(
    path: FilePath, into: M, layers: Iterable[type[Module]] = (), *, strict: bool = True
) -> M: ...
@overload
def load(path: FilePath, into: None = None, layers: Iterable[type[Module]] = ()) -> Any: ...
def load(
    path: FilePath,
    into: Module | None = None,
    layers: Iterable[type[Module]] = (),
    *,
    strict: bool = True,
) -> Any:
    """Read a model that `nn.save`, or a training's checkpoint, has written.

    `layers` are classes of your own modules in it; they are made from the arguments that they keep
    as attributes of the same names. `into` is a model to fill: for modules that cannot be made
    so, and for tensors that others have written, as PyTorch's `state_dict`, which fit by name; all
    of them, or with strict=False those that do.

    DataError for a file that is damaged, was changed, or names a layer that is unknown.
    """
    if isinstance(path, Module):
        raise TypeError("load(path, into=model): the path comes first, got a Module")
    metadata, tensors = contents(path)
    state = {k: v for k, v in tensors.items() if not k.startswith(TRAINING)}
    model = into if into is not None else _built(path, metadata, state, layers)
    try:
        model.load_state_dict(state, strict=strict)
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: {error}") from error
    if "input_shape" in metadata:
        model.input_shape = _shape(path, metadata)
    if "preprocessing" in metadata:
        model.preprocessing = _plain(path, metadata, "preprocessing")
    return model


def _built(path: FilePath, metadata: Mapping[str, str], state: Any, layers: Any) -> Module:
    hint = f"make the model and call nn.load({os.fspath(path)!r}, into=model)"
    if "architecture" not in metadata:
        raise DataError(f"{path}: holds tensors without their model; {hint}")
    builder = Builder(sum(array.size for array in state.values()), layers)
    try:
        model = builder.build(_plain(path, metadata, "architecture"))
    except (TypeError, ValueError, RecursionError) as error:
        known = "" if "unknown layer" not in str(error) else "; give its class in layers=[...], or"
        raise DataError(
            f"{path}: its model cannot be made: {error}{known or ';'} {hint}"
        ) from error
    if not isinstance(model, Module):
        raise DataError(f"{path}: its architecture is no model")
    return model


# --- what is in a file ----------------------------------------------------------------------------


def packed(
    model: Module,
    preprocessing: Plain = None,
    metadata: Mapping[str, Any] | None = None,
    tensors: Mapping[str, Any] | None = None,
    dtype: Width | None = None,
) -> bytes:
    """A safetensors file's bytes: a model, and what else there is."""
    from safetensors.numpy import save as serialized

    if preprocessing is None:
        preprocessing = model.preprocessing
    words = {"architecture": described(model), "preprocessing": preprocessing, **(metadata or {})}
    if model.input_shape is not None:
        words["input_shape"] = model.input_shape
    texts = {"format": "glassgrad 1"} | {k: json.dumps(v) for k, v in words.items()}
    state = {name: numbers(name, part, dtype) for name, part in model.named_state()}
    arrays = state | dict(tensors or {})
    words = {**texts, "sha256": _digest(texts, arrays)}
    if dtype != "bfloat16":
        return bytes(serialized(arrays, words))
    halves = {name: (x.view("<u4") >> 16).astype("<u2") for name, x in state.items()}
    return _as_bfloat16(serialized(arrays | halves, words), state)


def numbers(name: str, part: Parameter, dtype: Width | None = None) -> Any:
    """A parameter as an array: float32 where that holds every number, else float64; or the nearest
    numbers of a dtype.
    """
    import numpy as np

    data = [value.data for value in part.values]
    for number in data:
        if not isinstance(number, int | float | np.floating | np.integer):
            raise TypeError(f"save: {name} holds {number!r:.60}, and files hold floats only")
    array = np.array(data, np.float64).reshape(part.shape)
    if dtype is None:
        return shortest(array)
    near = _nearest(array, dtype)
    if (beyond := np.isinf(near) & ~np.isinf(array)).any():
        raise ValueError(f"save: {name} holds {array[beyond][0]}, too large for {dtype}")
    return near


def _nearest(array: Any, dtype: Width) -> Any:
    """The nearest numbers of a dtype, of two the even one; those of bfloat16 in float32, of which
    they are the upper half.
    """
    import numpy as np

    with np.errstate(over="ignore"):
        if dtype != "bfloat16":
            return array.astype(dtype)
        bits = array.astype(np.float32).view(np.uint32)
    upper = bits + 0x7FFF + (bits >> 16 & 1) & 0xFFFF0000
    return np.where(np.isnan(array), np.float32(np.nan), upper.view(np.float32))


def _as_bfloat16(file: bytes, names: Iterable[str]) -> bytes:
    """A file whose tensors of these names, written as integers of 16 bits, are told to be so."""
    end = 8 + int.from_bytes(file[:8], "little")
    header = json.loads(file[8:end])
    for name in names:
        header[name]["dtype"] = "BF16"
    words = json.dumps(header).encode()
    words += b" " * (-len(words) % 8)
    return len(words).to_bytes(8, "little") + words + file[end:]


def shortest(array: Any) -> Any:
    """The array in float32 where that loses nothing."""
    import numpy as np

    with np.errstate(over="ignore"):
        short = array.astype(np.float32)
    return short if np.array_equal(short, array, equal_nan=True) else array


def contents(path: FilePath) -> tuple[dict[str, str], dict[str, Any]]:
    """(metadata, {name: array}) of a safetensors file; DataError where it is not what it was."""
    import safetensors

    read: Any = safetensors.deserialize
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path}: there is no such file")
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
        raw = read(Path(path).read_bytes())
    except (safetensors.SafetensorError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not a safetensors file, or damaged: {error}") from error
    tensors = {name: _array(f"{path}: {name}", **tensor) for name, tensor in raw}
    texts = {k: v for k, v in metadata.items() if k != "sha256"}
    ours = {"architecture", "preprocessing", "sha256"}  # and one may be damaged itself
    if ours & metadata.keys() and metadata.get("sha256") != _digest(texts, tensors):
        raise DataError(f"{path}: was damaged or changed after it was saved (its SHA-256 differs)")
    return metadata, tensors


def _array(where: str, dtype: str, shape: Shape, data: bytes) -> Any:
    """A file's tensor as an array; DataError where it holds other numbers than real ones."""
    import numpy as np

    if dtype == "BF16":  # the upper half of a float32
        return (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4").reshape(shape)
    if dtype not in DTYPES:
        known = ", ".join(["BF16", *DTYPES])
        raise DataError(f"{where} holds {dtype}, and is read from {known}: save it as one of these")
    return np.frombuffer(data, DTYPES[dtype]).reshape(shape)


def _digest(texts: Mapping[str, str], arrays: Mapping[str, Any]) -> str:
    """SHA-256 of the metadata and of all tensors, in order of their names."""
    digest = hashlib.sha256(json.dumps(sorted(texts.items())).encode())
    for name, array in sorted(arrays.items()):
        digest.update(json.dumps([name, str(array.dtype), array.shape]).encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _shape(path: FilePath, metadata: Mapping[str, str]) -> Shape:
    shape = _plain(path, metadata, "input_shape")
    if not isinstance(shape, list) or not all(isinstance(n, int) and n > 0 for n in shape):
        raise DataError(f"{path}: its input_shape is none: {shape!r:.60}")
    return tuple(shape)


def _plain(path: FilePath, metadata: Mapping[str, str], name: str) -> Any:
    try:
        return json.loads(metadata[name])
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: its {name} cannot be read: {error}") from error
