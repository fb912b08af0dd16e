"""Chemical elements from a recurrent network that reads letters, and tells the next one (GRU).

    r = σ(W_r·x + U_r·h),  z = σ(W_z·x + U_z·h),  n = tanh(W_n·x + r·(U_n·h)),  h ← z·h + (1 - z)·n

What it has read is in its state h. Compiled, the loop over the letters is unrolled (Cho et al.
2014, arXiv:1406.1078). It reads the names of the 118 elements.
"""

import argparse
import random
from pathlib import Path
from typing import Any

import numpy as np

import autograd
import nn
from autograd import Tensor, Value, softmax

WORDS = (Path(__file__).parents[1] / "data/elements.txt").read_text(encoding="ascii").split()
LETTERS = ".abcdefghijklmnopqrstuvwxyz"  # the point stands between words


class Reader(nn.Module):
    """Letters (T,) and a state -> the logits of the letter after each (T, 27), and the state."""

    def __init__(self, hidden: int = 64) -> None:
        self.letter = nn.Embedding(27, 16)
        self.gru = nn.GRU(16, hidden)
        self.head = nn.Dense(hidden, 27)

    def forward(self, letters: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        outputs, state = self.gru(self.letter(letters), state)
        return self.head(outputs), state

    def loss(self, letters: Tensor, after: Tensor) -> Value:
        return nn.CrossEntropyLoss()(self(letters)[0], after)


def learning(model: Reader, backend: str = "auto") -> Any:
    """A step of Adam, a function of letters and those after them, (N, 16) each."""
    letters, parameters = [0] * 16, model.parameters()
    program = autograd.compile(model.loss, letters, letters, parameters=parameters, backend=backend)
    return program.train_step(nn.Adam(parameters, lr=0.01), clip_norm=1.0)


def main(arguments: list[str] | None = None) -> list[float]:
    """Train, print words, and return the loss of each step."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--steps", type=int, default=200, help="of Adam, on 32 pieces of text (default: 200)")
    add("--hidden", type=int, default=64, help="numbers of the state (default: 64)")
    add("--seed", type=int, default=0, help="rules all that is drawn (default: 0)")
    options = parser.parse_args(arguments)
    random.seed(options.seed)
    rng, model, losses = np.random.default_rng(options.seed), Reader(options.hidden), []
    text, step = np.array([LETTERS.index(x) for x in f".{'.'.join(WORDS)}."]), learning(model)
    for k in range(1, options.steps + 1):
        at = rng.integers(0, len(text) - 16, (32, 1)) + np.arange(16)
        losses.append(step(text[at], text[at + 1]))
        if k % max(1, options.steps // 10) == 0:
            print(f"step {k:>4}  loss {losses[-1]:.3f}", flush=True)
    print(*[word(model, rng) for _ in range(16)], sep=", ")
    return losses


def word(model: Reader, rng: np.random.Generator) -> str:
    """A word, letter by letter, each drawn from what the model says; the state is handed on."""
    found, state = ".", None
    while len(found) < 20 and not found[1:].endswith("."):
        logits, state = model(Tensor([LETTERS.index(found[-1])]), state)
        shares = np.cumsum(softmax(logits[0]).tolist())
        found += LETTERS[min(26, int((shares < rng.random()).sum()))]
    return found.strip(".")


if __name__ == "__main__":
    main()
