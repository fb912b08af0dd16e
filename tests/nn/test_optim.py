"""Optimisers: their rules at numbers that can be checked by head, their settings, their errors."""

import math
import re
from fractions import Fraction

import pytest

import nn
from autograd import Tensor, Value
from nn.optim import Optimizer, values_of

ALL = [nn.SGD, nn.RMSprop, nn.Adagrad, nn.Adam, nn.AdamW]


def walk(optimizer, value, gradients):
    """The numbers that a parameter takes under these gradients."""
    path = []
    for g in gradients:
        value.grad = g
        optimizer.step()
        path.append(value.data)
    return path


def test_the_values_of_parameters_are_each_there_once_in_order():
    a, b = Value(1.0), Value(2.0)
    t = Tensor([b, a])
    assert values_of([a, t, a]) == [a, b]
    assert values_of(iter([t])) == [b, a]
    with pytest.raises(TypeError, match=r"^parameters must be Tensors or Values, got 'weight'$"):
        values_of(["weight"])


# --- rules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({}, ["4/5", "2/5"]),
        ({"momentum": Fraction(1, 2)}, ["4/5", "3/10"]),  # v = 2, then 1 + 4 = 5
        ({"momentum": Fraction(1, 2), "nesterov": True}, ["7/10", "1/20"]),  # 2 + 1, then 4 + 5/2
        ({"weight_decay": Fraction(1, 2)}, ["3/4", "5/16"]),  # 2 + 1/2, then 4 + 3/8
        ({"momentum": Fraction(1, 2), "weight_decay": 1}, ["7/10", "2/25"]),  # 3, then 3/2 + 4.7
    ],
)
def test_stochastic_gradient_descent_is_exact(monkeypatch, options, path):
    monkeypatch.setattr(Optimizer, "_within", lambda *given: given[2])
    p = Value(Fraction(1))
    optimizer = nn.SGD([p], lr=Fraction(1, 10), **options)
    assert walk(optimizer, p, [2, 4]) == [Fraction(x) for x in path]


def test_rmsprop_divides_by_a_running_root_mean_square():
    p = Value(1.0)
    optimizer = nn.RMSprop([p], lr=0.5, alpha=0.75, eps=1.0)
    # s = 4/4 = 1, then 3/4 + 4·4/4... with g = 2: 1·2/(1 + 1); with g = 5: s = 0.75 + 6.25 = 7
    assert walk(optimizer, p, [2.0, 5.0]) == pytest.approx([0.5, 0.5 - 2.5 / (math.sqrt(7) + 1)])
    p = Value(2.0)
    decayed = nn.RMSprop([p], lr=0.5, alpha=0.75, eps=1.0, weight_decay=0.5)
    assert walk(decayed, p, [1.0]) == pytest.approx([2.0 - 0.5 * 2 / (1 + 1)])  # g = 1 + 1


def test_adagrad_divides_by_the_root_of_all_squares():
    p = Value(1.0)
    optimizer = nn.Adagrad([p], lr=1.0, eps=1.0)
    assert walk(optimizer, p, [3.0, 4.0]) == pytest.approx([1 - 3 / 4, 1 - 3 / 4 - 4 / 6])
    p = Value(2.0)
    decayed = nn.Adagrad([p], lr=1.0, eps=1.0, weight_decay=0.5)
    assert walk(decayed, p, [1.0]) == pytest.approx([2 - 2 / 3])


def adams(p, gradients, lr, betas, eps):
    """Adam in plain numbers, its means from their definition as weighted sums."""
    path = []
    for t in range(1, len(gradients) + 1):
        past = list(enumerate(reversed(gradients[:t])))
        first, square = (
            sum(b**age * g**power for age, g in past) / sum(b**age for age, _ in past)
            for b, power in zip(betas, (1, 2), strict=True)
        )
        p -= lr * first / (math.sqrt(square) + eps)
        path.append(p)
    return path


def test_adam_divides_the_weighted_mean_by_the_weighted_root_mean_square():
    """Both are means with weights βᵃᵍᵉ: what Adam's recursion and its correction amount to."""
    p, gradients = Value(1.0), [2.0, -1.0, 4.0, 0.5]
    optimizer = nn.Adam([p], lr=0.1, betas=(0.25, 0.75), eps=0.25)
    expected = adams(1.0, gradients, 0.1, (0.25, 0.75), 0.25)
    assert walk(optimizer, p, gradients) == pytest.approx(expected, rel=1e-12)


def test_the_two_adams_decay_weights_in_two_ways():
    p, q = Value(2.0), Value(2.0)
    settings = {"lr": 0.5, "betas": (0.5, 0.75), "eps": 1.0, "weight_decay": 0.5}
    assert walk(nn.Adam([p], **settings), p, [1.0]) == pytest.approx([2 - 0.5 * 2 / 3])
    assert walk(nn.AdamW([q], **settings), q, [1.0]) == pytest.approx([2 - 0.5 - 0.5 * 1 / 2])


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (nn.SGD, {"lr": 0.01, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0}),
        (nn.RMSprop, {"lr": 0.01, "alpha": 0.99, "eps": 1e-8, "weight_decay": 0.0}),
        (nn.Adagrad, {"lr": 0.01, "eps": 1e-10, "weight_decay": 0.0}),
        (nn.Adam, {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0}),
        (nn.AdamW, {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.01}),
    ],
)
def test_settings_that_nobody_names_are_pytorchs(kind, settings):
    """All but the learning rates of SGD and Adagrad, which are RMSprop's."""
    optimizer = kind([Value(1.0)])
    assert {name: getattr(optimizer, name) for name in settings} == settings
    assert optimizer.steps == 0
    assert Optimizer([Value(1.0)], 0.1).weight_decay == 0
    assert [column.list() for column in optimizer.state] == [[0]] * kind.slots


SLOTS = {nn.SGD: 1, nn.RMSprop: 1, nn.Adagrad: 1, nn.Adam: 2, nn.AdamW: 2, Optimizer: 0}


def test_each_number_has_the_state_that_its_rule_needs():
    assert {kind: kind.slots for kind in SLOTS} == SLOTS


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("lr", [-1.0, -1e-9, math.inf, math.nan])
def test_a_learning_rate_is_a_number_from_0(kind, lr):
    said = f"^{kind.__name__}: needs 0 <= lr < inf, got {re.escape(repr(lr))}$"
    with pytest.raises(ValueError, match=said):
        kind([Value(1.0)], lr=lr)
    assert kind([Value(1.0)], lr=0).lr == 0


@pytest.mark.parametrize("kind", ALL)
def test_weight_decay_is_a_number_from_0(kind):
    for decay in (-0.1, math.inf):
        with pytest.raises(ValueError, match=f"{kind.__name__}: needs 0 <= weight_decay < inf"):
            kind([Value(1.0)], weight_decay=decay)


@pytest.mark.parametrize(
    ("kind", "options", "name"),
    [
        (nn.SGD, {"momentum": 1.0}, "momentum"),
        (nn.SGD, {"momentum": -0.1}, "momentum"),
        (nn.RMSprop, {"alpha": 1.0}, "alpha"),
        (nn.RMSprop, {"alpha": -0.1}, "alpha"),
        (nn.Adam, {"betas": (1.0, 0.9)}, "betas"),
        (nn.Adam, {"betas": (0.9, -0.1)}, "betas"),
        (nn.AdamW, {"betas": (0.9, 1)}, "betas"),
    ],
)
def test_a_share_is_at_least_0_and_below_1(kind, options, name):
    with pytest.raises(ValueError, match=f"{kind.__name__}: needs 0 <= {name} < 1, got"):
        kind([Value(1.0)], **options)


def test_shares_of_0_are_taken():
    assert nn.RMSprop([Value(1.0)], alpha=0).alpha == 0
    assert nn.Adam([Value(1.0)], betas=[0, 0.5]).betas == (0, 0.5)


@pytest.mark.parametrize("betas", [0.9, (0.9,), (0.9, 0.99, 0.999), "ab"])
def test_betas_are_a_pair(betas):
    said = re.escape(f"Adam: betas must be a pair, got {betas!r}")
    with pytest.raises(TypeError, match=f"^{said}$"):
        nn.Adam([Value(1.0)], betas=betas)


def test_what_cannot_be_trained_is_told():
    with pytest.raises(ValueError, match=r"^Adam: no parameters to train$"):
        nn.Adam([])
    with pytest.raises(ValueError, match=r"^SGD: nesterov needs a momentum$"):
        nn.SGD([Value(1.0)], nesterov=True)
    x = Value(1.0)
    x.grad = 1.0
    with pytest.raises(TypeError, match=r"Mine has no update rule"):
        type("Mine", (Optimizer,), {})([x], 0.1).step()
    assert nn.SGD([Value(1.0)], momentum=0.5, nesterov=True).nesterov


def test_gradients_are_set_to_0():
    x = Tensor([1.0, 2.0])
    optimizer = nn.SGD([x])
    (x * x).sum().backward()
    optimizer.zero_grad()
    assert x.grad == [0, 0]


# --- state ----------------------------------------------------------------------------------------


def test_a_state_holds_the_kind_the_rate_the_steps_and_the_numbers():
    p = Value(1.0)
    optimizer = nn.Adagrad([p], lr=0.5)
    walk(optimizer, p, [3.0, 4.0])
    state = optimizer.state_dict()
    assert state == {"kind": "Adagrad", "lr": 0.5, "steps": 2, "state": [[25.0]]}
    other = nn.Adagrad([Value(1.0)])
    other.load_state_dict(state)
    assert other.state_dict() == state
    del state["kind"]  # as a file of another program may have it
    other.load_state_dict(state)


def test_a_state_that_does_not_fit_is_told():
    state = nn.SGD([Value(1.0), Value(2.0)]).state_dict()
    with pytest.raises(ValueError, match=r"^Adam: the state of SGD does not fit$"):
        nn.Adam([Value(1.0), Value(2.0)]).load_state_dict(state)
    said = r"^SGD: the state does not fit 3 parameters with 1 numbers each$"
    with pytest.raises(ValueError, match=said):
        nn.SGD([Value(1.0)] * 1 + [Value(2.0), Value(3.0)]).load_state_dict(state)
    with pytest.raises(ValueError, match="does not fit 1 parameters"):
        nn.SGD([Value(1.0)]).load_state_dict(state)
    for row in ([0.0, 0.0], []):
        state["state"][1] = row
        with pytest.raises(ValueError, match="does not fit 2 parameters"):
            nn.SGD([Value(1.0), Value(2.0)]).load_state_dict(state)
    with pytest.raises(ValueError, match=r"^SGD: the state of Adam does not fit$"):
        nn.SGD([Value(1.0)]).load_state_dict(nn.Adam([Value(1.0)]).state_dict())


# --- clipping -------------------------------------------------------------------------------------


def test_gradients_are_scaled_to_a_joint_norm():
    x, y = Tensor([1.0]), Value(1.0)
    x.values[0].grad, y.grad = 3.0, -4.0
    assert nn.clip_grad_norm([x, y], 5.0) == 5.0
    assert (x.grad, y.grad) == ([3.0], -4.0)
    assert nn.clip_grad_norm([x, y], 2.5) == 5.0
    assert (x.grad, y.grad) == ([1.5], -2.0)
    assert nn.clip_grad_norm([x, y], 100.0) == 2.5
    assert (x.grad, y.grad) == ([1.5], -2.0)
    assert nn.clip_grad_norm([x, y], 0.5) == 2.5
    assert [*x.grad, y.grad] == pytest.approx([0.3, -0.4])


@pytest.mark.parametrize("bound", [0, 0.0, -1.0, math.nan])
def test_a_norm_is_clipped_to_a_positive_number(bound):
    with pytest.raises(ValueError, match=f"clip_grad_norm: max_norm must be positive, got {bound}"):
        nn.clip_grad_norm([Value(1.0)], bound)


@pytest.mark.parametrize("gradient", [math.inf, -math.inf, math.nan])
def test_a_gradient_that_is_no_number_is_told_and_nothing_is_scaled(gradient):
    x, y = Value(1.0), Value(1.0)
    x.grad, y.grad = gradient, 2.0
    with pytest.raises(FloatingPointError, match="clip_grad_norm: the norm of the gradients is"):
        nn.clip_grad_norm([x, y], 1.0)
    assert y.grad == 2.0


# --- words -------------------------------------------------------------------------------------


def test_an_optimisers_state_goes_out_and_in_again():
    for kind in (nn.SGD, nn.RMSprop, nn.Adagrad, nn.Adam, nn.AdamW):
        one, two = Tensor([1.0, -2.0]), Tensor([1.0, -2.0])
        a, b = kind([one], lr=0.1), kind([two], lr=0.1)
        for k in range(4):
            if k == 2:
                b = kind([two], lr=0.5)
                b.load_state_dict(a.state_dict())
            for optimizer, x in ((a, one), (b, two)):
                optimizer.zero_grad()
                (x * x * x).sum().backward()
                optimizer.step()
        assert one.tolist() == two.tolist()
    with pytest.raises(ValueError, match="does not fit"):
        nn.Adam([one]).load_state_dict(nn.SGD([one]).state_dict())


def test_an_optimiser_prints_as_it_was_called_with_its_rate_of_now():
    parameters = nn.Dense(300, 10).parameters()
    optimizer = nn.Adam(parameters, lr=0.02, betas=(0.8, 0.9))
    assert repr(optimizer) == "Adam(3,010 parameters, lr=0.02, betas=(0.8, 0.9))"
    optimizer.lr = 0.015
    assert repr(optimizer) == "Adam(3,010 parameters, lr=0.015, betas=(0.8, 0.9))"
    sgd = nn.SGD(parameters, momentum=0.9, nesterov=True, weight_decay=0.1)
    words = "lr=0.01, momentum=0.9, nesterov=True, weight_decay=0.1"
    assert repr(sgd) == f"SGD(3,010 parameters, {words})"


# --- groups and averages --------------------------------------------------------------------------


def test_groups_follow_the_learning_rate_and_have_settings_of_their_own():
    body, head = Tensor([1.0, 2.0]), Value(3.0)
    groups = [{"parameters": [body], "lr": 0.3}, {"params": [head], "momentum": 0.5}]
    optimizer = nn.SGD(groups, lr=0.1, momentum=0.9)
    assert [g.lr for g in optimizer.groups] == pytest.approx([0.3, 0.1])
    assert [g.momentum for g in optimizer.groups] == [0.9, 0.5]
    assert optimizer.values == [*body.values, head]
    assert repr(optimizer) == "SGD(3 parameters in 2 groups, lr=0.1, momentum=0.9)"
    schedule = nn.StepLR(optimizer, 1, gamma=0.5)
    schedule.step()
    assert [optimizer.lr, *(g.lr for g in optimizer.groups)] == pytest.approx([0.05, 0.15, 0.05])
    other = nn.SGD(groups, lr=0.1, momentum=0.9)
    other.load_state_dict(optimizer.state_dict())
    assert [g.lr for g in other.groups] == [g.lr for g in optimizer.groups]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda v: nn.Adam([{"params": [v]}, [v]]), TypeError, "Adam: group 1 must be a dict"),
        (lambda v: nn.Adam([{"lr": 0.1}]), TypeError, "Adam: group 0 must be a dict"),
        (lambda v: nn.SGD([{"params": [v], "lr": -1}]), ValueError, "SGD: needs 0 <= lr"),
        (lambda v: nn.SGD([{"params": [v], "betas": 1}]), TypeError, "betas"),
        (lambda v: nn.SGD([{"params": []}]), ValueError, "SGD: no parameters to train"),
        (lambda v: nn.SGD([{"params": [v]}, {"params": [v]}]), ValueError, "w is in two groups"),
        (lambda v: nn.SGD([{"params": [v], "lr": 1}], lr=0), ValueError, "multiple of lr, which"),
        (lambda v: nn.EMA(nn.SGD), TypeError, "SGD is a class; make one"),
        (lambda v: nn.EMA([v]), TypeError, "EMA: needs an optimiser first, got a list"),
        (lambda v: nn.EMA(nn.SGD([v]), decay=1.0), ValueError, "EMA: needs 0 <= decay < 1"),
        (lambda v: nn.SWA(nn.SGD([v]), every=0), ValueError, "SWA: every must be at least 1"),
    ],
)  # fmt: skip
def test_what_makes_no_group_and_no_average_is_told(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make(Value(1.0, label="w"))


def test_averages_are_shown_for_a_while_and_a_step_goes_on_from_the_parameters():
    p = Value(1.0)
    optimizer = nn.EMA(nn.SGD([p], lr=1.0), decay=0.5)
    walk(optimizer, p, [1.0, -2.0])  # 0, then 2; the average 0, then 1
    assert repr(optimizer) == "EMA(SGD(1 parameters, lr=1), decay=0.5)"
    with optimizer.averaged():
        assert p.data == 1.0
    assert p.data == 2.0
    optimizer.show()
    optimizer.show()
    assert p.data == 1.0
    state = optimizer.state_dict()
    assert walk(optimizer, p, [1.0]) == [1.0]
    again = nn.EMA(nn.SGD([q := Value(1.0)], lr=1.0), decay=0.5)
    again.load_state_dict(state)
    assert walk(again, q, [1.0]) == [1.0]
    assert again.state_dict() == optimizer.state_dict()
    assert again.steps == optimizer.optimizer.steps == 3
