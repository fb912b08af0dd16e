"""Schedules: their factors, their clocks and their settings."""

import json
import math
import re

import pytest

import nn
from autograd import Value
from nn.schedules import Schedule


def optimizer(lr=1.0):
    return nn.SGD([Value(1.0)], lr=lr)


def rates(schedule, count):
    """The learning rates at the start and after each step."""
    found = [schedule.optimizer.lr]
    for _ in range(count):
        schedule.step()
        found.append(schedule.optimizer.lr)
    return found


def test_steps_multiply_by_gamma():
    schedule = nn.StepLR(optimizer(2.0), 2, gamma=0.5)
    assert rates(schedule, 5) == [2.0, 2.0, 1.0, 1.0, 0.5, 0.5]
    assert rates(nn.StepLR(optimizer(), 1), 2) == pytest.approx([1.0, 0.1, 0.01])


def test_a_cosine_falls_to_its_minimum_and_stays():
    schedule = nn.CosineLR(optimizer(4.0), 4, minimum=2.0)
    half = math.sqrt(0.5)
    assert rates(schedule, 6) == pytest.approx([4.0, 3 + half, 3.0, 3 - half, 2.0, 2.0, 2.0])
    assert rates(nn.CosineLR(optimizer(), 1), 1) == pytest.approx([1.0, 0.0])


def test_a_cosine_of_a_rate_of_0_stays_at_0():
    assert rates(nn.CosineLR(optimizer(0.0), 2), 2) == [0.0, 0.0, 0.0]


def test_a_warmup_rises_and_stays_or_follows():
    assert rates(nn.WarmupLR(optimizer(), 4), 5) == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    trained = optimizer()
    after = nn.StepLR(trained, 1, gamma=0.5)
    assert rates(nn.WarmupLR(trained, 2, after), 4) == [0.5, 1.0, 1.0, 0.5, 0.25]


def test_a_warmup_begins_from_the_first_rate_of_what_follows():
    trained = optimizer(8.0)
    after = nn.StepLR(trained, 1, gamma=0.5)
    after.step()
    assert trained.lr == 4.0
    schedule = nn.WarmupLR(trained, 2, after)
    assert (schedule.base, trained.lr) == (8.0, 4.0)
    assert rates(schedule, 3) == [4.0, 8.0, 8.0, 4.0]


def test_a_schedule_starts_at_time_0_from_the_optimisers_rate():
    schedule = nn.StepLR(optimizer(0.5), 3)
    assert (schedule.base, schedule.time, schedule.optimizer.lr) == (0.5, 0, 0.5)


@pytest.mark.parametrize("value", [0, -1])
@pytest.mark.parametrize(
    ("kind", "name"), [(nn.StepLR, "step_size"), (nn.CosineLR, "steps"), (nn.WarmupLR, "warmup")]
)
def test_a_number_of_steps_is_an_int_of_at_least_1(kind, name, value):
    said = f"{kind.__name__}: {name} must be at least 1, got {value}"
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        kind(optimizer(), value)
    assert getattr(kind(optimizer(), 1), name) == 1


def test_a_state_goes_out_and_in_again():
    one = nn.StepLR(optimizer(1.0), 2, gamma=0.5)
    rates(one, 3)
    assert one.state_dict() == {"base": 1.0, "time": 3}
    other = nn.StepLR(optimizer(7.0), 2, gamma=0.5)
    other.load_state_dict(one.state_dict())
    assert other.optimizer.lr == 0.5
    assert rates(other, 1) == [0.5, 0.25]


SCHEDULES = {
    "steps": lambda rule: nn.StepLR(rule, 3, gamma=0.7),
    "cosine": lambda rule: nn.CosineLR(rule, 11, minimum=0.01),
    "warmup": lambda rule: nn.WarmupLR(rule, 5),
    "warmup, steps": lambda rule: nn.WarmupLR(rule, 5, nn.StepLR(rule, 2, gamma=0.7)),
    "warmup, cosine": lambda rule: nn.WarmupLR(rule, 5, nn.CosineLR(rule, 9, minimum=0.01)),
    "warmup, warmup, cosine": lambda rule: nn.WarmupLR(
        rule, 2, nn.WarmupLR(rule, 3, nn.CosineLR(rule, 9, minimum=0.01))
    ),
}


@pytest.mark.parametrize("first", ["optimiser", "schedule"])
@pytest.mark.parametrize("kind", [nn.SGD, nn.RMSprop, nn.Adagrad, nn.Adam, nn.AdamW])
@pytest.mark.parametrize("make", SCHEDULES.values(), ids=SCHEDULES.keys())
def test_a_continued_run_has_the_same_rates_in_whatever_order_things_are_made(make, kind, first):
    """The schedule may be made of an optimiser that goes on already, at the rate it has by now."""

    def walk(rule, schedule, count):
        found = []
        for _ in range(count):
            rule.values[0].grad = 2 * rule.values[0].data
            rule.step()
            schedule.step()
            found.append((rule.lr, rule.values[0].data))
        return found

    rule = kind([Value(1.0)], lr=0.3)
    schedule = make(rule)
    for parts in (4, 3):
        walk(rule, schedule, parts)
        saved = json.loads(json.dumps([rule.state_dict(), schedule.state_dict()]))
        other = kind([Value(rule.values[0].data)], lr=0.3)
        if first == "schedule":
            later = make(other)
        other.load_state_dict(saved[0])
        if first == "optimiser":
            later = make(other)
        later.load_state_dict(saved[1])
        assert other.lr == rule.lr
        assert walk(other, later, 9) == walk(rule, schedule, 9)


def test_a_warmups_state_of_before_what_follows_was_kept_is_taken_up():
    trained = optimizer(0.06)
    schedule = SCHEDULES["warmup, cosine"](trained)
    schedule.load_state_dict({"base": 0.3, "time": 5 + 9})
    assert trained.lr == pytest.approx(0.01)


def test_a_schedule_without_a_factor_says_so():
    with pytest.raises(TypeError, match="Mine has no method factor"):
        type("Mine", (Schedule,), {})(optimizer())


# --- words -------------------------------------------------------------------------------------


def test_a_schedule_prints_as_it_was_called():
    trained = optimizer()
    after = nn.CosineLR(trained, 95, minimum=0.1)
    assert repr(nn.StepLR(trained, 10)) == "StepLR(SGD, 10)"
    assert repr(nn.WarmupLR(trained, 5)) == "WarmupLR(SGD, 5)"
    assert (
        repr(nn.WarmupLR(trained, 5, after=after))
        == "WarmupLR(SGD, 5, after=CosineLR(SGD, 95, minimum=0.1))"
    )
