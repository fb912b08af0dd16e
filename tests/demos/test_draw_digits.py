"""Drawings become MNIST's images, a network that was trained here reads them, and so does the
window, drawn in by a real mouse.
"""

import contextlib
import math
import os
import shutil
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Tensor

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / ".ci" / "artefacts"  # not committed
sys.path.insert(0, str(ROOT / "demos"))

import draw_digits  # noqa: E402
import draw_digits_model as models  # noqa: E402
import draw_digits_pictures as pictures  # noqa: E402
import draw_digits_strokes as strokes  # noqa: E402


def arc(x, y, width, height, start, end, points=24):
    """Part of an ellipse; degrees run clockwise from the right."""
    angles = np.radians(np.linspace(start, end, points))
    return [(x + width * math.cos(a), y + height * math.sin(a)) for a in angles]


def line(*corners, points=9):
    """Straight from corner to corner."""
    parts = [np.linspace(a, b, points) for a, b in pairwise(corners)]
    return [tuple(point) for part in parts for point in part.tolist()]


HOOK = line((0.4, 0.2), (0.37, 0.45)) + arc(0.48, 0.62, 0.18, 0.18, -120, 140)
DRAWN = {  # as a hand draws them, on paper of side 1
    0: [arc(0.5, 0.5, 0.2, 0.3, -90, -450, 32)],
    1: [line((0.53, 0.2), (0.47, 0.8))],
    2: [arc(0.5, 0.36, 0.17, 0.16, -170, 30) + line((0.6, 0.5), (0.32, 0.8), (0.7, 0.8))],
    3: [arc(0.48, 0.35, 0.16, 0.15, -150, 90) + arc(0.48, 0.65, 0.19, 0.15, -90, 150)],
    4: [line((0.35, 0.2), (0.33, 0.5), (0.68, 0.5)), line((0.63, 0.2), (0.63, 0.82))],
    5: [HOOK, line((0.4, 0.2), (0.66, 0.2))],
    6: [arc(0.62, 0.55, 0.28, 0.35, -100, -180) + arc(0.5, 0.63, 0.15, 0.16, -180, -540)],
    7: [line((0.32, 0.22), (0.68, 0.22), (0.46, 0.82))],
    8: [arc(0.5, 0.35, 0.14, 0.14, 90, 450) + arc(0.5, 0.64, 0.17, 0.15, -90, -450)],
    9: [arc(0.48, 0.38, 0.15, 0.16, 0, -360) + line((0.63, 0.38), (0.6, 0.82))],
}


def moved(drawing, scale, x, y):
    return [[(scale * a + x, scale * b + y) for a, b in stroke] for stroke in drawing]


def ink_box(image, least=0.25):
    rows, columns = np.nonzero(image >= least)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


# --- strokes --------------------------------------------------------------------------------------

numbers = st.floats(-50, 50, width=32)
drawings = st.lists(st.lists(st.tuples(numbers, numbers), max_size=6), max_size=4)


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
    turns = np.diff(np.unwrap(np.arctan2(*np.diff(curve, axis=0).T[::-1])))
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


# --- the network ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Where a network is kept that has learned from a part of MNIST, for about two seconds."""
    path = tmp_path_factory.mktemp("models") / "ten.safetensors"
    models.made(options(path), lambda progress: True)
    return path


@pytest.fixture(scope="module")
def reader(path):
    return models.Reader(nn.load(path), 10)


def options(path, *more):
    size = "--train", "3000", "--epochs", "5"
    return draw_digits.parse(["--model", str(path), *size, *more])


def test_drawn_digits_are_read(reader):
    read = {k: reader(strokes.digit(drawing)).likeliest for k, drawing in DRAWN.items()}
    assert sum(k == answer for k, answer in read.items()) >= 9, read


def test_the_gradient_is_the_slope_of_the_score(reader):
    image = strokes.digit(DRAWN[5])
    reading = reader(image)
    assert reading.asked == reading.likeliest
    other = reader(image, asked=8)
    assert other.asked == 8
    np.testing.assert_array_equal(other.probabilities, reading.probabilities)
    assert np.abs(other.slope - reading.slope).max() > 0.1

    places = [(12, 14), (20, 9)]
    step = 1e-3
    for i, j in places:
        ends = []
        for sign in (1, -1):
            nudged = image.astype(float)
            nudged[i, j] += sign * step
            ends.append(reader.model(Tensor(nudged[None])).tolist())
        slopes = (np.array(ends[0]) - ends[1]) / (2 * step)
        for found in (reading, other):
            assert found.slope[i, j] == pytest.approx(slopes[found.asked], rel=0.02, abs=0.02)


def test_probabilities_and_maps_are_the_models(reader):
    image = strokes.digit(DRAWN[2])
    reading = reader(image)
    scores = np.array(reader.model(Tensor(image[None])).tolist())
    shares = np.exp(scores - scores.max())
    np.testing.assert_allclose(reading.probabilities, shares / shares.sum(), atol=1e-4)
    assert [maps.shape for maps in reading.maps] == [(8, 24, 24), (24, 8, 8)]
    first = reader.model[:2](Tensor(image[None])).numpy()
    np.testing.assert_allclose(reading.maps[0], first, atol=1e-4)


def test_bent_images_are_like_the_old_ones_and_the_same_for_a_seed():
    images = np.stack([strokes.digit(drawing)[None] for drawing in DRAWN.values()])
    bent = models.bent(images, np.random.default_rng(1))
    assert bent.shape == images.shape
    assert bent.dtype == np.float32
    assert 0 <= bent.min() <= bent.max() <= 1
    assert (np.abs(bent - images).mean((1, 2, 3)) > 0.01).all()
    np.testing.assert_allclose(bent.sum((1, 2, 3)), images.sum((1, 2, 3)), rtol=0.8)
    np.testing.assert_array_equal(bent, models.bent(images, np.random.default_rng(1)))


def test_reading_between_pixels_is_linear():
    image = np.arange(28 * 28, dtype=np.float32).reshape(1, 1, 28, 28)
    places = models._grid(28, 28, 1)[None]
    inside = np.s_[:, :, :27, :27]
    np.testing.assert_allclose(models.sampled(image, places)[inside], image[inside], atol=0.05)
    moved = models.sampled(image, places + np.float32([0.25, 0.5]))
    np.testing.assert_allclose(moved[inside], image[inside] + 0.25 * 28 + 0.5, atol=0.05)


def test_a_network_is_kept_and_taken_again(path, capsys):
    found = models.kept(path, [str(k) for k in range(10)])
    assert "trained before" in capsys.readouterr().out
    assert found.preprocessing["images"] == 3000
    assert 0.9 < found.preprocessing["accuracy"] < 1


def test_a_network_that_does_not_fit_is_learned_anew_and_the_old_file_kept(path, tmp_path, capsys):
    other = shutil.copy(path, tmp_path / "two.safetensors")
    assert models.kept(other, ["0", "1"]) is None
    assert "reads ['0', '1', '2'" in capsys.readouterr().out
    before = other.read_bytes()
    other.write_bytes(before[:-100])
    assert models.kept(other, ["0", "1"]) is None
    words = capsys.readouterr().out
    assert str(other) in words
    assert "training anew" in words
    models.keep(models.network(2), other, {"classes": ["0", "1"]})
    assert models.kept(other, ["0", "1"])
    assert (tmp_path / "two.safetensors.old").read_bytes() == before[:-100]


def test_a_folder_that_cannot_be_written_is_told(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    models.keep(models.network(2), tmp_path / "file" / "two.safetensors", {"classes": ["0", "1"]})
    assert "not kept" in capsys.readouterr().out


def test_learning_ends_when_it_is_told_to(tmp_path):
    path, told = tmp_path / "two.safetensors", []
    made = models.made(options(path, "--classes", "0", "1"), lambda p: told.append(p) or False)
    assert made is None
    assert len(told) == 1
    assert not path.exists()


def test_every_choice_of_classes_has_a_file_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    places = {models.place(names, full) for names in (["0", "1"], ["1", "7"]) for full in (0, 1)}
    assert len(places) == 4
    assert all(place.is_relative_to(tmp_path) for place in places)


# --- the command line -----------------------------------------------------------------------------


def run(*arguments, **environment):
    """The demo in a process of its own, without a display."""
    hidden = {"DISPLAY", "WAYLAND_DISPLAY"}
    env = {k: v for k, v in os.environ.items() if k not in hidden} | environment
    return subprocess.run(
        [sys.executable, "demos/draw_digits.py", *arguments],
        cwd=ROOT, env=env, capture_output=True, encoding="utf-8", check=False, timeout=60,
    )  # fmt: skip


def test_help_explains_every_option():
    done = run("--help")
    assert done.returncode == 0
    for option in (
        "classes",
        "model",
        "retrain",
        "root",
        "full",
        "train",
        "epochs",
        "seed",
        "dark",
    ):
        assert f"--{option}" in done.stdout


@pytest.mark.parametrize("classes", [["3"], ["3", "3"], ["3", "12"]])
def test_wrong_classes_are_refused(classes, capsys):
    with pytest.raises(SystemExit):
        draw_digits.parse(["--classes", *classes])
    assert "--classes takes two different digits or more" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_a_display_that_is_missing_is_told_in_a_line():
    pytest.importorskip("tkinter")
    done = run()
    assert done.returncode == 1
    assert done.stderr.startswith("draw_digits needs a display: ")
    assert done.stderr.count("\n") == 1


def test_tkinter_that_is_missing_is_told_in_a_line(tmp_path):
    (tmp_path / "tkinter.py").write_text("raise ImportError('No module named _tkinter')")
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = run(PYTHONPATH=paths)
    assert done.returncode == 1
    assert done.stderr.startswith("draw_digits needs tkinter: apt install python3-tk")
    assert done.stderr.count("\n") == 1


# --- the window -----------------------------------------------------------------------------------


class Screen:
    """A screen of its own (Xvfb) with the demo's window, a mouse and a keyboard (xdotool)."""

    def __init__(self):
        pytest.importorskip("tkinter")
        for tool in ("Xvfb", "xdotool"):
            if not shutil.which(tool):
                pytest.skip(f"{tool} is not installed")
        mine, theirs = os.pipe()
        size = "-screen", "0", "1100x860x24"
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(theirs), *size, "-nolisten", "tcp"],
            pass_fds=[theirs], stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs)
        with open(mine) as answer:
            self.display = f":{answer.readline().strip()}"
        self.environment = {**os.environ, "DISPLAY": self.display}
        self.demo = None
        self.factor, self.corner = 1.0, (0, 0)

    def start(self, *arguments):
        self.demo = subprocess.Popen(
            [sys.executable, "demos/draw_digits.py", *map(str, arguments)],
            cwd=ROOT, env=self.environment, encoding="utf-8",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def stop(self):
        """End the demo, and give what it has printed."""
        if self.demo is None:
            return ""
        self.demo.terminate()
        words, _ = self.demo.communicate(timeout=20)
        self.demo = None
        return words

    def close(self):
        self.stop()
        self.server.terminate()
        self.server.wait(timeout=20)

    def tool(self, *arguments):
        command = ["xdotool", *map(str, arguments)]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    @property
    def title(self):
        windows = self.tool("search", "--onlyvisible", "--class", "Glassgrad").split()
        return self.tool("getwindowname", windows[0]) if windows else ""

    def wait(self, condition):
        """Until the title meets a condition; the title."""
        end = time.monotonic() + 30
        while not condition(title := self.title):
            assert time.monotonic() < end, title
            assert self.demo.poll() is None, self.demo.communicate()[0]
            time.sleep(0.03)
        return title

    def reads(self, name):
        return self.wait(lambda title: title.startswith(f"Glassgrad reads: {name} ("))

    def empty(self):
        return self.wait(lambda title: title == "Glassgrad: draw a digit")

    def settled(self):
        """The title, once it has not changed for some time."""
        before = None
        while before != (now := self.title):
            before = now
            time.sleep(0.25)
        return now

    def pixel(self, x, y):
        """A place of the sheet in the window's pixels."""
        left, top = self.corner
        return round(left + x * self.factor), round(top + y * self.factor)

    def draw(self, drawing):
        """Along strokes on the paper, whose side is 1."""
        from draw_digits_sheet import PAPER

        for stroke in drawing:
            places = [
                self.pixel(PAPER.x + x * PAPER.width, PAPER.y + y * PAPER.height) for x, y in stroke
            ]
            moves = [word for place in places for word in ("mousemove", *place, "sleep", "0.008")]
            self.tool(*moves[:5], "mousedown", "1", *moves[5:], "mouseup", "1")

    def fit(self):
        """Learn how large the window shows the sheet, and where; the window."""
        from draw_digits_sheet import HEIGHT, WIDTH

        (window,) = self.tool("search", "--onlyvisible", "--class", "Glassgrad").split()
        lines = self.tool("getwindowgeometry", "--shell", window).split()
        sizes = dict(line.split("=") for line in lines)
        width, height = int(sizes["WIDTH"]), int(sizes["HEIGHT"])
        self.factor = min(width / WIDTH, height / HEIGHT)
        self.corner = (width - WIDTH * self.factor) / 2, (height - HEIGHT * self.factor) / 2
        return window

    def picture(self, name):
        """A screenshot, kept as an artefact."""
        grab = pytest.importorskip("PIL.ImageGrab", reason="Pillow is not installed")
        PICTURES.mkdir(parents=True, exist_ok=True)
        shot = grab.grab(xdisplay=self.display)
        shot.save(PICTURES / f"{name}.png")
        return np.asarray(shot.convert("RGB"), float)


@pytest.fixture
def screen():
    with contextlib.closing(Screen()) as screen:
        yield screen


def part(picture, box, factor):
    x, y, width, height = (round(n * factor) for n in box)
    return picture[y : y + height, x : x + width]


def near(picture, colour):
    """How many pixels have nearly a colour."""
    return int((np.abs(picture - pictures.rgb(colour)).max(axis=-1) < 12).sum())


def test_people_draw_and_the_window_reads(screen, path):
    from draw_digits_sheet import ANSWER, BARS, MAPS, PAPER, SEEN, SLOPE

    screen.start("--model", path)
    screen.empty()
    screen.fit()
    screen.draw(DRAWN[0])
    screen.reads(0)
    shot = screen.picture("draw_digits")
    for box in (PAPER, ANSWER, SEEN):
        assert near(part(shot, box, screen.factor), pictures.LIGHT.ink) > 300
    assert near(part(shot, BARS, screen.factor), pictures.LIGHT.hot) > 300
    for box in (SLOPE, *MAPS):
        assert part(shot, box, screen.factor).std(axis=(0, 1)).min() > 5

    screen.tool("key", "Escape")
    screen.empty()
    screen.draw(moved(DRAWN[1], 0.4, 0.55, 0.5))
    screen.reads(1)
    screen.tool("mousemove", *screen.pixel(PAPER.x + PAPER.width - 20, PAPER.y - 16), "click", "1")
    screen.empty()  # that was the button "Clear"
    assert "trained before" in screen.stop()


def test_strokes_are_taken_back_one_by_one(screen, path):
    screen.start("--model", path)
    screen.empty()
    screen.fit()
    screen.tool("key", "ctrl+z")  # there is nothing to take back
    screen.draw([[(0.5, 0.5)]])  # a click
    dot = screen.wait(lambda title: "reads" in title)
    screen.draw([arc(0.5, 0.8, 0.7, 0.7, -90, 270)])  # it leaves the paper on three sides
    assert screen.settled() != dot
    screen.tool("key", "ctrl+z")
    screen.wait(lambda title: title == dot)
    screen.tool("key", "BackSpace")
    screen.empty()
    assert screen.demo.poll() is None


def test_a_window_of_another_size_reads_the_same(screen, path):
    screen.start("--model", path)
    screen.empty()
    window = screen.fit()
    for width, height in ((472, 376), (1050, 600)):
        screen.tool("windowsize", "--sync", window, width, height)
        screen.settled()
        screen.fit()
        screen.draw(DRAWN[3])
        screen.reads(3)
        screen.tool("key", "Delete")
        screen.empty()


def test_the_first_start_learns_a_pair_and_the_second_knows_it(screen, tmp_path):
    pair = "--classes", "0", "1", "--model", tmp_path / "pair.safetensors"
    screen.start(*pair, "--train", "1000", "--epochs", "4")
    screen.wait(lambda title: title.startswith("Glassgrad learns: "))
    screen.empty()
    screen.fit()
    for k in (1, 0):
        screen.draw(DRAWN[k])
        screen.reads(k)
        screen.tool("key", "Escape")
        screen.empty()
    words = screen.stop()
    assert "learning from 1,000 digits" in words
    assert "test images are read right" in words
    screen.start(*pair)
    screen.empty()
    assert "trained before" in screen.stop()


def test_data_that_is_missing_is_told_in_a_line(screen, tmp_path):
    screen.start("--model", tmp_path / "none.safetensors", "--root", tmp_path)
    words, _ = screen.demo.communicate(timeout=30)
    assert screen.demo.returncode == 1
    assert words.startswith("draw_digits: ")
    assert str(tmp_path) in words
    assert words.count("\n") == 1


def test_a_window_that_is_closed_ends_learning(screen, tmp_path):
    import tkinter

    from draw_digits_window import Window

    root = tkinter.Tk(screenName=screen.display)
    window = Window(root, options(tmp_path / "ten.safetensors", "--epochs", "500"))

    def close_when_learning():
        if window.learner.progress.done:
            window.close()
        else:
            root.after(20, close_when_learning)

    root.after(0, close_when_learning)
    root.mainloop()
    window.learner.join(timeout=20)
    assert not window.learner.is_alive()
    assert window.learner.error is None
    assert window.learner.reader is None


def test_a_click_on_a_bar_asks_what_would_speak_for_its_class(screen, path):
    import tkinter

    from draw_digits_sheet import BARS, PAPER
    from draw_digits_window import Window

    root = tkinter.Tk(screenName=screen.display)
    window = Window(root, options(path))
    window.learner.join(timeout=20)
    root.update()

    def at(box, x, y):
        left, top, width, height = window.sheet.pixels(box)
        return {"x": round(left + x * width), "y": round(top + y * height)}

    canvas = window.sheet.canvas
    (stroke,) = DRAWN[0]
    canvas.event_generate("<Button-1>", **at(PAPER, *stroke[0]))
    for point in stroke[1:]:
        canvas.event_generate("<B1-Motion>", **at(PAPER, *point))
    canvas.event_generate("<ButtonRelease-1>", **at(PAPER, *stroke[-1]))
    window.read()
    assert window.reading.likeliest == window.reading.asked == 0
    canvas.event_generate("<Button-1>", **at(BARS, 0.5, 0.65))
    assert window.reading.asked == 6
    assert window.reading.likeliest == 0
    canvas.event_generate("<Button-1>", **at(BARS, 0.5, 0.65))
    assert window.reading.asked == 0

    drawn = window.paper.ink.copy()
    window.paper.resize(window.paper.side)  # at once what was drawn piece by piece
    np.testing.assert_allclose(window.paper.ink, drawn, atol=0.1)
    window.close()
