"""PyTorch's modules as our models."""

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

from .. import init, layers
from ..module import Buffer, Module, Parameter
from ..sequential import Sequential
from . import torch_in_images, torch_layers, torch_sequences
from .axes import axes_added, sample_axes
from .walk import Rules, Translation


def from_torch(module: Any, shape: Sequence[int] | None = None) -> Module:
    """Make a model of a torch.nn.Sequential, nested as it may be, or of a single layer.

    Numbers, names (`conv1.weight`; by position where one is an attribute of ours, as `layers` is)
    and modes are theirs; what is frozen becomes a Buffer, and AdaptiveAvgPool2d(1) is followed by a
    Reshape that gives the axes of size 1.

    Our Flatten counts axes from the last, torch's from the first: how many Flatten() takes follows
    from `shape`, one sample's, or from the first layer that asks for axes: (N, features) before a
    Linear, (N, C, H, W) before a Conv2d, a pool, or the Flatten() itself.

    ValueError for an option that there is not here, TypeError for a module whose forward is its
    own, ImportError where torch is not installed.
    """
    if not isinstance(module, torch_layers.library().nn.Module):
        raise TypeError(f"from_torch: needs a torch.nn.Module, got {module!r:.60}")
    made: Module = FromTorch(shape).model(module)
    return made


class FromTorch(Translation):
    """What is shared there is shared here; the rank of a batch is known once a layer says it."""

    def __init__(self, shape: Sequence[int] | None) -> None:
        super().__init__("from_torch", _rules())
        self.rank = None if shape is None else 1 + len(shape)
        self._made: dict[int, Parameter] = {}

    def visit(self, name: str, module: Any) -> Module:
        """The translation of a part, and one layer further."""
        made: Module = super().visit(name, module)
        if self.rank is None and (axes := sample_axes(made)):
            self.rank = 1 + len(axes)
        if self.rank is not None:
            self.rank += axes_added(made)
        return made

    def new(self, layer: type[Module], *arguments: Any, **options: Any) -> Module:
        """Make a layer; ValueError says at which path it cannot be."""
        with self.located():
            return layer(*arguments, **options)

    def only(self, module: Any, **possible: Any) -> None:
        """Refuse options that a layer here has not."""
        for option, value in possible.items():
            found = getattr(module, option)
            if found not in (value, (value, value), [value, value]):
                raise self.error(f"{option}={found!r}; here only {option}={value!r} is possible")

    def fill(self, made: Module, module: Any) -> None:
        """Copy their parameters and buffers into those of the same names."""
        if (
            module._forward_hooks
            or module._forward_pre_hooks
            or hasattr(module, "parametrizations")
        ):
            raise self.error("it has hooks or parametrizations, which change it; remove them first")
        for name, ours in list(made.named_children()):
            if isinstance(ours, Parameter):
                theirs = getattr(module, name)
                if id(theirs) not in self._made:
                    self._made[id(theirs)] = self._copy(name, theirs, ours)
                setattr(made, name, self._made[id(theirs)])

    def _copy(self, name: str, theirs: Any, ours: Parameter) -> Parameter:
        if theirs.is_complex() or theirs.is_meta:
            raise self.error(
                f"{name}: has no real numbers, it is {theirs.dtype} on {theirs.device}"
            )
        if tuple(theirs.shape) != ours.shape:
            raise self.error(f"{name}: has shape {tuple(theirs.shape)}, the layer {ours.shape}")
        is_trained = ours.trainable and theirs.requires_grad
        return (Parameter if is_trained else Buffer)(theirs.detach().double().tolist())


def _sequential(read: FromTorch, model: Any) -> Module:
    parts = {name: read.visit(name, part) for name, part in model._modules.items()}
    if [*parts] == [str(k) for k in range(len(parts))]:
        return Sequential(*parts.values())
    try:
        return Sequential(parts)
    except ValueError:  # a name that our Sequential has an attribute of
        return Sequential(*parts.values())


def _residual(read: FromTorch, block: Any) -> Module:
    rank = read.rank
    body = read.visit("body", block.body)
    if block.shortcut is None:
        return layers.Residual(body)
    read.rank = rank
    return layers.Residual(body, read.visit("shortcut", block.shortcut))


def _linear(read: FromTorch, m: Any) -> Module:
    return read.new(
        layers.Dense, m.in_features, m.out_features, m.bias is not None, init=init.zeros
    )


def _flatten(read: FromTorch, m: Any) -> Module:
    rank = read.rank or 4
    first, last = (axis if axis >= 0 else rank + axis for axis in (m.start_dim, m.end_dim))
    if not 0 < first <= last == rank - 1:
        raise read.error(
            f"it takes the axes {first} to {last} of {rank}; here only axes up to the last one, "
            "without the batch's, are possible; shape= says what one sample is"
        )
    return layers.Flatten(rank - first)


def _unflatten(read: FromTorch, m: Any) -> Module:
    if m.dim != -1 and m.dim + 1 != (read.rank or 2):
        raise read.error(f"dim={m.dim!r}; here only dim=-1, the last axis, is possible")
    return read.new(layers.Reshape, *m.unflattened_size)


def _embedding(read: FromTorch, m: Any) -> Module:
    read.only(m, max_norm=None, scale_grad_by_freq=False)
    sizes = m.num_embeddings, m.embedding_dim, m.padding_idx
    return read.new(layers.Embedding, *sizes, init=init.zeros)


def _layer_norm(read: FromTorch, m: Any) -> Module:
    if (m.weight is None) != (m.bias is None):
        raise read.error("bias=False; here both weight and bias, or neither, are possible")
    return read.new(layers.LayerNorm, m.normalized_shape, m.eps, m.weight is not None)


def _group_norm(read: FromTorch, m: Any) -> Module:
    return read.new(layers.GroupNorm, m.num_groups, m.num_channels, m.eps, m.weight is not None)


def _rms_norm(read: FromTorch, m: Any) -> Module:
    eps = 2**-23 if m.eps is None else m.eps  # that of float32
    return read.new(layers.RMSNorm, m.normalized_shape, eps, m.weight is not None)


def _batch_norm(read: FromTorch, m: Any, layer: type[Module]) -> Module:
    read.only(m, track_running_stats=True)
    return read.new(layer, m.num_features, m.eps, m.momentum, m.affine)


def _softplus(read: FromTorch, m: Any) -> Module:
    if m.threshold < 20:  # from there on, nothing is to be seen of it in float32
        raise read.error(f"threshold={m.threshold!r}; here the function has no straight part")
    return read.new(layers.Softplus, m.beta)


def _softmax(read: FromTorch, m: Any) -> Module:
    return layers.Softmax(_dim(read, m))


def _log_softmax(read: FromTorch, m: Any) -> Module:
    return layers.LogSoftmax(_dim(read, m))


def _dim(read: FromTorch, m: Any) -> int:
    if m.dim is None:
        raise read.error("dim=None; here an axis must be given, such as dim=-1")
    return int(m.dim)


@cache
def _rules() -> Rules:
    nn = torch_layers.library().nn
    return {
        **torch_in_images.rules(nn),
        **torch_sequences.rules(nn),
        **_activations(nn),
        nn.Sequential: _sequential,
        torch_layers.Residual: _residual,
        nn.Identity: lambda *_: layers.Identity(),
        nn.Linear: _linear,
        nn.Flatten: _flatten,
        nn.Unflatten: _unflatten,
        torch_layers.Reshape: lambda _, m: layers.Reshape(*m.shape, axes=m.axes),
        nn.Embedding: _embedding,
        nn.Dropout: lambda read, m: read.new(layers.Dropout, m.p),
        nn.Dropout2d: lambda read, m: read.new(layers.Dropout2D, m.p),
        nn.LayerNorm: _layer_norm,
        nn.GroupNorm: _group_norm,
        nn.RMSNorm: _rms_norm,
        nn.BatchNorm1d: partial(_batch_norm, layer=layers.BatchNorm1D),
        nn.BatchNorm2d: partial(_batch_norm, layer=layers.BatchNorm2D),
    }


def _activations(nn: Any) -> Rules:
    return {
        nn.ReLU: lambda *_: layers.ReLU(),
        nn.LeakyReLU: lambda _, m: layers.LeakyReLU(m.negative_slope),
        nn.ELU: lambda read, m: read.new(layers.ELU, m.alpha),
        nn.SiLU: lambda *_: layers.SiLU(),
        nn.Softplus: _softplus,
        nn.Hardtanh: lambda read, m: read.new(layers.Hardtanh, m.min_val, m.max_val),
        nn.Sigmoid: lambda *_: layers.Sigmoid(),
        nn.Tanh: lambda *_: layers.Tanh(),
        nn.Softmax: _softmax,
        nn.LogSoftmax: _log_softmax,
        nn.GELU: lambda _, m: layers.GELU(m.approximate),
    }
