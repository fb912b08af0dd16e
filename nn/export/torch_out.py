"""Our models as PyTorch's modules."""

from collections import OrderedDict
from typing import Any

from .. import layers
from ..module import Module
from ..sequential import Sequential
from . import torch_layers, torch_sequences
from .walk import Rules, Translation
from .weights import floats


def to_torch(model: Module) -> Any:
    """Make a torch.nn.Module of a model: a torch.nn.Sequential of a Sequential, layer by layer.

    Its state_dict has our names and numbers, in torch's default type, float32; its modules are in
    training or evaluation as ours are. A layer that torch has not is a module of
    `nn.export.torch_layers`. TypeError for a module whose forward is its own, ValueError for
    weights that are not real numbers, ImportError where torch is not installed.

    torch.nn.BatchNorm2d counts its batches (`num_batches_tracked`), ours does not.
    """
    if not isinstance(model, Module):
        raise TypeError(f"to_torch: needs a Module, got {model!r:.60}")
    translation = ToTorch()
    with translation.torch.random.fork_rng(devices=[]):  # torch draws weights for each layer
        return translation.model(model)


class ToTorch(Translation):
    """What is shared here is shared there."""

    def __init__(self) -> None:
        super().__init__("to_torch", RULES)
        self.torch = torch_layers.library()
        self.nn = self.torch.nn
        self._made: dict[int, Any] = {}

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


def _conv2d(to: ToTorch, layer: layers.Conv2D) -> Any:
    sizes = layer.in_channels, layer.out_channels, layer.kernel_size, layer.stride
    rest = {"dilation": layer.dilation, "groups": layer.groups, "bias": layer.bias is not None}
    if layer.padding == "same" and layer.stride != (1, 1):
        return torch_layers.Conv2dSame(*sizes, **rest)
    return to.nn.Conv2d(*sizes, padding=layer.padding, **rest)


def _global_avg_pool(*_: object) -> Any:
    return torch_layers.GlobalAvgPool()


def _reshape(to: ToTorch, layer: layers.Reshape) -> Any:
    if layer.axes == 1:
        return to.nn.Unflatten(-1, layer.shape)
    return torch_layers.Reshape(*layer.shape, axes=layer.axes)


def _residual(to: ToTorch, block: layers.Residual) -> Any:
    parts = {name: to.visit(name, part) for name, part in block.named_children()}
    return torch_layers.Residual(**parts)


def _is_scaled(layer: layers.LayerNorm | layers.GroupNorm) -> bool:
    return layer.weight is not None and layer.bias is not None


RULES: Rules = {
    Sequential: _sequential,
    layers.Residual: _residual,
    layers.Dense: lambda to, m: to.nn.Linear(m.in_features, m.out_features, m.bias is not None),
    layers.Conv2D: _conv2d,
    layers.MaxPool: lambda to, m: to.nn.MaxPool2d(m.kernel_size, m.stride, m.padding),
    layers.AvgPool: lambda to, m: to.nn.AvgPool2d(m.kernel_size, m.stride, m.padding),
    layers.GlobalAvgPool: _global_avg_pool,
    layers.Flatten: lambda to, m: to.nn.Flatten(-m.axes),
    layers.Reshape: _reshape,
    layers.Dropout: lambda to, m: to.nn.Dropout(m.rate),
    layers.LayerNorm: lambda to, m: to.nn.LayerNorm(m.shape, float(m.eps), _is_scaled(m)),
    layers.GroupNorm: lambda to, m: to.nn.GroupNorm(
        m.groups, m.channels, float(m.eps), _is_scaled(m)
    ),
    layers.BatchNorm2D: lambda to, m: to.nn.BatchNorm2d(
        m.channels, float(m.eps), float(m.momentum)
    ),
    layers.ReLU: lambda to, _: to.nn.ReLU(),
    layers.LeakyReLU: lambda to, m: to.nn.LeakyReLU(float(m.slope)),
    layers.Sigmoid: lambda to, _: to.nn.Sigmoid(),
    layers.Tanh: lambda to, _: to.nn.Tanh(),
    layers.Softmax: lambda to, m: to.nn.Softmax(m.axis),
    layers.GELU: lambda to, m: to.nn.GELU(m.approximate),
    **torch_sequences.OUT,
}
