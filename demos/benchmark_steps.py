"""What the rows of compiled programs share: our training steps, and steps that take turns."""

import gc
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from benchmark_nets import Library, Net
from benchmark_table import THREADS, Row

import autograd
import nn

Step = Callable[[], object]

LAYERS = Library(
    convolution=lambda *sizes: nn.Conv2D(*sizes[:5], bias=sizes[5]),
    dense=nn.Dense,
    relu=nn.ReLU,
    pool=nn.MaxPool,
    flatten=nn.Flatten,
    average=nn.GlobalAvgPool,
    group_norm=nn.GroupNorm,
    batch_norm=nn.BatchNorm2D,
    residual=nn.Residual,
    sequential=nn.Sequential,
)


def batch(net: Net, size: int) -> tuple[Any, Any]:
    """Random images and labels."""
    rng = np.random.default_rng(0)
    images = rng.standard_normal((size, *net.shape)).astype(np.float32)
    return images, rng.integers(0, 10, size)


class Ours:
    """A network of ours, the same at each call, and its compiled loss."""

    def __init__(self, net: Net, backend: str = "auto", threads: int = THREADS) -> None:
        random.seed(0)
        self.model, loss = net.build(LAYERS), nn.CrossEntropyLoss()
        self.program = autograd.compile(
            lambda x, t: loss(self.model(x), t),
            np.zeros(net.shape),
            np.eye(10)[0],
            parameters=self.model.parameters(),
            threads=threads,
            backend=backend,
        )

    def step(self, images: Any, labels: Any) -> Step:
        """One update."""
        step = self.program.train_step(nn.SGD(self.model.parameters(), lr=0.01))
        targets = np.eye(10, dtype=np.float32)[labels]
        return lambda: step(images, targets)


def seconds(step: Step) -> float:
    """Of one step."""
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def taking_turns(steps: list[Step], repeats: int, warm: float) -> list[list[float]]:
    """Times of each, in five rounds; at the begin of its turn each runs until it is warm."""
    measured: list[list[float]] = [[] for _ in steps]
    for k in range(5):
        for step, times in zip(steps, measured, strict=True):
            gc.collect()
            until = time.perf_counter() + (warm if k == 0 else warm / 10)
            step()
            while time.perf_counter() < until:
                step()
            times += [seconds(step) for _ in range(repeats)]
    return measured


def shown(times: list[float]) -> str:
    """The median, and the minimum."""
    return f"{statistics.median(times) * 1e3:.3f} ({min(times) * 1e3:.3f}) ms"


def compared(what: str, ours: list[float], peer: list[float], bar: str) -> Row:
    """A row: medians and minima, and the ratio of medians."""
    ratio = statistics.median(peer) / statistics.median(ours)
    return Row(what, shown(ours), shown(peer), f"{ratio:,.1f}×", bar)
