"""An ONNX graph that grows node by node, and knows the shape of all that is in it."""

from collections.abc import Sequence
from typing import Any

from autograd import Tensor, numbered

from ..module import Module
from ..optional import needs
from .axes import Axes, axes_of
from .walk import Rule, Rules, Walk
from .weights import floats

OPSET = 21  # of 2024; the first in which GroupNormalization scales channels, not groups
IR_VERSION = 10  # the file format of that time

Shape = tuple[int | str | None, ...]


class Graph(Walk):
    """Nodes and constants of a model; rules are called as rule(graph, layer, x) -> y, by name; the
    rule `own` for what has none.

    A node and its output are called by the layer's path, a constant by the parameter's.
    """

    def __init__(self, model: Module, rules: Rules, own: Rule) -> None:
        super().__init__("to_onnx", rules)
        list(model.named_parameters())  # so that every part knows its path
        self._own = own
        self.onnx = needs("onnx", "nn.export.to_onnx", "glassgrad[onnx]")
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self.types: dict[str, Any] = {}
        self.outputs: list[str] = []
        self._paths = {id(part): path for path, part in model.named_state()}

    def visit(self, name: str, layer: Module, *inputs: str) -> Any:
        """Add the nodes of a layer that is called `name` in the module around it."""
        with self.inside(name, layer) as rule:
            self._check_axes(layer, inputs[0])
            return rule(self, layer, *inputs)

    def otherwise(self, _: Any) -> Rule:
        """A module whose forward is its own, and a function, is recorded."""
        return self._own

    def input(self, name: str, shape: Axes) -> str:
        """An input of the graph."""
        number = self.onnx.TensorProto.FLOAT
        self.types[name] = self.onnx.helper.make_tensor_type_proto(number, shape)
        return name

    def as_whole(self, value: str) -> None:
        """Let an input of the graph that no node reads yet have whole numbers."""
        if not any(value in [*node.input, *node.output] for node in self.nodes):
            self.types[value].tensor_type.elem_type = self.onnx.TensorProto.INT64

    def whole(self, value: str) -> str:
        """A value as whole numbers: the graph's input as such, others are turned into them."""
        kinds = self.onnx.TensorProto
        if value == "input" and not any(value in node.input for node in self.nodes):
            self.types[value].tensor_type.elem_type = kinds.INT64
        if self.types[value].tensor_type.elem_type == kinds.INT64:
            return value
        return self.node("Cast", value, part="/whole", to=kinds.INT64)

    def output(self, name: str, value: str) -> None:
        """Call a value the graph's output; one that others need too, or that is an input, is
        copied.
        """
        makers = [node for node in self.nodes if value in node.output]
        if not makers or any(value in node.input for node in self.nodes):
            self.outputs.append(self.add(name, "Identity", value))
            return
        outputs = makers[0].output
        outputs[list(outputs).index(value)] = name
        self.types[name] = self.types.pop(value)
        self.outputs.append(name)

    def shape(self, value: str) -> Shape:
        """The axes of a value: a size, the name of a free axis, or None for one that follows."""
        axes = self.types[value].tensor_type.shape.dim
        return tuple(axis.dim_value or axis.dim_param or None for axis in axes)

    def text(self, value: str) -> str:
        """The axes of a value as one writes them."""
        return _text(self.shape(value))

    def check_image(self, value: str, sides: str = "HW") -> None:
        """The value is a batch of images and nothing else: (N, C, H, W), or with other sides."""
        axes = ("N", "C", *sides)
        if len(self.shape(value)) != len(axes):
            raise self.error(
                f"in ONNX it takes {_text(axes)}, and its input is {self.text(value)}; shape= is "
                "one sample's, without the batch"
            )

    def check_alike(self, one: str, other: str) -> None:
        """The values have the same shape, as far as it is known."""
        pair = self.shape(one), self.shape(other)
        if len(pair[0]) != len(pair[1]) or any(map(_differ, *pair)):
            raise self.error(f"it adds {self.text(one)} and {self.text(other)}")

    def _check_axes(self, layer: Module, value: str) -> None:
        """The value has the axes that the layer was built for, after the batch's."""
        asked, sample = axes_of(layer), self.shape(value)[1:]
        if len(sample) < len(asked) or any(map(_differ, sample[::-1], asked[::-1])):
            raise self.error(
                f"its input is {self.text(value)}, it was built for {_text((..., *asked))}; if "
                "the model is right, shape= says what one sample is"
            )

    def node(
        self, op: str, *inputs: Any, part: str = "", output: int = 0, **attributes: Any
    ) -> str:
        """Add a node and name its output, the first of those that it could have, or another.

        An input is a value's name, a Tensor of numbers, a number, whole numbers, or None. Where a
        layer makes several nodes, the inner ones are called by the `part` that they do.
        """
        name = (self.path or self.class_name) + part
        return self.add(name, op, *inputs, output=output, **attributes)

    def add(self, name: str, op: str, *inputs: Any, output: int = 0, **attributes: Any) -> str:
        """Add a node that is called `name`."""
        schema = self.onnx.defs.get_schema(op, OPSET, "")
        last = schema.inputs[-1].name  # which may stand for several
        slots = [slot.name for slot in schema.inputs] + [f"{last}{k}" for k in range(len(inputs))]
        slots = [f"{name}.{slot}" for slot in slots[: len(inputs)]]
        names = list(map(self.value, inputs, slots))
        outputs = [""] * output + [name]
        self.nodes.append(self.onnx.helper.make_node(op, names, outputs, name, **attributes))
        self.types[name] = self._type(schema, self.nodes[-1])
        return name

    def unused(self, name: str) -> str:
        """A name that no value has yet: this one, or numbered."""
        return numbered(name, self.types)

    def value(self, x: Any, slot: str) -> str:
        """The name of a node's input, which is added as a constant where it is one."""
        if x is None or isinstance(x, str):
            return x or ""
        name = self._paths.get(id(x), slot)
        if name not in self.constants:
            constant = self.onnx.numpy_helper.from_array(self._array(x, name), name)
            self.constants[name] = constant
            self.types[name] = self.onnx.helper.make_tensor_type_proto(
                constant.data_type, constant.dims
            )
        return name

    def _array(self, x: Any, name: str) -> Any:
        np = needs("numpy", "nn.export.to_onnx", "glassgrad")
        if not isinstance(x, Tensor):
            numbers = np.asarray(x)
            return numbers.astype(np.float32 if numbers.dtype.kind == "f" else np.int64)
        with self.located(f"{name}: "):
            numbers = floats(x, float(np.finfo(np.float32).max))
        return np.array(numbers, np.float32).reshape(x.shape)

    def _type(self, schema: Any, node: Any) -> Any:
        """The type and shape of a node's output."""
        infer = self.onnx.shape_inference
        with self.located(kinds=(infer.InferenceError,)):
            types = infer.infer_node_outputs(
                schema,
                node,
                {name: self.types[name] for name in node.input if name},
                {name: self.constants[name] for name in node.input if name in self.constants},
                opset_imports=[self.onnx.helper.make_opsetid("", OPSET)],
                ir_version=IR_VERSION,
            )
        found = types.get(node.output[-1])
        # onnx knows no shape of GroupNormalization, which keeps its input's
        is_known = found is not None and found.tensor_type.HasField("shape")
        return found if is_known else self.types[node.input[0]]


def _differ(one: int | str | None, other: int | str | None) -> bool:
    return isinstance(one, int) and isinstance(other, int) and one != other


def _text(shape: Sequence[Any]) -> str:
    """A shape as one writes it, `(N, 1, H, W)`; ? is a size that follows from others."""
    words = {None: "?", ...: "..."}
    axes = [str(words.get(axis, axis)) for axis in shape]
    return f"({', '.join(axes)}{',' * (len(axes) == 1)})"
