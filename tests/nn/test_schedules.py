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


def test_a_step_multiplies_by_gamma():
    optimizer = nn.SGD(Tensor([1.0]), lr=1.0)
    schedule = nn.StepLR(optimizer, 2, gamma=0.5)
    rates = [optimizer.lr]
    for _ in range(4):
        schedule.step()
        rates.append(optimizer.lr)
    assert rates == [1.0, 1.0, 0.5, 0.5, 0.25]


def test_a_schedule_prints_as_it_was_called():
    optimizer = nn.SGD(Tensor([1.0]), lr=1.0)
    after = nn.CosineLR(optimizer, 95, minimum=0.1)
    assert repr(nn.StepLR(optimizer, 10)) == "StepLR(SGD, 10)"
    assert repr(nn.WarmupLR(optimizer, 5)) == "WarmupLR(SGD, 5)"
    assert (
        repr(nn.WarmupLR(optimizer, 5, after=after))
        == "WarmupLR(SGD, 5, after=CosineLR(SGD, 95, minimum=0.1))"
    )
