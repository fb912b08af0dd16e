"""The forward pass of one sample as a C99 file that stands alone, for small machines."""

from .file import text

__all__ = ["text"]
