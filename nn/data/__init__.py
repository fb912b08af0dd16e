"""Data sets: what they hold, those that come with the package, and those read from files."""

from . import augment
from .dataset import DataError, Dataset
from .digits import digits
from .idx import idx
from .mnist import fashion_mini, fashion_mnist, mnist
from .padding import padded
from .synthetic import moons, spirals

__all__ = [
    "DataError",
    "Dataset",
    "augment",
    "digits",
    "fashion_mini",
    "fashion_mnist",
    "idx",
    "mnist",
    "moons",
    "padded",
    "spirals",
]
