"""Sizes of batches for which there are programs: XLA makes one for each, and takes long for it."""

import sys
from collections import Counter

OFTEN = 100  # batches of a size are worth a program of their own


class Sizes:
    """To which sizes batches are filled up, multiples of a number of devices.

    A smaller batch, as the last one of an epoch, is filled up to a size that has a program. One
    that is less than half as large gets its own, once it has come often.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.made: set[int] = set()
        self._asked: Counter[int] = Counter()

    def of(self, n: int) -> int:
        """The size for n samples."""
        least = -(-n // self.count) * self.count
        self._asked[least] += 1
        below = sys.maxsize if self._asked[least] < OFTEN else 2 * least
        size = min((m for m in self.made if least <= m < below), default=least)
        self.made.add(size)
        return size
