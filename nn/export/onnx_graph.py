"""An ONNX graph that grows node by node, and knows the shape of all that is in it."""

from collections.abc import Sequence
from typing import Any

from autograd import Tensor

from ..module import Module
from ..optional import needs
from .axes import Axes, axes_of
from .walk import Rules, Walk
from .weights import floats

OPSET = 21  # of 2024; the first in which GroupNormalization scales channels, not groups
IR_VERSION = 10  # the file format of that time

Shape = tuple[int | str | None, ...]


class Graph(Walk):
    """Nodes and constants of a model; rules are called as rule(graph, layer, x) -> y, by name.

    A node and its output are called by the layer's path, a constant by the parameter's.
    """

    def __init__(self, model: Module, rules: Rules) -> None:
        super().__init__("to_onnx", rules)
        self.onnx = needs("onnx", "nn.export.to_onnx", "glassgrad[onnx]")
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self.types: dict[str, Any] = {}
        self._paths = {id(part): path for path, part in model.named_state()}

    def visit(self, name: str, layer: Module, x: str) -> str:
        """Add the nodes of a layer that is called `name` in the module around it."""
        with self.inside(name, layer) as rule:
            self._check_axes(layer, x)
            made: str = rule(self, layer, x)
        return made

    def input(self, name: str, shape: Axes) -> str:
        """An input of the graph."""
        number = self.onnx.TensorProto.FLOAT
        self.types[name] = self.onnx.helper.make_tensor_type_proto(number, shape)
        return name

    def output(self, name: str, value: str) -> None:
        """Call the value that the last node makes the graph's output."""
        if not self.nodes:  # the model changes nothing
            self.nodes.append(self.onnx.helper.make_node("Identity", [value], [name]))
        self.nodes[-1].output[-1] = name
        self.types[name] = self.types[value] if value == "input" else self.types.pop(value)

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

        An input is a value's name, a Tensor of numbers, a list of whole numbers, or None. Where a
        layer makes several nodes, the inner ones are called by the `part` that they do.
        """
        name = (self.path or self.class_name) + part
        schema = self.onnx.defs.get_schema(op, OPSET, "")
        slots = [f"{name}.{slot.name}" for slot in schema.inputs]
        names = list(map(self._value, inputs, slots))
        outputs = [""] * output + [name]
        self.nodes.append(self.onnx.helper.make_node(op, names, outputs, name, **attributes))
        self.types[name] = self._type(schema, self.nodes[-1])
        return name

    def _value(self, x: Any, slot: str) -> str:
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

    def _array(self, x: Tensor | Sequence[int], name: str) -> Any:
        np = needs("numpy", "nn.export.to_onnx", "glassgrad")
        if not isinstance(x, Tensor):
            return np.array(x, np.int64)
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
