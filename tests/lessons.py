"""What a page learns from in tests, and what Python learns from the same: the oracle."""

import random
from functools import cached_property

import numpy as np

import nn

LOSS = nn.CrossEntropyLoss()


class Lesson:
    """A small CNN, 24 digits to learn from and 12 that are held out."""

    def __init__(self, learned=24, held=12, seed=0):
        digits = nn.data.digits()
        self.train, self.test = digits.take(range(learned)), digits.take(range(100, 100 + held))
        self.model = _model(seed)
        self.seed = seed

    def loss_of(self, x, t):
        return LOSS(self.model(x), t)

    @property
    def options(self):
        """What autograd.explore takes beside `loss_of`."""
        parameters = self.model.parameters()
        return {"samples": self.train, "validation": self.test, "parameters": parameters}

    @cached_property
    def images(self):
        return [*self.train.images, *self.test.images]

    @cached_property
    def labels(self):
        return [*self.train.labels, *self.test.labels]

    def numbers(self):
        """The parameters, one after the other."""
        return [v.data for p in self.model.parameters() for v in p.values]

    def read(self):
        """(losses, classes) of all samples, at the parameters as they are."""
        scores = [self.model(image) for image in self.images]
        losses = [LOSS(s, t).data for s, t in zip(scores, self.labels, strict=True)]
        return losses, [int(np.argmax(s.tolist())) for s in scores]

    def trained(self, steps, rate, batch, seed):
        """A lesson with the parameters after so many steps of nn.SGD, in the order of a seed."""
        other = Lesson(len(self.train), len(self.test), self.seed)
        for p, q in zip(other.model.parameters(), self.model.parameters(), strict=True):
            p.assign(q.tolist())
        optimizer = nn.SGD(other.model.parameters(), lr=rate)
        batches = self._batches(batch, seed)
        for _ in range(steps):
            chosen = next(batches)
            optimizer.zero_grad()
            losses = [LOSS(other.model(self.images[k]), self.labels[k]) for k in chosen]
            (sum(losses) / len(losses)).backward()
            optimizer.step()
        return other

    def _batches(self, size, seed):
        draw = uniform(seed)
        while True:
            order = shuffled(range(len(self.train)), draw)
            yield from (order[k : k + size] for k in range(0, len(order), size))


def _model(seed):
    rng = random.Random(seed)
    return nn.Sequential(
        nn.Conv2D(1, 2, 3, rng=rng),
        nn.ReLU(),
        nn.MaxPool(2),
        nn.Flatten(),
        nn.Dense(18, 10, rng=rng),
    )


def uniform(seed):
    """Park and Miller's generator, as the page has it."""
    state = seed % (2**31 - 2) + 1

    def draw():
        nonlocal state
        state = state * 48271 % (2**31 - 1)
        return (state - 1) / (2**31 - 2)

    return draw


def shuffled(items, draw):
    order = list(items)
    for k in range(len(order) - 1, 0, -1):
        other = int(draw() * (k + 1))
        order[k], order[other] = order[other], order[k]
    return order
