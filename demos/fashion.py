"""Tell clothes apart: two kinds with a training loop written by hand, then all ten with a trainer.

First as many begin: mean squared error, and `weights -= lr * gradient` without an optimiser. Then
cross-entropy, Adam and `nn.Trainer`; which of three networks is taken is decided on a quarter of
the training images, and the test images are looked at once, at the end.

900 real images come with the package (Fashion-MNIST, MIT): 600 to learn from, 300 to test. With so
few, about four in five are told apart right; the full set (--full) has a hundred times as many.

    python demos/fashion.py                   T-shirts against trousers, then all ten
    python demos/fashion.py --classes 7 9     sneakers against ankle boots, by hand
    python demos/fashion.py --classes 5 7 9   three or more, by the trainer
    python demos/fashion.py --full            download all 70,000 images (needs glassgrad[data])
    python demos/fashion.py --root FOLDER     read them from a folder
"""

import argparse
import math
import random
import sys
from typing import Any

import numpy as np

import autograd
import nn

Data = nn.data.Dataset


def main(arguments: list[str] | None = None) -> dict[str, float]:
    """Train, print what happens, and return the accuracies on the test images."""
    options = parse(arguments)
    train, test = load(options)
    chosen = options.classes
    accuracies = {}
    if not chosen or len(chosen) == 2:
        pair = chosen or [0, 1]
        accuracies["by hand"] = by_hand(train.subset(pair), test.subset(pair), options)
    if not chosen or len(chosen) > 2:
        several = chosen or range(10)
        accuracies["trainer"] = by_trainer(train.subset(several), test.subset(several), options)
    return accuracies


# --- two classes, by hand -------------------------------------------------------------------------


def by_hand(train: Data, test: Data, options: argparse.Namespace) -> float:
    """Two classes: the gradient comes from the graph, and the rest is written here."""
    print(f"{' or '.join(train.class_names)}? Mean squared error, and a training loop by hand.")
    print(f"{len(train)} images to learn from, {len(test)} to test")
    random.seed(options.seed)
    model = nn.Sequential(
        nn.Conv2D(1, 4, 5),
        nn.ReLU(),
        nn.MaxPool(2),
        nn.Flatten(),
        nn.Dense(4 * 12 * 12, 2),
        nn.Sigmoid(),
    )

    def function(image: autograd.Tensor, target: autograd.Tensor) -> Any:
        outputs = model(image)
        return ((outputs - target) ** 2).mean(), outputs

    # recorded for one image as a graph of scalars; the program runs it on a batch of them
    parameters, targets = model.parameters(), np.eye(2)
    program = autograd.compile(function, train.images[0], targets[0], parameters=parameters)

    rng = random.Random(options.seed)
    for epoch in range(1, options.epochs + 1):
        total = 0.0
        for batch in train.batches(16, rng):
            loss, gradients = program.value_and_grad(batch.images, targets[batch.labels])
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.assign(parameter.numpy() - options.lr * gradient)
            total += loss * len(batch)
        print(f"epoch {epoch:>2}  loss {total / len(train):.4f}", flush=True)

    _, outputs = program(test.images, targets[test.labels])
    return reported(test, outputs.argmax(axis=1).tolist())


# --- more classes, by the trainer -----------------------------------------------------------------


def networks(classes: int) -> dict[str, nn.Module]:
    """Three networks for images (1, 28, 28)."""
    return {
        "no convolution": nn.Sequential(
            nn.Flatten(), nn.Dense(784, 64), nn.ReLU(), nn.Dense(64, classes)
        ),
        "one convolution": nn.Sequential(
            nn.Conv2D(1, 8, 5), nn.ReLU(), nn.MaxPool(2),
            nn.Flatten(), nn.Dense(8 * 12 * 12, classes),
        ),
        "two convolutions": nn.Sequential(
            nn.Conv2D(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool(2),
            nn.Conv2D(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool(2),
            nn.Flatten(), nn.Dense(16 * 7 * 7, classes),
        ),
    }  # fmt: skip


def by_trainer(train: Data, test: Data, options: argparse.Namespace) -> float:
    """Cross-entropy and Adam: choose a network on held-out images, then train it on all of them."""
    print(f"{', '.join(train.class_names)}: cross-entropy, Adam, and a trainer.")
    learn, validation = train.split(0.25, seed=options.seed)
    print(f"{len(learn)} images to learn from, {len(validation)} to choose a network by")
    found = {}
    for name in networks(2):
        trainer = fitted(name, learn, options, progress=False)
        found[name] = trainer.evaluate(validation).accuracy or 0.0
        numbers = trainer.model.num_parameters()
        print(f"  {name:16}  {numbers:6,} weights  {found[name]:6.1%} right", flush=True)
    best = max(found, key=lambda name: found[name])
    print(f"{best}: trained anew on all {len(train)}")
    trainer = fitted(best, train, options, progress=True)
    return reported(test, trainer.evaluate(test).predictions)


def fitted(name: str, data: Data, options: argparse.Namespace, progress: bool) -> nn.Trainer:
    """A network of that name, trained."""
    random.seed(options.seed)
    model = networks(len(data.class_names))[name]
    optimizer = nn.Adam(model.parameters(), lr=0.003)
    schedule = nn.CosineLR(optimizer, options.epochs)
    loss = nn.CrossEntropyLoss()
    trainer = nn.Trainer(model, loss, optimizer, schedule)
    trainer.fit(data, epochs=options.epochs, batch_size=32, seed=options.seed, progress=progress)
    return trainer


# --- both -----------------------------------------------------------------------------------------


def reported(test: Data, predictions: list[int]) -> float:
    """Print who was taken for whom, and return the accuracy."""
    names = test.class_names
    counts = nn.confusion_matrix(test.labels, predictions, len(names))
    width = max(map(len, names))
    print(f"\n  {'taken for':>{width + 3}}" + "".join(f"{k:5}" for k in range(len(names))))
    for k, (name, row) in enumerate(zip(names, counts, strict=True)):
        print(f"  {name:>{width}} {k:2}" + "".join(f"{n or '·':>5}" for n in row))
    right = sum(counts[k][k] for k in range(len(names)))
    share = (right + 2) / (len(test) + 4)  # so that the error is not 0 where all are right
    error = math.sqrt(share * (1 - share) / (len(test) + 4))  # standard error (Agresti, Coull 1998)
    print(f"test accuracy {right / len(test):.1%} ± {error:.1%}\n", flush=True)
    return right / len(test)


def load(options: argparse.Namespace) -> tuple[Data, Data]:
    """The images that come with the package, those in a folder, or all of them."""
    if options.root is None and not options.full:
        return nn.data.fashion_mini()
    try:
        return nn.data.fashion_mnist(root=options.root)
    except (ImportError, OSError, nn.data.DataError) as error:
        sys.exit(str(error))


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--classes", type=int, nargs="+", metavar="K", help="0 to 9; two are told apart by hand")
    add("--epochs", type=count, help="passes over the training part (default: 20; --full: 3)")
    add("--lr", type=float, default=0.3, help="learning rate of the loop by hand (default: 0.3)")
    add("--seed", type=int, default=0, help="rules weights and order of images (default: 0)")
    add("--full", action="store_true", help="download the full set (30 MB), and keep it")
    add("--root", metavar="FOLDER", help="read the full set from a folder")
    options = parser.parse_args(arguments)
    options.epochs = options.epochs or (3 if options.full or options.root else 20)
    chosen = options.classes
    if chosen and (len(set(chosen)) < max(2, len(chosen)) or not set(chosen) <= set(range(10))):
        parser.error("--classes takes two or more different classes from 0 to 9")
    return options


def count(text: str) -> int:
    """A positive int of the command line."""
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()
