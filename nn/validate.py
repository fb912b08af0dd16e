"""What a layer can be built with and fed: errors that name the layer and its argument."""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from numbers import Real
from typing import Any

from autograd import Tensor

Pair = tuple[int, int]
Steps = int | tuple[int, ...]  # one for all axes, or one for each

FOREIGN_KEYWORDS = {
    "activation": "a layer of its own, such as nn.ReLU()",
    "attention_mask": "mask",
    "attn_mask": "mask, true for what takes part, or bias, for numbers that are added",
    "batch_first": "sequences (..., T, I): the batch is always first",
    "d_model": "embed_dim",
    "dilation_rate": "dilation",
    "dim": "axis",
    "div_factor": "divisor",
    "elementwise_affine": "affine",
    "epsilon": "eps",
    "eta_min": "minimum",
    "filters": "out_channels",
    "go_backwards": "bidirectional, or x[..., ::-1, :]",
    "hx": "state",
    "in_dim": "in_features",
    "initial_state": "state",
    "input_dim": "num_embeddings",
    "input_shape": "in_channels or in_features",
    "interpolation": "mode",
    "is_causal": "causal=True when the layer is made",
    "kernel_initializer": "init",
    "key_dim": "embed_dim, which is num_heads·key_dim",
    "key_padding_mask": "key_mask, true for what takes part",
    "learning_rate": "lr",
    "max_val": "high",
    "min_val": "low",
    "negative_slope": "slope",
    "nhead": "num_heads",
    "normalized_shape": "shape",
    "num_channels": "channels",
    "num_features": "channels",
    "num_groups": "groups",
    "out_dim": "out_features",
    "output_dim": "embedding_dim",
    "p": "rate",
    "padding_mode": "padding",
    "params": "parameters",
    "pct_start": "rise",
    "pool_size": "kernel_size",
    "proj_size": "a Dense layer after it",
    "return_attention_scores": "need_weights",
    "start_dim": "axes, counted from the last",
    "strides": "stride",
    "T_0": "steps",
    "T_max": "steps",
    "T_mult": "growth",
    "total_steps": "steps",
    "unflattened_size": "shape",
    "units": "out_features or hidden_size",
    "use_bias": "bias",
    "use_causal_mask": "causal=True when the layer is made",
}

NEEDLESS_KEYWORDS = {
    "device": "numbers live in Python, and a program where its backend has them",
    "dtype": "numbers are of any kind, and a program says which it computes with",
    "inplace": "operations make new Values, and nothing is written over",
    "threshold": "it is exact for all numbers",
    "track_running_stats": "they are always kept",
}


def foreign_keywords(
    cls: type, options: Mapping[str, object], called: Callable[..., object] | None = None
) -> None:
    """Say what another library's keyword is called here, where `cls` does not know it, or what of
    it is `called`.
    """
    for keyword in options.keys() & (FOREIGN_KEYWORDS | NEEDLESS_KEYWORDS).keys():
        takes_none = called is None and _takes_none(cls)
        known = {} if takes_none else inspect.signature(called or cls).parameters
        takes_any = any(p.kind is p.VAR_KEYWORD for p in known.values())
        if keyword not in known and not takes_any:
            needless = f"leave it out: {NEEDLESS_KEYWORDS.get(keyword)}"
            ours = f"use {FOREIGN_KEYWORDS[keyword]}" if keyword in FOREIGN_KEYWORDS else needless
            raise TypeError(f"{cls.__name__}: there is no {keyword!r} here; {ours}")


def no_arguments(cls: type, *given: object) -> None:
    """Nothing is given to a class that takes nothing: Python would pass over it in silence."""
    if given and _takes_none(cls):
        hint = f": {NEEDLESS_KEYWORDS['inplace']}" if isinstance(given[0], bool) else ""
        raise TypeError(f"{cls.__name__} takes no arguments, got {given[0]!r:.60}{hint}")


def _takes_none(cls: type) -> bool:
    return not any("__init__" in vars(base) for base in cls.__mro__[:-1])


def made(owner: str, *things: object) -> None:
    """None of these is a class, where an object is meant."""
    for thing in things:
        if isinstance(thing, type):
            name = thing.__name__
            raise TypeError(f"{owner}: {name} is a class; make one, as in {name}(...)")


def parameters(given: Any) -> Iterable[Any]:
    """What may list parameters: anything in order, and no module, dict or set."""
    if callable(given) or isinstance(given, Set | Mapping) or not isinstance(given, Iterable):
        raise TypeError(
            "parameters must be a list of Tensors and Values, as model.parameters() gives, got "
            f"{given!r:.60}"
        )
    return given


def _plain(value: Any) -> Any:
    """A number as it is; one of NumPy's as Python's."""
    return value.item() if hasattr(value, "dtype") and value.shape == () else value


def whole(owner: str, name: str, value: object) -> int:
    """An int, Python's or NumPy's, as Python's."""
    plain = _plain(value)
    if isinstance(plain, bool) or not isinstance(plain, int):
        raise TypeError(f"{owner}: {name} must be an int, got {value!r:.60}")
    return plain


def positive(owner: str, name: str, value: object) -> int:
    """An int >= 1."""
    n = whole(owner, name, value)
    if n < 1:
        raise ValueError(f"{owner}: {name} must be at least 1, got {n}")
    return n


def number(owner: str, name: str, value: object) -> Any:
    """A real number, Python's or NumPy's, as Python's: an int, a float, a Fraction."""
    plain = _plain(value)
    if isinstance(plain, bool) or not isinstance(plain, Real):
        raise TypeError(f"{owner}: {name} must be a number, got {value!r:.60}")
    return plain


def within(owner: str, name: str, value: object, least: float, below: float = math.inf) -> Any:
    """A number with least <= value < below."""
    plain = number(owner, name, value)
    if not least <= plain < below:
        raise ValueError(f"{owner}: needs {least} <= {name} < {below}, got {plain!r}")
    return plain


def above_zero(owner: str, name: str, value: object) -> Any:
    """A number with 0 < value < inf."""
    plain = number(owner, name, value)
    if not 0 < plain < math.inf:
        raise ValueError(f"{owner}: {name} must be positive, got {plain!r}")
    return plain


def weights(owner: str, name: str, value: Any) -> tuple[float, ...] | None:
    """Numbers >= 0 in a list or an array, or one, as a tuple; None stays."""
    plain = value.tolist() if hasattr(value, "tolist") else value
    if plain is None:
        return None
    several = plain if isinstance(plain, list | tuple) else [plain]
    return tuple([within(owner, name, x, 0) for x in several])


def steps(owner: str, name: str, value: Any, n: int = 2, least: int = 1) -> tuple[int, ...]:
    """An int for each of n axes, of one int for all or of a pair (rows, columns)."""
    plain = value.tolist() if hasattr(value, "dtype") else value
    all_ = [_plain(k) for k in (plain if isinstance(plain, tuple | list) else (plain,) * n)]
    if len(all_) != n or any(isinstance(k, bool) or not isinstance(k, int) for k in all_):
        meant = "an int or a pair of ints" if n == 2 else "an int"
        raise TypeError(f"{owner}: {name} must be {meant}, got {value!r:.60}")
    if min(all_) < least:
        raise ValueError(f"{owner}: {name} must be at least {least}, got {value!r}")
    return tuple(all_)


def short(steps: object) -> object:
    """Equal ints of a tuple as one, the way people write them."""
    return steps[0] if isinstance(steps, tuple) and len({*steps}) == 1 else steps


def sizes(owner: str, name: str, value: Any) -> tuple[int, ...]:
    """Ints >= 1: one, or several in their order."""
    plain = value.tolist() if hasattr(value, "dtype") else value
    several = plain if isinstance(plain, Iterable) else (plain,)
    return tuple([positive(owner, name, n) for n in several])


def padding(layer: str, value: object, n: int = 2) -> tuple[int, ...] | str:
    """ "same", an int for each of n axes, or what stands for them."""
    if isinstance(value, str):
        if value not in ("same", "valid"):
            raise ValueError(f'{layer}: padding must be "same", "valid" or ints, got {value!r}')
        return "same" if value == "same" else (0,) * n
    return steps(layer, "padding", value, n, least=0)


def divides(layer: str, name: str, divisor: int, **sizes: int) -> None:
    """`divisor` divides each of the sizes."""
    for size_name, size in sizes.items():
        if size % divisor:
            raise ValueError(f"{layer}: {name}={divisor} does not divide {size_name}={size}")


def image(layer: object, x: Tensor, sides: str = "HW") -> None:
    """The input has axes (..., C, H, W), or those of other sides, none of them empty."""
    _tensor(layer, x)
    if x.ndim < 1 + len(sides):
        needed = f"(..., C, {', '.join(sides)})"
        raise ValueError(f"{layer!r}: input must be {needed}, got shape {x.shape}")


def axis(layer: object, x: Tensor, axis: int, what: str, size: int) -> None:
    """The input has this size on the axis."""
    _tensor(layer, x)
    if x.shape[axis] != size:
        got = f"input has {x.shape[axis]} {what} (shape {x.shape})"
        raise ValueError(f"{layer!r}: {got}, the layer was built for {size}")


def _tensor(layer: object, x: object) -> None:
    if not isinstance(x, Tensor):
        hint = "; autograd.stack joins Tensors" if isinstance(x, list | tuple) else ""
        if isinstance(x, tuple):
            hint += ", and with return_state=False a recurrent layer gives its outputs alone"
        raise TypeError(
            f"{layer!r}: input must be a Tensor, a list or an array, got {x!r:.60}{hint}"
        )
    if not x.size:
        raise ValueError(f"{layer!r}: input of shape {x.shape} is empty")


def margins(layer: Any, size: Sequence[int]) -> list[Pair]:
    """The zeros (before, after) that a convolution's padding puts around each axis."""
    if layer.padding != "same":
        return [(p, p) for p in layer.padding]
    needed = []
    for n, k, s, d in zip(size, layer.kernel_size, layer.stride, layer.dilation, strict=True):
        total = max(0, (-(-n // s) - 1) * s + d * (k - 1) + 1 - n)
        needed.append((total // 2, total - total // 2))
    return needed


def spans(layer: Any) -> tuple[int, ...]:
    """How many entries a kernel reaches over on each axis."""
    sizes = zip(layer.kernel_size, layer.dilation, strict=True)
    return tuple(d * (k - 1) + 1 for k, d in sizes)


def fits(layer: Any, size: Sequence[int]) -> None:
    """The kernel fits into a padded image of (rows, columns), or a padded signal."""
    span = spans(layer)
    if any(s > n for s, n in zip(span, size, strict=True)):
        what = "image" if len(span) == 2 else "signal"
        raise ValueError(
            f"{layer!r}: a kernel of {span} is larger than the padded {tuple(size)} {what}"
        )
