"""The table of functions: derivatives that are right, and every slip in them caught and named."""

import numpy as np
import pytest

from autograd import check_gradients
from autograd.check.catalogue.functions import FUNCTIONS, recognised

ANY = np.array([[-3.4, -2.7, -1.1, -0.3, 0.2], [0.45, 0.9, 1.6, 2.8, 6.7]])
POSITIVE = {"log": np.abs(ANY), "√x": np.abs(ANY)}
PARAMETERS = {
    "leaky relu": (0.01, 0.3),
    "elu": (1.0, 0.7),
    "celu": (0.6, 1.3),
    "swish": (1.0, 1.702),
    "softplus": (1.0, 2.5),
}
SIMPLER = {"product-rule-forgotten", "first-factor-forgotten"}  # known mistakes of an operation
ROWS = [(f, a) for f in FUNCTIONS for a in PARAMETERS.get(f.name, (f.usual,))]
LABELS = [f"{f.name} {a:g}" if f.parameter else f.name for f, a in ROWS]
EVERY = pytest.mark.parametrize(("f", "a"), ROWS, ids=LABELS)


def points(f):
    return POSITIVE.get(f.name, ANY)


def findings(f, a, wrong, x=None):
    """What is said of dY·wrong(x, y), where the forward is a function of the table."""
    report = check_gradients(
        lambda x: f.f(x, a), {"x": points(f) if x is None else x},
        lambda u, x: u * wrong(x, f.f(x, a)),
    )  # fmt: skip
    return report.verdict, report.findings


@EVERY
def test_a_derivative_is_the_slope_of_its_function(f, a):
    x, h = points(f), 1e-6
    slope = (f.f(x + h, a) - f.f(x - h, a)) / (2 * h)
    assert np.allclose(f.slope(x, f.f(x, a), a), slope, rtol=1e-7, atol=1e-8)
    assert findings(f, a, lambda x, y: f.slope(x, y, a)) == ("right", [])


@EVERY
def test_a_function_is_found_from_its_values_with_its_parameter(f, a):
    x = points(f)
    first, value = next(recognised(x, f.f(x, a), 1e-9))
    assert first.name == f.name
    assert value == pytest.approx(a, rel=1e-9)


@EVERY
def test_every_slip_in_a_derivative_is_told_or_a_simpler_one_that_is_the_same(f, a):
    x = points(f)
    for line, slip in f.slips:
        if np.allclose(slip(x, f.f(x, a), a), f.slope(x, f.f(x, a), a)):
            assert a == 1, line
            continue
        verdict, (finding,) = findings(f, a, lambda x, y, slip=slip: slip(x, y, a))
        assert verdict == "wrong"
        assert {"slip in f′", *SIMPLER} & {*finding.name.split(" | ")}, (line, finding)


@pytest.mark.parametrize(
    ("name", "a", "wrong", "words"),
    [
        ("tanh", 1.0, lambda x, y: 1 / np.cosh(x), "dY · √f′(x)"),
        ("sin", 1.0, lambda x, y: -(np.cos(x) ** 2), "−dY · f′(x)²"),
        ("softsign", 1.0, lambda x, y: 1 / (1 + np.abs(x)), "dY · (1/(1 + |x|))"),
        ("celu", 1.3, lambda x, y: np.where(x > 0, 1, np.exp(x)), "with α = 1, not 1.3"),
        ("swish", 1.702, lambda x, y: 1 / (1 + np.exp(-x)) * (1 - 1 / (1 + np.exp(-x))),
         "f′(x) of sigmoid, where f′ is y·(1 − y)"),
        ("mish", 1.0, lambda x, y: 1 - x * x, "dY · (1 − x²), as of tanh"),
        ("gelu with tanh", 1.0, lambda x, y: FUNCTIONS[7].slope(x, y, 1.0), "f′(x) of gelu, where"),
        ("gelu", 1.0, lambda x, y: FUNCTIONS[8].slope(x, y, 1.0), "f′(x) of gelu with tanh"),
        ("selu", 1.0, lambda x, y: np.where(x > 0, 1, np.exp(x)), "f′(x) of elu"),
        ("leaky relu", 0.3, lambda x, y: x > 0, "f′(x) of relu, where f′ is [x > 0]"),
        ("relu", 1.0, lambda x, y: -1.0 * (x < 0), "dY · (−[x < 0])"),
        ("log sigmoid", 1.0, lambda x, y: y, "f(x) where f′(x) belongs"),
        ("hard swish", 1.0, lambda x, y: np.clip(x / 6 + 0.5, 0, 1), "(clip(x + 3, 0, 6)/6)"),
        ("x²", 1.0, lambda x, y: 1 + 0 * x, "without f′(x)"),
    ],
)  # fmt: skip
def test_what_stands_for_a_derivative_is_told_as_algebra(name, a, wrong, words):
    f = next(f for f in FUNCTIONS if f.name == name)
    verdict, (finding,) = findings(f, a, wrong)
    assert verdict == "wrong"
    assert words in finding.what
    assert f"this is {name}" in finding.evidence


def test_a_derivative_that_is_no_formula_of_the_table_gets_no_name():
    rng = np.random.default_rng(0)
    noise = rng.uniform(0.5, 1.5, ANY.shape)
    verdict, found = findings(FUNCTIONS[2], 1.0, lambda x, y: (1 - y * y) * noise)
    assert (verdict, found) == ("wrong", [])
