"""Convolution: y[o,i,j] = b[o] + Σ_{c,u,v} w[o,c,u,v]·x[c, s·i + d·u, s·j + d·v]."""

from collections.abc import Iterator
from functools import partial
from itertools import product

import numpy as np

from .axes import fitting, spread
from .core import Array, Arrays, Axes, Operation, Options, Switches, shared, table
from .windows import cropped, described, geometry, padded, scattered, steps, taken, together

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
DW = "dW[o,c,u,v] = Σ_{n,i,j} dZ[n,o,i,j]·X[n, c, s·i+u, s·j+v]"
DB = "db[o] = Σ_{n,i,j} dZ[n,o,i,j]"
CROP = "dX = dXpad[p:p+H, p:p+W]"
ROTATED = "dX is the full correlation of dZ with the kernel rotated by 180°: " + DX
MISTAKES = table(
    ("x", "kernel-not-rotated", "the kernel is not rotated by 180° in dX", ROTATED),
    ("x", "kernel-transposed", "the kernel is transposed in dX, not rotated by 180°", ROTATED),
    ("x", "kernel-turned-by-90", "the kernel is rotated by 90° in dX, not by 180°", ROTATED),
    ("x", "kernel-flipped-in-rows", "the kernel is flipped in one direction only in dX", ROTATED),
    ("x", "channels-flipped-too", "the channels are flipped together with the kernel", ROTATED),
    ("x", "channels-flipped-only", "the channel axes are rotated, not the kernel's", ROTATED),
    ("x", "channels-swapped", "input and output channels are swapped in dX", DX),
    ("x", "overwritten", "overlapping windows overwrite dX where they should add to it", DX),
    ("x", "overwritten-by-channel", "each output channel overwrites dX: the last remains", DX),
    ("x", "dx-first-output", "only the first output channel sends a gradient to X", DX),
    ("x", "dx-all-inputs-alike", "every input channel gets the sum over all of them", DX),
    ("x", "dx-first-input", "dX uses the first input channel's kernel for all channels", DX),
    ("x", "margin-kept", "the margin is cropped at the bottom and right only", CROP),
    ("x", "margin-cropped-twice", "the margin is cropped at the top and left only", CROP),
    ("x", "dx-stride-ignored", "the stride is ignored in dX: dZ is not spread out", DX),
    ("x", "dx-dilation-ignored", "the dilation is ignored in dX", DX),
    ("x", "dx-rotated", "dX is rotated by 180°: a correlation's operands are swapped", DX),
    ("x", "dx-averaged", "dX is divided by the number of samples; 1/N belongs to the loss", DX),
    ("x", "dx-one-sample", "only the first sample gets a gradient", DX),
    ("w", "dw-rotated", "dW is rotated by 180°: a correlation's operands are swapped", DW),
    ("w", "dz-rotated", "dZ is rotated by 180° in dW: a convolution, not a correlation", DW),
    ("w", "dw-transposed", "rows and columns of dW's kernels are swapped", DW),
    ("w", "dw-channels-swapped", "input and output channels of dW are swapped", DW),
    ("w", "dw-stride-ignored", "the stride is ignored in dW: dZ meets the wrong windows", DW),
    ("w", "dw-dilation-ignored", "the dilation is ignored in dW", DW),
    ("w", "dw-margin-ignored", "dW is taken from the image without its margin", DW + ", X padded"),
    ("w", "dw-last-window", "dW is overwritten at each window: the last one remains", DW),
    ("w", "dw-averaged", "dW is divided by the number of samples; 1/N belongs to the loss", DW),
    ("w", "dw-averaged-twice", "dW is divided by the number of samples twice", DW),
    ("w", "dw-averaged-over-windows", "dW is divided by the number of windows", DW),
    ("w", "dw-last-sample", "dW is overwritten at each sample: the last one remains", DW),
    ("w", "dw-first-sample", "dW is made of the first sample only", DW),
    ("w", "dw-first-input", "dW uses the first input channel for all channels", DW),
    ("w", "dw-inputs-summed", "dW sums over the input channels: all get the same", DW),
    ("w", "dw-outputs-summed", "dW sums dZ over the output channels: all get the same", DW),
    ("b", "db-averaged", "db is divided by the number of samples; 1/N belongs to the loss", DB),
    ("b", "db-mean", "db is the mean over samples and positions, not the sum", DB),
    ("b", "db-position-mean", "db is the mean over positions, not the sum", DB),
    ("b", "db-last-sample", "db is the last sample's", DB),
    ("b", "db-first-position", "db is dZ at the first position, not summed over positions", DB),
    ("b", "db-total", "db is summed over the channels too: one number for all", DB),
    ("b", "db-forgotten", "db is zero", DB),
    ("b", "db-times-x", "db is multiplied by the input's sum", DB),
) + shared("x w b", f"{DX}; {DW}; {DB}")  # fmt: skip


def forward(a: Arrays, o: Options) -> Array:
    """(N, C, H, W), (O, C, U, V) -> (N, O, H', W'); `rotated` is the strict sense."""
    w = a["w"][..., ::-1, ::-1] if o["rotated"] else a["w"]
    return einsum("ocuv,ncijuv->noij", w, taken(padded(a["x"], o), o)) + a.get("b", 0.0)


def backward(g: Array, a: Arrays, o: Options, on: Switches) -> dict[str, Array]:
    """dX, dW and db."""
    return {"x": _dx(g, a, o, on), "w": _dw(g, a, o, on), "b": _db(g, a, on)}


def _kernel(w: Array, o: Options, on: Switches) -> Array:
    """The kernel that dX uses."""
    if ("kernel-not-rotated" in on) != o["rotated"]:
        w = w[..., ::-1, ::-1]
    if "kernel-transposed" in on and w.shape[2] == w.shape[3]:
        w = w.swapaxes(2, 3)
    if "kernel-turned-by-90" in on and w.shape[2] == w.shape[3]:
        w = np.rot90(w, 1, (2, 3))
    if "kernel-flipped-in-rows" in on:
        w = w[:, :, ::-1]
    if "channels-flipped-too" in on:
        w = w[::-1, ::-1, ::-1, ::-1]
    if "channels-flipped-only" in on:
        w = w[::-1, ::-1]
    if "channels-swapped" in on and w.shape[0] == w.shape[1]:
        w = w.swapaxes(0, 1)
    if "dx-all-inputs-alike" in on:
        w = np.broadcast_to(w.sum(1, keepdims=True), w.shape)
    if "dx-first-input" in on:
        w = np.broadcast_to(w[:, :1], w.shape)
    return w


def _dx(g: Array, a: Arrays, o: Options, on: Switches) -> Array:
    x, w = a["x"], _kernel(a["w"], o, on)
    if "overwritten-by-channel" in on:
        g, w = g[:, -1:], w[-1:]
    if "dx-first-output" in on:
        g, w = g[:, :1], w[:1]
    where = dict(o)
    if "dx-stride-ignored" in on:
        where["stride"] = (1, 1)
    if "dx-dilation-ignored" in on:
        where["dilation"] = 1
    windows = einsum("ocuv,noij->ncijuv", w, g)
    full = scattered(windows, padded(x, o).shape, where, "overwritten" in on)
    dx = cropped(full, o, x.shape)
    if "margin-kept" in on:
        dx = full[:, :, : x.shape[2], : x.shape[3]]
    if "margin-cropped-twice" in on:
        dx = full[:, :, full.shape[2] - x.shape[2] :, full.shape[3] - x.shape[3] :]
    if "dx-rotated" in on:
        dx = dx[..., ::-1, ::-1]
    if "dx-averaged" in on:
        dx = dx / len(x)
    if "dx-one-sample" in on:
        dx = np.concatenate([dx[:1], 0 * dx[1:]])
    return dx


def _seen(a: Arrays, o: Options, on: Switches) -> Array:
    """The windows that dW uses."""
    x, (p, q) = padded(a["x"], o), forward(a, o).shape[2:]
    if "dw-margin-ignored" in on:
        x = np.zeros_like(x)
        x[:, :, : a["x"].shape[2], : a["x"].shape[3]] = a["x"]
    if "dw-first-input" in on:
        x = np.broadcast_to(x[:, :1], x.shape)
    if "dw-inputs-summed" in on:
        x = np.broadcast_to(x.sum(1, keepdims=True), x.shape)
    where = dict(o)
    if "dw-stride-ignored" in on:
        where["stride"] = (1, 1)
    if "dw-dilation-ignored" in on:
        where["dilation"] = 1
    return taken(x, where)[:, :, :p, :q]


def _dw(g: Array, a: Arrays, o: Options, on: Switches) -> Array:
    windows, n = _seen(a, o, on), len(g)
    if "dz-rotated" in on:
        g = g[..., ::-1, ::-1]
    if "dw-last-window" in on:
        windows, g = windows[:, :, -1:, -1:], g[:, :, -1:, -1:]
    if "dw-last-sample" in on:
        windows, g = windows[-1:], g[-1:]
    if "dw-first-sample" in on:
        windows, g = windows[:1], g[:1]
    if "dw-outputs-summed" in on:
        g = np.broadcast_to(g.sum(1, keepdims=True), g.shape)
    dw = einsum("noij,ncijuv->ocuv", g, windows)
    if ("dw-rotated" in on) != o["rotated"]:
        dw = dw[..., ::-1, ::-1]
    if "dw-transposed" in on and dw.shape[2] == dw.shape[3]:
        dw = dw.swapaxes(2, 3)
    if "dw-channels-swapped" in on and dw.shape[0] == dw.shape[1]:
        dw = dw.swapaxes(0, 1)
    if "dw-averaged" in on:
        dw = dw / n
    if "dw-averaged-twice" in on:
        dw = dw / n**2
    if "dw-averaged-over-windows" in on:
        dw = dw / g[0, 0].size
    return dw


def _db(g: Array, a: Arrays, on: Switches) -> Array:
    shape = a["b"].shape if "b" in a else (1, g.shape[1], 1, 1)
    summed = tuple(k for k, n in enumerate(shape) if n == 1)
    positions = g[0, 0].size if 2 in summed else 1
    if "db-last-sample" in on:
        g = g[-1:]
    if "db-first-position" in on and 2 in summed:
        g = g[:, :, :1, :1]
    db = g.sum(summed, keepdims=True)
    if "db-averaged" in on:
        db = db / len(g)
    if "db-mean" in on:
        db = db / (len(g) * positions)
    if "db-position-mean" in on:
        db = db / positions
    if "db-total" in on:
        db = np.broadcast_to(db.sum(1, keepdims=True), db.shape)
    if "db-forgotten" in on:
        db = 0 * db
    if "db-times-x" in on:
        db = db * a["x"].sum()
    return db


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
        biases = dict.fromkeys(b for b in _biases(a, n) if b is not None)
        words = f"{axes['x']}, kernels {axes['w'].translate(HUMAN)}"
        for bias, options in product(biases, _geometries(n)):
            found = {**axes, **({"b": bias} if "b" in a else {})}
            yield found, {**options, "layout": words}


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


def _words(o: Options) -> str:
    kind = "kernel rotated, " if o["rotated"] else ""
    return f"{o['layout']}, {kind}{described(o)}"


CONVOLUTION = Operation(
    "convolution", ("x", "w", "b"), MISTAKES, forward, backward, readings, frozenset("b"), ORDERS,
    _words,
)  # fmt: skip
