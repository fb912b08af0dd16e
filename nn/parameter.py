"""What a module is made of: Tensors that training changes, and others that belong to its state."""

from autograd import Tensor

from .annotations import Numbers


class Parameter(Tensor):
    """A Tensor of leaves that training changes; its path labels them: `conv1.weight[0,0,1,2]`."""

    __slots__ = ("name",)
    trainable = True

    def __init__(self, data: Numbers) -> None:
        super().__init__(data)
        self.values = [v.detach() if v.inputs else v for v in self.values]
        self.name = ""

    def call(self, name: str) -> None:
        """Take a path as name, and label the entries by it."""
        if name != self.name:
            self.name = name
            self.rename(name)


class Buffer(Parameter):
    """A Tensor that belongs to a module's state but is not trained, such as a running mean."""

    __slots__ = ()
    trainable = False
