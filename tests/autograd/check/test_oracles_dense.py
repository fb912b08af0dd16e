"""Backward passes of dense and convolutional layers as people write them wrong, in plain loops.

Nothing here knows of the catalogue: y[n,o] = Σ_i x[n,i]·w[i,o] + b[o] and
y[n,o,i,j] = b[o] + Σ_{c,u,v} w[o,c,u,v]·x[n, c, s·i + d·u − p, s·j + d·v − p] are written out.
"""

from itertools import product

import numpy as np
import pytest
from told import apart, told

SAMPLES, INPUTS, OUTPUTS = 4, 3, 3
DENSE = {"x": apart(SAMPLES, INPUTS), "w": apart(INPUTS, OUTPUTS), "b": apart(OUTPUTS)}
SQUARE = {"x": apart(4, 3), "w": apart(3, 4), "b": apart(4)}  # as many outputs as samples


def dense(x, w, b):
    return np.array([[sum(row[i] * w[i, o] for i in range(len(w))) + b[o] for o in range(len(b))]
                     for row in x])  # fmt: skip


DENSE_X = {  # dX[n,i] from g, x, w
    "w-not-transposed": lambda g, x, w, n, i: sum(g[n, o] * w[o, i] for o in range(OUTPUTS)),
    "dx-one-output": lambda g, x, w, n, i: g[n, -1] * w[i, -1],
    "dx-w-squared": lambda g, x, w, n, i: sum(g[n, o] * w[i, o] ** 2 for o in range(OUTPUTS)),
}
DENSE_W = {  # dW[i,o] from g, x and the output y
    "dw-first-sample": lambda g, x, y, i, o: x[0, i] * g[0, o],
    "dw-last-sample": lambda g, x, y, i, o: x[-1, i] * g[-1, o],
    "dw-sums-apart": lambda g, x, y, i, o: sum(x[:, i]) * sum(g[:, o]),
    "dw-without-x": lambda g, x, y, i, o: sum(g[:, o]),
    "dw-output-for-input": lambda g, x, y, i, o: sum(y[n, i] * g[n, o] for n in range(len(g))),
}
DENSE_B = {  # db[o] from g and b
    "db-first-sample": lambda g, b, o: g[0, o],
    "db-last-sample": lambda g, b, o: g[-1, o],
    "db-times-b": lambda g, b, o: sum(g[:, o]) * b[o],
    "db-wrong-axis": lambda g, b, o: sum(g[o, :]),
}


@pytest.mark.parametrize("name", DENSE_X)
def test_a_wrong_gradient_of_the_input_is_told_by_its_name(name):
    def wrong(g, x, w, b):
        found = np.zeros(x.shape)
        for n, i in np.ndindex(*x.shape):
            found[n, i] = DENSE_X[name](g, x, w, n, i)
        return found

    assert told(dense, DENSE, wrong, "x") == [name]


@pytest.mark.parametrize("name", DENSE_W)
def test_a_wrong_gradient_of_the_weights_is_told_by_its_name(name):
    def wrong(g, x, w, b):
        found, y = np.zeros(w.shape), dense(x, w, b)
        for i, o in np.ndindex(*w.shape):
            found[i, o] = DENSE_W[name](g, x, y, i, o)
        return found

    assert told(dense, DENSE, wrong, "w") == [name]


@pytest.mark.parametrize("name", DENSE_B)
def test_a_wrong_gradient_of_the_bias_is_told_by_its_name(name):
    def wrong(g, x, w, b):
        return np.array([DENSE_B[name](g, b, o) for o in range(len(b))])

    assert told(dense, SQUARE, wrong, "b") == [name]


# --- convolution ----------------------------------------------------------------------------------


class Convolution:
    """Images, kernels and biases, and loops over every product of an entry and a weight."""

    def __init__(self, stride=1, padding=1, dilation=1, kernel=2, channels=(2, 2), size=4):
        self.s, self.p, self.d, self.k = stride, padding, dilation, kernel
        self.o, self.c = channels
        self.inputs = {
            "x": apart(2, self.c, size, size + 1),
            "w": apart(self.o, self.c, kernel, kernel),
            "b": apart(self.o),
        }
        reach = dilation * (kernel - 1) + 1
        self.rows = (size + 2 * padding - reach) // stride + 1
        self.columns = (size + 1 + 2 * padding - reach) // stride + 1

    def __call__(self, x, w, b):
        y, wide = 0, self.padded(x)
        for u, v in np.ndindex(self.k, self.k):
            row, column = self.place(0, 0, u, v)
            seen = wide[:, :, row :: self.s, column :: self.s][:, :, : self.rows, : self.columns]
            y = y + np.einsum("oc,ncij->noij", w[:, :, u, v], seen)
        return y + b[:, None, None]

    def padded(self, x):
        return np.pad(x, ((0, 0), (0, 0), (self.p, self.p), (self.p, self.p)))

    def place(self, i, j, u, v):
        """Where a window's entry lies in the padded image."""
        return self.s * i + self.d * u, self.s * j + self.d * v

    def products(self):
        ranges = (2, self.o, self.c, self.rows, self.columns, self.k, self.k)
        return product(*map(range, ranges))

    def dx(self, g, x, w, weight=None, place=None, corner=None):
        """dX with another weight for each product, another place, another corner of the crop."""
        weight = weight or (lambda w, o, c, u, v: w[o, c, u, v])
        wide = np.zeros((*x.shape[:2], 20, 20))
        for n, o, c, i, j, u, v in self.products():
            wide[n, c, *(place or self.place)(i, j, u, v)] += g[n, o, i, j] * weight(w, o, c, u, v)
        top = left = self.p if corner is None else corner
        return wide[:, :, top : top + x.shape[2], left : left + x.shape[3]]

    def dw(self, g, x, taken=None, place=None):
        """dW of the products that are taken, from another entry of the image."""
        found, wide = np.zeros((self.o, self.c, self.k, self.k)), self.padded(x)
        for n, o, c, i, j, u, v in self.products():
            if taken is None or taken(n, i, j):
                row, column = (place or self.place)(i, j, u, v)
                found[o, c, u, v] += g[n, o, i, j] * wide[n, c, row, column]
        return found


PLAIN, STRIDED = Convolution(), Convolution(stride=2, size=5)
ONE_SIDED = Convolution(padding=2, kernel=3)
DILATED, LARGE = Convolution(dilation=2, size=5), Convolution(kernel=3)
WEIGHTS = {  # the weight that dX multiplies by where w[o,c,u,v] belongs
    "kernel-not-rotated": lambda w, o, c, u, v: w[o, c, 2 - u, 2 - v],
    "kernel-transposed": lambda w, o, c, u, v: w[o, c, v, u],
    "kernel-turned-by-90": lambda w, o, c, u, v: w[o, c, v, 2 - u],
    "kernel-flipped-in-rows": lambda w, o, c, u, v: w[o, c, 2 - u, v],
    "channels-flipped-too": lambda w, o, c, u, v: w[1 - o, 1 - c, 2 - u, 2 - v],
    "channels-flipped-only": lambda w, o, c, u, v: w[1 - o, 1 - c, u, v],
    "channels-swapped": lambda w, o, c, u, v: w[c, o, u, v],
    "overwritten-by-channel": lambda w, o, c, u, v: w[o, c, u, v] if o == 1 else 0.0,
    "dx-first-output": lambda w, o, c, u, v: w[o, c, u, v] if o == 0 else 0.0,
    "dx-first-input": lambda w, o, c, u, v: w[o, 0, u, v],
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_wrong_weight_in_the_gradient_of_an_image_is_told_by_its_name(name):
    def wrong(g, x, w, b):
        return LARGE.dx(g, x, w, WEIGHTS[name])

    assert told(LARGE, LARGE.inputs, wrong, "x") == [name]


PLACES = {
    "dx-stride-ignored": (STRIDED, lambda i, j, u, v: (i + u, j + v)),
    "dx-dilation-ignored": (DILATED, lambda i, j, u, v: (i + u, j + v)),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_wrong_place_in_the_gradient_of_an_image_is_told_by_its_name(name):
    layer, place = PLACES[name]
    found = told(layer, layer.inputs, lambda g, x, w, b: layer.dx(g, x, w, place=place), "x")
    assert found == [name]


@pytest.mark.parametrize(("name", "corner"), [("margin-kept", 0), ("margin-cropped-twice", 4)])
def test_a_margin_that_is_cropped_at_the_wrong_side_is_told_by_its_name(name, corner):
    def wrong(g, x, w, b):
        return ONE_SIDED.dx(g, x, w, corner=corner)

    assert told(ONE_SIDED, ONE_SIDED.inputs, wrong, "x") == [name]


def test_windows_that_overwrite_each_other_are_told():
    def wrong(g, x, w, b):
        wide = np.zeros(LARGE.padded(x).shape)
        for n, i, j in product(range(2), range(LARGE.rows), range(LARGE.columns)):
            window = sum(w[o] * g[n, o, i, j] for o in range(2))
            wide[n, :, i : i + 3, j : j + 3] = window
        return wide[:, :, 1:-1, 1:-1]

    assert told(LARGE, LARGE.inputs, wrong, "x") == ["overwritten"]


KERNELS = {  # dW from g, x
    "dz-rotated": (PLAIN, lambda layer, g, x: layer.dw(g[:, :, ::-1, ::-1], x)),
    "dw-stride-ignored": (STRIDED, lambda layer, g, x: layer.dw(
        g, x, place=lambda i, j, u, v: (i + u, j + v))),
    "dw-dilation-ignored": (DILATED, lambda layer, g, x: layer.dw(
        g, x, place=lambda i, j, u, v: (i + u, j + v))),
    "dw-last-window": (PLAIN, lambda layer, g, x: layer.dw(
        g, x, lambda n, i, j: (i, j) == (layer.rows - 1, layer.columns - 1))),
    "dw-last-sample": (PLAIN, lambda layer, g, x: layer.dw(g, x, lambda n, i, j: n == 1)),
    "dw-first-sample": (PLAIN, lambda layer, g, x: layer.dw(g, x, lambda n, i, j: n == 0)),
    "dw-first-input": (PLAIN, lambda layer, g, x: layer.dw(g, x[:, [0, 0]])),
}  # fmt: skip


@pytest.mark.parametrize("name", KERNELS)
def test_a_wrong_gradient_of_kernels_is_told_by_its_name(name):
    layer, formula = KERNELS[name]
    found = told(layer, layer.inputs, lambda g, x, w, b: formula(layer, g, x), "w")
    assert found == [name]


def test_a_gradient_of_kernels_from_the_image_without_its_margin_is_told():
    def wrong(g, x, w, b):
        shifted = np.zeros_like(PLAIN.padded(x))
        shifted[:, :, : x.shape[2], : x.shape[3]] = x
        found = np.zeros(w.shape)
        for n, o, c, i, j, u, v in PLAIN.products():
            found[o, c, u, v] += g[n, o, i, j] * shifted[n, c, i + u, j + v]
        return found

    assert told(PLAIN, PLAIN.inputs, wrong, "w") == ["dw-margin-ignored"]


BIASES = {  # db[o] from g and x
    "db-last-sample": lambda g, x, o: g[-1, o].sum(),
    "db-first-position": lambda g, x, o: sum(g[:, o, 0, 0]),
    "db-times-x": lambda g, x, o: g[:, o].sum() * x.sum(),
}


@pytest.mark.parametrize("name", BIASES)
def test_a_wrong_gradient_of_biases_is_told_by_its_name(name):
    def wrong(g, x, w, b):
        return np.array([BIASES[name](g, x, o) for o in range(len(b))])

    assert told(PLAIN, PLAIN.inputs, wrong, "b") == [name]
