"""Models that nobody chose: eager mode, NumPy, machine code and JAX have the same numbers."""

import pytest
from drawn_models import MARGIN, models
from hypothesis import given, settings
from oracle import BACKENDS, TOLERANCE, assert_agree

import autograd


def check_model(model, backend, dtype):
    """A program of a model has the losses, results and gradients of eager mode."""
    batch = model.batch(3)
    expected = model.eagerly(batch, MARGIN[dtype])
    program = autograd.compile(
        model.function, *[array[0] for array in batch], parameters=model.parameters,
        dtype=dtype, backend=backend,
    )  # fmt: skip
    assert_agree(program, batch, expected, TOLERANCE[dtype])


@given(models, BACKENDS)
def test_a_model_agrees_with_eager(model, backend):
    check_model(model, backend, "float64")


@pytest.mark.parametrize("backend", ["jax"], indirect=True)  # which takes longer for a program
@settings(max_examples=15)
@given(models)
def test_a_model_agrees_with_eager_in_jax(backend, model):
    check_model(model, backend, "float64")
