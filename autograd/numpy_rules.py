"""NumPy's functions of Values and Tensors, by name: what each makes of nodes.

Where there is a function or a method of the same meaning it is that one. Functions that move
entries around (`roll`, `tile`, `vstack`, `triu`) are NumPy's own, run on addresses.
"""

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

from . import functions as f
from . import linear_algebra
from .numbers import smooth as e
from .numbers.kinds import numpy
from .tensor import Tensor, _tensor, einsum, operand
from .value import Value

Rule = Callable[..., Any]


def numbers(x: Any) -> Any:
    """The numbers of a Value or a Tensor; whatever else as it is."""
    return x.numpy() if isinstance(x, Tensor) else x.data if isinstance(x, Value) else x


def _of_numbers(name: str) -> Rule:
    """NumPy's function of the numbers alone: nothing that it says has a gradient."""
    return lambda *x, **options: getattr(numpy(), name)(*map(numbers, x), **options)


def _of_operands(function: Rule) -> Rule:
    """A function of Values and Tensors, whatever its operands are."""
    return lambda *x: function(*map(operand, x))


def _method(name: str) -> Rule:
    """A method of tensors; a scalar is a tensor of one entry."""

    def called(x: Any, *arguments: Any, **options: Any) -> Any:
        tensor = Tensor(x) if _is_array(x) else f.stack([x])
        return getattr(tensor, name)(*arguments, **options)

    return called


def _named(function: Rule, **names: str) -> Rule:
    """A function under NumPy's names of its options."""
    return lambda *x, **options: function(*x, **{names.get(k, k): v for k, v in options.items()})


def _is_array(x: Any) -> bool:
    return isinstance(x, Tensor) or getattr(x, "shape", ()) != () or isinstance(x, list | tuple)


# --- entries that are moved -----------------------------------------------------------------------


def _moving(name: str, data: int = 1) -> Rule:
    """NumPy's function `name`, whose first `data` arguments are arrays or sequences of them.

    It is run on arrays of addresses in a pool of Values. Address 0 is a constant 0, which is what
    `triu`, `diag` and `pad` fill with.
    """

    def moved(*arguments: Any, **options: Any) -> Any:
        pool = [Value(0.0)]
        placed = [_addresses(x, pool) for x in arguments[:data]]
        return _read(getattr(numpy(), name)(*placed, *arguments[data:], **options), pool)

    return moved


def _addresses(x: Any, pool: list[Value]) -> Any:
    if isinstance(x, list | tuple) and any(map(_is_array, x)):
        return [_addresses(part, pool) for part in x]
    values = [x] if isinstance(x, Value) else Tensor(x).values if _is_array(x) else [Value(x)]
    start, shape = len(pool), getattr(operand(x), "shape", ())
    pool += values
    return numpy().arange(start, start + len(values)).reshape(shape)


def _read(addresses: Any, pool: Sequence[Value]) -> Any:
    if isinstance(addresses, list | tuple):
        return [_read(part, pool) for part in addresses]
    if not addresses.shape:
        return pool[int(addresses)]
    return _tensor(addresses.shape, [pool[k] for k in addresses.ravel().tolist()])


MOVING = ["roll", "flip", "flipud", "fliplr", "rot90", "moveaxis", "rollaxis", "tile", "repeat"]
MOVING += ["broadcast_to", "expand_dims", "squeeze", "diagonal", "diag", "triu", "tril", "take"]
MOVING += ["atleast_1d", "atleast_2d", "atleast_3d", "split", "array_split", "hsplit", "vsplit"]
MOVING += ["vstack", "hstack", "dstack", "column_stack", "delete", "transpose", "swapaxes", "pad"]
MOVING += ["stack", "concatenate", "take_along_axis", "ravel"]
rearranged = {name: _moving(name) for name in MOVING} | {"append": _moving("append", 2)}


def _sort(x: Any, axis: int = -1) -> Any:
    order = numpy().argsort(numbers(x), axis, kind="stable")
    return rearranged["take_along_axis"](x, order, axis)


def _diff(x: Any, axis: int = -1) -> Any:
    places = numpy().arange(x.shape[axis])
    later, sooner = [rearranged["take"](x, at, axis=axis) for at in (places[1:], places[:-1])]
    return later - sooner


# --- products -------------------------------------------------------------------------------------


def _dot(a: Any, b: Any) -> Any:
    """NumPy's dot: a product with a number, else of matrices."""
    return a.dot(b) if isinstance(a, Tensor) else a * b


def _inner(a: Any, b: Any) -> Any:
    return _dot(a, b.transpose() if isinstance(b, Tensor) else b)


def _outer(a: Any, b: Any) -> Any:
    return einsum("i,j->ij", *[f.stack([x]).flatten() for x in (a, b)])


def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = Tensor(a), Tensor(b)
    if isinstance(axes, int):
        axes = range(a.ndim - axes, a.ndim), range(axes)
    left, right = [
        [k % x.ndim for k in numpy().atleast_1d(n).tolist()]
        for x, n in zip((a, b), axes, strict=True)
    ]
    letters = [chr(ord("a") + k) for k in range(a.ndim + b.ndim)]
    of_a, of_b = letters[: a.ndim], letters[a.ndim :]
    for i, j in zip(left, right, strict=True):
        of_b[j] = of_a[i]
    kept = [c for c in of_a + of_b if (c in of_a) != (c in of_b)]
    return einsum(f"{''.join(of_a)},{''.join(of_b)}->{''.join(kept)}", a, b)


def _norm(x: Any, order: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """The norms of vectors, and Frobenius' of a matrix."""
    x = Tensor(x)
    vectors = x.ndim == 1 or isinstance(axis, int)
    if order in (1, math.inf) and vectors:
        return x.abs().sum(axis, keepdims) if order == 1 else x.abs().max(axis, keepdims)
    if order in (None, "fro") or (order == 2 and vectors):
        return (x * x).sum(axis, keepdims).sqrt()
    raise TypeError(f"np.linalg.norm: ord {order!r} of shape {x.shape} has no gradient here")


# --- functions of entries -------------------------------------------------------------------------


def _sign(x: Any) -> Any:
    return f.where(x > 0, 1.0, f.where(x < 0, -1.0, x.stop()))


def _log1p(x: Any) -> Any:
    """log(1 + x), and what 1 + x has lost of x, which is a constant to the derivative."""
    y = 1.0 + x
    lost = ((x - (y - 1.0)) / y).stop()
    return y.log() + f.where(lost > -1.0, lost, 0.0)  # nan at -1 and inf, where nothing is lost


def _cosh(x: Any) -> Any:
    return (x.exp() + (-x).exp()) / 2.0


def _logaddexp(a: Any, b: Any) -> Any:
    shift = f.maximum(a, b).stop()
    shift = f.where(abs(shift) < math.inf, shift, 0.0)
    return shift + ((a - shift).exp() + (b - shift).exp()).log()


def _average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    if weights is None:
        return x.mean(axis)
    return (x * weights).sum(axis) / (x.detach() * 0.0 + weights).sum(axis)


ENTRIES: dict[str, Rule] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
    "float_power": operator.pow,
    "matmul": operator.matmul,
    "negative": operator.neg,
    "positive": operator.pos,
    "absolute": abs,
    "fabs": abs,
    "square": lambda x: x**2,
    "reciprocal": lambda x: 1 / x,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "less": operator.lt,
    "less_equal": operator.le,
    "rint": lambda x: x.round(),
    "sign": _sign,
    "floor_divide": lambda a, b: (a / b).floor(),
    "remainder": lambda a, b: a - b * (a / b).floor(),
    "exp2": lambda x: 2.0**x,
    "expm1": lambda x: (x / 2.0).tanh() * (x.exp() + 1.0),
    "log1p": _log1p,
    "log2": lambda x: x.log() / math.log(2),
    "log10": lambda x: x.log() / math.log(10),
    "tan": lambda x: x.sin() / x.cos(),
    "cosh": _cosh,
    "sinh": lambda x: x.tanh() * _cosh(x),
    "hypot": lambda a, b: (a * a + b * b).sqrt(),
    "logaddexp": _logaddexp,
    "dot": _dot,
    "inner": _inner,
    "outer": _outer,
}
SAME = {name: getattr(f, name) for name in ["where", "maximum", "minimum"]}
SAME |= {name: getattr(e, name) for name in ["floor", "ceil", "exp", "log", "sqrt"]}
SAME |= {name: getattr(e, name) for name in ["sin", "cos", "tanh"]}
METHODS = {"amax": "max", "amin": "min"}
METHODS |= {name: name for name in ["sum", "max", "min", "mean", "var", "std", "prod", "reshape"]}
METHODS |= {name: name for name in ["cumsum", "cumprod", "argmax", "argmin", "round", "take"]}
OF_NUMBERS = ["isnan", "isfinite", "isinf", "allclose", "isclose", "array_equal", "argsort", "all"]
OF_NUMBERS += ["shape", "ndim", "size", "any", "nonzero", "count_nonzero"]
OF_NUMBERS += ["zeros_like", "ones_like", "full_like", "empty_like"]

RULES: dict[str, Rule] = {
    **rearranged,
    **SAME,
    **{name: _of_operands(function) for name, function in ENTRIES.items()},
    **{name: _method(ours) for name, ours in METHODS.items()},
    **{name: _of_numbers(name) for name in OF_NUMBERS},
    "einsum": lambda *x, **_: einsum(*x),  # who asks for a plan is given the same numbers
    "tensordot": _tensordot,
    "linalg.norm": _named(_norm, ord="order"),
    **{f"linalg.{name}": getattr(linear_algebra, name) for name in linear_algebra.NAMES},
    "trace": lambda x: rearranged["diagonal"](x).sum(-1),
    "average": lambda x, axis=None, weights=None: _average(Tensor(x), axis, weights),
    "clip": _named(f.clip, a_min="low", min="low", a_max="high", max="high"),
    "sort": _sort,
    "diff": _diff,
}
