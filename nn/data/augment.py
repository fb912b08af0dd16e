"""Random changes of images that leave their labels right: `fit(..., augment=[Shift(2), Flip()])`.

They are drawn anew for each batch of each epoch, from the training's seed. Images are (..., H, W);
what comes in from outside is 0. Of samples of several parts, the first is changed.
"""

import random
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from autograd import no_grad

from .. import validate
from .columns import Columns
from .dataset import Dataset

Array = Any  # NumPy's


class Augmentation(ABC):
    """Changes the images of a batch; each writes its own `changed`."""

    def __call__(self, batch: Dataset, rng: random.Random) -> Dataset:
        """The batch with changed images: arrays stay arrays, lists lists."""
        import numpy as np

        images = batch.images
        first = images.parts[0] if isinstance(images, Columns) else images
        with no_grad():  # images may be Tensors: their numbers are meant
            array = np.asarray(first, float)
        found = self.changed(array, np.random.default_rng(rng.getrandbits(64)))
        is_array = hasattr(first, "dtype")
        changed = found.astype(np.result_type(first, "f4")) if is_array else found.tolist()
        if isinstance(images, Columns):
            changed = images.with_parts([changed, *images.parts[1:]])
        return batch.with_images(changed)

    @abstractmethod
    def changed(self, images: Array, rng: Any) -> Array:
        """Images (N, ..., H, W) changed by random numbers of a NumPy generator."""


@dataclass(frozen=True)
class Noise(Augmentation):
    """Add normal numbers of this standard deviation to all entries, of whatever axes."""

    std: float

    def __post_init__(self) -> None:
        validate.within("Noise", "std", self.std, 0)

    def changed(self, images: Array, rng: Any) -> Array:
        """x + std·ε."""
        return images + self.std * rng.standard_normal(images.shape)


class Moved(Augmentation):
    """Each pixel is read somewhere else, between pixels by bilinear interpolation."""

    def changed(self, images: Array, rng: Any) -> Array:
        """The images at the places that `places` gives."""
        import numpy as np

        if images.ndim < 3:
            raise ValueError(f"{self!r}: images must be (N, ..., H, W), got shape {images.shape}")
        height, width = images.shape[-2:]
        middle = np.array([height - 1, width - 1]) / 2
        grid = np.indices((height, width)).transpose(1, 2, 0) - middle
        return _read(images, self.places(grid, len(images), rng) + middle)

    @abstractmethod
    def places(self, grid: Array, n: int, rng: Any) -> Array:
        """Where each pixel of n images is read, (n, H, W, 2) or what broadcasts to it; `grid`
        (H, W, 2) are the rows and columns of the pixels, from the middle.
        """


@dataclass(frozen=True)
class Shift(Moved):
    """Move by whole pixels, up to so many up or down and to the left or right.

    It is what "pad by so many, and crop" does.
    """

    pixels: int = 2

    def __post_init__(self) -> None:
        validate.positive("Shift", "pixels", self.pixels)

    def places(self, grid: Array, n: int, rng: Any) -> Array:
        """(r, c) - (down, right)."""
        return grid - rng.integers(-self.pixels, self.pixels, (n, 1, 1, 2), endpoint=True)


@dataclass(frozen=True)
class Flip(Moved):
    """Swap left and right, or with axis=-2 up and down, with probability `p`."""

    p: float = 0.5
    axis: int = -1

    def __post_init__(self) -> None:
        validate.number("Flip", "p", self.p)
        if self.axis not in (-1, -2) or not 0 <= self.p <= 1:
            raise ValueError(f"Flip: axis must be -1 or -2, and p from 0 to 1, got {self!r}")

    def places(self, grid: Array, n: int, rng: Any) -> Array:
        """(r, -c) for those that are flipped."""
        import numpy as np

        signs = np.ones((n, 1, 1, 2))
        signs[rng.random(n) < self.p, ..., self.axis] = -1
        return grid * signs


@dataclass(frozen=True)
class Rotate(Moved):
    """Turn about the middle, by up to so many degrees in either direction."""

    degrees: float = 15.0

    def __post_init__(self) -> None:
        validate.within("Rotate", "degrees", self.degrees, 0)

    def places(self, grid: Array, n: int, rng: Any) -> Array:
        """(r·cos φ - c·sin φ, r·sin φ + c·cos φ)."""
        import numpy as np

        angle = np.radians(rng.uniform(-self.degrees, self.degrees, (n, 1, 1)))
        (r, c), cos, sin = np.moveaxis(grid, -1, 0), np.cos(angle), np.sin(angle)
        return np.stack([r * cos - c * sin, r * sin + c * cos], -1)


@dataclass(frozen=True)
class Crop(Moved):
    """Stretch a window within the image, of at least this share of its sides, to all of it."""

    least: float = 0.8

    def __post_init__(self) -> None:
        if not 0 < validate.number("Crop", "least", self.least) <= 1:
            raise ValueError(f"Crop: least must be above 0 and at most 1, got {self.least}")

    def places(self, grid: Array, n: int, rng: Any) -> Array:
        """share·(r, c) + offset, the offset within what the window leaves free."""
        share = rng.uniform(self.least, 1, (n, 1, 1, 1))
        free = (1 - share) * abs(grid).max((0, 1))
        return share * grid + free * rng.uniform(-1, 1, (n, 1, 1, 2))


def _read(images: Array, places: Array) -> Array:
    """Images (N, ..., H, W) at places (N, H, W, 2), by bilinear interpolation; 0 outside."""
    import numpy as np

    n, (height, width) = len(images), images.shape[-2:]
    framed = np.pad(images, [(0, 0)] * (images.ndim - 2) + [(1, 1)] * 2).reshape(
        n, -1, height + 2, width + 2
    )
    places = np.clip(np.broadcast_to(places, (n, height, width, 2)) + 1, 0, [height + 1, width + 1])
    low = np.minimum(places.astype(int), [height, width])
    (down, right), (r, c) = np.moveaxis(places - low, -1, 0), np.moveaxis(low, -1, 0)
    which = np.arange(n)[:, None, None]
    parts = [
        framed[which, :, r + i, c + j].transpose(0, 3, 1, 2)
        * (abs(1 - i - down) * abs(1 - j - right))[:, None]
        for i in (0, 1)
        for j in (0, 1)
    ]
    return sum(parts).reshape(images.shape)
