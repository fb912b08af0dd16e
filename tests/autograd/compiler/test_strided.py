"""Address vectors and what is recognised in them: layouts, and windows over padded images."""

import math

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd.compiler.strided import (
    Layout,
    factor,
    injective,
    layout_of,
    padded,
    separated,
    slices,
)
from autograd.shapes import indexing

sizes = st.integers(1, 5)
strides = st.integers(-30, 30)


@st.composite
def layouts(draw, most=3):
    """Any layout: one to three axes, each with up to three dimensions, of any steps."""
    axes = draw(
        st.lists(st.lists(st.tuples(sizes, strides), max_size=3), min_size=1, max_size=most)
    )
    dims = tuple(tuple(n for n, _ in axis) for axis in axes)
    steps = tuple(tuple(step for _, step in axis) for axis in axes)
    return Layout(draw(st.integers(0, 99)), dims, steps)


def by_axis(made):
    """The addresses of a layout, an array with one dimension for each of its axes."""
    return made.addresses().reshape([math.prod(dims) for dims in made.dims])


@given(layouts())
def test_addresses_are_the_offset_plus_steps_along_every_dimension(made):
    expected = indexing.addresses(made.shape, made.strides, made.offset)
    assert made.addresses().ravel().tolist() == expected
    assert made.addresses().shape == made.shape


@given(layouts())
def test_any_layout_is_recognised_and_gives_its_addresses_back(made):
    a = by_axis(made)
    found = layout_of(a)
    assert found is not None
    assert np.array_equal(found.addresses().reshape(a.shape), a)
    assert [math.prod(dims) for dims in found.dims] == list(a.shape)


@given(layouts(1))
def test_a_layout_is_recognised_with_the_fewest_dimensions(made):
    """Dimensions of size 1 are left out, and those that run on into each other are one."""
    found = layout_of(by_axis(made))
    assert all(n > 1 for n in found.shape)
    joined = zip(found.strides, found.shape[1:], found.strides[1:], strict=False)
    assert not any(outer == n * inner for outer, n, inner in joined)


@given(st.lists(st.tuples(sizes, strides, strides), max_size=3), strides, strides)
def test_vectors_that_step_together_share_their_dimensions(axes, a, b):
    dims = tuple(n for n, _, _ in axes)
    pair = [
        np.array(indexing.addresses(dims, tuple(axis[k] for axis in axes), start))
        for k, start in ((1, a), (2, b))
    ]
    shared, steps = factor(np.stack(pair))
    assert math.prod(shared) == math.prod(dims)
    for vector, start, own in zip(pair, (a, b), steps, strict=True):
        assert indexing.addresses(shared, tuple(map(int, own)), start) == vector.tolist()


@given(st.permutations(range(12)))
def test_a_permutation_is_the_layout_that_it_is_or_none(order):
    a = np.array(order)
    found = layout_of(a)
    if found is None:
        assert factor(a[None]) is None
    else:
        assert np.array_equal(found.addresses().ravel(), a)


@given(layouts(), st.data())
def test_one_wrong_address_gives_none_or_the_layout_with_that_address(made, data):
    a = by_axis(made).copy()
    assume(a.size > 2)
    a.flat[data.draw(st.integers(0, a.size - 1))] += data.draw(st.integers(1, 9))
    found = layout_of(a)
    assert found is None or np.array_equal(found.addresses().reshape(a.shape), a)


@given(
    st.lists(st.integers(-9, 9), min_size=1, max_size=6), st.lists(strides, min_size=1, max_size=6)
)
def test_an_outer_sum_separates_into_its_lines(rows, columns):
    a = np.add.outer(rows, columns)
    base, lines = separated(a)
    assert np.array_equal(base + np.add.outer(*lines), a)
    if a.shape > (1, 1) and 1 not in a.shape:
        a[-1, -1] += 1
        assert separated(a) is None


@given(layouts())
def test_a_layout_is_injective_if_no_address_occurs_twice(made):
    a = made.addresses()
    assert injective(made) == (len(np.unique(a)) == a.size)


@given(layouts())
def test_slices_cover_a_layout_once_and_have_no_address_twice(made):
    assume(made.addresses().size < 200)
    a = made.addresses()
    covered = np.zeros(a.shape, int)
    for at in slices(made) if not injective(made) else [()]:
        covered[at] += 1
        assert len(np.unique(a[at])) == a[at].size
    assert (covered == 1).all()


# --- windows that slide over images --------------------------------------------------------------


@st.composite
def windows(draw, margin, gaps=True):
    """Addresses (channel, row, column, kernel row, kernel column) of a random convolution.

    Without gaps, every entry of the image is in some window, as long as nothing is dilated.
    """
    channels = draw(st.integers(1, 3))
    height, width = draw(st.tuples(st.integers(2, 7), st.integers(2, 7)))
    kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    stride = draw(st.tuples(*[st.integers(1, 3 if gaps else k) for k in kernel]))
    dilation = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    before = [draw(st.integers(0, margin)) for _ in range(2)]
    after = [draw(st.integers(0, margin)) for _ in range(2)]
    margins = [(0, 0), *zip(before, after, strict=True)]
    shape, image = indexing.padded((channels, height, width), margins)
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    assume(all(span <= n for span, n in zip(spans, shape[1:], strict=True)))
    shape, cells = indexing.windows(shape, kernel, stride, dilation)
    return np.array(image)[cells].reshape(shape)


def as_convolution(a):
    """Axes (positions, channels and kernel entries), as a product reads them."""
    c, i, j, u, v = a.shape
    return a.transpose(1, 2, 0, 3, 4).reshape(i * j, c * u * v)


def as_pool(a):
    """Axes (channels and positions, kernel entries), as a reduction reads them."""
    c, i, j, u, v = a.shape
    return a.reshape(c * i * j, u * v)


@given(windows(margin=0))
def test_windows_without_margins_are_layouts(a):
    for arranged in (as_convolution(a), as_pool(a), as_convolution(a).T):
        found = layout_of(arranged)
        assert found is not None
        assert np.array_equal(found.addresses().reshape(arranged.shape), arranged)


def reproduced(found, shape):
    """The addresses that a padded image's layout reads, -1 in the margins."""
    return found.source[found.layout.addresses()].reshape(shape)


def middle_is_inside(inside):
    """Whether each axis has a line that lies inside, which `padded` asks for."""
    return all(inside.all(axis=axis).any() for axis in range(inside.ndim))


@given(windows(margin=2))
def test_windows_with_margins_have_layouts_over_a_padded_image(a):
    for arranged in (as_convolution(a), as_pool(a)):
        inside = arranged >= 0
        assume(not inside.all() and inside.any())
        found = padded(arranged, inside)
        if found is not None:
            assert np.array_equal(reproduced(found, arranged.shape), arranged)


@given(windows(margin=1, gaps=False))
def test_windows_with_narrow_margins_are_recognised_where_their_middle_is_inside(a):
    """What every convolution and pool in use has: some window and some entry without margin."""
    assume(min(a.shape[1:3]) > 2)
    for arranged in (as_convolution(a), as_pool(a)):
        inside = arranged >= 0
        assume(not inside.all() and middle_is_inside(inside))
        found = padded(arranged, inside)
        assert found is not None
        assert np.array_equal(reproduced(found, arranged.shape), arranged)


@given(windows(margin=1), st.randoms(use_true_random=False))
def test_shuffled_windows_are_none_or_reproduce_their_addresses(a, rng):
    arranged = as_convolution(a)
    flat = arranged.ravel().tolist()
    rng.shuffle(flat)
    shuffled = np.array(flat).reshape(arranged.shape)
    inside = shuffled >= 0
    assume(inside.any())
    found = padded(shuffled, inside)
    assert found is None or np.array_equal(reproduced(found, shuffled.shape), shuffled)
    exact = layout_of(shuffled)
    assert exact is None or np.array_equal(exact.addresses().reshape(shuffled.shape), shuffled)


@given(windows(margin=1), st.sets(st.integers(0, 400), min_size=1, max_size=4))
def test_windows_with_holes_are_none_or_reproduce_their_addresses(a, holes):
    """An entry that lies outside in one window and inside in another is in no padded image."""
    arranged = as_convolution(a).copy()
    arranged.flat[[hole % arranged.size for hole in holes]] = -1
    inside = arranged >= 0
    assume(inside.any())
    found = padded(arranged, inside)
    assert found is None or np.array_equal(reproduced(found, arranged.shape), arranged)


def test_an_image_that_would_be_mostly_empty_is_not_laid_out():
    near, far = np.array([[0, 1], [10, -1]]), np.array([[0, 1], [1000, -1]])
    assert len(padded(near, near >= 0).source) == 12
    assert padded(far, far >= 0) is None


def test_slices_are_few_rather_than_short():
    """Three windows of two: two slices of three entries, not three of two."""
    assert slices(Layout(0, ((3,), (2,)), ((1,), (1,)))) == [(slice(None), 0), (slice(None), 1)]
