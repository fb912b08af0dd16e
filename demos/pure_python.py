"""A convolutional network written out, without NumPy: is this digit a 0 or a 1?

Every line of `Network.__call__` is a formula, and makes a graph of scalars. `backward` walks that
graph from the loss to the weights, and the training loop is plain Python: no layers, no optimiser,
nothing but the standard library. At the end, one weight's gradient is taken apart.

    python demos/pure_python.py
    python demos/pure_python.py --epochs 3 --kernels 2 --lr 1.0
"""

import argparse
import math
import random
import sys

import nn
from autograd import Tensor, Value, einsum, no_grad


class Network:
    """Convolution, max pooling, a dense layer: images (N, 8, 8) -> (N,), how much each is a 1."""

    def __init__(self, kernels: int) -> None:
        features = kernels * 3 * 3
        self.kernels = Tensor(gauss(kernels, 3, 3, deviation=0.5), label="kernels")
        self.biases = Tensor([0.0] * kernels, label="biases")
        self.weights = Tensor(gauss(features, deviation=0.5), label="weights")
        self.bias = Value(0.0, label="bias")
        tensors = [self.kernels, self.biases, self.weights]
        self.parameters = [self.bias, *[value for t in tensors for value in t.values]]

    def __call__(self, x: Tensor) -> Tensor:
        """Letters: n image, o kernel, i j where the kernel lies, u v inside the kernel."""
        # z[n,o,i,j] = b[o] + Σ_uv k[o,u,v] · x[n,i+u,j+v]
        patches = x.windows((3, 3))  # (N, 6, 6, 3, 3)
        z = einsum("ouv,nijuv->noij", self.kernels, patches) + self.biases.reshape(-1, 1, 1)
        # h = σ(z), and the largest of every 2×2: (N, O, 6, 6) -> (N, O, 3, 3)
        self.h = z.sigmoid()  # kept, to be looked at
        pooled = self.h.windows((2, 2), stride=2).max((-2, -1))
        # y[n] = σ(bias + Σ_f w[f] · pooled[n,f])
        return (pooled.flatten(1) @ self.weights + self.bias).sigmoid()

    def zero_grad(self) -> None:
        """Forget the gradients: `backward` adds to what is there."""
        for p in self.parameters:
            p.grad = 0


def gauss(*shape: int, deviation: float) -> Tensor:
    """Normally distributed numbers."""
    return Tensor([random.gauss(0, deviation) for _ in range(math.prod(shape))]).reshape(*shape)


def mse(y: Tensor, labels: list[int]) -> Value:
    """1/N Σ_n (y[n] - t[n])²."""
    return ((y - Tensor(labels)) ** 2).mean()


def images(data: nn.data.Dataset) -> Tensor:
    """The images without their one channel: (N, 1, 8, 8) -> (N, 8, 8)."""
    return Tensor(data.images)[:, 0]


def train(network: Network, data: nn.data.Dataset, epochs: int, lr: float, seed: int) -> None:
    """Gradient descent, sixteen images at a time."""
    rng = random.Random(seed)
    for epoch in range(1, epochs + 1):
        total = 0.0
        for batch in data.batches(16, rng):
            loss = mse(network(images(batch)), batch.labels)
            network.zero_grad()
            loss.backward()
            for p in network.parameters:
                p.data -= lr * p.grad
            total += loss.data * len(batch)
        shares = f"loss {total / len(data):.4f}  accuracy {accuracy(network, data):7.2%}"
        print(f"epoch {epoch:>2}  {shares}", flush=True)


def accuracy(network: Network, data: nn.data.Dataset) -> float:
    """The share of images on the right side of one half."""
    with no_grad():  # numbers only, no graph
        y = network(images(data)).tolist()
    return sum((p > 0.5) == t for p, t in zip(y, data.labels, strict=True)) / len(data)


def dissect(network: Network, image: list[list[float]], label: int) -> list[str]:
    """The gradient of one kernel weight for one image, as a sum of products along its paths."""
    outputs = network(Tensor([image]))
    network.zero_grad()
    mse(outputs, [label]).backward()
    y, h, weights = outputs[0].data, network.h[0, 0].tolist(), network.weights.tolist()
    weight, total = network.kernels[0, 1, 1], 0.0
    lines = [
        f"∂loss/∂{weight.label} for a {label} that was read as {y:.3f}. The weight lay on 36",
        "pixels; nine of these positions (i, j) won their pool, and each is a path to the loss:",
        "   i  j   2(y-t)   y(1-y)     w[f]   h(1-h)    pixel    product",
    ]
    for f in range(9):  # a feature of kernel 0 is the largest of four neighbours
        square = [(2 * (f // 3) + u, 2 * (f % 3) + v) for u in (0, 1) for v in (0, 1)]
        i, j = max(square, key=lambda at: h[at[0]][at[1]])
        slope = h[i][j] * (1 - h[i][j])
        factors = [2 * (y - label), y * (1 - y), weights[f], slope, image[i + 1][j + 1]]
        total += math.prod(factors)
        numbers = "".join(f"{x:9.3f}" for x in factors)
        lines.append(f"  {i:2} {j:2}{numbers}  {math.prod(factors):z9.6f}")
    lines.append(f"their sum {total:.6f}, and by backward {weight.grad:.6f}")
    return lines


def main(arguments: list[str] | None = None) -> float:
    """Train, print what happens, and return the accuracy on the held-out digits."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--epochs", type=count, default=5, help="passes over the training part (default: 5)")
    add("--kernels", type=count, default=4, help="kernels of the convolution (default: 4)")
    add("--lr", type=float, default=2.0, help="learning rate (default: 2)")
    add("--seed", type=int, default=0, help="rules weights and order of images (default: 0)")
    options = parser.parse_args(arguments)

    random.seed(options.seed)
    learn, test = (part.subset([0, 1]) for part in nn.data.digits().split())
    network = Network(options.kernels)
    print(f"{len(learn)} zeros and ones to learn from, {len(test)} held out")
    train(network, learn, options.epochs, options.lr, options.seed)
    result = accuracy(network, test)
    print(f"test accuracy {result:.2%}\n")
    errors = [abs(y - t) for y, t in zip(network(images(test)).tolist(), test.labels, strict=True)]
    worst = errors.index(max(errors))
    print("\n".join(dissect(network, test.images[worst][0], test.labels[worst])))
    return result


def count(text: str) -> int:
    """A positive int of the command line."""
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()
