"""PyTorch modules for what torch has no layer for; parameters are called as in nn's layers.

The classes are attributes of this module: `Conv2dSame`, `Conv1dSame`, `GlobalAvgPool`,
`GlobalAvgPool1D`, `Reshape`, `Residual`. They are made when they are first asked for, because torch
may not be installed.
"""

from functools import cache
from typing import Any

from .. import validate
from ..optional import needs


def library() -> Any:
    """torch itself; ImportError with the command that installs it."""
    return needs("torch", "nn.export", "torch")


def __getattr__(name: str) -> Any:
    if name not in _MAKERS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _made(name)


@cache
def _made(name: str) -> Any:
    made = _MAKERS[name](library())
    made.__name__ = made.__qualname__ = name  # so that torch.save finds it
    return made


def _conv_same(torch: Any, n: int) -> Any:
    base: Any = getattr(torch.nn, f"Conv{n}d")
    convolve: Any = getattr(torch.nn.functional, f"conv{n}d")

    class ConvSame(base):
        """A convolution with stride and H' = ⌈H / s⌉, the odd margin behind (below and right)."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.padding = "same"

        def forward(self, x: Any) -> Any:
            margins = validate.margins(self, x.shape[-n:])
            x = torch.nn.functional.pad(x, sum(reversed(margins), ()))
            options = (self.stride, 0, self.dilation, self.groups)
            return convolve(x, self.weight, self.bias, *options)

    return ConvSame


def _global_avg_pool(torch: Any, n: int) -> Any:
    base: Any = torch.nn.Module

    class GlobalAvgPool(base):
        """The mean of each channel: (..., C, H, W) -> (..., C), or (..., C, L) -> (..., C)."""

        def forward(self, x: Any) -> Any:
            return x.mean(tuple(range(-n, 0)))

    return GlobalAvgPool


def _reshape(torch: Any) -> Any:
    base: Any = torch.nn.Module

    class Reshape(base):
        """The last `axes` axes in another shape."""

        def __init__(self, *shape: int, axes: int) -> None:
            super().__init__()
            self.shape, self.axes = shape, axes

        def forward(self, x: Any) -> Any:
            return x.reshape(*x.shape[: x.ndim - self.axes], *self.shape)

        def extra_repr(self) -> str:
            return f"{', '.join(map(str, self.shape))}, axes={self.axes}"

    return Reshape


def _residual(torch: Any) -> Any:
    base: Any = torch.nn.Module

    class Residual(base):
        """body(x) + shortcut(x); without a shortcut, body(x) + x."""

        def __init__(self, body: Any, shortcut: Any = None) -> None:
            super().__init__()
            self.body = body
            self.shortcut = shortcut

        def forward(self, x: Any) -> Any:
            return self.body(x) + (x if self.shortcut is None else self.shortcut(x))

    return Residual


_MAKERS = {
    "Conv1dSame": lambda torch: _conv_same(torch, 1),
    "Conv2dSame": lambda torch: _conv_same(torch, 2),
    "GlobalAvgPool1D": lambda torch: _global_avg_pool(torch, 1),
    "GlobalAvgPool": lambda torch: _global_avg_pool(torch, 2),
    "Reshape": _reshape,
    "Residual": _residual,
}
