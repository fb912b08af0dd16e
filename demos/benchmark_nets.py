"""The networks that the benchmark trains, written once, in the layers of any library."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Library(NamedTuple):
    """The layers of one library; `convolution(in, out, kernel, stride, padding, bias)`."""

    convolution: Callable[..., Any]
    dense: Callable[[int, int], Any]
    relu: Callable[[], Any]
    pool: Callable[[int], Any]
    flatten: Callable[[], Any]
    average: Callable[[], Any]  # of each channel
    group_norm: Callable[[int, int], Any]
    batch_norm: Callable[[int], Any]
    residual: Callable[[Any, Any], Any]  # body(x) + shortcut(x), which may be None
    sequential: Callable[..., Any]


class Net(NamedTuple):
    """The shape of an image, the network, and for each size of batch how much faster it must be."""

    shape: tuple[int, ...]
    build: Callable[[Library], Any]
    bars: dict[int, str]


def cnn(convolutions: Sequence[tuple[int, int, int, int]], features: int) -> Any:
    """Convolutions (in, out, kernel, padding) with ReLU and pools of 2, then ten outputs."""

    def build(of: Library) -> Any:
        layers = []
        for i, o, kernel, padding in convolutions:
            layers += [of.convolution(i, o, kernel, 1, padding, True), of.relu(), of.pool(2)]
        return of.sequential(*layers, of.flatten(), of.dense(features, 10))

    return build


def mlp(of: Library) -> Any:
    """Hidden units, then ten outputs."""
    return of.sequential(of.dense(784, 128), of.relu(), of.dense(128, 10))


def resnet(norm: Callable[[Library, int], Any], n: int = 3) -> Callable[[Library], Any]:
    """ResNet-(6n + 2) for 3×32×32 (He et al. 2015)."""

    def build(of: Library) -> Any:
        def convolution(i: int, o: int, size: int, stride: int) -> Any:
            return of.convolution(i, o, size, stride, size // 2, False)

        def block(i: int, o: int, stride: int) -> Any:
            first = [convolution(i, o, 3, stride), norm(of, o), of.relu()]
            body = of.sequential(*first, convolution(o, o, 3, 1), norm(of, o))
            same = i == o and stride == 1
            short = None if same else of.sequential(convolution(i, o, 1, stride), norm(of, o))
            return of.sequential(of.residual(body, short), of.relu())

        stages = [(16, 16, 1), (16, 32, 2), (32, 64, 2)]
        widths = [w for i, o, s in stages for w in [(i, o, s), *[(o, o, 1)] * (n - 1)]]
        stem = [convolution(3, 16, 3, 1), norm(of, 16), of.relu()]
        blocks = [block(*sizes) for sizes in widths]
        return of.sequential(*stem, *blocks, of.average(), of.dense(64, 10))

    return build


SMALL = {
    "digits CNN, 8×8": Net((1, 8, 8), cnn([(1, 4, 3, 0)], 36), {32: "≥ 9×", 128: "≥ 10×"}),
    "LeNet, 28×28": Net(
        (1, 28, 28), cnn([(1, 8, 5, 0), (8, 16, 5, 0)], 256), {32: "≥ 4×", 128: "≥ 4.5×"}
    ),
    "two convolutions, 3×32×32": Net(
        (3, 32, 32), cnn([(3, 16, 3, 1), (16, 32, 3, 1)], 2048), {32: "≥ 3×", 128: "≥ 4×"}
    ),
    "MLP 784-128-10": Net((784,), mlp, {32: "≥ 2.2×", 128: "≥ 2×"}),
}
LARGE = {
    "ResNet-20 with GroupNorm": Net(
        (3, 32, 32), resnet(lambda of, n: of.group_norm(4, n)), {32: "≥ 1.5×"}
    ),
    "ResNet-20 with BatchNorm": Net(
        (3, 32, 32), resnet(lambda of, n: of.batch_norm(n)), {32: "≥ 1.5×"}
    ),
}
