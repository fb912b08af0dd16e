"""Build a web site of three networks to explore in a browser: digits, MNIST and two moons.

    python demos/explore_site.py --out site          trains them for about a minute
    python demos/explore_site.py --out site --quick  trains them for seconds

Each network is a page that needs neither a server nor a network, and `index.html` links to them.
"""

import argparse
import html
import random
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import explore_cnn
import train_mnist

import autograd
import nn
from autograd import Page, Value

Data = nn.data.Dataset
INDEX = Path(__file__).with_name("explore_site.html")


class Exhibit(NamedTuple):
    """A page, the name of its file, and what is said about it."""

    name: str
    title: str
    words: str
    page: Page


def main(arguments: list[str] | None = None) -> None:
    """Write the pages and the index, and say where."""
    options = parse(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    exhibits = []
    for make in (digits, mnist, moons):
        exhibit = make(options.quick)
        print(exhibit.page.save(options.out / f"{exhibit.name}.html"), flush=True)
        exhibits.append(exhibit)
    index = options.out / "index.html"
    index.write_text(index_of(exhibits), encoding="utf-8")
    print(f"{index}: links to them")


# --- the networks ---------------------------------------------------------------------------------


def digits(quick: bool) -> Exhibit:
    """A CNN for 8×8 digits, the digit that it misreads most surely, and every epoch of its life."""
    random.seed(0)
    train, test = nn.data.digits().split()
    model = explore_cnn.Net()
    epochs = nn.Epochs(model)
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.Adam(model.parameters(), lr=0.02))
    trainer.fit(train, test, epochs=2 if quick else 8, callbacks=[epochs])
    return misread("digits", trainer, train.take(range(500)), test, epochs=epochs)


def mnist(quick: bool) -> Exhibit:
    """LeNet, and the digit of MNIST that it misreads most surely."""
    shrunk = ["--train", "500", "--test", "500", "--epochs", "2"] if quick else []
    options = train_mnist.parse([*shrunk, "--no-pictures"])
    train, validation, test = train_mnist.load(options)
    trainer = train_mnist.fit(train_mnist.lenet(options.seed), train, validation, options)
    return misread("mnist", trainer, train.take(range(50)), test, name="LeNet")


def misread(file: str, trainer: nn.Trainer, few: Data, test: Data, **options: Any) -> Exhibit:
    """The page of a classifier's surest mistake, which can learn from a few samples."""
    digit = explore_cnn.surest_mistake(trainer, test)
    others = test.take([digit, *(k for k in range(min(len(few), len(test))) if k != digit)])
    title, page = explore_cnn.explored(trainer, few, others, 0, **options)
    accuracy, size = trainer.evaluate(test).accuracy, "×".join(map(str, trainer.model.input_shape))
    words = (
        f"Of {len(test):,} digits of {size} pixels that it has not seen it reads {accuracy:.1%}."
    )
    return Exhibit(file, title, words, page)


class Neuron:
    """As in Andrej Karpathy's micrograd: a Value for each weight."""

    def __init__(self, inputs: int, is_linear: bool) -> None:
        self.w = [Value(random.uniform(-1, 1)) for _ in range(inputs)]
        self.b = Value(0.0)
        self.is_linear = is_linear

    def __call__(self, x: list[Value]) -> Value:
        total = sum((w * v for w, v in zip(self.w, x, strict=True)), self.b)
        return total if self.is_linear else total.relu()


class MLP:
    """Layers of neurons: numbers -> a score."""

    def __init__(self, *sizes: int) -> None:
        last = len(sizes) - 2
        self.layers = [
            [Neuron(inputs, k == last) for _ in range(outputs)]
            for k, (inputs, outputs) in enumerate(pairwise(sizes))
        ]

    def __call__(self, x: list[Value]) -> Value:
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return x[0]

    def parameters(self) -> list[Value]:
        return [v for layer in self.layers for neuron in layer for v in [*neuron.w, neuron.b]]


def moons(quick: bool) -> Exhibit:
    """micrograd's example: an MLP of 337 Values tells two half moons apart, by a hinge loss."""
    random.seed(1337)
    data, model = nn.data.moons(100, 0.1), MLP(2, 16, 16, 1)
    weights = model.parameters()
    sides = [2.0 * label - 1 for label in data.labels]

    def loss_of(point: Any, side: Any) -> tuple[Value, Value]:
        score = model(list(point))
        return (1 - side * score).relu(), score

    program = autograd.compile(loss_of, data.images[0], 1.0, parameters=weights)
    step = program.train_step(nn.SGD(weights, lr=0.1))
    moments, last = [], 20 if quick else 100
    for k in range(last + 1):
        losses, _ = program(data.images, sides)
        if k % 10 == 0:
            told = f"after {k} steps: loss {losses.mean():.4f}"
            moments.append((told, {v: v.data for v in weights}))
        if k < last:
            step(data.images, sides)
    title = "micrograd's MLP on two moons"
    page = autograd.explore(
        loss_of, samples=(data.images, sides), parameters=weights, epochs=moments, title=title,
        index=int(losses.argmax()),  # where the hinge is open
    )  # fmt: skip
    words = (
        f"Each of its {len(weights)} weights is a Value. Of {len(losses)} points this costs most."
    )
    return Exhibit("moons", title, words, page)


# --- the index ------------------------------------------------------------------------------------


def index_of(exhibits: Sequence[Exhibit]) -> str:
    """A page with a link to each of the others."""
    links = [
        f'<li><a href="{name}.html">{html.escape(title)}</a>'
        f"<p>{html.escape(words)} {page.holds}.</p></li>"
        for name, title, words, page in exhibits
    ]
    return INDEX.read_text(encoding="utf-8").replace("{{links}}", "\n".join(links))


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--out", type=Path, default=Path("site"), help="folder that is written (default: site)")
    add("--quick", action="store_true", help="train for seconds")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()
