"""Data sets: what they hold, and those that come with the package."""

from .dataset import DataError, Dataset
from .digits import digits

__all__ = ["DataError", "Dataset", "digits"]
