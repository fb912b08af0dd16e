"""People draw with a real mouse, and the window says what it reads."""

import os
import subprocess
import sys
import types
import urllib.parse
from pathlib import Path

import draw_digits
import draw_digits_model as models
import draw_digits_pictures as pictures
import numpy as np
import pytest
from handwriting import DRAWN, arc, moved, options

ROOT = Path(__file__).parents[2]

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
    screen.draw_and_read(DRAWN[0], 0)
    shot = screen.picture("draw_digits")
    for box in (PAPER, ANSWER, SEEN):
        assert near(part(shot, box, screen.factor), pictures.LIGHT.ink) > 300
    assert near(part(shot, BARS, screen.factor), pictures.LIGHT.hot) > 300
    for box in (SLOPE, *MAPS):
        assert part(shot, box, screen.factor).std(axis=(0, 1)).min() > 5

    screen.clear()
    screen.draw_and_read(moved(DRAWN[1], 0.4, 0.55, 0.5), 1)
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
    screen.wait(lambda title: title != dot)
    screen.tool("key", "ctrl+z")
    screen.wait(lambda title: title == dot)
    screen.tool("key", "BackSpace")
    screen.empty()
    assert screen.demo.poll() is None


@pytest.fixture
def shown(screen, tmp_path):
    """A function that waits for the page that the user's browser is asked to show, and gives it."""
    note = tmp_path / "shown"
    browser = tmp_path / "browser"
    browser.write_text(f"#!/bin/sh\necho \"$1\" > '{note}.new'; mv '{note}.new' '{note}'\n")
    browser.chmod(0o755)
    screen.environment["BROWSER"] = str(browser)

    def wait():
        screen.wait(lambda title: note.exists(), 30)
        page = Path(urllib.parse.urlparse(note.read_text().strip()).path)
        note.unlink()
        return page.read_text("utf-8")

    return wait


def test_a_digit_is_explored_by_a_key_or_a_button(screen, path, shown):
    from draw_digits_sheet import PAPER

    screen.start("--model", path)
    screen.empty()
    screen.fit()
    screen.tool("key", "e")  # there is nothing to explore
    screen.draw_and_read(DRAWN[3], 3)
    button = screen.pixel(PAPER.x + PAPER.width - 180, PAPER.y - 16)
    for way in (["key", "e"], ["mousemove", *button, "click", "1"]):
        screen.tool(*way)
        page = shown()
        told = screen.title.replace("Glassgrad reads: ", "A CNN reads a drawn ")
        assert f"<title>{told}</title>" in page
    assert screen.stop().count("explorer.html: ") == 2


def test_a_window_of_another_size_reads_the_same(screen, path):
    screen.start("--model", path)
    screen.empty()
    window = screen.fit()
    for width, height in ((472, 376), (1050, 600)):
        screen.tool("windowsize", "--sync", window, width, height)
        screen.fit()
        screen.draw_and_read(DRAWN[3], 3)
        screen.tool("key", "Delete")
        screen.empty()


def test_the_first_start_learns_a_pair_and_keeps_it(screen, tmp_path):
    pair = "--classes", "0", "1", "--model", tmp_path / "pair.safetensors"
    screen.start(*pair, "--train", "600", "--epochs", "6")
    screen.wait(lambda title: title.startswith("Glassgrad learns: "))
    screen.empty()
    screen.fit()
    for k in (1, 0):
        screen.draw_and_read(DRAWN[k], k)
        screen.clear()
    words = screen.stop()
    assert "learning from 600 digits" in words
    assert "test images are read right" in words
    assert models.kept(tmp_path / "pair.safetensors", ["0", "1"])


def test_data_that_is_missing_is_told_in_a_line(screen, tmp_path):
    screen.start("--model", tmp_path / "none.safetensors", "--root", tmp_path)
    words, _ = screen.demo.communicate(timeout=30)
    assert screen.demo.returncode == 1
    assert words.startswith("draw_digits: ")
    assert str(tmp_path) in words
    assert words.count("\n") == 1


# Tk ends its process when its screen is gone: what uses it from inside runs in another process.


def inside(screen, function, path):
    """Call a function of this file, with a path, in a process that has the screen."""
    code = f"import {Path(__file__).stem} as t; t.{function.__name__}({str(path)!r})"
    paths = os.pathsep.join(map(str, (ROOT, ROOT / "demos", Path(__file__).parent)))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**screen.environment, "PYTHONPATH": paths},
        capture_output=True, encoding="utf-8", check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def open_window(path, *more):
    import tkinter

    from draw_digits_window import Window

    root = tkinter.Tk()
    return root, Window(root, options(path, *more))


def close_while_learning(path):
    root, window = open_window(path, "--epochs", "500")

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


def test_a_window_that_is_closed_ends_learning(screen, tmp_path):
    inside(screen, close_while_learning, tmp_path / "ten.safetensors")
    assert not list(tmp_path.iterdir())


def ask_about_a_class(path):
    from draw_digits_sheet import BARS, PAPER

    root, window = open_window(path)
    window.learner.join(timeout=20)
    while window.paper.side == 1:  # not laid out
        root.update()

    def mouse(event, box, x, y):
        left, top, width, height = window.sheet.pixels(box)
        place = {"x": round(left + x * width), "y": round(top + y * height)}
        window.sheet.canvas.event_generate(event, **place)

    (stroke,) = DRAWN[0]
    mouse("<Button-1>", PAPER, *stroke[0])
    for point in stroke[1:]:
        mouse("<B1-Motion>", PAPER, *point)
    mouse("<ButtonRelease-1>", PAPER, *stroke[-1])
    window.read()
    assert window.reading.likeliest == window.reading.asked == 0
    mouse("<Button-1>", BARS, 0.5, 0.65)
    assert (window.reading.likeliest, window.reading.asked) == (0, 6)
    mouse("<Button-1>", BARS, 0.5, 0.65)
    assert window.reading.asked == 0

    drawn = window.paper.ink.copy()
    assert drawn.max() == 1
    window.paper.resize(window.paper.side)  # at once what was drawn piece by piece
    np.testing.assert_allclose(window.paper.ink, drawn, atol=0.1)
    window.close()


def test_a_click_on_a_bar_asks_what_would_speak_for_its_class(screen, path):
    inside(screen, ask_about_a_class, path)


def test_a_network_that_is_ready_while_its_progress_is_shown_is_shown_next():
    window = pytest.importorskip("draw_digits_window", reason="needs tkinter").Window
    learner = types.SimpleNamespace(error=None, reader=None)
    later = []
    stand_in = types.SimpleNamespace(
        learner=learner, watch="watch",
        read=lambda: setattr(learner, "reader", "ready"), soon=lambda *what: later.append(what),
    )  # fmt: skip
    window.watch(stand_in)
    window.watch(stand_in)
    assert later == [("watch", 100)]
