"""A loss of what an activation makes of the scores, with the mistakes of both."""

from collections.abc import Iterator
from dataclasses import dataclass

from .core import Array, Arrays, Change, Given, Mistake, Operation, Options, Step


def scored(loss: Operation, activation: Operation, settings: Options) -> Operation:
    """The loss of y = f(P) and T; `settings` are the activation's options."""
    both = _Both(loss, activation, settings)
    lines = (loss.algebra["dp"].replace("P", "y"), activation.algebra["dx"])
    algebra = {"dp": "; ".join(lines).replace("dX", "dP").replace("dY", "dy")}
    return Operation(
        f"{loss.name} of {activation.name}", loss.roles, algebra, tuple(both.mistakes()),
        both.forward, both.rule, loss.readings, loss.optional, loss.orders, loss.describe,
    )  # fmt: skip


@dataclass(frozen=True)
class _Both:
    """A loss and the activation before it."""

    loss: Operation
    activation: Operation
    settings: Options

    def activated(self, a: Arrays) -> Arrays:
        """The arrays with y in the place of P."""
        return {**a, "p": self.activation.forward({"x": a["p"]}, self.settings)}

    def forward(self, a: Arrays, o: Options) -> Array:
        return self.loss.forward(self.activated(a), o)

    def rule(self, step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
        found = self.loss.backward(g, self.activated(a), o)
        return {**found, "p": step("dp", self.through(found["p"], a["p"]))}

    def through(self, dy: Array, p: Array, *mistakes: Mistake) -> Array:
        """dP from dy, with mistakes of the activation."""
        return self.activation.backward(dy, {"x": p}, self.settings, mistakes)["x"]

    def dy(self, given: Given, *mistakes: Mistake) -> Array:
        """The gradient of y, with mistakes of the loss."""
        arrays = self.activated(given.arrays)
        return self.loss.backward(given.g, arrays, given.options, mistakes)["p"]

    def mistakes(self) -> Iterator[Mistake]:
        """Those of the loss, the activation that is forgotten, and those of the activation."""
        name = self.activation.name
        for m in self.loss.mistakes:
            yield Mistake(m.name, "dp", m.remark, self.of_loss(m))
        yield Mistake(
            f"{name}: left-out", "dp",
            f"the derivative of the {name} is missing: this is the gradient of its output",
            lambda _, given: self.dy(given),
        )  # fmt: skip
        for m in self.activation.mistakes:
            if m.name != "derivative-forgotten":
                remark = f"in the {name}, {m.remark}"
                yield Mistake(f"{name}: {m.name}", "dp", remark, self.of_activation(m))

    def of_loss(self, mistake: Mistake) -> Change:
        return lambda _, given: self.through(self.dy(given, mistake), given["p"])

    def of_activation(self, mistake: Mistake) -> Change:
        return lambda _, given: self.through(self.dy(given), given["p"], mistake)
