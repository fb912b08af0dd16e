"""Models that nobody chose: layers of every kind, branches, and tensors turned about, at random.

A model is a list of steps. A step is the name of a layer, a movement or a joint, how far back the
numbers lie that it takes, and a few small numbers that say its sizes; whatever its operand is like,
it is brought to the axes that the step asks for. What cannot be, such as a kernel larger than the
image, is left out. So a model that fails becomes a shorter one by leaving out steps.
"""

import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import drawn_layers as parts
import numpy as np
from drawn_layers import IDS, Step, axes
from hypothesis import assume
from hypothesis import strategies as st
from oracle import Run, clear, gradients, numbers

import nn
from autograd import Tensor, Value, concatenate, graph, is_compiling, no_grad, stack

OFTEN = "conv2d", "max_pool", "avg_pool", "dense", "attention"
MOST = 64  # entries of what a step makes
CLASSES = 4  # at most, of a target
MARGIN = {"float64": 1e-6, "float32": 1e-3}  # no kink is nearer than that, else rounding decides


class Sample(NamedTuple):
    """Numbers, indices, and target probabilities."""

    x: Tensor
    ids: Tensor
    target: Tensor


Tensors = list[Tensor]  # one of each sample
Applied = Callable[[Tensors, Tensors, Tensors], Tensors]  # to operands, the last ones, and indices


class Model:
    """A function of the samples of a batch, as some layers look at all of them: a loss, and other
    results, of each. A program sees a batch of one.
    """

    def __init__(self, steps: Sequence[Step], shape: tuple[int, ...], loss: str) -> None:
        self.shape, self.loss = shape, loss
        self.layers: list[nn.Module] = []
        self.done: list[tuple[Step, Applied]] = []
        first = [sample.x for sample in self.samples(self.batch(2))]
        made, ids = [first], [sample.ids for sample in self.samples(self.batch(2))]
        with no_grad():
            for step in steps:
                self._append(step, made, ids)
        self._scatter()

    def __repr__(self) -> str:
        steps = ", ".join(f"{step.name}{tuple(step[1:])}" for step, _ in self.done)
        return f"<model of {self.shape}: [{steps}], {self.loss}; {self.layers}>"

    def _append(self, step: Step, made: list[Tensors], ids: Tensors) -> None:
        """Do what a step asks for from now on, unless it cannot be."""
        layers = len(self.layers)
        xs = made[-1 - step.back % len(made)]
        try:
            applied = self._applied(step, xs[0])
            ys = applied(xs, made[-1], ids)
            if not 0 < len(ys[0].values) <= MOST:
                raise ValueError(f"{step}: it has {len(ys[0].values)} entries")
        except (ValueError, IndexError):
            del self.layers[layers:]
            return
        made.append(ys)
        self.done.append((step, applied))

    def _applied(self, step: Step, x: Tensor) -> Applied:
        """What a step does to Tensors such as x."""
        if step.name in parts.JOINS:
            join = parts.JOINS[step.name]
            return lambda xs, lasts, _: [join(y, x) for x, y in zip(xs, lasts, strict=True)]
        if step.name == "look up":
            return lambda xs, _, ids: [
                axes(x, 2)[: 2 * IDS][i] for x, i in zip(xs, ids, strict=True)
            ]
        if step.name in parts.MOVES:
            rank, move = parts.MOVES[step.name]
            return lambda xs, *_: [axes(move(axes(x, rank), step), None) for x in xs]
        return self._layer(step, x)

    def _layer(self, step: Step, x: Tensor) -> Applied:
        rank, made = parts.LAYERS[step.name]
        layer = made(axes(x, rank).shape, step, random.Random(len(self.layers)))
        self.layers.append(layer)
        if step.name == "embedding":
            return lambda xs, _, ids: [
                concatenate([axes(x, 2), layer(i)]) for x, i in zip(xs, ids, strict=True)
            ]
        if layer.batch_statistics:
            return lambda xs, *_: _of_the_batch(layer, [axes(x, rank) for x in xs])
        return lambda xs, *_: [_alone(layer(axes(x, rank))) for x in xs]

    def _scatter(self) -> None:
        """Give biases and the weights of norms numbers that are all different."""
        rng = np.random.default_rng(5)
        for p in self.parameters:
            if p.ndim == 1:
                p.assign((p.numpy() + rng.uniform(-0.5, 0.5, p.shape)).tolist())

    @property
    def parameters(self) -> list[Any]:
        """All weights, and the buffers, which a program needs to know as well."""
        named = [part for layer in self.layers for _, part in layer.named_parts()]
        return [part for part in named if isinstance(part, nn.Parameter)]

    def batch(self, n: int) -> list[Any]:
        """Arrays of n samples: numbers, indices, target probabilities."""
        rng = np.random.default_rng(n)
        x = rng.uniform(0.1, 1.2, (n, *self.shape)) * rng.choice([-1, 1], (n, *self.shape))
        target = rng.uniform(0, 1, (n, CLASSES))
        return [x, rng.integers(IDS, size=(n, 2)), target / target.sum(1, keepdims=True)]

    @staticmethod
    def samples(batch: list[Any]) -> list[Sample]:
        """The samples of a batch, one by one."""
        rows = zip(*(array.tolist() for array in batch), strict=True)
        return [Sample(*map(Tensor, row)) for row in rows]

    def __call__(self, samples: Sequence[Sample]) -> list[tuple[Value, dict[str, Tensor]]]:
        """A loss of each sample, and numbers from the end and the middle of the model."""
        made, ids = [[sample.x for sample in samples]], [sample.ids for sample in samples]
        for step, applied in self.done:
            made.append(applied(made[-1 - step.back % len(made)], made[-1], ids))
        loss = parts.LOSSES[self.loss]
        found = []
        for k, sample in enumerate(samples):
            last, middle = made[-1][k], made[len(made) // 2][k]
            y = axes(last, 1)[:CLASSES]
            extra = 0.1 * last.mean() + 0.01 * middle.sum()
            total = loss(y, sample.target[: len(y)]) + extra
            found.append((total, {"last": last, "middle": middle}))
        return found

    def function(self, *numbers: Tensor) -> tuple[Value, dict[str, Tensor]]:
        """Of one sample alone, as it is compiled."""
        return self([Sample(*numbers)])[0]

    def eagerly(self, batch: list[Any], margin: float) -> Run:
        """What `backward` computes for a batch; the test is left where a kink is near."""
        clear(self.parameters)
        found = self(self.samples(batch))
        losses = [loss for loss, _ in found]
        mean = stack(losses).mean()
        assume(decided(mean, margin))
        mean.backward()
        rows = [[loss.data, *map(numbers, results.values())] for loss, results in found]
        outputs = [np.stack(column) for column in zip(*rows, strict=True)]
        return Run(mean.data, gradients(self.parameters), outputs)


def _of_the_batch(layer: nn.Module, xs: Tensors) -> Tensors:
    """What a layer makes of samples that it sees together, or of the one that a program sees."""
    return [layer(xs[0])] if is_compiling() else list(layer(stack(xs)))


def _alone(y: Any) -> Tensor:
    """A result, or the first of several: of a cell's (h, c)."""
    first: Tensor = y[0] if isinstance(y, tuple) else y
    return first


def decided(root: Value, margin: float) -> bool:
    """Whether all choices in a graph are far from their kinks, or certain: between numbers that are
    the same, or exact.
    """
    return all(
        a is b or (_exact(a) and _exact(b)) or abs(float(a) - float(b)) > margin
        for node in graph.order(root)
        for a, b in _chosen(node)
    )


def _chosen(node: Any) -> list[tuple[Any, Any]]:
    """The pairs of numbers that a choice is between."""
    name = node.op.name if node.op else ""
    if name in ("relu", "leaky_relu", "abs"):
        return [(node.inputs[0], 0.0)]
    if name in ("maximum", "minimum", "greater", "at_least", "equal"):
        return [tuple(node.inputs)]
    if name in ("max", "min"):
        sign = 1 if name == "max" else -1
        first, *others = sorted(node.inputs[0].inputs, key=lambda v: -sign * v.data)
        return [(first, other) for other in others]
    return []


def _exact(x: Any) -> bool:
    """A number that all backends have alike, to the last bit."""
    return not isinstance(x, Value) or x.op is None or (x.data == 0 and x.op.name == "relu")


def steps(*tables: dict[str, Any]) -> st.SearchStrategy[list[Step]]:
    """Steps with names from these tables."""
    size = st.integers(0, 5)
    back = st.sampled_from([0, 0, 0, 0, 1, 2, 3])
    names = sorted(name for table in tables for name in table)
    names += [name for name in names if name in OFTEN] * 3
    step = st.builds(Step, st.sampled_from(names), back, size, size, size, size)
    return st.lists(step, max_size=10)


SHAPES = [(4,), (6,), (3, 4), (4, 3), (2, 4, 4), (1, 5, 5), (3, 4, 3), (4, 3, 3)]
shapes = st.sampled_from(SHAPES)
losses = st.sampled_from(sorted(parts.LOSSES))
models = st.builds(Model, steps(parts.LAYERS, parts.MOVES, parts.JOINS), shapes, losses)
