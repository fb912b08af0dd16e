"""Weighted losses, groups, schedules and averages against PyTorch: goldens of golden_training.py.

Losses, groups and averages eager and compiled, in double precision: the same numbers.
"""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from test_goldens import assert_agree, built, numbers, weighted

import autograd
import nn
from autograd import Tensor, Value

GOLDENS = json.loads(
    gzip.decompress(Path(__file__).with_name("goldens_training.json.gz").read_bytes())
)


def each_of(group):
    cases = [pytest.param(case, id=case["name"]) for case in GOLDENS[group]]
    return pytest.mark.parametrize("case", cases)


@each_of("losses")
def test_a_loss_and_its_slopes(case):
    x = Tensor(case["prediction"])
    y = built(case["loss"])(x, case["target"])
    assert_agree(numbers(y), case["output"], "loss")
    weighted(y, case["upstream"]).backward()
    if "prediction_grad" in case:
        assert_agree(x.grad, case["prediction_grad"], "gradient of the prediction")


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case["name"])
        for case in GOLDENS["losses"]
        if isinstance(case["output"], float) and np.ndim(case["prediction"]) == 2
        and "'sum'" not in case["loss"] and "BCE" not in case["loss"]
    ],
)  # fmt: skip
def test_a_mean_over_the_samples_of_a_batch_that_a_program_sees_one_by_one(case):
    loss = built(case["loss"])
    labels = np.array(case["target"])
    rows = (labels[:, None] == np.arange(3)) & (labels != loss.ignore_index)[:, None]
    program = autograd.compile(loss, [0.0] * 3, [0.0] * 3, dtype="float64", backend="numpy")
    losses = program(case["prediction"], rows.astype(float))
    assert losses.mean() == pytest.approx(case["output"], rel=1e-9)


def grouped(case):
    parameters = [Tensor(start) for start in case["starts"]]
    pairs = zip(parameters, case["groups"], strict=True)
    groups = [{"params": [p], **options} for p, options in pairs]
    return parameters, getattr(nn, case["kind"])(groups, **case["settings"])


@each_of("groups")
def test_groups_of_parameters(case):
    parameters, optimizer = grouped(case)
    for row, expected in zip(case["gradients"], case["numbers"], strict=True):
        for p, gradient in zip(parameters, row, strict=True):
            for v, g in zip(p.values, gradient, strict=True):
                v.grad = g
        optimizer.step()
        assert_agree([p.tolist() for p in parameters], expected, "the numbers")


@each_of("groups")
def test_groups_of_parameters_compiled(case):
    """A loss whose gradient is its argument."""
    parameters, optimizer = grouped(case)
    p, q = parameters
    step = autograd.compile(
        lambda g, h: (p * g).sum() + (q * h).sum(), [0.0] * 2, [0.0] * 3,
        parameters=parameters, dtype="float64", backend="numpy",
    ).train_step(optimizer)  # fmt: skip
    for row, expected in zip(case["gradients"], case["numbers"], strict=True):
        step(*[[g] for g in row])
        assert_agree([p.tolist() for p in parameters], expected, "the numbers")


@each_of("schedules")
def test_a_schedule(case):
    optimizer = nn.SGD([Value(0.0)], lr=case["lr"])
    schedule = built(case["schedule"], optimizer=optimizer)
    rates = [optimizer.lr]
    for _ in case["rates"][1:]:
        schedule.step()
        rates.append(optimizer.lr)
    assert_agree(rates, case["rates"], "the learning rates")


@pytest.mark.parametrize("compiled", [False, True])
@each_of("averages")
def test_averages(case, compiled):
    p = Tensor(case["start"])
    sgd = nn.SGD([p], lr=0.1, momentum=0.5)
    optimizer = built(case["average"], optimizer=sgd)
    program = autograd.compile(
        lambda g: (p * g).sum(), [0.0] * 3, parameters=[p], dtype="float64", backend="numpy"
    )
    step = program.train_step(optimizer)
    for gradient, expected in zip(case["gradients"], case["averages"], strict=True):
        if compiled:
            step([gradient])
        else:
            for v, g in zip(p.values, gradient, strict=True):
                v.grad = g
            optimizer.step()
        found = p.tolist()
        with optimizer.averaged():
            assert_agree(p.tolist(), expected, "the averages")
        assert p.tolist() == found
