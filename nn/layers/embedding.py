"""Vectors for ids, such as those of tokens."""

import random

from autograd import Tensor, concatenate

from .. import init, validate
from ..annotations import Generator
from ..module import Layer, Parameter


class Embedding(Layer):
    """A vector for each id, from 0 to num_embeddings - 1: (...) -> (..., D).

    y[..., d] = w[x[...], d]. The vector of `padding_idx` starts at 0, and is not trained.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        init: init.Initializer = init.normal,
        rng: Generator = random,
    ) -> None:
        self.num_embeddings = validate.positive("Embedding", "num_embeddings", num_embeddings)
        self.embedding_dim = validate.positive("Embedding", "embedding_dim", embedding_dim)
        self.padding_idx = _padding(padding_idx, self.num_embeddings)
        self.weight = Parameter(init((self.num_embeddings, self.embedding_dim), rng))
        if self.padding_idx is not None:
            for value in self.weight[self.padding_idx].values:
                value.data = 0.0

    def forward(self, x: Tensor) -> Tensor:
        try:
            return self._table()[x]
        except IndexError as error:
            raise IndexError(f"{self!r}: {error}") from error

    def _table(self) -> Tensor:
        """The weights, and no gradient for the row that pads."""
        p, w = self.padding_idx, self.weight
        return w if p is None else concatenate([w[:p], w[p : p + 1].stop(), w[p + 1 :]])


def _padding(index: int | None, n: int) -> int | None:
    """One of n ids, from the end if it is negative; ValueError for another."""
    if index is None:
        return None
    place = validate.whole("Embedding", "padding_idx", index)
    if not -n <= place < n:
        raise ValueError(f"Embedding: padding_idx must be one of the {n} ids, got {place}")
    return place % n
