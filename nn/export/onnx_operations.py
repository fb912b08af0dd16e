"""What each operation of a recorded program is in ONNX.

Rules are called as rule(write, operation, *inputs) and give the name of what they make; an input is
a value's name or a number.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from ..nests import flattened, formed
from .onnx_graph import Graph
from .recorded import recorded


def own(graph: Graph, layer: Any, *inputs: str) -> Any:
    """Add what a module or a function does; the names of its results, in their form."""
    shapes = [[n for n in graph.shape(x)[1:] if isinstance(n, int)] for x in inputs]
    if [1 + len(shape) for shape in shapes] != [len(graph.shape(x)) for x in inputs]:
        raise graph.error(
            f"its forward is its own, and is recorded for one shape; its input is "
            f"{graph.text(inputs[0])}; give shape=, one sample's in numbers, such as (1, 28, 28)"
        )
    with graph.located():
        made, parameters = recorded(graph.function, layer, shapes)
    names = [name for name, _ in made.inputs]
    known = dict(zip(names, inputs, strict=True))
    for name in _looked_up(made) & set(names):
        graph.as_whole(known[name])
    read = {x for operation in made.operations for x in operation.inputs}
    read |= {x for _, x in flattened(made.results)}
    for name, x in [*parameters.items(), *made.constants.items()]:
        if name in read:
            known[name] = graph.value(x, graph.unused(name))
    writer = Writer(graph, known)
    for operation in made.operations:
        writer.write(operation)
    return formed(made.results, writer.number)


def _looked_up(made: Any) -> set[str]:
    """The tensors that are read only as numbers to look up by."""
    found = {name: False for _, name in flattened(made.results)}
    for operation in reversed(made.operations):
        for k, x in enumerate(operation.inputs):
            moves = operation.op in ("reshape", "transpose", "slice", "take", "expand")
            fits = found.get(operation.name, False) if moves else operation.op == "lookup" and k
            if operation.op != "expand" or k == 0:  # the other tells only how many there are
                found[x] = bool(found.get(x, True) and fits)
    return {name for name, fits in found.items() if fits}


class Writer:
    """Adds the operations of one program to a graph; `known` are the values of its tensors.

    In ONNX, truths are a type of their own: they become numbers where they are used as such.
    """

    def __init__(self, graph: Graph, known: Mapping[str, Any]) -> None:
        self.graph = graph
        self.known = dict(known)
        self._truths: set[str] = set()
        self._casts: dict[tuple[str, str], str] = {}
        self._name = ""

    def write(self, operation: Any) -> None:
        """Add an operation; ValueError for one that has no rule."""
        rule = RULES.get(operation.op)
        if rule is None:
            raise self.graph.error(f"ONNX has no rule for {operation.op}")
        self._name = self.graph.unused(operation.name)
        head, *rest = operation.inputs
        first = self._truth(head) if operation.op == "where" else self.number(head)
        made = rule(self, operation, first, *map(self.number, rest))
        self.known[operation.name] = made
        if operation.op in TRUTHS:
            self._truths.add(made)

    def node(self, op: str, *inputs: Any, part: str = "", **attributes: Any) -> str:
        """Add a node; the last one of an operation has no `part` in its name."""
        return self.graph.add(self._name + part, op, *inputs, **attributes)

    def shaped(self, name: str, operation: Any) -> str:
        """Say the shape of a value that ONNX cannot infer."""
        self.graph.input(name, ("N", *operation.shape))
        return name

    def number(self, x: Any) -> Any:
        """The value of a tensor; a truth as 1 or 0."""
        value = self.known.get(x, x)
        return self._cast(value, "FLOAT") if value in self._truths else value

    def _truth(self, x: Any) -> Any:
        value = self.known.get(x, x)
        return value if value in self._truths else self._cast(value, "BOOL")

    def _cast(self, value: Any, to: str) -> str:
        if (value, to) not in self._casts:
            name = self.graph.unused(f"{self._name}/{to.lower()}")
            kind = getattr(self.graph.onnx.TensorProto, to)
            self._casts[value, to] = self.graph.add(name, "Cast", value, to=kind)
        return self._casts[value, to]


Rule = Callable[..., str]


def _word(op: str) -> Rule:
    """An operation that ONNX has."""
    return lambda write, _, *inputs: write.node(op, *inputs)


def _leaky_relu(write: Writer, _: Any, x: Any, slope: Any) -> str:
    if isinstance(slope, float):
        return write.node("LeakyRelu", x, alpha=slope)
    above = write.node("Greater", x, 0.0, part="/above")
    return write.node("Where", above, x, write.node("Mul", slope, x, part="/below"))


def _equal(write: Writer, _: Any, a: Any, b: Any) -> str:
    """Numbers are equal, or both are nan."""
    equal = write.node("Equal", a, b, part="/equal")
    nans = [write.node("IsNaN", x, part=f"/nan{k}") for k, x in enumerate((a, b))]
    return write.node("Or", equal, write.node("And", *nans, part="/nan"))


TRUTHS = {"greater", "at_least", "equal"}
WORDS = {
    "add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "pow": "Pow", "neg": "Neg",
    "abs": "Abs", "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "sin": "Sin", "cos": "Cos",
    "tanh": "Tanh", "sigmoid": "Sigmoid", "softplus": "Softplus", "erf": "Erf", "relu": "Relu",
    "maximum": "Max", "minimum": "Min", "where": "Where", "floor": "Floor", "ceil": "Ceil",
    "round": "Round", "greater": "Greater", "at_least": "GreaterOrEqual", "stop": "Identity",
    "matmul": "MatMul",
}  # fmt: skip


def _linear(write: Writer, operation: Any, x: str, w: str, *bias: str) -> str:
    if len(operation.shape) == 1:
        return write.node("Gemm", x, w, *bias, transB=1)
    turned = write.node("Transpose", w, part="/transposed", perm=[1, 0])
    if not bias:
        return write.node("MatMul", x, turned)
    return write.node("Add", write.node("MatMul", x, turned, part="/product"), *bias)


def _sliding(write: Writer, operation: Any, x: str, fill: float) -> tuple[str, dict[str, Any]]:
    """An image and how windows slide; margins as wide as a window are not a layer's own."""
    how = operation.attributes
    before, after = how["pads"]
    slides = {"strides": how["strides"], "dilations": how["dilations"], "pads": before + after}
    if "kernel" not in how:
        return x, slides
    slides["kernel_shape"] = how["kernel"]
    if all(max(a, b) < k for a, b, k in zip(before, after, how["kernel"], strict=True)):
        return x, slides
    x = _margins(write, x, (0, 0, *before), (0, 0, *after), fill, part="/padded")
    return x, slides | {"pads": (0,) * len(before + after)}


def _margins(write: Writer, x: str, before: Any, after: Any, fill: float, part: str = "") -> str:
    return write.node("Pad", x, [*before, *after], fill, part=part)


def _conv(write: Writer, operation: Any, x: str, *weights: str) -> str:
    x, how = _sliding(write, operation, x, 0.0)
    return write.node("Conv", x, *weights, group=operation.attributes["groups"], **how)


def _max_pool(write: Writer, operation: Any, x: str) -> str:
    x, how = _sliding(write, operation, x, -math.inf)
    return write.node("MaxPool", x, **how)


def _mean_pool(write: Writer, operation: Any, x: str, part: str = "") -> str:
    x, how = _sliding(write, operation, x, 0.0)
    return write.node("AveragePool", x, part=part, count_include_pad=1, **how)


def _sum_pool(write: Writer, operation: Any, x: str) -> str:
    mean = _mean_pool(write, operation, x, part="/mean")
    return write.node("Mul", mean, float(math.prod(operation.attributes["kernel"])))


def _reduction(op: str) -> Rule:
    def reduce(write: Writer, operation: Any, x: str) -> str:
        first = int(operation.batched)
        axes = [first + k for k in operation.attributes["axes"]]
        return write.node(op, x, axes, keepdims=0)

    return reduce


def _reshape(write: Writer, operation: Any, x: str) -> str:
    """0 leaves the axis of samples as it is."""
    return write.node("Reshape", x, [0] * operation.batched + list(operation.shape))


def _transpose(write: Writer, operation: Any, x: str) -> str:
    first, axes = int(operation.batched), operation.attributes["axes"]
    return write.node("Transpose", x, perm=[*range(first), *(first + k for k in axes)])


def _slice(write: Writer, operation: Any, x: str) -> str:
    axes = [k + int(operation.batched) for k in range(len(operation.shape))]
    how = operation.attributes
    return write.node("Slice", x, list(how["starts"]), list(how["stops"]), axes)


def _pad(write: Writer, operation: Any, x: str) -> str:
    how, samples = operation.attributes, (0,) * int(operation.batched)
    before, after = (samples + how[k] for k in ("before", "after"))
    return _margins(write, x, before, after, how["value"])


def _take(write: Writer, operation: Any, x: str, indices: str) -> str:
    return write.node("Gather", x, indices, axis=int(operation.batched))


def _lookup(write: Writer, _: Any, rows: str, numbers: str) -> str:
    axes = len(write.graph.shape(rows))
    index, whole = numbers, write.graph.onnx.TensorProto.INT64
    if write.graph.types[numbers].tensor_type.elem_type != whole:
        index = write.node("Cast", numbers, part="/index", to=whole)
    if axes == 2:
        return write.node("Gather", rows, index, axis=0)
    index = write.node("Unsqueeze", index, [-1], part="/indices")
    return write.node("GatherND", rows, index, batch_dims=axes - 2)


def _concat(write: Writer, operation: Any, *inputs: str) -> str:
    axis = operation.attributes["axis"] + int(operation.batched)
    return write.node("Concat", *inputs, axis=axis)


def _expand(write: Writer, operation: Any, x: str, like: str) -> str:
    samples = write.node("Shape", like, part="/samples", start=0, end=1)
    shape = write.node("Concat", samples, list(operation.shape), part="/shape", axis=0)
    return write.shaped(write.node("Expand", x, shape), operation)


RULES: dict[str, Rule] = {
    **{name: _word(op) for name, op in WORDS.items()},
    "leaky_relu": _leaky_relu,
    "equal": _equal,
    "linear": _linear,
    "lookup": _lookup,
    "conv": _conv,
    "max_pool": _max_pool,
    "mean_pool": _mean_pool,
    "sum_pool": _sum_pool,
    "sum_over": _reduction("ReduceSum"),
    "max_over": _reduction("ReduceMax"),
    "min_over": _reduction("ReduceMin"),
    "mean_over": _reduction("ReduceMean"),
    "batch_mean": lambda write, _, x: write.node("ReduceMean", x, [0], keepdims=0),
    "reshape": _reshape,
    "transpose": _transpose,
    "slice": _slice,
    "pad": _pad,
    "take": _take,
    "concat": _concat,
    "expand": _expand,
}
