"""Our models as PyTorch's modules."""

from collections import OrderedDict
from functools import cached_property
from typing import Any

from autograd import Tensor, no_grad

from .. import layers
from ..module import Module, Parameter
from ..sequential import Sequential
from ..watch import watched
from . import torch_layers, torch_out_images, torch_sequences
from .axes import AnyShape, sample_shapes
from .recorded import Shapes, recorded
from .walk import Rule, Rules, Translation
from .weights import floats


def to_torch(model: Module, shape: AnyShape | None = None) -> Any:
    """Make a torch.nn.Module of a model: a torch.nn.Sequential of a Sequential, layer by layer.

    Its state_dict has our names and numbers, in torch's default type, float32; its modules are in
    training or evaluation as ours are. A layer that torch has not is a module of
    `nn.export.torch_layers`. torch.nn.BatchNorm1d and 2d count their batches
    (`num_batches_tracked`), ours do not.

    A module whose forward is its own is recorded, for one sample of `shape`, or several, one for
    each input; without it, that of the training, or what the first layers were built for. It is a
    `Recorded`, which takes batches, and can be trained; it does what ours does in evaluation.

    ValueError where a shape is needed or does not fit, for random numbers, for what is decided by a
    number, and for weights that are not real; ImportError where torch is not installed.
    """
    if not isinstance(model, Module):
        raise TypeError(f"to_torch: needs a Module, got {model!r:.60}")
    translation = ToTorch(model, shape)
    with translation.torch.random.fork_rng(devices=[]):  # torch draws weights for each layer
        return translation.model(model)


class ToTorch(Translation):
    """What is shared here is shared there."""

    def __init__(self, model: Module, shape: AnyShape | None) -> None:
        super().__init__("to_torch", RULES)
        self.torch = torch_layers.library()
        self.nn = self.torch.nn
        self._model, self._shape = model, shape
        self._made: dict[int, Any] = {}

    def otherwise(self, module: Any) -> Rule:
        """A module is recorded; a function has no place in PyTorch's modules."""
        return ToTorch._recorded if isinstance(module, Module) else super().otherwise(module)

    def _recorded(self, module: Module) -> Any:
        shapes = self._inputs[id(module)]
        with self.located():
            graph, parameters = recorded(self.function, module, shapes)
        made = torch_layers.Recorded(graph)
        for path, ours in parameters.items():
            self._place(made, path, ours)
        return made

    @cached_property
    def _inputs(self) -> dict[int, Shapes]:
        """The shapes of the inputs of each module, for one sample of the model."""
        shapes = sample_shapes(self.function, self._model, self._shape)
        with watched(self.function, self._model) as calls, no_grad():
            self._model(*(Tensor.zeros(*shape) for shape in shapes))
        return {id(call.layer): [getattr(x, "shape", ()) for x in call.inputs] for call in calls}

    def _place(self, made: Any, path: str, ours: Parameter) -> None:
        """Put a parameter where its path leads, through modules that only hold."""
        *way, name = path.split(".")
        with self.located(f"{path}: a name of PyTorch's own: ", (KeyError,)):
            for step in way:
                if step not in made._modules:
                    made.add_module(step, self.nn.Module())
                made = made._modules[step]
            slot = self.torch.zeros(())
            slot = self.nn.Parameter(slot) if ours.trainable else slot
            if id(ours) not in self._made:
                self._made[id(ours)] = self._copy(path, ours, slot)
            register = made.register_parameter if ours.trainable else made.register_buffer
            register(name, self._made[id(ours)])

    def fill(self, made: Any, module: Module) -> None:
        """Copy our parameters and buffers into those of the same names."""
        slots = [*made.named_parameters(recurse=False), *made.named_buffers(recurse=False)]
        for name, slot in slots:
            if hasattr(module, name):
                ours = getattr(module, name)
                if id(ours) not in self._made:
                    self._made[id(ours)] = self._copy(name, ours, slot)
                setattr(made, name, self._made[id(ours)])

    def _copy(self, name: str, ours: Any, slot: Any) -> Any:
        with self.located(f"{name}: "):
            numbers = floats(ours, self.torch.finfo(slot.dtype).max)
        tensor = self.torch.tensor(numbers, dtype=slot.dtype).reshape(ours.shape)
        if not isinstance(slot, self.nn.Parameter):
            return tensor
        return self.nn.Parameter(tensor, requires_grad=getattr(ours, "trainable", False))


def _sequential(to: ToTorch, model: Sequential) -> Any:
    layers = OrderedDict((name, to.visit(name, layer)) for name, layer in model.named_layers())
    with to.located("a name of PyTorch's own: ", (KeyError,)):
        return to.nn.Sequential(layers)


def _reshape(to: ToTorch, layer: layers.Reshape) -> Any:
    if layer.axes == 1:
        return to.nn.Unflatten(-1, layer.shape)
    return torch_layers.Reshape(*layer.shape, axes=layer.axes)


def _residual(to: ToTorch, block: layers.Residual) -> Any:
    parts = {name: to.visit(name, part) for name, part in block.named_children()}
    return torch_layers.Residual(**parts)


def _is_scaled(layer: Any) -> bool:
    return layer.weight is not None and layer.bias is not None


def _batch_norm(layer: layers.BatchNorm1D | layers.BatchNorm2D) -> tuple[int, float, float, bool]:
    return layer.channels, float(layer.eps), float(layer.momentum), _is_scaled(layer)


RULES: Rules = {
    **torch_out_images.RULES,
    Sequential: _sequential,
    layers.Residual: _residual,
    layers.Dense: lambda to, m: to.nn.Linear(m.in_features, m.out_features, m.bias is not None),
    layers.Flatten: lambda to, m: to.nn.Flatten(-m.axes),
    layers.Reshape: _reshape,
    layers.Identity: lambda to, _: to.nn.Identity(),
    layers.Embedding: lambda to, m: to.nn.Embedding(
        m.num_embeddings, m.embedding_dim, m.padding_idx
    ),
    layers.Dropout: lambda to, m: to.nn.Dropout(m.rate),
    layers.Dropout2D: lambda to, m: to.nn.Dropout2d(m.rate),
    layers.LayerNorm: lambda to, m: to.nn.LayerNorm(m.shape, float(m.eps), _is_scaled(m)),
    layers.GroupNorm: lambda to, m: to.nn.GroupNorm(
        m.groups, m.channels, float(m.eps), _is_scaled(m)
    ),
    layers.RMSNorm: lambda to, m: to.nn.RMSNorm(m.shape, float(m.eps), m.weight is not None),
    layers.BatchNorm1D: lambda to, m: to.nn.BatchNorm1d(*_batch_norm(m)),
    layers.BatchNorm2D: lambda to, m: to.nn.BatchNorm2d(*_batch_norm(m)),
    layers.ReLU: lambda to, _: to.nn.ReLU(),
    layers.LeakyReLU: lambda to, m: to.nn.LeakyReLU(float(m.slope)),
    layers.ELU: lambda to, m: to.nn.ELU(float(m.alpha)),
    layers.SiLU: lambda to, _: to.nn.SiLU(),
    layers.Softplus: lambda to, m: to.nn.Softplus(float(m.beta)),
    layers.Hardtanh: lambda to, m: to.nn.Hardtanh(float(m.low), float(m.high)),
    layers.Sigmoid: lambda to, _: to.nn.Sigmoid(),
    layers.Tanh: lambda to, _: to.nn.Tanh(),
    layers.Softmax: lambda to, m: to.nn.Softmax(m.axis),
    layers.LogSoftmax: lambda to, m: to.nn.LogSoftmax(m.axis),
    layers.GELU: lambda to, m: to.nn.GELU(m.approximate),
    **torch_sequences.OUT,
}
