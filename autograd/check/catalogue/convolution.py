"""Convolution: y[o,i,j] = b[o] + Σ_{c,u,v} w[o,c,u,v]·x[c, s·i + d·u, s·j + d·v]."""

from collections.abc import Iterator
from functools import partial
from itertools import product

import numpy as np

from .axes import fitting, spread
from .changes import FIRST, LAST, alike, flip, only, option, part, swap, turn
from .core import Array, Arrays, Axes, Given, Mistake, Operation, Options, Step
from .windows import (
    MARGIN_KEPT,
    OVERWRITTEN,
    both_margins,
    corner,
    cropped,
    described,
    geometry,
    padded,
    scattered,
    steps,
    taken,
    together,
)

einsum = partial(np.einsum, optimize=True)
ORDERS = {"x": "NCHW", "w": "OCUV", "b": "NOPQ", "y": "NOPQ"}
IMAGES = (
    ("NCHW", "NOPQ"), ("NHWC", "NPQO"), ("CHW", "OPQ"), ("HWC", "PQO"), ("HW", "PQ"),
    ("HW", "OPQ"), ("HW", "PQO"), ("NHW", "NPQ"), ("NHW", "NOPQ"), ("NHW", "NPQO"),
    ("CHW", "PQ"), ("HWC", "PQ"), ("NCHW", "NPQ"), ("NHWC", "NPQ"),
    ("NCW", "NOQ"), ("NWC", "NQO"), ("CW", "OQ"), ("WC", "QO"), ("W", "Q"),
)  # fmt: skip
KERNELS = (
    "OCUV", "UVCO", "OUVC", "COUV", "UVOC", "OUV", "UVO", "CUV", "UVC", "UV", "OCV", "VCO", "V",
)  # fmt: skip
LAYOUTS = [{"x": x, "w": w, "y": y} for (x, y), w in product(IMAGES, KERNELS)]
DX = "dX[c, s·i+u, s·j+v] += W[o,c,u,v]·dZ[o,i,j]"
ALGEBRA = {
    "dx": DX,
    "dx.w": "dX is the full correlation of dZ with the kernel rotated by 180°: " + DX,
    "dx.corner": "dX = dXpad[p:p+H, p:p+W]",
    "dw": "dW[o,c,u,v] = Σ_{n,i,j} dZ[n,o,i,j]·X[n, c, s·i+u, s·j+v], X padded",
    "db": "db[o] = Σ_{n,i,j} dZ[n,o,i,j]",
}


def unpadded(x: Array, given: Given) -> Array:
    """The image in the first corner, not inside of its margins."""
    out = np.zeros_like(x)
    _, _, height, width = given["x"].shape
    out[:, :, :height, :width] = given["x"]
    return out


def first_position(g: Array, given: Given) -> Array:
    """The first position only, where all positions share the bias."""
    return g[:, :, :1, :1] if 2 in _summed(given.arrays, g) else g


MISTAKES = (
    Mistake("kernel-not-rotated", "dx.w", "the kernel is not rotated by 180° in dX", flip(2, 3)),
    Mistake("kernel-transposed", "dx.w",
            "the kernel is transposed in dX, not rotated by 180°", swap(2, 3)),
    Mistake("kernel-turned-by-90", "dx.w",
            "the kernel is rotated by 90° in dX, not by 180°", turn(2, 3)),
    Mistake("kernel-flipped-in-rows", "dx.w",
            "the kernel is flipped in one direction only in dX", flip(2)),
    Mistake("channels-flipped-too", "dx.w",
            "the channels are flipped together with the kernel", flip(0, 1, 2, 3)),
    Mistake("channels-flipped-only", "dx.w",
            "the channel axes are rotated, not the kernel's", flip(0, 1)),
    Mistake("channels-swapped", "dx.channels",
            "input and output channels are swapped in dX", swap(0, 1)),
    OVERWRITTEN,
    Mistake("overwritten-by-channel", "dx.channels",
            "each output channel overwrites dX: the last remains", only(LAST)),
    Mistake("dx-first-output", "dx.channels",
            "only the first output channel sends a gradient to X", only(FIRST)),
    Mistake("dx-first-input", "dx.channels",
            "dX uses the first input channel's kernel for all channels", alike(FIRST, 1)),
    MARGIN_KEPT,
    Mistake("margin-cropped-twice", "dx.corner",
            "the margin is cropped at the top and left only", both_margins),
    Mistake("dx-stride-ignored", "dx.where",
            "the stride is ignored in dX: dZ is not spread out", option(stride=(1, 1))),
    Mistake("dx-dilation-ignored", "dx.where",
            "the dilation is ignored in dX", option(dilation=1)),
    Mistake("dz-rotated", "dw.g",
            "dZ is rotated by 180° in dW: a convolution, not a correlation", flip(2, 3)),
    Mistake("dw-stride-ignored", "dw.where",
            "the stride is ignored in dW: dZ meets the wrong windows", option(stride=(1, 1))),
    Mistake("dw-dilation-ignored", "dw.where",
            "the dilation is ignored in dW", option(dilation=1)),
    Mistake("dw-margin-ignored", "dw.x",
            "dW is taken from the image without its margin", unpadded),
    Mistake("dw-last-window", "dw.windows dw.g",
            "dW is overwritten at each window: the last one remains", part(LAST, 2, 3)),
    Mistake("dw-last-sample", "dw.windows dw.g",
            "dW is overwritten at each sample: the last one remains", part(LAST)),
    Mistake("dw-first-sample", "dw.windows dw.g",
            "dW is made of the first sample only", part(FIRST)),
    Mistake("dw-first-input", "dw.x",
            "dW uses the first input channel for all channels", alike(FIRST, 1)),
    Mistake("db-last-sample", "db.g", "db is the last sample's", part(LAST)),
    Mistake("db-first-position", "db.g",
            "db is dZ at the first position, not summed over positions", first_position),
    Mistake("db-times-x", "db",
            "db is multiplied by the input's sum", lambda db, given: db * given["x"].sum()),
)  # fmt: skip


def forward(a: Arrays, o: Options) -> Array:
    """(N, C, H, W), (O, C, U, V) -> (N, O, H', W'); `rotated` is the strict sense."""
    windows = taken(padded(a["x"], o), o)
    return np.asarray(einsum("ocuv,ncijuv->noij", _kernel(a["w"], o), windows) + a.get("b", 0.0))


def _kernel(w: Array, o: Options) -> Array:
    """The kernel as it meets a window, or the gradient of the kernel from that of this one."""
    return w[..., ::-1, ::-1] if o["rotated"] else w


def backward(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
    """dX, dW and db."""
    return {"x": _dx(step, g, a, o), "w": _dw(step, g, a, o), "b": _db(step, g, a)}


def _dx(step: Step, g: Array, a: Arrays, o: Options) -> Array:
    """The windows' gradients, added up where the windows were taken, without the margins."""
    w = step("dx.channels", step("dx.w", _kernel(a["w"], o)))
    windows = step("dx.windows", einsum("ocuv,noij->ncijuv", w, g))
    full = scattered(windows, padded(a["x"], o).shape, step("dx.where", o))
    return cropped(full, step("dx.corner", corner(o)), a["x"].shape)


def _dw(step: Step, g: Array, a: Arrays, o: Options) -> Array:
    """Each window times the gradient of what it gave."""
    seen = taken(step("dw.x", padded(a["x"], o)), step("dw.where", o))
    windows = step("dw.windows", seen[:, :, : g.shape[2], : g.shape[3]])
    return _kernel(einsum("noij,ncijuv->ocuv", step("dw.g", g), windows), o)


def _db(step: Step, g: Array, a: Arrays) -> Array:
    """Summed over what shares the bias."""
    return np.asarray(step("db", step("db.g", g).sum(_summed(a, g), keepdims=True)))


def _summed(a: Arrays, g: Array) -> tuple[int, ...]:
    """The axes along which the bias is the same."""
    shape = a["b"].shape if "b" in a else (1, g.shape[1], 1, 1)
    return tuple(k for k, n in enumerate(shape) if n == 1)


def _biases(a: Arrays, sizes: dict[str, int]) -> Iterator[str | None]:
    """A number for each channel, or for each entry of a sample's output."""
    if "b" not in a:
        yield ""
        return
    for letters in ("O", "OPQ", "PQO", "PQ"):
        yield spread(a["b"].shape, letters, sizes)


def readings(a: Arrays, output: Array) -> Iterator[tuple[Axes, Options]]:
    """Layouts of images and kernels; then stride, padding, dilation and rotation that fit them."""
    core = {"x": a["x"], "w": a["w"], "y": output}
    for axes, n in fitting(LAYOUTS, core, ORDERS):
        layout = f"{axes['x']}, kernels {axes['w'].translate(HUMAN)}"
        for found, options in settings(a, axes, n):
            yield found, {**options, "layout": layout}


def settings(a: Arrays, axes: Axes, n: dict[str, int]) -> Iterator[tuple[Axes, Options]]:
    """The axes with those of a bias, and every geometry that fits these lengths."""
    biases = dict.fromkeys(b for b in _biases(a, n) if b is not None)
    for bias, options in product(biases, _geometries(n)):
        yield {**axes, **({"b": bias} if "b" in a else {})}, options


HUMAN = str.maketrans("OCUV", "OIHW")  # as PyTorch and JAX call the axes of kernels


def _geometries(n: dict[str, int]) -> Iterator[Options]:
    kernel = (n["U"], n["V"])
    for dilation in (1, 2, 3) if max(kernel) > 1 else (1,):
        u, v = ((k - 1) * dilation + 1 for k in kernel)
        full = 2 if dilation == 1 else 1  # hardly anybody pads more than for "same" when dilated
        rows = list(steps(n["H"], u, n["P"], full * (u - 1)))
        columns = list(steps(n["W"], v, n["Q"], full * (v - 1)))
        for found in together(rows, columns, 1 in (n["P"], n["Q"])):
            for rotated in (False, True) if max(kernel) > 1 else (False,):
                yield {**geometry(kernel), **found, "dilation": dilation, "rotated": rotated}


def words(o: Options) -> str:
    """Layouts, and how the windows lie."""
    kind = "kernel rotated, " if o["rotated"] else ""
    return f"{o['layout']}, {kind}{described(o)}"


CONVOLUTION = Operation(
    "convolution", ("x", "w", "b"), ALGEBRA, MISTAKES, forward, backward, readings,
    frozenset("b"), ORDERS, words,
)  # fmt: skip
