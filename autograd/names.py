"""Names of tensors, by which their entries are called: `conv1.weight[0,0,1,2]`.

A name is kept once for all entries, and a label is written when somebody reads it.
"""

from typing import Self

from .shapes.indexing import Shape, strides


class Shaped(str):
    """What a tensor is called, and its shape; of a tensor without a label it is empty text."""

    __slots__ = ("shape",)
    shape: Shape

    def __new__(cls, text: str = "", shape: Shape = ()) -> Self:
        """A string with the shape of its tensor."""
        name = super().__new__(cls, text)
        name.shape = shape
        return name

    def address(self, place: int) -> tuple[int, ...]:
        """The indices of an entry, from its place in row-major order."""
        return tuple([place // s % n for n, s in zip(self.shape, strides(self.shape), strict=True)])

    def entry(self, place: int) -> str:
        """What an entry is called: `name[i,j,...]`, or nothing."""
        return f"{self}[{','.join(map(str, self.address(place)))}]" if self else ""


class Name(Shaped):
    """The name of a tensor, by which its entries are labelled, and whether that is a Parameter."""

    __slots__ = ("kind",)
    kind: str

    def __new__(cls, text: str, shape: Shape = (), kind: str = "") -> Self:
        """A string with the shape of its tensor, and what that is: a Tensor, or a Parameter."""
        name = super().__new__(cls, text, shape)
        name.kind = kind
        return name
