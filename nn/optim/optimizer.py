"""What all optimisers do, and gradient clipping.

An update rule is written once, generic in the number: `rule(p, g, *state) -> (p, *state)` serves a
float as well as an array of a whole parameter.
"""

import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Self, TypeVar

from autograd import Column, Tensor, Value

from .. import validate
from ..annotations import AnyNumber, Plain
from ..arguments import written

Parameters = Iterable[Tensor | Value | dict[str, Any]]
Rule = Callable[..., tuple[AnyNumber, ...]]
T = TypeVar("T")


def values_of(parameters: Parameters) -> list[Value]:
    """The Values of Tensors and Values, in order, each once; TypeError for anything else."""
    found: dict[Value, None] = {}
    for p in validate.parameters(parameters):
        if not isinstance(p, Tensor | Value):
            raise TypeError(f"parameters must be Tensors or Values, got {p!r:.60}")
        found.update(dict.fromkeys(p.values if isinstance(p, Tensor) else [p]))
    return list(found)


def _group(cls: type[T], settings: dict[str, Any], k: int, group: Any) -> T:
    """The optimiser of one group, of whose settings those that it does not name are all's."""
    own = dict(group) if isinstance(group, dict) else {}
    parameters = own.pop("params", own.pop("parameters", None))
    if parameters is None:
        needed = 'a dict with "parameters" and what differs, such as "lr"'
        raise TypeError(f"{cls.__name__}: group {k} must be {needed}, got {group!r:.60}")
    return cls(**{**settings, **own, "parameters": parameters})


def _all(optimizer: "Optimizer") -> list[Value]:
    """The Values of all groups; ValueError for one that is in two."""
    values = [v for group in optimizer.groups for v in group.values]
    seen: set[Value] = set()
    for v in values:
        if v in seen:
            name = type(optimizer).__name__
            raise ValueError(f"{name}: {v.label or repr(v)} is in two groups")
        seen.add(v)
    return values


def _spoilt(values: Iterable[Value]) -> Value | None:
    """The first whose gradient is inf or nan."""
    return next((v for v in values if v.grad - v.grad != 0), None)


def clip_grad_norm(parameters: Parameters, max_norm: float) -> float:
    """Scale the gradients to a joint Euclidean norm of at most `max_norm`; return the norm before.

    (Pascanu, Mikolov, Bengio 2013). FloatingPointError where a gradient is inf or nan.
    """
    max_norm = validate.above_zero("clip_grad_norm", "max_norm", max_norm)
    values = values_of(parameters)
    norm = math.hypot(*[v.grad for v in values])
    if not math.isfinite(norm):
        v = _spoilt(values)
        which = "" if v is None else f", that of {v.label or repr(v)} is {v.grad}"
        raise FloatingPointError(f"clip_grad_norm: the norm of the gradients is {norm}{which}")
    if norm > max_norm:
        for v in values:
            v.grad *= max_norm / norm
    return norm


class Optimizer:
    """Changes parameters (Tensors or Values) along their gradients, at learning rate `lr`.

    Groups of parameters may have settings of their own, the others are those of all:

        nn.SGD([{"parameters": body, "lr": 1e-3}, {"parameters": head}], lr=1e-2, momentum=0.9)

    `groups` are their optimisers. A group's learning rate keeps its ratio to `lr`, which schedules
    change.
    """

    slots = 0  # how many numbers of state a parameter has, each 0 at the start
    groups: Sequence["Optimizer"] = ()
    _lr: float

    def __new__(cls, *given: Any, **options: Any) -> Self:
        """Say what a keyword of another library is called here; make the groups' optimisers."""
        validate.foreign_keywords(cls, options)
        new = super().__new__(cls)
        parameters = given[0] if given else options.get("parameters")
        if isinstance(parameters, list | tuple) and any(isinstance(p, dict) for p in parameters):
            bound = inspect.signature(cls).bind(*given, **options).arguments
            new.groups = [_group(cls, bound, k, group) for k, group in enumerate(parameters)]
        return new

    def __init__(self, parameters: Parameters, lr: float, weight_decay: float = 0.0) -> None:
        self.values = _all(self) if self.groups else values_of(parameters)
        if not self.values:
            raise ValueError(f"{type(self).__name__}: no parameters to train")
        self._lr = self._within("lr", lr, 0, math.inf)
        self._ratios = [self._ratio(group) for group in self.groups]
        self.lr = self._lr
        self.weight_decay = self._within("weight_decay", weight_decay, 0, math.inf)
        self.steps = 0
        self.state = [Column([0] * len(self.values)) for _ in range(self.slots)]

    def __repr__(self) -> str:
        groups = f" in {len(self.groups)} groups" * bool(self.groups)
        return written(self, f"{len(self.values):,} parameters{groups}, lr={self.lr:.6g}", "lr")

    @property
    def lr(self) -> float:
        """The learning rate; that of each group follows it."""
        return self._lr

    @lr.setter
    def lr(self, lr: float) -> None:
        self._lr = lr
        for group, ratio in zip(self.groups, self._ratios, strict=True):
            group.lr = ratio * lr

    def _ratio(self, group: "Optimizer") -> float:
        if not self.lr and group.lr:
            raise ValueError(
                f"{type(self).__name__}: the lr of a group is a multiple of lr, which is 0"
            )
        return group.lr / self.lr if self.lr else 1.0

    def _within(self, name: str, value: float, least: float, below: float) -> float:
        found: float = validate.within(type(self).__name__, name, value, least, below)
        return found

    def step(self) -> None:
        """Update every parameter from its gradient.

        FloatingPointError where a gradient is inf or nan, ValueError where none has been computed
        for any parameter; then nothing is changed.
        """
        values, gradients = self.values, [v.grad for v in self.values]
        self._refuse(gradients)

        def computed() -> Iterator[list[tuple[AnyNumber, ...]]]:
            columns = [[v.data for v in values], gradients, *[c.list() for c in self.state]]
            rows: list[tuple[AnyNumber, ...]] = []
            for rule, part in self.rules():
                rows += map(rule, *[column[part] for column in columns])
            yield list(zip(*rows, strict=True))

        def write(columns: list[tuple[AnyNumber, ...]]) -> None:
            numbers, *state = columns
            for v, number in zip(values, numbers, strict=True):
                v.data = number
            for column, row in zip(self.state, state, strict=True):
                column.take(list(row))

        self.advance(computed, write)

    def advance(self, computed: Callable[[], Iterable[T]], write: Callable[[T], None]) -> None:
        """Take a step whole or not at all, even where an interrupt comes in between.

        What `computed` gives, one thing, `write` writes, and it may do so twice. It is given by an
        iterator, which nothing interrupts between its end and ours: devices have used up by then
        what the step began with.
        """
        before, new = self.steps, list[T]()
        try:
            self.steps = before + 1
            new.extend(computed())
            write(new[0])
        except BaseException:
            if new:
                write(new[0])
            else:
                self.steps = before
            raise

    def _refuse(self, gradients: Sequence[AnyNumber]) -> None:
        """Errors for gradients that would spoil the parameters, or change nothing at all."""
        total = sum(gradients)
        if total - total != 0 and (v := _spoilt(self.values)) is not None:
            raise FloatingPointError(f"the gradient of {v.label or repr(v)} is {v.grad}")
        if total.__class__ is int and not any(gradients):
            raise ValueError(
                f"{self!r}: no gradient has reached any of its parameters; call backward() first, "
                "and make the optimiser of the model's parameters after its last layer was made"
            )

    def zero_grad(self) -> None:
        """Set all gradients to 0."""
        for v in self.values:
            v.grad = 0

    def rule(self, p: AnyNumber, g: AnyNumber, *state: AnyNumber) -> tuple[AnyNumber, ...]:
        """The new parameter and state; each optimiser writes its own."""
        raise TypeError(f"{type(self).__name__} has no update rule")

    def rules(self) -> list[tuple[Rule, slice]]:
        """The rule of each group, and which of the `values` it is for."""
        found, start = [], 0
        for group in self.groups:
            group.steps = self.steps
            found.append((group.rule, slice(start, start + len(group.values))))
            start += len(group.values)
        return found or [(self.rule, slice(None))]

    def state_dict(self) -> dict[str, Plain]:
        """What a continued run needs: learning rate, number of steps, state of each number."""
        kind = type(self).__name__
        return {
            "kind": kind, "lr": self.lr, "steps": self.steps, "state": [*map(list, self._rows())]
        }  # fmt: skip

    def load_state_dict(self, state: dict[str, Plain]) -> None:
        """Take up a `state_dict` of the same optimiser; ValueError for another kind or size."""
        if state.get("kind", type(self).__name__) != type(self).__name__:
            raise ValueError(f"{type(self).__name__}: the state of {state['kind']} does not fit")
        rows = [tuple(row) for row in state["state"]]
        if len(rows) != len(self.values) or any(len(row) != self.slots for row in rows):
            needed = f"{len(self.values)} parameters with {self.slots} numbers each"
            raise ValueError(f"{type(self).__name__}: the state does not fit {needed}")
        self.lr, self.steps = state["lr"], state["steps"]
        self.state = [Column([row[k] for row in rows]) for k in range(self.slots)]

    def _rows(self) -> Iterable[tuple[AnyNumber, ...]]:
        """The numbers of state of each parameter."""
        columns = [column.list() for column in self.state]
        return zip(*columns, strict=True) if columns else [()] * len(self.values)
