"""Running a model to look at it: in evaluation mode, with what each of its parts gives."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .module import Module


class Call(NamedTuple):
    """One call of a module: its path, the module, its inputs and what it gave."""

    path: str
    layer: "Module"
    inputs: tuple[Any, ...]
    output: Any

    @property
    def is_leaf(self) -> bool:
        """Whether there are no modules inside."""
        return len(list(self.layer.modules())) == 1

    @property
    def words(self) -> str:
        """What was called: a layer with its arguments, a module of modules by its class."""
        text = repr(self.layer)
        return type(self.layer).__name__ if "\n" in text else text


@contextmanager
def watched(who: str, model: Any) -> Iterator[list[Call]]:
    """A model in evaluation mode whose calls are listed in the order in which they end.

    Modes come back afterwards. TypeError for what is no Module.
    """
    if not hasattr(model, "named_parts"):
        raise TypeError(f"{who}: the model must be a Module, got {model!r:.60}")
    calls: list[Call] = []
    modules = [(module, module.training) for module in model.modules()]
    for module, _ in modules:
        vars(module)["forward"] = _listed(module, calls)
    try:
        model.eval()
        yield calls
    finally:
        for module, mode in modules:
            del vars(module)["forward"]
            module.training = mode


def head(calls: Sequence[Call]) -> Call:
    """The innermost call that made what the model gave: that of its last layer."""
    return next(call for call in calls if call.output is calls[-1].output)


def _listed(module: "Module", calls: list[Call]) -> Any:
    forward = module.forward

    def listed(*inputs: Any, **options: Any) -> Any:
        output = forward(*inputs, **options)
        calls.append(Call(module.path or "", module, (*inputs, *options.values()), output))
        return output

    return listed
