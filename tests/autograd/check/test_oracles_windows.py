"""Backward passes of pooling, upsampling, reshaping and dropout as people write them wrong."""

import numpy as np
import pytest
from told import RNG, apart, told

X = apart(2, 3, 6, 5)  # the windows leave the last row out
TIES = RNG.permutation(np.repeat(np.arange(15.0), 10)).reshape(2, 3, 5, 5)


def windows(x, size, stride):
    """Each window of images with its place: (n, c, i, j), rows and columns."""
    places = (x.shape[2] - size) // stride + 1, (x.shape[3] - size) // stride + 1
    for n, c, i, j in np.ndindex(*x.shape[:2], *places):
        rows = slice(i * stride, i * stride + size)
        columns = slice(j * stride, j * stride + size)
        yield (n, c, i, j), (n, c, rows, columns)


class Pool:
    """Windows, what becomes of each, and what each entry gets of its gradient."""

    def __init__(self, reduce, share, size=3, stride=2):
        self.reduce, self.share, self.size, self.stride = reduce, share, size, stride

    def __call__(self, x):
        y = np.zeros((*x.shape[:2], *((n - self.size) // self.stride + 1 for n in x.shape[2:])))
        for place, window in windows(x, self.size, self.stride):
            y[place] = self.reduce(x[window])
        return y

    def backward(self, g, x, share=None, back=None):
        """dX with another share of each window, or with windows that go back elsewhere."""
        found = np.zeros((*x.shape[:2], 19, 19))
        for place, window in windows(x, self.size, self.stride):
            part = (share or self.share)(x, window) * g[place]
            (n, c, i, j), size = place, self.size
            row, column = back(i, j) if back else (i * self.stride, j * self.stride)
            found[n, c, row : row + size, column : column + size] += part
        return found[:, :, : x.shape[2], : x.shape[3]]

    def last(self, g, x):
        """dX where each window overwrites those before."""
        found = np.zeros(x.shape)
        for place, window in windows(x, self.size, self.stride):
            found[window] = self.share(x, window) * g[place]
        return found


def first_largest(x, window):
    found = np.zeros(x[window].shape)
    found[np.unravel_index(x[window].argmax(), found.shape)] = 1
    return found


def first_smallest(x, window):
    return first_largest(-x, window)


def transposed(x, window):
    return first_largest(x, window).T


def alike(x, window):
    return np.full(x[window].shape, 1 / x[window].size)


def whole(x, window):
    return np.ones(x[window].shape)


def tied(x, window):
    return (x[window] == x[window].max()) * 1.0


def of_channels(x, window):
    n, _, rows, columns = window
    return (x[window] == x[n, :, rows, columns].max()) * 1.0


def of_batch(x, window):
    _, c, rows, columns = window
    return (x[window] == x[:, c, rows, columns].max()) * 1.0


def corner(x, window):
    found = np.zeros(x[window].shape)
    found[0, 0] = 1
    return found


MAX, MEAN = Pool(np.max, first_largest), Pool(np.mean, alike)
SHARES = {
    "every-entry": (MAX, whole),
    "shared-out": (MAX, alike),
    "maximum-of-channels": (MAX, of_channels),
    "maximum-of-batch": (MAX, of_batch),
    "index-swapped": (MAX, transposed),
    "times-value": (MAX, lambda x, window: first_largest(x, window) * x[window].max()),
    "minimum": (MAX, first_smallest),
}
MEAN_SHARES = {
    "one-corner": (MEAN, lambda x, window: corner(x, window) / 9),
    "whole-corner": (MEAN, corner),
    "to-the-maximum": (MEAN, first_largest),
    "times-value": (MEAN, lambda x, window: x[window] / 9),
}


@pytest.mark.parametrize("shares", [SHARES, MEAN_SHARES])
def test_a_wrong_share_of_a_window_is_told_by_its_name(shares):
    for name, (pool, share) in shares.items():
        found = told(pool, {"x": X}, lambda g, x, p=pool, s=share: p.backward(g, x, s), "x")
        assert found == [name]


def test_every_entry_that_ties_is_told_apart_from_one():
    assert told(MAX, {"x": TIES}, lambda g, x: MAX.backward(g, x, tied), "x") == ["every-tie"]


BACK = {
    "stride-ignored": lambda i, j: (i, j),
    "stride-is-kernel": lambda i, j: (3 * i, 3 * j),
    "offset-forgotten": lambda i, j: (0, 0),
}


@pytest.mark.parametrize("pool", [MAX, MEAN])
def test_windows_that_go_back_to_the_wrong_place_are_told(pool):
    for name, back in BACK.items():
        found = told(pool, {"x": X}, lambda g, x, b=back: pool.backward(g, x, back=b), "x")
        assert found == [name]
    assert told(pool, {"x": X}, pool.last, "x") == ["overwritten"]


@pytest.mark.parametrize("pool", [MAX, MEAN])
def test_the_last_channel_in_the_place_of_all_is_told(pool):
    def wrong(g, x):
        return pool.backward(g, x)[:, [2, 2, 2]]

    assert told(pool, {"x": X}, wrong, "x") == ["last-channel"]


def test_a_wrong_upstream_gradient_of_max_pooling_is_told():
    def turned(g, x):
        return MAX.backward(g.swapaxes(2, 3), x)

    def value(g, x):
        return MAX.backward(MAX(x), x)

    assert told(MAX, {"x": X}, turned, "x") == ["positions-swapped"]
    assert told(MAX, {"x": X}, value, "x") == ["value-for-gradient"]


@pytest.mark.parametrize(("pool", "fill"), [(MAX, -np.inf), (MEAN, 0.0)])
def test_a_margin_that_is_kept_is_told(pool, fill):
    def wide(x):
        return np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=fill)

    def wrong(g, x):
        return pool.backward(g, wide(x))[:, :, :-2, :-2]

    assert told(lambda x: pool(wide(x)), {"x": X}, wrong, "x") == ["margin-kept"]


# --- the mean of whole channels -------------------------------------------------------------------


def channel(formula):
    """dX[n,c] from dY[n,c] and the image."""
    return lambda g, x: np.array([[formula(d, image) for d, image in zip(*pair, strict=True)]
                                  for pair in zip(g, x, strict=True)])  # fmt: skip


CHANNELS = {
    "first-entry": channel(lambda d, image: d / 30 * corner(image, ...)),
    "to-the-maximum": channel(lambda d, image: d * first_largest(image, ...)),
    "times-value": channel(lambda d, image: d / 30 * image),
}


@pytest.mark.parametrize("name", CHANNELS)
def test_a_wrong_gradient_of_the_mean_of_a_channel_is_told(name):
    assert told(lambda x: x.mean((2, 3)), {"x": X}, CHANNELS[name], "x") == [name]


# --- upsampling -----------------------------------------------------------------------------------

SMALL = apart(2, 2, 3, 4)


def doubled(x):
    y = np.zeros((*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3]))
    for n, c, i, j in np.ndindex(*y.shape):
        y[n, c, i, j] = x[n, c, i // 2, j // 2]
    return y


BLOCKS = {
    "one-entry": lambda block: block[0, 0],
    "last-entry": lambda block: block[1, 1],
    "maximum": np.max,
    "rows-only": lambda block: block[0, 0] + block[1, 0],
    "diagonal-only": lambda block: block[0, 0] + block[1, 1],
}


@pytest.mark.parametrize("name", [*BLOCKS, "interleaved"])
def test_a_wrong_gradient_of_upsampling_is_told(name):
    def wrong(g, x):
        found = np.zeros(x.shape)
        for n, c, i, j in np.ndindex(*x.shape):
            if name == "interleaved":  # rows i and i + H, where rows 2i and 2i + 1 belong
                found[n, c, i, j] = g[n, c, i::3, j::4].sum()
            else:
                found[n, c, i, j] = BLOCKS[name](g[n, c, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2])
        return found

    assert told(doubled, {"x": SMALL}, wrong, "x") == [name]


# --- reshaping ------------------------------------------------------------------------------------


def refilled(order):
    """Images filled with the numbers of dY, one after the other, where `order` runs over places."""

    def wrong(g, x):
        found = np.zeros(x.shape)
        for value, place in zip(g.ravel(), order(*x.shape), strict=True):
            found[place] = value
        return found

    return wrong


def channels_last(n, c, h, w):
    return ((a, b, i, j) for a, i, j, b in np.ndindex(n, h, w, c))


def columns_first(n, c, h, w):
    return ((a, b, i, j) for a, b, j, i in np.ndindex(n, c, w, h))


ORDERS = {
    "channels-last": refilled(channels_last),
    "rows-and-columns": refilled(columns_first),
    "fortran-order": lambda g, x: np.reshape(g.T.ravel(), x.shape[::-1]).T,
    "samples-mixed": lambda g, x: refilled(np.ndindex)(g.T, x),
}


@pytest.mark.parametrize("name", ORDERS)
def test_a_wrong_order_is_told(name):
    found = told(lambda x: x.reshape(len(x), -1), {"x": SMALL}, ORDERS[name], "x")
    assert found == [name]


# --- dropout --------------------------------------------------------------------------------------

KEPT = np.array([[1.0, 0, 1, 1], [1, 1, 0, 1], [0, 1, 1, 1]])
DROPPED = {
    "mask-forgotten": lambda g, x, m: g / 0.75,
    "mask-reversed": lambda g, x, m: g * (1 - m) / 0.75,
    "scale-forgotten": lambda g, x, m: g * m,
    "scale-twice": lambda g, x, m: g * m / 0.75 / 0.75,
    "scale-divided": lambda g, x, m: g * m * 0.75,
    "rate-for-kept": lambda g, x, m: g * m / 0.25,
    "value-for-gradient": lambda g, x, m: x * m / 0.75,
}


@pytest.mark.parametrize("name", DROPPED)
def test_a_wrong_gradient_of_dropout_is_told(name):
    found = told(lambda x, m: x * m / 0.75, {"x": apart(3, 4), "m": KEPT}, DROPPED[name], "x")
    assert name in found[0].split(" | ")
