"""Losses that count more or less than others: their weights, and the means with them."""

from typing import Any

from autograd import Tensor, Value, batch_mean, is_compiling, where

Losses = Tensor | Value


def weighted(losses: Any, weights: Any) -> Any:
    """loss·weight of each pair; 0 where the weight is 0, whatever the loss: no 0·inf, no 0·nan."""
    products = losses * weights
    known = products.values if isinstance(products, Tensor) else [products]
    if not is_compiling() and all(v.data == v.data for v in known):
        return products
    return where(weights, products, where(products >= products, products, 0.0))


def reduced(owner: object, reduction: str, losses: Any, weights: Any, counts: Any = None) -> Any:
    """Losses ("none"), their sum, or Σ loss / Σ count over the samples of the batch, compiled too.

    The weights of samples multiply both; a loss counts 1 where no `counts` are given. Where nothing
    counts, the mean is 0.
    """
    if weights is not None:
        factors = _beside(owner, weights, losses)
        losses = weighted(losses, factors)
        counts = factors if counts is None else counts * factors
    if reduction == "none":
        return losses
    total = losses.sum() if isinstance(losses, Tensor) else losses
    entries = losses.size if isinstance(losses, Tensor) else 1
    if reduction == "sum":
        return total
    if counts is None:
        return total / entries if isinstance(losses, Tensor) else total
    several = isinstance(counts, Tensor)
    count = batch_mean(counts.sum() * (entries // counts.size) if several else counts * entries)
    return total / where(count > 0, count, 1.0)


def _beside(owner: object, weights: Any, losses: Losses) -> Losses:
    """The weights of samples, with the axes of their losses."""
    shape = getattr(losses, "shape", ())
    if isinstance(weights, Value | int | float) or getattr(weights, "shape", None) == ():
        return weights if isinstance(weights, Value) else Value(weights)
    factors = Tensor(weights)
    if factors.shape != shape[: factors.ndim]:
        raise ValueError(f"{owner!r}: weights of shape {factors.shape} for losses of shape {shape}")
    return factors.reshape(*factors.shape, *[1] * (len(shape) - factors.ndim))
