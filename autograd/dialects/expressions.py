"""Formulas as expressions: text with no more brackets than it needs, in any language.

A language is a subclass of `Speller`: its words, and how it writes a number.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple

from ..graph import AnyNode, order
from ..numbers.kinds import UnknownNumberError
from ..primitives import PRIMITIVES, Primitive
from ..scopes import tracing
from ..value import CONDITIONS, Value

CHOICE, COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(7)  # from loose to tight


class InexpressibleError(Exception):
    """What a language cannot say: an operation of the user's own that is not of the table's."""


class Expression(NamedTuple):
    """A text, how tightly its outermost operator binds, and whether it is true or false."""

    text: str
    rank: int = ATOM
    truth: bool = False

    def within(self, rank: int) -> str:
        """The text as the operand of an operator that asks for this rank."""
        return self.text if self.rank >= rank else f"({self.text})"


class Word(NamedTuple):
    """How a primitive is spelled: its operands' places, its rank, and what it asks of operands."""

    text: str
    rank: int
    operands: tuple[int, ...]

    def of(self, *operands: Expression) -> Expression:
        """The word said of its operands."""
        texts = [x.within(rank) for x, rank in zip(operands, self.operands, strict=False)]
        return Expression(self.text.format(*texts), self.rank)


def infix(sign: str, rank: int, left: int, right: int) -> Word:
    """`a + b`."""
    return Word(f"{{0}} {sign} {{1}}", rank, (left, right))


def call(name: str, operands: int = 1) -> Word:
    """`f(x)`."""
    places = ", ".join(f"{{{k}}}" for k in range(operands))
    return Word(f"{name}({places})", ATOM, (CHOICE,) * operands)


ARITHMETIC = {  # as C and its children write it
    "add": infix("+", SUM, SUM, PRODUCT),
    "sub": infix("-", SUM, SUM, PRODUCT),
    "mul": infix("*", PRODUCT, PRODUCT, SIGN),
    "div": infix("/", PRODUCT, PRODUCT, SIGN),
    "neg": Word("-{0}", SIGN, (ATOM,)),
    "greater": infix(">", COMPARISON, SUM, SUM),
    "at_least": infix(">=", COMPARISON, SUM, SUM),
    "where": Word("{0} ? {1} : {2}", CHOICE, (COMPARISON, COMPARISON, CHOICE)),
}


@contextmanager
def saying(op: Primitive, language: str) -> Iterator[None]:
    """Whatever goes wrong in a row of the user's own, as an InexpressibleError."""
    try:
        yield
    except InexpressibleError:
        raise
    except Exception as error:
        unknown = isinstance(error, UnknownNumberError)
        why = "it is not made of the table's operations alone" if unknown else error
        raise InexpressibleError(f"{language} cannot say {op.name}: {why}") from error


def unfolded(op: Primitive, node: Value, language: str) -> Any:
    """A row of the user's own in rows of the table: its forward pass runs on Values.

    Of a bundle it gets the Values that are in it.
    """
    operands: list[Any] = [x if isinstance(x, Value) else x.inputs for x in node.inputs]
    new: list[Value] = []
    with saying(op, language), tracing(new):
        made = op.forward(*operands)
        if any(part.op is op for part in new):
            raise ValueError("it is made of itself")
    return made


class Speller:
    """Spells formulas; what they use several times is a name, which `named(expression)` gives.

    Raises InexpressibleError for an operation of the user's own that is not made of the table's.
    """

    language: ClassVar[str]
    words: Mapping[str, Word]

    def __init__(self, named: Callable[[Expression], Expression]) -> None:
        self.named = named

    def spell(self, formula: Value, known: dict[Value, Expression]) -> Expression:
        """The expression of a formula whose leaves are known."""
        nodes = order(formula)
        uses = Counter(x for node in nodes for x in self._read(node))
        for node in nodes:
            if node in known or not isinstance(node, Value):
                continue
            made = self.node(node, known) if node.unknown else self.constant(node)
            known[node] = self.named(made) if uses[node] > 1 and node.unknown else made
        return known[formula] if formula in known else self.constant(formula)

    def _read(self, node: AnyNode) -> tuple[AnyNode, ...]:
        """What a node reads; what is unfolded may read it several times."""
        inputs: tuple[AnyNode, ...] = node.inputs
        return inputs * 2 if node.op is None or not self.knows(node.op) else inputs

    def node(self, node: Value, known: dict[Value, Expression]) -> Expression:
        """The expression of an operation of what is known."""
        op = node.op
        if op is None:
            raise InexpressibleError("a leaf without a name")
        if not self.knows(op):
            made = unfolded(op, node, self.language)
            return self.spell(made if isinstance(made, Value) else Value(made), known)
        return self.primitive(op, node, [self.value(x, known) for x in node.inputs])

    def knows(self, op: Primitive) -> bool:
        """Whether an operation has a word; others are made of those that have."""
        return PRIMITIVES.get(op.name) is op and op.name in self.words

    def primitive(self, op: Primitive, _: Value, operands: list[Expression]) -> Expression:
        """A row of the table at a node."""
        return self.word(op.name, *operands)._replace(truth=op in CONDITIONS)

    def value(self, x: Any, known: Mapping[Value, Expression]) -> Expression:
        """What stands for an operand."""
        return known[x] if x in known else self.constant(x)

    def constant(self, x: Value) -> Expression:
        """A number that is known now."""
        raise NotImplementedError

    def word(self, name: str, *operands: Expression) -> Expression:
        """A primitive, or another word, of operands."""
        return self.words[name].of(*operands)
