"""A set of labelled images."""

import operator
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from numbers import Real
from typing import Any

from autograd import Value

from ..annotations import Numbers, Shape
from ..validate import positive, whole, within
from .columns import Columns, columned, taken


class DataError(ValueError):
    """A file of data that is not what it should be; the message names the file."""


class Dataset:
    """Images and their labels: `images[k]` is nested numbers (C, H, W), `labels[k]` an int.

    `images` is a nested list or one array (N, C, H, W); parts of an array are arrays.
    `class_names[label]` names a class. Samples may also be other nested numbers with labels that
    are numbers or sequences: for regression, or a class at every position. Labels of NumPy's and
    other arrays' types become Python's numbers and lists.

    Images may also be a dict or a tuple of columns, {"left": (N, ...), "right": (N, ...)}, of which
    each sample has one entry: the inputs of a model, by name or in order. So may labels. `weights`
    says how much each sample counts in the loss.

    ValueError where the lengths differ, samples have several shapes, a label is no number or has no
    class name; TypeError for samples or labels without an order.
    """

    def __init__(
        self,
        images: Numbers,
        labels: Numbers,
        class_names: Sequence[str] = (),
        weights: Sequence[float] | None = None,
    ) -> None:
        labels = columned("Dataset: labels", labels, _length(images))
        images = columned(
            "Dataset: images", images, len(labels) if hasattr(labels, "__len__") else None
        )
        images, labels = _listed("Dataset: images", images), _listed("Dataset: labels", labels)
        if isinstance(class_names, str):
            raise TypeError(f"Dataset: class_names must be a list of names, got {class_names!r}")
        if len(images) != len(labels):
            raise ValueError(f"Dataset: {len(images)} images and {len(labels)} labels")
        self.images, self.labels = images, _plain_labels(labels)
        self.class_names = tuple(class_names)
        self.weights = None if weights is None else _weights(weights, len(labels))
        self._check_shapes()
        classes = range(len(self.class_names))
        for label in flat(self.labels) if classes else ():
            if label not in classes:
                raise ValueError(f"Dataset: label {label!r} is not one of {len(classes)} classes")

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, k: int) -> tuple[Numbers, Numbers]:
        return self.images[k], self.labels[k]

    def __iter__(self) -> Iterator[tuple[Numbers, Numbers]]:
        return zip(self.images, self.labels, strict=True)

    def __repr__(self) -> str:
        shape = f" of shape {shape_of(self.images[0])}" if len(self) else ""
        if isinstance(self.images, Columns):
            shape = f" of {', '.join(map(str, self.images.names or range(len(self.images.parts))))}"
        classes = f", classes {', '.join(self.class_names)}" if self.class_names else ""
        return f"Dataset({len(self)} samples{shape}{classes})"

    def take(self, indices: Iterable[int]) -> "Dataset":
        """The samples at these indices, in their order; -1 is the last. IndexError beyond."""
        chosen = list(indices)
        for k, index in enumerate(chosen):
            if isinstance(index, bool) or not hasattr(index, "__index__"):
                raise TypeError(f"take: indices must be ints, got {index!r}")
            chosen[k] = operator.index(index)
            if not -len(self) <= chosen[k] < len(self):
                raise IndexError(f"take: there is no sample {index} among {len(self)}")
        return self._part(chosen)

    def subset(self, classes: Iterable[int]) -> "Dataset":
        """The samples of these classes, relabelled 0, 1, ... in the order given."""
        classes = [whole("subset", "a class", c) for c in _listed("classes", classes)]
        for c in classes:
            if c not in range(len(self.class_names)):
                raise ValueError(f"subset: there is no class {c!r} among {self.class_names}")
        if self.labels and isinstance(self.labels[0], list):
            raise ValueError("subset: these samples have a class at every position")
        if len(set(classes)) < len(classes) or not classes:
            raise ValueError(f"subset: classes must be different ones, got {classes!r}")
        kept = self._part([k for k, label in enumerate(self.labels) if label in classes])
        names = [self.class_names[c] for c in classes]
        labels = [classes.index(t) for t in kept.labels]
        return Dataset(kept.images, labels, names, kept.weights)

    def shuffle(self, seed: int) -> "Dataset":
        """The samples in another order, always the same for a seed."""
        order = list(range(len(self)))
        random.Random(whole("shuffle", "seed", seed)).shuffle(order)
        return self._part(order)

    def split(self, fraction: float = 0.2, seed: int = 0) -> tuple["Dataset", "Dataset"]:
        """Two parts, the second with this fraction of each class, always the same for a seed."""
        if not 0 < fraction < 1:
            raise ValueError(f"split: fraction must be between 0 and 1, got {fraction}")
        order = list(range(len(self)))
        random.Random(whole("split", "seed", seed)).shuffle(order)
        by_class: dict[Any, list[int]] = {}
        for k in order:
            named = self.class_names and not isinstance(self.labels[k], list)
            by_class.setdefault(self.labels[k] if named else None, []).append(k)
        second = {
            k for members in by_class.values() for k in members[: round(fraction * len(members))]
        }
        return self._part([k for k in order if k not in second]), self._part(sorted(second))

    def batches(
        self, size: int, rng: random.Random | None = None, drop_last: bool = False
    ) -> Iterator["Dataset"]:
        """The samples in parts of `size`, shuffled by a generator.

        The last may be smaller; with `drop_last` it is left out then.
        """
        size = positive("batches", "batch size", size)
        order = list(range(len(self)))
        if rng:
            rng.shuffle(order)
        stop = len(self) // size * size if drop_last else len(self)
        return (self._part(order[k : k + size]) for k in range(0, stop, size))

    def _part(self, chosen: list[int]) -> "Dataset":
        """The samples at these ints, without the checks that they have passed already."""
        part = object.__new__(Dataset)
        part.images, part.labels = taken(self.images, chosen), taken(self.labels, chosen)
        part.weights = None if self.weights is None else taken(self.weights, chosen)
        part.class_names = self.class_names
        return part

    def with_images(self, images: Any) -> "Dataset":
        """Other images with the same labels, without checks."""
        part = self._part([])
        part.images, part.labels, part.weights = images, self.labels, self.weights
        return part

    def _check_shapes(self) -> None:
        several = self.images.parts if isinstance(self.images, Columns) else [self.images]
        for images in several if len(self) else []:
            if not hasattr(images, "shape"):
                _check_shapes(images)


def _check_shapes(images: Sequence[Any]) -> None:
    first = shape_of(images[0])
    for k, image in enumerate(images):
        if shape_of(image) != first:
            shapes = f"sample {k} has shape {shape_of(image)}, sample 0 has {first}"
            raise ValueError(f"Dataset: samples must have one shape; {shapes}")


def _length(images: Any) -> int | None:
    """How many samples there are, where that can be told."""
    if isinstance(images, Mapping):
        images = next(iter(images.values()), ())
    return len(images) if hasattr(images, "__len__") else None


def _weights(weights: Any, count: int) -> list[float]:
    plain = weights.tolist() if hasattr(weights, "tolist") else list(weights)
    if len(plain) != count:
        raise ValueError(f"Dataset: {count} samples and {len(plain)} weights")
    return [within("Dataset", "a weight", w, 0) for w in plain]


def _listed(name: str, x: Any) -> Any:
    """What has an order: an array or a sequence as it is, a table's numbers, an iterator's list."""
    if hasattr(x, "to_numpy"):
        return x.to_numpy()
    if isinstance(x, Set | Mapping | str) or not isinstance(x, Iterable):
        raise TypeError(f"{name} must be a list or an array, got {x!r:.60}")
    return x if hasattr(x, "__getitem__") else list(x)


def shape_of(sample: Numbers) -> Shape:
    """A sample's shape, read off its first rows."""
    if hasattr(sample, "shape"):
        return tuple(sample.shape)
    if isinstance(sample, list | tuple):
        return len(sample), *(shape_of(sample[0]) if len(sample) else ())
    return ()


def flat(nested: Any) -> Iterator[Any]:
    """The numbers of nested lists, one by one."""
    for x in nested:
        if isinstance(x, list | tuple):
            yield from flat(x)
        else:
            yield x


def _plain_labels(labels: Any) -> Any:
    """Labels as Python's numbers and lists, in each column."""
    if isinstance(labels, Columns):
        return labels.with_parts([_plain_labels(part) for part in labels.parts])
    labels = labels.tolist() if hasattr(labels, "tolist") else labels
    return [_plain(k, label) for k, label in enumerate(labels)]


def _plain(k: int, label: Any) -> Any:
    """A label as a number or nested lists of numbers; ValueError for others."""
    if label.__class__ in (int, float, bool):
        return label
    if isinstance(label, Value):
        return label.data
    if hasattr(label, "tolist"):
        label = label.tolist()
    if isinstance(label, list | tuple):
        return [_plain(k, x) for x in label]
    if not isinstance(label, Real):
        needed = "number the classes, and name them by class_names=[...]"
        raise ValueError(f"Dataset: label {k} is {label!r:.60}, not a number; {needed}")
    return label
