"""Schedules of the learning rate."""

import pytest

import nn
from autograd import Tensor


def test_warmup_rises_to_the_rate_and_then_follows():
    optimizer = nn.SGD(Tensor([1.0]), lr=1.0)
    schedule = nn.WarmupLR(optimizer, 4, after=nn.CosineLR(optimizer, 2))
    rates = [optimizer.lr]
    for _ in range(6):
        schedule.step()
        rates.append(optimizer.lr)
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0, 0.5, 0.0])
