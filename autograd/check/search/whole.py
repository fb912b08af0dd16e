"""Arrays whose whole gradient is something else: another sign, another array's."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from ..trace.nodes import Array, Node
from ..trace.record import Changes, Sends
from .changes import Change, at
from .steps import Step, Steps

Other = Callable[[Node, Array], Array]  # of a node and its adjoint


def whole(steps: Steps) -> Iterator[Change]:
    """Each array with several uses, or a name of its own, whose gradient has a wrong factor."""
    for step in steps.every:
        if is_own(steps, step):
            yield from _scaled(step)
            yield from _multiplied(steps, step)


def inputs(steps: Steps) -> Iterator[Change]:
    """The gradient of another array of its shape, where that of an input belongs."""
    arrays = [(f"`{step.name}`", node) for step in steps.every for node in step.nodes]
    arrays += [(f"`{x.name}`", x) for x in steps.record.inputs.values()]
    for x in steps.record.inputs.values():
        for name, node in arrays:
            if node is not x and node.value.shape == x.value.shape and node in steps.adjoints:
                what = f"the gradient of `{x.name}` is ∂L/∂{name}, not ∂L/∂`{x.name}`"
                line = f"hand it on from {name} to `{x.name}`"
                yield Change("other gradient", what, line, x, dict, 4,
                             {x.name: steps.adjoints[node]})  # fmt: skip


def is_own(steps: Steps, step: Step) -> bool:
    """Whether its gradient is a thing that backward computes: where paths meet, or with a name."""
    return not step.is_inner and (
        any(len(steps.uses(node)) > 1 for node in step.nodes) or step.name.isidentifier()
    )


def line_of(step: Step) -> str:
    """The line of algebra of a whole gradient."""
    return f"∂L/∂`{step.name}` is the sum of what its uses hand back"


def _changed(step: Step, other: Other) -> Callable[[], Changes]:
    """Each run goes on with something else than its adjoint."""

    def sends(node: Node) -> Sends:
        return lambda g: list(node.sends(other(node, g)))

    return lambda: {node: sends(node) for node in step.nodes}


def _times(factor: float, _: Node, g: Array) -> Array:
    return factor * g


def _times_value(others: Mapping[Node, Node], node: Node, g: Array) -> Array:
    return g * others[node].value


def _scaled(step: Step) -> Iterator[Change]:
    for factor, said in ((-1.0, "has the wrong sign"), (2.0, "is taken twice")):
        what = f"the gradient of {at(step)} {said}"
        made = _changed(step, partial(_times, factor))
        name = "sign" if factor < 0 else "twice"
        yield Change(name, what, line_of(step), step.nodes[-1], made, 1)


def _multiplied(steps: Steps, step: Step) -> Iterator[Change]:
    """A factor too much."""
    for other in steps.every:
        fits = other.first.value.shape == step.first.value.shape
        if fits and not other.is_inner and len(other.nodes) == len(step.nodes):
            pairs = dict(zip(step.nodes, other.nodes, strict=True))
            what = f"the gradient of {at(step)} is multiplied by `{other.name}` once too often"
            made = _changed(step, partial(_times_value, pairs))
            yield Change("factor too much", what, line_of(step), step.nodes[-1], made, 4)
