"""Ten kinds of clothes told apart by a residual network with batch normalisation (ResNet).

    y = relu(norm(w₂ * relu(norm(w₁ * x))) + shortcut(x))

Normalisation takes mean and variance from the batch to learn, and running means to be tested (He et
al. 2015, arXiv:1512.03385; Ioffe, Szegedy 2015). 900 images of Fashion-MNIST come with the package.
"""

import argparse
import random

import nn


def convolution(i: int, o: int, size: int = 3, stride: int = 1) -> list[nn.Module]:
    """(i, H, W) -> (o, H/stride, W/stride), normalised, which takes the place of a bias."""
    return [nn.Conv2D(i, o, size, stride, padding=size // 2, bias=False), nn.BatchNorm2D(o)]


def block(i: int, o: int, stride: int = 1) -> nn.Sequential:
    """(i, H, W) -> (o, H/stride, W/stride)."""
    body = nn.Sequential(*convolution(i, o, 3, stride), nn.ReLU(), *convolution(o, o))
    shortcut = None if i == o else nn.Sequential(*convolution(i, o, 1, stride))
    return nn.Sequential(nn.Residual(body, shortcut), nn.ReLU())


def resnet(width: int = 16) -> nn.Sequential:
    """An image (1, 28, 28) -> logits (10,)."""
    return nn.Sequential(
        *convolution(1, width, stride=2), nn.ReLU(),
        block(width, width),
        block(width, 2 * width, stride=2),
        block(2 * width, 4 * width, stride=2),
        nn.GlobalAvgPool(), nn.Dense(4 * width, 10),
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> float:
    """Train, print how many of each kind are known, and return the accuracy on the test images."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--epochs", type=int, default=10, help="passes over the images (default: 10)")
    add("--width", type=int, default=16, help="channels of the first block (default: 16)")
    add("--seed", type=int, default=0, help="rules weights and order (default: 0)")
    add("--root", metavar="FOLDER", help="read all 70,000 images from there (default: 900)")
    options = parser.parse_args(arguments)
    random.seed(options.seed)
    full, model = options.root, resnet(options.width)
    train, test = nn.data.fashion_mnist(root=full) if full else nn.data.fashion_mini()
    optimizer = nn.AdamW(model.parameters(), lr=0.003)
    schedule = nn.CosineLR(optimizer, options.epochs)
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), optimizer, schedule)
    trainer.fit(train, epochs=options.epochs, seed=options.seed)
    found, names = trainer.evaluate(test), test.class_names
    counts = nn.confusion_matrix(test.labels, found.predictions, len(names))
    for k, (name, row) in enumerate(zip(names, counts, strict=True)):
        print(f"{name:>11}  {'#' * round(30 * row[k] / sum(row))}")
    print(f"test accuracy {found.accuracy:.1%}")
    return found.accuracy or 0.0


if __name__ == "__main__":
    main()
