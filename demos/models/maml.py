"""Learn to learn: weights from which one step of descent fits a wave that was never seen (MAML).

    w' = w - α·∇L(w; ten points),   loss = L(w'; ten other points)

The gradient goes back through the update, so it holds second derivatives. One sample of the
compiled function is a whole task, a sine wave of its own amplitude and phase (Finn, Abbeel, Levine
2017, arXiv:1703.03400).
"""

import argparse
import random
from functools import partial
from typing import Any

import numpy as np

import autograd
import nn
from autograd import Tensor, Value, grad

RATE = 0.01  # α


def network(n: int = 40) -> nn.Sequential:
    """x (1,) -> y (1,), by two layers of n units."""
    dense = partial(nn.Dense, init=nn.init.uniform)
    return nn.Sequential(dense(1, n), nn.ReLU(), dense(n, n), nn.ReLU(), dense(n, 1))


def tested(model: nn.Module, x: Tensor, y: Tensor, new_x: Tensor, new_y: Tensor) -> Any:
    """The losses on new points before and after a step that fits the points (N, 1) it is shown."""
    weights, loss = model.parameters(), nn.MSELoss()
    slopes = grad(loss(model(x), y), weights)
    learnt = [w - RATE * slope for w, slope in zip(weights, slopes, strict=True)]
    return loss(nn.functional_call(model, learnt, new_x), new_y), loss(model(new_x), new_y)


def learning(model: nn.Module, backend: str = "auto") -> Any:
    """A step of Adam, a function of tasks: points x and y, new x and new y, each (N, 10, 1)."""
    points, parameters = np.zeros((10, 1)), model.parameters()

    def loss(*task: Tensor) -> Value:
        return tested(model, *task)[0]

    program = autograd.compile(loss, *[points] * 4, parameters=parameters, backend=backend)
    return program.train_step(nn.Adam(parameters, lr=0.001))


def tasks(rng: np.random.Generator, count: int) -> list[Any]:
    """Points of waves a·sin(x - b): x and y, and new x and new y, each (count, 10, 1)."""
    a, b = rng.uniform(0.1, 5, (count, 1, 1)), rng.uniform(0, np.pi, (count, 1, 1))
    x, new = rng.uniform(-5, 5, (2, count, 10, 1))
    return [x, a * np.sin(x - b), new, a * np.sin(new - b)]


def main(arguments: list[str] | None = None) -> tuple[float, float]:
    """Train, and print and return the mean losses on new tasks, before and after one step."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--steps", type=int, default=8000, help="of Adam, on 25 waves each (default: 8000)")
    add("--hidden", type=int, default=40, help="units of both layers (default: 40)")
    add("--seed", type=int, default=0, help="rules weights and waves (default: 0)")
    options = parser.parse_args(arguments)
    random.seed(options.seed)
    rng, model = np.random.default_rng(options.seed), network(options.hidden)
    step, losses = learning(model), []
    for k in range(1, options.steps + 1):
        losses.append(step(*tasks(rng, 25)))
        if k % max(1, options.steps // 10) == 0:
            mean = np.mean(losses[-options.steps // 10 :])
            print(f"step {k:>5}  loss after one step of descent {mean:.2f}", flush=True)
    points, parameters = np.zeros((10, 1)), model.parameters()
    test = autograd.compile(partial(tested, model), *[points] * 4, parameters=parameters)
    after, before = (float(found.mean()) for found in test(*tasks(rng, 1000)))
    print(f"1,000 new waves: loss {before:.2f} before, {after:.2f} after ten points of each")
    return before, after


if __name__ == "__main__":
    main()
