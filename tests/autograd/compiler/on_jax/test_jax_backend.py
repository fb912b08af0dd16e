"""The JAX backend by itself: batches of any size, programs that move, precision, errors."""

import importlib
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, where

jax = pytest.importorskip("jax", reason='needs pip install "glassgrad[jax]"')
RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(6, 1, 6, 6)), np.eye(3)[[0, 1, 2, 0, 1, 2]]


@pytest.fixture(scope="module")
def programs():
    """A small CNN, on NumPy and on JAX, in float64."""
    model = nn.Sequential(
        nn.Conv2D(1, 2, 3),
        nn.BatchNorm2D(2),
        nn.ReLU(),
        nn.MaxPool(2),
        nn.Flatten(),
        nn.Dense(8, 3),
    )
    model.seed(0)
    loss = nn.CrossEntropyLoss()
    reference = autograd.compile(
        lambda x, t: (loss(model(x), t), model(x)),
        X[0], T[0], parameters=model.parameters(), dtype="float64", backend="numpy",
    )  # fmt: skip
    return reference, reference.to("jax")


def same(a, b, tolerance=1e-12):
    return all(np.allclose(x, y, rtol=tolerance, atol=tolerance) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("n", [6, 5, 4, 1])
def test_a_batch_of_any_size_is_run_with_the_means_of_its_own_samples(n, programs):
    reference, program = programs
    loss, gradient = program.value_and_grad(X[:n], T[:n])
    expected, slopes = reference.value_and_grad(X[:n], T[:n])
    assert loss == pytest.approx(expected, rel=1e-12)
    assert same(gradient, slopes)
    assert program.outputs[1].shape == (n, 3)
    assert same(program.outputs, reference.outputs)


def test_a_smaller_batch_needs_no_program_of_its_own(programs):
    _, program = programs
    program.value_and_grad(X, T)
    before = program.runner._both._cache_size()
    program.value_and_grad(X[:4], T[:4])
    assert program.runner._both._cache_size() == before


def test_a_program_moves_with_its_parameters(programs):
    reference, program = programs
    assert (reference.backend, program.backend) == ("numpy", "jax")
    number = program.values[0].data
    program.values[0].data = number + 1
    try:
        assert same(program(X, T), reference(X, T))
    finally:
        program.values[0].data = number
    assert same(program.to("numpy")(X, T), reference(X, T))


def test_a_program_is_shown_as_a_jaxpr_with_its_convolutions(programs):
    text = programs[1].source
    assert text.count("conv_general_dilated") == 2  # forward, and of the kernel's gradient
    assert "gather" not in text
    assert "scatter" not in text


def test_a_profile_tells_the_two_passes_apart(programs):
    profile = programs[1].profile(X, T)
    assert [t.words[0] for t in profile.kernels] == ["the forward pass", "the reverse pass"]
    assert profile.flops > 0
    assert profile.peak > 0


def test_in_bfloat16_operands_of_products_are_rounded_and_nothing_else():
    w = Tensor([1.0 + 2.0**-12])  # 1 in bfloat16
    program = autograd.compile(
        lambda x: ((w @ x), (w * x).sum()), [0.0], parameters=[w], backend="jax", dtype="bfloat16"
    )
    product, sum_ = program([[1.0]])
    assert product.tolist() == [1.0]
    assert sum_.tolist() == [1.0 + 2.0**-12]
    assert product.dtype == np.float32


def test_nothing_flows_into_a_branch_that_was_not_taken():
    w = Tensor([-1.0, 4.0])
    program = autograd.compile(
        lambda x: where(w > 0, (w.sqrt() @ x), w).sum(), [0.0, 0.0], parameters=[w], backend="jax"
    )
    eager = where(w > 0, w.sqrt() @ Tensor([1.0, 0.0]), w).sum()
    eager.backward()
    _, (gradient,) = program.value_and_grad([[1.0, 0.0]])
    assert gradient.tolist() == pytest.approx([v.grad for v in w.values], nan_ok=True)


def test_without_jax_the_error_is_the_command_that_installs_it():
    script = """
        import sys
        sys.modules["jax"] = None
        import autograd
        try:
            autograd.compile(lambda x: x.sum(), [0.0], backend="jax")
        except ImportError as error:
            print(error)
        print(autograd.compile(lambda x: x.sum(), [0.0]).backend != "jax")
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines() == [
        'backend="jax" needs jax: pip install "glassgrad[jax]"',
        "True",
    ]


def test_options_that_a_version_of_xla_does_not_know_are_left_out(monkeypatch):
    backend = importlib.import_module("autograd.compiler.backends.jax.backend")
    monkeypatch.setattr(backend, "HASTE", {"xla_no_such_thing": 1, **backend.HASTE})
    assert backend.hasty.__wrapped__() == {
        name: value for name, value in backend.HASTE.items() if name != "xla_no_such_thing"
    }
