"""What the checker says of a wrong backward pass: for tests that write one by hand."""

import numpy as np

from autograd import check_gradients

RNG = np.random.default_rng(3)


def told(forward, inputs, wrong, name):
    """The names by which the finding on the gradient of an input calls the mistake."""
    report = check_gradients(forward, inputs, lambda g, **arrays: {name: wrong(g, **arrays)})
    assert report.gradients[name].verdict == "wrong", str(report)
    return [finding.name for finding in report.gradients[name].findings]


def apart(*shape):
    """Numbers of both signs that are neither equal nor near 0, in a random order."""
    n = int(np.prod(shape))
    numbers = np.linspace(-1.37, 1.73, n) + RNG.uniform(-0.3, 0.3, n) / n
    numbers = np.where(np.abs(numbers) < 0.05, numbers + 0.11, numbers)
    return RNG.permutation(numbers).reshape(shape)


def each(formula, *arrays):
    """A formula of numbers for every place of arrays of one shape, in a plain loop."""
    found = np.zeros(np.shape(arrays[0]))
    for place in np.ndindex(found.shape):
        found[place] = formula(*(float(np.asarray(a)[place]) for a in arrays))
    return found
