"""Measure compiled programs against PyTorch in eager mode and against micrograd, in one run.

    pip install micrograd==0.1.0 torch==2.13.0
    python demos/benchmark_compiled.py

A step is forward, backward and an SGD update in float32, with two threads on both sides. Ours and
the peer take turns; medians (and minima) are compared. `--quick` measures less often.
"""

import gc
import importlib.util
import random
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from benchmark_eager import DIGITS, cnn_by_hand
from benchmark_table import Arguments, Row, run

import autograd
import nn
from autograd import Value

THREADS = 2
Step = Callable[[], object]

# --- the networks, in our layers and in PyTorch's -------------------------------------------------

NETS: dict[str, tuple[Any, ...]] = {
    "digits CNN, 8×8": ((1, 8, 8), [(1, 4, 3, 0)], 36, ("≥ 5.5×", "≥ 4.5×")),
    "LeNet, 28×28": ((1, 28, 28), [(1, 8, 5, 0), (8, 16, 5, 0)], 256, ("≥ 1.8×", "≥ 1.7×")),
    "two convolutions, 3×32×32": (
        (3, 32, 32),
        [(3, 16, 3, 1), (16, 32, 3, 1)],
        2048,
        ("≥ 1.2×", "≥ 1.15×"),
    ),
    "MLP 784-128-10": ((784,), [], 784, ("≥ 1.8×", "≥ 1.3×")),
}


def model(convolutions: list[tuple[int, ...]], features: int) -> nn.Module:
    """Convolutions (in, out, kernel, padding) with ReLU and pools of 2; or an MLP."""
    if not convolutions:
        return nn.Sequential(nn.Dense(features, 128), nn.ReLU(), nn.Dense(128, 10))
    layers: list[nn.Module] = []
    for i, o, kernel, padding in convolutions:
        layers += [nn.Conv2D(i, o, kernel, padding=padding), nn.ReLU(), nn.MaxPool(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Dense(features, 10))


def torch_model(convolutions: list[tuple[int, ...]], features: int) -> Any:
    """The same in PyTorch."""
    from torch import nn as t

    if not convolutions:
        return t.Sequential(t.Linear(features, 128), t.ReLU(), t.Linear(128, 10))
    layers = []
    for i, o, kernel, padding in convolutions:
        layers += [t.Conv2d(i, o, kernel, padding=padding), t.ReLU(), t.MaxPool2d(2)]
    return t.Sequential(*layers, t.Flatten(), t.Linear(features, 10))


def resnet(
    kinds: Any, norm: Callable[[int], Any], pooled: list[Any], residual: Any, n: int = 3
) -> Any:
    """ResNet-(6n + 2) with GroupNorm for 3×32×32 (He et al. 2015), in either library's layers."""

    def convolution(i: int, o: int, size: int, stride: int) -> Any:
        conv = getattr(kinds, "Conv2D", None) or kinds.Conv2d
        return conv(i, o, size, stride=stride, padding=size // 2, bias=False)

    def block(i: int, o: int, stride: int) -> Any:
        body = kinds.Sequential(
            convolution(i, o, 3, stride), norm(o), kinds.ReLU(), convolution(o, o, 3, 1), norm(o)
        )
        same = i == o and stride == 1
        short = None if same else kinds.Sequential(convolution(i, o, 1, stride), norm(o))
        return kinds.Sequential(residual(body, short), kinds.ReLU())

    stages = [(16, 16, 1), (16, 32, 2), (32, 64, 2)]
    widths = [w for i, o, s in stages for w in [(i, o, s), *[(o, o, 1)] * (n - 1)]]
    stem = [convolution(3, 16, 3, 1), norm(16), kinds.ReLU()]
    return kinds.Sequential(*stem, *[block(*sizes) for sizes in widths], *pooled)


def torch_residual(body: Any, short: Any) -> Any:
    """body(x) + shortcut(x) as a module of PyTorch."""
    import torch

    class Residual(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.short = body, short or torch.nn.Identity()

        def forward(self, x: Any) -> Any:
            return self.body(x) + self.short(x)

    return Residual()


# --- steps ----------------------------------------------------------------------------------------


def batch(shape: tuple[int, ...], size: int) -> tuple[Any, Any]:
    """Random images and labels."""
    rng = np.random.default_rng(0)
    images = rng.standard_normal((size, *shape)).astype(np.float32)
    return images, rng.integers(0, 10, size)


def program_of(net: nn.Module, shape: tuple[int, ...]) -> Any:
    """The compiled loss of a network."""
    loss = nn.CrossEntropyLoss()
    return autograd.compile(
        lambda x, t: loss(net(x), t),
        np.zeros(shape),
        np.eye(10)[0],
        parameters=net.parameters(),
        threads=THREADS,
    )


def our_step(program: Any, net: nn.Module, images: Any, labels: Any) -> Step:
    """One update by our compiled program."""
    step = program.train_step(nn.SGD(net.parameters(), lr=0.01))
    targets = np.eye(10, dtype=np.float32)[labels]
    return lambda: step(images, targets)


def torch_step(net: Any, images: Any, labels: Any) -> Step:
    """One update by PyTorch."""
    import torch

    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    loss, x, t = torch.nn.CrossEntropyLoss(), torch.from_numpy(images), torch.from_numpy(labels)

    def step() -> None:
        optimizer.zero_grad()
        loss(net(x), t).backward()
        optimizer.step()

    return step


def seconds(step: Step) -> float:
    """Of one step."""
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def taking_turns(ours: Step, peer: Step, repeats: int, warm: float) -> tuple[list[float], ...]:
    """Times of both, in five rounds; before each, both run until they are warm."""
    measured: tuple[list[float], list[float]] = ([], [])
    for k in range(5):
        for step, times in zip((ours, peer), measured, strict=True):
            gc.collect()
            until = time.perf_counter() + (warm if k == 0 else warm / 10)
            while time.perf_counter() < until:
                step()
            times += [seconds(step) for _ in range(repeats)]
    return measured


def _ms(times: list[float]) -> str:
    return f"{statistics.median(times) * 1e3:.3f} ({min(times) * 1e3:.3f}) ms"


def compared(what: str, ours: list[float], peer: list[float], bar: str) -> Row:
    """A row: medians and minima, and the ratio of medians."""
    ratio = statistics.median(peer) / statistics.median(ours)
    return Row(what, _ms(ours), _ms(peer), f"{ratio:,.1f}×", bar)


# --- the table ------------------------------------------------------------------------------------


def against_torch(quick: bool) -> Iterator[Row]:
    """Training steps next to PyTorch's, and how much of ours is matrix products."""
    import torch

    torch.set_num_threads(THREADS)
    for name, (shape, convolutions, features, bars) in [*NETS.items()][: 1 if quick else None]:
        net = model(convolutions, features)
        program = program_of(net, shape)
        for size, bar in list(zip((32, 128), bars, strict=True))[: 1 if quick else 2]:
            images, labels = batch(shape, size)
            ours = our_step(program, net, images, labels)
            peer = torch_step(torch_model(convolutions, features), images, labels)
            times = taking_turns(ours, peer, 2 if quick else 20, 0.05 if quick else 0.6)
            yield compared(f"{name}, batch {size}", *times, bar)
            found = program.profile(images, np.eye(10)[labels])
            speed = f"{found.gflops:.0f} GFLOP/s"
            share = f"{found.share:.0%} of a step"
            yield Row("- in matrix products, one thread", share, "", speed, "")


def against_micrograd(quick: bool) -> Iterator[Row]:
    """The digits CNN, and micrograd's own MLP with our Value."""
    from micrograd.engine import Value as Scalar

    shape, convolutions, features, _ = NETS["digits CNN, 8×8"]
    net = model(convolutions, features)
    ours = our_step(program_of(net, shape), net, *batch(shape, 32))
    forward = cnn_by_hand(Scalar, *DIGITS)

    def peer() -> None:
        for _ in range(1 if quick else 32):
            forward().backward()

    taking_turns(ours, ours, 5, 0.1)
    mine = [seconds(ours) for _ in range(50)]
    theirs = [seconds(peer) * (32 if quick else 1) for _ in range(1 if quick else 3)]
    yield compared("digits CNN, batch 32, against micrograd", mine, theirs, "≥ 1,500×")
    yield own_mlp(Scalar, quick)


def own_mlp(scalar: Any, quick: bool) -> Row:
    """micrograd's nn.py as published, with our Value, compiled; forward + backward of 100."""
    import micrograd.nn as theirs

    spec = importlib.util.find_spec("micrograd.nn")
    assert spec is not None
    assert spec.loader is not None
    ours = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(ours)
    ours.Value = Value
    random.seed(0)
    mine, their = ours.MLP(2, [16, 16, 1]), theirs.MLP(2, [16, 16, 1])
    rng = np.random.default_rng(0)
    points, signs = rng.standard_normal((100, 2)), rng.choice([-1.0, 1.0], 100)
    program = autograd.compile(
        lambda x, t: (1 - t * mine(x)).relu(), points[0], 1.0, parameters=mine.parameters()
    )

    def peer() -> None:
        scores = [their(list(map(scalar, row))) for row in points]
        losses = [(1 + -t * s).relu() for t, s in zip(signs.tolist(), scores, strict=True)]
        their.zero_grad()
        sum(losses).backward()

    times = [seconds(lambda: program.value_and_grad(points, signs)) for _ in range(60)][10:]
    theirs_times = [seconds(peer) for _ in range(1 if quick else 3)]
    what = "micrograd's MLP(2, [16, 16, 1]), batch 100"
    return compared(what, times, theirs_times, "≥ 500×")


def scheduling(quick: bool) -> Iterator[Row]:
    """How long it takes to compile."""
    shape, convolutions, features, _ = NETS["LeNet, 28×28"]
    net = model(convolutions, features)
    times = [seconds(lambda: program_of(net, shape)) for _ in range(1 if quick else 5)]
    yield Row("LeNet: record, schedule and check", f"{min(times):.2f} s", "", "", "≤ 0.5 s")
    for side, many in [(24, "10⁴"), (68, "10⁵"), (208, "10⁶")][: 1 if quick else 3]:
        net = nn.Sequential(nn.Conv2D(1, 8, 5), nn.ReLU(), nn.MaxPool(2))
        start = time.perf_counter()
        program = autograd.compile(net, np.zeros((1, side, side)), parameters=net.parameters())
        spent = time.perf_counter() - start
        each = f"{spent / program.scalars * 1e6:.1f} µs each"
        what = f"about {many} nodes: {program.scalars:,} compiled"
        yield Row(what, f"{spent:.2f} s", "", each, "linear")


def residual_network() -> Iterator[Row]:
    """ResNet-20 from scalars: compiling, memory, and a training step."""
    import resource

    import torch

    net = resnet(
        nn, lambda n: nn.GroupNorm(4, n), [nn.GlobalAvgPool(), nn.Dense(64, 10)], nn.Residual
    )
    start = time.perf_counter()
    program = program_of(net, (3, 32, 32))
    spent = time.perf_counter() - start
    t = torch.nn
    pooled = [t.AdaptiveAvgPool2d(1), t.Flatten(), t.Linear(64, 10)]
    peer_net = resnet(t, lambda n: t.GroupNorm(4, n), pooled, torch_residual)
    images, labels = batch((3, 32, 32), 32)
    ours = our_step(program, net, images, labels)
    times = taking_turns(ours, torch_step(peer_net, images, labels), 3, 2.0)
    yield compared("ResNet-20 with GroupNorm, batch 32", *times, "reported")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    what = f"- its {program.scalars:,} scalars: compiled, and this process at its largest"
    yield Row(what, f"{spent:.0f} s", "", f"{memory:.1f} GB", "< 8 GiB")


def rows(quick: bool) -> Iterator[Row]:
    """All rows for which the peers are installed."""
    yield from scheduling(quick)
    gc.freeze()  # micrograd's graphs are cycles: spare its collector what is not its own
    if importlib.util.find_spec("micrograd"):
        yield from against_micrograd(quick)
    if importlib.util.find_spec("torch"):
        yield from against_torch(quick)
        if not quick:
            yield from residual_network()


def main(arguments: Arguments = None) -> None:
    """Print the table."""
    run(__doc__ or "", rows, arguments)


if __name__ == "__main__":
    main()
