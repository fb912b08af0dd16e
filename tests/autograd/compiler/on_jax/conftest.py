"""Programs of JAX's that XLA makes in haste: their numbers are asked for, not their speed."""

import functools

import pytest

from autograd.compiler.backends import choose


@pytest.fixture(autouse=True, scope="session")
def made_in_haste():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choose, "Jax", functools.partial(choose.Jax, haste=True))
        yield
