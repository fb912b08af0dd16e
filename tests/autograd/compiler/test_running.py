"""How programs run: the same bits for the same seed, batches in parts, steady memory, threads."""

import gc
import random
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from oracle import assert_close, batch, leaves

import autograd
import nn
from autograd import Tensor, no_grad
from autograd.compiler.backends.numpy import backend as reference

pytestmark = pytest.mark.usefixtures("backend")


def model():
    """A network with a convolution, a pool and dropout, the same each time."""
    random.seed(8)
    made = nn.Sequential(
        nn.Conv2D(1, 3, 3, padding=1), nn.ReLU(), nn.MaxPool(2), nn.Dropout(0.2),
        nn.Flatten(), nn.Dense(27, 4), nn.Tanh(),
    )  # fmt: skip
    made.seed(0)
    return made


def compiled(net, **options):
    """The mean square of the outputs, and the outputs."""

    def function(x):
        y = net(x)
        return (y * y).mean(), y

    return autograd.compile(function, np.zeros((1, 6, 6)), parameters=net.parameters(), **options)


IMAGES = batch(64, 1, 6, 6, seed=70)


def trained(steps=4, **options):
    """Losses, parameters and outputs of a training run."""
    net = model()
    program = compiled(net, **options)
    step = program.train_step(nn.Adam(net.parameters(), lr=0.01))
    losses = [step(IMAGES[k : k + 32]) for k in range(steps)]
    outputs = program(IMAGES)
    return losses, net.state_dict(), [y.tolist() for y in leaves(outputs)]


def test_a_program_is_compiled_within_no_grad():
    net = model().eval()
    with no_grad():
        program = compiled(net)
        inside = program(IMAGES)
        program.profile(IMAGES)
    assert np.array_equal(leaves(inside)[0], leaves(compiled(net)(IMAGES))[0])


# --- the same bits -------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_seed_gives_the_same_bits(dtype):
    assert trained(dtype=dtype) == trained(dtype=dtype)


@pytest.mark.parametrize("backend", ["numpy"], indirect=True)
def test_samples_that_only_products_read_lie_as_they_come_and_others_as_rows():
    w = Tensor(batch(3, 4).tolist())

    def inputs(function):
        program = autograd.compile(function, np.zeros(4), parameters=[w])
        return program.runner.executable(8).inputs[0].flags

    assert inputs(lambda x: (w @ x).sum()).f_contiguous
    assert inputs(lambda x: (w @ x).sum() + x.exp().sum()).c_contiguous


@pytest.mark.parametrize("backend", ["numpy"], indirect=True)
@pytest.mark.parametrize("n", [1, 2, 3, 5, 64])
def test_parts_that_fit_the_memory_add_up_to_the_whole(monkeypatch, n):
    net = model().eval()
    whole = compiled(net, dtype="float64")
    loss, bars = whole.value_and_grad(IMAGES[:n])
    rows = sum(block.size for block in whole.plan.blocks if block.batched)
    monkeypatch.setattr(reference, "BYTES", 3 * 8 * rows)
    parts = compiled(net, dtype="float64")
    assert parts.runner.size == 2
    again, same = parts.value_and_grad(IMAGES[:n])
    assert again == pytest.approx(loss, rel=1e-9)
    for ours, theirs in zip(same, bars, strict=True):
        assert_close(ours, theirs, 1e-9, scale=1e-2)
    for ours, theirs in zip(leaves(parts.outputs), leaves(whole.outputs), strict=True):
        assert_close(ours, theirs, 1e-9)


# --- threads -------------------------------------------------------------------------------------


def test_threads_take_turns_on_one_program():
    program = compiled(model().eval())

    def results():
        loss, gradients = program.value_and_grad(IMAGES)
        return loss, [gradient.tolist() for gradient in gradients]

    expected = results()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda _: results(), range(40))) == [expected] * 40


def test_a_forward_run_leaves_the_last_gradient_as_it_is():
    program = compiled(model().eval())
    program.value_and_grad(IMAGES)
    gradient = program.runner.gradient.tolist()
    program(IMAGES[:1])
    assert program.runner.gradient.tolist() == gradient


# --- memory --------------------------------------------------------------------------------------


def test_five_hundred_runs_do_not_grow_the_process():
    net = model()
    program = compiled(net)
    step = program.train_step(nn.Adam(net.parameters(), lr=1e-4))

    def run(times):
        for k in range(times):
            step(IMAGES[: 8 if k % 2 else 5])
            program(IMAGES[:3])

    run(10)
    tracemalloc.start()
    try:
        run(10)
        before, _ = tracemalloc.get_traced_memory()
        run(250)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 100_000


def test_runs_allocate_no_buffers_after_the_first_of_a_batch_size():
    """What a run allocates is its results and its gradient, not the images between the layers."""
    net = nn.Sequential(nn.Conv2D(1, 64, 3), nn.ReLU(), nn.Conv2D(64, 2, 3), nn.GlobalAvgPool())
    program = compiled(net)
    program.value_and_grad(IMAGES)
    tracemalloc.start()
    try:
        program.value_and_grad(IMAGES)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    between = len(IMAGES) * 64 * 4 * 4 * np.float32().nbytes
    assert peak < between


def test_programs_are_freed():
    program = compiled(model())
    program.value_and_grad(IMAGES)
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(5):
            program = compiled(model())
            program.value_and_grad(IMAGES)
        del program
        gc.collect()
        left, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < peak / 2


@pytest.mark.parametrize("backend", ["numpy"], indirect=True)
def test_buffers_of_a_few_batch_sizes_are_kept():
    program = compiled(model().eval())
    for n in range(1, 13):
        program.value_and_grad(IMAGES[:n])
    assert len(program.runner._executables) == 8


def test_dropout_may_draw_from_any_generator():
    class Ones:
        """A generator that drops nothing."""

        def random(self):
            return 0.001

    net = nn.Sequential(nn.Flatten(), nn.Dropout(0.5, rng=Ones()))
    program = autograd.compile(lambda x: net(x).sum(), np.zeros((1, 2, 2)))
    assert program(np.ones((3, 1, 2, 2))).tolist() == [8.0] * 3
