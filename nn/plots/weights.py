"""A picture of what a convolution has learned: its kernels."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..layers import Conv2D
from ..module import Module
from .look import MOST, array, colour_bar, figure, largest, left_out, mosaic, note, painted

if TYPE_CHECKING:
    from .picture import Picture


def kernels(model: Module, path: str | None = None, channel: int | None = None) -> "Picture":
    """The weights of a convolution, all on one scale: blue below 0, orange above.

    `model` is a Conv2D, or a model, of which the first Conv2D is shown, or the one at this `path`.
    Kernels of several channels are rows (outputs) × columns (inputs); `channel` picks one input.

    ValueError where there is no such convolution or channel.
    """
    path, layer = _convolution(model, path)
    weights = array(layer.weight)
    outputs, inputs = weights.shape[:2]
    title = f"{path}  {layer!r}  weights".strip()
    if channel is not None:
        if channel not in range(inputs):
            there = f"{layer!r} has input channels 0 to {inputs - 1}"
            raise ValueError(f"kernels: {there}, not {channel!r}")
        weights = weights[:, [channel]]
        title += f" of input channel {channel}"
    scale, shown = largest(weights), weights[:MOST, :MOST]
    picture = _sheet(painted(shown, scale), title)
    colour_bar(picture.axes[0], scale, fraction=0.05, pad=0.02, shrink=0.8)
    left = [left_out(len(shown), outputs, "output channels")]
    left += [left_out(shown.shape[1], weights.shape[1], "input channels")]
    note(picture, "; ".join(filter(None, left)))
    return picture


def _convolution(model: Any, path: str | None) -> tuple[str, Conv2D]:
    """The Conv2D at a path, or the first one."""
    if isinstance(model, Conv2D) and path is None:
        return model.path or "", model
    if not isinstance(model, Module):
        raise TypeError(f"kernels: needs a model or a Conv2D, got {model!r:.60}")
    found = {name: part for name, part in model.named_parts() if isinstance(part, Conv2D)}
    if not found:
        raise ValueError(f"kernels: there is no Conv2D in {type(model).__name__}")
    name = next(iter(found)) if path is None else str(path)
    if name not in found:
        raise ValueError(f"kernels: there is no Conv2D at {name!r}, but at {', '.join(found)}")
    return name, found[name]


def _sheet(tiles: Any, title: str) -> "Picture":
    """Tiles (O, I, h, w, 4): O rows of I, or for one input, rows wider than they are many."""
    outputs, inputs, height, width = tiles.shape[:4]
    columns = inputs if inputs > 1 else min(outputs, math.ceil(math.sqrt(2 * outputs)))
    rows = -(-outputs * inputs // columns)
    side = min(0.8, max(0.2, 9 / max(rows, columns)))
    size = side * columns + 1.6, side * rows * height / width + 1.2
    picture = figure(max(4.4, size[0]), max(1.8, size[1]), title)
    axes = picture.add_subplot()
    centres = mosaic(axes, tiles.reshape(-1, height, width, 4), columns)
    if inputs > 1:
        _number(axes.set_xticks, [x for x, _ in centres[:columns]])
        axes.set_xlabel("input channel")
    step = 1 if inputs > 1 else columns
    _number(axes.set_yticks, [y for _, y in centres[::columns]], step)
    axes.set_ylabel("output channel" + (", from" if step > 1 else ""))
    axes.tick_params(length=0, labelsize=8)
    return picture


def _number(set_ticks: Any, places: Sequence[float], step: int = 1) -> None:
    """Ticks 0, step, ... at these places; every other one or fewer where there are many."""
    every = math.ceil(len(places) / 32)
    set_ticks(places[::every], [str(k * step) for k in range(0, len(places), every)])
