"""train_step on JAX: the steps that the host would take, on devices, and fetched by who reads."""

import copy
import pickle
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from interrupts import interrupted

import autograd
import nn
from autograd import Value
from autograd.compiler.backends.jax.away import Away, Numbers

pytest.importorskip("jax", reason='needs pip install "glassgrad[jax]"')
RNG = np.random.default_rng(0)
X, T = RNG.normal(size=(12, 3)), RNG.normal(size=(12, 2))
LOSS = nn.MSELoss()

WITHIN_A_STEP = {
    "nn.optim.optimizer",
    "nn.optim.rules",
    "autograd.columns",
    "autograd.compiler.parameters",
    "autograd.compiler.program",
    "autograd.compiler.steps",
    *(f"autograd.compiler.backends.jax.{name}" for name in ("away", "backend", "devices", "rules")),
    "autograd.compiler.backends.jax.training",
}


class Run:
    """A small network and its training step."""

    def __init__(self, optimizer, backend="jax", clip_norm=None):
        random.seed(4)
        self.model = nn.Sequential(nn.Dense(3, 4), nn.Tanh(), nn.Dense(4, 2))
        self.optimizer = optimizer(self.model.parameters())
        self.program = autograd.compile(
            lambda x, t: LOSS(self.model(x), t),
            *(X[0], T[0]),
            parameters=self.model.parameters(),
            dtype="float64",
            backend=backend,
        )
        self.step = self.program.train_step(self.optimizer, clip_norm)

    @property
    def updater(self):
        return self.step._elsewhere

    def columns(self):
        """All that a step changes and shows."""
        storages = {v.home[0] for v in self.program.values}
        shown = [column for s in storages for column in (s.numbers, s.gradients)]
        return [*shown, *self.optimizer.state]

    def numbers(self):
        """The parameters, the state, and the number of steps."""
        slots = np.array(self.optimizer.state_dict()["state"])
        flat = [v.data for v in self.program.values]
        return [*flat, *slots.ravel().tolist(), self.optimizer.steps]


def adam(parameters):
    return nn.Adam(parameters, lr=0.01)


class Halving(nn.SGD):
    """A rule of a user's own, generic in the number, which is another one from a step on."""

    def rule(self, p, g, *state):
        (velocity,) = state
        moved = 0.5 * velocity + g if self.steps > 2 else g
        return p - self.lr / self.steps * moved * abs(moved) ** 0.5, moved


class Signed(nn.SGD):
    """A rule of NumPy's words."""

    def rule(self, p, g, *state):
        return p - np.copysign(self.lr, g), *state


@pytest.fixture
def reads(monkeypatch):
    """Whenever numbers were asked for that were on devices alone."""
    found, fetched = [], Numbers.fetched

    def counted(numbers):
        found.append(numbers)
        return fetched(numbers)

    monkeypatch.setattr(Numbers, "fetched", counted)
    return found


@pytest.mark.parametrize(
    ("optimizer", "clip_norm"),
    [
        (adam, None),
        (lambda p: nn.SGD(p, lr=0.1), 0.5),
        (lambda p: nn.RMSprop(p, lr=0.01, weight_decay=0.1), None),
        (lambda p: nn.EMA(nn.AdamW(p, lr=0.01), 0.5), None),
        (lambda p: nn.SWA(nn.SGD(p, lr=0.1, momentum=0.5), start=2, every=2), None),
        (lambda p: nn.SGD([{"parameters": p[2:], "lr": 0.05}, {"parameters": p[:2]}], lr=0.1), 1.0),
        (lambda p: Halving(p, lr=0.1), None),
        (lambda p: Signed(p[1:3], lr=0.1), None),
    ],
)
def test_steps_on_devices_are_those_of_the_host(optimizer, clip_norm):
    ours, theirs = (Run(optimizer, backend, clip_norm) for backend in ("jax", "numpy"))
    for n in (12, 12, 5):
        assert ours.step(X[:n], T[:n]) == pytest.approx(theirs.step(X[:n], T[:n]), rel=1e-12)
    batches = [(X[:6], T[:6]), (X[6:9], T[6:9]), (X[9:], T[9:])]
    losses = ([loss for loss, _ in run.step.accumulate(batches)] for run in (ours, theirs))
    assert next(losses) == pytest.approx(next(losses), rel=1e-12)
    assert ours.numbers() == pytest.approx(theirs.numbers(), rel=1e-12, abs=1e-15)
    grads = [[v.grad for v in run.program.values] for run in (ours, theirs)]
    assert grads[0] == pytest.approx(grads[1], rel=1e-12, abs=1e-15)


def test_rates_and_steps_change_without_another_compilation_and_old_buffers_are_given_up(reads):
    run = Run(adam)
    for k, n in enumerate((12, 12, 7, 3)):
        run.optimizer.lr = 0.1 / (k + 1)
        before = [kept.array for kept in (run.updater._weights, *run.updater._state)]
        run.step(X[:n], T[:n])
        assert all(array is None or array.is_deleted() for array in before)
    (update,) = run.updater._updates.values()
    assert update._cache_size() == run.updater._gather._cache_size() == 1
    assert reads == []
    assert all(isinstance(column.truth, Away) for column in run.columns())


def test_optimisers_that_take_turns_on_one_program_fetch_nothing_either(reads):
    numbers = {}
    for backend in ("jax", "numpy"):
        run = Run(lambda p: nn.SGD(p[:2], lr=0.1, momentum=0.5), backend)
        other = run.program.train_step(nn.Adam(run.model.parameters()[1:], lr=0.05))
        for k in range(3):
            run.step(X, T)
            other(X, T)
            if k == 0:
                reads.clear()  # before the second rule was compiled
        assert reads == []
        numbers[backend] = run.numbers()
        reads.clear()
    assert numbers["jax"] == pytest.approx(numbers["numpy"], rel=1e-12)


def test_what_is_read_is_fetched_once_and_training_goes_on_from_it(reads):
    ours, theirs = Run(adam), Run(adam, "numpy")
    for run in (ours, theirs):
        run.step(X, T)
    assert ours.numbers() == pytest.approx(theirs.numbers(), rel=1e-12)
    assert len({id(numbers) for numbers in reads}) == 3  # parameters, and two slots
    sent = ours.updater._weights.array
    for run in (ours, theirs):
        run.step(X, T)
    assert sent.is_deleted()  # a copy was read, so that the buffer was free to go
    assert ours.numbers() == pytest.approx(theirs.numbers(), rel=1e-12)
    assert ours.program.to("numpy")(X, T) == pytest.approx(theirs.program(X, T), rel=1e-12)


def test_numbers_that_are_written_between_steps_are_trained_on():
    runs = Run(adam), Run(adam, "numpy")
    for run in runs:
        run.step(X, T)
        run.model[0].weight[0, 0].data = 0.25
        run.step(X, T)
        state = run.optimizer.state_dict()
        state["state"] = [[0.5 * m, s] for m, s in state["state"]]
        run.optimizer.load_state_dict(state)
        run.step(X, T)
        run.model[2].bias[1].grad = 2.0
        run.optimizer.step()  # scalar by scalar
        run.step(X, T)
    assert runs[0].numbers() == pytest.approx(runs[1].numbers(), rel=1e-12)


def test_a_copy_of_an_optimiser_has_numbers_of_its_own():
    run = Run(adam)
    run.step(X, T)
    state = run.optimizer.state_dict()["state"]
    copies = copy.deepcopy(run.optimizer), pickle.loads(pickle.dumps(run.optimizer))
    run.step(X, T)
    assert [copied.state_dict()["state"] for copied in copies] == [state, state]


# --- steps that are not taken --------------------------------------------------------------------


def test_a_step_that_is_not_finite_is_named_and_changes_nothing():
    v, w = Value(1.0, label="v"), Value(2.0, label="w")
    optimizer = nn.Adam([v, w], lr=0.5)
    program = autograd.compile(
        lambda x: w + (v * x).sqrt(), 1.0, parameters=[v, w], dtype="float64", backend="jax"
    )
    step = program.train_step(optimizer)
    step([4.0, 9.0])
    before = v.data, w.data, optimizer.state_dict()
    for batch, wrong in [([4.0, 0.0], "the gradient of v is nan"), ([-1.0], "the loss is nan")]:
        with pytest.raises(FloatingPointError, match=wrong):
            step(batch)
        assert (v.data, w.data, optimizer.state_dict()) == before
    with pytest.raises(ValueError, match="argument 0: the batch has nan"):
        step([float("nan")])
    step([4.0, 9.0])
    assert optimizer.steps == 2


def test_where_a_branch_is_not_taken_that_is_not_finite_the_host_takes_the_step():
    numbers = {}
    for backend in ("numpy", "jax"):
        v = Value(0.5)
        optimizer = nn.SGD([v], lr=0.1, momentum=0.5)
        program = autograd.compile(
            lambda x, v=v: autograd.where(x > 0, (v * x).sqrt(), v * x),
            *(1.0,),
            parameters=[v],
            dtype="float64",
            backend=backend,
        )
        step = program.train_step(optimizer)
        losses = [step([4.0]), step([4.0, -1.0]), step([9.0])]
        numbers[backend] = [*losses, v.data, optimizer.steps]
    assert numbers["jax"] == pytest.approx(numbers["numpy"], rel=1e-12)
    assert numbers["jax"][-1] == 3


def test_an_interrupt_leaves_a_step_whole_or_undone():
    """At every line of the library that runs within a step."""
    run = Run(adam)

    def second_step(at):
        run.model.load_state_dict(weights)
        run.optimizer.load_state_dict(state)
        run.step(X, T)
        return interrupted(lambda: run.step(X, T), at, WITHIN_A_STEP)

    weights, state = run.model.state_dict(), run.optimizer.state_dict()
    run.step(X, T)
    before = run.numbers()
    run.step(X, T)
    after, at, undone = run.numbers(), 0, 0
    while not second_step(at := at + 1):
        assert run.numbers() in (before, after), f"at line {at}"
        undone += run.numbers() == before
    assert run.numbers() == after
    assert 50 < undone < at


def test_an_interrupt_at_the_end_of_a_compilation_does_not_lose_the_numbers(monkeypatch):
    """When the old buffers are gone already, and Python still holds the new ones."""
    run, twin = Run(lambda p: Halving(p, lr=0.1)), Run(lambda p: Halving(p, lr=0.1), "numpy")
    for each in (run, twin):
        each.step(X, T)
        each.step(X, T)
    jit = run.program.runner.jit

    def once(*given, **options):
        function = jit(*given, **options)

        def called(*numbers):
            function(*numbers)
            raise KeyboardInterrupt

        return called

    monkeypatch.setattr(run.program.runner, "jit", once)
    with pytest.raises(KeyboardInterrupt):
        run.step(X, T)  # the third step's rule is another
    monkeypatch.undo()
    run.updater._updates.clear()
    assert run.numbers() == pytest.approx(twin.numbers(), rel=1e-12)
    for each in (run, twin):
        each.step(X, T)
    assert run.numbers() == pytest.approx(twin.numbers(), rel=1e-12)


def test_who_reads_while_another_thread_takes_a_step_gets_the_numbers_after_it():
    run = Run(adam)
    run.step(X, T)
    column = run.program.values[0].home[0].numbers
    stale = column.truth
    run.step(X, T)
    run.step(X, T)
    assert stale.tolist() == column.list()
    assert len(stale) == 12


def test_threads_read_while_steps_are_taken():
    run, over = Run(adam), threading.Event()
    run.step(X, T)

    def read():
        found = []
        while not over.is_set():
            found.append(run.program.values[0].data)
        return found

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for _ in range(100):
            run.step(X, T)
        over.set()
        assert all(len(set(reader.result())) > 2 for reader in readers)


def test_numbers_that_a_failed_step_has_taken_along_are_said_to_be_lost():
    run = Run(adam)
    run.step(X, T)
    run.updater._weights.array.delete()
    with pytest.raises(RuntimeError, match="on devices, where a step has failed"):
        run.numbers()
