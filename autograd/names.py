"""Names of tensors, by which their entries are called: `conv1.weight[0,0,1,2]`.

A name is kept once for all entries, and a label is written when somebody reads it.
"""

from typing import Self

from .shapes.indexing import Shape, strides


class Name(str):
    """What a tensor is called, its shape, and what it is: a Tensor, or a trained Parameter."""

    __slots__ = ("kind", "shape")
    kind: str
    shape: Shape

    def __new__(cls, text: str, shape: Shape = (), kind: str = "") -> Self:
        """A string with the shape of its tensor, and what that is."""
        name = super().__new__(cls, text)
        name.shape, name.kind = shape, kind
        return name

    def address(self, place: int) -> tuple[int, ...]:
        """The indices of an entry, from its place in row-major order."""
        return tuple([place // s % n for n, s in zip(self.shape, strides(self.shape), strict=True)])

    def entry(self, place: int) -> str:
        """What an entry is called: `name[i,j,...]`."""
        return f"{self}[{','.join(map(str, self.address(place)))}]"
