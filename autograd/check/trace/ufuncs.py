"""NumPy's (and SciPy's) universal functions, in rows of the table of primitives."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .nodes import Contraction, Elementwise, Gather, Node, Scatter
from .recorded import UFUNCS, Recorded, node_of, plain, recording_of

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def spread(x: Any, shape: tuple[int, ...], recording: Any) -> Node:
    """An operand at a shape: its node, or one that repeats its entries."""
    node = node_of(x)
    if node.value.shape == shape:
        return node
    places = np.broadcast_to(np.arange(node.value.size).reshape(node.value.shape), shape)
    return recording.add(Gather("broadcast", np.zeros(shape, np.intp), np.array(places)), node)


def row(name: str, *operands: Any) -> Recorded:
    """A row of the table on operands that are brought to one shape."""
    recording = recording_of(operands)
    shape = np.broadcast_shapes(*(np.shape(x) for x in operands))
    nodes = [spread(x, shape, recording) for x in operands]
    return Recorded.of(recording.add(Elementwise(name), *nodes), recording)


def contract(spec: str, *operands: Any) -> Recorded:
    """Σ of products, as `einsum` writes it with plain letters."""
    recording = recording_of(operands)
    letters, _, out = spec.partition("->")
    operation = Contraction("product", tuple(letters.split(",")), out)
    return Recorded.of(recording.add(operation, *map(node_of, operands)), recording)


def matmul(a: Any, b: Any) -> Any:
    """a @ b, with leading axes that are broadcast."""
    n, m = np.ndim(a), np.ndim(b)
    many = max(n - 2, m - 2, 0)
    shape = np.broadcast_shapes(np.shape(a)[: max(n - 2, 0)], np.shape(b)[: max(m - 2, 0)])
    lead = LETTERS[:many]
    rows, inner, columns = LETTERS[many : many + 3]
    a, b = (_batched(x, shape) for x in (a, b))
    a_lead, b_lead = (lead if np.ndim(x) > 2 else "" for x in (a, b))
    left = a_lead + (rows if n > 1 else "") + inner
    right = b_lead + inner + (columns if m > 1 else "")
    return contract(
        f"{left},{right}->{lead}{rows if n > 1 else ''}{columns if m > 1 else ''}", a, b
    )


def _batched(x: Any, shape: tuple[int, ...]) -> Any:
    """A stack of matrices at the common leading shape; a single matrix as it is."""
    if np.ndim(x) <= 2 or np.shape(x)[:-2] == shape:
        return x
    return np.broadcast_to(x, (*shape, *np.shape(x)[-2:]))


def _add_at(target: Any, key: Any, value: Any) -> None:
    """np.add.at: repeated places add up."""
    recording = recording_of((target, key, value))
    if not isinstance(target, Recorded):
        recording.lost.append("np.add.at on a plain array")
        np.add.at(target, plain(key), plain(value))
        return
    at = np.asarray(target.places[plain(key)])
    node = spread(value, at.shape, recording)
    whole = target.buffer.node
    added = recording.add(Scatter("sum at addresses", at, whole.value.shape), node)
    np.add.at(target.plain, plain(key), node.value)
    target.buffer.write(recording.add(Elementwise("add"), whole, added))


def _positive(x: Any) -> Any:
    return x.copy() if isinstance(x, Recorded) else x


def _log_add_exp(a: Any, b: Any) -> Any:
    return np.add(a, row("softplus", np.subtract(b, a)))


def outer(a: Any, b: Any) -> Any:
    n, m = np.ndim(a), np.ndim(b)
    left, right = LETTERS[:n], LETTERS[n : n + m]
    return contract(f"{left},{right}->{left}{right}", a, b)


def _rows() -> dict[str, Callable[..., Any]]:
    """Universal functions that are rows, or made of some."""
    names = "tanh exp log sqrt sin cos erf maximum minimum"
    same = {n: (lambda *x, _n=n, **_: row(_n, *x)) for n in names.split()}
    other = {"add": "add", "subtract": "sub", "multiply": "mul", "divide": "div", "power": "pow",
             "true_divide": "div", "negative": "neg", "absolute": "abs", "fabs": "abs",
             "float_power": "pow", "expit": "sigmoid", "fmax": "maximum", "fmin": "minimum"}  # fmt: skip
    same |= {n: (lambda *x, _r=r, **_: row(_r, *x)) for n, r in other.items()}
    return same | {
        "square": lambda x, **_: row("mul", x, x),
        "reciprocal": lambda x, **_: row("div", 1.0, x),
        "log1p": lambda x, **_: row("log", row("add", x, 1.0)),
        "expm1": lambda x, **_: row("sub", row("exp", x), 1.0),
        "exp2": lambda x, **_: row("exp", row("mul", x, np.log(2.0))),
        "log2": lambda x, **_: row("div", row("log", x), np.log(2.0)),
        "log10": lambda x, **_: row("div", row("log", x), np.log(10.0)),
        "cbrt": lambda x, **_: row("mul", np.sign(plain(x)), row("pow", row("abs", x), 1 / 3)),
        "tan": lambda x, **_: row("div", row("sin", x), row("cos", x)),
        "sinh": lambda x, **_: row("div", row("sub", row("exp", x), row("exp", row("neg", x))), 2.0),
        "cosh": lambda x, **_: row("div", row("add", row("exp", x), row("exp", row("neg", x))), 2.0),
        "logaddexp": lambda a, b, **_: _log_add_exp(a, b),
        "log_expit": lambda x, **_: row("neg", row("softplus", row("neg", x))),
        "positive": lambda x, **_: _positive(x),
        "conjugate": lambda x, **_: _positive(x),
        "hypot": lambda a, b, **_: row("sqrt", row("add", row("mul", a, a), row("mul", b, b))),
        "matmul": lambda a, b, **_: matmul(a, b),
    }  # fmt: skip


UFUNCS.update({(name, "__call__"): rule for name, rule in _rows().items()})
UFUNCS[("add", "at")] = _add_at
UFUNCS[("multiply", "outer")] = lambda a, b, **_: outer(a, b)
UFUNCS[("add", "reduce")] = lambda x, **named: np.sum(x, **named)
UFUNCS[("add", "accumulate")] = lambda x, **named: np.cumsum(x, **named)
UFUNCS[("multiply", "reduce")] = lambda x, **named: np.prod(x, **named)
UFUNCS[("maximum", "reduce")] = lambda x, **named: np.max(x, **named)
UFUNCS[("minimum", "reduce")] = lambda x, **named: np.min(x, **named)
