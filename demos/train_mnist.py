"""Train a CNN on MNIST, and look at what it has learned.

The scalar graph of a LeNet is recorded for one image and compiled into matrix
products for whole batches. By default it learns from the first 10,000 training images of MNIST,
which come with the repository, and is tested on all 10,000 test images. Each epoch sees every image
moved by up to two pixels in both directions. Architecture, shifts and learning rate were chosen on
a part of the training images; the test images are looked at once, at the end.

    python demos/train_mnist.py            10,000 images, half a minute
    python demos/train_mnist.py --full     download all 60,000 (needs glassgrad[data])

It writes pictures (needs glassgrad[plots]): learning curves, the confusion matrix, the mistakes it
was surest of, the kernels, and for one image the feature maps and the pixels that decide.
"""

import argparse
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np
from train_digits import count, table

import autograd
import nn

Data = nn.data.Dataset


def main(arguments: list[str] | None = None) -> nn.Evaluation:
    """Train, print what happens, save pictures, and return the evaluation on the test images."""
    options = parse(arguments)
    train, validation, test = load(options)
    print(f"{len(train)} images to learn from, {len(validation)} to watch, {len(test)} to test")

    model = lenet(options.seed)
    print(model.summary(1, 28, 28), end="\n\n")
    trainer = fit(model, train, validation, options)
    result = trainer.evaluate(test)
    print(f"\n{table(test, result.predictions)}")
    print(f"\ntest loss {result.loss:.4f}, test accuracy {result.accuracy:.2%}")
    if options.save:
        nn.save(model, options.save)
        print(f"{options.save}: the trained model")
    if not options.no_pictures:
        pictures(trainer, test, result.predictions, Path(options.out), options.image)
    return result


def load(options: argparse.Namespace) -> tuple[Data, Data, Data]:
    """Images to learn from, a tenth of them held back to watch the training, and test images."""
    try:
        if not options.no_pictures:
            nn.plots.figure(1, 1)  # before training: whether matplotlib is there
        train, test = nn.data.mnist(root=None if options.full else options.root)
    except (ImportError, OSError, nn.data.DataError) as error:
        sys.exit(str(error))
    train, validation = train.take(range(len(train))[: options.train]).split(0.1)
    test = test.take(range(len(test))[: options.test])
    if not len(validation):
        sys.exit("--train takes so many images that a tenth of each class can be held back")
    if not options.no_pictures and not 0 <= options.image < len(test):
        sys.exit(f"--image must be 0 to {len(test) - 1}, got {options.image}")
    return train, validation, test


def lenet(seed: int) -> nn.Sequential:
    """Two convolutions and two Dense layers: (1, 28, 28) -> (10,) (LeCun et al. 1998)."""
    random.seed(seed)
    return nn.Sequential(
        nn.Conv2D(1, 8, 5),
        nn.ReLU(),
        nn.MaxPool(2),
        nn.Conv2D(8, 24, 5),
        nn.ReLU(),
        nn.MaxPool(2),
        nn.Flatten(),
        nn.Dense(24 * 4 * 4, 64),
        nn.ReLU(),
        nn.Dense(64, 10),
    )


def fit(model: nn.Module, train: Data, validation: Data, options: argparse.Namespace) -> nn.Trainer:
    """Train with Adam on images that are moved anew for each epoch."""
    optimizer = nn.Adam(model.parameters(), lr=options.lr)
    schedule = nn.CosineLR(optimizer, options.epochs)
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), optimizer, schedule)
    rng = np.random.default_rng(options.seed)
    for epoch in range(options.epochs):
        seed = options.seed * options.epochs + epoch
        trainer.fit(shifted(train, rng), validation, batch_size=options.batch_size, seed=seed)
    return trainer


def shifted(data: Data, rng: Any, most: int = 2) -> Data:
    """Each image moved by -most to most pixels in both directions; what comes in is paper."""
    n, _, height, width = data.images.shape
    padded = np.pad(data.images, [(0, 0), (0, 0), (most, most), (most, most)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(2, 3))
    down, right = rng.integers(0, 2 * most + 1, (2, n))
    return Data(windows[np.arange(n), :, down, right], data.labels, data.class_names)


def pictures(
    trainer: nn.Trainer, test: Data, predictions: list[int], folder: Path, image: int
) -> None:
    """Save what can be seen of the training, the mistakes and the model."""
    folder.mkdir(parents=True, exist_ok=True)
    model, names, shown = trainer.model, test.class_names, test.images[image]
    made = {
        "learning-curves": trainer.history.plot(),
        "confusion": nn.plots.confusion(test.labels, predictions, names),
        "kernels": nn.plots.kernels(model),
        "feature-maps": nn.plots.feature_maps(model, shown, class_names=names),
        "saliency": nn.plots.saliency(model, shown),
    }
    if predictions != test.labels:
        made["mistakes"] = mistakes(model, test, predictions)
    for name, picture in made.items():
        picture.save_small(folder / f"mnist-{name}.png")
    print(f"{folder}: {', '.join(f'mnist-{name}.png' for name in made)}")


def mistakes(model: nn.Module, test: Data, predictions: list[int], most: int = 40) -> Any:
    """The images that were taken for another digit, the surest mistake first."""
    wrong = [k for k, label in enumerate(test.labels) if predictions[k] != label]
    program = autograd.compile(
        lambda x: autograd.softmax(model(x)), test.images[0], parameters=model.parameters()
    )
    shares = program(test.images[wrong]).max(1)
    ranked = sorted(zip(shares, wrong, strict=True), reverse=True)[:most]
    titles = [f"{test.labels[k]} taken for {predictions[k]}\n{share:.0%}" for share, k in ranked]
    return nn.plots.images([test.images[k] for _, k in ranked], titles)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add, here = parser.add_argument, Path(__file__).parent / "data" / "mnist-10k"
    add("--root", default=here, help="folder with MNIST's four files (default: 10,000 images)")
    add("--full", action="store_true", help="download all 60,000 training images")
    add("--epochs", type=count, default=20, help="passes over the images (default: 20)")
    add("--train", type=count, metavar="N", help="use the first N training images (default: all)")
    add("--test", type=count, metavar="N", help="use the first N test images (default: all)")
    add("--batch-size", type=count, default=32, help="images per update (default: 32)")
    add("--lr", type=float, default=0.002, help="Adam's first learning rate (default: 0.002)")
    add("--seed", type=int, default=0, help="rules weights, shifts and order (default: 0)")
    add("--out", default="mnist-pictures", help="folder of pictures (default: mnist-pictures)")
    add("--image", type=int, default=18, help="the test image that is looked into (default: 18)")
    add("--no-pictures", action="store_true", help="write none")
    add("--save", metavar="FILE", help="write the model, such as mnist.safetensors")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()
