"""Digits from a generator G that a critic f judges, with a penalty on the critic's gradient.

    critic      f(G(z)) - f(x) + 10·(‖∇f(x̂)‖ - 1)²,   x̂ = G(z) + u·(x - G(z)),  u ~ U(0, 1)
    generator   -f(G(z)),                              z ~ N(0, 1)

The critic's loss holds a gradient and is differentiated itself: the compiled function calls `grad`,
which makes a graph of the gradient (WGAN-GP: Gulrajani et al. 2017, arXiv:1704.00028).
"""

import argparse
import random
from typing import Any

import numpy as np

import autograd
import nn
from autograd import Tensor, Value, drawn, grad, stop_gradient

CODES = 8


class Game(nn.Module):
    """A generator (CODES,) -> (64,), and a critic (64,) -> (1,)."""

    def __init__(self, hidden: int = 64) -> None:
        self.generator = nn.Sequential(
            nn.Dense(CODES, hidden), nn.ReLU(), nn.Dense(hidden, hidden), nn.ReLU(),
            nn.Dense(hidden, 64), nn.Sigmoid(),
        )  # fmt: skip
        self.critic = nn.Sequential(
            nn.Dense(64, hidden), nn.LeakyReLU(0.2), nn.Dense(hidden, hidden), nn.LeakyReLU(0.2),
            nn.Dense(hidden, 1),
        )  # fmt: skip

    def critic_loss(self, x: Tensor) -> Value:
        """How badly the critic tells a digit from a made one, and the penalty."""
        made = stop_gradient(self.generator(drawn.normal((CODES,))))
        between = made + drawn.uniform((1,)) * (x - made)
        (slope,) = grad(self.critic(between)[0], [between])
        penalty = ((slope**2).sum().sqrt() - 1) ** 2
        return self.critic(made)[0] - self.critic(x)[0] + 10 * penalty

    def generator_loss(self, _: Tensor) -> Value:
        """How badly the generator fools the critic."""
        return -self.critic(self.generator(drawn.normal((CODES,))))[0]


def learning(game: Game, part: str, backend: str = "auto") -> Any:
    """A step of Adam for the "critic" or the "generator", a function of digits (N, 64)."""
    network, loss, numbers = getattr(game, part), getattr(game, f"{part}_loss"), game.parameters()
    program = autograd.compile(loss, np.zeros(64), parameters=numbers, backend=backend)
    return program.train_step(nn.Adam(network.parameters(), lr=0.001, betas=(0.5, 0.9)))


def main(arguments: list[str] | None = None) -> list[float]:
    """Train, print made digits, and return the critic's losses."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--steps", type=int, default=1500, help="of the generator (default: 1500)")
    parser.add_argument("--hidden", type=int, default=64, help="units of both (default: 64)")
    parser.add_argument("--seed", type=int, default=0, help="rules all that is drawn (default: 0)")
    options = parser.parse_args(arguments)
    random.seed(options.seed)
    rng = np.random.default_rng(options.seed)
    game, digits, losses = Game(options.hidden), np.array(nn.data.digits().images), []
    critic, generator = learning(game, "critic"), learning(game, "generator")
    for k in range(1, options.steps + 1):
        batches = digits.reshape(-1, 64)[rng.integers(0, len(digits), (5, 64))]
        losses.append(sum(critic(batch) for batch in batches) / 5)
        generator(batches[0])
        if k % max(1, options.steps // 10) == 0:
            print(f"step {k:>4}  the critic's loss {losses[-1]:.2f}", flush=True)
    made = [game.generator(drawn.normal((CODES,))).tolist() for _ in range(8)]
    for rows in zip(*np.reshape(made, (8, 8, 8)), strict=True):
        print("  ".join("".join(" .:-=+*#%@"[int(9.99 * ink)] for ink in row) for row in rows))
    return losses


if __name__ == "__main__":
    main()
