"""Watch gradients vanish and explode in a deep network, by its activation and initial weights.

A network of Dense layers learns the 8×8 digits, six times: with sigmoid and with ReLU, from initial
weights that suit the activation (Glorot's and He's), from a tenth of them and from three times as
much. The picture shows the norm of each layer's gradient during the training, on a logarithmic
scale; a line ends where the gradient is exactly 0 or not finite.

Going back through a layer multiplies the gradient by the weights and by the activation's slope. Of
factors below 1 nothing is left after nine layers (sigmoid's slope is 1/4 at most), and of factors
above 1 far too much.
"""

import argparse
import itertools
import math
import random
import sys
from dataclasses import dataclass, field
from typing import Any

from train_digits import count

import autograd
import nn

ACTIVATIONS = {"sigmoid": (nn.Sigmoid, nn.init.glorot), "ReLU": (nn.ReLU, nn.init.he)}
SCALES = {"a tenth of": 0.1, "": 1.0, "three times": 3.0}


@dataclass
class Run:
    """A training: norms[k][l] is that of layer l's weight gradient before step steps[k]."""

    activation: str
    weights: str
    steps: list[int] = field(default_factory=list)
    norms: list[list[float]] = field(default_factory=list)
    diverged: int | None = None
    accuracy: float = 0.0

    @property
    def outcome(self) -> str:
        if self.diverged is not None:
            return f"loss not finite after {self.diverged} steps"
        return f"{self.accuracy:.1%} of held-out digits right"


def main(arguments: list[str] | None = None) -> list[Run]:
    """Train the six networks, print a table, save the picture, and return what was seen."""
    options = parse(arguments)
    try:
        nn.plots.figure(1, 1)
    except ImportError as error:  # before any work
        sys.exit(str(error))
    runs = six(options)
    print(table(runs))
    picture(runs, options).save_small(options.out)
    print(f"\n{options.out}: norms of the gradients of {options.layers} layers")
    return runs


def six(options: argparse.Namespace) -> list[Run]:
    """Train with each activation from each kind of initial weights."""
    return [
        trained(activation, words, scale, options)
        for activation in ACTIVATIONS
        for words, scale in SCALES.items()
    ]


def trained(activation: str, words: str, scale: float, options: argparse.Namespace) -> Run:
    """Train one network by plain gradient descent, and keep the norms of its gradients."""
    kind, initial = ACTIVATIONS[activation]
    run = Run(activation, f"{words} {initial.__name__.title()}'s".strip())
    train, test = nn.data.digits().split()
    model = network(kind, scaled(initial, scale), options)
    loss, optimizer = nn.CrossEntropyLoss(), nn.SGD(model.parameters(), lr=options.lr)
    image, one_hot = train.images[0], [0.0] * 10
    program = autograd.compile(
        lambda x, t: loss(model(x), t), image, one_hot, parameters=model.parameters()
    )
    step, watched = program.train_step(optimizer), batch(train.take(range(256)))
    rng = random.Random(options.seed)
    for k in range(options.steps):
        if k < 10 or k % 4 == 0:
            gradients = program.value_and_grad(*watched)[1]
            run.steps.append(k)
            run.norms.append([norm(g) for g in gradients if g.ndim == 2])
        try:
            step(*batch(train.take(rng.choices(range(len(train)), k=32))))
        except FloatingPointError:
            run.diverged = k
            return run
    run.accuracy = nn.Trainer(model, loss, optimizer).evaluate(test).accuracy or 0.0
    return run


def network(activation: type, initial: Any, options: argparse.Namespace) -> nn.Sequential:
    """Dense layers with an activation between them: (1, 8, 8) -> (10,)."""
    rng = random.Random(options.seed)
    sizes = [64, *[options.width] * (options.layers - 1), 10]
    layers: list[nn.Module] = [nn.Flatten()]
    for inputs, outputs in itertools.pairwise(sizes):
        layers += [nn.Dense(inputs, outputs, init=initial, rng=rng), activation()]
    return nn.Sequential(*layers[:-1])


def scaled(initial: Any, scale: float) -> Any:
    """An initialiser whose weights are those of another one times a number."""
    return lambda shape, rng: initial(shape, rng) * scale


def batch(data: nn.data.Dataset) -> tuple[Any, Any]:
    """Images, and classes as one-hot rows."""
    return data.images, [[float(k == label) for k in range(10)] for label in data.labels]


def norm(gradient: Any) -> float:
    """The Euclidean norm of an array; its numbers may be too small to be squared in float32."""
    return math.hypot(*gradient.ravel().tolist())


def table(runs: list[Run]) -> str:
    """The norms before the first step, and what came of it."""
    lines = [f"{'':8}{'initial weights':24}{'first layer':>12}{'last layer':>12}   after training"]
    for run in runs:
        first, *_, last = run.norms[0]
        norms = f"{first:12.1e}{last:12.1e}"
        lines.append(f"{run.activation:8}{run.weights:24}{norms}   {run.outcome}")
    return "\n".join(lines)


def picture(runs: list[Run], options: argparse.Namespace) -> Any:
    """A panel for each run, a row for each activation; a line for each layer."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import BoundaryNorm, ListedColormap

    layers = options.layers
    shades = ListedColormap([colormaps["viridis"](0.9 - 0.9 * k / layers) for k in range(layers)])
    figure = nn.plots.figure(11, 5.8, f"Gradients of {layers} Dense layers during training")
    panels = figure.subplots(2, 3, sharex=True, sharey=True)
    for axes, run in zip(panels.flat, runs, strict=True):
        for layer, norms in enumerate(zip(*run.norms, strict=True)):
            heights = [n if 0 < n < math.inf else math.nan for n in norms]
            axes.plot(run.steps, heights, color=shades(layer), marker="." * (len(norms) < 9))
        axes.set_title(f"{run.activation}, {run.weights} weights\n{run.outcome}", fontsize=10)
        axes.grid(alpha=0.25)
    panels[0, 0].set_yscale("log")
    panels[0, 0].set_ylim(1e-15, 1e7)
    for axes in panels[:, 0]:
        axes.set_ylabel("‖∂loss/∂weights‖")
    for axes in panels[-1]:
        axes.set_xlabel("step")
    scale = ScalarMappable(BoundaryNorm([k + 0.5 for k in range(layers + 1)], layers), shades)
    bar = figure.colorbar(scale, ax=panels, ticks=range(1, layers + 1), pad=0.015, aspect=30)
    bar.set_label("layer, from the input to the output")
    return figure


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """The command line's options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--layers", type=count, default=9, help="Dense layers, 2 or more (default: 9)")
    add("--width", type=count, default=24, help="neurons of each hidden layer (default: 24)")
    add("--steps", type=count, default=600, help="updates, of 32 digits each (default: 600)")
    add("--lr", type=float, default=0.05, help="learning rate (default: 0.05)")
    add("--seed", type=int, default=0, help="rules weights and order of digits (default: 0)")
    add("--out", default="vanishing.png", help="the picture that is written")
    options = parser.parse_args(arguments)
    if options.layers < 2:
        parser.error("--layers takes 2 or more")
    return options


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()
