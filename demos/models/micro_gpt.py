"""First names from a small transformer that tells the next letter (GPT, Radford et al. 2018).

h ← h + attention(norm(h)),  h ← h + W₂·gelu(W₁·norm(h)),  p = softmax(W·norm(h))
"""

import argparse
import random
from pathlib import Path
from typing import Any

import numpy as np

import autograd
import nn
from autograd import Tensor, Value, softmax

NAMES = (Path(__file__).parents[1] / "data/names.txt").read_text(encoding="ascii").split()
LETTERS = ".abcdefghijklmnopqrstuvwxyz"  # the point stands between names


class Block(nn.Module):
    """Attention to the letters before, then two dense layers at each: (length, w), same shape."""

    def __init__(self, w: int, heads: int) -> None:
        self.norm1, self.norm2 = nn.LayerNorm(w), nn.LayerNorm(w)
        self.attention = nn.MultiHeadAttention(w, heads, causal=True)
        self.dense = nn.Sequential(nn.Dense(w, 4 * w), nn.GELU(), nn.Dense(4 * w, w))

    def forward(self, h: Tensor) -> Tensor:
        h = h + self.attention(self.norm1(h))
        return h + self.dense(self.norm2(h))


class GPT(nn.Module):
    """Letters (length,) -> for each, the logits of the letter after it (length, 27)."""

    def __init__(self, length: int = 16, width: int = 32, heads: int = 4, blocks: int = 1) -> None:
        self.letter, self.place = nn.Embedding(27, width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(blocks)])
        self.norm, self.head = nn.LayerNorm(width), nn.Dense(width, 27)

    def forward(self, letters: Tensor) -> Tensor:
        return self.head(self.norm(self.blocks(self.letter(letters) + self.place.weight)))

    def loss(self, letters: Tensor, after: Tensor) -> Value:
        return nn.CrossEntropyLoss()(self(letters), after)


def learning(model: GPT, backend: str = "auto") -> Any:
    """A step of Adam, a function of letters and those after them, (N, length) each."""
    letters, numbers = [0] * len(model.place.weight), model.parameters()
    program = autograd.compile(model.loss, letters, letters, parameters=numbers, backend=backend)
    return program.train_step(nn.Adam(numbers, lr=0.01))


def main(arguments: list[str] | None = None) -> list[float]:
    """Train, print names, and return the loss of each step."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=600, help="of Adam (default: 600)")
    parser.add_argument("--width", type=int, default=32, help="of a letter (default: 32)")
    parser.add_argument("--seed", type=int, default=0, help="rules all that is drawn (default: 0)")
    options = parser.parse_args(arguments)
    random.seed(options.seed)
    rng, model, losses = np.random.default_rng(options.seed), GPT(width=options.width), []
    text, step = np.array([LETTERS.index(x) for x in f".{'.'.join(NAMES)}."]), learning(model)
    for k in range(1, options.steps + 1):
        at = rng.integers(0, len(text) - 16, (32, 1)) + np.arange(16)
        losses.append(step(text[at], text[at + 1]))
        if k % max(1, options.steps // 10) == 0:
            print(f"step {k:>4}  loss {losses[-1]:.3f}", flush=True)
    read = autograd.compile(lambda x: softmax(model(x)), text[:16], parameters=model.parameters())
    names = np.zeros((20, 16), int)
    for k in range(15):
        names[:, k + 1] = (read(names)[:, k].cumsum(1) < rng.random((20, 1))).sum(1).clip(0, 26)
    print(*["".join(LETTERS[x] for x in name[1:]).partition(".")[0] for name in names], sep=", ")
    return losses


if __name__ == "__main__":
    main()
