"""Models on disk: safetensors files with the parameters by name, and the model in the metadata.

Nothing in such a file is ever executed. Files that other programs have written, such as a state of
PyTorch's, are read by the names of their tensors.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar, overload

from autograd import files

from ..annotations import Plain, Shape
from ..data import DataError
from ..module import Module, Parameter
from .architecture import Builder, described

FilePath = files.FilePath
M = TypeVar("M", bound=Module)
TRAINING = "training/"  # tensors of a checkpoint that are not the model's
DTYPES = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "I8": "<i1", "I16": "<i2", "I32": "<i4"}
DTYPES |= {"I64": "<i8", "U8": "<u1", "U16": "<u2", "U32": "<u4", "U64": "<u8"}


def save(model: Module, path: FilePath, preprocessing: Plain = None) -> None:
    """Write a model: parameters and buffers by name, its layers with their arguments, no pickle.

    `preprocessing` is whatever JSON holds, and `nn.load` gives it back as `model.preprocessing`. Of
    a dict, `glassgrad explore` reads "classes" (names), "scale" (pixels of 0 to 255 are divided by
    it, by default 255), "invert" (dark ink is 1), "mean" and "std" (numbers, or one a channel).

    The file is replaced as a whole or not at all.

    TypeError for a parameter that holds other numbers than real ones, or for preprocessing that is
    not plain data.
    """
    if not isinstance(model, Module):
        got = type(model).__name__
        raise TypeError(f"save(model, path): the model itself is saved, a Module; got a {got}")
    files.write(path, packed(model, preprocessing))


@overload
def load(path: FilePath, into: M, layers: Iterable[type[Module]] = ()) -> M: ...
@overload
def load(path: FilePath, into: None = None, layers: Iterable[type[Module]] = ()) -> Any: ...
def load(path: FilePath, into: Module | None = None, layers: Iterable[type[Module]] = ()) -> Any:
    """Read a model that `nn.save`, or a training's checkpoint, has written.

    `layers` are classes of your own modules in it; they are made from the arguments that they keep
    as attributes of the same names. `into` is a model to fill: for modules that cannot be made
    so, and for tensors that others have written, as PyTorch's `state_dict`, which fit by name.

    DataError for a file that is damaged, was changed, or names a layer that is unknown.
    """
    if isinstance(path, Module):
        raise TypeError("load(path, into=model): the path comes first, got a Module")
    metadata, tensors = contents(path)
    state = {k: v for k, v in tensors.items() if not k.startswith(TRAINING)}
    model = into if into is not None else _built(path, metadata, state, layers)
    try:
        model.load_state_dict(state)
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
) -> bytes:
    """A safetensors file's bytes: a model, and what else there is."""
    from safetensors.numpy import save as serialized

    if preprocessing is None:
        preprocessing = model.preprocessing
    words = {"architecture": described(model), "preprocessing": preprocessing, **(metadata or {})}
    if model.input_shape is not None:
        words["input_shape"] = model.input_shape
    texts = {"format": "glassgrad 1"} | {k: json.dumps(v) for k, v in words.items()}
    arrays = {name: numbers(name, part) for name, part in model.named_state()} | dict(tensors or {})
    packed: bytes = serialized(arrays, {**texts, "sha256": _digest(texts, arrays)})
    return packed


def numbers(name: str, part: Parameter) -> Any:
    """A parameter as an array: float32 where that holds every number, else float64."""
    import numpy as np

    data = [value.data for value in part.values]
    for number in data:
        if not isinstance(number, int | float | np.floating | np.integer):
            raise TypeError(f"save: {name} holds {number!r:.60}, and files hold floats only")
    return shortest(np.array(data, np.float64)).reshape(part.shape)


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
