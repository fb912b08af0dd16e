"""Shapes and addresses: each rule is NumPy's, and errors name the user's thing."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograd.shapes import indexing, locating

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=4)


def flat(shape):
    """An array whose entries are their own addresses."""
    return np.arange(math.prod(shape)).reshape(shape)


@pytest.mark.parametrize(
    "ints", [(2, 3), [1], (), (np.int64(2), np.uint8(0)), np.array([3, 1]), range(2), b"ab"]
)
def test_ints_of_any_sequence_and_iterator_are_taken_as_a_tuple_of_pythons(ints):
    for numbers in (ints, iter(ints)):
        taken = indexing.wholes(numbers, "sizes")
        assert taken == tuple(ints)
        assert all(type(n) is int for n in taken)


@pytest.mark.parametrize("one", [3, np.int64(3), np.array(3)])
def test_one_int_is_a_tuple_of_one(one):
    (taken,) = indexing.wholes(one, "axis")
    assert type(taken) is int
    assert taken == 3


@pytest.mark.parametrize("bad", [2.0, np.float64(2), True, np.True_, None, [1, 2.0], [[1]]])
def test_what_is_no_int_is_named(bad):
    with pytest.raises(TypeError, match=r"^axis must be an int, got "):
        indexing.wholes(bad, "axis")


@pytest.mark.parametrize("unordered", [{1, 2}, frozenset([1]), {1: 2}, {1: 2}.keys(), "12"])
def test_ints_without_an_order_are_refused(unordered):
    with pytest.raises(TypeError, match=r"axis: ints must stand in a list or a tuple, got .*1"):
        indexing.wholes(unordered, "axis")


@pytest.mark.parametrize("shape", [(), (-1,), (2, -1)])
def test_a_shape_that_no_tensor_has_is_named(shape):
    assert indexing.sizes((2, 0)) == (2, 0)
    with pytest.raises(ValueError, match=re.escape(f"shape {shape}: a tensor has")):
        indexing.sizes(shape)


@given(SHAPES)
def test_strides_are_numpys_in_entries(shape):
    array = np.zeros(shape, np.int8)
    own = indexing.strides(shape)
    assert len(own) == len(shape)
    assert all(s == t for s, t, n in zip(own, array.strides, shape, strict=True) if n > 1)


def test_strides_of_a_size_of_one_or_zero_follow_the_same_rule():
    assert indexing.strides((2, 1, 3)) == (3, 3, 1)
    assert indexing.strides((2, 0, 3)) == (0, 3, 1)
    assert indexing.strides((5,)) == (1,)
    assert indexing.strides(()) == ()


@given(SHAPES, st.data())
def test_addresses_are_the_index_times_the_strides(shape, data):
    steps = tuple(data.draw(st.integers(-3, 5)) for _ in shape)
    offset = data.draw(st.integers(0, 9))
    expected = [
        offset + sum(i * s for i, s in zip(index, steps, strict=True))
        for index in np.ndindex(shape)
    ]
    assert indexing.addresses(shape, steps, offset) == expected


def test_addresses_start_at_zero_and_an_axis_of_no_entries_has_none():
    assert indexing.addresses((2, 2), (2, 1)) == [0, 1, 2, 3]
    assert indexing.addresses((0,), (1,)) == []
    assert indexing.addresses((0,), (0,)) == []


@pytest.mark.parametrize("places", [[], [2], [2, 0], [1, 1, 1]])
def test_a_gather_is_a_tuple_however_few_it_reads(places):
    assert indexing.gather(places)("abc") == tuple("abc"[k] for k in places)


def test_an_axis_counts_from_either_end():
    assert [indexing.axis_of(a, 3) for a in (0, 2, -1, -3)] == [0, 2, 2, 0]
    assert indexing.axes_of(None, 3) == (0, 1, 2)
    assert indexing.axes_of(-1, 3) == (2,)
    assert indexing.axes_of((2, -3), 3) == (2, 0)


@pytest.mark.parametrize("axis", [3, -4, np.int64(3)])
def test_an_axis_outside_is_named(axis):
    said = f"start {axis} is outside of a tensor with 3 axes"
    with pytest.raises(ValueError, match=re.escape(said)):
        indexing.axis_of(axis, 3, "start")
    with pytest.raises(ValueError, match=r"^axis "):
        indexing.axis_of(axis, 3)


def test_an_axis_named_twice_is_an_error():
    with pytest.raises(ValueError, match=r"axis \(0, -2\) names an axis twice"):
        indexing.axes_of((0, -2), 2)


@given(hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=4, max_side=4))
def test_broadcasting_and_stretching_are_numpys(drawn):
    shapes = drawn.input_shapes
    assert indexing.broadcast(*shapes) == drawn.result_shape
    for shape in shapes:
        expected = np.broadcast_to(flat(shape), drawn.result_shape)
        assert indexing.stretched(shape, drawn.result_shape) == expected.ravel().tolist()


@pytest.mark.parametrize(("a", "b"), [((2,), (3,)), ((2, 3), (3, 2)), ((0,), (2,))])
def test_shapes_that_do_not_broadcast_are_named(a, b):
    said = re.escape(f"shapes {a} and {b} do not broadcast")
    with pytest.raises(ValueError, match=said):
        indexing.broadcast(a, b)


@pytest.mark.parametrize(
    ("shape", "target"), [((2,), (3,)), ((1, 2), (2,)), ((1,), ()), ((2, 1), (1, 2))]
)
def test_a_shape_stretches_only_to_a_larger_one(shape, target):
    said = re.escape(f"shape {shape} does not broadcast to {target}")
    with pytest.raises(ValueError, match=said):
        indexing.stretched(shape, target)


@pytest.mark.parametrize(
    ("shape", "new", "becomes"),
    [
        ((2, 3), (3, 2), (3, 2)),
        ((2, 3), (-1,), (6,)),
        ((2, 3), (3, -1), (3, 2)),
        ((2, 3), (-1, 1, 2), (3, 1, 2)),
        ((4,), (-1, 4), (1, 4)),
        ((0, 3), (3, 0), (3, 0)),
        ((0,), (2, -1), (2, 0)),
        ((1,), (), ()),
    ],
)
def test_a_missing_size_is_filled_in(shape, new, becomes):
    filled = indexing.reshaped(shape, new)
    assert filled == becomes
    assert all(type(n) is int for n in filled)


@pytest.mark.parametrize(
    ("shape", "new"),
    [
        ((2, 3), (4,)),
        ((2, 3), (7,)),
        ((2, 3), (-4, -1)),
        ((2, 3), (4, -1)),
        ((2, 3), (-1, -1)),
        ((2, 3), (-2, -3)),
        ((2, 3), (-2, -1)),
        ((2, 3), (-1, 0)),
        ((0,), (0, -1)),
        ((2, 3), (-6,)),
    ],
)
def test_a_shape_of_another_size_is_an_error(shape, new):
    said = re.escape(f"shape {shape} ({math.prod(shape)} entries) cannot become {new}")
    with pytest.raises(ValueError, match=said):
        indexing.reshaped(shape, new)


@given(SHAPES, st.data())
def test_a_permutation_is_numpys(shape, data):
    axes = tuple(data.draw(st.permutations(range(len(shape)))))
    expected = flat(shape).transpose(axes)
    assert indexing.permuted(shape, axes) == (expected.shape, expected.ravel().tolist())


@pytest.mark.parametrize("axes", [(0, 0), (1, 1), (0, 2), (-1, 0), (0,), (0, 1, 2), ()])
def test_axes_that_are_no_permutation_are_named(axes):
    said = re.escape(f"permute{axes}: a tensor of shape (2, 3) has axes 0 to 1")
    with pytest.raises(ValueError, match=said):
        indexing.permuted((2, 3), axes)


@given(hnp.array_shapes(min_dims=1, max_dims=3, max_side=3), st.data())
def test_padding_is_numpys_and_the_fill_is_minus_one(shape, data):
    margins = [data.draw(st.tuples(st.integers(0, 2), st.integers(0, 2))) for _ in shape]
    expected = np.pad(flat(shape), margins, constant_values=-1)
    assert indexing.padded(shape, margins) == (expected.shape, expected.ravel().tolist())


def test_a_margin_of_no_entries_is_all_fill():
    assert indexing.padded((0,), [(1, 2)]) == ((3,), [-1, -1, -1])
    assert indexing.padded((0, 2), [(0, 1), (0, 0)]) == ((1, 2), [-1, -1])


@given(st.data())
def test_windows_are_numpys_sliding_windows(data):
    shape = data.draw(hnp.array_shapes(min_dims=2, max_dims=4, min_side=2, max_side=6))
    dims = data.draw(st.integers(1, 2))
    kernel = tuple(data.draw(st.integers(1, 3)) for _ in range(dims))
    stride = tuple(data.draw(st.integers(1, 3)) for _ in range(dims))
    dilation = tuple(data.draw(st.integers(1, 2)) for _ in range(dims))
    spans = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
    image = shape[-dims:]
    if any(s > n for s, n in zip(spans, image, strict=True)):
        said = re.escape(f"a window of {spans} does not fit into {image}")
        with pytest.raises(ValueError, match=said):
            indexing.windows(shape, kernel, stride, dilation)
        return
    slid = np.lib.stride_tricks.sliding_window_view(flat(shape), spans, tuple(range(-dims, 0)))
    jumps = tuple(slice(None, None, t) for t in stride)
    holes = tuple(slice(None, None, d) for d in dilation)
    expected = slid[(..., *jumps, *[slice(None)] * dims)][(..., *holes)]
    found, addresses = indexing.windows(shape, kernel, stride, dilation)
    assert found == expected.shape
    assert addresses == expected.ravel().tolist()


def test_a_kernel_of_more_axes_than_the_image_does_not_fit():
    with pytest.raises(ValueError, match=r"a window of \(1, 1\) does not fit into \(4,\)"):
        indexing.windows((4,), (1, 1), (1, 1), (1, 1))


# --- t[index] -----------------------------------------------------------------------------------

ARRAY = flat((3, 4, 5))


@pytest.mark.parametrize(
    "key",
    [
        1,
        -1,
        np.int64(2),
        (1, 2, 3),
        (-3, -4, -5),
        ...,
        (..., 1),
        (1, ...),
        (0, ..., 2),
        None,
        (None, 1, None),
        slice(None, None, -1),
        (slice(1, None), slice(None, -1, 2), slice(4, 0, -2)),
        [0, 2],
        (0, 2),
        ([0, 2], 1),
        (1, [0, -1]),
        (1, [3, 0], [2, -5]),
        ([0, 1], slice(None), [1, 2]),  # parted: the arrays' axes come first
        ([0, 1], None, [1, 2]),
        (slice(None), [0, 1], [1, 2]),
        (slice(None), [[0], [1]], [1, 2, 4]),
        (slice(1, 2), [0, 1]),
        (0, slice(None), [1, 2]),
        (None, [0, 1], slice(None), [1, 2]),
        (slice(1, None), None, [0, 1], None, [1, 2]),
        (1, 2, 3, None),
        (..., None),
        (slice(None), 0, [1, 2]),
        (None, [0, 1], 1),
        ([[0, 1], [2, 0]], ..., -1),
        ([2],),
        (slice(2, 2),),
        (np.array([1, 0]), np.array([[2], [3]])),
    ],
    ids=str,
)
def test_an_index_finds_what_numpys_does(key):
    expected = np.asarray(ARRAY[key])
    assert locating.located((3, 4, 5), key) == (expected.shape, expected.ravel().tolist())


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (3, "index 3 is out of range for axis 0 of size 3"),
        (-4, "index -4 is out of range for axis 0 of size 3"),
        ((0, 4), "index 4 is out of range for axis 1 of size 4"),
        ((..., [0, 5]), "index 5 is out of range for axis 2 of size 5"),
        ((0, 0, 0, 0), "4 indices for a tensor of shape (3, 4, 5)"),
        ((0, None, 0, 0, 0), "4 indices for a tensor of shape (3, 4, 5)"),
        ((..., ...), "an index can hold one '...' only"),
        ("a", "index 'a': use ints, slices, '...', None or arrays of ints"),
        (True, "index True: use ints"),
        (1.0, "index 1.0: use ints"),
        ([True, False], "a mask of shape (2,) for axes of sizes (3,), from 0 on"),
        ([True, 0, 1], "a mask holds bools alone, got [True, 0, 1]"),
        ([0, True], "index True on axis 0 is not an int"),
        ((0, [1.5]), "index 1.5 on axis 1 is not an int"),
    ],
    ids=str,
)
def test_a_bad_index_is_told(key, message):
    with pytest.raises(IndexError, match=re.escape(message)):
        locating.located((3, 4, 5), key)


# --- nested sequences ---------------------------------------------------------------------------


@given(hnp.array_shapes(min_dims=1, max_dims=4, max_side=3))
def test_nesting_and_flattening_are_inverse(shape):
    array = flat(shape)
    rows = array.tolist()
    assert indexing.shape_of(rows) == shape
    assert indexing.flattened(rows) == array.ravel().tolist()
    assert indexing.nested(array.ravel().tolist(), shape) == rows


@pytest.mark.parametrize(
    ("nested", "shape"),
    [(3, ()), ("ab", ()), ([], (0,)), ([[], []], (2, 0)), (("ab", "c"), (2,)), (range(3), (3,))],
    ids=str,
)
def test_a_shape_is_read_off_sequences_not_off_text(nested, shape):
    assert indexing.shape_of(nested) == shape
    assert len(indexing.flattened(nested)) == math.prod(shape)


@pytest.mark.parametrize(
    ("ragged", "message"),
    [
        ([[1, 2], [3]], "at depth 1, expected a sequence of 2, found a sequence of 1"),
        ([[1, 2], [[3, 4, 5]]], "at depth 1, expected a sequence of 2, found a sequence of 1"),
        ([[1], 2], "at depth 1, expected a sequence of 1, found a number"),
        ([1, [2, 3]], "at depth 1, expected a number, found a sequence of 2"),
        ([[[1]], [[2, 3]]], "at depth 2, expected a sequence of 1, found a sequence of 2"),
        ([[1], [(2,)]], "at depth 2, expected a number, found a sequence of 1"),
    ],
    ids=str,
)
def test_what_is_ragged_is_told(ragged, message):
    with pytest.raises(ValueError, match=f"^ragged nested list: {message}$"):
        indexing.flattened(ragged)
