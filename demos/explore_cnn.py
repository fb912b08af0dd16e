"""Train a small CNN on handwritten digits, and explore how it sees one of them.

Writes a page that shows the loss of one held-out digit as a graph: its layers as heat maps, each
pixel's arithmetic, each weight's contributions, and the reverse pass step by step. It is the digit
of which the network is wrong and surest, so that there are gradients to look at; the page shows
others too, and goes on learning. Open it in a browser: it needs neither a server nor a network.
"""

import argparse
import random

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
    image, label = test[digit]
    scores = model(image)
    read = max(range(10), key=lambda k: scores[k].data)
    title = f"A CNN reads a {label}" + (f" as a {read}" if read != label else "")

    def loss_of(x: autograd.Tensor, t: autograd.Tensor) -> autograd.Value:
        return loss(model(x), t)

    parameters, few = model.parameters(), train.take(range(500))  # which the page can learn from
    program = autograd.compile(loss_of, image, [0.0] * 10, parameters=parameters)
    page = autograd.explore(
        *(loss_of, options.out), samples=few, validation=test, parameters=parameters,
        index=len(few) + digit, program=program, title=title,
    )  # fmt: skip
    print(page)


if __name__ == "__main__":
    main()
