"""Train a small CNN on handwritten digits, and explore how it sees one of them.

Writes a page that shows the loss of one held-out digit as a graph: its layers as heat maps, each
pixel's arithmetic, each weight's contributions, and the reverse pass step by step. It is the digit
of which the network is wrong and surest, so that there are gradients to look at; the page shows
others too, and goes on learning. Open it in a browser: it needs neither a server nor a network.
"""

import argparse
import random
from typing import Any

import autograd
import nn


class Net(nn.Module):
    """Two convolutions and a dense layer: (1, 8, 8) -> (10,)."""

    def __init__(self) -> None:
        self.conv1 = nn.Conv2D(1, 6, 3)
        self.relu1 = nn.ReLU()
        self.pool1 = nn.MaxPool(2)
        self.conv2 = nn.Conv2D(6, 12, 2)
        self.relu2 = nn.ReLU()
        self.head = nn.Dense(48, 10)

    def forward(self, x: autograd.Tensor) -> autograd.Tensor:
        """Class scores of one image."""
        x = self.pool1(self.relu1(self.conv1(x)))
        return self.head(self.relu2(self.conv2(x)).reshape(*x.shape[:-3], 48))


def surest_mistake(trainer: nn.Trainer, data: nn.data.Dataset) -> int:
    """Which sample's highest score of another class exceeds its own by most (or lacks least)."""

    def lead(k: int) -> float:
        label = data.labels[k]
        return float(max(scores[k][:label] + scores[k][label + 1 :]) - scores[k][label])

    scores = trainer.predict(data.images)
    return max(range(len(data)), key=lead)


def explored(
    trainer: nn.Trainer,
    few: nn.data.Dataset,
    test: nn.data.Dataset,
    digit: int,
    name: str = "A CNN",
    **options: Any,
) -> tuple[str, autograd.Page]:
    """How a classifier reads a held-out digit, in words and as a page that can learn from a few."""
    model, (image, label) = trainer.model.eval(), test[digit]
    scores = trainer.predict([image])[0]
    read = scores.index(max(scores))
    title = f"{name} reads a {label}" + (f" as a {read}" if read != label else "")
    page = autograd.explore(
        lambda x, t: trainer.loss(model(x), t), samples=few, validation=test, title=title,
        index=len(few) + digit, parameters=model.parameters(), **options,
    )  # fmt: skip
    return title, page


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--digit", type=int, help="which of the 359 held-out digits")
    parser.add_argument("--out", default="cnn.html", help="the page that is written")
    options = parser.parse_args()

    random.seed(0)
    train, test = nn.data.digits().split()
    model, loss = Net(), nn.CrossEntropyLoss()
    trainer = nn.Trainer(model, loss, nn.Adam(model.parameters(), lr=0.02))
    trainer.fit(train, validation=test, epochs=options.epochs, seed=0)

    digit = surest_mistake(trainer, test) if options.digit is None else options.digit
    if not 0 <= digit < len(test):
        parser.error(f"--digit must be 0 to {len(test) - 1}, got {digit}")
    program = autograd.compile(
        lambda x, t: loss(model(x), t), *(test.images[digit], [0.0] * 10),
        parameters=model.parameters(),
    )  # fmt: skip
    _, page = explored(trainer, train.take(range(500)), test, digit, program=program)
    print(page.save(options.out))


if __name__ == "__main__":
    main()
