"""Samples of several parts, as of a model with several inputs or targets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from ..annotations import Numbers


class Columns:
    """A dict or a tuple of columns (N, ...): the k-th sample is the dict or tuple of their entries.

    ValueError where they have different lengths.
    """

    def __init__(self, owner: str, columns: Mapping[str, Numbers] | Sequence[Numbers]) -> None:
        named = isinstance(columns, Mapping)
        self.names = tuple(columns) if isinstance(columns, Mapping) else None
        self.parts: list[Any] = list(columns.values() if isinstance(columns, Mapping) else columns)
        for k, part in enumerate(self.parts):
            if isinstance(part, Set | str) or not isinstance(part, Iterable):
                raise TypeError(
                    f"{owner} must be a list or an array, or several; got {columns!r:.60}"
                )
            self.parts[k] = part if hasattr(part, "__getitem__") else list(part)
        lengths = list(map(len, self.parts))
        if len(set(lengths)) != 1:
            names = list(columns) if named else list(range(len(lengths)))
            told = ", ".join(f"{k}: {n}" for k, n in zip(names, lengths, strict=True))
            raise ValueError(f"{owner}: columns must be equally long, got {told or 'none'}")

    def __len__(self) -> int:
        return len(self.parts[0])

    def __getitem__(self, k: int) -> Any:
        return self.like([part[k] for part in self.parts])

    def __iter__(self) -> Iterator[Any]:
        return map(self.like, zip(*self.parts, strict=True))

    def like(self, parts: Sequence[Any]) -> Any:
        """Parts as a sample has them: by name, or in a tuple."""
        return tuple(parts) if self.names is None else dict(zip(self.names, parts, strict=True))

    def with_parts(self, parts: Sequence[Any]) -> "Columns":
        """Columns of the same names."""
        new = object.__new__(Columns)
        new.names, new.parts = self.names, list(parts)
        return new


def taken(x: Any, chosen: list[int]) -> Any:
    """Entries of an array, a list, or Columns."""
    if isinstance(x, Columns):
        return x.with_parts([taken(part, chosen) for part in x.parts])
    return x[chosen] if hasattr(x, "shape") else [x[k] for k in chosen]


def columned(owner: str, x: Any, count: int | None) -> Any:
    """Columns of a dict, or of a tuple that is no sequence of so many samples; else x."""
    several = isinstance(x, tuple) and count is not None and len(x) != count and len(x) > 0
    if isinstance(x, Mapping) or (
        several and all(hasattr(part, "__len__") and len(part) == count for part in x)
    ):
        return Columns(owner, x)
    return x
