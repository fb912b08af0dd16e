"""The window of `draw_digits.py`: what happens when someone draws, and while the network learns."""

import threading
import time
import tkinter as tk
from collections.abc import Callable
from typing import Any

import draw_digits_pictures as pictures
import draw_digits_strokes as strokes
import numpy as np
from draw_digits_model import Progress, Reader, made, nothing
from draw_digits_sheet import Sheet

EVERY = 40  # milliseconds from one reading to the next while someone draws
PEN = 0.07  # of the paper's side


class Learner(threading.Thread):
    """Makes the reader, without holding up the window: see `reader`, or `error`, in the end."""

    def __init__(self, options: Any) -> None:
        super().__init__(daemon=True)
        self.options, self.ended = options, threading.Event()
        self.progress, self.started = Progress(0.0, 0.0), time.monotonic()
        self.reader: Reader | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        """Learn, or read the model that is kept, and compile."""
        try:
            model = made(self.options, self._tell)
            if model:
                self.reader = Reader(model, len(self.options.classes))
        except Exception as error:  # the window tells it
            self.error = error

    def _tell(self, progress: Progress) -> bool:
        if not self.progress.done:
            self.started = time.monotonic()
        self.progress = progress
        return not self.ended.is_set()

    def words(self) -> str:
        """How far it is, in a line."""
        done, right = self.progress
        if not done:
            return "reading the images"
        if done == 1:
            return "testing what it has learned"
        left = (time.monotonic() - self.started) * (1 - done) / done
        return f"{100 * right:.0f} % read right · {left:.0f} s left"


class Paper:
    """The strokes, in fractions of the paper's side, and their image, kept up to date by stamps."""

    def __init__(self, look: pictures.Look) -> None:
        self.strokes: list[list[tuple[float, float]]] = []
        self.drawing = False
        self.colours = pictures.ramp(look.paper, look.ink)
        self.photo = tk.PhotoImage()
        self.resize(1)

    def resize(self, side: int) -> None:
        """Draw all strokes anew, on paper of so many pixels."""
        self.side = side
        self.ink = np.zeros((side, side), np.float32)
        for stroke in self.strokes:
            self._stamp(strokes.smooth(stroke))
        self.photo.configure(data=pictures.ppm(pictures.painted(self.ink, self.colours)))

    def start(self, x: float, y: float) -> None:
        """Put the pen down."""
        self.drawing = True
        self.strokes.append([(x, y)])
        self._draw(np.array([(x, y)]))

    def move(self, x: float, y: float) -> None:
        """Go on to a point. The ink ends halfway to it, where a curve may begin."""
        stroke = self.strokes[-1]
        if (x, y) != stroke[-1]:
            stroke.append((x, y))
            *before, b, c = stroke[-3:]
            start = _between(before[0], b) if before else b
            self._draw(strokes.arcs([start], [b], [_between(b, c)]))

    def end(self) -> None:
        """Lift the pen."""
        self.drawing = False
        ends = self.strokes[-1][-2:]
        self._draw(np.array([_between(ends[0], ends[-1]), ends[-1]]))

    def undo(self, count: int = 1) -> None:
        """Take the last strokes away, also one that is being drawn."""
        self.drawing = False
        del self.strokes[max(0, len(self.strokes) - count) :]
        self.resize(self.side)

    def image(self) -> pictures.Array:
        """The strokes as the network sees them."""
        return strokes.digit(self.strokes, least=PEN)

    def _draw(self, curve: pictures.Array) -> None:
        """Stamp a curve, and show the part of the paper that it touches."""
        stamps = self._stamp(curve)
        reach = self.side * PEN / 2 + 2
        left, top = np.maximum(stamps.min(axis=0) - reach, 0).astype(int)
        right, bottom = (stamps.max(axis=0) + reach).astype(int)
        part = pictures.painted(self.ink[top:bottom, left:right], self.colours)
        self.photo.put(pictures.ppm(part), to=(left, top))

    def _stamp(self, curve: pictures.Array) -> pictures.Array:
        pen = max(1.0, PEN * self.side)
        stamps = strokes.spaced(curve * self.side, max(0.5, pen / 12))
        strokes.stamp(self.ink, stamps, pen)
        return stamps


def _between(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    """The middle of two points."""
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


class Window:
    """A sheet with paper to draw on, and a learner in the background."""

    def __init__(self, root: tk.Tk, options: Any) -> None:
        self.root = root
        look = pictures.DARK if options.dark else pictures.LIGHT
        self.paper = Paper(look)
        names = [str(c) for c in options.classes]
        self.sheet = Sheet(root, names, look, self.paper.photo)
        buttons = {"Explore this digit": self.explore, "Undo": self.undo, "Clear": self.clear}
        self.sheet.add_buttons(buttons)
        self.nothing = self.reading = nothing(len(names))
        self.asked: int | None = None  # the class whose gradient is wanted; None is the likeliest
        self.waiting: dict[Callable[[], None], str] = {}
        self.learner = Learner(options)
        self._bind()
        self.learner.start()
        self.watch()

    def _bind(self) -> None:
        canvas, root = self.sheet.canvas, self.root
        canvas.bind("<Configure>", lambda _: self.soon(self.resize, 15))
        canvas.bind("<Button-1>", self.press)
        canvas.bind("<B1-Motion>", self.drag)
        canvas.bind("<ButtonRelease-1>", self.release)
        command = "Command" if root.tk.call("tk", "windowingsystem") == "aqua" else "Control"
        for key in (f"<{command}-z>", "<BackSpace>"):
            root.bind(key, lambda _: self.undo())
        for key in ("<Escape>", "<Delete>"):
            root.bind(key, lambda _: self.clear())
        root.bind("<e>", lambda _: self.explore())
        root.protocol("WM_DELETE_WINDOW", self.close)

    def soon(self, action: Callable[[], None], after: int) -> None:
        """Do something once after so many milliseconds, however often it is asked for."""
        if action not in self.waiting:
            self.waiting[action] = self.root.after(after, self._now, action)

    def _now(self, action: Callable[[], None]) -> None:
        del self.waiting[action]
        action()

    def close(self) -> None:
        """Close the window; what is being learned is lost."""
        self.learner.ended.set()
        self.root.destroy()

    def watch(self) -> None:
        """Look after the learner until it is ready."""
        if self.learner.error:
            self.close()
        else:
            ready = self.learner.reader  # as it was before: it may come while all is shown
            self.read()
            if not ready:
                self.soon(self.watch, 100)

    def resize(self) -> None:
        """Draw all in the window's new size."""
        self.sheet.lay_out()
        self.paper.resize(self.sheet.side)
        self.show()

    # --- drawing ----------------------------------------------------------------------------------

    def press(self, event: Any) -> None:
        """Begin a stroke on the paper, or ask about the class whose bar is clicked."""
        x, y = self.sheet.on_paper(event)
        row = self.sheet.row_at(event)
        if 0 <= x <= 1 and 0 <= y <= 1:
            self.paper.start(x, y)
            self.soon(self.read, EVERY)
        elif not self.reading.empty and row is not None:
            self.asked = None if row == self.asked else row
            self.read()

    def drag(self, event: Any) -> None:
        """Go on with a stroke; beyond the paper, along its edge."""
        if self.paper.drawing:
            self.paper.move(*np.clip(self.sheet.on_paper(event), 0.0, 1.0).tolist())
            self.soon(self.read, EVERY)

    def release(self, event: Any) -> None:
        """End a stroke."""
        if self.paper.drawing:
            self.drag(event)
            self.paper.end()

    def undo(self) -> None:
        """Take back the last stroke."""
        self.paper.undo()
        self.read()

    def clear(self) -> None:
        """Take back all strokes."""
        self.paper.undo(len(self.paper.strokes))
        self.read()

    def explore(self) -> None:
        """Write a page of how the network reads the digit as it is drawn, and show it in a browser.

        It is about the class whose bar was clicked, or the likeliest.
        """
        reader, reading = self.learner.reader, self.reading
        if reader and not reading.empty:
            title = "A CNN reads a drawn {} ({})".format(*self.sheet.answer(reading))
            print(reader.explored(reading, title).open(), flush=True)

    def read(self) -> None:
        """Let the network read what is on the paper, and show it."""
        reader, image = self.learner.reader, self.paper.image()
        if not self.paper.strokes:
            self.asked = None
        self.reading = self.nothing._replace(image=image)
        if reader:
            found = reader(image, self.asked)
            blank = [np.zeros_like(maps) for maps in found.maps]
            self.reading = found if self.paper.strokes else self.reading._replace(maps=blank)
        self.show()

    def show(self) -> None:
        """Show the last reading, or how far the learner is, also in the window's title."""
        self.sheet.show(self.reading, hint=not self.paper.strokes)
        if not self.learner.reader:
            self.sheet.show_progress(self.learner.progress.done, self.learner.words())
            self.root.title(f"Glassgrad learns: {100 * self.learner.progress.done:.0f} %")
            return
        self.sheet.show_foot(self.learner.reader.words())
        title = "Glassgrad: draw a digit"
        if not self.reading.empty:
            title = "Glassgrad reads: {} ({})".format(*self.sheet.answer(self.reading))
        self.root.title(title)
