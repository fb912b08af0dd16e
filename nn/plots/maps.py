"""A picture of what a model computes: the output of each layer for one image."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from autograd import no_grad

from ..annotations import Numbers
from ..module import Module
from ..summary import by
from ..watch import Call, watched
from .look import (
    BLUE,
    GREY,
    MOST,
    ORANGE,
    array,
    bare,
    colour_bar,
    figure,
    inked,
    largest,
    left_out,
    note,
    one_image,
    painted,
    tiled,
)

if TYPE_CHECKING:
    from .picture import Picture

LAYERS = 24  # in one picture
LEFT, WIDTH = 0.5, 8.8  # of the bands, in inches


def feature_maps(
    model: Module,
    image: Numbers,
    layers: Sequence[str] | None = None,
    class_names: Sequence[str] = (),
) -> "Picture":
    """What each layer makes of one image (C, H, W): its channels as pictures, vectors as bars.

    Layers that only hand on what they got, such as Flatten, are left out; `layers` picks by paths.
    Each layer has its own scale, symmetric around 0: blue below, orange above. `class_names` are
    written below the last bars.

    ValueError for an image of another shape, and for a path that is not there.
    """
    x = one_image("feature_maps", image)
    with watched("feature_maps", model) as calls, no_grad():
        model(x)
    chosen = _new(x, calls) if layers is None else _at(layers, calls)
    bands = [_Band(f"input  {by(x.shape)}", array(x), x.shape[0] not in (1, 3))]
    bands += [_Band(_title(call), array(call.output), True) for call in chosen[:LAYERS]]
    picture = _stacked(bands)
    if class_names and bands[-1].numbers.shape == (len(class_names),):
        picture.axes[-1].set_xticks(range(len(class_names)), class_names)
    note(picture, left_out(len(bands) - 1, len(chosen), "layers"))
    return picture


def _stacked(bands: Sequence["_Band"]) -> "Picture":
    """Bands below each other; in inches, so that all pixels of a layer are of one size."""
    width, height = LEFT + WIDTH + 0.85, 0.7 + sum(band.height + 0.42 for band in bands)
    picture = figure(width, height, "What each layer makes of one image", layout=None)
    y = height - 0.4
    for band in bands:
        y -= band.height + 0.42

        def box(left: float, wide: float, y: float = y, tall: float = band.height) -> Any:
            return picture.add_axes((left / width, y / height, wide / width, tall / height))

        band.draw(box)
    return picture


def _new(x: Any, calls: Sequence[Call]) -> list[Call]:
    """The calls whose output has not been seen: by its Values, however they are arranged."""
    seen, found = {tuple(x.values)}, []
    for call in calls:
        values = tuple(getattr(call.output, "values", ()))
        if values and values not in seen and call.output.ndim <= 3:
            found.append(call)
        seen.add(values)
    return found


def _at(paths: Sequence[Any], calls: Sequence[Call]) -> list[Call]:
    """The calls of these layers, in the order in which they were made."""
    wanted = [str(path) for path in ([paths] if isinstance(paths, str) else paths)]
    there = list(dict.fromkeys(call.path for call in calls if call.path))
    for path in wanted:
        if path not in there:
            known = ", ".join(there)
            raise ValueError(f"feature_maps: no layer at {path!r}; there are {known}")
    found = [call for call in calls if call.path in wanted]
    for call in found:
        if getattr(call.output, "ndim", 4) > 3:
            raise ValueError(f"feature_maps: {call.path} gives no image and no vector")
    return found


def _title(call: Call) -> str:
    return f"{call.path}  {call.words}  {by(call.output.shape)}".strip()


class _Band:
    """One layer's output: channels in rows of 8 or 16, or bars."""

    def __init__(self, title: str, numbers: Any, is_signed: bool) -> None:
        self.title, self.numbers, self.height = title, numbers, 0.8
        self.scale = largest(numbers) if is_signed else 0.0
        self.sheet: Any = None
        if numbers.ndim > 1:
            channels = numbers if numbers.ndim == 3 else numbers[None]
            shown = painted(channels[:MOST], self.scale) if is_signed else inked(channels)[None]
            self.sheet, _ = tiled(shown, 8 if len(channels) <= 8 else 16)
            self.height = WIDTH * self.sheet.shape[0] / self.sheet.shape[1]
            rest = left_out(min(MOST, len(channels)), len(channels), "channels")
            self.title += f"  ({rest})" * bool(rest)

    def draw(self, box: Callable[[float, float], Any]) -> None:
        """Title, and channels or bars, in axes that box(left, width) gives."""
        axes = box(LEFT, WIDTH)
        axes.set_title(self.title, loc="left", fontsize=9, pad=4)
        if self.sheet is None:
            self._bars(axes)
            return
        axes.imshow(self.sheet, interpolation="nearest", aspect="auto")
        bare(axes)
        if self.scale:
            colour_bar(axes, self.scale, cax=box(LEFT + WIDTH + 0.1, 0.1))

    def _bars(self, axes: Any) -> None:
        places = range(len(self.numbers))
        axes.bar(places, self.numbers, color=[ORANGE if y > 0 else BLUE for y in self.numbers])
        axes.axhline(0, color=GREY, lw=0.6)
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        axes.set_xlim(-0.6, len(self.numbers) - 0.4)
        axes.tick_params(labelsize=8)
        if len(self.numbers) <= 20:
            axes.set_xticks(places)
