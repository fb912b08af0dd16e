"""What can be explored: the roots of a graph, and what to write instead of something else."""

from typing import Any

from ...numbers.kinds import UnknownNumberError
from ...tensor import Tensor
from ...value import Value


def roots_of(root: Any) -> list[Value]:
    """The Values that a page is about, each once.

    Raises TypeError for what is neither a Value nor a Tensor, with a line to write instead, and
    UnknownNumberError while a function is being recorded.
    """
    if not isinstance(root, Value | Tensor):
        raise TypeError(f"explore: {_instead(root)}")
    roots = [root] if isinstance(root, Value) else list(dict.fromkeys(root.values))
    if not roots:
        raise ValueError("explore(root): the tensor has no entries")
    if any(v.unknown for v in roots):
        raise UnknownNumberError("explore() in a compiled function: there are no numbers yet")
    return roots


def _instead(thing: Any) -> str:
    """What is wrong with something that has no graph, and a line that one can copy."""
    name = type(thing).__name__
    if hasattr(thing, "parameters"):
        return f"this {name} has not run; run it on one input first: explore(model(x))"
    if isinstance(thing, list | tuple) and any(isinstance(x, Value | Tensor) for x in thing):
        return f"a {name} is not one result; make one of it: explore(autograd.stack(values))"
    if callable(thing):
        called = getattr(thing, "__name__", name)
        called = called if called.isidentifier() else "f"
        advice = f"run it on one input first: explore({called}(x))"
        return f"{called} has not run; {advice}; a function of one sample needs samples="
    return (
        f"the root must be a Value or a Tensor, got a {name}, which does not know how it was made; "
        "compute with one: x = autograd.Tensor(numbers); explore(f(x))"
    )
