"""Strokes become MNIST's images, and arrays pictures."""

import math

import draw_digits
import draw_digits_pictures as pictures
import draw_digits_strokes as strokes
import numpy as np
import pytest
from handwriting import DRAWN, line, moved
from hypothesis import example, given
from hypothesis import strategies as st

import nn

numbers = st.floats(-50, 50, width=32)
drawings = st.lists(st.lists(st.tuples(numbers, numbers), max_size=6), max_size=4)


def ink_box(image, least=0.25):
    rows, columns = np.nonzero(image >= least)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


def test_no_strokes_are_an_empty_image():
    for nothing in ([], [[]], [[], []]):
        image = strokes.digit(nothing)
        assert image.shape == (28, 28)
        assert image.dtype == np.float32
        assert not image.any()


@given(drawings)
def test_any_strokes_are_an_image_between_paper_and_ink(drawing):
    image = strokes.digit(drawing)
    assert image.shape == (28, 28)
    assert np.isfinite(image).all()
    assert 0 <= image.min() <= image.max() <= 1
    assert image.any() == any(map(len, drawing))


@given(drawings, st.floats(0.05, 20), numbers, numbers)
@example([[(0.0, 0.0), (1.555390477180481, 0.0), (0.0, 0.0)]], 0.05, 8.0, 0.0)
def test_place_and_size_on_the_paper_do_not_matter(drawing, scale, x, y):
    points = np.array([point for stroke in drawing for point in stroke]).reshape(-1, 2)
    if len(points) and np.ptp(points, axis=0).max() < 1e-2:
        return  # rounding is as large as the drawing
    again = strokes.digit(moved(drawing, scale, x, y))
    np.testing.assert_allclose(again, strokes.digit(drawing), atol=2e-3)


@pytest.mark.parametrize("k", DRAWN)
def test_digits_fill_a_box_of_20_pixels_around_their_centre_of_mass(k):
    image = strokes.digit(DRAWN[k])
    assert abs(max(ink_box(image)) - 20) <= 1
    np.testing.assert_allclose(strokes.centre_of_mass(image), 14.5, atol=0.05)


def test_ink_is_as_thick_and_lies_where_it_does_in_mnist():
    _, test = nn.data.mnist(root=draw_digits.DATA)
    images, labels = test.images[:, 0], np.array(test.labels)
    theirs = [images[labels == k].sum((1, 2)).mean() for k in DRAWN]
    ours = [strokes.digit(drawing).sum() for drawing in DRAWN.values()]
    assert np.mean(ours) == pytest.approx(np.mean(theirs), rel=0.1)
    centres = [strokes.centre_of_mass(image) for image in images[:500]]
    np.testing.assert_allclose(np.mean(centres, axis=0), strokes.MIDDLE, atol=0.05)


def test_a_click_is_a_dot_in_the_middle():
    dot = strokes.digit([[(3.0, 4.0)]])
    assert dot.sum() == pytest.approx(math.pi * (strokes.PEN / 2) ** 2, rel=0.1)
    np.testing.assert_allclose(strokes.centre_of_mass(dot), 14.5, atol=1e-6)
    np.testing.assert_array_equal(strokes.digit([[(3.0, 4.0), (3.0, 4.0)]]), dot)


def test_a_straight_line_has_no_width_to_be_scaled():
    for drawing in ([line((5, 1), (5, 9))], [line((1, 5), (9, 5))], [[(5, 1), (5, 9)]]):
        height, width = sorted(ink_box(strokes.digit(drawing), 0.5), reverse=True)
        assert 19 <= height <= 21
        assert 2 <= width <= 3


def test_a_shaking_click_is_not_blown_up():
    shaken = [[(0.5, 0.5), (0.503, 0.501), (0.501, 0.504)]]
    assert abs(max(ink_box(strokes.digit(shaken))) - 20) <= 1
    assert max(ink_box(strokes.digit(shaken, least=0.07))) <= 5


def test_ink_whose_mass_lies_at_one_end_stays_in_the_image():
    scribble = [(0.1 * math.sin(7 * k), 0.1 * math.cos(5 * k)) for k in range(200)]
    drawing = [scribble, line((0, 0), (4, 0)), line((0, 0), (0, 4))]
    image = strokes.digit(drawing)
    assert abs(max(ink_box(image, 0.05)) - 20) <= 2
    assert image[0].max() <= 0.5  # at the edge, not cut off by it
    assert image[:, 0].max() <= 0.5


def test_smooth_strokes_keep_their_ends_and_straight_lines():
    points = [(0, 0), (4, 0), (4, 4), (0, 9)]
    curve = strokes.smooth(points)
    np.testing.assert_array_equal(curve[[0, -1]], [points[0], points[-1]])
    steps = np.diff(curve, axis=0)
    right, down = steps[np.abs(steps).sum(axis=1) > 1e-9].T
    turns = np.diff(np.unwrap(np.arctan2(down, right)))
    assert np.abs(turns).max() < 0.5  # the corner of 90 degrees, 1.57, is spread over an arc
    straight = strokes.smooth([(0, 0), (1, 2), (3, 6), (4, 8)])
    np.testing.assert_allclose(straight[:, 1], 2 * straight[:, 0], atol=1e-12)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6), st.floats(0.3, 5))
def test_stamps_lie_close_from_end_to_end(points, step):
    curve = np.array(points, float)
    stamps = strokes.spaced(curve, step)
    np.testing.assert_allclose(stamps[[0, -1]], curve[[0, -1]], atol=1e-9)
    assert (np.hypot(*np.diff(stamps, axis=0).T) <= step + 1e-9).all()


def test_a_stamp_covers_as_much_of_a_pixel_as_a_disc_does():
    centre, pen, fine = np.array([5.3, 6.8]), 5.0, 16
    image = strokes.stamp(np.zeros((12, 12), np.float32), centre[None], pen)
    rows, columns = (np.mgrid[: 12 * fine, : 12 * fine] + 0.5) / fine
    disc = np.hypot(columns - centre[0], rows - centre[1]) <= pen / 2
    shares = disc.reshape(12, fine, 12, fine).mean((1, 3))
    np.testing.assert_allclose(image, shares, atol=0.13)
    assert image.sum() == pytest.approx(shares.sum(), rel=0.02)


def test_stamps_beside_the_image_leave_no_ink():
    image = np.zeros((5, 7), np.float32)
    strokes.stamp(image, np.array([[-9.0, 2.0], [3.0, 50.0], [99.0, -99.0]]), 3.0)
    assert not image.any()
    strokes.stamp(image, np.array([[0.0, 0.0]]), 3.0)
    assert image[0, 0] == 1
    assert not image[:, 4:].any()


# --- pictures -------------------------------------------------------------------------------------


def test_signed_pictures_are_white_at_nought_and_symmetric():
    values = np.array([[-2.0, 0.0], [1.0, 2.0]])
    shown = pictures.signed(values, np.zeros((2, 2)), 4, pictures.LIGHT)
    assert shown.shape == (4, 4, 3)
    assert shown[0, 0].tolist() == pictures.rgb(pictures.LIGHT.cold).tolist()
    assert shown[3, 3].tolist() == pictures.rgb(pictures.LIGHT.hot).tolist()
    assert shown[0, 3].min() >= 253


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (8, 4), (24, 7), (7, 4)])
def test_maps_fill_their_box_and_do_not_overlap(count, columns):
    assert pictures.tiles(count, 400, 200, 6)[0] == columns
    maps = np.ones((count, 5, 5))
    shown = pictures.tiled(maps, 400, 200, 6.0, pictures.LIGHT)
    assert shown.shape == (200, 400, 3)
    side = int(pictures.tiles(count, 400, 200, 6)[1])
    ink = (shown == pictures.rgb(pictures.LIGHT.ink)).all(axis=-1)
    assert ink.sum() == count * side * side
