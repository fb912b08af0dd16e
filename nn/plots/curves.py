"""Pictures of a training and of its result: learning curves and the confusion matrix."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .look import BLUE, GREY, MIDDLE, ORANGE, ends, figure

if TYPE_CHECKING:
    from ..training.history import History
    from .picture import Picture

READABLE = 20  # classes; of more, the cells have no numbers


def history(history: "History") -> "Picture":
    """Learning curves: loss and, for classes, accuracy, in training and validation.

    The best epoch of each panel is marked: that of the lowest loss or the highest accuracy, in
    validation where there is one. `history` is what `Trainer.fit` returns.

    ValueError where it has no epochs.
    """
    epochs = list(history)
    if not epochs:
        raise ValueError("history: there are no epochs yet; call fit first")
    measures = [m for m in ("loss", "accuracy") if getattr(epochs[0], m) is not None]
    picture = figure(4.8 * len(measures), 3.6, "Learning curves")
    for k, measure in enumerate(measures):
        axes = picture.add_subplot(1, len(measures), k + 1)
        _curves(axes, epochs, measure)
    return picture


def _curves(axes: Any, epochs: Sequence[Any], measure: str) -> None:
    """One measure over the epochs, where it is finite; a loss that falls far in logarithms."""
    best: tuple[Any, str] | None = None
    drawn = [("training", measure, BLUE), ("validation", f"validation_{measure}", ORANGE)]
    for name, column, colour in drawn:
        points = [(e.number, getattr(e, column)) for e in epochs]
        points = [(x, y) for x, y in points if y is not None and math.isfinite(y)]
        if points:
            dots = "o" if len(points) <= 30 else ""
            axes.plot(*zip(*points, strict=True), color=colour, marker=dots, ms=4, label=name)
            best = points, colour
    if best:
        _mark_best(axes, *best, measure)
    heights = [y for line in axes.lines for y in line.get_ydata()] or [0.0]
    if measure == "loss" and min(heights) > 0 and max(heights) > 20 * min(heights):
        axes.set_yscale("log")
        axes.yaxis.get_major_locator().set_params(subs=(1, 2, 5))
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:g}")
        axes.yaxis.set_minor_formatter(lambda *_: "")
    if measure == "accuracy":
        axes.yaxis.set_major_formatter(lambda y, _: f"{y:.1%}")
    axes.set(xlabel="epoch", ylabel=measure, title=measure)
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    axes.grid(alpha=0.25)
    if best:
        axes.legend(frameon=False)


def _mark_best(axes: Any, points: Any, colour: str, measure: str) -> None:
    """A ring around the best epoch, and its number in the legend."""
    sign = 1 if measure == "loss" else -1
    x, y = min(points, key=lambda point: (sign * point[1], point[0]))
    value = f"{y:.4f}" if measure == "loss" else f"{y:.2%}"
    label = f"best: epoch {x}, {value}"
    axes.plot([x], [y], "o", ms=11, mfc="none", mec=colour, mew=1.5, ls="", label=label)


def confusion(
    labels: Sequence[int], predictions: Sequence[int], class_names: Sequence[str] = ()
) -> "Picture":
    """The confusion matrix: counts and shares of each row, a row for each true class.

    What is right (the diagonal) is blue, and what is wrong orange on a scale of its own, so that
    few mistakes among many samples can be seen.

    ValueError where the lengths differ, or a label or prediction is no class.
    """
    counts = _counted(labels, predictions, class_names)
    names = class_names or [str(k) for k in range(len(counts))]
    n, total, right = len(counts), int(counts.sum()), int(counts.trace())
    side = 1.8 + 0.52 * min(n, READABLE)
    title = f"{right:,} of {total:,} right ({right / total:.2%})"
    picture = figure(max(4.6, side + 1.4), max(3.2, side), title)
    axes = picture.add_subplot()
    _cells(axes, counts)
    axes.set(xlabel="taken for", ylabel="true class", aspect="equal")
    every = math.ceil(n / 40)
    turned = max(map(len, names)) > 3
    axes.set_xticks(range(0, n, every), names[::every], rotation=45 * turned, fontsize=9)
    axes.set_yticks(range(0, n, every), names[::every], fontsize=9)
    if turned:
        for text in axes.get_xticklabels():
            text.set(ha="right", rotation_mode="anchor")
    return picture


def _counted(labels: Any, predictions: Any, class_names: Any) -> Any:
    """counts[t, p]: how many samples of class t were taken for class p."""
    import numpy as np

    t, p = (np.asarray(list(x)) for x in (labels, predictions))
    if len(t) != len(p) or not len(t):
        raise ValueError(f"confusion: needs as many labels as predictions, got {len(t)}, {len(p)}")
    if t.dtype.kind not in "iu" or p.dtype.kind not in "iu":
        raise ValueError("confusion: labels and predictions are class numbers 0, 1, ...")
    n = len(class_names) or int(max(t.max(), p.max())) + 1
    for name, numbers in (("label", t), ("prediction", p)):
        if numbers.min() < 0 or numbers.max() >= n:
            wrong = next(k for k in numbers.tolist() if not 0 <= k < n)
            raise ValueError(f"confusion: {name} {wrong} is not one of {n} classes")
    counts = np.zeros((n, n), int)
    np.add.at(counts, (t, p), 1)
    return counts


def _cells(axes: Any, counts: Any) -> None:
    """Cells by their share of the row, right ones and wrong ones on scales of their own."""
    import numpy as np

    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    diagonal = np.eye(len(counts), dtype=bool)
    worst = shares[~diagonal].max(initial=0.0)
    for part, colour, end, name in [
        (diagonal, BLUE, 1.0, "right"),
        (~diagonal, ORANGE, worst or 1.0, "wrong"),
    ]:
        shown = axes.imshow(np.ma.array(shares, mask=~part), cmap=_fading(colour), vmin=0, vmax=end)
        bar = axes.figure.colorbar(shown, ax=axes, fraction=0.046, pad=0.03)
        ends(bar, [0, end], ".0%" if end > 0.1 else ".1%")
        bar.set_label(f"{name}, share of the row", fontsize=9, color=colour, labelpad=-8)
    if len(counts) <= READABLE:
        _numbers(axes, counts, shares, worst)


def _fading(colour: str) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("fading", [MIDDLE, colour])


def _numbers(axes: Any, counts: Any, shares: Any, worst: float) -> None:
    """The count, and below it the share of the row; a dot for none."""
    for t, row in enumerate(counts):
        for p, count in enumerate(row):
            dark = shares[t, p] > 0.6 * (1 if t == p else worst)
            share = f"{shares[t, p]:.1%}" if shares[t, p] < 0.9995 else "100%"
            text = f"{count:,}\n{share}" if count else "·"
            colour = GREY if not count else "white" if dark else "black"
            axes.text(
                p, t, text, ha="center", va="center", fontsize=7.5 if count else 11, color=colour
            )
