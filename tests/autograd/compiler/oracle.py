"""Eager mode as the oracle: what `backward` computes sample by sample, a program computes at once.

Numbers agree to a tolerance relative to the largest magnitude of their array.
"""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import strategies as st

import autograd
from autograd import Tensor, Value
from autograd.compiler.backends.native import toolchain
from autograd.compiler.backends.native.build import NativeError

everywhere = pytest.mark.parametrize("backend", ["numpy", "native", "jax"], indirect=True)

BOTH = ("float64", "float32")
TOLERANCE = {"float64": 1e-9, "float32": 1e-4}


def _has_compiler():
    try:
        return bool(toolchain.compiler())
    except NativeError:
        return False


ALL_BACKENDS = {
    "numpy": 1,
    **({"native": 3} if _has_compiler() else {}),
}  # and threads that they can use
# of tests with many examples: a C compiler takes longer for a program than all else together
BACKENDS = st.sampled_from(["numpy"] * 5 + ["native"] * _has_compiler())


class Run(NamedTuple):
    """What a function gives for a batch: the mean loss, its gradients, and all results."""

    loss: float
    gradients: list
    outputs: list


def numbers(y):
    """The numbers of a Tensor or of a Value as an array."""
    return np.array(y.tolist() if isinstance(y, Tensor) else y.data, np.float64)


def leaves(results):
    """The Tensors, Values or arrays of nested tuples, lists and dicts, in order."""
    if isinstance(results, dict):
        results = list(results.values())
    if isinstance(results, tuple | list):
        return [leaf for part in results for leaf in leaves(part)]
    return [results]


def sample(row):
    """One sample of a batch as the function takes it: a Tensor, or a Value for a number."""
    return Tensor(np.asarray(row, float).tolist()) if np.ndim(row) else Value(float(row))


def clear(parameters):
    """Set the gradients of Tensors and Values to 0."""
    for p in parameters:
        for v in p.values if isinstance(p, Tensor) else [p]:
            v.grad = 0


def gradients(parameters):
    """The gradients of Tensors and Values as arrays."""
    return [np.array(p.grad, np.float64) for p in parameters]


def eagerly(function, batches, parameters=()):
    """Loss, gradients and results by `backward`, one sample after the other."""
    clear(parameters)
    n, loss, rows = len(batches[0]), 0.0, []
    for k in range(n):
        results = leaves(function(*[sample(batch[k]) for batch in batches]))
        if isinstance(results[0], Value):
            (results[0] / n).backward()
            loss += results[0].data / n
        rows.append([numbers(y) for y in results])
    outputs = [np.stack(column) for column in zip(*rows, strict=True)]
    return Run(loss, gradients(parameters), outputs)


def together(runs):
    """The run of a batch, from the runs of its samples."""
    loss = np.mean([run.loss for run in runs])
    bars = [np.mean(each, 0) for each in zip(*[r.gradients for r in runs], strict=True)]
    outputs = [np.concatenate(y) for y in zip(*[r.outputs for r in runs], strict=True)]
    return Run(loss, bars, outputs)


def assert_close(got, expected, tolerance, what="result", scale=0.0):
    """Arrays agree, nan with nan and inf with inf; `scale` is the least size of an error's unit."""
    got, expected = np.asarray(got, np.float64), np.asarray(expected, np.float64)
    assert got.shape == expected.shape, f"{what} has shape {got.shape}, eager {expected.shape}"
    finite = np.isfinite(expected)
    same = np.array_equal(got[~finite], expected[~finite], equal_nan=True)
    assert same, f"{what} is {got}, eager has {expected}"
    largest = max(np.abs(expected[finite]).max(initial=0.0), scale, 1e-6)
    worst = np.abs(got[finite] - expected[finite]).max(initial=0.0) / largest
    assert worst <= tolerance, f"{what} is off by {worst:.1e} of {largest:.1e}: {got}, {expected}"


def assert_agree(program, batches, expected, tolerance):
    """A program's loss, gradients and results are those of a `Run`, the second time too."""
    sizes = [np.abs(g[np.isfinite(g)]).max(initial=0.0) for g in expected.gradients]
    for _ in range(2):
        loss, found = program.value_and_grad(*batches)
        assert_close(loss, expected.loss, tolerance, "loss", scale=1e-3)
        for k, (ours, theirs) in enumerate(zip(found, expected.gradients, strict=True)):
            scale = 1e-3 * max(sizes, default=0.0)
            assert_close(ours, theirs, tolerance, f"gradient {k}", scale)
        for results in (program.outputs, program(*batches)):
            for k, (ours, theirs) in enumerate(zip(leaves(results), expected.outputs, strict=True)):
                assert_close(ours, theirs, tolerance, f"result {k}", scale=1e-3)


def check(function, batches, parameters=(), dtypes=("float64",), **options):
    """A function compiled for each dtype agrees with itself run eagerly; returns the last one."""
    parameters = list(parameters)
    expected = eagerly(function, batches, parameters)
    for dtype in dtypes:
        examples = [np.asarray(batch)[0] for batch in batches]
        program = autograd.compile(
            function, *examples, parameters=parameters, dtype=dtype, **options
        )
        assert_agree(program, batches, expected, TOLERANCE[dtype])
    return program


def batch(*shape, seed=0):
    """Numbers of both signs that are all different and away from 0."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0.1, 1.2, shape) * rng.choice([-1, 1], shape)


def parameter(*shape, seed=10):
    """A Tensor of such numbers."""
    return Tensor(batch(*shape, seed=seed).tolist())
