"""The layers of every net: Dense, Flatten, Reshape, Dropout, Identity, Residual."""

import random
from collections.abc import Sequence

from autograd import Tensor, drawn, einsum

from .. import init, validate
from ..annotations import Generator, Shape
from ..module import Layer, Module, Parameter


class Dense(Layer):
    """Every output sees every input: (..., I) -> (..., O).

    y[o] = b[o] + Σ_i w[o,i] · x[i]
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        init: init.Initializer = init.he,
        rng: Generator = random,
    ) -> None:
        self.in_features = validate.positive("Dense", "in_features", in_features)
        self.out_features = validate.positive("Dense", "out_features", out_features)
        self.weight = Parameter(init((self.out_features, self.in_features), rng))
        self.bias = Parameter([0.0] * self.out_features) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        validate.axis(self, x, -1, "features", self.in_features)
        y = einsum("oi,...i->...o", self.weight, x)
        return y if self.bias is None else y + self.bias


class Flatten(Layer):
    """The last axes as one, by default an image's: (..., C, H, W) -> (..., C·H·W)."""

    def __init__(self, axes: int = 3) -> None:
        self.axes = validate.positive("Flatten", "axes", axes)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim < self.axes:
            raise ValueError(
                f"{self!r}: input of shape {x.shape} has no {self.axes} axes to flatten"
            )
        return x.flatten(-self.axes)


class Reshape(Layer):
    """The trailing axes in another shape: Reshape(shape, axes=n) turns the last n axes into it.

    By default one axis becomes the shape, as after Dense: (..., C·H·W) -> (..., C, H, W).
    """

    def __init__(self, *shape: int | Sequence[int], axes: int = 1) -> None:
        sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
        self.shape = tuple([validate.whole("Reshape", "shape", n) for n in sizes])
        self.axes = validate.positive("Reshape", "axes", axes)

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim < self.axes:
            raise ValueError(
                f"{self!r}: input of shape {x.shape} has no {self.axes} axes to reshape"
            )
        return x.reshape(*x.shape[: x.ndim - self.axes], *self.shape)


class Dropout(Layer):
    """In training, drop each entry with probability `rate` and scale the others: same shape.

    y = x · m / (1 - rate), m = 0 with probability rate, else 1; in evaluation y = x.
    """

    def __init__(self, rate: float = 0.5, *, rng: Generator | None = None) -> None:
        self.rate = validate.within(type(self).__name__, "rate", rate, 0, 1)
        self.rng = rng  # None is Python's own: modules, unlike the module `random`, can be copied

    def forward(self, x: Tensor) -> Tensor:
        return dropped(x, self.rate, self.rng) if self.training else x


class Dropout2D(Dropout):
    """In training, drop each channel with probability `rate`, and scale the others: same shape.

    y[c,i,j] = x[c,i,j] · m[c] / (1 - rate) of images (..., C, H, W) (Tompson et al. 2015).
    """

    def forward(self, x: Tensor) -> Tensor:
        validate.image(self, x)
        channels = (*x.shape[:-2], 1, 1)
        return dropped(x, self.rate, self.rng, channels) if self.training else x


def dropped(x: Tensor, rate: float, rng: Generator | None, shape: Shape | None = None) -> Tensor:
    """x, each entry set to 0 with probability `rate`, else scaled by 1 / (1 - rate).

    With a shape that broadcasts to x's, entries are dropped together.
    """
    if not rate:
        return x
    y: Tensor = x * drawn.bernoulli(shape or x.shape, 1 - rate, rng) / (1 - rate)
    return y


class Identity(Layer):
    """y = x: the place of a layer that is not there."""

    def forward(self, x: Tensor) -> Tensor:
        return x


class Residual(Layer):
    """y = body(x) + shortcut(x); without a shortcut, y = body(x) + x."""

    def __init__(self, body: Module, shortcut: Module | None = None) -> None:
        validate.made("Residual", body, shortcut)
        self.body = body
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        straight: Tensor = x if self.shortcut is None else self.shortcut(x)
        if y.shape != straight.shape:
            raise ValueError(
                f"Residual: the body makes {y.shape} of {x.shape}, the shortcut {straight.shape}"
            )
        return y + straight
