"""Teach a small network to tell two half moons apart, and watch its decision boundary form.

Points in the plane, two classes that no straight line can part. The picture shows how the plane
is divided after the first epoch, at two times in between and at the end: the stronger a colour,
the surer the network, and black is where its decision changes.

    python demos/moons.py                   two moons
    python demos/moons.py --data spirals    three spiral arms
"""

import argparse
import copy
import random
import sys

from train_digits import count

import nn


def main(arguments: list[str] | None = None) -> nn.Evaluation:
    """Train, save the picture, and return the evaluation on held-out points."""
    options = parse(arguments)
    make = nn.data.spirals if options.data == "spirals" else nn.data.moons
    try:
        nn.plots.figure(1, 1)
        train, test = make(options.samples, options.noise, options.seed).split(0.25, options.seed)
    except (ImportError, ValueError) as error:  # before any work: matplotlib, and sizes
        sys.exit(str(error))
    print(f"{len(train)} points to learn from, {len(test)} held out")

    random.seed(options.seed)
    model = network(options.hidden, len(train.class_names))
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.Adam(model.parameters(), lr=options.lr))
    stages = Stages(options.epochs)
    trainer.fit(
        train, test, options.epochs, options.batch_size, options.seed, [stages], progress=False
    )
    result = trainer.evaluate(test)
    picture = nn.plots.boundary(
        stages.models, train.images, train.labels, train.class_names, stages.titles
    )
    picture.save_small(options.out)
    print(f"test loss {result.loss:.4f}, test accuracy {result.accuracy:.2%}")
    print(f"{options.out}: the decision boundary as it forms")
    return result


def network(hidden: int, classes: int) -> nn.Sequential:
    """Two hidden layers: (2,) -> (classes,)."""
    return nn.Sequential(
        nn.Dense(2, hidden),
        nn.ReLU(),
        nn.Dense(hidden, hidden),
        nn.ReLU(),
        nn.Dense(hidden, classes),
    )


class Stages:
    """A callback that keeps copies of the model: the first epoch's, the last one's, two between."""

    def __init__(self, epochs: int) -> None:
        self.epochs = {round(epochs ** (k / 3)) for k in range(4)}
        self.models: list[nn.Module] = []
        self.titles: list[str] = []

    def __call__(self, trainer: nn.Trainer, epoch: nn.Epoch) -> None:
        if epoch.number in self.epochs:
            self.models.append(copy.deepcopy(trainer.model))
            self.titles.append(f"epoch {epoch.number}, {epoch.validation_accuracy:.1%} right")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--data", choices=["moons", "spirals"], default="moons", help="which points")
    add("--samples", type=count, default=600, help="points, a quarter held out (default: 600)")
    add("--noise", type=float, default=0.15, help="how far points stray (default: 0.15)")
    add("--hidden", type=count, default=16, help="neurons of both hidden layers (default: 16)")
    add("--epochs", type=count, default=100, help="passes over the points (default: 100)")
    add("--batch-size", type=count, default=32, help="points per update (default: 32)")
    add("--lr", type=float, default=0.01, help="Adam's learning rate (default: 0.01)")
    add("--seed", type=int, default=0, help="rules points, weights and order (default: 0)")
    add("--out", help="the picture that is written (default: moons.png or spirals.png)")
    options = parser.parse_args(arguments)
    options.out = options.out or f"{options.data}.png"
    return options


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()
