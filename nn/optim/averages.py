"""Averages of the parameters over the steps of a training, which often predict better."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Self

from autograd import Column

from .. import validate
from ..annotations import AnyNumber, Plain
from ..arguments import written
from .optimizer import Optimizer, Rule


class Averaged(Optimizer):
    """An optimiser that averages what another one finds: a ← a + share·(p - a) after each step.

    `with optimizer.averaged(): ...` looks at the model with its averages in the place of its
    parameters; running statistics stay as they are. The trainer measures, keeps and leaves the
    averages.
    """

    def __new__(cls, *_: Any, **options: Any) -> Self:
        """Say what a keyword of another library is called here."""
        validate.foreign_keywords(cls, options)
        return object.__new__(cls)

    def __init__(self, optimizer: Optimizer) -> None:
        name = type(self).__name__
        validate.made(name, optimizer)
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{name}: needs an optimiser first, got a {type(optimizer).__name__}")
        self.optimizer, self.values = optimizer, optimizer.values
        self.slots = optimizer.slots + 1
        self.state = [*optimizer.state, Column([v.data for v in self.values])]
        self._found: list[AnyNumber] | None = None  # the parameters, while averages are shown

    def __repr__(self) -> str:
        return written(self, repr(self.optimizer), apart="optimizer")

    @property
    def lr(self) -> float:
        """The optimiser's learning rate."""
        return self.optimizer.lr

    @lr.setter
    def lr(self, lr: float) -> None:
        self.optimizer.lr = lr

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return self.optimizer.steps

    @steps.setter
    def steps(self, steps: int) -> None:
        self.optimizer.steps = steps

    def share(self) -> float:
        """How far the averages move towards the parameters after this step."""
        raise TypeError(f"{type(self).__name__} has no method share")

    def rules(self) -> list[tuple[Rule, slice]]:
        """The optimiser's rules, and the averages after them."""
        return [(partial(self._rule, rule), part) for rule, part in self.optimizer.rules()]

    def _rule(
        self, rule: Rule, p: AnyNumber, g: AnyNumber, *state: AnyNumber
    ) -> tuple[AnyNumber, ...]:
        *others, average = state
        p, *others = rule(p, g, *others)
        return p, *others, average + self.share() * (p - average)

    def show(self) -> None:
        """Put the averages into the place of the parameters, until `resume`."""
        if self._found is None:
            self._found = [v.data for v in self.values]
            self._put(self.state[-1].list())

    def resume(self) -> None:
        """Bring the parameters back where averages are shown."""
        if self._found is not None:
            self._put(self._found)
            self._found = None

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The model with its averages, for a while."""
        self.show()
        try:
            yield
        finally:
            self.resume()

    def _put(self, numbers: list[AnyNumber]) -> None:
        for v, number in zip(self.values, numbers, strict=True):
            v.data = number

    def step(self) -> None:
        """Update the parameters, then the averages."""
        self.resume()
        super().step()

    def state_dict(self) -> dict[str, Plain]:
        """What a continued run needs: the optimiser's state, the averages, and the parameters."""
        found = [v.data for v in self.values] if self._found is None else self._found
        state = super().state_dict()
        rows = zip(state["state"], found, strict=True)
        return {**state, "state": [[*row, p] for row, p in rows]}

    def load_state_dict(self, state: dict[str, Plain]) -> None:
        """Take up a `state_dict`; the parameters are those of its moment."""
        rows = [tuple(row) for row in state["state"]]
        super().load_state_dict({**state, "state": [row[:-1] for row in rows]})
        self._found = [row[-1] for row in rows]


class EMA(Averaged):
    """An exponential moving average: a ← d·a + (1 - d)·p, from the first step's parameters on.

    nn.EMA(nn.Adam(model.parameters()), decay=0.99)
    """

    def __init__(self, optimizer: Optimizer, decay: float = 0.999) -> None:
        super().__init__(optimizer)
        self.decay = self._within("decay", decay, 0, 1)

    def share(self) -> float:
        """1 - d; after the first step, 1."""
        return 1 - self.decay if self.steps > 1 else 1.0


class SWA(Averaged):
    """The mean of the parameters after step `start` and every so many steps from there on.

    Before it, the average is the last step's (Izmailov et al. 2018; with every=1 Polyak, Juditsky
    1992).
    """

    def __init__(self, optimizer: Optimizer, start: int = 1, every: int = 1) -> None:
        super().__init__(optimizer)
        self.start = validate.positive("SWA", "start", start)
        self.every = validate.positive("SWA", "every", every)

    def share(self) -> float:
        """1/n for the n-th that counts; 0 for those between."""
        count, between = divmod(self.steps - self.start, self.every)
        if count < 0:
            return 1.0
        return 0.0 if between else 1 / (count + 1)
