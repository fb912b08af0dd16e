"""Writes: to buffers, through views, by masks, in place; the record follows each entry."""

import numpy as np
import pytest
from recorded_runs import assert_recorded, record_of

X = np.random.default_rng(0).uniform(0.2, 0.9, (3, 4))
Y = np.random.default_rng(1).uniform(0.2, 0.9, (3, 4))


def buffer_by_rows(x):
    out = np.zeros((4, 3))
    for t in range(4):
        out[t] = x[:, t] * (out[t - 1] if t else 1.0)
    return out


def running_state(x):
    h = np.zeros(3)
    hs = np.empty((3, 4))
    for t in range(4):
        h = np.tanh(x[:, t] + 0.5 * h)
        hs[:, t] = h
    return hs


def scalar_loops(x, w):
    out = np.zeros((2, 3))
    for i in range(2):
        for j in range(3):
            for u in range(2):
                for v in range(2):
                    out[i, j] += x[i + u, j + v] * w[u, v]
    return out


def in_place_operators(x):
    a = x.copy()
    a += x
    a *= 2.0
    a -= 0.5 * x
    a /= 1 + x
    a **= 2
    return a


def through_a_view(x):
    a = np.zeros((3, 4))
    row = a[1]
    row[:] = x[0] * 2
    row += x[1]
    column = a.T[2]
    column *= x[:, 0]
    a.reshape(-1)[0] = x[2, 2]
    return a


def overwritten(x):
    a = x * 2
    b = a
    a[0] = x[1] ** 2
    first = a[0].copy()
    a[0] = 3.0
    return a * b + first


def a_number_is_a_copy(x):
    a = x.copy()
    before = a[0, 0]
    a[0, 0] = a[0, 1] * 5
    return before * a[0, 0]


def a_sum_that_grows(x):
    total = x[0, 0]
    kept = total
    for v in x[1]:
        total += v * v
    return total * kept


def written_by_a_mask(x):
    a = x * x
    a[x > 0.5] = 0.25
    a[a < 0.1] *= 3
    b = np.zeros_like(x)
    b[x > 0.4] = x[x > 0.4] * 2
    b[[0, 1], [1, 1]] = x[2, :2]
    return a + b


def added_at_addresses(x):
    out = np.zeros((5, 4))
    np.add.at(out, [0, 1, 1], x)
    np.subtract.at(out, ([4, 4], [0, 0]), x[0, :2])
    np.add.at(out, (slice(None), 2), 1.0)
    return out


def out_arguments(x, y):
    a = np.empty_like(x)
    np.multiply(x, y, out=a)
    np.add(a, x, out=a)
    np.exp(a, a)
    b = np.zeros_like(x)
    np.divide(x, y, out=b, where=y > 0.5)
    c = np.zeros(3)
    np.sum(a, axis=1, out=c)
    d = np.empty((3, 3))
    np.dot(a, b.T, out=d)
    return d + c + np.concatenate([a, b], axis=1, out=np.empty((3, 8)))[:, :3]


def written_by_functions(x, y):
    a = np.zeros((3, 4))
    np.copyto(a, x)
    np.copyto(a, y * y, where=y > 0.5)
    np.put(a, [0, 5], x[0, :2] * 3)
    np.putmask(a, x > 0.8, y)
    np.fill_diagonal(a, x[2, :3])
    np.put_along_axis(a, np.argmin(x, 1)[:, None], y[:, :1], axis=1)
    np.place(a, x < 0.3, y[0])
    return a


def methods_that_write(x):
    a = x.copy()
    a.sort(axis=1)
    b = np.empty(4)
    b.fill(2.0)
    b[1:3] = x[0, 0]
    c = x * 1.0
    c.shape = (4, 3)
    c[0] = b[1] * b[:3]
    c.flat[5] = x[0, 0] * 7
    return (a * b) @ c


def nested_lists_assigned(x):
    a = np.zeros((2, 2))
    a[0] = [x[0, 0], 2 * x[0, 1]]
    a[1] = x[None, 1, :2]
    a[:, :1] += x[:2, 3:]
    return a


def padding_by_hand(x):
    padded = np.zeros((5, 6))
    padded[1:-1, 1:-1] = x
    out = np.full((3, 4), -np.inf)
    for i in range(3):
        for j in range(4):
            out[i, j] = padded[i : i + 3, j : j + 3].max()
    return out


def integer_and_boolean_buffers(x):
    order = np.zeros(3, dtype=int)
    mask = np.zeros(x.shape, dtype=bool)
    for i in range(3):
        order[i] = np.argmax(x[i])
        mask[i, order[i]] = True
    return x[np.arange(3), order] * x[mask]


def plain_arrays_added_to(x):
    a = np.arange(12.0).reshape(3, 4) / 7
    a += x
    b = [np.random.default_rng(0).random((3, 4))]
    b[0] *= x
    return a * b[0]


def a_mask_of_random_numbers(x):
    mask = (np.random.default_rng(5).random(x.shape) < 0.7) / 0.7
    np.random.seed(0)
    noise = np.random.randn(*x.shape)
    order = np.random.permutation(3)
    return (x * mask + noise)[order]


ONE = [
    buffer_by_rows, running_state, in_place_operators, through_a_view, overwritten,
    a_number_is_a_copy, a_sum_that_grows, written_by_a_mask, added_at_addresses,
    methods_that_write, nested_lists_assigned, padding_by_hand, integer_and_boolean_buffers,
    plain_arrays_added_to, a_mask_of_random_numbers,
]  # fmt: skip


@pytest.mark.parametrize("forward", ONE, ids=lambda f: f.__name__)
def test_what_is_written_is_read_with_its_slope(forward):
    assert_recorded(forward, {"x": X})


@pytest.mark.parametrize("forward", [out_arguments, written_by_functions], ids=lambda f: f.__name__)
def test_what_functions_write_is_read_with_its_slope(forward):
    assert_recorded(forward, {"x": X, "y": Y})


def test_a_convolution_in_scalar_loops_is_products_and_sums_alone():
    made = assert_recorded(scalar_loops, {"x": X, "w": Y[:2, :2]})
    kinds = {node.operation.what for node in made.live if node.operation}
    assert kinds == {"part", "mul", "add", "assignment"}


def test_the_state_that_a_buffer_held_is_the_node_that_was_written():
    def recurrent(x):
        hs = np.zeros((5, 3))
        for t in range(4):
            hs[t + 1] = np.tanh(x[:, t] + hs[t])
        return hs

    made = assert_recorded(recurrent, {"x": X})
    tanhs = [node for node in made.nodes if node.operation and node.operation.what == "tanh"]
    sums = [node for node in made.nodes if node.operation and node.operation.what == "add"]
    assert all(later.inputs[1] is h for h, later in zip(tanhs, sums[1:], strict=False))
    assert made.output.inputs[: len(tanhs)] == tuple(tanhs)


def test_a_buffer_that_nothing_varies_in_has_no_node():
    made = record_of(lambda x: x + np.zeros(3)[1:].sum(), {"x": X})
    assert [node.operation.what for node in made.nodes if node.operation] == ["add"]
