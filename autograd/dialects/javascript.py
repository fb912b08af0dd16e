"""JavaScript: each primitive and its partials as functions of doubles, a module for a page.

Rows run on unknown Values, so the module knows no derivative but the table's, and gives what eager
mode gives: a partial that is `true` hands the adjoint on, `false` stops it, and only numbers are
multiplied.
"""

import math
from collections.abc import Callable, Iterable
from importlib.resources import files
from typing import Any

from ..numbers import piecewise
from ..primitives import PRIMITIVES, SEQUENCES, Primitive
from ..value import Value, unknown
from .expressions import (
    ARITHMETIC,
    ATOM,
    COMPARISON,
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
from .formulas import Row, named_row

MATH = ("abs", "floor", "ceil", "exp", "log", "sqrt", "sin", "cos", "tanh")
WORDS = {
    **ARITHMETIC,
    **{name: call(f"Math.{name}") for name in MATH},
    **{name: call(name) for name in ("round", "sigmoid", "softplus", "erf")},  # of elementary.js
    **{name: call(name, 2) for name in ("pow", "equal")},
    "is_true": infix("!=", COMPARISON, SUM, SUM),
    "not": Word("!{0}", SIGN, (SIGN,)),
}
GATHER = PRIMITIVES["gather"]
BEATS = {"max": "exceeds", "min": "undercuts"}


def module(ops: Iterable[Primitive]) -> str:
    """The text of the module `primitives` for these operations: see `words`."""
    return words(ops)[0]


def words(ops: Iterable[Primitive]) -> tuple[str, dict[int, str]]:
    """The text of an ES module, and why it has no words for some of the operations, by position.

    Its array PRIMITIVES has for each operation, in order, {forward(...x), partials: [p, ...]}, or
    null. Each p is true, false, a number, or a function (y, ...x) that gives one of these.

    Rows of a sequence have the name of their `loop` instead of a forward, as it is the page's:
    "sum", "dot", "max", "min" and "gather". Of max and min, `beats(b, best)` tells whether an entry
    takes the place of the best one before it. Their partials are true (for all entries), false,
    {operand: k} (the entries of operand k), {first: equal}: true for the first entry x with
    equal(x, y), false for all others, or {place: k}: true for the entry that operand k names.
    """
    entries, reasons = [], {}
    for k, op in enumerate(ops):
        try:
            entries.append(_entry(op))
        except InexpressibleError as error:
            entries.append("null")
            reasons[k] = str(error)
    helpers = files(__package__).joinpath("elementary.js").read_text("utf-8")
    facts = [f"export const {name} = {_fact(getattr(piecewise, name))};" for name in BEATS.values()]
    listed = "".join(f"  {entry},\n" for entry in entries)
    table = f"export const PRIMITIVES = [\n{listed}];\n"
    return "\n".join([helpers, *facts, "", table]), reasons


def _fact(comparison: Callable[..., Any]) -> str:
    """How entries of a sequence are compared."""
    b, best = unknown(), unknown()
    return _function({b: "b", best: "best"}, comparison(b, best))


def _entry(op: Primitive) -> str:
    with saying(op, "JavaScript"):
        x, of = named_row(op)
        if op is GATHER:
            first, partials = _loop(op), ["{ place: 1 }", literal(of.of_x[1])]
        elif op in SEQUENCES:
            first, partials = _loop(op), [_of_sequence(of, p) for p in of.of_x]
        else:
            first = f"forward: {_function(x, of.forward, number=True)}"
            partials = [_partial({of.y: "y", **x}, p) for p in of.of_x]
        return f"{{ {first}, partials: [{', '.join(partials)}] }}"


def _partial(parameters: dict[Value, str], p: Any) -> str:
    return _function(parameters, p) if isinstance(p, Value) else literal(p)


def _loop(op: Primitive) -> str:
    return f'loop: "{op.name}"' + (f", beats: {BEATS[op.name]}" if op.name in BEATS else "")


def _of_sequence(of: Row, p: Any) -> str:
    """The partials of all entries as one: handed on, those of an operand, or the first extreme."""
    if not isinstance(p, Value):
        return literal(p)
    if p in of.x:
        return f"{{ operand: {of.x.index(p)} }}"
    return f"{{ first: {_function({of.x[0]: 'x', of.y: 'y'}, p)} }}"


def _function(parameters: dict[Value, str], formula: Value, number: bool = False) -> str:
    """`(y, x) => 1 - y * y`, with a body where something is used several times."""
    lines: list[str] = []

    def named(x: Expression) -> Expression:
        lines.append(f"const t{len(lines)} = {x.text}; ")
        return x._replace(text=f"t{len(lines) - 1}", rank=ATOM)

    known = {leaf: Expression(name) for leaf, name in parameters.items()}
    made = JavaScript(named).spell(formula, known)
    text = f"Number({made.text})" if number and made.truth else made.text
    body = f"{{ {''.join(lines)}return {text}; }}" if lines else text
    return f"({', '.join(parameters.values())}) => {body}"


def literal(x: float) -> str:
    """A number as JavaScript writes it, or a truth."""
    if isinstance(x, bool):
        return "true" if x else "false"
    x = float(x)
    if math.isinf(x):
        return "Infinity" if x > 0 else "-Infinity"
    return "NaN" if x != x else repr(x).removesuffix(".0")


class JavaScript(Speller):
    """Spells formulas; a choice between truths is a truth, and no number."""

    language, words = "JavaScript", WORDS

    def constant(self, x: Value) -> Expression:
        """A number, or true, or false."""
        text = literal(x.data)
        return Expression(text, SIGN if text.startswith("-") else ATOM, isinstance(x.data, bool))

    def primitive(self, op: Primitive, node: Value, operands: list[Expression]) -> Expression:
        """A row of the table; of a choice, the truth of its condition."""
        if op is not PRIMITIVES["where"]:
            return super().primitive(op, node, operands)
        condition, a, b = operands
        if not condition.truth:
            condition = self.word("is_true", condition, Expression("0"))
        if (a.text, b.text) == ("true", "false"):
            return condition._replace(truth=True)
        if (a.text, b.text) == ("false", "true"):
            return self.word("not", condition)._replace(truth=True)
        return self.word("where", condition, a, b)._replace(truth=a.truth and b.truth)
