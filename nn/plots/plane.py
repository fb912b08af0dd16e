"""A picture of a decision boundary: how models part a plane into classes."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import autograd
from autograd import Tensor, UnknownNumberError, Value, no_grad, softmax, stack

from ..annotations import Numbers
from ..layers import Sigmoid, Softmax
from ..module import Module
from ..watch import head, watched
from .look import COLOURS, array, figure

if TYPE_CHECKING:
    from .picture import Picture

GRID = 160  # points along each side


def boundary(
    model: Module | Sequence[Module],
    points: Numbers,
    labels: Sequence[int],
    class_names: Sequence[str] = (),
    titles: Sequence[str] = (),
) -> "Picture":
    """The plane as a model of points (2,) parts it, with data points (N, 2) of classes 0, 1, ...

    The stronger a colour, the surer the model. One output is the score of class 1 (labels may be
    0 and 1, or -1 and 1), several are a score a class. `model` may be several models, which are
    shown side by side with a title each.

    ValueError for points that are not in a plane, for other labels, and for another model.
    """
    models = [model] if isinstance(model, Module) else list(model)
    spots, classes = _checked(points, labels)
    if not models or (titles and len(titles) != len(models)):
        raise ValueError(f"boundary: {len(models)} models and {len(titles)} titles")
    picture, panels = _panels(len(models), *_extent(spots))
    for k, axes in enumerate(panels.flat):
        if k < len(models):
            _panel(axes, models[k], spots, classes)
            axes.set_title(titles[k] if titles else f"{len(spots)} points", fontsize=10)
        else:
            axes.set_visible(False)
    _key(picture, classes, class_names)
    return picture


def _panels(n: int, low: Any, high: Any) -> tuple["Picture", Any]:
    """A figure and its axes for n planes, in rows of at most 4."""
    columns = min(n, 4)
    rows = math.ceil(n / columns)
    side = 5.2 if n == 1 else 3.0
    tall = side * min(2.0, max(0.4, (high[1] - low[1]) / (high[0] - low[0])))
    picture = figure(side * columns + 0.6, (tall + 0.35) * rows + 0.7)
    panels = picture.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axes in panels[:, 0]:
        axes.set_ylabel("x₂")
    for axes in panels[-1]:
        axes.set_xlabel("x₁")
    return picture, panels


def _checked(points: Any, labels: Any) -> tuple[Any, Any]:
    """Points as an array (N, 2), and their classes 0, 1, ..."""
    import numpy as np

    spots = array(points)
    if spots.ndim != 2 or spots.shape[1] != 2:
        raise ValueError(f"boundary: points must be (N, 2), got shape {spots.shape}")
    classes = np.asarray(labels)
    if classes.shape != (len(spots),):
        raise ValueError(f"boundary: {len(spots)} points and labels of shape {classes.shape}")
    if {*classes.tolist()} == {-1, 1}:
        classes = (classes + 1) // 2
    if classes.dtype.kind not in "iu" or classes.min() < 0:
        raise ValueError("boundary: labels are class numbers 0, 1, ...; or -1 and 1")
    return spots, classes


def _extent(spots: Any) -> tuple[Any, Any]:
    """The corners of the plane that is shown: the points with a margin."""
    low, high = spots.min(0), spots.max(0)
    margin = 0.12 * ((high - low).max() or 1)
    return low - margin, high + margin


def _panel(axes: Any, model: Any, spots: Any, classes: Any) -> None:
    """One model's plane, the lines where its decision changes, and the points."""
    import numpy as np

    (left, bottom), (right, top) = _extent(spots)
    x, y = np.meshgrid(np.linspace(left, right, GRID), np.linspace(bottom, top, GRID))
    shares = _shares(model, np.stack([x.ravel(), y.ravel()], 1))
    if classes.max() >= shares.shape[1]:
        last = f"{shares.shape[1]} classes, the labels go up to {classes.max()}"
        raise ValueError(f"boundary: the model has {last}")
    shares = shares.reshape(GRID, GRID, -1)
    extent, stretch = (left, right, bottom, top), (top - bottom) / (right - left)
    aspect = "equal" if 0.4 <= stretch <= 2 else "auto"
    axes.imshow(_blended(shares), extent=extent, origin="lower", aspect=aspect)
    for k in range(shares.shape[2] - (shares.shape[2] == 2)):
        lead = shares[..., k] - np.delete(shares, k, 2).max(2)
        if lead.min() < 0 < lead.max():
            axes.contour(x, y, lead, [0], colors="black", linewidths=1.2)
    colours = [COLOURS[k % len(COLOURS)] for k in classes]
    size = min(22, max(4, 9000 / len(spots) / 2))
    axes.scatter(*spots.T, s=size, c=colours, edgecolors="white", linewidths=0.5)


def _blended(shares: Any) -> Any:
    """Class shares (..., K) as colours: that of the likeliest, paler the less it leads."""
    import numpy as np
    from matplotlib.colors import to_rgb

    k = shares.shape[-1]
    colours = np.array([to_rgb(COLOURS[c % len(COLOURS)]) for c in range(k)])[shares.argmax(-1)]
    sure = (shares.max(-1, keepdims=True) - 1 / k) / (1 - 1 / k)
    return 1 - (0.12 + 0.5 * sure) * (1 - colours)


def _shares(model: Any, points: Any) -> Any:
    """The share of each class at points: (M, 2) -> (M, K)."""
    import numpy as np

    with watched("boundary", model) as calls:
        model(points[0])
        is_share = isinstance(head(calls).layer, Softmax | Sigmoid)

        def shares(x: Any) -> Any:
            y = model(x)
            y = Tensor([y]) if isinstance(y, Value) else y
            return y if is_share else y.sigmoid() if y.shape[-1] == 1 else softmax(y)

        outputs = _run(shares, model, points).reshape(len(points), -1)
    return np.concatenate([1 - outputs, outputs], 1) if outputs.shape[1] == 1 else outputs


def _run(function: Any, model: Module, points: Any) -> Any:
    """Outputs for many points: compiled, or scalar by scalar where that cannot be."""
    try:
        state = [part for _, part in model.named_state()]
        return autograd.compile(function, points[0], parameters=state)(points)
    except UnknownNumberError:
        with no_grad():
            return array(stack([function(Tensor(point)) for point in points]))


def _key(picture: Any, classes: Any, class_names: Sequence[str]) -> None:
    """Which colour is which class."""
    from matplotlib.lines import Line2D

    ks = sorted({*classes.tolist(), *range(len(class_names))})
    names = [class_names[k] if class_names else f"class {k}" for k in ks]
    dots = [Line2D([], [], marker="o", ls="", color=COLOURS[k % len(COLOURS)]) for k in ks]
    picture.legend(dots, names, loc="outside lower center", ncols=4, frameon=False)
