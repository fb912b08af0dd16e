"""PyTorch modules for what torch has no layer for; parameters are called as in nn's layers.

The classes are attributes of this module: `Conv2dSame`, `GlobalAvgPool`, `Reshape`, `Residual`,
`RNN`, `LSTM`, `GRU`, `MultiHeadAttention`, `Recorded` and the like. They are made when they are
first asked for, because torch may not be installed.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from .. import validate
from ..optional import needs
from . import torch_recorded


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
    made.__module__ = __name__
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


def _sequence(name: str) -> Callable[[Any], Any]:
    """PyTorch's layer of this name, with `return_sequences` and `return_state`."""

    def make(torch: Any) -> Any:
        base: Any = getattr(torch.nn, name)

        class Sequence(base):
            return_sequences = True
            return_state = True

            def forward(self, x: Any, state: Any = None) -> Any:
                y, ends = super().forward(x, state)
                if not self.return_sequences:
                    h = ends[0] if isinstance(ends, tuple) else ends
                    y = torch.cat(list(h[-1 - self.bidirectional :]), -1)
                return (y, ends) if self.return_state else y

        Sequence.__name__ = name
        return Sequence

    return make


def _attention(torch: Any) -> Any:
    base: Any = torch.nn.MultiheadAttention

    class MultiHeadAttention(base):
        """Masks are true for what takes part; without a key, the query is the key."""

        def __init__(self, *sizes: int, causal: bool = False, **options: Any) -> None:
            super().__init__(*sizes, batch_first=True, **options)
            self.causal = causal

        def forward(
            self,
            query: Any,
            key: Any = None,
            value: Any = None,
            *,
            mask: Any = None,
            key_mask: Any = None,
            bias: Any = None,
            need_weights: bool = False,
        ) -> Any:
            key = query if key is None else key
            pairs = query.shape[-2], key.shape[-2]
            scores = query.new_zeros(pairs)
            if bias is not None:
                scores = scores + bias
            if self.causal:
                mask = torch.ones(pairs).tril() * (1 if mask is None else mask)
            y, weights = super().forward(
                query,
                key,
                key if value is None else value,
                key_padding_mask=self._hidden(key_mask),
                attn_mask=self._for_heads(scores if mask is None else scores + self._hidden(mask)),
                average_attn_weights=False,
            )
            return (y, weights) if need_weights else y

        def _hidden(self, mask: Any) -> Any:
            """0 for what takes part, -inf for what does not."""
            if mask is None:
                return None
            taken = torch.as_tensor(mask) != 0
            return self.out_proj.weight.new_zeros(taken.shape).masked_fill(~taken, -torch.inf)

        def _for_heads(self, scores: Any) -> Any:
            """(L, S), or (N, L, S) and (N, heads, L, S) as (N·heads, L, S)."""
            if scores.ndim == 3:
                scores = scores[:, None].expand(-1, self.num_heads, -1, -1)
            return scores.flatten(0, 1) if scores.ndim == 4 else scores

    return MultiHeadAttention


def _positional_encoding(torch: Any) -> Any:
    base: Any = torch.nn.Module

    class PositionalEncoding(base):
        """Add sines and cosines of each position."""

        def __init__(self, embed_dim: int) -> None:
            super().__init__()
            self.embed_dim = embed_dim

        def forward(self, x: Any) -> Any:
            k = torch.arange(self.embed_dim, dtype=torch.float64)
            t = torch.arange(x.shape[-2], dtype=torch.float64)[:, None]
            angles = t / 10000 ** ((k - k % 2) / self.embed_dim)
            return x + torch.where(k % 2 == 0, angles.sin(), angles.cos()).to(x)

        def extra_repr(self) -> str:
            return str(self.embed_dim)

    return PositionalEncoding


_MAKERS = {
    **{name: _sequence(name) for name in ("RNN", "LSTM", "GRU")},
    "MultiHeadAttention": _attention,
    "PositionalEncoding": _positional_encoding,
    "Conv1dSame": lambda torch: _conv_same(torch, 1),
    "Conv2dSame": lambda torch: _conv_same(torch, 2),
    "GlobalAvgPool1D": lambda torch: _global_avg_pool(torch, 1),
    "GlobalAvgPool": lambda torch: _global_avg_pool(torch, 2),
    "Reshape": _reshape,
    "Residual": _residual,
    "Recorded": torch_recorded.make,
}
