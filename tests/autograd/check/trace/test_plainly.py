"""What has no rule is computed plainly and named; a recording leaves nothing behind."""

import copy
import math
import pickle
import threading

import numpy as np
import pytest
from recorded_runs import assert_recorded, record_of

import autograd.check.trace.patched as patched
from autograd.check.trace.recorded import Number, Recorded
from autograd.check.truth.arrays import Inputs

X = np.random.default_rng(0).uniform(0.2, 0.9, (3, 3))


def lost_of(forward):
    """What a record of forward(x) names as lost; its output is forward's all the same."""
    made = record_of(forward, {"x": X})
    np.testing.assert_allclose(made.output.value, Inputs({"x": X}).call(forward, {"x": X}))
    return made.lost


@pytest.mark.parametrize(
    ("forward", "name"),
    [
        (lambda x: x + np.linalg.inv(x), "np.linalg.inv"),
        (lambda x: x * np.linalg.det(x), "np.linalg.det"),
        (lambda x: x * np.linalg.svd(x)[1], "np.linalg.svd"),
        (lambda x: x + np.abs(np.fft.fft(x)), "np.fft.fft"),
        (lambda x: x * np.arctan2(x, 2.0), "np.arctan2"),
        (lambda x: x + np.add.reduceat(x, [0, 2]).sum(), "np.add"),
        (lambda x: x * np.modf(x)[0], "np.modf"),
        (
            lambda x: x + np.frompyfunc(lambda v: v * v, 1, 1)(x).astype(float),
            "np.<lambda> (vectorized)",
        ),
        (lambda x: x * np.pad(x, 1, mode="mean")[0, 0], "np.pad"),
        (lambda x: x * np.quantile(x, 0.3), "np.quantile"),
        (lambda x: x + np.linalg.norm(x, "nuc"), "np.linalg.norm"),
        (lambda x: x + np.interp(x, [0.0, 1.0], [0.0, 2.0]), "np.interp"),
    ],
)
def test_an_operation_without_a_rule_is_named_and_computed_plainly(forward, name):
    assert lost_of(forward) == (name,)


@pytest.mark.parametrize(
    "forward",
    [
        lambda x: x * np.sign(x - 0.5) + np.floor(3 * x) * x,
        lambda x: x * (x > 0.5) + x[np.argsort(x[:, 0])],
        lambda x: x * np.round(x, 1) * np.unique(x).size * np.count_nonzero(x > 0.5),
        lambda x: x[np.nonzero(x > 0.5)] * np.isfinite(x).all() * x.argmax(),
        lambda x: x * np.heaviside(x - 0.5, 0.5) * len(np.flatnonzero(x > 0.4)),
        lambda x: x * np.zeros_like(x) + np.ones(x.shape) * np.array_equal(x, x),
        lambda x: x * x.round(1) * (x // 0.3),
    ],
)
def test_what_is_constant_but_for_jumps_loses_nothing(forward):
    assert_recorded(forward, {"x": X})


def test_what_is_written_to_an_array_that_is_not_recorded_is_named():
    kept = [np.ones((3, 3))]  # where no recording looks

    def forward(x):
        plain = kept[0]
        plain[:] = 1.0
        np.add.at(plain, 0, x[0])
        np.copyto(plain, x, where=x > 0.5)
        plain[0] += x[1]
        return x + plain

    into = ("np.add.at", "np.copyto", "what is written")
    assert lost_of(forward) == tuple(f"{name} to a plain array" for name in into)


def test_an_array_that_an_unknown_function_writes_is_what_it_wrote():
    def shuffled(x):
        y = x.copy()
        np.nan_to_num(np.log(y - y), copy=False)
        np.partition(y, 1)
        np.random.default_rng(0).shuffle(y)
        return y * 2

    made = record_of(shuffled, {"x": X})
    assert made.output.value.shape == (3, 3)


@pytest.mark.parametrize(
    ("forward", "kind"),
    [
        (lambda x: x @ x[:2], ValueError), (lambda x: x[5], IndexError),
        (lambda x: x.reshape(2, 2), ValueError), (lambda x: np.concatenate([x, x[0]]), ValueError),
        (lambda x: np.zeros(2) + x[0], ValueError), (lambda x: math.log(x[0, 0] * 0), ValueError),
        (lambda x: np.einsum("ij,jk->iq", x, x), ValueError), (lambda x: np.sum(x, 4), ValueError),
        (lambda x: [] + x[0, 0] * "a", TypeError), (lambda x: x.nothing, AttributeError),
    ],
)  # fmt: skip
def test_the_exceptions_are_those_of_the_plain_forward(forward, kind):
    with pytest.raises(kind) as plainly:
        forward(X)
    with pytest.raises(kind) as recorded:
        record_of(forward, {"x": X})
    expected = str(plainly.value).replace("numpy.ndarray", "Recorded")
    assert str(recorded.value) == expected.replace("numpy.float64", "Number")


def test_single_precision_inside_is_recorded_in_double_and_shown_as_it_is():
    def single(x):
        y = np.zeros(x.shape, np.float32)
        y[:] = x
        z = x.astype("float32")
        assert (y.dtype, z.dtype, (y * z).dtype) == (np.float32,) * 3
        return y * z

    made = record_of(single, {"x": X})
    assert made.lost == ()
    np.testing.assert_allclose(made.output.value, X * X, rtol=1e-15)
    np.testing.assert_allclose(made.gradients(np.ones((3, 3)))["x"], 2 * X, rtol=1e-14)


def test_an_output_that_is_not_recorded_is_named():
    assert lost_of(lambda x: 3.0) == ("the output of forward",)
    assert lost_of(lambda x: float(np.float64(x[0, 0]) * 2)) == ("the output of forward",)


def test_an_output_that_left_as_a_number_of_python_is_found_again():
    made = record_of(lambda x: x.sum().__float__(), {"x": X})
    np.testing.assert_allclose(made.gradients(np.ones(()))["x"], np.ones((3, 3)))


def test_forward_runs_once():
    calls = []
    record_of(lambda x: calls.append(1) or x * 2, {"x": X})
    assert calls == [1]


# --- nothing is left behind ----------------------------------------------------------------------


def names_now():
    return {id(space): dict(space) for space in [*patched._libraries(), globals()]}


def test_all_names_are_put_back_also_after_an_exception():
    before, vectorized = names_now(), np.vectorize.__call__
    record_of(lambda x: np.zeros(3) + math.exp(float(x[0, 0])), {"x": X})
    assert names_now() == before
    with pytest.raises(ZeroDivisionError):
        record_of(lambda x: 1 / 0, {"x": X})
    assert names_now() == before
    assert np.vectorize.__call__ is vectorized
    assert "float" not in globals()


def test_what_the_users_code_renames_meanwhile_stays():
    space = {"np": np, "zeros": np.zeros, "X": X}
    exec("def forward(x):\n    global zeros\n    zeros = 5\n    return x * 2", space)
    record_of(space["forward"], {"x": X})
    assert space["zeros"] == 5


def test_what_an_object_keeps_is_plain_after_the_recording():
    class Layer:
        def forward(self, x):
            self.cache = {"x": x, "sum": x.sum(), "h": [np.tanh(x)], "buffer": np.zeros(3)}
            self.cache["buffer"][1] = x[0, 0]
            return x * 2

    layer = Layer()
    record_of(layer.forward, {"x": X})
    cache = layer.cache
    for kept in (cache["x"], cache["sum"], cache["h"][0], cache["buffer"]):
        for made in (kept + 1, kept * kept, np.exp(kept), copy.deepcopy(kept), np.sum(kept),
                     pickle.loads(pickle.dumps(kept)), kept.sum(), np.array(kept) * 2):  # fmt: skip
            assert not isinstance(made, Recorded)
            assert not (isinstance(made, Number) and made.varies)
    np.testing.assert_array_equal(cache["h"][0], np.tanh(X))
    cache["buffer"] += 1.0
    assert cache["buffer"][1] == X[0, 0] + 1


def test_a_later_recording_takes_what_an_earlier_one_left_as_a_constant():
    class Layer:
        def __init__(self):
            self.h, self.n = np.zeros((3, 3)), 0.5

        def forward(self, x):
            self.h = np.tanh(x + self.h)
            self.n = self.n * x.mean()
            return self.h * self.n

    layer, twin = Layer(), Layer()
    record_of(layer.forward, {"x": X})
    made = record_of(layer.forward, {"x": X})
    twin.forward(X)
    np.testing.assert_allclose(made.output.value, twin.forward(X))
    assert all(x in made.nodes or not x.varies for node in made.nodes for x in node.inputs)


def test_other_threads_get_plain_arrays_meanwhile():
    found = []

    def work():
        found.append((type(np.zeros(3)), type(np.array([1.0])), type(math.exp(1.0)), float("2")))

    def forward(x):
        other = threading.Thread(target=work)
        other.start()
        other.join()
        return x * np.zeros(3)

    record_of(forward, {"x": X})
    assert found == [(np.ndarray, np.ndarray, float, 2.0)]


def test_two_threads_record_one_after_the_other():
    made = {}

    def work(k):
        made[k] = record_of(lambda x: np.zeros(3) + x * k, {"x": X})

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(4):
        np.testing.assert_array_equal(made[k].gradients(np.ones((3, 3)))["x"], np.full((3, 3), k))
