"""Mathematics for people: each primitive as its equation, and its partials as a textbook has them.

Of tanh it says `y = tanh(x)` and `∂y/∂x = 1 − y²`. Rows run on unknown Values, so no derivative is
written here, and a row of one's own is said in the same words.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..primitives import SEQUENCES, Primitive
from ..scopes import tracing
from ..text import number
from ..value import Value
from .expressions import (
    ATOM,
    CHOICE,
    COMPARISON,
    POWER,
    PRODUCT,
    SIGN,
    SUM,
    Expression,
    InexpressibleError,
    Speller,
    Word,
    call,
    infix,
    saying,
)
from .formulas import named_row
from .textbook import textbook

WORDS = {
    "add": infix("+", SUM, SUM, SUM),
    "sub": infix("−", SUM, SUM, PRODUCT),
    "neg": Word("−{0}", SUM, (PRODUCT,)),
    "mul": Word("{0}·{1}", PRODUCT, (PRODUCT, SIGN)),
    "div": infix("/", PRODUCT, PRODUCT, SIGN),
    "pow": Word("{0}^{1}", POWER, (ATOM, ATOM)),
    "abs": Word("|{0}|", ATOM, (CHOICE,)),
    "floor": Word("⌊{0}⌋", ATOM, (CHOICE,)),
    "ceil": Word("⌈{0}⌉", ATOM, (CHOICE,)),
    "sqrt": Word("√{0}", POWER, (ATOM,)),
    "sigmoid": call("σ"),
    "relu": Word("max({0}, 0)", ATOM, (CHOICE,)),
    "maximum": call("max", 2),
    "minimum": call("min", 2),
    **{
        name: call(name)
        for name in ("round", "exp", "log", "sin", "cos", "tanh", "softplus", "erf")
    },
    "where": Word("{1} if {0}, else {2}", CHOICE, (COMPARISON, SUM, SUM)),
    "chain": Word("{1} if {0}, {2}", CHOICE, (COMPARISON, SUM, CHOICE)),
    "greater": infix(">", COMPARISON, SUM, SUM),
    "at_least": infix("≥", COMPARISON, SUM, SUM),
    "equal": infix("=", COMPARISON, SUM, SUM),
    "unequal": infix("≠", COMPARISON, SUM, SUM),
}
FLIPPED = {
    "greater": infix("<", COMPARISON, SUM, SUM),
    "at_least": infix("≤", COMPARISON, SUM, SUM),
}
LOOPS = {"sum": "Σₖ xₖ", "dot": "Σₖ aₖ·bₖ", "max": "maxₖ xₖ", "min": "minₖ xₖ", "gather": "x[i]"}
CHOSEN = {"max": ["1 for the first largest entry, else 0"]}
CHOSEN |= {"min": ["1 for the first smallest entry, else 0"]}
CHOSEN |= {"gather": ["1 for k = i, else 0", "0"]}
CONSTANTS = {
    math.inf: "∞",
    math.pi: "π",
    math.e: "e",
    2**0.5: "√2",
    0.5**0.5: "1/√2",
    2 / math.pi**0.5: "2/√π",
    (2 / math.pi) ** 0.5: "√(2/π)",
    (2 * math.pi) ** 0.5: "√(2·π)",
}
RAISED = dict(
    zip(
        "0123456789+−()abcdefghijklmnoprstuvwxyz",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ",
        strict=True,
    )
)
LONGEST = 200  # characters that anybody reads


class Equations(NamedTuple):
    """y = forward and ∂y/∂operand = partial for each operand: of mul, `a·b`, and `b` and `a`."""

    operands: list[str]
    forward: str
    partials: list[str]


def equations(op: Primitive) -> Equations | None:
    """The equations of a primitive; None for one of the user's own that has no short ones.

    Of an operand that is a sequence they speak of its entry k: of dot, `∂y/∂aₖ = bₖ`.
    """
    try:
        with saying(op, Mathematics.language):
            return _equations(op)
    except InexpressibleError:
        return None


def _equations(op: Primitive) -> Equations:
    x, of = named_row(op)
    if op in SEQUENCES:
        pairs = zip(x.items(), SEQUENCES[op], strict=True)
        names = {leaf: f"{name}ₖ" if several else name for (leaf, name), several in pairs}
        said = _Said(names, of.y, of.y)
        partials = CHOSEN.get(op.name) or said.partials(of.of_x)
        return Equations(list(said.names.values()), LOOPS[op.name], partials)
    with tracing([]):
        result = op.forward(*of.x)
    said = _Said(x, of.y, result if isinstance(result, Value) else Value(result))
    return Equations(list(x.values()), said(of.forward), said.partials(of.of_x))


class _Said:
    """Says formulas of named operands, and partials by one of them."""

    def __init__(self, names: dict[Value, str], y: Value, result: Value) -> None:
        self.names, self.y, self.result = names, y, result

    def __call__(self, p: Any, by: str = "") -> str:
        speller = Mathematics(by)
        formula = p if isinstance(p, Value) else Value(p)
        short = textbook(formula, speller.knows, self.y, self.result)
        known = {leaf: Expression(name) for leaf, name in (self.names | {self.y: "y"}).items()}
        return counted(speller.spell(short, known)).text

    def partials(self, of_x: Sequence[Any]) -> list[str]:
        """∂y/∂x for each operand."""
        return [self(p, by) for p, by in zip(of_x, self.names.values(), strict=True)]


def counted(x: Expression) -> Expression:
    """A truth as a number."""
    return Expression(f"1 if {x.text}, else 0", CHOICE) if x.truth else x


class Mathematics(Speller):
    """Spells formulas with the signs of mathematics, and choices in words.

    Comparisons begin with `subject`, and do not begin with a number.
    """

    language, words = "mathematics", WORDS

    def __init__(self, subject: str) -> None:
        super().__init__(lambda x: x)
        self.subject = subject

    def node(self, node: Value, known: dict[Value, Expression]) -> Expression:
        """The expression of an operation, where anybody would read it."""
        made = super().node(node, known)
        if len(made.text) > LONGEST:
            raise InexpressibleError("too long")
        return made

    def constant(self, x: Value) -> Expression:
        """A number, by its name where it has one; a truth is 1 or 0."""
        size = abs(float(x.data))
        digits = repr(size).removesuffix(".0")
        text = CONSTANTS.get(size) or (digits if len(digits) <= 8 else number(size))
        if x.data < 0:
            return Expression(f"−{text}", SUM)
        rank = PRODUCT if "/√" in text else POWER if text.startswith("√") else ATOM
        return Expression(text, rank)

    def primitive(self, op: Primitive, node: Value, operands: list[Expression]) -> Expression:
        """A row of the table."""
        if op.name in FLIPPED and (not node.inputs[0].unknown or operands[1].text == self.subject):
            return FLIPPED[op.name].of(*operands[::-1])._replace(truth=True)
        if op.name != "where":
            return super().primitive(op, node, [counted(x) for x in operands])
        condition, a, b = operands[0], *map(counted, operands[1:])
        if not condition.truth:
            condition = self.word("unequal", condition, Expression("0"))
        return self.word("chain" if b.rank == CHOICE else "where", condition, a, b)

    def word(self, name: str, *operands: Expression) -> Expression:
        """A word of operands. Exponents are raised, and what multiplies a quotient is apart."""
        if name == "pow":
            exponent = operands[1].text.replace(" ", "")
            if all(c in RAISED for c in exponent):
                raised = "".join(RAISED[c] for c in exponent)
                return Expression(f"{operands[0].within(ATOM)}{raised}", POWER)
        if name == "mul":
            a, b = operands
            if a.rank == PRODUCT and "/" in a.text:
                return Expression(f"{a.text} · {b.within(SIGN)}", PRODUCT)
            if b.rank == PRODUCT and "/" not in b.text:
                return Expression(f"{a.within(PRODUCT)}·{b.text}", PRODUCT)
        return super().word(name, *operands)
