"""The CNN that reads what is drawn: how it learns, where it is kept, and what it sees in an image.

It learns from MNIST's images, each turned, stretched, moved and bent a little anew whenever it is
shown, since nobody draws with a mouse as they write with a pen.
"""

import math
import os
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import autograd
import nn

Array = Any  # np.ndarray
KERNELS, HIDDEN = (8, 24), 64
BATCH, RATE = 64, 0.003


def network(classes: int) -> nn.Sequential:
    """LeNet with a hidden layer: (1, 28, 28) -> (classes,)."""
    few, many = KERNELS
    return nn.Sequential(
        *(nn.Conv2D(1, few, 5), nn.ReLU(), nn.MaxPool(2)),
        *(nn.Conv2D(few, many, 5), nn.ReLU(), nn.MaxPool(2)),
        *(nn.Flatten(), nn.Dense(many * 16, HIDDEN), nn.ReLU(), nn.Dense(HIDDEN, classes)),
    )


# --- learning -------------------------------------------------------------------------------------


class Progress(NamedTuple):
    """How far learning is: the share of all updates, and of the last images that were right."""

    done: float
    right: float


def learn(model: nn.Module, train: nn.data.Dataset, epochs: int, seed: int) -> Iterator[Progress]:
    """Train a model by Adam on images that are bent anew in every epoch; a cosine lowers its rate.

    Yields after every batch, so that a window can show it, or end it.
    """
    images = train.images
    targets = np.eye(len(train.class_names), dtype=np.float32)[train.labels]
    loss, optimizer = nn.CrossEntropyLoss(), nn.Adam(model.parameters(), lr=RATE)
    program = autograd.compile(
        lambda x, t: _with_scores(loss, model(x), t),
        *(images[0], targets[0]),
        parameters=model.parameters(),
    )
    step, rng, right = program.train_step(optimizer), np.random.default_rng(seed), 0.0
    batches = [part for _ in range(epochs) for part in _parts(rng.permutation(len(images)))]
    for k, part in enumerate(batches):
        done = k / len(batches)
        optimizer.lr = RATE * min(1.0, 0.1 + 10 * done) * (1 + math.cos(math.pi * done)) / 2
        step(bent(images[part], rng), targets[part])
        hits = program.outputs[1].argmax(-1) == targets[part].argmax(-1)
        right += (hits.mean() - right) / min(k + 1, 50)
        yield Progress((k + 1) / len(batches), right)


def _with_scores(loss: nn.Loss, scores: Any, target: Any) -> tuple[Any, Any]:
    return loss(scores, target), scores


def _parts(order: Array) -> list[Array]:
    """An order of samples as batches."""
    return [order[k : k + BATCH] for k in range(0, len(order), BATCH)]


def bent(images: Array, rng: Any) -> Array:
    """Turn, stretch, shear, move and bend each image (N, 1, H, W) differently: same shape.

    A pixel p of the new image is that of the old one at A·(p - m) + m + s + Σ_g K[p,g]·d[g], with m
    the middle and d the shifts of 5×5 knots that a bell K spreads over their surroundings.
    """
    n, _, height, width = images.shape
    pixels, knots = _grid(height, width, 1), _grid(height, width, 6)
    middle = np.float32([height / 2, width / 2])
    matrix = np.eye(2) + rng.uniform(-1, 1, (n, 2, 2)) * [[0.15, 0.15], [0.25, 0.15]]
    angle = rng.uniform(-0.2, 0.2, n)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = (matrix @ turn.transpose(2, 0, 1)).astype(np.float32)
    spread = np.exp(((pixels[:, None] - knots) ** 2).sum(-1) / -50).astype(np.float32)
    moved = rng.uniform(-1.5, 1.5, (n, 1 + len(knots), 2)).astype(np.float32)
    places = (pixels - middle) @ matrix.transpose(0, 2, 1) + middle
    return sampled(images, places + moved[:, :1] + spread @ moved[:, 1:])


def _grid(height: int, width: int, step: int) -> Array:
    """Every so many rows and columns, as places (N, 2)."""
    edge = (step - 1) // 2
    rows, columns = np.mgrid[edge : height + edge : step, edge : width + edge : step]
    return np.stack([rows, columns], -1).reshape(-1, 2).astype(np.float32)


def sampled(images: Array, places: Array) -> Array:
    """Images (N, 1, H, W) read at places (N, H·W, 2), linearly between their pixels."""
    n, _, height, width = images.shape
    places = np.clip(places, 0, np.float32([height, width]) - 1.001)
    corner = np.floor(places)
    down, right = (places - corner).transpose(2, 0, 1)
    row, column = corner.astype(np.int32).transpose(2, 0, 1)
    first = (np.arange(n)[:, None] * height + row) * width + column
    flat = images.reshape(-1)
    above = flat[first] * (1 - right) + flat[first + 1] * right
    below = flat[first + width] * (1 - right) + flat[first + width + 1] * right
    return (above * (1 - down) + below * down).reshape(images.shape)


# --- keeping --------------------------------------------------------------------------------------


def place(classes: Sequence[str], full: bool) -> Path:
    """Where a model for these classes is kept: a file in the user's cache folder."""
    if sys.platform == "win32":
        folder = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Caches"
    else:
        folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    name = "-".join(["draw-digits", *classes, *["full"] * full])
    return Path(folder) / "glassgrad" / f"{name}.safetensors"


def kept(path: Path, classes: Sequence[str]) -> nn.Sequential | None:
    """The model for these classes in a file; None, with a line that says why, to train anew."""
    if not path.exists():
        return None
    try:
        model = nn.load(path)
    except ValueError as error:
        print(f"{error}; training anew", flush=True)
        return None
    known = model.preprocessing if isinstance(model.preprocessing, dict) else {}
    found = known.get("classes", "unknown classes")
    if found == list(classes) and isinstance(model, nn.Sequential):
        print(f"{path}: trained before (--retrain trains anew)", flush=True)
        return model
    print(f"{path} reads {found}; training anew", flush=True)
    return None


def keep(model: nn.Sequential, path: Path, preprocessing: dict[str, Any]) -> None:
    """Save a model; what stood there is kept beside it, with `.old` after its name.

    A folder that cannot be written is no reason to end: a line says so.
    """
    model.preprocessing = preprocessing
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.replace(path.with_name(f"{path.name}.old"))
        nn.save(model, path)
    except OSError as error:
        print(f"the network is not kept: {error}", flush=True)


# --- making ---------------------------------------------------------------------------------------


def made(options: Any, tell: Callable[[Progress], bool]) -> nn.Sequential | None:
    """The model that the options ask for: the one that is kept, or one that learns now.

    `tell` is called after every batch; None where it answers False.
    """
    names = [str(c) for c in options.classes]
    path = Path(options.model) if options.model else place(names, options.full)
    model = None if options.retrain else kept(path, names)
    if model:
        return model
    train, test = nn.data.mnist() if options.full else nn.data.mnist(root=options.root)
    train, test = (part.subset(options.classes) for part in (train, test))
    train = train.take(range(min(len(train), options.train or len(train))))
    print(f"learning from {len(train):,} digits, for {path}", flush=True)
    random.seed(options.seed)
    model = network(len(names))
    for progress in learn(model, train, options.epochs, options.seed):
        if not tell(progress):
            return None
    accuracy = share_right(model, test)
    print(f"{accuracy:.2%} of {len(test):,} test images are read right", flush=True)
    keep(model, path, {"classes": names, "images": len(train), "accuracy": accuracy})
    return model


def share_right(model: nn.Module, data: nn.data.Dataset) -> float:
    """The share of images whose class is read right."""
    program = autograd.compile(model, data.images[0], parameters=model.parameters())
    return float((program(data.images).argmax(-1) == np.array(data.labels)).mean())


# --- reading --------------------------------------------------------------------------------------


class Reading(NamedTuple):
    """What a model makes of an image (28, 28): probabilities (K,), feature maps of some layers
    (C, H, W), and the gradient of the score of class `asked` with respect to the pixels (28, 28).
    """

    image: Array
    probabilities: Array
    maps: list[Array]
    asked: int
    slope: Array

    @property
    def likeliest(self) -> int:
        """The class of the greatest probability."""
        return int(self.probabilities.argmax())

    @property
    def empty(self) -> bool:
        """Whether there was nothing to read."""
        return not self.probabilities.any()


def nothing(classes: int) -> Reading:
    """The reading of an empty paper."""
    blank = np.zeros((28, 28), np.float32)
    return Reading(blank, np.zeros(classes), [], 0, blank)


class Reader:
    """Runs a model on one image at a time, as one compiled program.

    The image is a parameter of the program, as the weights are: so its gradient comes along. What
    varies is the class whose score is differentiated. ValueError for a model that does not read
    (1, 28, 28).
    """

    def __init__(self, model: nn.Sequential, classes: int, layers: int = 2) -> None:
        self.model, self.layers, self.asked = model.eval(), layers, 0
        self.image = nn.Parameter(np.zeros((1, 28, 28)))
        self.choices = np.eye(classes, dtype=np.float32)
        state = [part for _, part in model.named_state()]
        self.program = autograd.compile(
            self._look, self.choices[0], parameters=[self.image, *state], threads=1
        )

    def __call__(self, image: Array, asked: int | None = None) -> Reading:
        """Read an image (28, 28), and differentiate the score of a class, by default the likeliest.

        That is nearly always the one that it was before; if not, the program runs again.
        """
        self.image.assign(image[None])
        reading = self._run(image, self.asked if asked is None else asked)
        if asked is None and reading.likeliest != reading.asked:
            reading = self._run(image, reading.likeliest)
        self.asked = reading.asked
        return reading

    def words(self) -> str:
        """How large the network is, and how well it reads, in a line."""
        size = sum(len(part.values) for part in self.model.parameters())
        accuracy = self.model.preprocessing.get("accuracy")
        reads = f"; {100 * accuracy:.1f} % of MNIST's test images read right" if accuracy else ""
        return f"{size:,} parameters{reads}"

    def explored(self, reading: Reading, title: str) -> autograd.Page:
        """A page of the loss for the class that is asked, of the image as it was read."""
        scores = self.model(autograd.Tensor(reading.image[None], label="drawing"))
        return autograd.explore(nn.CrossEntropyLoss()(scores, reading.asked), title=title)

    def _run(self, image: Array, asked: int) -> Reading:
        _, (slope, *_) = self.program.value_and_grad(self.choices[asked : asked + 1])
        _, probabilities, maps = self.program.outputs
        return Reading(image, probabilities[0], [layer[0] for layer in maps], asked, slope[0])

    def _look(self, choice: autograd.Tensor) -> tuple[Any, Any, list[Any]]:
        """The score that is asked for, all probabilities, and what convolutions and ReLUs made."""
        maps, y = [], self.image
        for k, layer in enumerate(self.model):
            y = layer(y)
            if k and isinstance(self.model[k - 1], nn.Conv2D) and len(maps) < self.layers:
                maps.append(y)
        return (y * choice).sum(), autograd.softmax(y), maps
