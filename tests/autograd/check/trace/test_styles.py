"""Forwards as people write them: lists, objects, numbers of Python, names imported one by one."""

import copy
import math
import pickle
from dataclasses import dataclass
from functools import partial, reduce
from math import exp

import numpy as np
import numpy as xp
import pytest
from numpy import array, float64, zeros
from numpy.lib.stride_tricks import as_strided
from recorded_runs import assert_recorded

X = np.random.default_rng(0).uniform(0.2, 0.9, (3, 4))
LISTS = X.tolist()


def sigmoid(z):
    return 1 / (1 + math.exp(-z))


def dense_in_lists(x):
    out = []
    for row in x:
        s = 0.0
        for k, v in enumerate(row):
            s += v * (k + 1)
        out.append(sigmoid(s))
    return out


def softmax_of_a_list(x):
    powers = np.exp(x[0])
    return np.add(powers, [v * 2 for v in x[1]]) / np.sum(powers) + np.maximum.reduce(x[2])


def sums_of_lists(x):
    flat = [v for row in x for v in row]
    return [sum(flat), max(flat), min(flat), sum(v**2 for v in flat), abs(-flat[0]), -flat[1],
            2**flat[0], 1 - flat[2], 3 / flat[3], flat[4] // 0.3, flat[5] % 0.2]  # fmt: skip


def float_of_entries(x):
    total = 0.0
    for row in x:
        total += float(row[0]) * float(row[1]) + row[2].item() + row.item(3) + row[3].tolist()
    return float(total)


def numbers_by_math(x):
    a = x[0, 0]
    return np.array([math.exp(a), exp(a), math.log(a), math.sqrt(a), math.tanh(a), math.pow(a, 3),
                     math.sin(a) + math.cos(a), math.log(a, 3), math.hypot(a, 2.0), math.erf(a),
                     math.log1p(a), math.atan(a), math.fsum([a, a * a])])  # fmt: skip


def arrays_of_numbers(x):
    a = array([x[0, 0], 2.0, x[1, 1] * x[1, 1]])
    b = np.array([[row[0], row[1]] for row in x])
    c = np.asarray([x[0], x[1]])
    return b @ a[:2] + c.sum() + np.array([a, a]).sum(0)


def names_imported(x):
    out = zeros((3, 4))
    out[1:] = xp.tanh(x[1:])
    windows = as_strided(x, (3, 3, 2), (32, 8, 8))
    return xp.sum(out) * windows


def lists_of_arrays(x):
    states = [np.zeros(3)]
    cache = {}
    for t in range(4):
        states.append(np.tanh(states[-1] + x[:, t]))
        cache[t] = (states[-1], x[:, t])
    return np.stack(states[1:], 1) + sum(h * v for h, v in cache.values())[:, None]


def functional(x):
    return reduce(lambda h, v: np.tanh(h @ np.eye(3) + v), x.T, np.zeros(3)) + partial(
        np.sum, axis=1
    )(x)


def asked_what_it_is(x):
    assert isinstance(x, np.ndarray)
    assert x.dtype == np.float64
    assert np.issubdtype(x.dtype, np.floating)
    assert x.shape == (3, 4)
    assert x.ndim == 2
    assert x.size == len(x) * 4
    assert isinstance(x[0, 0], float)
    assert np.isscalar(x[0, 0])
    assert isinstance(x.sum(), np.floating)
    assert not np.isnan(x).any()
    assert hash(x[0, 0]) == hash(float64(x[0, 0]))
    assert f"{x[0, 0]:.2f} {x} {x!r}" != ""
    assert (x > 0).all()
    assert x[0, 0] > 0
    assert np.allclose(x, x)
    assert x.max() in x
    return x.astype("float64") + x.astype(np.int64) + np.zeros(x.shape, x.dtype)


def copies_of_it(x):
    y = copy.deepcopy({"x": x, "n": x[0, 0]})
    z = copy.copy(x)
    z[0] = 0.0
    assert np.array_equal(pickle.loads(pickle.dumps(x)), x)
    assert pickle.loads(pickle.dumps(x[0, 0])) == x[0, 0]
    return y["x"] * y["n"] + z


def functions_of_the_user(x):
    relu = np.vectorize(lambda z: z if z > 0.5 else 0.1 * z)
    rows = np.apply_along_axis(lambda r: r / r.sum(), 1, x) + np.vectorize(math.erf)(x)
    return relu(x) + rows


def state_in_an_object(x):
    @dataclass
    class Cell:
        h: object = None

        def step(self, v):
            self.h = np.tanh(v + (0 if self.h is None else self.h))
            self.cache = [v, self.h]
            return self.h

    cell = Cell()
    return [cell.step(x[:, t]) for t in range(4)]


def numbers_as_arrays(x):
    n = x.sum()
    return (
        n.reshape(1)
        + np.atleast_1d(n)
        + n.mean()
        + np.sum(n)
        + n[None]
        + np.full(2, n)
        + n.astype(float)
    )


def lists_to_functions_of_arrays(x):
    numbers = [v * v for v in x[0]]
    pairs = [x[0] * 2, x[1]]
    return np.array([np.sum(numbers), np.mean(numbers), np.max(pairs), np.dot(numbers, x[1]),
                     np.linalg.norm(numbers), np.sum(pairs, axis=0)[1], np.std(numbers),
                     np.prod(numbers), np.sum(a=x, axis=0)[2], np.cumsum(numbers)[2]])  # fmt: skip


def one_hot_rows(x):
    return np.eye(4)[np.argmax(x, axis=1)] * x + np.ones((3, 4))[[0, 1, 2]] * x[0]


def enumerated(x):
    total = 0.0
    for (i, j), v in np.ndenumerate(x):
        total += v * (i + 1) * v**j
    return total


def made_of_other_functions(x):
    outers = np.add.outer(x[0], x[1]).sum(0)[:3] - np.subtract.outer(x[0], x).sum((0, 2))
    return np.polyval([1.0, 2.0, 3.0], x).sum() + np.trapezoid(x, axis=1) + outers


def choices_by_numbers(x):
    out = []
    for row in x:
        for v in row:
            out.append(v if v > 0.5 else v * v)
    i = int(x[0, 0] * 3)
    return np.array(out) * x[i, i] * round(x[0, 0], 1)


def other_makers(x):
    a = np.full(3, 2.0)
    b = np.ones_like(a) * np.linspace(0, 1, 3)
    c = np.empty((3, 4), dtype=float)
    c[...] = x
    d = np.array([0.0, 1.0, 2.0])
    d[1] = x[0, 0]
    e = np.identity(3) + np.eye(3)
    e[0] = x[:, 0]
    return (a + b) @ c + (d @ e).sum()


ARRAYS = [
    float_of_entries, numbers_by_math, arrays_of_numbers, names_imported, lists_of_arrays,
    functional, asked_what_it_is, copies_of_it, functions_of_the_user, state_in_an_object,
    lists_to_functions_of_arrays, one_hot_rows, enumerated, made_of_other_functions,
    numbers_as_arrays, choices_by_numbers, other_makers,
]  # fmt: skip


@pytest.mark.parametrize("forward", ARRAYS, ids=lambda f: f.__name__)
def test_a_forward_of_arrays_has_its_slopes_however_it_is_written(forward):
    assert_recorded(forward, {"x": X})


@pytest.mark.parametrize(
    "forward", [dense_in_lists, softmax_of_a_list, sums_of_lists], ids=lambda f: f.__name__
)
def test_a_forward_of_nested_lists_of_numbers_has_its_slopes(forward):
    assert_recorded(forward, {"x": LISTS})


def test_a_number_as_an_input_has_its_slope():
    assert_recorded(lambda x, p: x**p + math.exp(p), {"x": X, "p": 1.5})
