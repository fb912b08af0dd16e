"""A function of one sample as a graph that is the same for all of them: what a page learns with."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...anomaly import trace_anomaly
from ...compiler.trace.record import Argument, Recording
from ...compiler.trace.repeatable import recorded
from ...functions import BATCH_MEAN
from ...graph import AnyNode, order
from ...numbers.kinds import UNKNOWN, is_finite
from ...primitives import PRIMITIVES
from ...reach import values_of
from ...scopes import tracing, uncollected
from ...tensor import Tensor
from ...value import Value
from ..read.graph import Graph
from ..read.stages import Stage
from .samples import Samples
from .snapshot import Snapshot

WHERE, AT_LEAST = PRIMITIVES["where"], PRIMITIVES["at_least"]


@dataclass
class Lesson:
    """What a page learns from: `inputs` are the leaves that columns of the samples go to.

    `scores` are nodes, one for each class; the largest is the class that is predicted.
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
            if target <= read:
                before = [t for other in stage.predecessors for t in other.outputs]
                found = [t for t in before if t.name.shape == shape and read.issuperset(t.entries)]
                return found[-1].entries if found else []
        return []


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
    taken = _arguments(loss_of)
    data = Samples(samples, validation, taken or ())
    index = _place(index, len(data))
    row = _fed(loss_of, data.row(index), taken)
    with _said_of(loss_of), uncollected(), tracing(None):
        recording = recorded(loss_of, row, parameters)
    _refuse_chance(recording)
    results = _results(recording)
    inputs = [argument.values for argument in recording.arguments]
    for name, argument in zip(data.names, recording.arguments, strict=False):
        _fill(argument, name)
    root, *scores = _computed([v for values in results for v in values])
    _refuse_infinite(root, index)
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
    put("scores", np.array(lesson.score_nodes(graph, snapshot.stages), np.int32))
    snapshot.arrays.update(lesson.samples.arrays)
    snapshot.header["samples"] = {**lesson.samples.header(), "index": lesson.index}


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


# --- what is refused ------------------------------------------------------------------------------


def _arguments(function: Callable[..., Any]) -> list[str] | None:
    """The names of the arguments that a function needs; None where it takes any number."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in found):
        return None
    return [p.name for p in found if p.kind is not p.KEYWORD_ONLY and p.default is p.empty]


def _fed(function: Any, row: list[Any], taken: list[str] | None) -> list[Any]:
    """The parts of a sample that a function takes; what it does not take are captions."""
    if taken is None:
        return row
    if len(taken) > len(row) or not taken:
        raise TypeError(
            f"explore: {_called(function)} takes {', '.join(taken) or 'nothing'}, and a sample has "
            f"{len(row)} part{'s' * (len(row) > 1)}"
        )
    return row[: len(taken)]


def _place(index: Any, n: int) -> int:
    if isinstance(index, bool) or not hasattr(index, "__index__"):
        raise TypeError(f"explore: index must be an int, got {index!r}")
    if not -n <= index < n:
        raise IndexError(f"explore: there is no sample {index} among {n}")
    return int(index) % n


@contextmanager
def _said_of(function: Any) -> Iterator[None]:
    """Say of errors, which may come from within the function, what it was called for."""
    try:
        yield
    except Exception as error:
        error.add_note(
            f"explore records {_called(function)} once, as autograd.compile does: with numbers "
            "that are not known, and whole-number labels as one-hot rows (floats stay numbers)"
        )
        raise


def _called(function: Any) -> str:
    return getattr(function, "__qualname__", None) or type(function).__name__


def _refuse_chance(recording: Recording) -> None:
    trace = recording.trace
    makers = [values[0] for values, _, _ in trace.draws]
    told = [x for _, tensors in trace.observed for y in tensors for x in values_of(y)]
    told += [node for node in trace if node.op is BATCH_MEAN]
    for nodes, what in [(makers, "draws random numbers"), (told, "depends on its batch")]:
        if nodes:
            where = getattr(nodes[0].scope, "kind", "") or "the function"
            path = f" {nodes[0].scope}" if nodes[0].scope else ""
            raise ValueError(
                f"explore: {where}{path} {what}, and the page runs one sample, always in the same "
                "way; model.eval() is how the model predicts"
            )


def _results(recording: Recording) -> list[list[Value]]:
    """The loss, and scores where they are returned too."""
    count = sum(n for _, n in recording.observers)
    results = recording.results[: len(recording.results) - count]
    if results[0].shape or len(results) > 2:
        shapes = " and ".join(
            f"a Tensor of shape {r.shape}" if r.shape else "a Value" for r in results
        )
        raise TypeError(
            f"explore: the function must return a loss, a single Value, and may return scores "
            f"after it; it returned {shapes}"
        )
    return [result.values for result in results]


def _refuse_infinite(root: Value, index: int) -> None:
    if not is_finite(root.data):
        cause = trace_anomaly(root)
        raise ValueError(f"explore: the loss of sample {index} is {root.data}: {cause}")


# --- numbers for what was recorded ----------------------------------------------------------------


def _fill(argument: Argument, name: str) -> None:
    """Give the leaves of an argument the numbers of the example, and a name."""
    for v, number in zip(argument.values, argument.example, strict=True):
        v.data = number
    if not argument.values[0].name:
        if argument.shape:
            Tensor(argument.values).reshape(argument.shape).rename(name)
        else:
            argument.values[0].label = name


def _computed(roots: list[Value]) -> list[Value]:
    """Compute what was recorded; guards against nan that have nothing to do are left out.

    where(p >= p, p, 0) is p for a number, and where(c, p, p) is p.
    """
    same: dict[AnyNode, AnyNode] = {}
    for node in order(*roots):
        inputs = node.inputs = tuple([same.get(x, x) for x in node.inputs])
        if node.op is None:
            if any(number is UNKNOWN for number in node.data):
                node.data = tuple([x.data for x in inputs])
            continue
        if node.data is UNKNOWN:
            node.data = node.op.forward(*[x.data for x in inputs])
            if node.data is UNKNOWN:
                raise ValueError(
                    "explore: no_grad(), or the .data or item() of a Value, hides how a number was "
                    "made; use autograd.stop_gradient to keep gradients out"
                )
        if node.op is WHERE and (_is_number(inputs[0]) or inputs[1] is inputs[2]):
            same[node] = inputs[1]
    return [same.get(root, root) for root in roots]


def _is_number(condition: AnyNode) -> bool:
    """Whether a condition asks if a number is one, and it is."""
    asks = condition.op is AT_LEAST and condition.inputs[0] is condition.inputs[1]
    return asks and bool(condition.data)
