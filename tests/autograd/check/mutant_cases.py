"""What a case of an operation is: its inputs, its right backward pass and every wrong one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from autograd.check.catalogue import OPERATIONS, Reading

BY_NAME = {operation.name: operation for operation in OPERATIONS}


@dataclass(frozen=True)
class Case:
    """An operation on inputs by name; `wrong` maps a mistake's name to the backward that makes it.

    `forward(**inputs)` gives the output, `backward(upstream, **inputs)` the gradients by name.
    """

    operation: Any
    name: str
    inputs: Mapping[str, Any]
    forward: Callable[..., Any]
    backward: Callable[..., Mapping[str, Any]]
    wrong: Mapping[str, Callable[..., Mapping[str, Any]]]
    reading: Reading

    def upstream(self):
        """An upstream gradient with distinct entries, none of them 0."""
        rng = np.random.default_rng(5)
        y = np.asarray(self.forward(**self.inputs))
        steps = np.linspace(0.5, 1.9, y.size) * rng.choice([-1.0, 1.0], y.size)
        return rng.permutation(steps).reshape(y.shape)

    def again(self):
        """The same on other numbers: those of each input in another order, but for targets."""
        rng, roles = np.random.default_rng(6), {n: r for r, n in self.reading.roles.items()}
        inputs = {
            name: x if roles[name] in "tm" else rng.permutation(np.ravel(x)).reshape(np.shape(x))
            for name, x in self.inputs.items()
        }
        return replace(self, inputs=inputs)

    def wrongly(self, upstream, mistakes, inputs=None):
        """The gradients with some mistakes by name; a name that there is not is an error."""
        made = [self.operation.mistake(name) for name in mistakes]
        made.sort(key=self.operation.mistakes.index)
        return _backward(self.reading, made, upstream, **(inputs or self.inputs))


def _reread(reading, inputs):
    arrays = {name: np.asarray(x, float) for name, x in inputs.items()}
    return Reading(reading.operation, reading.roles, reading.axes, reading.options, arrays)


def _forward(reading, shape, **inputs):
    y = _reread(reading, inputs).output(shape)
    return y if shape else float(y)


def _backward(reading, mistakes, upstream, **inputs):
    return _reread(reading, inputs).backward(upstream, mistakes)


def case(operation, name, inputs, axes, options, shape, roles=None):
    """A case; inputs are named as their roles are, unless `roles` says otherwise."""
    operation, roles = BY_NAME[operation], roles or {role: role for role in inputs}
    arrays = {name: np.asarray(x, float) for name, x in inputs.items()}
    reading = Reading(
        operation, roles, axes, {**({"layout": ""} if axes else {}), **options}, arrays
    )
    wrong = {
        m.name: partial(_backward, reading, (m,))
        for m in operation.mistakes
        if any(role in roles for role in operation.touched(m))
    }
    forward, backward = partial(_forward, reading, shape), partial(_backward, reading, ())
    return Case(operation, name, inputs, forward, backward, wrong, reading)


def numbers(seed, *shape):
    """Distinct numbers of both signs in a random order, so that nothing ties; none near 0."""
    rng = np.random.default_rng(seed)
    n = int(np.prod(shape))
    steps = np.linspace(-1.3, 1.7, n) + rng.uniform(-0.2, 0.2, n) / n
    steps = np.where(np.abs(steps) < 0.03, steps + 0.07, steps)
    return rng.permutation(steps).reshape(shape)


def chances(seed, *shape):
    """Numbers between 0.1 and 0.9."""
    return np.random.default_rng(seed).uniform(0.1, 0.9, shape)


def onehot(labels, n):
    """Rows with a 1 at each label."""
    return np.eye(n)[labels]


def windows(kernel, stride=1, padding=((0, 0), (0, 0)), dilation=1, **more):
    """Options of windows."""
    strides = (stride, stride) if isinstance(stride, int) else stride
    return {"kernel": kernel, "stride": strides, "padding": padding, "dilation": dilation, **more}
