"""Train a CNN on real handwritten digits.

Every multiply-add is part of a scalar graph. It is recorded for one image and compiled into matrix
products for whole batches; with --eager, every batch is a graph of Values.

1,797 images of 8×8 pixels (UCI, CC BY 4.0). A fixed fifth of each class is held out for the test;
the network and its learning rate were chosen on a part of the other four fifths.

    python demos/train_digits.py                  all ten digits
    python demos/train_digits.py --classes 0 1    zeros against ones
    python demos/train_digits.py --eager          scalar by scalar, without NumPy
"""

import argparse
import random
import sys

import nn


def main(arguments: list[str] | None = None) -> nn.Evaluation:
    """Train, print what happens, and return the evaluation on the held-out digits."""
    options = parse(arguments)
    train, test = nn.data.digits().split(0.2, seed=0)
    if options.classes:
        train, test = train.subset(options.classes), test.subset(options.classes)
    print(f"{len(train)} digits to learn from, {len(test)} held out")

    random.seed(options.seed)
    model = nn.Sequential(
        nn.Conv2D(1, options.channels, 3),
        nn.ReLU(),
        nn.MaxPool(2),
        nn.Flatten(),
        nn.Dense(options.channels * 3 * 3, len(train.class_names)),
    )
    print(model.summary(1, 8, 8), end="\n\n")

    optimizer = nn.Adam(model.parameters(), lr=options.lr)
    schedule = nn.CosineLR(optimizer, options.epochs)
    loss = nn.CrossEntropyLoss(label_smoothing=options.smoothing)
    trainer = nn.Trainer(model, loss, optimizer, schedule)
    way = {"batch_size": options.batch_size, "compiled": not options.eager}
    trainer.fit(train, epochs=options.epochs, seed=options.seed, **way)

    result = trainer.evaluate(test, compiled=not options.eager)
    print(f"\n{table(test, result.predictions)}")
    print(f"\ntest loss {result.loss:.4f}, test accuracy {result.accuracy:.2%}")
    return result


def table(test: nn.data.Dataset, predictions: list[int]) -> str:
    """The confusion matrix as text: a row for each true class, a column for each predicted one."""
    names = test.class_names
    counts = nn.confusion_matrix(test.labels, predictions, len(names))
    width = max(4, *(1 + len(str(word)) for row in [names, *counts] for word in row))
    head = "true\\taken for" + "".join(name.rjust(width) for name in names)
    rows = [
        name.rjust(len("true\\taken for")) + "".join(str(n or "·").rjust(width) for n in row)
        for name, row in zip(names, counts, strict=True)
    ]
    return "\n".join([head, *rows])


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--classes", type=int, nargs="+", metavar="K", help="digits to tell apart (default: all)")
    add("--epochs", type=count, default=7, help="passes over the training part (default: 7)")
    add("--batch-size", type=count, default=32, help="images per update (default: 32)")
    add("--channels", type=count, default=24, help="kernels of the convolution (default: 24)")
    add("--lr", type=float, default=0.02, help="Adam's first learning rate (default: 0.02)")
    add("--smoothing", type=float, default=0.05, help="label smoothing (default: 0.05)")
    add("--seed", type=int, default=0, help="rules weights and order of images (default: 0)")
    add("--eager", action="store_true", help="compute scalar by scalar (default: compiled)")
    options = parser.parse_args(arguments)
    classes = set(options.classes or range(10))
    if len(classes) != len(options.classes or range(10)) or not classes <= set(range(10)):
        parser.error("--classes takes different digits from 0 to 9")
    if len(classes) < 2:
        parser.error("--classes takes two digits or more")
    return options


def count(text: str) -> int:
    """A positive int of the command line."""
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()
