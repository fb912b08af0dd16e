"""Measure eager passes against micrograd's and a lean engine's, and how graphs grow.

    pip install micrograd==0.1.0
    python demos/benchmark_eager.py

In every row ours and the peer take turns, and medians are compared. `--quick` measures less often.
"""

import gc
import importlib.util
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator

from benchmark_lean import Lean, gpt
from benchmark_table import Arguments, Row, run

import nn
from autograd import Tensor, Value, graph

Forward = Callable[[], object]


# --- the same networks, in scalars and in layers --------------------------------------------------


def scalar_layer(kind, inputs, n_out, rectify):
    """A dense layer written by hand, `w*x` and `+` one by one; returns a function of the inputs."""
    weights = [[kind(random.uniform(-1, 1)) for _ in range(inputs)] for _ in range(n_out)]
    biases = [kind(0.0) for _ in range(n_out)]

    def layer(xs):
        out = []
        for row, total in zip(weights, biases, strict=True):
            for w, x in zip(row, xs, strict=True):
                total = total + w * x
            out.append(total.relu() if rectify else total)
        return out

    return layer


def mlp_by_hand(kind) -> Forward:
    """A 64-32-10 MLP of scalars; the sum of its outputs."""
    random.seed(0)
    hidden, output = scalar_layer(kind, 64, 32, True), scalar_layer(kind, 32, 10, False)
    xs = [kind(random.uniform(-1, 1)) for _ in range(64)]
    return lambda: sum(output(hidden(xs)))


def mlp_of_layers() -> Forward:
    """The same MLP of our layers."""
    model = nn.Sequential(nn.Dense(64, 32), nn.ReLU(), nn.Dense(32, 10))
    xs = Tensor([random.uniform(-1, 1) for _ in range(64)])
    return lambda: model(xs).sum()


def mlp_of_micrograd() -> Forward:
    """The same MLP of micrograd's layers."""
    from micrograd.engine import Value as Scalar
    from micrograd.nn import MLP

    model, xs = MLP(64, [32, 10]), [Scalar(random.uniform(-1, 1)) for _ in range(64)]
    return lambda: sum(model(xs))


def scalar_convolution(kind, channels, n_out, size):
    """A convolution with ReLU written by hand, over images as [channel][row][column]."""
    shape = (n_out, channels, size, size)
    kernels = Tensor([0.0] * (n_out * channels * size * size)).reshape(*shape).tolist()
    kernels = [[[[kind(random.uniform(-1, 1)) for _ in r] for r in c] for c in k] for k in kernels]
    biases = [kind(0.0) for _ in range(n_out)]

    def position(kernel, bias, image, i, j):
        total = bias
        for weights, channel in zip(kernel, image, strict=True):
            for u, row in enumerate(weights):
                for v, w in enumerate(row):
                    total = total + w * channel[i + u][j + v]
        return total.relu()

    def layer(image):
        side = range(len(image[0]) - size + 1)
        return [
            [[position(kernel, bias, image, i, j) for j in side] for i in side]
            for kernel, bias in zip(kernels, biases, strict=True)
        ]

    return layer


def scalar_pool(image):
    """The largest of each 2×2 window: Python's own max, which makes no nodes."""
    sides = range(0, len(image[0]) - 1, 2)
    return [
        [
            [max((c[i + u][j + v] for u in (0, 1) for v in (0, 1)), key=_data) for j in sides]
            for i in sides
        ]
        for c in image
    ]


def _data(value):
    return value.data


def cnn_by_hand(kind, side, convolutions, features) -> Forward:
    """Convolutions (channels, out, kernel), each with ReLU and a pool of 2, then ten outputs."""
    random.seed(0)
    layers = [scalar_convolution(kind, *sizes) for sizes in convolutions]
    output = scalar_layer(kind, features, 10, False)
    pixels = [[[kind(random.random()) for _ in range(side)] for _ in range(side)]]

    def forward():
        image = pixels
        for layer in layers:
            image = scalar_pool(layer(image))
        return sum(output([v for channel in image for row in channel for v in row]))

    return forward


def cnn_of_layers(side, convolutions, features) -> Forward:
    """The same CNN of our layers."""
    blocks = [
        layer for sizes in convolutions for layer in (nn.Conv2D(*sizes), nn.ReLU(), nn.MaxPool(2))
    ]
    model = nn.Sequential(*blocks, nn.Flatten(), nn.Dense(features, 10))
    pixels = Tensor([random.random() for _ in range(side * side)]).reshape(1, side, side)
    return lambda: model(pixels).sum()


DIGITS = (8, [(1, 4, 3)], 36)
LENET = (28, [(1, 8, 5), (8, 16, 5)], 256)


# --- measuring ------------------------------------------------------------------------------------


def seconds(forward: Forward) -> float:
    """Of one forward and backward pass."""
    start = time.perf_counter()
    forward().backward()
    return time.perf_counter() - start


def side_by_side(what: str, ours: Forward, peer: Forward, repeats: int, bar: str) -> Row:
    """Medians of so many passes in each of three rounds (one pass: one round) that take turns."""
    measured: tuple[list[float], list[float]] = ([], [])
    for _ in range(min(3, repeats)):
        for forward, times in zip((ours, peer), measured, strict=True):
            gc.collect()  # what the other left behind: micrograd's graphs are reference cycles
            if repeats > 1:
                seconds(forward)  # warm up
            times += [seconds(forward) for _ in range(repeats)]
    a, b = map(statistics.median, measured)
    return Row(what, f"{a * 1e3:.2f} ms", f"{b * 1e3:.2f} ms", f"{b / a:.1f}×", bar)


def bytes_per_node(forward: Forward, count: Callable[[object], int]) -> float:
    """Memory that a graph holds after the forward pass, for each node that it made."""
    forward()
    gc.collect()
    tracemalloc.start()
    root = forward()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return held / count(root)


def our_operations(root: Value) -> int:
    """Nodes of a graph that are not leaves."""
    return sum(node.op is not None for node in graph.nodes(root))


def their_operations(root) -> int:
    """The same of a micrograd graph."""
    seen, stack = {root}, [root]
    while stack:
        new = stack.pop()._prev - seen
        seen |= new
        stack.extend(new)
    return sum(bool(node._prev) for node in seen)


def chain(length: int) -> tuple[float, float, float]:
    """Seconds to add 1 so many times, to go back, and to let all go."""
    gc.collect()
    start = time.perf_counter()
    x = y = Value(0.0)
    for _ in range(length):
        y = y + 1.0
    forward = time.perf_counter()
    y.backward()
    backward = time.perf_counter()
    del y
    assert x.grad == 1.0
    return forward - start, backward - forward, time.perf_counter() - backward


def micrograd_chain(length: int) -> str:
    """What micrograd makes of such a chain."""
    from micrograd.engine import Value as Scalar

    y = Scalar(0.0)
    for _ in range(length):
        y = y + 1.0
    try:
        y.backward()
    except RecursionError as error:
        return type(error).__name__
    return "no error"


# --- the table ------------------------------------------------------------------------------------


def against_micrograd(quick: bool) -> Iterator[Row]:
    """Rows that need micrograd."""
    from micrograd.engine import Value as Scalar

    often = 1 if quick else 15
    hand = mlp_by_hand(Value), mlp_by_hand(Scalar)
    yield side_by_side("MLP 64-32-10 by hand, scalars", *hand, often, "≥ 3×")
    layers = mlp_of_layers(), mlp_of_micrograd()
    yield side_by_side("MLP 64-32-10 of layers", *layers, often, "≥ 12×")
    digits = cnn_of_layers(*DIGITS), cnn_by_hand(Scalar, *DIGITS)
    yield side_by_side("CNN for 8×8 digits, one sample", *digits, often, "≥ 7×")
    if not quick:  # micrograd takes seven seconds for one
        lenet = cnn_of_layers(*LENET), cnn_by_hand(Scalar, *LENET)
        yield side_by_side("LeNet on 28×28, one sample", *lenet, 2, "≥ 15×")
    ours = bytes_per_node(hand[0], our_operations)
    theirs = bytes_per_node(hand[1], their_operations)
    yield Row(
        "memory per node, MLP by hand",
        f"{ours:.0f} B",
        f"{theirs:.0f} B",
        f"1/{theirs / ours:.1f}",
        "≤ 1/3",
    )
    yield Row("backward through 10⁴ additions", "no error", micrograd_chain(10_000), "", "no error")


def against_lean(quick: bool) -> Iterator[Row]:
    """Rows beside an engine of sixty lines, with slots and stored local gradients."""
    often = 1 if quick else 15
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 20_000))  # it recurses
    yield side_by_side("GPT of scalars in lists, lean peer", gpt(Value), gpt(Lean), often, "≥ 1.5×")
    hand = mlp_by_hand(Value), mlp_by_hand(Lean)
    yield side_by_side("MLP 64-32-10 by hand, lean peer", *hand, often, "")


def alone(quick: bool) -> Iterator[Row]:
    """Rows without a peer."""
    nodes = len(graph.nodes(cnn_of_layers(*LENET)()))
    yield Row("LeNet's nodes, sum of outputs", f"{nodes:,}", "", "", "≤ 26,000")
    for length in (10_000, 100_000) if quick else (10_000, 100_000, 1_000_000):
        times = chain(length)
        each = " + ".join(f"{t / length * 1e6:.2f}" for t in times)
        what = f"{length:,} additions: forward + backward + deletion"
        yield Row(what, f"{sum(times):.3f} s", "", f"{each} µs each", "linear")


def rows(quick: bool) -> Iterator[Row]:
    """All rows for which the peers are installed."""
    if importlib.util.find_spec("micrograd"):
        yield from against_micrograd(quick)
    yield from against_lean(quick)
    yield from alone(quick)


def main(arguments: Arguments = None) -> None:
    """Print the table."""
    run(__doc__ or "", rows, arguments)


if __name__ == "__main__":
    main()
