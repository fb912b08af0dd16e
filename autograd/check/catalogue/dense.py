"""The dense layer: y[n,o] = Σ_i x[n,i]·w[i,o] + b[o]."""

from collections.abc import Iterator

import numpy as np

from .axes import fitting, spread
from .core import Array, Arrays, Axes, Operation, Options, Switches, shared, table

ORDERS = {"x": "NI", "w": "IO", "b": "NO", "y": "NO"}
LAYOUTS = [
    {"x": x, "w": w, "y": y}
    for w in ("IO", "OI", "I", "O")
    for x, y in (
        ("NI", "NO"), ("IN", "ON"), ("I", "O"), ("NI", "N"), ("IN", "N"), ("I", ""), ("N", "NO"),
    )
]  # fmt: skip
DX, DW, DB = "dX = dZ·Wᵀ", "dW = Xᵀ·dZ", "db[o] = Σ_n dZ[n,o]"
MISTAKES = table(
    ("x", "w-not-transposed", "W is used in dX as it is or reshaped, not transposed", DX),
    ("x", "dx-averaged", "dX is divided by the number of samples; 1/N belongs to the loss", DX),
    ("x", "dx-summed", "dX is summed over the samples: every sample gets the same row", DX),
    ("x", "dx-one-output", "only the last output's weights send a gradient to X", DX),
    ("x", "dx-one-sample", "only the first sample gets a gradient", DX),
    ("x", "dx-w-squared", "dX multiplies by W twice", DX),
    ("w", "dw-transposed", "dW is transposed, its numbers are in the wrong places", DW),
    ("w", "dw-averaged", "dW is divided by the number of samples; 1/N belongs to the loss", DW),
    ("w", "dw-averaged-twice", "dW is divided by the number of samples twice", DW),
    ("w", "dw-first-sample", "dW is made of the first sample only", DW),
    ("w", "dw-last-sample", "dW is overwritten at each sample: the last one remains", DW),
    ("w", "dw-sums-apart", "X and dZ are summed over the samples before they are multiplied", DW),
    ("w", "dw-without-x", "dW is not multiplied by the input: it is db in every row", DW),
    ("w", "dw-output-for-input", "dW multiplies by the output where the input belongs", DW),
    ("b", "db-averaged", "db is the mean over the samples; 1/N belongs to the loss", DB),
    ("b", "db-first-sample", "db is the first sample's, not summed over the samples", DB),
    ("b", "db-last-sample", "db is the last sample's, not summed over the samples", DB),
    ("b", "db-wrong-axis", "db is summed over the outputs where the samples belong", DB),
    ("b", "db-total", "db is summed over everything: one number for all outputs", DB),
    ("b", "db-forgotten", "db is zero", DB),
    ("b", "db-times-b", "db is multiplied by b", DB),
) + shared("x w b", f"{DX}; {DW}; {DB}")


def forward(a: Arrays, options: Options) -> Array:
    """(N, I), (I, O) -> (N, O)."""
    return a["x"] @ a["w"] + a.get("b", 0.0)


def backward(g: Array, a: Arrays, options: Options, on: Switches) -> dict[str, Array]:
    """dX, dW and db."""
    return {"x": _dx(g, a, on), "w": _dw(g, a, on), "b": _db(g, a, on)}


def _dx(g: Array, a: Arrays, on: Switches) -> Array:
    wt = a["w"].T
    if "w-not-transposed" in on:
        wt = a["w"].reshape(wt.shape)
    if "dx-one-output" in on:
        g, wt = g[:, -1:], wt[-1:]
    if "dx-w-squared" in on:
        wt = wt * wt
    dx = g @ wt
    if "dx-averaged" in on:
        dx = dx / len(g)
    if "dx-summed" in on:
        dx = np.broadcast_to(dx.sum(0), dx.shape)
    if "dx-one-sample" in on:
        dx = np.concatenate([dx[:1], 0 * dx[1:]])
    return dx


def _dw(g: Array, a: Arrays, on: Switches) -> Array:
    x = a["x"]
    if "dw-first-sample" in on:
        x, g = x[:1], g[:1]
    if "dw-last-sample" in on:
        x, g = x[-1:], g[-1:]
    if "dw-sums-apart" in on:
        x, g = x.sum(0, keepdims=True), g.sum(0, keepdims=True)
    if "dw-without-x" in on:
        x = np.ones_like(x)
    if "dw-output-for-input" in on and x.shape == g.shape:
        x = forward(a, {})[: len(x)]
    dw = x.T @ g
    if "dw-transposed" in on:
        dw = dw.T.reshape(dw.shape)
    if "dw-averaged" in on:
        dw = dw / len(a["x"])
    if "dw-averaged-twice" in on:
        dw = dw / len(a["x"]) ** 2
    return dw


def _db(g: Array, a: Arrays, on: Switches) -> Array:
    db = g.sum(0, keepdims=True)
    if "db-averaged" in on:
        db = db / len(g)
    if "db-first-sample" in on:
        db = g[:1]
    if "db-last-sample" in on:
        db = g[-1:]
    if "db-wrong-axis" in on and g.shape[0] == g.shape[1]:
        db = g.sum(1)[None]
    if "db-total" in on:
        db = np.full_like(db, g.sum())
    if "db-forgotten" in on:
        db = 0 * db
    if "db-times-b" in on and "b" in a:
        db = db * a["b"]
    return db


def readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    """Samples in rows, in columns, or one; W as (in, out) or (out, in)."""
    core = {"x": a["x"], "w": a["w"], "y": output}
    for axes, lengths in fitting(LAYOUTS, core, ORDERS):
        bias = spread(a["b"].shape, "O", lengths) if "b" in a else ""
        if bias is not None:
            words = f"X as {axes['x']}, W as {axes['w']}"
            yield {**axes, **({"b": bias} if "b" in a else {})}, {"layout": words}


DENSE = Operation(
    "dense", ("x", "w", "b"), MISTAKES, forward, backward, readings, frozenset("b"), ORDERS,
    lambda options: options["layout"],
)  # fmt: skip
