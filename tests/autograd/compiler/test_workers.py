"""What people do to a program with worker processes: interrupt it, fork it, use it from threads."""

import copy
import os
import pickle
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autograd
from autograd import PRIMITIVES, Primitive, Tensor, apply
from autograd.compiler.run import parallel, worker
from autograd.compiler.run.microbatches import processors
from autograd.compiler.run.worker import Worker

IMAGES = np.random.default_rng(0).standard_normal((24, 6))
WEIGHTS = np.random.default_rng(1).standard_normal((6, 6)).tolist()


@pytest.fixture
def helped(monkeypatch):
    """A program whose batches are sharded with one worker from the first one on."""
    monkeypatch.setattr(parallel, "MIN_SHARD_SECONDS", 1e-12)
    monkeypatch.setattr(parallel, "WARM_UP_SECONDS", -1.0)
    w = Tensor(WEIGHTS)
    program = autograd.compile(
        lambda x: ((w @ x).tanh() ** 2).sum(), IMAGES[0], parameters=[w], threads=2
    )
    program.value_and_grad(IMAGES)
    assert len(program.runner.workers) == 1
    return program


def results(program, n=24):
    loss, (gradient,) = program.value_and_grad(IMAGES[:n])
    return loss, gradient.tolist()


def test_an_interrupt_between_question_and_answer_spoils_nothing(helped, monkeypatch):
    expected = [results(helped, n) for n in (24, 20, 16)]

    def interrupted(*_):
        raise KeyboardInterrupt

    for _ in range(3):
        with monkeypatch.context() as patch:
            patch.setattr(Worker, "collect", interrupted)
            with pytest.raises(KeyboardInterrupt):
                helped.value_and_grad(IMAGES[::-1])
        assert not helped.runner.workers
        assert [results(helped, n) for n in (24, 20, 16)] == expected


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_leaves_the_workers_of_its_parent_alone(helped):
    expected = results(helped)
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:  # the child: the same numbers, without the parent's worker
        same = results(helped) == expected
        os.write(writer, b"same" if same else b"else")
        os._exit(0)
    assert [results(helped) for _ in range(5)] == [expected] * 5
    os.waitpid(pid, 0)
    assert os.read(reader, 4) == b"same"
    assert helped.runner.workers[0].alive
    for end in (reader, writer):
        os.close(end)


def test_a_worker_ends_by_a_word_though_another_process_holds_its_pipe(helped):
    helper = helped.runner.workers[0]
    held = os.dup(helper.process.stdin.fileno())
    helper.close()
    assert helper.process.returncode == 0
    os.close(held)


def test_without_room_for_files_the_work_is_done_alone(helped, monkeypatch):
    expected = results(helped)
    more = np.concatenate([IMAGES, IMAGES])

    def full(*_):
        raise OSError(28, "no room")

    monkeypatch.setattr("autograd.compiler.run.worker._file", full)
    loss, _ = helped.value_and_grad(more)
    assert loss == pytest.approx(expected[0], rel=1e-5)
    assert results(helped) == expected


def test_a_forward_run_leaves_the_last_gradient_as_it_is(helped):
    gradient = helped.value_and_grad(IMAGES)[1][0].ravel().tolist()
    helped(IMAGES[:1])
    assert helped.runner.gradient.tolist() == gradient


def test_threads_take_turns_on_one_program(helped):
    expected = results(helped)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: results(helped), range(60)))
    assert found == [expected] * 60
    assert threading.active_count() < 20


def test_a_row_that_is_called_like_one_of_the_table_stays_itself(monkeypatch):
    monkeypatch.setattr(parallel, "MIN_SHARD_SECONDS", 1e-12)
    monkeypatch.setattr(parallel, "WARM_UP_SECONDS", -1.0)
    for name in ("relu", "stop", "pow", "exp"):
        double = Primitive(name, "2·", lambda x: x + x, lambda *_: (2,))
        program = autograd.compile(lambda x, row=double: apply(row, x * x), 1.0, threads=2)
        assert program([1.0, -2.0, 3.0]).tolist() == [2.0, 8.0, 18.0]


def test_rows_are_copied_as_themselves():
    mine = Primitive("relu", "ReLU", abs, abs)
    assert copy.deepcopy(mine) is mine
    assert pickle.loads(pickle.dumps(mine)).forward is abs
    assert pickle.loads(pickle.dumps(PRIMITIVES["relu"])) is PRIMITIVES["relu"]


def test_what_is_no_optimiser_is_named(helped):
    for wrong in (0.1, IMAGES, type("Sgd", (), {"rule": None})):
        with pytest.raises(TypeError, match="train_step: needs an optimiser"):
            helped.train_step(wrong)


def test_without_processes_the_work_is_done_alone(monkeypatch):
    monkeypatch.setattr(parallel, "MIN_SHARD_SECONDS", 1e-12)
    monkeypatch.setattr(parallel, "WARM_UP_SECONDS", -1.0)
    started = []

    def refused(*_):
        started.append(1)
        raise OSError(11, "no more processes")

    monkeypatch.setattr(parallel, "Worker", refused)
    program = autograd.compile(lambda x: (x * x).sum(), IMAGES[0], threads=2)
    for _ in range(3):
        assert program(IMAGES) == pytest.approx((IMAGES**2).sum(1), rel=1e-5)
    assert len(started) == 1


def test_a_system_that_does_not_say_which_processors_are_ours_has_all_of_them(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert processors() == 5
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert processors() == 1


def test_files_are_made_where_the_system_cannot_reserve_their_room(monkeypatch):
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    path = worker._file(4096, None)
    assert os.path.getsize(path) == 4096
    os.unlink(path)


def test_a_file_without_room_is_removed_again(monkeypatch, tmp_path):
    def full(*_):
        raise OSError(28, "no room")

    monkeypatch.setattr(os, "posix_fallocate", full, raising=False)
    with pytest.raises(OSError, match="no room"):
        worker._file(4096, str(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_worker_that_does_not_end_is_killed(helped):
    process = helped.runner.workers[0].process
    os.kill(process.pid, signal.SIGSTOP)
    helped.runner.workers[0].close()
    assert process.returncode == -signal.SIGKILL
