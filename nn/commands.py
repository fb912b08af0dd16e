"""What `glassgrad explore` and `glassgrad summary` do with a model that was saved."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import autograd
from autograd import Tensor, Value, softmax, stack

from .data import image_file
from .export.axes import Axes, sample_axes
from .losses import CrossEntropyLoss
from .module import Module
from .plots.pixels import scores_of
from .saving.model_file import FilePath, load
from .summary import by

PREPARATION = ("scale", "invert", "mean", "std")  # of what `nn.save` keeps as preprocessing


def summary(path: FilePath, shape: Sequence[int] | None = None) -> str:
    """The table of a saved model's layers, for one sample of this shape.

    ValueError where neither the file nor its first layer says what a sample is.
    """
    model = load(path)
    axes = shape or _needed(model)
    if not axes or any(isinstance(axis, str) for axis in axes):
        raise ValueError(f"{path} does not say what one sample is; give --input, such as 1x28x28")
    return str(model.summary(*axes))


def explore(
    path: FilePath,
    image: FilePath,
    target: str | None = None,
    page: FilePath | None = None,
    show: bool = False,
) -> str:
    """Write the page of how a saved model reads an image file; a line says where, and what it read.

    The page's root is the score of the class that the model chose, or with a target, a class's name
    or number, the loss for it. `show` opens it in the browser. ValueError for an image of another
    shape than the model takes.
    """
    model, image = load(path), Path(image)
    page = Path(page or image.with_suffix(".html"))
    known = model.preprocessing if isinstance(model.preprocessing, Mapping) else {}
    x = _input(image, _needed(model), known)
    try:
        scores = scores_of("explore", model, x)
    except ValueError as error:
        raise ValueError(f"{image} of shape {by(x.shape)}: {error}") from error
    root, told = _root(scores, list(map(str, known.get("classes", ()))), target)
    title = f"{Path(path).name} reads {image.name} as {told}"
    written = autograd.explore(root, page, title=title)
    if show:
        written.open()
    return f"{page}: {title}"


def _root(scores: list[Value], names: list[str], target: str | None) -> tuple[Value, str]:
    """What a page is about, and what the model read in words."""
    if len(scores) == 1:
        if target is not None:
            raise ValueError(f"--target {target}: the model gives one number, and no classes")
        return scores[0], f"{scores[0].data:.4g}"
    names = names if len(names) == len(scores) else list(map(str, range(len(scores))))
    best = max(range(len(scores)), key=lambda k: scores[k].data)
    told = f"{names[best]} ({softmax([v.data for v in scores]).tolist()[best]:.1%})"
    if target is None:
        return scores[best], told
    if target not in names and target not in map(str, range(len(scores))):
        raise ValueError(f"--target {target}: the classes are {', '.join(names)}")
    label = names.index(target) if target in names else int(target)
    loss = CrossEntropyLoss()(stack(scores), label)
    return loss, f"{told}; loss {loss.data:.4g} for {names[label]}"


def _needed(model: Module) -> Axes:
    """The axes of one sample: as the model was trained, or as its first layers ask."""
    return model.input_shape or sample_axes(model)


def _input(path: Path, needed: Axes, known: Mapping[str, Any]) -> Tensor:
    """An image file as a model takes it; ValueError where it has another shape."""
    channels = needed[0] if len(needed) == 3 and isinstance(needed[0], int) else None
    array = image_file.read(path, channels)
    fits = len(array.shape) == len(needed) and all(
        n == axis or isinstance(axis, str) for n, axis in zip(array.shape, needed, strict=True)
    )
    if needed and not fits:
        raise ValueError(f"{path}: its shape is {by(array.shape)}, the model takes {by(needed)}")
    if array.dtype == "uint8" and array.ndim == 3:
        array = image_file.prepared(array, **{k: known[k] for k in known if k in PREPARATION})
    return Tensor(array)
