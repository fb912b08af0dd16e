"""What a function draws or counts by itself would stand still in a program, and is told."""

import functools
import math
import random
import threading
from random import gauss as normal
from random import random as uniform
from types import MethodType

import numpy as np
import pytest

import autograd
from autograd import Tensor, UnknownNumberError, Value
from autograd.reach import holders

W = Tensor([0.5, -1.0])
GENERATOR = np.random.default_rng(0)
calls = 0


def compiled(function):
    return autograd.compile(function, [1.0, 2.0], parameters=[W], dtype="float64", backend="numpy")


def refused(function, told):
    with pytest.raises(TypeError, match=told):
        compiled(function)


# --- generators ----------------------------------------------------------------------------------


def drawing(rng, draw):
    """Functions that reach a generator in all the ways in which one can be reached."""

    class Noise:
        def __init__(self):
            self.rng, self.many = rng, {"all": [rng]}

        def __call__(self, x):
            return x.sum() + draw(self.rng)

        def method(self, x):
            return x.sum() + draw(self.many["all"][0])

    class Shared:
        rng = None

        def method(self, x):
            return x.sum() + draw(self.rng)

    Shared.rng = rng

    def helper():
        return draw(rng)

    def added(x, number):
        return x.sum() + number()

    return {
        "closure": lambda x: x.sum() + draw(rng),
        "default": lambda x, rng=rng: x.sum() + draw(rng),
        "keyword": lambda x, *, rng=rng: x.sum() + draw(rng),
        "helper": lambda x: x.sum() + helper(),
        "inner": lambda x: (lambda: x.sum() + draw(rng))(),
        "partial": functools.partial(added, number=helper),
        "object": Noise(),
        "method": Noise().method,
        "attribute of a class": Shared().method,
        "in a list": MethodType(lambda self, x: x.sum() + draw(self[0]), [rng]),
    }


WAYS = list(drawing(None, None))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("made", "draw"),
    [
        (random.Random, lambda rng: rng.gauss(0, 1)),
        (np.random.default_rng, lambda rng: float(rng.normal())),
        (np.random.RandomState, lambda rng: float(rng.rand())),
    ],
    ids=["random.Random", "Generator", "RandomState"],
)
def test_a_generator_that_the_function_reaches_is_told_and_is_as_it_was(way, made, draw):
    rng = made(1)
    refused(drawing(rng, draw)[way], r"draws from .*autograd\.drawn\.normal")
    assert draw(rng) == draw(made(1))


@pytest.mark.parametrize(
    ("draw", "name"),
    [
        (random.random, "`random`"),
        (lambda: random.gauss(0, 1), "`random`"),
        (lambda: random.choice([1.0, 2.0, 3.0]), "`random`"),
        (lambda: normal(0, 1), "`random`"),
        (lambda: uniform(), "`random`"),
        (lambda: float(np.random.rand()), r"`numpy\.random`"),
        (lambda: float(np.random.standard_normal()), r"`numpy\.random`"),
        (lambda: float(GENERATOR.random()), "GENERATOR"),
    ],
)
def test_pythons_and_numpys_own_and_a_global_generator_are_told(draw, name):
    random.seed(5)
    np.random.seed(5)
    expected = random.random(), np.random.rand()
    random.seed(5)
    np.random.seed(5)
    refused(lambda x: (W * x).sum() + draw(), f"the function draws from {name}, and")
    assert (random.random(), np.random.rand()) == expected


def test_what_is_drawn_by_drawn_is_no_fault():
    rng = random.Random(3)
    program = compiled(lambda x: (x * autograd.drawn(x.shape, rng, lambda u: u)).sum())
    first, second = program([[1.0, 1.0]] * 2)
    assert first != second


def test_what_is_drawn_once_and_kept_is_no_fault():
    kept = {}

    def projected(x):
        if not kept:
            kept["matrix"] = [random.random(), random.random()]
        return (x * kept["matrix"]).sum()

    program = compiled(projected)
    assert program([[1.0, 2.0]])[0] == kept["matrix"][0] + 2 * kept["matrix"][1]


def test_another_thread_may_draw_meanwhile():
    stop = threading.Event()

    def draw():
        while not stop.is_set():
            random.random()
            np.random.rand()

    thread = threading.Thread(target=draw)
    thread.start()
    try:
        programs = [
            compiled(lambda x: sum((W * x * k).tanh().sum() for k in range(50))) for _ in range(5)
        ]
    finally:
        stop.set()
        thread.join(60)
    right = sum(math.tanh(w * x * k) for k in range(50) for w, x in [(0.5, 3.0), (-1.0, 2.0)])
    assert [p([[3.0, 2.0]])[0] for p in programs] == pytest.approx([right] * 5)


# --- counters and statistics ---------------------------------------------------------------------


class State:
    """What a user's object remembers from call to call."""

    shared = 0

    def __init__(self):
        self.count, self.fraction, self.flag = 0, 0.5, False
        self.mean, self.value, self.tensor = 0.0, Value(0.0), Tensor([0.0, 0.0])
        self.hidden = None
        self.counts, self.by_name, self.array = [0, 0], {"calls": 0}, np.zeros(2)


def global_counter(s, y):
    global calls
    calls += 1


def new_counter(s, y):
    s.new = getattr(s, "new", 0) + 1


def count(s, y):
    s.count += 1


def halve(s, y):
    s.fraction /= 2


def toggle(s, y):
    s.flag = not s.flag


def class_counter(s, y):
    type(s).shared += 1


def in_a_list(s, y):
    s.counts[1] += 1


def in_a_dict(s, y):
    s.by_name["calls"] += 1


def in_an_array(s, y):
    s.array += 1


def another_array(s, y):
    s.array = s.array + 1


def in_a_value(s, y):
    s.value.data += 1


def another_value(s, y):
    s.value = s.value + 1


def in_a_tensor(s, y):
    for v in s.tensor.values:
        v.data += 1


def mean_of_a_number(s, y):
    s.mean = 0.9 * s.mean + 0.1 * y


def mean_of_a_value(s, y):
    s.value = (0.9 * s.value + 0.1 * y) if s.count else y
    s.count = 1


def mean_of_a_tensor(s, y):
    s.tensor = 0.9 * s.tensor + 0.1 * y


def hidden_state(s, y):
    s.hidden = y if s.hidden is None else (s.hidden + y).tanh()


COUNTING = {
    global_counter: "calls", new_counter: "state.new", count: "state.count",
    halve: "state.fraction", toggle: "state.flag", class_counter: "State.shared",
    in_a_list: r"state.counts\[1\]", in_a_dict: r"state.by_name\['calls'\]",
    in_an_array: "state.array", another_array: "state.array", in_a_value: "state.value",
    another_value: "state.value", in_a_tensor: "state.tensor", mean_of_a_number: "state.mean",
    mean_of_a_value: "state.value", mean_of_a_tensor: "state.tensor", hidden_state: "state.hidden",
}  # fmt: skip


def seen(state):
    """All that is in a state, and which objects hold it."""
    parts = {k: (id(v), repr(v)) for k, v in vars(state).items()}
    return parts, State.shared, calls


@pytest.mark.parametrize("change", COUNTING, ids=lambda change: change.__name__)
def test_what_another_call_changes_again_is_told_and_is_as_it_was(change):
    state = State()
    before = seen(state)

    def function(x):
        y = (W * x).sum()
        change(state, y)
        return y

    refused(function, rf"the function changes {COUNTING[change]} at each call.*autograd\.observe")
    assert seen(state) == before


def test_a_variable_around_the_function_is_told():
    n = 0

    def function(x):
        nonlocal n
        n += 1
        return x.sum() * n

    refused(function, "changes n at each call")
    assert n == 0


# --- what does no harm ---------------------------------------------------------------------------


def keep_shape(s, y, x):
    s.hidden, s.count, s.last = x.shape, x.size, x.shape[0]


def keep_results(s, y, x):
    s.value, s.tensor, s.mean, s.attention = y, x, x.mean(), x * 2


def keep_in_containers(s, y, x):
    s.counts.append(y)
    s.by_name["y"] = (x, [y])
    s.counts.append(7)


def keep_equal(s, y, x):
    s.fraction, s.mean, s.array = 1 / 2, abs(0.0), np.zeros(2)
    s.value, s.tensor = Value(0.0), Tensor([0.0, 0.0])


@pytest.mark.parametrize("keep", [keep_shape, keep_results, keep_in_containers, keep_equal])
def test_what_is_only_kept_does_no_harm_and_no_unknown_numbers_stay(keep):
    state = State()

    def function(x):
        y = (W * x).sum()
        keep(state, y, x)
        return y

    assert compiled(function)([[1.0, 2.0]]).tolist() == [-1.5]
    assert "Unknown" not in repr(vars(state))
    plain = State()
    if keep is keep_shape:
        plain.hidden, plain.count, plain.last = (2,), 2, 2
    if keep is keep_in_containers:
        plain.counts.append(7)
    assert repr(vars(state)) == repr(vars(plain))


@pytest.mark.parametrize("error", [ZeroDivisionError, UnknownNumberError, KeyboardInterrupt])
def test_a_function_that_fails_leaves_its_objects_as_they_were(error):
    state = State()
    before = seen(state)

    def function(x):
        keep_results(state, x.sum(), x)
        keep_in_containers(state, x.sum(), x)
        count(state, x)
        in_an_array(state, x)
        del state.flag
        random.random()
        if error is UnknownNumberError:
            float(x[0])
        raise error

    random.seed(1)
    expected = random.random()
    random.seed(1)
    with pytest.raises(error):
        compiled(function)
    assert {k: v for k, v in seen(state)[0].items() if k != "flag"} == {
        k: v for k, v in before[0].items() if k != "flag"
    }
    assert state.flag is False
    assert random.random() == expected


def test_a_function_without_a_memory_is_called_once():
    called = []

    def function(x):
        called.append("a call")
        return (W * x).sum()

    compiled(function)
    assert called == ["a call"]


def test_data_and_libraries_are_not_looked_into():
    rows = [[float(k)] * 784 for k in range(1000)]
    array = np.zeros((1000, 784))
    program = autograd.compile(lambda x: x, 1.0, backend="numpy")
    assert len(list(holders(lambda x: (rows, array, program, random, np, pytest)))) < 10
