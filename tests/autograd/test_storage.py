"""One home for a model's numbers: what Values, programs and training steps see of each other."""

import copy
import os
import pickle
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest
from interrupts import interrupted

import autograd
import nn
from autograd import Tensor, Value, no_grad

IMAGES = np.random.default_rng(0).normal(size=(8, 3))
ONES = np.ones((8, 1))


def network(seed=0):
    return nn.Sequential(nn.Dense(3, 4, rng=random.Random(seed)), nn.Tanh(), nn.Dense(4, 1))


def numbers(*tensors):
    return [t.tolist() for t in tensors]


# --- programs that share parameters ---------------------------------------------------------------


def two_players(compiled, dtype="float64", turns=6):
    """What a generator and a critic are after some turns, each with a program of its own."""
    g = Tensor([[0.5, -0.3], [0.2, 0.1]])
    d = Tensor([0.4, -0.6])
    losses = {
        "d": lambda z: ((d @ z.tanh()) - (d @ (g @ z))).sigmoid(),
        "g": lambda z: (d @ (g @ z)).sigmoid() * -1.0,
    }
    rates = {"d": nn.Adam([d], lr=0.1), "g": nn.SGD([g], lr=0.5, momentum=0.5)}
    batch = [[0.5, -1.0], [2.0, 0.3]]
    orders = {"d": [d, g], "g": [g, d]}
    steps = {}
    for name, loss in losses.items():
        if compiled:
            program = autograd.compile(loss, batch[0], parameters=orders[name], dtype=dtype)
            steps[name] = program.train_step(rates[name])
    for k in range(turns):
        name = "dg"[k % 2]
        if compiled:
            steps[name](batch)
        else:
            rates[name].zero_grad()
            mean = (losses[name](Tensor(batch[0])) + losses[name](Tensor(batch[1]))) / 2
            mean.backward()
            rates[name].step()
            d.values[0].grad = d.values[1].grad = 0
    return [x for row in g.tolist() for x in row] + d.tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_two_programs_train_parts_of_the_same_parameters_in_turns(backend, dtype):
    right = two_players(compiled=False)
    tolerance = {"float32": 1e-5, "float64": 1e-12}[dtype]
    assert two_players(compiled=True, dtype=dtype) == pytest.approx(right, rel=tolerance)


def test_programs_of_one_model_use_one_array(backend):
    model = network()
    first, second = (
        autograd.compile(lambda x: model(x)[0], [0.0] * 3, parameters=model.parameters())
        for _ in range(2)
    )
    part = autograd.compile(lambda x: model[2](x)[0], [0.0] * 4, parameters=model[2].parameters())
    assert np.shares_memory(first.weights, second.weights)
    assert np.shares_memory(first.weights, part.weights)
    optimizer = nn.SGD(model.parameters(), lr=0.1)
    before = second(IMAGES)
    first.train_step(optimizer)(IMAGES)
    assert not np.array_equal(second(IMAGES), before)


def test_a_program_of_another_order_or_precision_sees_each_step(backend):
    model = network()
    parameters = model.parameters()
    trained = autograd.compile(lambda x: model(x)[0], [0.0] * 3, parameters=parameters)
    others = [
        autograd.compile(lambda x: model(x)[0], [0.0] * 3, parameters=parameters[::-1], dtype=dtype)
        for dtype in ("float32", "float64")
    ]
    step = trained.train_step(nn.SGD(parameters, lr=0.1))
    for _ in range(2):
        step(IMAGES)
        with no_grad():
            eager = [model(x)[0].data for x in IMAGES]
        for program in others:
            assert program(IMAGES).tolist() == pytest.approx(eager, rel=1e-5)


def test_two_optimisers_steps_of_different_precision_go_on_from_each_other(backend):
    w = Tensor([1.0, 2.0])
    steps = [
        autograd.compile(
            lambda x: (w * x).sum(), [0.0] * 2, parameters=[w], dtype=dtype
        ).train_step(nn.SGD([w], lr=0.25))
        for dtype in ("float32", "float64")
    ]
    for step in [*steps, *steps]:
        step([[1.0, 2.0]])
    assert w.tolist() == [0.0, 0.0]


# --- Values and programs --------------------------------------------------------------------------


def test_what_is_written_into_a_value_is_what_programs_compute_with(backend):
    w = Tensor([1.0, 2.0])
    program = autograd.compile(lambda x: (w * x).sum(), [0.0] * 2, parameters=[w])
    w[0].data = 3.0
    assert program([[1.0, 1.0]]).tolist() == [5.0]
    program.train_step(nn.SGD([w], lr=1.0))([[1.0, 1.0]])
    assert (w.tolist(), w.grad) == ([2.0, 1.0], [1.0, 1.0])
    w[1].data += 1
    assert program([[1.0, 1.0]]).tolist() == [4.0]


def test_gradients_of_a_step_stay_when_others_are_asked_for(backend):
    w = Tensor([1.0, 2.0])
    program = autograd.compile(lambda x: (w * x).sum(), [0.0] * 2, parameters=[w])
    program.train_step(nn.SGD([w], lr=1.0))([[1.0, 2.0]])
    program.value_and_grad([[5.0, 5.0]])
    assert w.grad == [1.0, 2.0]
    (w * w).sum().backward()  # at [0, 0]
    assert w.grad == [1.0, 2.0]


def test_numbers_that_no_array_holds_stay_as_they_are():
    w = Tensor([Fraction(1, 3), 2])
    program = autograd.compile(lambda x: (w * x).sum(), [0.0] * 2, parameters=[w])
    assert program([[3.0, 1.0]]).tolist() == [3.0]
    assert w.tolist() == [Fraction(1, 3), 2]


def test_numbers_that_nothing_trains_keep_all_their_digits(backend):
    frozen, w = Tensor([0.1, 1 / 3]), Tensor([0.1, 0.2])
    program = autograd.compile(lambda x: (frozen * w * x).sum(), [0.0] * 2, parameters=[frozen, w])
    program.train_step(nn.SGD([w], lr=0.1))([[1.0, 1.0]])
    assert frozen.tolist() == [0.1, 1 / 3]
    assert w.tolist() == pytest.approx([0.09, 0.2 - 1 / 30])


class Decorated(Value):
    """A user's kind of Value, with attributes of its own."""

    def doubled(self):
        return self * 2


def test_a_users_kind_of_value_keeps_its_class_and_attributes(backend):
    w = Decorated(3.0, label="w")
    w.colour = "red"
    program = autograd.compile(lambda x: w.doubled() * x, 1.0, parameters=[w])
    program.train_step(nn.SGD([w], lr=0.5))([1.0])
    assert isinstance(w, Decorated)
    assert (w.colour, w.data, w.grad, w.label) == ("red", 2.0, 2.0, "w")


@pytest.mark.parametrize("how", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_of_a_model_have_numbers_of_their_own(how):
    model = network()
    parameters = model.parameters()
    program = autograd.compile(lambda x: model(x)[0], [0.0] * 3, parameters=parameters)
    program.train_step(nn.SGD(parameters, lr=0.1))(IMAGES)
    other = how(model)
    before = other.state_dict()
    assert before == model.state_dict()
    program.train_step(nn.SGD(parameters, lr=0.1))(IMAGES)
    assert other.state_dict() == before != model.state_dict()


# --- threads and forks ----------------------------------------------------------------------------


def test_models_are_compiled_and_read_in_several_threads_at_once():
    model = network()
    right = model.state_dict()

    def work(k):
        if k % 2:
            program = autograd.compile(
                lambda x: model(x)[0], [0.0] * 3, parameters=model.parameters(), backend="numpy"
            )
            return program(IMAGES).tolist()
        for _ in range(20):
            assert model.state_dict() == right
            assert isinstance(model([1.0, 2.0, 3.0])[0].data, float)
        return None

    with ThreadPoolExecutor(6) as pool:
        found = [result for result in pool.map(work, range(12)) if result]
    assert all(result == found[0] for result in found)
    assert model.state_dict() == right


def test_a_thread_that_records_hides_numbers_from_itself_alone():
    w = Value(2.0)
    seen = []

    def function(x):
        thread = threading.Thread(target=lambda: seen.append((w * 3).data))
        thread.start()
        thread.join()
        seen.append(w.unknown)
        return w * x

    autograd.compile(function, 1.0, parameters=[w])
    assert seen == [6.0, True]


def test_a_parameter_cannot_be_written_while_it_is_recorded():
    w = Value(2.0, label="w")

    def function(x):
        w.data = 3.0
        return w * x

    with pytest.raises(autograd.UnknownNumberError, match="w is written"):
        autograd.compile(function, 1.0, parameters=[w])
    assert w.data == 2.0


@pytest.mark.filterwarnings("ignore:os.fork")  # of JAX, if it was here; the child has none
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_beside_a_step_leaves_a_child_that_can_step(backend):
    model = network()
    program = autograd.compile(lambda x: model(x)[0], [0.0] * 3, parameters=model.parameters())
    step = program.train_step(nn.SGD(model.parameters(), lr=1e-3))
    over = threading.Event()

    def train():
        while not over.is_set():
            step(IMAGES)

    thread = threading.Thread(target=train)
    thread.start()
    try:
        for _ in range(20):
            child = os.fork()
            if not child:
                step(IMAGES)
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        over.set()
        thread.join()


# --- a step is whole or not at all ----------------------------------------------------------------


WITHIN_A_STEP = {
    "nn.optim.averages",
    "nn.optim.optimizer",
    "nn.optim.rules",
    "autograd.columns",
    "autograd.storage",
    "autograd.compiler.parameters",
    "autograd.compiler.program",
    "autograd.compiler.steps",
}


@pytest.mark.parametrize("kind", ["compiled", "eager"])
@pytest.mark.parametrize("optimizer", [nn.Adam, nn.SGD])
def test_an_interrupt_leaves_a_step_whole_or_undone(kind, optimizer):
    """At every line of the library that runs within a step."""

    def start():
        w = Tensor([1.0, -2.0])
        return w, optimizer([w], lr=0.5)

    def stepping(w, rule):
        if kind == "compiled":
            program = autograd.compile(
                lambda x: (w * w * x).sum(), [1.0, 1.0], parameters=[w], backend="numpy"
            )
            step = program.train_step(rule)
            return lambda: step([[1.0, 1.0]])
        (w * w).sum().backward()
        return rule.step

    def state(w, rule):
        return w.tolist(), rule.steps, [list(column.list()) for column in rule.state]

    w, rule = start()
    before = state(w, rule)
    stepping(w, rule)()
    after = state(w, rule)
    at, over, undone = 0, False, 0
    while not over:
        at += 1
        w, rule = start()
        over = interrupted(stepping(w, rule), at, WITHIN_A_STEP)
        assert state(w, rule) in (before, after), f"at line {at}"
        undone += state(w, rule) == before
    assert 10 < undone < at
