"""train_step: whole updates on arrays, the ones that an optimiser makes of eager gradients."""

import math
import random

import numpy as np
import pytest
from oracle import batch

import autograd
import nn
from autograd import Tensor, Value

pytestmark = pytest.mark.usefixtures("backend")

OPTIMIZERS = [
    "SGD(p, lr=0.1)",
    "SGD(p, lr=0.1, momentum=0.9, weight_decay=0.05)",
    "SGD(p, lr=0.1, momentum=0.9, nesterov=True)",
    "RMSprop(p, lr=0.01, alpha=0.9, weight_decay=0.05)",
    "Adagrad(p, lr=0.05, weight_decay=0.05)",
    "Adam(p, lr=0.01, weight_decay=0.05)",
    "AdamW(p, lr=0.01, weight_decay=0.05)",
]
LOSS = nn.MSELoss()


def network():
    """The same small network each time, never seen by anyone else."""
    random.seed(4)
    return nn.Sequential(nn.Dense(3, 5), nn.Tanh(), nn.Dense(5, 2))


def built(text, parameters):
    return eval(text, {**vars(nn), "p": parameters})


def data(step, n=6):
    """Inputs and targets of a step."""
    return batch(n, 3, seed=100 + step), batch(n, 2, seed=200 + step)


class EagerRun:
    """A network that is trained scalar by scalar."""

    def __init__(self, optimizer, clip_norm=None):
        self.model, self.clip_norm = network(), clip_norm
        self.optimizer = built(optimizer, self.model.parameters())

    def step(self, step):
        x, t = data(step)
        loss = LOSS(self.model(Tensor(x)), Tensor(t))
        self.optimizer.zero_grad()
        loss.backward()
        if self.clip_norm:
            nn.clip_grad_norm(self.optimizer.values, self.clip_norm)
        self.optimizer.step()
        return loss.data


class CompiledRun(EagerRun):
    """The same network, trained by its program."""

    def __init__(self, optimizer, clip_norm=None):
        super().__init__(optimizer)
        self.program = autograd.compile(
            lambda x, t: LOSS(self.model(x), t),
            *(np.zeros(3), np.zeros(2)),
            parameters=self.model.parameters(),
            dtype="float64",
        )
        self.train = self.program.train_step(self.optimizer, clip_norm)

    def step(self, step):
        return self.train(*data(step))


def assert_same(ours, theirs):
    """Parameters, and the state of the optimisers."""
    mine, other = ours.model.state_dict(), theirs.model.state_dict()
    for name, numbers in other.items():
        assert np.array(mine[name]) == pytest.approx(np.array(numbers), rel=1e-9, abs=1e-12), name
    mine, other = ours.optimizer.state_dict(), theirs.optimizer.state_dict()
    assert (mine["lr"], mine["steps"]) == (other["lr"], other["steps"])
    assert np.array(mine["state"]) == pytest.approx(np.array(other["state"]), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_steps_update_parameters_and_state_as_eager_training_does(optimizer):
    ours, theirs = CompiledRun(optimizer), EagerRun(optimizer)
    for k in range(5):
        assert ours.step(k) == pytest.approx(theirs.step(k), rel=1e-9)
    assert_same(ours, theirs)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_eager_training_goes_on_from_compiled_training_and_back(optimizer):
    ours, theirs = CompiledRun(optimizer), EagerRun(optimizer)
    for k in range(9):
        theirs.step(k)
        if k // 3 == 1:
            EagerRun.step(ours, k)
        else:
            ours.step(k)
        if k % 3 == 2:
            assert_same(ours, theirs)


@pytest.mark.parametrize("clip_norm", [0.05, 0.2, 1e9])
def test_clip_norm_bounds_the_joint_norm_of_the_gradient(clip_norm):
    text = "SGD(p, lr=0.5, momentum=0.5)"
    ours, theirs = CompiledRun(text, clip_norm), EagerRun(text, clip_norm)
    for k in range(4):
        assert ours.step(k) == pytest.approx(theirs.step(k), rel=1e-9)
    assert_same(ours, theirs)


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan])
def test_a_clip_norm_that_is_not_positive_is_an_error(bad):
    with pytest.raises(ValueError, match="norm"):
        CompiledRun("SGD(p, lr=0.5)", bad).step(0)


@pytest.mark.parametrize("clip_norm", [None, 1.0])
def test_a_gradient_that_is_not_finite_is_named_and_updates_nothing(clip_norm):
    v = Value(1.0, label="v")
    optimizer = nn.SGD([v], lr=0.5)
    program = autograd.compile(lambda x: (v * x).sqrt(), 1.0, parameters=[v])
    step = program.train_step(optimizer, clip_norm)
    with pytest.raises(FloatingPointError, match="the gradient of v is nan"):
        step([0.0])
    assert (v.data, optimizer.steps) == (1.0, 0)


def test_a_gradient_whose_norm_overflows_cannot_be_clipped_and_updates_nothing():
    v = Value(1.0)
    optimizer = nn.SGD([v], lr=0.5)
    program = autograd.compile(lambda x: v * x, 1.0, parameters=[v], dtype="float64")
    with pytest.raises(FloatingPointError, match="the norm of the gradient is inf"):
        program.train_step(optimizer, clip_norm=1.0)([1e200])
    assert (v.data, optimizer.steps) == (1.0, 0)


@pytest.mark.parametrize(
    "schedule",
    [
        lambda o: nn.StepLR(o, 2, 0.1),
        lambda o: nn.CosineLR(o, 5),
        lambda o: nn.WarmupLR(o, 3, after=nn.CosineLR(o, 4)),
    ],
)
def test_schedules_of_the_learning_rate_take_effect_at_the_next_step(schedule):
    runs = [kind("Adam(p, lr=0.05)") for kind in (CompiledRun, EagerRun)]
    schedules = [schedule(run.optimizer) for run in runs]
    for k in range(6):
        losses = [run.step(k) for run in runs]
        assert losses[0] == pytest.approx(losses[1], rel=1e-9)
        for one in schedules:
            one.step()
    assert_same(*runs)


def test_a_loss_that_is_not_finite_is_an_error_and_updates_nothing():
    v = Value(1.0)
    optimizer = nn.SGD([v], lr=0.5)
    step = autograd.compile(lambda x: (v * x).exp(), 1.0, parameters=[v]).train_step(optimizer)
    with pytest.raises(FloatingPointError, match="loss is inf"):
        step([1e30])
    assert (v.data, optimizer.steps) == (1.0, 0)


def test_a_rule_may_keep_the_gradient_and_the_parameter_that_it_was_given():
    class Remembering(nn.SGD):
        slots = 2

        def rule(self, p, g, *state):
            last, before = state
            return p - self.lr * (g + 0.5 * last) + 0.1 * (p - before), g, p

    runs = []
    for kind in (CompiledRun, EagerRun):
        run = kind("SGD(p, lr=0.1)")
        run.optimizer = Remembering(run.model.parameters(), lr=0.1)
        if kind is CompiledRun:
            run.train = run.program.train_step(run.optimizer)
        runs.append([run, *[run.step(k) for k in range(4)]])
    assert runs[0][1:] == pytest.approx(runs[1][1:], rel=1e-9)
    assert_same(runs[0][0], runs[1][0])


# --- which parameters, and when they are written back --------------------------------------------


def test_an_optimiser_of_some_parameters_leaves_the_others_as_they_are():
    model = network()
    first, last = model[0].parameters(), model[2].parameters()
    before = [p.tolist() for p in first]
    program = autograd.compile(
        lambda x: model(x).sum(), np.zeros(3), parameters=first + last, dtype="float64"
    )
    step = program.train_step(nn.SGD([last[1], last[0]], lr=0.1))
    _, bars = program.value_and_grad(batch(4, 3))
    expected = [p.numpy() - 0.1 * bar for p, bar in zip(last, bars[2:], strict=True)]
    step(batch(4, 3))
    assert [p.tolist() for p in first] == before
    for p, numbers in zip(last, expected, strict=True):
        assert p.numpy() == pytest.approx(numbers)


def test_two_optimisers_take_turns_on_one_program():
    v, w = Value(1.0), Value(2.0)
    program = autograd.compile(lambda x: v * x + w * w * x, 1.0, parameters=[v, w], dtype="float64")
    one, two = program.train_step(nn.SGD([v], lr=0.1)), program.train_step(nn.Adam([w], lr=0.5))
    assert one([1.0]) == pytest.approx(5.0)
    assert two([1.0]) == pytest.approx(4.9)
    assert one([1.0]) == pytest.approx(0.9 + 1.5**2)
    assert (v.data, w.data) == pytest.approx((0.8, 1.5))


def test_an_optimiser_of_foreign_parameters_is_an_error_that_names_one():
    model, other = network(), network()
    program = autograd.compile(lambda x: model(x).sum(), np.zeros(3), parameters=model.parameters())
    with pytest.raises(ValueError, match=r"0\.weight\[0,0\].*parameters=model\.parameters"):
        program.train_step(nn.SGD(other.parameters(), lr=0.1))
    with pytest.raises(ValueError, match=r"data=7\.5"):
        program.train_step(nn.SGD([*model.parameters(), Value(7.5)], lr=0.1))


def test_values_see_at_once_what_a_step_changes():
    run = CompiledRun("SGD(p, lr=0.1)")
    before = run.model.state_dict()
    first = run.step(0)
    after = run.model.state_dict()
    assert after != before
    assert run.step(0) < first
    assert run.model.state_dict() != after


def test_a_program_reads_the_numbers_of_its_values_before_each_run():
    w = Tensor([1.0, 2.0])
    program = autograd.compile(lambda x: (w * x).sum() ** 2, [0.0] * 2, parameters=[w])
    assert program([[1.0, 1.0]]).tolist() == [9.0]
    w[0].data = 3.0
    assert program([[1.0, 1.0]]).tolist() == [25.0]
    loss, (bar,) = program.value_and_grad([[1.0, 1.0]])
    assert (loss, bar.tolist()) == (25.0, [10.0, 10.0])


def test_numbers_that_are_loaded_are_trained_on():
    runs = CompiledRun("SGD(p, lr=0.1)"), EagerRun("SGD(p, lr=0.1)")
    state = {name: (np.array(p) * 0.5).tolist() for name, p in network().state_dict().items()}
    runs[0].step(0)
    for run in runs:
        run.model.load_state_dict(state)
        run.optimizer.steps = 0
        run.step(1)
    assert_same(*runs)


def test_while_steps_are_ahead_the_program_runs_on_their_numbers():
    run = CompiledRun("SGD(p, lr=0.1)")
    run.step(0)
    ahead = run.program(*data(1)).tolist()
    loss, bars = run.program.value_and_grad(*data(1))
    assert run.program(*data(1)).tolist() == ahead
    again, same = run.program.value_and_grad(*data(1))
    assert again == loss
    assert all(np.array_equal(a, b) for a, b in zip(bars, same, strict=True))


def test_float32_training_follows_float64_closely():
    losses = {}
    for dtype in ("float32", "float64"):
        model = network()
        program = autograd.compile(
            lambda x, t, model=model: LOSS(model(x), t),
            *(np.zeros(3), np.zeros(2)),
            parameters=model.parameters(),
            dtype=dtype,
        )
        step = program.train_step(nn.Adam(model.parameters(), lr=0.01))
        losses[dtype] = [step(*data(k % 3)) for k in range(30)]
        assert all(type(v.data) is float for p in model.parameters() for v in p.values)
    assert losses["float32"] == pytest.approx(losses["float64"], rel=1e-3)
    assert losses["float64"][-1] < losses["float64"][0]
