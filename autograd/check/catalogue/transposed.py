"""Transposed convolution: y[o, s·i + d·u, s·j + d·v] += w[c,o,u,v]·x[c,i,j], then cropped."""

from collections.abc import Iterator
from functools import partial
from itertools import product

import numpy as np

from . import convolution
from .axes import fitting
from .changes import FIRST, LAST, flip, only, option, part, swap
from .core import Array, Arrays, Axes, Given, Mistake, Operation, Options, Step
from .windows import corner, cropped, padded, scattered, taken

einsum = partial(np.einsum, optimize=True)
ORDERS = {"x": "NCHW", "w": "COUV", "b": "NOPQ", "y": "NOPQ"}
ALGEBRA = {
    "dx": "dX[c,i,j] = Σ_{o,u,v} W[c,o,u,v]·dZ[o, s·i+u, s·j+v], a correlation of dZ, padded",
    "dw": "dW[c,o,u,v] = Σ_{n,i,j} X[n,c,i,j]·dZ[n, o, s·i+u, s·j+v], dZ padded",
    "db": "db[o] = Σ_{n,i,j} dZ[n,o,i,j]",
}


def without_margin(g: Array, given: Given) -> Array:
    """dZ in the first corner, where it should lie inside of the margins."""
    out = np.zeros_like(g)
    out[:, :, : given.g.shape[2], : given.g.shape[3]] = given.g
    return out


MISTAKES = (
    Mistake("kernel-rotated", "dx.w",
            "the kernel is rotated by 180° in dX, where a correlation belongs", flip(2, 3)),
    Mistake("kernel-transposed", "dx.w", "the kernel is transposed in dX", swap(2, 3)),
    Mistake("channels-swapped", "dx.w",
            "input and output channels are swapped in dX", swap(0, 1)),
    Mistake("dx-last-output", "dx.w",
            "each output channel overwrites dX: the last remains", only(LAST, 1)),
    Mistake("dx-stride-ignored", "dx.where",
            "the stride is ignored in dX: dZ is taken one entry apart", option(stride=(1, 1))),
    Mistake("dx-margin-ignored", "dx.g", "dX is taken from dZ without its margin", without_margin),
    Mistake("dw-rotated", "dw", "dW is rotated by 180°", flip(2, 3)),
    Mistake("dw-stride-ignored", "dw.where",
            "the stride is ignored in dW: X meets the wrong windows", option(stride=(1, 1))),
    Mistake("dw-margin-ignored", "dw.g", "dW is taken from dZ without its margin", without_margin),
    Mistake("dw-last-position", "dw.x dw.windows",
            "dW is overwritten at each position: the last one remains", part(LAST, 2, 3)),
    Mistake("dw-last-sample", "dw.x dw.windows",
            "dW is overwritten at each sample: the last one remains", part(LAST)),
    Mistake("dw-first-sample", "dw.x dw.windows",
            "dW is made of the first sample only", part(FIRST)),
    Mistake("db-last-sample", "db.g", "db is the last sample's", part(LAST)),
    Mistake("db-first-position", "db.g",
            "db is dZ at the first position, not summed over positions", part(FIRST, 2, 3)),
)  # fmt: skip


def forward(a: Arrays, o: Options) -> Array:
    """(N, C, H, W), (C, O, U, V) -> (N, O, H', W')."""
    windows = einsum("couv,nchw->nohwuv", a["w"], a["x"])
    whole = np.zeros((len(a["x"]), a["w"].shape[1], *o["size"]))
    full = scattered(windows, padded(whole, o).shape, o)
    return np.asarray(cropped(full, corner(o), whole.shape) + a.get("b", 0.0))


def backward(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
    """dX, dW and db: what the forward scatters, the backward gathers."""
    count = a["x"].shape[2:]
    seen = _seen(step("dx.g", padded(g, o)), step("dx.where", o), count)
    found = {"x": einsum("couv,nohwuv->nchw", step("dx.w", a["w"]), seen)}
    seen = _seen(step("dw.g", padded(g, o)), step("dw.where", o), count)
    found["w"] = step("dw", einsum("nchw,nohwuv->couv", step("dw.x", a["x"]),
                                   step("dw.windows", seen)))  # fmt: skip
    found["b"] = step("db.g", g).sum((0, 2, 3), keepdims=True)
    return found


def _seen(g: Array, o: Options, count: tuple[int, ...]) -> Array:
    """The windows of dZ, one for each entry of X."""
    return taken(g, o)[:, :, : count[0], : count[1]]


LAYOUTS = [
    {"x": x, "w": w, "y": y}
    for (x, y), w in product(
        (("NCHW", "NOPQ"), ("NHWC", "NPQO"), ("CHW", "OPQ"), ("HWC", "PQO"), ("HW", "PQ"),
         ("NCW", "NOQ"), ("NWC", "NQO")),
        ("COUV", "OCUV", "UVCO", "UVOC", "UV", "COV", "OCV", "VCO", "VOC"),
    )
]  # fmt: skip


def readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    """As the convolution that takes the output back to the input's size."""
    core = {"x": a["x"], "w": a["w"], "y": output}
    for axes, n in fitting(LAYOUTS, core, ORDERS):
        if n["P"] < n["H"] or n["Q"] < n["W"] or n["U"] * n["V"] == 1:
            continue
        back = {**n, "H": n["P"], "W": n["Q"], "P": n["H"], "Q": n["W"]}
        words = f"{axes['x']}, kernels {axes['w'].translate(convolution.HUMAN)}"
        for found, options in convolution.settings(a, axes, back):
            if not options["rotated"] and found.get("b", "").strip("1") in ("O", ""):
                yield found, {**options, "size": (n["P"], n["Q"]), "layout": words}


TRANSPOSED = Operation(
    "transposed convolution", ("x", "w", "b"), ALGEBRA, MISTAKES, forward, backward, readings,
    frozenset("b"), ORDERS, convolution.words,
)  # fmt: skip
