"""Points for the rows of the table, awkward ones and random ones: for all that spells them."""

import itertools
from math import inf, nan

import numpy as np

from autograd import PRIMITIVES

SEQUENCES = {"sum": 1, "dot": 2, "max": 1, "min": 1}  # of three entries each
GATHER = PRIMITIVES["gather"]  # of two entries and an index
BINARY = (
    *("add", "sub", "mul", "div", "pow", "leaky_relu"),
    *("maximum", "minimum", "greater", "at_least", "equal"),
)
AWKWARD = [
    *(nan, inf, 0.0, 5e-324, 1e-310, 2.2250738585072014e-308, 1e-300, 1e-17, 1e-8, 1e-5, 0.3),
    *(0.5, 1 - 1e-16, 1.0, 1 + 1e-15, 1.5, 2.0, 3.0, 5.9, 6.0, 18.0, 37.0, 40.0, 308.0, 700.0),
    *(709.78, 709.79, 745.1, 746.0, 4e5, 1e15, 2.0**53, 1e22, 1e200, 1e300, 1.7976931348623157e308),
]
AWKWARD += [-x for x in AWKWARD[1:]]
FEW = [nan, inf, -inf, 0.0, -0.0, 5e-324, 1.0, -1.0, 2.5, -1e300]


def arity(op):
    if op.name in SEQUENCES and PRIMITIVES[op.name] is op:
        return 3 * SEQUENCES[op.name]
    return 3 if op.name == "where" or op is GATHER else 2 if op.name in BINARY else 1


def random_points(n, arity):
    """Normal numbers, whole ones, and those of all sizes."""
    rng = np.random.default_rng(7)
    shape = n, arity
    signs = rng.choice([-1.0, 1.0], shape)
    kinds = [
        rng.normal(0, 2, shape),
        rng.integers(-4, 5, shape).astype(float),
        signs * 10.0 ** rng.uniform(-8, 8, shape),
        signs * 10.0 ** rng.uniform(-320, 308, shape),
    ]
    return np.choose(rng.choice(4, shape, p=[0.5, 0.1, 0.2, 0.2]), kinds)


def points(op, n=10_000):
    """Awkward points in all combinations, and random ones."""
    k = arity(op)
    some = AWKWARD if k <= 2 else FEW if k == 3 else FEW[:5:2] + FEW[6:8]
    return np.vstack([list(itertools.product(some, repeat=k)), random_points(n, k)])
