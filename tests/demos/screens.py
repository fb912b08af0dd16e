"""A screen with a window of a demo, and what a person does there."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / ".ci" / "artefacts"  # not committed


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

    def wait(self, condition, seconds=120.0):
        """Until the title meets a condition; the title."""
        end = time.monotonic() + seconds
        while not condition(title := self.title):
            if self.demo.poll() is not None:
                raise RuntimeError(self.demo.communicate()[0])
            if time.monotonic() > end:
                raise TimeoutError(title)
            time.sleep(0.03)
        return title

    def empty(self):
        return self.wait(lambda title: title == "Glassgrad: draw a digit")

    def clear(self):
        self.tool("key", "Escape")
        self.empty()

    def pixel(self, x, y):
        """A place of the sheet in the window's pixels."""
        left, top = self.corner
        return round(left + x * self.factor), round(top + y * self.factor)

    def draw(self, drawing, pause=0.008):
        """Along strokes on the paper, whose side is 1."""
        from draw_digits_sheet import PAPER

        for stroke in drawing:
            places = [
                self.pixel(PAPER.x + x * PAPER.width, PAPER.y + y * PAPER.height) for x, y in stroke
            ]
            moves = [word for place in places for word in ("mousemove", *place, "sleep", pause)]
            self.tool(*moves[:5], "mousedown", "1", *moves[5:], "mouseup", "1")

    def draw_and_read(self, drawing, name):
        """Draw until the title names the digit; more slowly where a busy machine misses moves."""
        wanted = f"Glassgrad reads: {name} ("
        for pause in (0.008, 0.03, 0.1):
            self.draw(drawing, pause)
            try:
                return self.wait(lambda title: title.startswith(wanted), 4.0)
            except TimeoutError as error:
                read = error
                self.clear()
        raise AssertionError(f"{name} was read otherwise: {read}")

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
