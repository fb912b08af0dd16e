"""A loss of what an activation makes of the scores, with the mistakes of both."""

from .core import Array, Arrays, Change, Given, Mistake, Operation, Options, Step


def scored(loss: Operation, activation: Operation, settings: Options) -> Operation:
    """The loss of y = f(P) and T; `settings` are the activation's options."""

    def y_of(a: Arrays) -> Arrays:
        return {**a, "p": activation.forward({"x": a["p"]}, settings)}

    def back(dy: Array, p: Array, *mistakes: Mistake) -> Array:
        return activation.backward(dy, {"x": p}, settings, mistakes)["x"]

    def forward(a: Arrays, o: Options) -> Array:
        return loss.forward(y_of(a), o)

    def rule(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
        found = loss.backward(g, y_of(a), o)
        return {**found, "p": step("dp", back(found["p"], a["p"]))}

    def of_loss(mistake: Mistake) -> Change:
        """dP with a mistake of the loss."""

        def change(_: Array, given: Given) -> Array:
            dy = loss.backward(given.g, y_of(given.arrays), given.options, [mistake])["p"]
            return back(dy, given["p"])

        return change

    def of_activation(mistake: Mistake) -> Change:
        """dP with a mistake of the activation."""

        def change(_: Array, given: Given) -> Array:
            dy = loss.backward(given.g, y_of(given.arrays), given.options)["p"]
            return back(dy, given["p"], mistake)

        return change

    def of_output(_: Array, given: Given) -> Array:
        return loss.backward(given.g, y_of(given.arrays), given.options)["p"]

    name = activation.name
    outer = tuple(Mistake(m.name, "dp", m.remark, of_loss(m)) for m in loss.mistakes)
    inner = tuple(
        Mistake(f"{name}: {m.name}", "dp", f"in the {name}, {m.remark}", of_activation(m))
        for m in activation.mistakes
        if m.name != "derivative-forgotten"
    )
    remark = f"the derivative of the {name} is missing: this is the gradient of its output"
    left_out = Mistake(f"{name}: left-out", "dp", remark, of_output)
    lines = (loss.algebra["dp"].replace("P", "y"), activation.algebra["dx"])
    algebra = {"dp": "; ".join(lines).replace("dX", "dP").replace("dY", "dy")}
    return Operation(
        f"{loss.name} of {name}", loss.roles, algebra, (*outer, left_out, *inner), forward, rule,
        loss.readings, loss.optional, loss.orders, loss.describe,
    )  # fmt: skip
