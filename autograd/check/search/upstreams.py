"""The gradient of another array, where that of a step's own result belongs: tanh′ is forgotten."""

from collections.abc import Callable, Iterator

from ..trace.nodes import Array, Contraction, Elementwise, Gather, Node
from ..trace.record import Changes, Sends
from .blocks import Block, known
from .changes import Change, Part, at, each, edges, mend, operand, reads
from .steps import Step, Steps, root
from .whole import is_own, line_of


def upstreams(steps: Steps) -> Iterator[Change]:
    """Every product, and every array with a gradient of its own, that takes another's."""
    blocks = known(steps)
    for step, k in edges(steps):
        if _takes_numbers(step):
            for other in _others(steps, step):
                yield _at_an_edge(steps, step, k, other, _left_out(blocks, step, other))
    for step in steps.every:
        if is_own(steps, step):
            for other in _others(steps, step):
                yield _as_a_whole(steps, step, other, _left_out(blocks, step, other))


def _takes_numbers(step: Step) -> bool:
    """Whether it is a line of its own in backward: a product, or a part of an array."""
    operation = step.first.operation
    part = isinstance(operation, Gather) and step.first.value.size > 1
    rows = operation in (Elementwise("mul"), Elementwise("add"))
    return isinstance(operation, Contraction) or rows or part


def _others(steps: Steps, step: Step) -> Iterator[Step]:
    """Steps of the same shape that are run as often."""
    for other in steps.every:
        fits = other.first.value.shape == step.first.value.shape
        if fits and len(other.nodes) == len(step.nodes) and other is not step:
            yield other


def _left_out(blocks: list[Block], step: Step, other: Step) -> str:
    """The derivative that is skipped between a step and a later one, in words."""
    for block in blocks:
        if block.step is other and step.first in _before(block.xs[0]):
            return f": {block.name}′ of `{other.name}` is left out"
    return ""


def _before(node: Node) -> set[Node]:
    """A node and what it is a sum of."""
    found, waiting = {node}, [node]
    while waiting:
        operation = (last := waiting.pop()).operation
        adds = isinstance(operation, Elementwise) and operation.what in ("add", "sub")
        new = [x for x in last.inputs if x not in found] if adds else []
        found.update(new)
        waiting += new
    return found


def _at_an_edge(steps: Steps, step: Step, k: int, other: Step, said: str) -> Change:
    what = (f"the gradient of `{operand(step, k)}` along {at(step)} is made with "
            f"∂L/∂`{other.name}` where ∂L/∂`{step.name}` belongs{said}")  # fmt: skip
    rank = 3 if root(step.first.inputs[k]).operation is None else 4

    def make(taken: Callable[[Node], Array]) -> Changes:
        def given(node: Node) -> Part:
            return lambda _: node.part(k, taken(node))

        return each(step.nodes, k, given)()

    made = _watching(steps, step, other, make)
    return Change("other upstream", what, mend(step, k), reads(step, k), made, rank)


def _as_a_whole(steps: Steps, step: Step, other: Step, said: str) -> Change:
    where = f" ({step.spot})" if step.spot else ""
    what = f"∂L/∂`{other.name}` stands where ∂L/∂`{step.name}` belongs{where}{said}"

    def make(taken: Callable[[Node], Array]) -> Changes:
        def sends(node: Node) -> Sends:
            return lambda _: list(node.sends(taken(node)))

        return {node: sends(node) for node in step.nodes}

    made = _watching(steps, step, other, make)
    return Change("other gradient", what, line_of(step), step.nodes[-1], made, 3)


def _watching(
    steps: Steps, step: Step, other: Step, make: Callable[[Callable[[Node], Array]], Changes]
) -> Callable[[], Changes]:
    """Changes that read the adjoint of the other step, as it is then if that comes first."""

    def made() -> Changes:
        seen: dict[Node, Array] = {}
        pairs = dict(zip(step.nodes, other.nodes, strict=True))

        def watched(node: Node) -> Sends:
            def sends(g: Array) -> list[tuple[Node, Array]]:
                seen[node] = g
                return list(node.sends(g))

            return sends

        def taken(node: Node) -> Array:
            return seen.pop(pairs[node], steps.adjoints[pairs[node]])

        return {**{node: watched(node) for node in other.nodes}, **make(taken)}

    return made
