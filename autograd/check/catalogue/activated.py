"""A layer and its activation in one: y = f(z), with the mistakes of both."""

from .core import UPSTREAM, Array, Arrays, Change, Given, Mistake, Operation, Options, Step


def activated(layer: Operation, activation: Operation) -> Operation:
    """The layer whose output goes through the activation; a slip in the latter spoils them all."""

    def forward(a: Arrays, o: Options) -> Array:
        return activation.forward({"x": layer.forward(a, o)}, {})

    def rule(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
        z = layer.forward(a, o)
        dz = step(UPSTREAM, activation.backward(g, {"x": z}, {})["x"])
        return layer.rule(step, dz, a, o)

    def before(mistake: Mistake) -> Change:
        """The gradient of z with a mistake of the activation."""

        def change(_: Array, given: Given) -> Array:
            z = layer.forward(given.arrays, given.options)
            return activation.backward(given.g, {"x": z}, {}, [mistake])["x"]

        return change

    name = activation.name
    inner = tuple(
        Mistake(f"{name}: {m.name}", UPSTREAM, f"in the {name}, {m.remark}", before(m))
        for m in activation.mistakes
    )
    algebra = {**layer.algebra, UPSTREAM: activation.algebra["dx"].replace("dX", "dZ")}
    return Operation(
        f"{layer.name} and {name}", layer.roles, algebra, layer.mistakes + inner, forward, rule,
        layer.readings, layer.optional, layer.orders, layer.describe,
    )  # fmt: skip
