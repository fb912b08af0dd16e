"""The table as a textbook has it: the words of every row, and that what they say is true."""

import math
import random
import re

import pytest

import autograd
from autograd import PRIMITIVES, Primitive
from autograd.dialects.mathematics import Equations, equations
from autograd.numbers import piecewise as k

SAID = {
    "add": ("a + b", {"a": "1", "b": "1"}),
    "sub": ("a − b", {"a": "1", "b": "−1"}),
    "mul": ("a·b", {"a": "b", "b": "a"}),
    "div": ("a / b", {"a": "1 / b", "b": "−y / b"}),
    "pow": ("xⁿ", {"x": "n·xⁿ⁻¹", "n": "y·log(x)"}),
    "neg": ("−x", {"x": "−1"}),
    "abs": ("|x|", {"x": "1 if x > 0, −1 if x < 0, else 0"}),
    "floor": ("⌊x⌋", {"x": "0"}),
    "ceil": ("⌈x⌉", {"x": "0"}),
    "round": ("round(x)", {"x": "0"}),
    "exp": ("exp(x)", {"x": "y"}),
    "log": ("log(x)", {"x": "1 / x"}),
    "sqrt": ("√x", {"x": "1 / (2·y)"}),
    "sin": ("sin(x)", {"x": "cos(x)"}),
    "cos": ("cos(x)", {"x": "−sin(x)"}),
    "tanh": ("tanh(x)", {"x": "1 − y²"}),
    "sigmoid": ("σ(x)", {"x": "y·(1 − y)"}),
    "softplus": ("softplus(x)", {"x": "σ(x)"}),
    "erf": ("erf(x)", {"x": "2/√π · exp(−x²)"}),
    "relu": ("max(x, 0)", {"x": "1 if x > 0, else 0"}),
    "leaky_relu": (
        "x if x > 0, else a·x",
        {"x": "1 if x > 0, else a", "a": "0 if x > 0, else x"},
    ),
    "maximum": ("max(a, b)", {"a": "1 if a ≥ b, else 0", "b": "1 if b > a, else 0"}),
    "minimum": ("min(a, b)", {"a": "1 if a ≤ b, else 0", "b": "1 if b < a, else 0"}),
    "where": (
        "a if c ≠ 0, else b",
        {"c": "0", "a": "1 if c ≠ 0, else 0", "b": "1 if c = 0, else 0"},
    ),
    "greater": ("1 if a > b, else 0", {"a": "0", "b": "0"}),
    "at_least": ("1 if a ≥ b, else 0", {"a": "0", "b": "0"}),
    "equal": ("1 if a = b, else 0", {"a": "0", "b": "0"}),
    "stop": ("x", {"x": "0"}),
    "sum": ("Σₖ xₖ", {"xₖ": "1"}),
    "dot": ("Σₖ aₖ·bₖ", {"aₖ": "bₖ", "bₖ": "aₖ"}),
    "max": ("maxₖ xₖ", {"xₖ": "1 for the first largest entry, else 0"}),
    "min": ("minₖ xₖ", {"xₖ": "1 for the first smallest entry, else 0"}),
    "gather": ("x[i]", {"xₖ": "1 for k = i, else 0", "i": "0"}),
}
SEQUENCES = ("sum", "dot", "max", "min")


def by_operand(said):
    return dict(zip(said.operands, said.partials, strict=True))


def test_every_row_is_said_as_in_a_textbook():
    said = {name: equations(op) for name, op in PRIMITIVES.items()}
    assert {name: (e.forward, by_operand(e)) for name, e in said.items()} == SAID


# --- what is said is true: the text is read as a formula again ------------------------------------

RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿˣ", "0123456789+-()nx", strict=True))
SIGNS = {
    "−": "-",
    "·": "*",
    "^": "**",
    "≥": ">=",
    "≤": "<=",
    "≠": "!=",
    "σ": "sigmoid",
    " = ": " == ",
}
NAMES = {
    **{name: getattr(autograd, name) for name in ("exp", "log", "sin", "cos", "tanh", "erf")},
    **{name: getattr(autograd, name) for name in ("sigmoid", "softplus", "sqrt")},
    **{
        "floor": math.floor,
        "ceil": math.ceil,
        "round": round,
        "abs": abs,
        "max": max,
        "min": min,
        "π": math.pi,
    },
}


def value(text, **numbers):
    """What a text is for numbers of its letters: it is translated into Python."""
    text = re.sub(f"[{''.join(RAISED)}]+", lambda m: f"**({''.join(map(RAISED.get, m[0]))})", text)
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    text = re.sub(r"⌊([^⌋]*)⌋", r"floor(\1)", re.sub(r"⌈([^⌉]*)⌉", r"ceil(\1)", text))
    text = re.sub(r"√(\w+)", r"sqrt(\1)", text).replace("√", "sqrt")
    for sign, python in SIGNS.items():
        text = text.replace(sign, python)
    text = text.replace(", else", " else")
    text = re.sub(r", (?=[^,]* if )", " else ", text)
    return float(eval(text, dict(NAMES), numbers))


def test_the_reader_of_these_tests_reads_what_is_written():
    assert value("2/√π · exp(−x²)", x=0.0) == 2 / math.pi**0.5
    assert value("1 if x > 0, −1 if x < 0, else 0", x=-3.0) == -1
    assert value("n·xⁿ⁻¹", n=3.0, x=2.0) == 12
    assert value("(a − b)² / −|b|", a=1.0, b=-2.0) == -4.5


def assert_true(op, numbers):
    """The equations of an operation agree with what eager mode gives at a point."""
    said = equations(op)
    named = dict(zip(said.operands, numbers, strict=True))
    y = op.forward(*numbers)
    assert value(said.forward, **named) == pytest.approx(y, rel=1e-12)
    for text, p in zip(said.partials, op.partials(y, *numbers), strict=True):
        assert value(text, y=y, **named) == pytest.approx(float(p), rel=1e-12), text


@pytest.mark.parametrize(
    "name", [name for name in PRIMITIVES if name not in (*SEQUENCES, "gather")]
)
def test_what_is_said_is_true(name):
    rng = random.Random(3)
    op = PRIMITIVES[name]
    count = len(equations(op).operands)
    positive = name in ("pow", "log", "sqrt")
    points = [[rng.uniform(-3, 3) for _ in range(count)] for _ in range(200)]
    points += [[x] * count for x in (-1.0, 0.5, 1.0, 2.0)]  # ties
    points += [[0.0, 1.0, 2.0]] * (name == "where")
    points += [[0.0] * count] * (name in ("abs", "relu", "leaky_relu", "maximum", "minimum"))
    for point in points:
        assert_true(op, [abs(x) if positive else x for x in point])


@pytest.mark.parametrize("name", SEQUENCES)
def test_what_is_said_of_an_entry_is_true_of_all(name):
    said, rows = equations(PRIMITIVES[name]), [(1.0, 3.0, -2.0, 3.0), (2.0, 0.5, 4.0, -2.0)]
    rows = rows[: len(said.operands)]
    y = PRIMITIVES[name].forward(*rows)
    for text, partials in zip(said.partials, PRIMITIVES[name].partials(y, *rows), strict=True):
        if "first" in text:
            k = rows[0].index(y)
            assert (partials[k], sum(partials)) == (True, 1)
            assert y == (max if "largest" in text else min)(rows[0])
        else:
            letters = [x.removesuffix("ₖ") for x in said.operands]
            entries = [dict(zip(letters, x, strict=True)) for x in zip(*rows, strict=True)]
            found = [value(text.replace("ₖ", ""), **entry) for entry in entries]
            assert found == list(map(float, partials))


# --- rows of one's own ----------------------------------------------------------------------------

sigmoid, erf, exp = autograd.sigmoid, autograd.erf, autograd.exp
OWN = [
    (
        lambda x: x * sigmoid(x),
        lambda y, x: (y + sigmoid(x) * (1 - y),),
        "x·σ(x)",
        "y + σ(x)·(1 − y)",
    ),
    (
        lambda x: 0.5 * x * (1 + erf(x / 2**0.5)),
        lambda y, x: (0.5 * (1 + erf(x / 2**0.5)) + x * exp(-x * x / 2) / (2 * math.pi) ** 0.5,),
        "0.5·x·(1 + erf(x / √2))",
        "0.5·(1 + erf(x / √2)) + x·exp(−x² / 2) / √(2·π)",
    ),
    (lambda x: x * x * x, lambda y, x: (3 * x * x,), "x³", "3·x²"),
    (
        lambda x: (x > 1) * (x - 1),
        lambda y, x: (x > 1,),
        "(1 if x > 1, else 0)·(x − 1)",
        "1 if x > 1, else 0",
    ),
    (lambda x: (-x) ** 2.5, lambda y, x: (2.5 * y / x,), "(−x)^2.5", "2.5·y / x"),
    (lambda x: 1 - -x, lambda y, x: (1.0,), "1 + x", "1"),
    (lambda x: -x * -3 - (-x), lambda y, x: (2 + 2,), "3·x + x", "4"),
    (lambda x: (x + 1) * (x - (2 - x)), lambda y, x: (4 * x,), "(x + 1)·(x − (2 − x))", "4·x"),
    (lambda x: x / (x * 2) / (1 / x), lambda y, x: (0.5,), "x / (2·x) / (1 / x)", "0.5"),
    (lambda x: x**3**0.5 + 0, lambda y, x: (3**0.5 * y / x,), "x^1.732", "1.732·y / x"),
    (lambda x: sum([x, x * 2]), lambda y, x: (3,), "x + 2·x", "3"),
    (lambda x: -1 / x + 1 / -x, lambda y, x: (2 / x**2,), "−(1 / x + 1 / x)", "2 / x²"),
]


@pytest.mark.parametrize(("forward", "partials", "y", "slope"), OWN)
def test_rows_of_ones_own_are_said_in_the_same_words(forward, partials, y, slope):
    op = Primitive("mine", "m", forward, partials)
    assert equations(op) == Equations(["x"], y, [slope])
    if "1.732" not in y:  # which is rounded
        for x in (-2.5, -1.0, -0.75):
            assert_true(op, [x])


@pytest.mark.parametrize(
    ("slope", "text"),
    [
        (lambda a, b: k.slope(k.negate(k.equals(a, b))), "0 if a = b, else 1"),
        (lambda a, b: k.slope(k.negate(a >= b)), "1 if a < b, else 0"),
        (lambda a, b: k.select(k.greater(a, b), b, 0), "b if a > b, else 0"),
        (
            lambda a, b: k.select(a > b, 1.0, k.select(b > 1, a, 0.5)),
            "1 if a > b, a if b > 1, else 0.5",
        ),
        (lambda a, b: k.select(a > b, b, b) * 1, "b"),
        (lambda a, b: (a > 1) * b, "(1 if a > 1, else 0)·b"),
        (lambda a, b: (a > b) - (b > a), "1 if a > b, −1 if a < b, else 0"),
        (lambda a, b: (1 * a - 0) / 1 - (0 - b), "a + b"),
        (lambda a, b: 0 + a / (-b) + b**1, "b − a / b"),
        (lambda a, b: a * b * b * -b, "−a·b³"),
        (lambda a, b: b * (a * b), "b·a·b"),
        (lambda a, b: a / (b / a) * (b - a), "a / (b / a) · (b − a)"),
        (lambda a, b: (a + b) ** (a - 1), "(a + b)ᵃ⁻¹"),
        (lambda a, b: 2**-b * math.inf, "∞·2⁻ᵇ"),
        (lambda a, b: autograd.sqrt(a * b) ** 2 + abs(-a), "(√(a·b))² + |−a|"),
        (lambda a, b: math.pi / 2**0.5 * a, "2.221·a"),
        (lambda a, b: math.pi / (1e-9 * a), "π / (1e-09·a)"),
    ],
)
def test_a_formula_is_as_short_as_a_textbook_has_it(slope, text):
    op = Primitive("mine", "m", lambda a, b: a, lambda y, a, b: (slope(a, b), 1))
    assert equations(op).partials[0] == text


def test_what_asks_for_a_result_asks_for_the_operand_where_that_is_the_same():
    clipped = k.relu, lambda y, x: (k.select(y > 0, x, y > 1),)
    assert equations(Primitive("mine", "m", *clipped)).partials == [
        "x if x > 0, 1 if y > 1, else 0"
    ]
    square = Primitive("mine", "m", lambda x: x * x, lambda y, x: (y > 0,))
    assert equations(square).partials == ["1 if y > 0, else 0"]


def test_operands_are_called_as_in_the_row_or_by_the_first_letters():
    named = Primitive("mine", "m", lambda p, q: p * q, lambda y, p, q: (q, p))
    assert equations(named) == Equations(["p", "q"], "p·q", ["q", "p"])
    long = Primitive("mine", "m", lambda left, right: left - right, lambda *_: (1, -1))
    assert equations(long) == Equations(["a", "b"], "a − b", ["1", "−1"])


def test_what_nobody_would_read_or_what_has_no_words_is_not_said():
    def long(x):
        for _ in range(60):
            x = x * x + 1
        return x

    assert equations(Primitive("mine", "m", long, lambda y, x: (1,))) is None
    assert equations(Primitive("mine", "m", math.gamma, lambda y, x: (1,))) is None
    assert equations(Primitive("mine", "m", lambda *x: sum(x), lambda *_: (1,))) is None


def test_the_words_are_those_of_the_table(monkeypatch):
    tanh = PRIMITIVES["tanh"]
    other = Primitive("tanh", "tanh", tanh.forward, lambda y, x: (3 * y * y,))
    monkeypatch.setitem(PRIMITIVES, "tanh", other)
    assert equations(other).partials == ["3·y²"]
