"""What a training is given, as a data set."""

from typing import Any

from ..annotations import Numbers, Shape
from ..data import Dataset
from ..data.columns import Columns
from ..data.dataset import shape_of

Data = Dataset | Numbers  # or inputs, targets, weights; for a loss of the whole model, any columns


def dataset(name: str, data: Data, whole: bool) -> Dataset:
    """A Dataset of inputs and targets, or for a loss of the whole model, of columns alone.

    ValueError where it is empty.
    """
    made = _columns(name, data) if whole else _dataset(name, data)
    if not len(made):
        raise ValueError(f"{name} has no samples")
    return made


def input_shape(samples: Dataset) -> Shape | None:
    """The shape of one sample, where it has one."""
    return None if isinstance(samples.images, Columns) else shape_of(samples.images[0])


def _dataset(name: str, data: Data) -> Dataset:
    """A Dataset as it is, or made of inputs and targets, and weights where there are some."""
    if isinstance(data, tuple) and len(data) in (2, 3):
        data = Dataset(data[0], data[1], weights=None if len(data) == 2 else data[2])
    if not isinstance(data, Dataset):
        raise TypeError(f"{name} must be a Dataset or a pair (inputs, targets), got {data!r:.60}")
    return data


def _columns(name: str, data: Any) -> Dataset:
    """The parts of samples for a loss of the whole model; targets are parts as others are."""
    if isinstance(data, Dataset):
        if data.weights is not None:
            raise ValueError(
                f"{name}: a loss of the whole model weighs samples itself, by a column"
            )
        if isinstance(data.images, Columns) and data.images.names is not None:
            named = zip(data.images.names, data.images.parts, strict=True)
            data = dict(named) | {"target": data.labels}
        else:
            parts = data.images.parts if isinstance(data.images, Columns) else [data.images]
            data = (*parts, data.labels)
    made = Columns(name, data if isinstance(data, dict | tuple) else (data,))
    return Dataset(made, [0] * len(made))


def word(x: Any) -> str:
    """What a loss or a change of images is called in every process: no address."""
    return str(getattr(x, "__qualname__", None) or repr(x))
