"""Axes of tensors that hold blocks: which part of which axis a view reads."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from autograd.compiler.tensors.axes import Axis, Part, cut, dense, match, refined
from autograd.compiler.tensors.windows import windows


def test_the_axes_of_a_tensor_in_order_have_the_steps_of_its_rows():
    assert dense((2, 3, 4)) == (Axis(2, 12), Axis(3, 4), Axis(4, 1))


def test_an_axis_is_cut_where_a_step_begins_and_nowhere_else():
    assert cut([Axis(12, 1)], 4) == (Axis(3, 4), Axis(4, 1))
    assert cut([Axis(3, 4), Axis(4, 1)], 4) == (Axis(3, 4), Axis(4, 1))
    assert cut([Axis(12, 1)], 5) is None


def test_a_view_that_takes_rows_of_columns_has_a_part_of_each_axis():
    found = match(dense((5, 8)), 9, [Axis(6, 1), Axis(2, 8)])
    assert found.starts == (1, 1)
    assert found.parts == ((Part(6, 1),), (Part(2, 0),))


def test_an_axis_that_goes_on_over_the_ends_of_rows_has_several_parts():
    found = match(dense((2, 3, 4)), 0, [Axis(24, 1)])
    assert found.parts == ((Part(2, 0), Part(3, 1), Part(4, 2)),)
    assert refined(Axis(24, 10), found.parts[0]) == [Axis(2, 120), Axis(3, 40), Axis(4, 10)]


def test_views_that_read_a_row_twice_or_beyond_the_end_of_an_axis_do_not_match():
    assert match(dense((5, 8)), 0, [Axis(3, 1), Axis(3, 1)]) is None  # windows that overlap
    assert match(dense((5, 8)), 6, [Axis(3, 1)]) is None
    assert match(dense((5, 8)), 4, [Axis(5, -1)]) is None


@given(
    shape=st.lists(st.integers(1, 4), min_size=1, max_size=3),
    offset=st.integers(0, 10),
    wanted=st.lists(st.tuples(st.integers(1, 4), st.integers(0, 12)), max_size=3),
)
def test_what_matches_reads_the_rows_of_the_view(shape, offset, wanted):
    axes = [Axis(*axis) for axis in wanted]
    found = match(dense(shape), offset, axes)
    if found is None:
        return
    rows = np.arange(np.prod(shape)).reshape([digit.size for digit in found.digits])
    sizes = {part.digit: part.size for parts in found.parts for part in parts}
    order = [part.digit for parts in found.parts for part in parts]
    box = tuple(slice(a, a + sizes.get(k, 1)) for k, a in enumerate(found.starts))
    rest = [k for k in range(rows.ndim) if k not in sizes]
    read = rows[box].transpose([*order, *rest]).ravel()
    expected = np.array(offset % np.prod(shape))
    for n, step in axes:
        expected = expected[..., None] + step * np.arange(n if step else 1)
    if offset < np.prod(shape):
        assert read.tolist() == expected.ravel().tolist()


def test_windows_slide_by_their_stride_and_reach_by_their_dilation():
    entries = [Axis(2, 70), Axis(3, 20), Axis(2, 1)]  # of an image (2, 7, 10)
    found = windows(dense((2, 7, 10)), 0, [], entries, [Axis(3, 10), Axis(3, 3)])
    assert found.digits == dense((2, 7, 10))
    assert found.sliding == {1, 2}
    rows, columns = found.side(1), found.side(2)
    assert (rows.stride, rows.dilation, rows.kernel, rows.steps, rows.span) == (1, 2, 3, 3, 7)
    assert (columns.stride, columns.dilation, columns.kernel, columns.span) == (3, 1, 2, 8)
    assert (rows.is_whole, columns.is_whole) == (True, True)


def test_windows_that_leave_the_image_are_none():
    assert windows(dense((6, 10)), 0, [], [Axis(3, 1)], [Axis(9, 1)]) is None


def test_an_axis_is_cut_for_channels_that_no_shape_tells():
    found = windows([Axis(14, 9), Axis(9, 1)], 0, [], [Axis(2, 63), Axis(3, 9)], [Axis(3, 18)])
    assert found.digits == (Axis(2, 63), Axis(7, 9), Axis(9, 1))
    assert found.sliding == {1}
