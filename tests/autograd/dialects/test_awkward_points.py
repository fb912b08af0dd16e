"""Every row of the table at the points where numbers go wrong: nan, infinities, both zeros,
denormals, ties, and what overflows. A program gives what eager mode gives, to second order.
"""

import itertools
import math
import platform

import numpy as np
import pytest

import autograd
from autograd import PRIMITIVES, Tensor, Value, apply, grad, graph

pytestmark = pytest.mark.usefixtures("backend")

inf, nan = math.inf, math.nan
SEQUENCES = {"sum": 1, "dot": 2, "max": 1, "min": 1}  # of two numbers each
BINARY = (
    *("add", "sub", "mul", "div", "pow", "leaky_relu"),
    *("maximum", "minimum", "greater", "at_least", "equal"),
)
ONE = [
    *(nan, inf, -inf, 0.0, -0.0, 5e-324, -1e-310, 2.3e-308, 1e-8, -0.5, 0.5, 1.0, -1.0),
    *(2.0, -2.5, 3.0, 40.0, -40.0, 709.0, -700.0, 1e200, -1e200, 1.7e308),
]
TWO = [nan, inf, -inf, 0.0, -0.0, 5e-324, 1.0, -1.0, 2.0, -2.5, 1e200]
THREE = [nan, inf, 0.0, -0.0, -2.0]
EXACT_ZEROS = platform.machine().lower() in (
    "x86_64",
    "amd64",
)  # others have a maximum of their own


def columns(name):
    """The points of a row, operand by operand."""
    if name in BINARY:
        points = itertools.product(TWO, TWO)
    elif name in ("where", "gather"):
        points = itertools.product(THREE, THREE, THREE)
    elif name in SEQUENCES:
        points = itertools.product(*[THREE[: 5 - SEQUENCES[name]]] * 2 * SEQUENCES[name])
    else:
        points = [(x,) for x in ONE]
    return [Tensor(list(column)) for column in zip(*points, strict=True)]


def rows(name, xs):
    """A row at each of its points: a Tensor."""
    made = []
    if name == "gather":
        return Tensor(
            [apply(PRIMITIVES[name], graph.bundle(x[:2]), x[2]) for x in zip(*xs, strict=True)]
        )
    for x in zip(*xs, strict=True):
        pairs = [graph.bundle(x[k : k + 2]) for k in range(0, len(x), 2)]
        made.append(apply(PRIMITIVES[name], *(pairs if name in SEQUENCES else x)))
    return Tensor(made)


def assert_same(found, expected, points, what, rel=1e-12):
    """Numbers agree, nan with nan and 0 with 0, to what functions promise: results below the
    smallest normal number may be 0.
    """
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    with np.errstate(all="ignore"):
        close = np.abs(found - expected) <= rel * np.abs(expected) + 2.3e-308
    wrong = ~((found == expected) | np.isnan(found) & np.isnan(expected) | close)
    if what.startswith("value") and EXACT_ZEROS:
        wrong |= (expected == 0) & (np.signbit(found) != np.signbit(expected))
    at = np.flatnonzero(wrong)[:5]
    places = [tuple(x.data[k] for x in points) for k in at]
    assert not len(at), f"{what} at {places}: {found[at]}, eager {expected[at]}"


class Case:
    """A function of points of every row, run eagerly and compiled."""

    def __init__(self, upstream, derivatives, keep=lambda name, k: True):
        self.upstream, self.derivatives = upstream, derivatives
        self.points = {}
        for name in PRIMITIVES:
            kept = [x for k, x in enumerate(zip(*columns(name), strict=True)) if keep(name, k)]
            self.points[name] = [Tensor(list(column)) for column in zip(*kept, strict=True)]
        self.leaves = {name: [(-x).detach() for x in xs] for name, xs in self.points.items()}

    def __call__(self, one):
        """A loss that hands the upstream adjoint to each result, and the results by name."""
        results = {}
        for name, leaves in self.leaves.items():
            xs = [-x for x in leaves]  # a program computes them: they are no leaves
            y = rows(name, xs)
            results[name, "value"] = y
            if self.derivatives:
                first = grad((y * self.upstream).sum(), xs)
                results |= {(name, f"∂{k}"): d for k, d in enumerate(first)}
                for k, d in enumerate(first):
                    second = grad(d.sum(), xs)
                    results |= {(name, f"∂{k}∂{j}"): dd for j, dd in enumerate(second)}
        last = "∂0" if self.derivatives else "value"
        loss = [(results[name, last] * self.upstream).sum() for name in self.points]
        return sum(loss) * one, results

    def check(self):
        """Eager and compiled results agree, and the gradients of both."""
        parameters = [x for xs in self.leaves.values() for x in xs]
        program = autograd.compile(self, 1.0, parameters=parameters, dtype="float64")
        _, found = program.value_and_grad([1.0])
        _, compiled = program.outputs
        loss, results = self(Value(1.0))
        loss.backward()
        for (name, what), y in results.items():
            assert_same(compiled[name, what][0], y.data, self.points[name], f"{what} {name}")
        gradients = [x.grad for x in parameters]
        each = iter(zip(found, gradients, strict=True))
        for name, points in self.points.items():
            for k in range(len(points)):
                assert_same(*next(each), points, f"gradient {k} of {name}")


@pytest.mark.parametrize(("upstream", "derivatives"), [(inf, False), (-2.0, True)])
def test_a_program_gives_what_eager_mode_gives(upstream, derivatives):
    """Values and the gradient; the derivatives by `grad` in the function, of these too, and the
    gradient of a derivative.
    """
    Case(upstream, derivatives).check()


def test_a_program_gives_what_eager_mode_gives_where_nothing_is_nan():
    """One nan in a gradient sends all adjoints round once more, another way."""
    everywhere = Case(-2.0, False)
    loss, results = everywhere(Value(1.0))
    loss.backward()
    lost = {
        (name, k)
        for name, leaves in everywhere.leaves.items()
        for numbers in [results[name, "value"].data, *[x.grad for x in leaves]]
        for k, number in enumerate(numbers)
        if math.isnan(number)
    }
    case = Case(-2.0, False, lambda name, k: (name, k) not in lost)
    case.check()


def test_operands_that_are_known_are_no_exception():
    """Each in a scope of its own, so that a program spells it as a constant: 0 is not -0, and 1 is
    no truth.
    """
    known = list(itertools.product([0.0, -0.0, 1.0, -1.0, 0.5, inf], [False, True]))
    names = ["div", "pow", "leaky_relu", "maximum", "where"]
    leaves = {key: Tensor([-x for x in TWO]) for key in itertools.product(names, known)}

    def function(one):
        results = {}
        for (name, (c, left)), leaf in leaves.items():
            with autograd.scope(f"{name} {c} {left}"):
                others = [Value(c)] * (1 + (name == "where"))
                xs = [[*others, -x] if left else [-x, *others] for x in leaf]
                results[name, c, left] = rows(name, zip(*xs, strict=True))
        return sum((y * -2.0).sum() for y in results.values()) * one, results

    parameters = list(leaves.values())
    program = autograd.compile(function, 1.0, parameters=parameters, dtype="float64")
    _, found = program.value_and_grad([1.0])
    loss, results = function(Value(1.0))
    loss.backward()
    for (key, y), x, gradient in zip(results.items(), parameters, found, strict=True):
        points = [Tensor(TWO)]
        assert_same(program.outputs[1][key][0], y.data, points, f"value {key}")
        assert_same(gradient, x.grad, points, f"gradient {key}")
