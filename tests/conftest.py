"""Settings for all tests."""

from pathlib import Path

from hypothesis import HealthCheck, settings

import autograd
import nn

ROOT = Path(__file__).parents[1]
for package in (autograd, nn):
    assert hasattr(package, "__all__"), f"{package.__name__} is not Glassgrad's: {package.__file__}"
assert hasattr(autograd, "Value"), f"another package is called autograd: {autograd.__file__}"

settings.register_profile(
    "steady", deadline=None, max_examples=60, derandomize=True,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)  # fmt: skip
settings.load_profile("steady")
