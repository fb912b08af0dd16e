"""The table in JAX, compiled by XLA: the numbers of eager mode, in double precision.

On a CPU, XLA takes denormals for 0 (of most operations: 1e-310 * 1e300 is 0, its logarithm -inf),
and gives 0 where one would be the result. So they are no points here, and as results they are 0.
"""

from math import inf, nan

import numpy as np
import pytest
from points_of_rows import arity, points

import autograd
from autograd import PRIMITIVES, Primitive, apply
from autograd.dialects.expressions import InexpressibleError
from autograd.dialects.formulas import row
from autograd.dialects.jax import number, spelled, words
from autograd.numbers.kinds import UNKNOWN
from autograd.primitives import SEQUENCES
from autograd.scopes import tracing
from autograd.value import unknown

jax = pytest.importorskip("jax", reason='needs pip install "glassgrad[jax]"')

LEAST = 4.4501477170144028e-308  # below twice the smallest normal number, XLA may have 0
FUSED = {"tanh": 2.3e-16}  # 1 - y·y is rounded once
KNOWN = [-1.0, -0.0, 0.0, 0.5, 1.0, 2.0, 3.0, inf, nan]  # operands with their own words
FORMS = [
    *((op, (None,) * arity(op)) for op in PRIMITIVES.values() if op not in SEQUENCES),
    *((PRIMITIVES[name], (None, c)) for name in ("pow", "leaky_relu") for c in KNOWN),
    *((PRIMITIVES["where"], (None, *ab)) for ab in [(1.0, None), (None, 0.0), (0.0, 1.0)]),
    *((PRIMITIVES["where"], (c, None, None)) for c in (0.0, -0.0, 2.0, nan)),
]  # fmt: skip


def operands(op, constants):
    """The points of a row with these known operands, none denormal: an array (points, operands)."""
    found = points(op, 1000)
    for k, c in enumerate(constants):
        found[:, k] = found[:, k] if c is None else c
    y = np.array([op.forward(*point) for point in found.tolist()])
    return found[~denormal(np.column_stack([found, y])).any(1)]


def denormal(x):
    """What is taken for 0."""
    return (x != 0) & (np.abs(x) < LEAST)


def eager(op, x):
    """y and the partials at each point: (points, 1 + operands)."""
    rows = [(op.forward(*point), point) for point in x.tolist()]
    return np.array([[float(y), *map(float, op.partials(y, *point))] for y, point in rows])


def in_jax(ops, columns, results):
    """The same of rows (row, constants), all in one program."""

    def of(op, constants, x, y):
        formulas = row(op, constants)
        known = dict(zip(formulas.x, x, strict=True))
        with_y = {**known, formulas.y: y}
        made = [spelled(formulas.forward, known, y.dtype)]
        for p in formulas.of_x:
            is_formula = isinstance(p, autograd.Value)
            made.append(spelled(p, with_y, y.dtype) if is_formula else float(p))
        return [number(each, y.dtype) for each in made]

    with jax.enable_x64(True):
        run = jax.jit(lambda xs, ys: [of(*op, x, y) for op, x, y in zip(ops, xs, ys, strict=True)])
        found = run([list(x.T) for x in columns], results)
    return [
        np.stack(np.broadcast_arrays(*made, y)[:-1], 1).astype(float)
        for made, y in zip(found, results, strict=True)
    ]


def agree(found, expected, least):
    """Where numbers agree: nan with nan, and 0 with a 0 of the same sign."""
    with np.errstate(all="ignore"):
        least = np.maximum(least, LEAST * denormal(expected))
        close = np.abs(found - expected) <= 1e-12 * np.abs(expected) + least
    same = (found == expected) & (np.signbit(found) == np.signbit(expected))
    return close & (expected != 0) | same | np.isnan(found) & np.isnan(expected)


def disagreements(ops, columns):
    """Where JAX differs from eager mode, in words."""
    expected = [eager(op, x) for (op, _), x in zip(ops, columns, strict=True)]
    found = in_jax(ops, columns, [y[:, 0] for y in expected])
    wrong = []
    for (op, constants), x, here, there in zip(ops, columns, found, expected, strict=True):
        wrong += [
            f"{op.name}{constants} at {x[k]}: {here[k]}, eager {there[k]}"
            for k in np.flatnonzero(~agree(here, there, FUSED.get(op.name, 0)).all(1))
        ]
    return wrong


def test_every_row_gives_what_eager_mode_gives():
    wrong = disagreements(FORMS, [operands(*form) for form in FORMS])
    assert not wrong, f"{len(wrong)} points: " + "; ".join(wrong[:: max(1, len(wrong) // 12)])


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("relu", lambda x: (x > 0) * x),
        ("maximum", lambda a, b: jax.numpy.where(a > b, a, b)),
        ("round", lambda x: jax.numpy.floor(x + 0.5)),
        ("tanh", lambda x: jax.numpy.tanh(x) * (1 + 1e-11)),
        ("softplus", lambda x: jax.numpy.log(1 + jax.numpy.exp(x))),
        ("equal", lambda a, b: a == b),
    ],
)
def test_a_mistake_in_the_spelling_is_found(monkeypatch, row, wrong):
    monkeypatch.setitem(words(), row, wrong)
    op = PRIMITIVES[row], (None,) * arity(PRIMITIVES[row])
    assert disagreements([op], [operands(*op)])


def test_a_row_of_ones_own_is_unfolded_into_the_tables():
    sin, cos = autograd.sin, autograd.cos
    wave = Primitive("mine", "w", lambda x: x * sin(x), lambda y, x: (sin(x) + x * cos(x),))
    hinge = Primitive("mine", "h", lambda x: (x > 1) * (x - 1) - 0.5, lambda y, x: (x > 1,))
    double = Primitive("tanh", "2·", lambda x: x + x, lambda *_: (2,))
    ops = [(op, (None,)) for op in (wave, hinge, double)]
    assert not disagreements(ops, [operands(*op) for op in ops])


def test_a_row_that_is_made_of_itself_is_refused():
    loop = Primitive("loop", "∞", lambda x: x if x is UNKNOWN else apply(loop, x), lambda *_: (1,))
    x = unknown()
    with tracing([]), pytest.raises(InexpressibleError, match="JAX cannot say loop: it is made of"):
        spelled(apply(loop, x), {x: np.ones(3)}, np.dtype(float))
