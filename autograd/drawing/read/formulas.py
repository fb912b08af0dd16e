"""What a cone computes, in letters: `tanh(Σ w·x + b)`."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from .cones import Cone, Cones

MOST = 36  # characters
POWERS = {"2": "²", "3": "³"}


def formula(cones: Cones, cone: Cone, letters: list[str]) -> str:
    """The formula of a cone, with a letter for each of its readings."""
    written: list[list[str]] = []  # each a sum of terms
    given = iter(letters)
    for node, arity in _postfix(cones, cone):
        if arity < 0:
            written.append([next(given)])
        else:
            operands = written[len(written) - arity :]
            del written[len(written) - arity :]
            written.append(_applied(node, operands))
    text = _joined(written[0])
    return text if len(text) <= MOST else f"{text[: MOST - 1]}…"


def _postfix(cones: Cones, cone: Cone) -> Iterator[tuple[Any, int]]:
    """The operations of a cone after their operands; what is read from outside has arity −1."""
    graph = cones.graph
    stack: list[tuple[Any, int]] = [(graph.nodes[cone.exit], -1)]
    while stack:
        node, arity = stack.pop()
        operands = cones.opened(node)
        if arity >= 0 or (operands is None and node is not graph.nodes[cone.exit]):
            yield node, arity
            continue
        operands = node.inputs if operands is None else operands
        stack.append((node, len(operands)))
        stack += [(x, -1) for x in reversed(operands)]


def _applied(node: Any, operands: list[list[str]]) -> list[str]:
    """An operation on sums of terms, as a sum of terms."""
    name = node.op.name if node.op else "sum"
    first, *others = operands or [[""]]
    if name in ("add", "sum"):
        for terms in others:
            first += terms
        return first
    texts = [_bracketed(terms) for terms in operands]
    if name == "sub":
        return [*first, f"−{texts[1]}"]
    if name == "neg":
        return [f"−{texts[0]}"]
    if name == "mul":
        return [f"{texts[0]}²" if node.inputs[0] is node.inputs[1] else "·".join(texts)]
    if name == "dot":
        return ["·".join(texts)] * 2
    if name == "pow":
        return [texts[0] + POWERS.get(texts[1], f"^{texts[1]}")]
    if name == "div":
        return ["/".join(texts)]
    return [f"{name}({', '.join(map(_joined, operands))})"]


def _bracketed(terms: list[str]) -> str:
    text = _joined(terms)
    return f"({text})" if len(terms) > 1 else text


def _joined(terms: list[str]) -> str:
    """Terms with their signs; equal ones are one sum: `Σ w·x + b`."""
    counts = Counter([t for t in terms if t != "0"] or terms)
    parts = [f"Σ {t}" for t, n in counts.items() if n > 1] + [
        t for t, n in counts.items() if n == 1
    ]
    return " + ".join(parts).replace("+ −", "− ")
