"""Digits from convolutions that enlarge, taught by convolutions that judge (DCGAN).

    discriminator   -log σ(D(x)) - log(1 - σ(D(G(z)))),   z ~ N(0, 1)
    generator       -log σ(D(G(z)))

Transposed convolutions grow a code to 2×2, 4×4 and 8×8 pixels; batch normalisation sees the whole
batch (Goodfellow et al. 2014; Radford, Metz, Chintala 2015, arXiv:1511.06434).
"""

import argparse
import random
from typing import Any

import numpy as np

import autograd
import nn
from autograd import Tensor, Value, drawn, stop_gradient

CODES = 16


class Game(nn.Module):
    """A generator (CODES,) -> (1, 8, 8), and a discriminator (1, 8, 8) -> (1,)."""

    def __init__(self, width: int = 16) -> None:
        self.generator = nn.Sequential(
            nn.Dense(CODES, 8 * width), nn.ReLU(), nn.Reshape(2 * width, 2, 2),
            nn.ConvTranspose2D(2 * width, width, 4, 2, 1), nn.BatchNorm2D(width), nn.ReLU(),
            nn.ConvTranspose2D(width, 1, 4, 2, 1), nn.Sigmoid(),
        )  # fmt: skip
        self.discriminator = nn.Sequential(
            nn.Conv2D(1, width, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2D(width, 2 * width, 4, 2, 1), nn.BatchNorm2D(2 * width), nn.LeakyReLU(0.2),
            nn.Flatten(), nn.Dense(8 * width, 1),
        )  # fmt: skip

    def discriminator_loss(self, x: Tensor) -> Value:
        """How badly the discriminator tells a digit from a made one."""
        made = stop_gradient(self.generator(drawn.normal((CODES,))))
        return (-self.discriminator(x)[0]).softplus() + self.discriminator(made)[0].softplus()

    def generator_loss(self, _: Tensor) -> Value:
        """How badly the generator fools the discriminator."""
        return (-self.discriminator(self.generator(drawn.normal((CODES,))))[0]).softplus()


def learning(game: Game, part: str, backend: str = "auto") -> Any:
    """A step of Adam for the "discriminator" or the "generator", of digits (N, 1, 8, 8)."""
    network, loss, numbers = getattr(game, part), getattr(game, f"{part}_loss"), game.parameters()
    program = autograd.compile(loss, np.zeros((1, 8, 8)), parameters=numbers, backend=backend)
    return program.train_step(nn.Adam(network.parameters(), lr=0.002, betas=(0.5, 0.999)))


def main(arguments: list[str] | None = None) -> list[float]:
    """Train, print made digits, and return the generator's loss in each epoch."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--epochs", type=int, default=30, help="passes over the digits (default: 30)")
    add("--width", type=int, default=16, help="channels at 4×4 pixels (default: 16)")
    add("--seed", type=int, default=0, help="rules all that is drawn (default: 0)")
    options = parser.parse_args(arguments)
    random.seed(options.seed)
    digits, game, losses = nn.data.digits(), Game(options.width), []
    judge, forge = learning(game, "discriminator"), learning(game, "generator")
    for epoch in range(1, options.epochs + 1):
        batches = [batch.images for batch in digits.batches(32, random.Random(epoch))]
        judged, forged = np.mean([(judge(x), forge(x)) for x in batches], axis=0)
        losses.append(float(forged))
        print(f"epoch {epoch:>2}  discriminator {judged:.3f}  generator {forged:.3f}", flush=True)
    game.eval()
    made = [game.generator(drawn.normal((CODES,))).tolist() for _ in range(8)]
    for rows in zip(*np.reshape(made, (8, 8, 8)), strict=True):
        print("  ".join("".join(" .:-=+*#%@"[int(9.99 * ink)] for ink in row) for row in rows))
    return losses


if __name__ == "__main__":
    main()
