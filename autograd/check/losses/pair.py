"""A loss as two functions, whatever it is: an object, a class, a pair, one that does both."""

import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from ..arguments import parameters
from ..layer.attributes import clone
from ..layer.randomness import GENERATORS, State, started, states

FORWARDS = (
    "forward forward_pass loss compute_loss calculate_loss calc_loss get_loss loss_function loss_fn"
    " cost compute_cost cost_function error criterion objective calculate compute calc evaluate fn"
    " f func function value fprop fwd apply call __call__"
)
BACKWARDS = (
    "backward backward_pass backprop back_prop backpropagation backpropagate bprop bwd gradient"
    " grad gradients compute_gradient compute_gradients calculate_gradient derivative deriv prime"
    " loss_gradient loss_grad loss_derivative loss_prime dloss d_loss df f_prime dfn delta"
)
LIKE_BACKWARD = re.compile(r".*(grad|deriv|prime|backw|backp|delta)|^_*d_?(loss|cost)", re.I)
LIKE_FORWARD = re.compile(r".*(loss|cost|error|forward|criterion)", re.I)
SWITCH = re.compile(r"(is_|return_|compute_)?(d|deriv\w*|grad\w*|prime|backward|diff)", re.I)

Function = Callable[..., Any]


class NoGradientError(TypeError):
    """Nothing that a loss has, returns or keeps is a gradient."""


@dataclass(frozen=True)
class Pair:
    """A loss and its gradient; `functions()` gives both, of a fresh copy where it is an object."""

    loss: Any
    title: str
    forward_name: str = ""
    backward_name: str | None = None  # None where forward returns the gradient too

    @classmethod
    def of(cls, loss: Any, forward: str | None = None, backward: str | None = None) -> "Pair":
        """Find the two functions, by their names if given.

        Raises TypeError where there is no forward, or a class that cannot be made without arguments
        has methods that need an object.
        """
        if isinstance(loss, tuple | list) and len(loss) == 2 and all(map(callable, loss)):
            owner = getattr(loss[0], "__self__", None)
            if owner is None or owner is not getattr(loss[1], "__self__", None):
                return cls(tuple(loss), _named(loss[0]))
            return cls.of(owner, *map(_named, loss))
        if inspect.isroutine(loss) or isinstance(loss, partial):
            return cls(_switched(loss), _named(loss))
        title = _named(loss) if isinstance(loss, type) else type(loss).__name__
        back = _found(loss, title, "backward", backward)
        front = _found(loss, title, "forward", forward, back)
        if front is None:
            raise TypeError(f"{title}: no loss or forward method found; name it: forward='...'")
        return cls(_made(loss, (front, back)), title, front, back)

    def functions(self) -> tuple[Function, Function | None]:
        """(forward, backward); no backward where forward returns the gradient too."""
        return self.loss if isinstance(self.loss, tuple) else self.functions_of(clone(self.loss))

    def functions_of(self, made: Any) -> tuple[Function, Function | None]:
        """The same, as methods of this very object."""
        if isinstance(self.loss, tuple):
            return self.loss
        back = None if self.backward_name is None else getattr(made, self.backward_name)
        return getattr(made, self.forward_name), back

    def repeatable(self) -> AbstractContextManager[None]:
        """The same random numbers in each forward, from the generators that it could draw from."""
        return started(self._states)

    @cached_property
    def _states(self) -> list[State]:
        if not isinstance(self.loss, tuple):
            names = [self.forward_name, self.backward_name or self.forward_name]
            return states(self.loss, names)
        around = [getattr(function, "__globals__", {}).values() for function in self.loss]
        own = {id(x): x for scope in around for x in scope if isinstance(x, GENERATORS)}
        return states(None, []) + list(map(State.of, own.values()))

    def lacks_backward(self) -> NoGradientError:
        """What to raise where forward returns no gradient and there is nothing else."""
        return NoGradientError(
            f"{self.title}: no backward (or gradient, derivative) found; give the pair "
            "(loss, gradient), or name the method: backward='...'"
        )


def _named(function: Any) -> str:
    """What a function or a class is called."""
    inner = function.func if isinstance(function, partial) else function
    return str(getattr(inner, "__name__", type(inner).__name__))


def _switched(function: Function) -> tuple[Function, Function | None]:
    """`mse(p, t, derivative=False)` -> both; a function without such a switch does both at once."""
    for parameter in parameters(function):
        if parameter.default is False and SWITCH.fullmatch(parameter.name):
            return function, partial(function, **{parameter.name: True})
    return function, None


def _methods(loss: Any) -> Iterator[str]:
    """The names of the public methods."""
    for name in dir(loss):
        if not name.startswith("__") and inspect.isroutine(inspect.getattr_static(loss, name)):
            yield name


def _found(
    loss: Any, title: str, which: str, given: str | None, beside: str | None = None
) -> str | None:
    """The name of a method, as given, well known, or by what its name is like."""
    if given is not None:
        if not callable(getattr(loss, given, None)):
            raise TypeError(f"{title}: no {given}() found; {which}= names a method of it")
        return given
    known, like = (FORWARDS, LIKE_FORWARD) if which == "forward" else (BACKWARDS, LIKE_BACKWARD)
    owned = [name for name in known.split() if name != beside and _is_callable(loss, name)]
    if owned:
        return owned[0]
    others = [name for name in _methods(loss) if which == "backward" or not _is_backward(name)]
    stem = (name for name in others if beside and name in beside)
    return next(stem, next((name for name in others if like.match(name)), None))


def _is_callable(loss: Any, name: str) -> bool:
    """Whether a loss has such a method; of a class, its own __call__ is no method of it."""
    if isinstance(loss, type) and name == "__call__":
        return "__call__" in vars(loss)
    return callable(getattr(loss, name, None))


def _is_backward(name: str) -> bool:
    return LIKE_BACKWARD.match(name) is not None


def _made(loss: Any, names: tuple[str, str | None]) -> Any:
    """An object of a class whose methods need one; everything else as it is."""
    if not isinstance(loss, type):
        return loss
    static = (staticmethod, classmethod)
    used = [inspect.getattr_static(loss, name) for name in names if name is not None]
    if all(isinstance(method, static) for method in used):
        return loss
    try:
        return loss()
    except TypeError as error:
        raise TypeError(f"{loss.__name__} is a class, give an object of it: {error}") from error
