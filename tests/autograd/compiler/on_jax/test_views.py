"""Views without strides: what is read, what is handed back, and where windows slide."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.compiler.backends.jax.convolutions import slides
from autograd.compiler.backends.jax.views import given as handed
from autograd.compiler.backends.jax.views import grid, read
from autograd.compiler.plan.views import Block, Listed, View, whole
from autograd.compiler.strided import Layout

pytest.importorskip("jax", reason="the views are of arrays of JAX's")

SAMPLE = 2
SAMPLES = [(), (3,)]  # the axes in front


def view(size, offset, *axes):
    """A view of a block of so many rows; axes are lists of (size, step)."""
    dims = tuple(tuple(n for n, _ in axis) for axis in axes)
    steps = tuple(tuple(step for _, step in axis) for axis in axes)
    return View(Block(0, size, SAMPLE), Layout(offset, dims, steps))


def image(channels, height, width, kernel, stride=1, dilation=1, padding_end=0):
    """Windows of an image: no groups, the entries of a kernel, and its positions."""
    steps = [1 + (n - (kernel - 1) * dilation - 1) // stride for n in (height, width)]
    entries = [(channels, height * width), (kernel, width * dilation), (kernel, dilation)]
    positions = [(steps[0], width * stride), (steps[1], stride)]
    return view(channels * height * width + padding_end, 0, [], entries, positions)


VIEWS = {
    "a whole block": view(12, 0, [(3, 4), (4, 1)]),
    "transposed": view(12, 0, [(4, 1), (3, 4)]),
    "part of it": view(60, 13, [(2, 12), (3, 4), (2, 1)]),
    "a plane of a pool": view(2 * 6 * 6, 7, [(2, 36), (3, 12), (3, 2)]),
    "a plane of a pool over an odd side": view(2 * 49, 8, [(2, 49), (3, 14), (3, 2)]),
    "every other one, to the end": view(5, 0, [(3, 2)]),
    "a bias that repeats": view(3, 0, [(3, 1), (5, 0)]),
    "one row": view(5, 2, [(1, 1)]),
    "a single row that repeats": view(5, 2, [(4, 0)]),
    "turned": view(6, 5, [(6, -1)]),
    "windows": image(2, 5, 5, 3),
    "windows far apart": image(1, 7, 7, 3, stride=2),
    "wide windows": image(2, 7, 7, 2, dilation=3),
    "rows that are listed": View(Block(0, 7, SAMPLE), Listed(np.array([5, 0, 0, 3]))),
    "very many of one row": View(Block(0, 3, SAMPLE), Listed(np.array([1] * 70 + [2]))),
    "steps that are no digits": view(30, 0, [(3, 7), (4, 5)]),
}


def numbers(case, samples, of):
    """What a block holds, or what is given to a view of it."""
    size = (case.block.size,) if of == "block" else case.layout.shape
    return np.random.default_rng(len(of)).normal(size=(*samples, *size)).astype(np.float32)


@pytest.fixture(scope="module")
def found():
    """What is read of each view, with its repetitions, and what is handed back: compiled as one."""
    import jax

    def all_of_them():
        return {
            (name, samples): (
                jax.numpy.broadcast_to(
                    read(numbers(case, samples, "block"), case), (*samples, *case.layout.shape)
                ),
                handed(numbers(case, samples, "view"), case),
            )
            for name, case in VIEWS.items()
            for samples in SAMPLES
        }

    return jax.jit(all_of_them)()


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("samples", SAMPLES, ids=["shared", "of samples"])
def test_a_view_reads_its_rows_and_hands_back_the_sum_of_what_each_row_gets(name, samples, found):
    case, (seen, sums) = VIEWS[name], found[name, samples]
    x = numbers(case, samples, "block")
    assert np.array_equal(seen, x[..., case.rows()])
    expected = np.zeros_like(x)
    np.add.at(expected, (..., case.rows()), numbers(case, samples, "view"))
    assert np.allclose(sums, expected, atol=1e-4)


@st.composite
def layouts(draw):
    """Layouts of one to three axes in a block that is hardly larger."""
    pairs = st.tuples(st.integers(1, 4), st.sampled_from([0, 1, 1, 2, 3, 4, 6, 8, 12]))
    axes = draw(st.lists(st.lists(pairs, max_size=2), min_size=1, max_size=3))
    offset = draw(st.integers(0, 3))
    last = offset + sum((n - 1) * step for axis in axes for n, step in axis)
    return view(last + 1 + draw(st.integers(0, 5)), offset, *axes)


@given(layouts())
def test_digits_name_the_rows_that_addresses_name(case):
    found = grid(case)
    if found is None:
        return
    rows = np.arange(case.block.size).reshape(found.sizes)
    shape = case.layout.shape
    places = [place for axis in found.places for place in axis]
    at = [np.full(shape, start) for start in found.starts]
    for k, place in enumerate(places):
        if place:
            along = np.arange(shape[k]).reshape([-1 if j == k else 1 for j in range(len(shape))])
            at[place.digit] = at[place.digit] + along * place.pace
    assert np.array_equal(rows[tuple(at)], case.rows())


@pytest.mark.parametrize(
    ("windows", "sides"),
    [
        (image(3, 8, 8, 3), [(1, 1), (1, 1)]),
        (image(3, 9, 9, 3, stride=2), [(2, 1), (2, 1)]),
        (image(1, 9, 9, 3, dilation=2), [(1, 2), (1, 2)]),
        (view(10, 0, [], [(3, 1)], [(8, 1)]), [(1, 1)]),
        (view(20, 0, [], [(2, 1)], [(10, 2)]), None),  # side by side: a product
        (view(64, 0, [], [(4, 16)], [(16, 1)]), None),  # a kernel of one entry
        (view(10, 0, [], [(3, 1), (2, 0)], [(8, 1)]), None),  # each entry twice
        (image(3, 8, 8, 3, padding_end=1), None),  # no image of that many rows
    ],
)
def test_windows_slide_along_what_entries_and_positions_share(windows, sides):
    found = slides(windows)
    paces = found and list(zip(found.pace(2), found.pace(1), strict=True))
    assert paces == sides


def test_a_whole_block_needs_no_digits():
    assert read(np.arange(6.0), whole(Block(0, 6, SAMPLE), (2,), (3,))).shape == (2, 3)
