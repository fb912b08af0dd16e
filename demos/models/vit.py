"""Digits read by a transformer, to which an image is a sequence of patches (vision transformer).

    h = W·patch + place,  h ← h + attention(norm(h)),  h ← h + W₂·gelu(W₁·norm(h)),  y = W·mean(h)

Nothing says which patches lie side by side: the places are learnt too (Dosovitskiy et al. 2020,
arXiv:2010.11929).
"""

import argparse
import random

import nn
from autograd import Tensor


class Block(nn.Module):
    """Attention among the patches, then two dense layers at each: (16, w), same shape."""

    def __init__(self, w: int, heads: int) -> None:
        self.norm1, self.norm2 = nn.LayerNorm(w), nn.LayerNorm(w)
        self.attention = nn.MultiHeadAttention(w, heads)
        self.dense = nn.Sequential(nn.Dense(w, 2 * w), nn.GELU(), nn.Dense(2 * w, w))

    def forward(self, h: Tensor) -> Tensor:
        h = h + self.attention(self.norm1(h))
        return h + self.dense(self.norm2(h))


class ViT(nn.Module):
    """A digit (1, 8, 8) -> logits (10,), by sixteen patches of 2×2 pixels."""

    def __init__(self, width: int = 32, heads: int = 4, blocks: int = 2) -> None:
        self.patch = nn.Conv2D(1, width, 2, stride=2)
        self.place = nn.Parameter(0.1 * Tensor.randn(16, width))
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(blocks)])
        self.norm, self.head = nn.LayerNorm(width), nn.Dense(width, 10)

    def forward(self, image: Tensor) -> Tensor:
        patches = self.patch(image).flatten(-2).transpose()
        return self.head(self.norm(self.blocks(patches + self.place)).mean(-2))


def main(arguments: list[str] | None = None) -> float:
    """Train, print what was misread, and return the accuracy on the digits that were held out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--epochs", type=int, default=12, help="passes over the digits (default: 12)")
    add("--width", type=int, default=32, help="numbers that a patch becomes (default: 32)")
    add("--seed", type=int, default=0, help="rules weights and order (default: 0)")
    options = parser.parse_args(arguments)
    random.seed(options.seed)
    (train, test), model = nn.data.digits().split(), ViT(options.width)
    optimizer = nn.AdamW(model.parameters(), lr=0.003)
    schedule = nn.CosineLR(optimizer, options.epochs)
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), optimizer, schedule)
    trainer.fit(train, epochs=options.epochs, seed=options.seed)
    found = trainer.evaluate(test)
    wrong = [k for k, guess in enumerate(found.predictions) if guess != test.labels[k]][:8]
    print("\n" + "  ".join(f"{test.labels[k]} as {found.predictions[k]}  " for k in wrong))
    for rows in zip(*[test.images[k][0] for k in wrong], strict=True):
        print("  ".join("".join(" .:-=+*#%@"[int(9.99 * ink)] for ink in row) for row in rows))
    print(f"test accuracy {found.accuracy:.1%}")
    return found.accuracy or 0.0


if __name__ == "__main__":
    main()
