"""PyTorch modules for what torch has no layer for; parameters are called as in nn's layers.

The classes are attributes of this module: `Conv2dSame`, `GlobalAvgPool`, `Reshape`, `Residual`.
They are made when they are first asked for, because torch may not be installed.
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
    made.__qualname__ = name  # so that torch.save finds it
    return made


def _conv2d_same(torch: Any) -> Any:
    base: Any = torch.nn.Conv2d

    class Conv2dSame(base):
        """A convolution with stride and H' = ⌈H / s⌉, the odd margin below and right."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self.padding = "same"

        def forward(self, x: Any) -> Any:
            rows, columns = validate.margins(self, x.shape[-2:])
            x = torch.nn.functional.pad(x, (*columns, *rows))
            options = (self.stride, 0, self.dilation, self.groups)
            return torch.nn.functional.conv2d(x, self.weight, self.bias, *options)

    return Conv2dSame


def _global_avg_pool(torch: Any) -> Any:
    base: Any = torch.nn.Module

    class GlobalAvgPool(base):
        """The mean of each channel: (..., C, H, W) -> (..., C)."""

        def forward(self, x: Any) -> Any:
            return x.mean((-2, -1))

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
    "Conv2dSame": _conv2d_same,
    "GlobalAvgPool": _global_avg_pool,
    "Reshape": _reshape,
    "Residual": _residual,
}
