"""How programs run: the same bits for the same seed, sharded batches, steady memory, quiet BLAS."""

import gc
import random
import tracemalloc

import numpy as np
import pytest
from oracle import assert_close, batch, leaves
from threadpoolctl import ThreadpoolController, threadpool_limits

import autograd
import nn
from autograd import Tensor
from autograd.compiler.run import parallel

NEVER, AT_ONCE = float("inf"), -1.0


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


@pytest.fixture
def sharding(monkeypatch):
    """Shard every batch, and start workers when told to; returns what sets that moment."""
    monkeypatch.setattr(parallel, "MIN_SHARD_SECONDS", 1e-12)
    monkeypatch.setattr(parallel, "WARM_UP_SECONDS", NEVER)
    return lambda patience: monkeypatch.setattr(parallel, "WARM_UP_SECONDS", patience)


def close(program):
    for worker in program.runner.workers:
        worker.close()


def trained(steps=4, **options):
    """Losses, parameters and outputs of a training run."""
    net = model()
    program = compiled(net, **options)
    step = program.train_step(nn.Adam(net.parameters(), lr=0.01))
    losses = [step(IMAGES[k : k + 32]) for k in range(steps)]
    outputs = program(IMAGES)
    program.sync()
    close(program)
    return losses, net.state_dict(), [y.tolist() for y in leaves(outputs)]


# --- the same bits -------------------------------------------------------------------------------


@pytest.mark.usefixtures("sharding")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_seed_and_thread_count_give_the_same_bits(threads, dtype):
    assert trained(threads=threads, dtype=dtype) == trained(threads=threads, dtype=dtype)


def test_whoever_computes_a_shard_gives_the_same_bits(sharding):
    alone = trained(threads=2)
    sharding(AT_ONCE)
    assert trained(threads=2) == alone


@pytest.mark.usefixtures("sharding")
@pytest.mark.parametrize("threads", [2, 3])
def test_thread_counts_agree_beyond_rounding(threads):
    one, several = (trained(threads=n, dtype="float64") for n in (1, threads))
    assert several[0] == pytest.approx(one[0], rel=1e-9)
    for name, numbers in one[1].items():
        assert_close(several[1][name], numbers, 1e-9, name)
    for ours, theirs in zip(several[2], one[2], strict=True):
        assert_close(ours, theirs, 1e-9)


@pytest.mark.usefixtures("sharding")
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 63])
def test_small_and_odd_batches_are_sharded_too(n):
    net = model().eval()
    programs = [compiled(net, threads=threads, dtype="float64") for threads in (1, 3)]
    (loss, bars), (again, same) = (program.value_and_grad(IMAGES[:n]) for program in programs)
    assert again == pytest.approx(loss, rel=1e-9)
    for k, (ours, theirs) in enumerate(zip(same, bars, strict=True)):
        assert_close(ours, theirs, 1e-9, f"gradient {k}", scale=1e-2)
    for ours, theirs in zip(leaves(programs[1].outputs), leaves(programs[0].outputs), strict=True):
        assert_close(ours, theirs, 1e-9)


@pytest.mark.usefixtures("sharding")
def test_a_batch_is_cut_into_all_its_samples_once():
    program = compiled(model(), threads=3)
    for n in range(1, 20):
        shards = program.runner.shards(n)
        assert len(shards) == min(3, n)
        assert [k for shard in shards for k in range(n)[shard]] == list(range(n))


def test_a_small_batch_is_not_sharded():
    assert len(compiled(model(), threads=3).runner.shards(4)) == 1


def test_a_shard_has_its_least_work(monkeypatch):
    runner = compiled(model(), threads=3).runner
    monkeypatch.setattr(parallel, "MIN_SHARD_SECONDS", 4 * runner._seconds)
    assert [len(runner.shards(n)) for n in (1, 7, 8, 11, 12, 99)] == [1, 1, 2, 2, 3, 3]


def test_samples_that_only_products_read_lie_as_they_come_and_others_as_rows():
    w = Tensor(batch(3, 4).tolist())

    def inputs(function):
        program = autograd.compile(function, np.zeros(4), parameters=[w], threads=1)
        return program.runner.local.executable(8, True).inputs[0].flags

    assert inputs(lambda x: (w @ x).sum()).f_contiguous
    assert inputs(lambda x: (w @ x).sum() + x.exp().sum()).c_contiguous


def test_parts_that_fit_the_cache_add_up_to_the_whole(monkeypatch):
    net = model().eval()
    whole = compiled(net, threads=1, dtype="float64")
    loss, bars = whole.value_and_grad(IMAGES)
    monkeypatch.setattr("autograd.compiler.run.microbatches.MEMORY_BYTES", 1)
    parts = compiled(net, threads=1, dtype="float64")
    assert parts.runner.local.size < len(IMAGES)
    again, same = parts.value_and_grad(IMAGES)
    assert again == pytest.approx(loss, rel=1e-9)
    for ours, theirs in zip(same, bars, strict=True):
        assert_close(ours, theirs, 1e-9, scale=1e-2)


# --- workers -------------------------------------------------------------------------------------


def test_a_worker_that_dies_is_done_without(sharding):
    sharding(AT_ONCE)
    net = model().eval()
    program = compiled(net, threads=2)
    before = program.value_and_grad(IMAGES)
    (worker,) = program.runner.workers
    assert worker.alive
    worker.process.kill()
    worker.process.wait()
    for _ in range(2):
        loss, bars = program.value_and_grad(IMAGES)
        assert loss == before[0]
        assert all(np.array_equal(a, b) for a, b in zip(bars, before[1], strict=True))
    assert not worker.alive
    close(program)


def test_workers_end_with_their_program(sharding):
    sharding(AT_ONCE)
    program = compiled(model(), threads=3)
    program(IMAGES)
    processes = [worker.process for worker in program.runner.workers]
    assert [process.poll() for process in processes] == [None, None]
    del program
    gc.collect()
    assert [process.poll() for process in processes] == [0, 0]


def test_workers_follow_larger_batches_and_changed_parameters(sharding):
    sharding(AT_ONCE)
    net = model().eval()
    program, alone = compiled(net, threads=2), compiled(net, threads=1)
    for n in (4, 64, 7, 64):
        for p in net.parameters():
            p.values[0].data += 0.25
        loss, bars = program.value_and_grad(IMAGES[:n])
        expected, theirs = alone.value_and_grad(IMAGES[:n])
        assert loss == pytest.approx(expected, rel=1e-5)
        for ours, bar in zip(bars, theirs, strict=True):
            assert_close(ours, bar, 1e-4, scale=1e-2)
    close(program)


# --- BLAS and memory -----------------------------------------------------------------------------


def blas():
    """The thread counts of this process's BLAS libraries."""
    return [c.num_threads for c in ThreadpoolController().select(user_api="blas").lib_controllers]


def test_blas_has_one_thread_in_a_run_and_as_many_as_before_after_it(monkeypatch):
    program = compiled(model(), threads=1)
    seen = []
    run = program.runner.local.run

    def watched(*arguments):
        seen.append(blas())
        return run(*arguments)

    monkeypatch.setattr(program.runner.local, "run", watched)
    with threadpool_limits(2, user_api="blas"):
        before = blas()
        program(IMAGES)
        program.value_and_grad(IMAGES)
        assert blas() == before
    assert all(set(counts) <= {1} for counts in seen)


def test_blas_has_as_many_threads_as_before_after_an_error(monkeypatch):
    program = compiled(model(), threads=1)

    def fail(*_):
        raise MemoryError("on purpose")

    monkeypatch.setattr(program.runner.local, "run", fail)
    with threadpool_limits(2, user_api="blas"):
        before = blas()
        with pytest.raises(MemoryError):
            program(IMAGES)
        with pytest.raises(ValueError, match="shape"):
            program(IMAGES[0])
        assert blas() == before


def test_five_hundred_runs_do_not_grow_the_process():
    net = model()
    program = compiled(net, threads=1)
    step = program.train_step(nn.Adam(net.parameters(), lr=1e-4))

    def run(times):
        for k in range(times):
            step(IMAGES[: 8 if k % 2 else 5])
            program(IMAGES[:3])

    run(10)
    buffers = program.runner.local.nbytes()
    tracemalloc.start()
    try:
        run(10)
        before, _ = tracemalloc.get_traced_memory()
        run(250)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert program.runner.local.nbytes() == buffers
    assert after - before < 100_000


def test_runs_allocate_no_buffers_after_the_first_of_a_batch_size():
    """What a run allocates is its results and its gradient, not the images between the layers."""
    net = nn.Sequential(nn.Conv2D(1, 64, 3), nn.ReLU(), nn.Conv2D(64, 2, 3), nn.GlobalAvgPool())
    program = compiled(net, threads=1)
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
    program = compiled(model(), threads=1)
    program.value_and_grad(IMAGES)
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(5):
            program = compiled(model(), threads=1)
            program.value_and_grad(IMAGES)
        del program
        gc.collect()
        left, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < peak / 2


def test_buffers_of_a_few_batch_sizes_are_kept():
    program = compiled(model().eval(), threads=1)
    for n in range(1, 13):
        program.value_and_grad(IMAGES[:n])
    assert len(program.runner.local._executables) == 8


def test_dropout_may_draw_from_any_generator():
    class Ones:
        """A generator that drops nothing."""

        def random(self):
            return 0.999

    net = nn.Sequential(nn.Flatten(), nn.Dropout(0.5, rng=Ones()))
    program = autograd.compile(lambda x: net(x).sum(), np.zeros((1, 2, 2)))
    assert program(np.ones((3, 1, 2, 2))).tolist() == [8.0] * 3
