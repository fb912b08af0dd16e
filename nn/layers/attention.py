"""Attention, and what tells it the order of a sequence (Vaswani et al. 2017)."""

import math
import random
from typing import Any

from autograd import Tensor, einsum, softmax, where

from .. import arguments, init, validate
from ..annotations import Generator
from ..module import Layer, Module, Parameter
from .basic import Dense, dropped


class MultiHeadAttention(Module):
    """Each query takes the values of the keys that it resembles: (..., L, E) -> (..., L, E).

    q, k, v = W_q·query + b_q, W_k·key + b_k, W_v·value + b_v, each in heads of d = E / num_heads
    a[h,l,s] = softmax over s of Σ_d q[l,h,d] · k[s,h,d] / √d + bias[l,s]
    y[l] = W_o·(Σ_s a[h,l,s] · v[s,h,:], head beside head) + b_o

    Key and value, (..., S, E), are the query itself where none are given. `mask` (L, S) and
    `key_mask` (S,), with the query's leading axes in front, and `mask` with an axis of heads before
    its last two if need be, are true (1) for what takes part, false (0) for what is hidden:
    PyTorch's `attn_mask` and `key_padding_mask` the other way round. `causal` hides what comes
    later, s > l. What is hidden has a score of -inf; where all is, the outputs are nan. Numbers
    that are added to the scores are `bias`. In training, `dropout` drops entries of a.

    With `need_weights=True` a call returns (y, a), a for each head: (..., num_heads, L, S).
    `in_proj_weight` holds W_q, W_k, W_v, as in PyTorch.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        *,
        dropout: float = 0.0,
        bias: bool = True,
        causal: bool = False,
        init: init.Initializer = init.glorot,
        rng: Generator = random,
    ) -> None:
        name = "MultiHeadAttention"
        self.embed_dim = validate.positive(name, "embed_dim", embed_dim)
        self.num_heads = validate.positive(name, "num_heads", num_heads)
        validate.divides(name, "num_heads", self.num_heads, embed_dim=self.embed_dim)
        self.dropout = validate.within(name, "dropout", dropout, 0, 1)
        self.rng: Generator | None = None  # of the dropout; `seed` sets it
        self.bias, self.causal = bias, causal
        self.in_proj_weight = Parameter(init((3 * self.embed_dim, self.embed_dim), rng))
        self.in_proj_bias = Parameter([0.0] * (3 * self.embed_dim)) if bias else None
        self.out_proj = Dense(self.embed_dim, self.embed_dim, bias, init=init, rng=rng)

    def forward(
        self,
        query: Tensor,
        key: Tensor | None = None,
        value: Tensor | None = None,
        *,
        mask: Any = None,
        key_mask: Any = None,
        bias: Any = None,
        need_weights: bool = False,
    ) -> Any:
        """Attend from (..., L, E) to (..., S, E)."""
        q, k, v = self._projected(query, key, value)
        scores = einsum("...lhd,...shd->...hls", q / math.sqrt(q.shape[-1]), k)
        scores = self._masked(scores, mask, key_mask, bias)
        weights = softmax(scores)
        if self.training:
            weights = dropped(weights, self.dropout, self.rng)
        y = self.out_proj(einsum("...hls,...shd->...lhd", weights, v).flatten(-2))
        return (y, weights) if need_weights else y

    def _projected(self, query: Tensor, key: Any, value: Any) -> list[Tensor]:
        """q, k and v in heads: (..., L, num_heads, E / num_heads)."""
        key = query if key is None else key
        given = (query, key, key if value is None else value)
        for x in given:
            validate.axis(self, x, -1, "features", self.embed_dim)
            if x.ndim < 2 or x.shape[:-2] != query.shape[:-2]:
                shapes = ", ".join(str(x.shape) for x in given)
                raise ValueError(f"{self!r}: inputs must be (..., L, E), got {shapes}")
        if given[1].shape != given[2].shape:
            raise ValueError(
                f"{self!r}: key has shape {given[1].shape}, value {given[2].shape}; each key has "
                "one value"
            )
        projected = []
        for n, x in enumerate(given):
            rows = slice(n * self.embed_dim, (n + 1) * self.embed_dim)
            y = einsum("oi,...i->...o", self.in_proj_weight[rows], x)
            y = y if self.in_proj_bias is None else y + self.in_proj_bias[rows]
            projected.append(y.reshape(*y.shape[:-1], self.num_heads, -1))
        return projected

    def _masked(self, scores: Tensor, mask: Any, key_mask: Any, bias: Any) -> Tensor:
        """The scores with the bias, and -inf where a mask is false."""
        rows, columns = scores.shape[-2:]
        if bias is not None:
            scores = scores + self._over_heads("bias", bias, scores)
        if self.causal:
            past = Tensor([[s <= t for s in range(columns)] for t in range(rows)], "past")
            scores = where(past, scores, -math.inf)
        if mask is not None:
            switches = self._switches("mask", mask)
            scores = where(self._over_heads("mask", switches, scores), scores, -math.inf)
        if key_mask is not None:
            switches = self._switches("key_mask", key_mask)
            if switches.shape not in ((columns,), (*scores.shape[:-3], columns)):
                raise ValueError(
                    f"{self!r}: key_mask has shape {switches.shape}, the keys {columns} places"
                )
            scores = where(switches[..., None, None, :], scores, -math.inf)
        return scores

    def _over_heads(self, name: str, given: Tensor, scores: Tensor) -> Tensor:
        """What is given for (..., L, S), fit for (..., heads, L, S)."""
        x = Tensor(given)
        if x.shape[-2:] != scores.shape[-2:] or x.ndim > scores.ndim:
            pairs = f"the scores {scores.shape[-2:]} for each head"
            raise ValueError(f"{self!r}: {name} has shape {x.shape}, {pairs}")
        return x[..., None, :, :] if 2 < x.ndim < scores.ndim else x

    def _switches(self, name: str, given: Any) -> Tensor:
        """A mask as a Tensor of true and false; ValueError for other numbers that are known."""
        x = Tensor(given)
        if any(not v.unknown and v.data not in (0, 1) for v in x.values):
            raise ValueError(
                f"{self!r}: {name} must hold true (takes part) and false (hidden); numbers that "
                "are added to the scores go in bias="
            )
        return x

    def describe(self) -> str:
        """What is within the brackets of `repr`: the arguments."""
        return arguments.text(type(self), self.arguments())


class PositionalEncoding(Layer):
    """Add to each position waves of its own, so that attention knows the order: same shape.

    y[t,2k] = x[t,2k] + sin(t / 10000^(2k/E)), y[t,2k+1] = x[t,2k+1] + cos(t / 10000^(2k/E))

    of (..., T, E). It has no parameters; T is not bounded.
    """

    def __init__(self, embed_dim: int) -> None:
        self.embed_dim = validate.positive("PositionalEncoding", "embed_dim", embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        validate.axis(self, x, -1, "features", self.embed_dim)
        if x.ndim < 2:
            raise ValueError(f"{self!r}: input must be (..., T, E), got shape {x.shape}")
        return x + self.waves(x.shape[-2])

    def waves(self, length: int) -> Tensor:
        """What is added to the first positions: (length, E)."""
        size = self.embed_dim
        return Tensor([[_wave(t, k, size) for k in range(size)] for t in range(length)], "waves")


def _wave(t: int, k: int, size: int) -> float:
    angle = t / 10000 ** ((k - k % 2) / size)
    return math.cos(angle) if k % 2 else math.sin(angle)
