"""Means over the batch: a number that all samples share, forward and in reverse, on each backend.

The oracle is eager mode on the whole batch: there a mean over the batch is one over the first axis.
"""

import numpy as np
import pytest
from oracle import assert_close, batch, everywhere, gradients, parameter

import autograd
import nn
from autograd import Tensor, Value, batch_mean, concatenate, grad, maximum, observe, where
from autograd.compiler.backends.native import executable
from autograd.compiler.backends.numpy import backend as numpy_backend

pytestmark = pytest.mark.usefixtures("backend")

SIZES = (1, 2, 3, 8, 9, 17, 33)
W = parameter(3)
M = parameter(3, 3, seed=11)


def over_the_first_axis(x):
    return x.mean(0, keepdims=True)


def dots(x, y):
    """Σ x·y over the last axis."""
    return (x * y).sum(-1)


def centred_again_and_again(x, mean):
    for _ in range(4):
        x = W * (x - mean(x)) / (mean(x * x) + 1.0).sqrt() + x.tanh()
    return dots(x, x)


def beside_the_sample(x, mean):
    both = concatenate([x, mean(x * W) + 0 * x], axis=-1)
    return (both[..., 1:] * both[..., :-1]).sum(-1)


def in_another_order(x, mean):
    m = mean(x * W)
    return dots(m[..., ::-1], x) + x[..., 0] * m[..., 1]


FUNCTIONS = {
    "centred": lambda x, mean: dots(W * (x - mean(x)), x),
    "a mean of a mean": lambda x, mean: dots(mean(x * mean(x * W)), x),
    "again and again": centred_again_and_again,
    "a loss that is alike for all": lambda x, mean: mean((x * W).tanh()).sum(-1),
    "of parameters alone": lambda x, mean: dots(mean((W * W).reshape(1, 3))[0], x),
    "of a product": lambda x, mean: dots(x @ M - mean(x @ M), x),
    "in a product": lambda x, mean: dots(mean(x * W) @ M, x),
    "a dot with the sample": lambda x, mean: dots(mean(x * W), x).tanh(),
    "beside the sample": beside_the_sample,
    "in another order": in_another_order,
    "the larger of both": lambda x, mean: maximum(x * W, mean(x * W)).sum(-1),
    "chosen": lambda x, mean: where(x > mean(x), W * x, mean(W * x)).sum(-1),
    "only for some": lambda x, mean: dots((x * W).relu(), mean((x * W).relu())),
}


def together(function, x):
    """Mean loss, gradients and losses of a whole batch, in eager mode."""
    for p in (W, M):
        for v in p.values:
            v.grad = 0
    losses = function(Tensor(x.tolist()), over_the_first_axis)
    losses.mean().backward()
    return losses.mean().item(), gradients([W, M]), np.broadcast_to(losses.numpy(), len(x))


@pytest.fixture
def always_shared(monkeypatch):
    """Threads share even what is too little to be worth it."""
    monkeypatch.setattr(executable, "SHARE_SECONDS", 1e-12)


@everywhere
@pytest.mark.usefixtures("always_shared")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_mean_over_the_batch_is_that_of_eager_mode_for_any_size_and_number_of_threads(
    name, backend
):
    function = FUNCTIONS[name]
    programs = [
        autograd.compile(
            lambda x: function(x, batch_mean),
            np.ones(3),
            parameters=[W, M],
            dtype="float64",
            threads=threads,
        )
        for threads in ((1, 2, 3) if backend == "native" else (1,))
    ]
    for n in SIZES:
        x = batch(n, 3, seed=n)
        loss, slopes, losses = together(function, x)
        for program in programs:
            got, found = program.value_and_grad(x)
            assert_close(got, loss, 1e-9, f"loss of {n}", scale=1e-3)
            for ours, theirs in zip(found, slopes, strict=True):
                assert_close(ours, theirs, 1e-9, f"gradient for {n}", scale=1e-2)
            assert_close(program(x), losses, 1e-9, f"losses of {n}", scale=1e-3)


@everywhere
def test_a_gradient_that_is_recorded_goes_through_the_means_of_all_samples():
    """∂(Σ losses)/∂x of each sample, and its square as a loss."""
    x = batch(5, 3)

    def loss(x, mean):
        return dots((W * (x - mean(x)) * x).tanh(), mean(x * x))

    def penalty(x):
        (slope,) = grad(loss(x, batch_mean), [x])
        return dots(slope, slope)

    whole = Tensor(x.tolist())
    (slope,) = grad(loss(whole, over_the_first_axis).sum(), [whole])
    expected = dots(slope, slope).mean()
    (of_w,) = grad(expected, [W])
    program = autograd.compile(penalty, x[0], parameters=[W], dtype="float64")
    got, (found,) = program.value_and_grad(x)
    assert_close(got, expected.item(), 1e-9)
    assert_close(found, of_w.numpy(), 1e-9)


def test_outside_of_a_program_one_sample_is_its_own_mean():
    x = Tensor([1.0, 2.0])
    assert batch_mean(x).values == x.values
    assert batch_mean([3.0]).tolist() == [3.0]
    y = Value(4.0)
    assert batch_mean(y) is y
    with pytest.raises(TypeError, match="batch_mean: takes numbers, Values, Tensors"):
        batch_mean("x")


@everywhere
def test_a_number_has_a_mean_and_observers_too():
    heard = []

    def function(x):
        mean = batch_mean(x.sum())
        observe(lambda *said: heard.append(said), mean)
        return mean * x[0]

    assert function(Tensor([1.0, 2.0])).data == 3.0
    program = autograd.compile(function, [0.0, 0.0], dtype="float64")
    assert program([[1.0, 2.0], [3.0, 6.0]]).tolist() == [6.0, 18.0]
    assert heard == [(1, 3.0), (2, 6.0)]


@everywhere
def test_a_mean_is_a_result_of_its_own_in_float32_too():
    program = autograd.compile(lambda x: (batch_mean(x), x - batch_mean(x)), np.ones(2))
    means, rest = program([[1.0, 5.0], [2.0, 7.0], [6.0, 0.0]])
    np.testing.assert_allclose(means, [[3.0, 4.0]] * 3, rtol=1e-6)
    np.testing.assert_allclose(rest, [[-2.0, 1.0], [-1.0, 3.0], [3.0, -4.0]], rtol=1e-5)


def test_a_batch_that_has_a_mean_is_not_cut_for_the_memory(monkeypatch):
    monkeypatch.setattr(numpy_backend, "BYTES", 1)
    program = autograd.compile(lambda x: x - batch_mean(x), [1.0], backend="numpy")
    np.testing.assert_array_equal(program([[1.0], [2.0], [6.0]]), [[-2.0], [-1.0], [3.0]])


def test_a_plan_says_what_is_a_mean_over_the_batch():
    program = autograd.compile(
        lambda x: (W * (x - batch_mean(W * x))).sum(), np.ones(3), parameters=[W]
    )
    text = " ".join(str(program).split())
    assert "3 means over the batch" in text
    assert "3 adjoints each sample's part of a mean" in text


# --- who is told ---------------------------------------------------------------------------------


def test_an_observer_is_told_at_once_in_eager_mode():
    heard = []
    observe(lambda *said: heard.append(said), Tensor([[1.0, 2.0]]), Tensor([3.0]))
    assert heard == [(1, [[1.0, 2.0]], [3.0])]


@everywhere
def test_observers_are_told_once_for_each_run_in_order_and_results_stay_what_they_are():
    heard = []

    def function(x):
        mean = batch_mean(x)
        observe(lambda n, m: heard.append(("mean", n, m)), mean)
        observe(lambda n, m, s: heard.append(("two", n, m, s)), mean * 2, W)
        return {"loss": ((x - mean) * W).sum(), "x": x}

    program = autograd.compile(function, np.zeros(3), parameters=[W], dtype="float64")
    assert not heard
    x = np.array([[1.0, 2.0, 3.0], [3.0, 4.0, 8.0]])
    said = [("mean", 2, [2.0, 3.0, 5.5]), ("two", 2, [4.0, 6.0, 11.0], W.tolist())]
    assert set(program(x)) == {"loss", "x"}
    assert heard == said
    program.value_and_grad(x)
    assert heard == said * 2
    np.testing.assert_array_equal(program.outputs["x"], x)
    program.train_step(nn.SGD([W], lr=0.0))(x)
    assert heard == said * 3


@everywhere
def test_a_step_whose_loss_is_not_finite_tells_nobody():
    heard = []

    def function(x):
        observe(lambda *said: heard.append(said), batch_mean(x))
        return (x * W).sum().log()

    program = autograd.compile(function, np.ones(3), parameters=[W])
    step = program.train_step(nn.SGD([W], lr=0.1))
    with pytest.raises(FloatingPointError, match="nan"):
        step([-100 * np.sign(W.numpy())])
    assert not heard


@everywhere
def test_what_an_observer_raises_leaves_the_parameters_as_they_were():
    p = Value(2.0)

    def refuse(samples, mean):
        raise ValueError(f"{samples} samples")

    def function(x):
        observe(refuse, batch_mean(x))
        return (x * p).sum()

    program = autograd.compile(function, [1.0], parameters=[p])
    with pytest.raises(ValueError, match="2 samples"):
        program.train_step(nn.SGD([p], lr=0.1))([[1.0], [2.0]])
    assert p.data == 2.0


# --- batch normalisation -------------------------------------------------------------------------


def after_a_dense_layer():
    return nn.Sequential(
        *(nn.Flatten(), nn.Dense(25, 4), nn.Reshape(4, 1, 1), nn.BatchNorm2D(4), nn.Flatten()),
        nn.Dense(4, 3),
    )


def in_a_row():
    return nn.Sequential(
        *(nn.BatchNorm2D(1), nn.Conv2D(1, 2, 3), nn.BatchNorm2D(2), nn.ReLU(), nn.BatchNorm2D(2)),
        *(nn.MaxPool(3), nn.Flatten(), nn.Dense(2, 3)),
    )


def in_shortcuts_and_twice():
    twice = nn.BatchNorm2D(2, momentum=0.3)
    body = nn.Sequential(nn.Conv2D(2, 2, 3, padding=1), nn.BatchNorm2D(2), nn.ReLU())
    return nn.Sequential(
        *(nn.Conv2D(1, 2, 3), twice, nn.Residual(body), twice, nn.Flatten(), nn.Dense(18, 3)),
    )


def steps(net, n, walk):
    """Losses of three steps, and the state that they leave."""
    for k, p in enumerate(net.parameters()):
        p.assign(batch(*p.shape, seed=k))
    step = walk(net, nn.SGD(net.parameters(), lr=0.1, momentum=0.9))
    losses = [step(batch(n, 1, 5, 5, seed=k), np.eye(3)[np.arange(n) % 3]) for k in range(3)]
    return losses, net


def eagerly(net, optimizer):
    def step(x, t):
        loss = nn.CrossEntropyLoss()(net(Tensor(x)), Tensor(t))
        net.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.data

    return step


def compiled(net, optimizer):
    def function(x, t):
        return nn.CrossEntropyLoss()(net(x), t)

    program = autograd.compile(
        function, np.zeros((1, 5, 5)), np.zeros(3), parameters=net.parameters(), dtype="float64"
    )
    train = program.train_step(optimizer)

    def step(x, t):
        return train(x, t)

    return step


@everywhere
@pytest.mark.usefixtures("always_shared")
@pytest.mark.parametrize("n", [2, 5, 17])
@pytest.mark.parametrize("make", [after_a_dense_layer, in_a_row, in_shortcuts_and_twice])
def test_steps_with_batch_norm_leave_losses_weights_and_running_statistics_as_in_eager_mode(
    make, n
):
    expected, eager = steps(make(), n, eagerly)
    losses, net = steps(make(), n, compiled)
    assert_close(losses, expected, 1e-9)
    for name, numbers in eager.state_dict().items():
        assert_close(net.state_dict()[name], numbers, 1e-9, name, scale=1e-2)
