"""Models that nobody chose: eager mode, NumPy, machine code and JAX have the same numbers."""

from drawn_models import MARGIN, models
from hypothesis import given
from oracle import BACKENDS, TOLERANCE, assert_agree

import autograd


def check_model(model, backend, dtype="float64", n=3):
    """A program of a model has the losses, results and gradients of eager mode."""
    batch = model.batch(n)
    expected = model.eagerly(batch, MARGIN[dtype])
    program = autograd.compile(
        model.function, *[array[0] for array in batch], parameters=model.parameters,
        dtype=dtype, backend=backend,
    )  # fmt: skip
    assert_agree(program, batch, expected, TOLERANCE[dtype])


@given(models, BACKENDS)
def test_a_model_agrees_with_eager(model, backend):
    check_model(model, backend)
