"""What a page learns from: samples, the leaves that they go to, parameters, and scores."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...anomaly import trace_anomaly
from ...numbers.kinds import is_finite
from ...reach import values_of
from ...shapes.indexing import Shape
from ...tensor import Tensor
from ...value import Value
from ..read.graph import Graph, NamedTensor
from ..read.stages import Stage
from .recording import arguments, computed
from .samples import Samples
from .snapshot import Snapshot


@dataclass
class Lesson:
    """What a page learns from: `inputs` are the leaves that columns of the samples go to.

    `scores` are nodes, one for each class, of which the largest is the class that is predicted; or
    one, for two classes.
    """

    root: Value | Tensor
    samples: Samples
    inputs: list[list[Value]]
    index: int | None = None  # of the sample that the numbers are of; None where that is another
    scores: list[Value] = field(default_factory=list)

    def score_nodes(self, graph: Graph, stages: Sequence[Stage]) -> list[int]:
        """The numbers of the scores: those that are known, or what the layer that reads the target
        reads of others, in the target's shape; or nothing.
        """
        if not all(v in graph.number for v in self.scores):
            raise ValueError("explore: the loss is not made of the scores that come after it")
        if self.scores:
            return [graph.number[v] for v in self.scores]
        if len(self.inputs) < 2 or self.samples.labels is None:
            return []
        target = {graph.number.get(v, -1) for v in self.inputs[1]} - {-1}
        shape = self.samples.columns[1].shape[1:]
        for stage in stages:
            read = {k for n in stage.nodes for x in graph.nodes[n].inputs for k in graph.entries(x)}
            if target and target <= read:
                before = [t for other in stage.predecessors for t in other.outputs]
                found = [t for t in before if _fits(t, shape) and read.issuperset(t.entries)]
                return found[-1].entries if found else []
        return []


def _fits(tensor: NamedTensor, shape: Shape) -> bool:
    """Whether a tensor can be the scores for targets of a shape: one number for a number."""
    return tensor.name.shape == shape if shape else len(tensor.entries) == 1


def _threshold(graph: Graph, scores: Sequence[int], signed: bool) -> float:
    """Above which number a single score means the second of two classes.

    That is 0 for `signed` targets, -1 and 1; for 0 and 1 it is 0 of a logit, which a sigmoid or a
    softplus reads, and else ½.
    """
    if signed or len(scores) != 1:
        return 0.0
    (score,) = scores
    readers = (graph.nodes[n] for n in graph.operations)
    reads = {node.op.name for node in readers if graph.nodes[score] in node.inputs}
    return 0.0 if reads & {"sigmoid", "softplus"} else 0.5


def lesson_of(
    loss_of: Callable[..., Any], samples: Any, validation: Any, parameters: Any, index: int
) -> Lesson:
    """Record a function of one sample, and compute the loss of the sample at an index.

    Raises TypeError for a function that returns no loss, ValueError for what draws random numbers
    or knows of a batch, for a loss that is not finite or depends on no parameter, and, as
    `autograd.compile` does, UnknownNumberError where the function decides by numbers.
    """
    if parameters is None:
        raise TypeError(
            "explore(loss_of, samples=...): say what is learned, parameters=model.parameters(), "
            "or parameters=[] for nothing"
        )
    data = Samples(samples, validation, arguments(loss_of) or ())
    index = _place(index, len(data))
    inputs, root, scores = computed(loss_of, data.row(index), data.names, parameters)
    if not is_finite(root.data):
        cause = trace_anomaly(root)
        raise ValueError(f"explore: the loss of sample {index} is {root.data}: {cause}")
    return Lesson(root, data, inputs, index, scores)


def images_for(root: Value | Tensor, graph: Graph, samples: Any) -> Lesson:
    """Samples whose first parts can take the place of an input of a recorded graph.

    ValueError where there is no leaf tensor of their shape but parameters, or several.
    """
    data = Samples(samples)
    shape = data.columns[0].shape[1:]
    leaves = [t for t in graph.tensors if t.leaf and not t.parameter]
    found = [t for t in leaves if t.name.shape == shape]
    if len(found) != 1:
        there = ", ".join(f"{t.name or 'a tensor'} {t.name.shape}" for t in leaves) or "none"
        raise ValueError(
            f"explore: samples have shape {shape}, and {len(found) or 'no'} inputs of the graph "
            f"have it; its inputs are: {there}"
        )
    inputs = [graph.nodes[k] if k >= 0 else Value(0.0) for k in found[0].entries]
    return Lesson(root, data, [inputs])


def carry(
    snapshot: Snapshot, lesson: Lesson | None, parameters: Iterable[Tensor | Value] | None
) -> None:
    """Let a page carry the numbers of the leaves that a step changes, and what it learns from.

    ValueError where the graph reads none of the parameters that are given.
    """
    graph, put = snapshot.graph, snapshot.arrays.__setitem__
    put("parameters", np.array(_learned(graph, parameters), np.int32))
    if lesson is None:
        return
    inputs = [graph.number.get(v, -1) for leaves in lesson.inputs for v in leaves]
    put("inputs", np.array(inputs, np.int32))
    scores = lesson.score_nodes(graph, snapshot.stages)
    put("scores", np.array(scores, np.int32))
    snapshot.arrays.update(lesson.samples.arrays)
    snapshot.header["samples"] = {
        **lesson.samples.header(),
        "index": lesson.index,
        "threshold": _threshold(graph, scores, lesson.samples.signed),
    }


def _learned(graph: Graph, parameters: Iterable[Tensor | Value] | None) -> list[int]:
    """Of these parameters, or of all that there are."""
    if parameters is None:
        return [k for t in graph.tensors if t.leaf and t.parameter for k in t.entries if k >= 0]
    for p in parameters:
        if not isinstance(p, Tensor | Value):
            raise TypeError(f"explore: parameters must be Tensors and Values, got {p!r:.60}")
    values = [v for p in parameters for v in values_of(p)]
    found = [graph.number[v] for v in values if v in graph.number]
    if values and not found:
        raise ValueError("explore: the graph depends on none of the parameters")
    return found


def _place(index: Any, n: int) -> int:
    if isinstance(index, bool) or not hasattr(index, "__index__"):
        raise TypeError(f"explore: index must be an int, got {index!r}")
    if not -n <= index < n:
        raise IndexError(f"explore: there is no sample {index} among {n}")
    return int(index) % n
