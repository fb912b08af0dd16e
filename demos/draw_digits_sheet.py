"""What the window of `draw_digits.py` shows, and where.

Everything has its place on a sheet of WIDTH × HEIGHT units, which is scaled to the window.
"""

import sys
import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import font
from typing import Any, NamedTuple

import draw_digits_pictures as pictures
from draw_digits_model import Reading


class Box(NamedTuple):
    """A rectangle, in units of the sheet or in pixels of the window."""

    x: float
    y: float
    width: float
    height: float


WIDTH, HEIGHT = 944, 752
PAPER = Box(28, 64, 400, 400)
ANSWER, BARS = Box(464, 64, 256, 70), Box(464, 146, 256, 318)
SEEN, SLOPE = Box(756, 64, 160, 160), Box(756, 260, 160, 160)
MAPS = (Box(28, 512, 400, 197), Box(464, 512, 452, 197))
FOOT = 742
GAP = 6  # between maps
KEYS = f"{'Cmd' if sys.platform == 'darwin' else 'Ctrl'}+Z: undo   ·   Esc: clear   ·   E: explore"
CLICK = "click on a class to see what would speak for it"


class Sheet:
    """A canvas with paper, bars and pictures."""

    def __init__(
        self, root: tk.Tk, names: Sequence[str], look: pictures.Look, paper: tk.PhotoImage
    ) -> None:
        self.names, self.look = names, look
        self.canvas = tk.Canvas(root, background=look.sheet, highlightthickness=0)
        self.canvas.pack(fill="both", expand=True)
        self.family = font.nametofont("TkDefaultFont", root).actual("family")
        self.photos = {box: tk.PhotoImage() for box in (SEEN, SLOPE, *MAPS)}
        self.photos[PAPER] = paper
        self.buttons: list[tk.Button] = []
        fits = min(root.winfo_screenwidth() / WIDTH, root.winfo_screenheight() / HEIGHT) * 0.9
        self.factor = min(max(1.0, root.winfo_fpixels("1i") / 96), fits)
        root.geometry(f"{round(WIDTH * self.factor)}x{round(HEIGHT * self.factor)}")
        root.minsize(WIDTH // 3, HEIGHT // 3)
        self.left = self.top = 0  # pixels that the window has to spare

    def add_buttons(self, commands: dict[str, Callable[[], None]]) -> None:
        """Buttons above the paper's right corner."""
        look = self.look
        for text, command in commands.items():
            button = tk.Button(
                *(self.canvas,), text=text, command=command, relief="flat", borderwidth=0,
                background=look.empty, foreground=look.ink, highlightbackground=look.sheet,
                activebackground=look.bar, activeforeground=look.ink, highlightcolor=look.cold,
                highlightthickness=2, cursor="hand2",
            )  # fmt: skip
            self.buttons.append(button)

    # --- places -----------------------------------------------------------------------------------

    def pixels(self, box: Box) -> Box:
        """A box of the sheet in whole pixels of the window."""
        x, y, width, height = (round(n * self.factor) for n in box)
        return Box(x + self.left, y + self.top, width, height)

    @property
    def side(self) -> int:
        """Of the paper, in pixels."""
        return int(self.pixels(PAPER).width)

    def on_paper(self, event: Any) -> tuple[float, float]:
        """Where on the paper the mouse is, in fractions of its side."""
        box = self.pixels(PAPER)
        return (event.x - box.x) / box.width, (event.y - box.y) / box.height

    def row(self, k: int) -> Box:
        """The place of a class among the bars."""
        height = min(BARS.height / len(self.names), 44)
        return Box(BARS.x, BARS.y + k * height, BARS.width, height)

    def row_at(self, event: Any) -> int | None:
        """The class whose bar is under the mouse."""
        for k in range(len(self.names)):
            x, y, width, height = self.pixels(self.row(k))
            if x <= event.x < x + width and y <= event.y < y + height:
                return k
        return None

    # --- what always stands there -----------------------------------------------------------------

    def lay_out(self) -> None:
        """Place all that does not change, in a window of a new size."""
        width, height = self.canvas.winfo_width(), self.canvas.winfo_height()
        self.factor = min(width / WIDTH, height / HEIGHT)
        self.left = round((width - WIDTH * self.factor) / 2)
        self.top = round((height - HEIGHT * self.factor) / 2)
        self.canvas.delete("all")
        self._heading(PAPER, "Draw a digit")
        self._heading(ANSWER, "What the network reads")
        self._heading(SEEN, "What it sees, 28×28")
        self._heading(SLOPE, "Which pixels matter")
        for box, photo in self.photos.items():
            x, y, *_ = self.pixels(box)
            self.canvas.create_image(x, y, image=photo, anchor="nw")
            if box not in MAPS:
                self._frame(box)
        self._place_buttons(PAPER.x + PAPER.width + 2)

    def _place_buttons(self, right: float) -> None:
        for button in reversed(self.buttons):
            button.configure(font=self._font(12), padx=self._scaled(10), pady=self._scaled(2))
            x, y, *_ = self.pixels(Box(right, PAPER.y - 5, 0, 0))
            self.canvas.create_window(x, y, window=button, anchor="se")
            right -= button.winfo_reqwidth() / self.factor + 2

    def _heading(self, box: Box, text: str) -> None:
        self._text(box.x, box.y - 8, text, 13.5, bold=True, anchor="sw", tag="heading")

    def _frame(self, box: Box, tag: str = "frame") -> None:
        x, y, width, height = self.pixels(box)
        corners = (x - 1, y - 1, x + width, y + height)
        self.canvas.create_rectangle(*corners, outline=self.look.line, tags=tag)

    def _scaled(self, units: float) -> int:
        return max(1, round(units * self.factor))

    def _font(self, size: float, bold: bool = False) -> tuple[str, int, str]:
        return self.family, -self._scaled(size), "bold" if bold else "normal"

    def _text(
        self, x: float, y: float, text: str, size: float, bold: bool = False, anchor: Any = "nw",
        colour: str = "", tag: str = "changing",
    ) -> None:  # fmt: skip
        place = self.pixels(Box(x, y, 0, 0))[:2]
        fill = colour or self.look.ink
        self.canvas.create_text(
            place, text=text, font=self._font(size, bold), fill=fill, anchor=anchor, tags=tag
        )

    def _bar(self, box: Box, share: float, colour: str) -> None:
        """A line from the left, as long as a share of the box; the rest of it in the background."""
        for part, fill in ((1.0, self.look.empty), (share, colour)):
            x, y, width, height = self.pixels(box._replace(width=box.width * part))
            if width:
                corners = (x, y, x + width, y + height)
                self.canvas.create_rectangle(*corners, fill=fill, width=0, tags="changing")

    # --- what changes -----------------------------------------------------------------------------

    def show(self, reading: Reading, hint: bool) -> None:
        """The likeliest class, the bars and the pictures; with `hint` also how to begin."""
        self.canvas.delete("changing")
        self._show_bars(reading)
        if not reading.empty:
            self._show_answer(reading)
        self._show_image(reading)
        self._show_maps(reading)
        if hint:
            x, y = PAPER.x + PAPER.width / 2, PAPER.y + PAPER.height / 2
            self._text(x, y, "here, with the mouse", 15, anchor="s", colour=self.look.quiet)
            self._text(x, y + 8, KEYS, 11, anchor="n", colour=self.look.quiet)

    def show_progress(self, done: float, words: str) -> None:
        """How far learning is."""
        self._text(ANSWER.x, ANSWER.y + 2, "It is learning to read", 18)
        self._bar(Box(ANSWER.x, ANSWER.y + 34, ANSWER.width, 8), done, self.look.cold)
        self._text(ANSWER.x, ANSWER.y + 48, words, 12, colour=self.look.quiet)

    def show_foot(self, words: str) -> None:
        """A line about the network, and one about what may be clicked on."""
        for x, line in ((PAPER.x, words), (BARS.x, CLICK)):
            self._text(x, FOOT, line, 10.5, anchor="sw", colour=self.look.quiet)

    def answer(self, reading: Reading) -> tuple[str, str]:
        """The likeliest class and its probability, in words."""
        return self.names[reading.likeliest], percent(reading.probabilities[reading.likeliest])

    def _show_bars(self, reading: Reading) -> None:
        """The probability of each class, the greatest marked, and a frame for what is asked."""
        look, best = self.look, reading.likeliest if not reading.empty else None
        for k, (name, share) in enumerate(zip(self.names, reading.probabilities, strict=True)):
            x, y, width, height = self.row(k)
            middle, colour = y + height / 2, look.ink if k == best else look.quiet
            self._text(x, middle, name, 16, k == best, "w", colour)
            bar = Box(x + 22, middle - 7, width - 84, 14)
            self._bar(bar, float(share), look.hot if k == best else look.bar)
            words = percent(share) if not reading.empty else "–"
            self._text(x + width, middle, words, 13, k == best, "e", colour)
        if best is not None and reading.asked != best:
            x, y, width, height = self.row(reading.asked)
            self._frame(Box(x - 6, y + 2, width + 12, height - 4), "changing")

    def _show_answer(self, reading: Reading) -> None:
        """The likeliest class and its probability, large."""
        (name, share), bottom = self.answer(reading), ANSWER.y + ANSWER.height
        self._text(ANSWER.x - 2, bottom, name, 72, True, "sw")
        self._text(ANSWER.x + 56, bottom - 12, share, 26, anchor="sw", colour=self.look.hot)

    def _show_image(self, reading: Reading) -> None:
        """The image as the network sees it, and the gradient."""
        look = self.look
        ink = pictures.painted(reading.image, pictures.ramp(look.paper, look.ink))
        side = int(self.pixels(SEEN).width)
        self._show(SEEN, pictures.zoomed(ink, side))
        self._show(SLOPE, pictures.signed(reading.slope, reading.image, side, look))
        if not reading.empty:
            name = self.names[reading.asked]
            legend = f"orange: ink speaks for {name}\nblue: ink speaks against it"
            words = f"∂score({name})/∂pixel\n{legend}"
            self._text(SLOPE.x, SLOPE.y + SLOPE.height + 5, words, 10.5, colour=look.quiet)

    def _show_maps(self, reading: Reading) -> None:
        """The feature maps of each convolution."""
        for k, (box, maps) in enumerate(zip(MAPS, reading.maps, strict=False), 1):
            title = f"Feature maps of conv{k}: what its {len(maps)} kernels find"
            self._text(box.x, box.y - 8, title, 13.5, True, "sw")
            _, _, width, height = map(int, self.pixels(box))
            self._show(box, pictures.tiled(maps, width, height, GAP * self.factor, self.look))

    def _show(self, box: Box, picture: pictures.Array) -> None:
        self.photos[box].configure(data=pictures.ppm(picture))


def percent(share: float) -> str:
    """A probability as people write it."""
    return f"{100 * share:.0f} %"
