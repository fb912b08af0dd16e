"""NumPy's functions on recorded arrays: what moves entries, what joins arrays, what sums."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .nodes import Gather
from .recorded import FUNCTIONS, Recorded, node_of, plain, recording_of
from .ufuncs import LETTERS, contract, matmul, outer, row

# --- entries that move ---------------------------------------------------------------------------

MOVING = """reshape transpose swapaxes moveaxis rollaxis squeeze expand_dims ravel flip fliplr flipud
rot90 roll tile repeat take broadcast_to tril triu diag diagonal delete compress resize
take_along_axis trim_zeros permute_dims matrix_transpose""".split()


def moving(function: Any) -> Callable[..., Any]:
    """The rule of a function that only moves the entries of its first argument."""

    def rule(x: Any, *args: Any, **named: Any) -> Any:
        if not isinstance(x, Recorded):
            return function(plain(x), *plain(args), **named)
        args = plain(args)
        return x.arranged(lambda array: function(array, *args, **named), function.__name__)

    return rule


def split(function: Any) -> Callable[..., Any]:
    """The rule of a function that returns several parts of an array."""

    def rule(x: Any, *args: Any, **named: Any) -> Any:
        count = len(function(x.plain, *args, **named))
        return [x.arranged(lambda a, k=k: function(a, *args, **named)[k], "part")
                for k in range(count)]  # fmt: skip

    return rule


def pad(x: Any, width: Any, mode: str = "constant", **named: Any) -> Any:
    """np.pad; a margin of other numbers than 0 is added."""
    value = named.get("constant_values", 0)
    inner = {k: v for k, v in named.items() if k != "constant_values"}
    padded = x.arranged(lambda a: np.pad(a, width, mode, **inner), "pad")
    if np.any(value):
        padded = padded + np.pad(np.zeros(x.shape), width, mode, constant_values=value)
    return padded


def at_least(n: int) -> Callable[..., Any]:
    """np.atleast_1d and its like."""
    function = {1: np.atleast_1d, 2: np.atleast_2d, 3: np.atleast_3d}[n]

    def rule(*arrays: Any) -> Any:
        found = [x.arranged(function, "reshape") if isinstance(x, Recorded) else function(x)
                 for x in arrays]  # fmt: skip
        return found[0] if len(found) == 1 else found

    return rule


# --- arrays that are joined ----------------------------------------------------------------------


def joined(what: str, operands: Sequence[Any], arrange: Callable[[list[Any]], Any]) -> Any:
    """An array whose entries are those of several others: `arrange` is called with addresses."""
    nodes = [node_of(x) for x in operands]
    sizes = [node.value.size for node in nodes]
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)
    numbers = [start + 1 + np.arange(node.value.size).reshape(node.value.shape)
               for start, node in zip(starts, nodes, strict=False)]  # fmt: skip
    places = np.asarray(arrange(numbers)).astype(np.intp) - 1
    source = np.searchsorted(starts, places, "right") - 1
    source = np.where(places < 0, -1, source)
    at = np.where(places < 0, 0, places - starts[source])
    recording = recording_of(operands)
    return Recorded.of(recording.add(Gather(what, source, at), *nodes), recording)


def joining(function: Any) -> Callable[..., Any]:
    """The rule of a function of a list of arrays, such as np.concatenate."""

    def rule(arrays: Any, *args: Any, **named: Any) -> Any:
        return joined("concatenation", list(arrays), lambda a: function(a, *args, **named))

    return rule


def where(condition: Any, *choices: Any) -> Any:
    """np.where with three arguments; with one, places."""
    mask = plain(condition)
    if not choices:
        return np.where(mask)
    return joined("where", choices, lambda a: np.where(mask, *a))


def select(conditions: Any, choices: Any, default: Any = 0) -> Any:
    """np.select."""
    masks = [plain(c) for c in conditions]
    return joined("where", [*choices, default], lambda a: np.select(masks, a[:-1], a[-1]))


def array(nested: Any, *_: Any, **named: Any) -> Any:
    """np.array and np.asarray of nested lists in which something is recorded."""
    if isinstance(nested, Recorded):
        return nested.copy()
    leaves: list[Any] = []

    def numbered(x: Any) -> Any:
        if isinstance(x, list | tuple):
            return [numbered(part) for part in x]
        leaves.append(x)
        return len(leaves) - 1

    order = numbered(nested)

    def arrange(numbers: list[Any]) -> Any:
        def of(x: Any) -> Any:
            return [of(part) for part in x] if isinstance(x, list) else numbers[x]

        return np.array(of(order))

    return joined("stack", leaves, arrange)


# --- sums, products, extremes --------------------------------------------------------------------


def axes_of(axis: Any, n: int) -> tuple[int, ...]:
    """The axes of a reduction as numbers from 0 on."""
    if axis is None:
        return tuple(range(n))
    several = axis if isinstance(axis, tuple | list) else (axis,)
    return tuple(int(a) % n for a in several) if n else ()


def kept(x: Any, axes: tuple[int, ...], keepdims: Any) -> Any:
    """A reduced array with its axes of length 1, if they are kept."""
    return np.expand_dims(x, axes) if keepdims is True and axes else x


def total(x: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
          **_: Any) -> Any:  # fmt: skip
    """np.sum."""
    if not isinstance(x, Recorded):
        x = array(x)
    axes = axes_of(axis, x.ndim)
    letters = LETTERS[: x.ndim]
    left = "".join(letter for k, letter in enumerate(letters) if k not in axes)
    return kept(contract(f"{letters}->{left}", x), axes, keepdims)


def mean(x: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
         **_: Any) -> Any:  # fmt: skip
    """np.mean."""
    n = int(np.prod([np.shape(x)[a] for a in axes_of(axis, np.ndim(x))]))
    return row("div", total(x, axis, keepdims=keepdims), float(n))


def variance(x: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0,
             keepdims: Any = False, **_: Any) -> Any:  # fmt: skip
    """np.var."""
    off = row("sub", x, mean(x, axis, keepdims=True))
    n = int(np.prod([np.shape(x)[a] for a in axes_of(axis, np.ndim(x))]))
    return row("div", total(row("mul", off, off), axis, keepdims=keepdims), float(n - ddof))


def deviation(x: Any, axis: Any = None, *args: Any, **named: Any) -> Any:
    """np.std."""
    return row("sqrt", variance(x, axis, *args, **named))


def extreme(arg: Any, what: str) -> Callable[..., Any]:
    """np.max or np.min: the first entry that is the largest."""

    def rule(x: Any, axis: Any = None, out: Any = None, keepdims: Any = False, **_: Any) -> Any:
        axes = axes_of(axis, np.ndim(x))
        left = tuple(a for a in range(np.ndim(x)) if a not in axes)
        order = (*left, *axes)
        shape = tuple(np.shape(x)[a] for a in left)
        flat = np.transpose(x, order).reshape(*shape, -1)
        best = arg(plain(flat), axis=-1)
        found = flat.arranged(lambda a: np.take_along_axis(a, best[..., None], -1)[..., 0], what)
        return kept(found, axes, keepdims)

    return rule


def product(x: Any, axis: Any = None, **named: Any) -> Any:
    """np.prod, factor by factor."""
    axes = axes_of(axis, x.ndim)
    left = tuple(a for a in range(x.ndim) if a not in axes)
    flat = np.transpose(x, (*axes, *left)).reshape(-1, *(x.shape[a] for a in left))
    found = flat[0]
    for k in range(1, len(flat)):
        found = row("mul", found, flat[k])
    return kept(found, axes, named.get("keepdims"))


def running(x: Any, axis: Any = None, **_: Any) -> Any:
    """np.cumsum."""
    if axis is None:
        x, axis = np.ravel(x), 0
    moved = np.moveaxis(x, axis, -1)
    summed = matmul(moved, np.triu(np.ones((moved.shape[-1],) * 2)))
    return np.moveaxis(summed, -1, axis)


def average(x: Any, axis: Any = None, weights: Any = None, **named: Any) -> Any:
    """np.average."""
    if weights is None:
        return mean(x, axis, **named)
    return total(row("mul", x, weights), axis) / total(
        np.broadcast_to(weights, x.shape) + 0.0, axis
    )


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """np.linalg.norm: Euclidean, or the sum of magnitudes."""
    if ord == 1 and (np.ndim(x) == 1 or axis is not None):
        return total(row("abs", x), axis, keepdims=keepdims)
    return row("sqrt", total(row("mul", x, x), axis, keepdims=keepdims))


# --- products of arrays --------------------------------------------------------------------------


def dot(a: Any, b: Any, out: Any = None) -> Any:
    """np.dot: the last axis of a and the last but one of b."""
    n, m = np.ndim(a), np.ndim(b)
    if not n or not m:
        return row("mul", a, b)
    if m <= 2:
        return matmul(a, b) if n <= 2 else tensordot(a, b, (n - 1, 0))
    return tensordot(a, b, (n - 1, m - 2))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """np.tensordot."""
    n, m = np.ndim(a), np.ndim(b)
    if isinstance(axes, int):
        axes = (range(n - axes, n), range(axes))
    ours, theirs = ([k] if isinstance(k, int) else list(k) for k in axes)
    left, right = list(LETTERS[:n]), list(LETTERS[n : n + m])
    for i, j in zip(ours, theirs, strict=True):
        right[j % m] = left[i % n]
    out = [s for k, s in enumerate(left) if k not in [i % n for i in ours]]
    out += [s for k, s in enumerate(right) if k not in [j % m for j in theirs]]
    return contract(f"{''.join(left)},{''.join(right)}->{''.join(out)}", a, b)


def inner(a: Any, b: Any) -> Any:
    """np.inner: the last axes."""
    return tensordot(a, b, (np.ndim(a) - 1, np.ndim(b) - 1)) if np.ndim(a) else row("mul", a, b)


def einsum(spec: Any, *operands: Any, **_: Any) -> Any:
    """np.einsum, in which no operand has a letter twice."""
    letters, arrow, out = spec.replace(" ", "").partition("->")
    parts = letters.split(",")
    free = [c for c in LETTERS if c not in spec]
    most = max(np.ndim(x) - len(p.replace("...", "")) for p, x in zip(parts, operands, strict=True))
    dots = "".join(free[:most])
    plainly = []
    for part, x in zip(parts, operands, strict=True):
        n = np.ndim(x) - len(part.replace("...", ""))
        plainly.append(part.replace("...", dots[most - n :] if n else ""))
    if not arrow:
        every = "".join(plainly)
        out = "..." * ("..." in letters) + "".join(sorted(c for c in set(letters) - set(",.")
                                                          if every.count(c) == 1))  # fmt: skip
    out = out.replace("...", dots)
    return contract(f"{','.join(plainly)}->{out}", *operands)


def trace(x: Any, *args: Any, **named: Any) -> Any:
    """np.trace."""
    return total(np.diagonal(x, *args, **named), -1)


def kron(a: Any, b: Any) -> Any:
    """np.kron of two matrices."""
    (m, n), (p, q) = np.shape(a), np.shape(b)
    return np.transpose(outer(a, b), (0, 2, 1, 3)).reshape(m * p, n * q)


def clip(x: Any, low: Any = None, high: Any = None, **named: Any) -> Any:
    """np.clip."""
    low, high = named.get("min", low), named.get("max", high)
    x = x if low is None else row("maximum", x, low)
    return x if high is None else row("minimum", x, high)


def difference(x: Any, n: int = 1, axis: int = -1, **_: Any) -> Any:
    """np.diff."""
    moved = np.moveaxis(x, axis, 0)
    for _ in range(n):
        moved = row("sub", moved[1:], moved[:-1])
    return np.moveaxis(moved, 0, axis)


def convolve(a: Any, v: Any, mode: str = "full", flipped: bool = True) -> Any:
    """np.convolve and np.correlate of two vectors."""
    n, m = np.shape(a)[0], np.shape(v)[0]
    margin = {"full": (m - 1, m - 1), "same": ((m - 1) // 2 + (m % 2 == 0), (m - 1) // 2),
              "valid": (0, 0)}[mode]  # fmt: skip
    padded = joined("pad", [a], lambda x: np.pad(x[0], margin))
    windows = padded.arranged(lambda x: np.lib.stride_tricks.sliding_window_view(x, m), "windows")
    return matmul(windows, np.flip(v) if flipped else v)


def copyto(target: Any, source: Any, casting: Any = "same_kind", where: Any = True) -> None:
    """np.copyto."""
    target[... if where is True else plain(where)] = source


def _named(names: Sequence[str], make: Callable[[Any], Callable[..., Any]]) -> dict[Any, Any]:
    found = [getattr(np, name) for name in names if hasattr(np, name)]
    return {function: make(function) for function in found}


FUNCTIONS.update(_named(MOVING, moving))
FUNCTIONS.update(_named("split array_split hsplit vsplit dsplit unstack".split(), split))
FUNCTIONS.update(
    _named("concatenate stack hstack vstack dstack column_stack block".split(), joining)
)
FUNCTIONS[np.lib.stride_tricks.sliding_window_view] = moving(
    np.lib.stride_tricks.sliding_window_view
)
FUNCTIONS.update({
    np.pad: pad, np.atleast_1d: at_least(1), np.atleast_2d: at_least(2),
    np.atleast_3d: at_least(3), np.where: where, np.select: select,
    np.append: lambda x, y, axis=None: joined("concatenation", [x, y],
                                              lambda a: np.append(*a, axis=axis)),
    np.sum: total, np.mean: mean, np.var: variance, np.std: deviation, np.prod: product,
    np.max: extreme(np.argmax, "max"), np.min: extreme(np.argmin, "min"),
    np.cumsum: running, np.average: average, np.linalg.norm: norm, np.dot: dot,
    np.tensordot: tensordot, np.inner: inner, np.outer: lambda a, b, out=None:
        outer(np.ravel(a), np.ravel(b)),
    np.vdot: lambda a, b: dot(np.ravel(a), np.ravel(b)), np.einsum: einsum, np.trace: trace,
    np.kron: kron, np.clip: clip, np.diff: difference, np.convolve: convolve,
    np.correlate: lambda a, v, mode="valid": convolve(a, v, mode, False),
    np.copyto: copyto, np.copy: lambda x, **_: x.copy(),
    np.nan_to_num: lambda x, *_, **named: where(np.isfinite(plain(x)), x, 0.0),
    np.sort: lambda x, axis=-1, **_: np.take_along_axis(x, np.argsort(plain(x), axis), axis),
})  # fmt: skip
FUNCTIONS[np.amax], FUNCTIONS[np.amin] = FUNCTIONS[np.max], FUNCTIONS[np.min]

# --- the methods of an array ---------------------------------------------------------------------


def _method(name: str) -> Callable[..., Any]:
    return lambda self, *args, **named: getattr(np, name)(self, *args, **named)


def _shaped(name: str) -> Callable[..., Any]:
    """reshape and transpose, which take their lengths one by one as well."""

    def method(self: Recorded, *args: Any, **named: Any) -> Any:
        return self.arranged(lambda x: getattr(x, name)(*args, **named), name)

    return method


for _name in "sum mean var std prod max min cumsum clip dot trace argmax argmin".split():
    setattr(Recorded, _name, _method(_name))
for _name in "reshape transpose swapaxes squeeze ravel flatten repeat take diagonal".split():
    setattr(Recorded, _name, _shaped(_name))
Recorded.__iter__ = lambda self: (self[k] for k in range(len(self)))  # type: ignore[method-assign]
