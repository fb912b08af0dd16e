"""Draw what backpropagation does: an expression, a neuron, one pixel of a convolution, LeNet.

python demos/draw_graphs.py              into the folder drawings/
python demos/draw_graphs.py --to FOLDER --format png
"""

import argparse
import random
import sys
from pathlib import Path

import nn
from autograd import Drawing, LayoutError, Tensor, Value, draw


def expression() -> Drawing:
    """Ten scalars: what each operation sends back to its operands."""
    a, b, c, d = Value(2.0, "a"), Value(-3.0, "b"), Value(10.0, "c"), Value(-2.0, "d")
    e = a * b
    e.label = "e"
    loss = ((e + c) / (a - d)).tanh()
    loss.label = "loss"
    loss.backward()
    return draw(loss)


def neuron() -> Drawing:
    """A dot product and a nonlinearity: the weights and inputs as rows of numbers."""
    w = Tensor([0.8, -1.2, 0.4, 0.9], label="w")
    x = Tensor([1.0, 0.5, -1.5, 2.0], label="x")
    y = (w @ x + Value(-0.6, "b")).tanh()
    y.label = "y"
    y.backward()
    return draw(y)


class LeNet(nn.Module):
    """Two convolutions and a dense layer: (1, 28, 28) -> (10,)."""

    def __init__(self) -> None:
        self.conv1, self.relu1, self.pool1 = nn.Conv2D(1, 8, 5), nn.ReLU(), nn.MaxPool(2)
        self.conv2, self.relu2, self.pool2 = nn.Conv2D(8, 16, 5), nn.ReLU(), nn.MaxPool(2)
        self.fc = nn.Dense(256, 10)

    def forward(self, image: Tensor) -> Tensor:
        """Keep what conv1 makes, so that one of its entries can be drawn."""
        self.features = self.conv1(image)
        x = self.pool1(self.relu1(self.features))
        x = self.pool2(self.relu2(self.conv2(x)))
        return self.fc(x.flatten())


def lenet() -> tuple[LeNet, Value]:
    """LeNet and its loss on a handwritten digit, enlarged to 28×28 pixels."""
    random.seed(0)
    model, digits = LeNet(), nn.data.digits()
    loss = nn.CrossEntropyLoss()(model(enlarged(digits.images[2][0])), digits.labels[2])
    loss.backward()
    return model, loss


def enlarged(image: list[list[float]]) -> Tensor:
    """8×8 pixels as 1×28×28, with straight lines between their centres."""

    def along(row: list[float], at: float) -> float:
        i = min(int(at), 6)
        return row[i] + (at - i) * (row[i + 1] - row[i])

    steps = [7 * k / 27 for k in range(28)]
    wide = [[along(row, at) for at in steps] for row in image]
    columns = [list(column) for column in zip(*wide, strict=True)]
    return Tensor([[[along(column, at) for column in columns] for at in steps]])


def pixel(model: LeNet) -> Drawing:
    """The entry of conv1's output to which the loss is most sensitive: kernel × window."""
    return draw(max(model.features.values, key=lambda v: abs(v.grad)))


def main(arguments: list[str] | None = None) -> None:
    """Draw all of them, and say where."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--to", type=Path, default=Path("drawings"), help="folder (default: drawings)")
    add("--format", choices=["svg", "png", "dot"], default="svg", help="default: svg")
    options = parser.parse_args(arguments)
    model, loss = lenet()
    drawings = {
        "expression": expression(),
        "neuron": neuron(),
        "pixel": pixel(model),
        "lenet": draw(loss),
        "channels": draw(loss, expand="conv1"),
        "paths": draw(loss, slice=model.conv1.weight[0, 0, 1, 2], paths=4),
    }
    options.to.mkdir(parents=True, exist_ok=True)
    for name, drawing in drawings.items():
        path = options.to / f"{name}.{options.format}"
        try:
            drawing.write(path)
        except LayoutError as reason:
            sys.exit(f"{path}: {reason}")
        print(f"{path}: {drawing.outline.title}")


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()
