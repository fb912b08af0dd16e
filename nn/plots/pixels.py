"""Pictures of images: a sheet of them, and which of an image's pixels decide its class."""

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd import Tensor, Value, current_scope, graph, softmax

from ..annotations import Numbers
from ..layers import Softmax
from ..module import Module
from ..summary import by
from ..validate import whole
from ..watch import head, watched
from .look import (
    MOST,
    array,
    colour_bar,
    ends,
    figure,
    inked,
    largest,
    left_out,
    mosaic,
    note,
    one_image,
    painted,
    pictures,
)

if TYPE_CHECKING:
    from .picture import Picture

LETTERS = 17  # in a line above an image


def images(images: Numbers, titles: Sequence[str] | None = None) -> "Picture":
    """A sheet of images, each (H, W), (1, H, W) or (3, H, W), all of one size, with titles.

    One channel is ink on paper (0 is white, 1 black), three are red, green and blue.

    ValueError for no images, for other shapes, and for another number of titles.
    """
    import numpy as np

    n = len(images)
    if not n:
        raise ValueError("images: there are no images")
    if titles is not None and len(titles) != n:
        raise ValueError(f"images: {n} images and {len(titles)} titles")
    tiles = [inked(pictures("images", images[k])) for k in range(min(n, MOST))]
    if len(sizes := {tile.shape[:2] for tile in tiles}) > 1:
        raise ValueError(f"images: needs images of one size, got {', '.join(map(by, sizes))}")
    lines = [_wrapped(str(title)) for title in (titles or [])[: len(tiles)]]
    picture = _sheet(np.stack(tiles), lines)
    note(picture, left_out(len(tiles), n, "images"))
    return picture


def _wrapped(title: str) -> list[str]:
    return [part for line in title.splitlines() for part in textwrap.wrap(line, LETTERS)]


def _sheet(tiles: Any, lines: list[list[str]]) -> "Picture":
    """Tiles (n, h, w, 4) in rows, with the lines of its title above each."""
    columns = min(len(tiles), max(4, math.ceil(math.sqrt(1.5 * len(tiles)))))
    rows = -(-len(tiles) // columns)
    height, width = tiles.shape[1:3]
    above = 0.17 * max(map(len, lines), default=0)
    tall = 1.15 * height / width + above
    picture = figure(max(2.0, 1.15 * columns + 0.2), rows * tall + 0.4)
    grid = picture.add_gridspec(rows, 1)
    for row in range(rows):
        axes = picture.add_subplot(grid[row])
        part = slice(row * columns, (row + 1) * columns)
        centres = mosaic(axes, tiles[part], columns)
        for (x, _), text in zip(centres, lines[part], strict=False):
            axes.text(x, 0, "\n".join(text), ha="center", va="bottom", fontsize=8)
    return picture


def saliency(
    model: Module, image: Numbers, label: int | None = None, class_names: Sequence[str] = ()
) -> "Picture":
    """Which pixels of an image (C, H, W) decide a class: ∂score/∂pixel, from the engine.

    Shown are the image, |∂score/∂pixel| (the largest of the channels), and its sign over the image:
    orange where a brighter pixel raises the score, blue where it lowers it (the channels' sum). The
    score is that of class `label`, by default the predicted one, before softmax. Gradients of the
    model's parameters are left alone. (Simonyan, Vedaldi, Zisserman 2013, Deep Inside CNNs.)

    ValueError for an image of another shape, and for a label that is no class.
    """
    x = one_image("saliency", image)
    scores = scores_of("saliency", model, x)
    predicted = max(range(len(scores)), key=lambda k: scores[k].data)
    label = predicted if label is None else whole("saliency", "label", label)
    if label not in range(len(scores)):
        raise ValueError(f"saliency: label {label!r} is not one of {len(scores)} classes")
    name = class_names[label] if class_names else f"class {label}"
    title = f"Which pixels decide the score of {name}, {scores[label].data:.3g}"
    if len(scores) > 1:
        share = softmax(Tensor([v.data for v in scores])).tolist()[label]
        title += f" (probability {share:.1%}" + ", predicted" * (label == predicted) + ")"
    return _triptych(array(x), _slopes(scores[label], x), title)


def scores_of(who: str, model: Module, x: Tensor) -> list[Value]:
    """A model's outputs for one image, before softmax."""
    if not current_scope().recording:
        raise ValueError(f"{who}: needs gradients; call it outside of no_grad")
    with watched(who, model) as calls:
        output = model(x)
    if isinstance(head(calls).layer, Softmax):
        output = head(calls).inputs[0]
    output = Tensor([output]) if isinstance(output, Value) else output
    if getattr(output, "ndim", 0) != 1:
        shape = getattr(output, "shape", None)
        raise ValueError(f"{who}: needs a model that gives a score a class, got shape {shape}")
    return list(output.values)


def _slopes(score: Value, x: Tensor) -> Any:
    """∂score/∂x, without touching `.grad`: an array shaped like x."""
    adjoints = graph.adjoints(graph.order(score), {score: 1.0})
    return array([adjoints.get(v, 0.0) for v in x.values]).reshape(x.shape)


def _triptych(image: Any, slopes: Any, title: str) -> "Picture":
    """The image, the size of the slopes, and their sign over the image."""
    picture = figure(9.4, 3.5, title)
    plain, sizes, over = picture.subplots(1, 3)
    shown = inked(image if len(image) in (1, 3) else image.mean(0, keepdims=True))
    plain.imshow(shown)
    plain.set_title(f"image {by(image.shape)}", fontsize=10)
    strength = abs(slopes).max(0)
    end = largest(strength)
    shades = sizes.imshow(strength, cmap="magma", vmin=0, vmax=end)
    ends(picture.colorbar(shades, ax=sizes, fraction=0.046, pad=0.03), [0, end])
    sizes.set_title("|∂score/∂pixel|", fontsize=10)
    total = slopes.sum(0)
    end = largest(total)
    faint = 1 - 0.35 * (1 - shown[..., :3])
    share = abs(total / end)[..., None] ** 0.5
    over.imshow(share * painted(total, end)[..., :3] + (1 - share) * faint)
    colour_bar(over, end)
    over.set_title("∂score/∂pixel over the image", fontsize=10)
    for axes in (plain, sizes, over):
        axes.set(xticks=[], yticks=[])
    return picture
