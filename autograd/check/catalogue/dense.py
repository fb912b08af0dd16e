"""The dense layer: y[n,o] = Σ_i x[n,i]·w[i,o] + b[o]."""

from collections.abc import Iterator

from .axes import fitting, spread
from .changes import FIRST, LAST, one, only, part, reshaped, squared, total
from .core import Array, Arrays, Axes, Given, Mistake, Operation, Options, Step

ORDERS = {"x": "NI", "w": "IO", "b": "NO", "y": "NO"}
LAYOUTS = [
    {"x": x, "w": w, "y": y}
    for w in ("IO", "OI", "I", "O")
    for x, y in (
        ("NI", "NO"), ("IN", "ON"), ("I", "O"), ("NI", "N"), ("IN", "N"), ("I", ""), ("N", "NO"),
    )
]  # fmt: skip


def output_for_input(x: Array, given: Given) -> Array:
    """The output where x belongs; it must have the shape of x."""
    output = forward(given.arrays, given.options)
    return output if output.shape == x.shape else x


def transposed(g: Array, _: Given) -> Array:
    """dZ summed along the other axis, where that gives as many numbers."""
    return g.T if g.shape[0] == g.shape[1] else g


def times_b(db: Array, given: Given) -> Array:
    """Multiplied by b."""
    return db * given.arrays.get("b", 1.0)


ALGEBRA = {"dx": "dX = dZ·Wᵀ", "dw": "dW = Xᵀ·dZ", "db": "db[o] = Σ_n dZ[n,o]"}
MISTAKES = (
    Mistake("w-not-transposed", "dx.wt",
            "W is used in dX as it is or reshaped, not transposed", reshaped),
    Mistake("dx-one-output", "dx.w",
            "only the last output's weights send a gradient to X", only(LAST, 1)),
    Mistake("dx-w-squared", "dx.wt", "dX multiplies by W twice", squared),
    Mistake("dw-first-sample", "dw.x dw.g", "dW is made of the first sample only", part(FIRST)),
    Mistake("dw-last-sample", "dw.x dw.g",
            "dW is overwritten at each sample: the last one remains", part(LAST)),
    Mistake("dw-sums-apart", "dw.x dw.g",
            "X and dZ are summed over the samples before they are multiplied", total(0)),
    Mistake("dw-without-x", "dw.x",
            "dW is not multiplied by the input: it is db in every row", one),
    Mistake("dw-output-for-input", "dw.x",
            "dW multiplies by the output where the input belongs", output_for_input),
    Mistake("db-first-sample", "db.g",
            "db is the first sample's, not summed over the samples", part(FIRST)),
    Mistake("db-last-sample", "db.g",
            "db is the last sample's, not summed over the samples", part(LAST)),
    Mistake("db-wrong-axis", "db.g",
            "db is summed over the outputs where the samples belong", transposed),
    Mistake("db-times-b", "db", "db is multiplied by b", times_b),
)  # fmt: skip


def forward(a: Arrays, _: Options) -> Array:
    """(N, I), (I, O) -> (N, O)."""
    return a["x"] @ a["w"] + a.get("b", 0.0)


def backward(step: Step, g: Array, a: Arrays, _: Options) -> dict[str, Array]:
    """dX, dW and db."""
    return {
        "x": g @ step("dx.wt", step("dx.w", a["w"]).T),
        "w": step("dw.x", a["x"]).T @ step("dw.g", g),
        "b": step("db", step("db.g", g).sum(0, keepdims=True)),
    }


def readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    """Samples in rows, in columns, or one; W as (in, out) or (out, in)."""
    core = {"x": a["x"], "w": a["w"], "y": output}
    for axes, lengths in fitting(LAYOUTS, core, ORDERS):
        bias = spread(a["b"].shape, "O", lengths) if "b" in a else ""
        if bias is not None:
            words = f"X as {axes['x']}, W as {axes['w']}"
            yield {**axes, **({"b": bias} if "b" in a else {})}, {"layout": words}


DENSE = Operation(
    "dense", ("x", "w", "b"), ALGEBRA, MISTAKES, forward, backward, readings, frozenset("b"),
    ORDERS, lambda options: options["layout"],
)  # fmt: skip
