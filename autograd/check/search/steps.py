"""The steps of a recorded reverse pass: what one line of backward does, as often as it is run."""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..trace.nodes import Array, Contraction, Elementwise, Gather, Node
from ..trace.record import Record


@dataclass(frozen=True, eq=False)
class Step:
    """An operation of the forward at one place of the source, in the order of its runs."""

    nodes: list[Node]
    starts: list[int]  # where the iteration of each run begins, in the order of the record

    @property
    def first(self) -> Node:
        """The node of its first run."""
        return self.nodes[0]

    @property
    def name(self) -> str:
        """What the user calls its result."""
        return name_of(self.first)

    @property
    def written(self) -> str:
        """The same; of what is only broadcast, what it is broadcast for."""
        site = self.first.site
        whole = shortened(site.name) if site is not None and site.places else ""
        return (whole if _is_broadcast(self.first) else "") or self.name

    @property
    def is_part(self) -> bool:
        """Whether it takes a part out of an array."""
        operation, node = self.first.operation, self.first
        whole = node.inputs[0].value.size if node.inputs else 0
        return isinstance(operation, Gather) and len(node.inputs) == 1 and node.value.size < whole

    @property
    def is_assignment(self) -> bool:
        """Whether it puts something into a part of an array, its first operand."""
        operation = self.first.operation
        return operation is not None and operation.what == "assignment"

    @property
    def is_inner(self) -> bool:
        """Whether it is an inner operation of a function that the forward calls."""
        site = self.first.site
        if is_within_an_expression(self.first):
            return True
        return site is not None and len(site.places) > 1 and site.name == site.inner.text

    @property
    def spot(self) -> str:
        """The file and line of it."""
        site = self.first.site
        return site.inner.spot if site is not None and site.places else ""

    def is_carried(self, k: int) -> bool:
        """Whether its k-th operand is a state that comes from the iteration before."""
        if len(self.nodes) < 2 or self.is_assignment:
            return False
        runs = list(zip(self.nodes, self.starts, strict=True))[1:]
        made = [root(node.inputs[k]) for node, _ in runs]
        before = all(x.varies and x.operation is not None and x.order < start
                     for x, (_, start) in zip(made, runs, strict=True))  # fmt: skip
        return before and len(set(made)) > 1


@dataclass(frozen=True, eq=False)
class Steps:
    """All steps of a record, and the true adjoints at one upstream gradient."""

    record: Record
    upstream: Array

    @cached_property
    def adjoints(self) -> dict[Node, Array]:
        """∂L/∂node for each node."""
        return self.record.adjoints(self.upstream)

    @cached_property
    def true(self) -> dict[str, Array]:
        """∂L/∂input."""
        return self.record.of_inputs(self.adjoints)

    @cached_property
    def live(self) -> set[Node]:
        """The nodes on which the output depends."""
        return set(self.record.live)

    @cached_property
    def every(self) -> list[Step]:
        """The steps, in the order of the forward."""
        groups: dict[tuple[object, ...], list[Node]] = defaultdict(list)
        for node in self.record.nodes:
            if node in self.live and node.operation is not None:
                groups[_key(node)].append(node)
        return [Step(nodes, _starts(nodes, groups)) for nodes in groups.values()]

    @cached_property
    def of(self) -> dict[Node, tuple[Step, int]]:
        """The step of each node, and which of its runs it is."""
        return {node: (step, t) for step in self.every for t, node in enumerate(step.nodes)}

    @cached_property
    def reach(self) -> dict[Node, frozenset[str]]:
        """The inputs on which each node depends, by name."""
        found: dict[Node, frozenset[str]] = {}
        for node in self.record.nodes:
            if node.operation is None:
                found[node] = frozenset([node.name])
            else:
                parts = [found[x] for x in node.inputs if x in found]
                found[node] = frozenset().union(*parts)
        return found

    def uses(self, node: Node) -> list[tuple[Node, int]]:
        """Where a node is read by what the output depends on."""
        return [(user, k) for user, k in node.uses if user in self.live]


def _key(node: Node) -> tuple[object, ...]:
    """What tells a step from its like: the place, the operation, the number of operands."""
    operation = node.operation
    spec = operation.spec if isinstance(operation, Contraction) else ""
    what = operation.what if operation is not None else ""
    return id(node.site), what, spec, len(node.inputs)


def _starts(nodes: list[Node], groups: dict[tuple[object, ...], list[Node]]) -> list[int]:
    """Where the iteration of each run begins: the earliest step that is run in turn with it."""
    best: list[Node] = nodes
    for other in groups.values():
        if len(other) == len(nodes) and other[0].order < best[0].order:
            pairs = zip(other, nodes, strict=True)
            after = zip(nodes, other[1:], strict=False)
            if all(a.order < b.order for a, b in pairs) and all(
                a.order < b.order for a, b in after
            ):
                best = other
    return [node.order for node in best]


def root(node: Node) -> Node:
    """What an array was before it was only rearranged."""
    while isinstance(node.operation, Gather) and len(node.inputs) == 1 and node.inputs[0].varies:
        node = node.inputs[0]
    return node


def name_of(node: Node) -> str:
    """What the user calls an array: an input's name, or its expression in the source."""
    if node.name:
        return node.name
    if _is_broadcast(node):
        return name_of(node.inputs[0])
    if node.site is not None and node.site.places and (name := _called(node) or node.site.name):
        return shortened(name)
    if node.operation is None:
        numbers = np.unique(node.value)
        return f"{numbers[0]:g}" if len(numbers) == 1 else "a constant"
    return f"the {node.operation.what}"


def _called(node: Node) -> str:
    """The call that returned an array which a function has filled: `rotate(q)`, not `out[:, 1]`."""
    site = node.site
    filled = node.operation is not None and node.operation.what == "assignment"
    if not filled or site is None or len(site.places) < 2:
        return ""
    *outer, call, _ = site.places
    within = (*outer, call)
    users = [user.site.places[: len(within)] for user, _ in node.uses if user.site is not None]
    return "" if within in users else call.target or call.text


def becomes(step: Step) -> str:
    """What a part is the beginning of, if that has a name: `, of the gate o`."""
    node = step.first
    for _ in range(8):
        if len(node.uses) != 1:
            return ""
        node = node.uses[0][0]
        name = node.site.name if node.site is not None and node.site.places else ""
        if name.isidentifier():
            return f", of `{name}`,"
    return ""


def shortened(text: str) -> str:
    """An expression that is too long to be read as a name, without its middle."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 12]} … {text[-9:]}"


def operand_of(node: Node, k: int) -> str:
    """What the user calls an operand: as it stands in the expression, if it does."""
    x = node.inputs[k]
    site = node.site
    if site is None or not site.places or x.name or _is_one_of_several(node):
        return name_of(x)
    texts = site.inner.operands
    if texts and texts[0][:1] in "\"'":  # the formula of einsum
        texts = texts[1:]
    return shortened(texts[k]) if len(texts) == len(node.inputs) else name_of(x)


def is_within_an_expression(node: Node) -> bool:
    """Whether an array has no words of its own: the sum that a mean divides."""
    if node.site is None:
        return False
    if _is_broadcast(node):
        return node.inputs[0].site is node.site
    return any(user.site is node.site for user, _ in node.uses)


def _is_one_of_several(node: Node) -> bool:
    """Whether the same expression makes other nodes too, as a mean is a sum and a division."""
    around = [x for x in node.inputs if not _is_broadcast(x)] + [user for user, _ in node.uses]
    return any(other.site is node.site for other in around)


def _is_broadcast(node: Node) -> bool:
    return node.operation is not None and node.operation.what == "broadcast"


def formula(node: Node, k: int) -> str:
    """The line of algebra by which a node hands its gradient on to an operand."""
    x, y = operand_of(node, k), _bracketed(name_of(node))
    left = f"∂L/∂{_bracketed(x)} += ∂L/∂{y}"
    every = [operand_of(node, j) for j in range(len(node.inputs))]
    others = [name for j, name in enumerate(every) if j != k]
    if isinstance(node.operation, Contraction) and others:
        return _product(node.operation, k, left, y, [_bracketed(name) for name in others])
    if node.operation == Elementwise("pow") and every[1:] in (["2"], ["2.0"]):
        return f"{left} · 2·{_bracketed(every[0])}"
    if isinstance(node.operation, Elementwise):
        return left + _slope(node.operation.what, k, every)
    return left


def _product(operation: Contraction, k: int, left: str, y: str, others: list[str]) -> str:
    """The gradient of a factor of a product of matrices, or of any contraction."""
    if operation.spec == "ab,bc->ac":
        right = f"∂L/∂{y} · {others[0]}ᵀ" if k == 0 else f"{others[0]}ᵀ · ∂L/∂{y}"
        return left.partition("∂L/∂" + y)[0] + right
    return f"{left} contracted with {', '.join(others)}"


LONGEST = 48  # characters of an expression
SLOPES = {
    "add": ("", ""), "sub": ("", " · (−1)"), "neg": (" · (−1)",), "mul": (" · {1}", " · {0}"),
    "div": (" / {1}", " · (−{0} / {1}²)"), "exp": (" · exp({0})",), "log": (" / {0}",),
    "sqrt": (" / (2·√{0})",), "tanh": (" · (1 − tanh({0})²)",), "abs": (" · sign({0})",),
    "sin": (" · cos({0})",), "cos": (" · (−sin({0}))",), "sigmoid": (" · σ({0})·(1 − σ({0}))",),
    "pow": (" · {1}·{0}^({1} − 1)", ""), "maximum": (" · [{0} > {1}]", " · [{1} > {0}]"),
    "minimum": (" · [{0} < {1}]", " · [{1} < {0}]"),
}  # fmt: skip


def _slope(what: str, k: int, names: list[str]) -> str:
    """· ∂y/∂x in words."""
    forms = SLOPES.get(what, ())
    return forms[k].format(*map(_bracketed, names)) if k < len(forms) else " · f′"


def _bracketed(name: str) -> str:
    """A name as a factor: an expression in brackets."""
    simple = re.fullmatch(r"[\w.]+(\[[^]]*\]|\([^()]*\))?", name)
    return name if simple else f"({name})"
