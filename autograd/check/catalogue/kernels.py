"""Convolutions whose kernels come in another form: in groups, one a channel, or as a matrix.

Each is the convolution with all of the kernels that the form stands for: `whole` spreads them out,
and `own` takes the gradient of the form from that of all.
"""

from collections.abc import Callable, Iterator
from itertools import product
from math import isqrt

import numpy as np

from . import convolution
from .axes import fitting
from .changes import reshaped
from .core import Array, Arrays, Axes, Given, Mistake, Operation, Options, Step

Form = Callable[[Array, Options], Array]
Proposals = Iterator[tuple[Axes, Options]]
SHARED = {  # the slips of a convolution that do not ask which channel meets which
    "kernel-not-rotated", "kernel-transposed", "kernel-flipped-in-rows", "overwritten",
    "margin-kept", "dx-stride-ignored", "dz-rotated", "dw-stride-ignored", "dw-margin-ignored",
    "dw-last-window", "dw-last-sample", "dw-first-sample", "db-last-sample", "db-first-position",
}  # fmt: skip


def _operation(
    name: str, order: str, whole: Form, own: Form, mistakes: tuple[Mistake, ...],
    readings: Callable[[Arrays, Array], Proposals],
) -> Operation:  # fmt: skip
    def forward(a: Arrays, o: Options) -> Array:
        return convolution.forward({**a, "w": whole(a["w"], o)}, o)

    def backward(step: Step, g: Array, a: Arrays, o: Options) -> dict[str, Array]:
        found = convolution.backward(step, g, {**a, "w": whole(a["w"], o)}, o)
        return {**found, "w": step("dw.own", own(found["w"], o))}

    shared = tuple(m for m in convolution.MISTAKES if m.name in SHARED)
    return Operation(
        name, ("x", "w", "b"), convolution.ALGEBRA, shared + mistakes, forward, backward, readings,
        frozenset("b"), {**convolution.ORDERS, "w": order}, convolution.words,
    )  # fmt: skip


# --- groups of channels ---------------------------------------------------------------------------


def _in_blocks(w: Array, o: Options) -> Array:
    """(O, D, U, V) -> (O, C, U, V): 0 where an output and a channel are of different groups."""
    return _everywhere(w, o) * _blocks(w.shape[0], w.shape[1], o["groups"])


def _everywhere(w: Array, o: Options) -> Array:
    """The kernels of each group at the channels of every group."""
    return np.tile(w, (1, o["groups"], 1, 1))


def _blocks(outputs: int, channels: int, groups: int) -> Array:
    """1 where an output and a channel are of one group: (O, C, 1, 1)."""
    blocks = np.kron(np.eye(groups), np.ones((outputs // groups, channels)))
    return np.asarray(blocks, float)[..., None, None]


def _of_blocks(w: Array, o: Options) -> Array:
    """The opposite of `_in_blocks`: (O, C, U, V) -> (O, D, U, V)."""
    outputs, channels, u, v = w.shape
    groups = o["groups"]
    own = w * _blocks(outputs, channels // groups, groups)
    return np.asarray(own.reshape(outputs, groups, channels // groups, u, v).sum(1))


def all_groups(w: Array, given: Given) -> Array:
    """The kernels of a group meet the channels of all groups."""
    return _everywhere(_of_blocks(w, given.options), given.options)


def first_kernels(w: Array, given: Given) -> Array:
    """The kernels of the first group in the place of all groups'."""
    own, groups = _of_blocks(w, given.options), given.options["groups"]
    return _in_blocks(np.tile(own[: len(own) // groups], (groups, 1, 1, 1)), given.options)


def first_group(x: Array, given: Given) -> Array:
    """The channels of the first group in the place of all groups'."""
    groups = given.options["groups"]
    return np.tile(x[:, : x.shape[1] // groups], (1, groups, 1, 1))


def sum_of_groups(x: Array, given: Given) -> Array:
    """The sum over the groups in the place of each."""
    n, c, height, width = x.shape
    groups = given.options["groups"]
    total = x.reshape(n, groups, c // groups, height, width).sum(1)
    return np.tile(total, (1, groups, 1, 1))


GROUP_MISTAKES = (
    Mistake("dx-all-groups", "dx.channels",
            "dX gets the gradient of all groups, not of its own alone", all_groups),
    Mistake("dx-first-kernels", "dx.channels",
            "the first group's kernels are used for all groups in dX", first_kernels),
    Mistake("dw-first-group", "dw.x",
            "dW is made of the first group's input channels for all groups", first_group),
    Mistake("dw-first-upstream", "dw.g",
            "dW is made of the first group's dZ for all groups", first_group),
    Mistake("dw-all-groups", "dw.x",
            "dW is made of the sum of all groups' input channels", sum_of_groups),
)  # fmt: skip
GROUP_LAYOUTS = [
    {"x": x, "w": w, "y": y}
    for (x, y), w in product(
        (("NCHW", "NOPQ"), ("NHWC", "NPQO"), ("CHW", "OPQ"), ("HWC", "PQO"), ("NCW", "NOQ")),
        ("ODUV", "UVDO", "OUV", "UVO", "OUVD", "UVOD", "DOUV", "ODV", "OV"),
    )
]


def _group_readings(a: Arrays, output: Array) -> Proposals:
    core = {"x": a["x"], "w": a["w"], "y": output}
    for axes, n in fitting(GROUP_LAYOUTS, core, GROUPED.orders):
        groups, left = divmod(n["C"], n["D"])
        if left or groups < 2 or n["O"] % groups:
            continue
        kind = "depthwise" if n["D"] == 1 else f"{groups} groups"
        for found, options in convolution.settings(a, axes, n):
            yield found, {**options, "groups": groups, "layout": f"{kind}, {axes['x']}"}


GROUPED = _operation(
    "grouped convolution", "ODUV", _in_blocks, _of_blocks, GROUP_MISTAKES, _group_readings
)

# --- matrices -------------------------------------------------------------------------------------


def _as_kernels(w: Array, o: Options) -> Array:
    """(O, C·U·V) -> (O, C, U, V), with the columns in the order of the options."""
    lengths = dict(zip("CUV", o["shape"], strict=True))
    kernels = w.reshape(-1, *(lengths[letter] for letter in o["order"]))
    return kernels.transpose(0, *(1 + o["order"].index(letter) for letter in "CUV"))


def _as_matrix(w: Array, o: Options) -> Array:
    """The opposite of `_as_kernels`, with 1s for the axes that a matrix has not."""
    return w.transpose(0, *(1 + "CUV".index(letter) for letter in o["order"])).reshape(len(w), -1)


def other_order(w: Array, given: Given) -> Array:
    """The columns in the order in which the forward has them not."""
    other = {"CUV": "UVC", "UVC": "CUV"}[given.options["order"]]
    return _as_matrix(_as_kernels(w, given.options), {**given.options, "order": other})


MATRIX_MISTAKES = (
    Mistake("dw-other-order", "dw.own",
            "the columns of dW come in another order: channels first for last, or the reverse",
            other_order),
    Mistake("dw-reshaped", "dw.own", "dW is reshaped where it should be transposed", reshaped),
)  # fmt: skip
MATRIX_LAYOUTS = [
    {"x": x, "w": w, "y": y}
    for (x, y), w in product(convolution.IMAGES, ("OK", "KO"))
    if "O" in y and "C" in x
]


def _matrix_readings(a: Arrays, output: Array) -> Proposals:
    core = {"x": a["x"], "w": a["w"], "y": output}
    for axes, n in fitting(MATRIX_LAYOUTS, core, MATRIX.orders):
        area, left = divmod(n["K"], n["C"])
        side = area if "H" not in axes["x"] else isqrt(area)
        height = 1 if "H" not in axes["x"] else side
        if left or height * side != area or area == 1:
            continue
        sized = {**n, "U": height, "V": side}
        for found, options in convolution.settings(a, axes, sized):
            for order in ("CUV", "UVC"):
                words = f"{axes['x']}, kernels as a matrix {axes['w']} with columns {order}"
                shape = (n["C"], height, side)
                yield found, {**options, "order": order, "shape": shape, "layout": words}


MATRIX = _operation(
    "convolution by a matrix", "OK", _as_kernels, _as_matrix, MATRIX_MISTAKES, _matrix_readings
)
