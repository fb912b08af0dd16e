"""A network in plain Values, as people who learn write it: neurons, layers, a hinge loss."""

import math
import random

from autograd import Value


class Neuron:
    """act(Σ w·x + b)."""

    def __init__(self, inputs, act):
        self.w = [Value(random.uniform(-1, 1)) for _ in range(inputs)]
        self.b, self.act = Value(0.0), act

    def __call__(self, x):
        z = sum((w * v for w, v in zip(self.w, x, strict=True)), self.b)
        return getattr(z, self.act)() if self.act else z


class Layer:
    """Neurons side by side."""

    def __init__(self, inputs, outputs, act):
        self.neurons = [Neuron(inputs, act) for _ in range(outputs)]

    def __call__(self, x):
        return [neuron(x) for neuron in self.neurons]


class MLP:
    """Layers one after the other; what each made is returned."""

    def __init__(self, inputs, sizes, act="relu"):
        acts = [act] * (len(sizes) - 1) + [None]
        both = zip([inputs, *sizes], sizes, acts, strict=False)
        self.layers = [Layer(*each) for each in both]

    def __call__(self, x):
        made = []
        for layer in self.layers:
            x = layer(x)
            made.append(x)
        return made

    def parameters(self):
        return [p for layer in self.layers for n in layer.neurons for p in [*n.w, n.b]]


class Hinge:
    """The loss of a network for points of two classes, and what was computed on the way."""

    def __init__(self, model, samples):
        self.inputs, self.made, self.terms = [], [], []
        self.layers = [layer.neurons for layer in model.layers]
        size = len(model.layers[0].neurons[0].w)
        for k in range(samples):
            label, turn = 2 * (k % 2) - 1, math.pi * random.random()
            x = [Value(math.cos(turn + k * i) * label) for i in range(size)]
            made = model(x)
            self.inputs.append(x)
            self.made.append(made)
            self.terms.append((1 + -label * made[-1][0]).relu())
        data = sum(self.terms) * (1.0 / samples)
        self.loss = data + 1e-4 * sum(p * p for p in model.parameters())


def hinge(model, samples):
    return Hinge(model, samples)
