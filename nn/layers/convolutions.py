"""Convolutions of signals (..., C, L) and images (..., C, H, W), and the way back up."""

import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from autograd import Tensor, concatenate, einsum

from .. import init, validate
from ..annotations import Generator
from ..module import Layer, Parameter
from ..validate import Pair, Steps


class _Channels(Layer):
    """Output channels from input channels, by groups; classes give the equation."""

    equation: str  # of the weight and the patches [..., c, i, j, u, v] that kernels see
    weight: Parameter
    bias: Parameter | None

    def _take(self, in_channels: int, out_channels: int, groups: int) -> None:
        name = type(self).__name__
        self.in_channels = inputs = validate.positive(name, "in_channels", in_channels)
        self.out_channels = outputs = validate.positive(name, "out_channels", out_channels)
        self.groups = validate.positive(name, "groups", groups)
        validate.divides(name, "groups", self.groups, in_channels=inputs, out_channels=outputs)

    def _product(self, weight: Tensor, patches: Tensor) -> Tensor:
        """The equation; each group of output channels sees its own group of input channels."""
        groups, n = self.groups, weight.ndim - 2
        if groups == 1:
            y: Tensor = einsum(self.equation, weight, patches)
            return y
        lead, (channels, *rest) = patches.shape[: -1 - 2 * n], patches.shape[-1 - 2 * n :]
        weight = weight.reshape(groups, -1, *weight.shape[1:])
        patches = patches.reshape(*lead, groups, channels // groups, *rest)
        y = einsum("g" + self.equation.replace("...", "...g"), weight, patches)
        return y.reshape(*lead, self.out_channels, *y.shape[-n:])

    def _shifted(self, y: Tensor) -> Tensor:
        """With the bias of each channel, where there is one."""
        ones = [1] * (self.weight.ndim - 2)
        return y if self.bias is None else y + self.bias.reshape(-1, *ones)

    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments, equal ints as one."""
        return {k: validate.short(v) for k, v in super().arguments().items()}


class _Convolution(_Channels):
    """Kernels that slide along the last axes; classes say along which."""

    sides: str

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Steps,
        stride: Steps = 1,
        padding: Steps | str = 0,
        dilation: Steps = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        init: init.Initializer = init.he,
        rng: Generator = random,
    ) -> None:
        name, n = type(self).__name__, len(self.sides)
        self._take(in_channels, out_channels, groups)
        self.kernel_size = validate.steps(name, "kernel_size", kernel_size, n)
        self.stride = validate.steps(name, "stride", stride, n)
        self.padding = validate.padding(name, padding, n)
        self.dilation = validate.steps(name, "dilation", dilation, n)
        inputs, outputs = self.in_channels, self.out_channels
        self.weight = Parameter(init((outputs, inputs // self.groups, *self.kernel_size), rng))
        self.bias = Parameter([0.0] * outputs) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        n = len(self.sides)
        validate.image(self, x, self.sides)
        validate.axis(self, x, -1 - n, "channels", self.in_channels)
        x = x.pad(*self.margins(x.shape[-n:]))
        validate.fits(self, x.shape[-n:])
        patches = x.windows(self.kernel_size, self.stride, self.dilation)
        return self._shifted(self._product(self.weight, patches))

    def margins(self, size: Sequence[int]) -> list[Pair]:
        """The zeros that are put around an input of this size: (before, after) on each axis."""
        return validate.margins(self, size)


class Conv1D(_Convolution):
    """Slide kernels along a signal: (..., C, L) -> (..., O, L').

    y[o,i] = b[o] + Σ_{c,u} w[o,c,u] · x[c, s·i + d·u]

    with stride s and dilation d, after padding with zeros: an int, "valid" (none) or "same"
    (L' = ⌈L / s⌉, the odd one of the margins behind). With groups, an output channel sees
    C / groups input channels only. L' = (L + padding - d·(k-1) - 1) // s + 1.
    """

    sides = "L"
    equation = "ocu,...ciu->...oi"


class Conv2D(_Convolution):
    """Slide kernels over an image: (..., C, H, W) -> (..., O, H', W').

    y[o,i,j] = b[o] + Σ_{c,u,v} w[o,c,u,v] · x[c, s·i + d·u, s·j + d·v]

    with stride s and dilation d, after padding with zeros: an int, a pair (rows, columns), "valid"
    (none) or "same" (H' = ⌈H / s⌉, the odd one of the margins below and right). With groups, an
    output channel sees C / groups input channels only. H' = (H + padding - d·(kh-1) - 1) // s + 1.
    """

    sides = "HW"
    equation = "ocuv,...cijuv->...oij"


class ConvTranspose2D(_Channels):
    """Spread each entry over a kernel: (..., C, H, W) -> (..., O, H', W').

    y[o, s·i + d·u - p, s·j + d·v - p] = b[o] + Σ_{c,i,j,u,v} w[c,o,u,v] · x[c,i,j]

    the sum over all that meets there: the adjoint of a Conv2D with this stride s, padding p and
    dilation d, of which it undoes the shapes. Weights are (C, O / groups, kh, kw), as in PyTorch.
    H' = s·(H-1) + d·(kh-1) + 1 - 2p + output_padding.

    Outputs with one remainder by s are met by the same entries of the kernel: they are a
    convolution of their own, of stride 1, and no 0 is ever multiplied but at the border.
    """

    equation = "couv,...cijuv->...oij"

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Steps,
        stride: Steps = 1,
        padding: Steps = 0,
        output_padding: Steps = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Steps = 1,
        *,
        init: init.Initializer = init.he,
        rng: Generator = random,
    ) -> None:
        name = "ConvTranspose2D"
        self._take(in_channels, out_channels, groups)
        self.kernel_size = validate.steps(name, "kernel_size", kernel_size)
        self.stride = validate.steps(name, "stride", stride)
        self.padding = validate.steps(name, "padding", padding, least=0)
        self.output_padding = validate.steps(name, "output_padding", output_padding, least=0)
        self.dilation = validate.steps(name, "dilation", dilation)
        steps = map(max, self.stride, self.dilation)
        if any(more >= step for more, step in zip(self.output_padding, steps, strict=True)):
            limit = "smaller than stride or dilation"
            raise ValueError(f"{name}: output_padding must be {limit}, got {output_padding}")
        inputs, outputs = self.in_channels, self.out_channels
        self.weight = Parameter(init((inputs, outputs // self.groups, *self.kernel_size), rng))
        self.bias = Parameter([0.0] * outputs) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        validate.image(self, x)
        validate.axis(self, x, -3, "channels", self.in_channels)
        rows, columns = (self._phases(axis, n) for axis, n in enumerate(x.shape[-2:]))
        x = x.pad(1, 1)
        parts = [concatenate([self._part(x, r, c) for c in columns], -1) for r in rows]
        y = concatenate(parts, -2)
        return self._shifted(y[..., _order(rows), :][..., _order(columns)])

    def _phases(self, axis: int, size: int) -> list["_Phase"]:
        """The outputs along an axis, apart by their remainders by the stride."""
        k, s, d = self.kernel_size[axis], self.stride[axis], self.dilation[axis]
        p, more = self.padding[axis], self.output_padding[axis]
        length = s * (size - 1) + d * (k - 1) + 1 - 2 * p + more
        if length < 1:
            raise ValueError(f"{self!r}: {size} entries on an axis leave no output")
        found = []
        for first in range(min(s, length)):
            outputs = range(first, length, s)
            kernel = [u for u in reversed(range(k)) if (first + p - d * u) % s == 0]
            inputs = [[(t + p - d * u) // s for u in kernel] for t in outputs]
            # the padded image has one 0 on each side, for all that is outside
            cells = [[min(max(i, -1), size) + 1 for i in row] for row in inputs]
            found.append(_Phase(outputs, kernel, cells))
        return found

    def _part(self, x: Tensor, rows: "_Phase", columns: "_Phase") -> Tensor:
        """The outputs of one remainder of rows and one of columns."""
        if not rows.kernel or not columns.kernel:
            size = len(rows.outputs), len(columns.outputs)
            return Tensor.zeros(*x.shape[:-3], self.out_channels, *size)
        down = [[[[i] for i in cells]] for cells in rows.cells]
        across = [[[cells] for cells in columns.cells]]
        weight = self.weight[:, :, rows.kernel][..., columns.kernel]
        return self._product(weight, x[..., down, across])


class _Phase(NamedTuple):
    """Outputs along an axis that the same entries of a kernel meet, and from which cells."""

    outputs: range
    kernel: list[int]
    cells: list[list[int]]


def _order(phases: Sequence[_Phase]) -> list[int]:
    """Where each output of an axis is, once those of all phases stand one after the other."""
    outputs = [t for phase in phases for t in phase.outputs]
    return sorted(range(len(outputs)), key=outputs.__getitem__)
