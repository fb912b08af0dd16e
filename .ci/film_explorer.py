"""Film the explorer's page in use, for the gallery: an animated picture of a few seconds.

    python .ci/film_explorer.py            writes .github/gallery/explorer.webp

The page is the one of `demos/explore_site.py` with a CNN that misreads a digit; Chromium is driven
by selenium, and Pillow joins its photographs.
"""

import argparse
import io
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "demos")]

import explore_site  # noqa: E402
from browsing import Explorer, browser  # noqa: E402
from PIL import Image, ImageDraw  # noqa: E402

SIZE = 1380, 860  # of the window's inside, in pixels
WIDTH = 1000  # of the film
FRAME, PAUSE = 120, 1500  # milliseconds
END, LEFT, RIGHT = "\ue010", "\ue012", "\ue014"  # keys
POINTER = [(0, 0), (0, 17), (4, 13), (7, 20), (10, 19), (7, 12), (12, 12)]


class Film:
    """Photographs of a page, with the mouse's pointer drawn into them."""

    def __init__(self, page: Explorer) -> None:
        self.page, self.pointer, self.down = page, (SIZE[0] / 2, SIZE[1] / 2), False
        self.frames: list[Image.Image] = []
        self.times: list[int] = []

    def shoot(self, milliseconds: int = FRAME) -> None:
        """Take a photograph that is shown for so long."""
        shot = Image.open(io.BytesIO(self.page.driver.get_screenshot_as_png())).convert("RGB")
        corners = [(x + self.pointer[0], y + self.pointer[1]) for x, y in POINTER]
        ImageDraw.Draw(shot).polygon(corners, fill="#111", outline="#fff")
        size = WIDTH, round(WIDTH * shot.height / shot.width)
        self.frames.append(shot.resize(size, Image.Resampling.LANCZOS))
        self.times.append(milliseconds)

    def move(self, x: float, y: float, steps: int = 5) -> None:
        """Move the mouse to a place of the window, and let it be seen."""
        (a, b), n = self.pointer, max(steps, 1)
        for k in range(1, n + 1):
            self.pointer = a + (x - a) * k / n, b + (y - b) * k / n
            self._mouse("mouseMoved")
            if k < n or steps:
                self.shoot()

    def click(self, element: Any) -> None:
        """Move to the middle of an element, and click."""
        self.move(*self.middle(element))
        self.press()
        self.release()
        self.shoot(PAUSE // 2)

    def middle(self, element: Any) -> tuple[float, float]:
        """Where an element is in the window, once it is in sight."""
        x, y = self.page.run(
            "arguments[0].scrollIntoView({block: 'nearest'});"
            "const {left, top, width, height} = arguments[0].getBoundingClientRect();"
            "return [left + width / 2, top + height / 2]",
            element,
        )
        return x, y

    def entry(self, tensor: str, place: int, column: str = "") -> tuple[float, float]:
        """Where an entry of a heat map is in the window."""
        x, y = self.page.run(
            "arguments[0].scrollIntoView({block: 'nearest'});"
            "const {left, top} = arguments[0].getBoundingClientRect();"
            "const [x, y] = arguments[0].maps.centre(arguments[1]);"
            "return [left + x, top + y]",
            self.page.map(tensor, column),
            place,
        )
        return x, y

    def press(self) -> None:
        """Hold the left button."""
        self._mouse("mousePressed")

    def release(self) -> None:
        """Let go of it."""
        self._mouse("mouseReleased")

    def _mouse(self, kind: str) -> None:
        x, y = self.pointer
        self.down = kind == "mousePressed" or (
            kind == "mouseMoved" and getattr(self, "down", False)
        )
        event = {"type": kind, "x": x, "y": y, "clickCount": 1 if kind != "mouseMoved" else 0}
        event |= {"button": "left" if self.down or kind == "mouseReleased" else "none"}
        event |= {"buttons": int(self.down)}
        self.page.driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)

    def save(self, path: Path) -> None:
        """Write the animated picture, which repeats."""
        first, *rest = self.frames
        options = {"duration": self.times, "loop": 0, "quality": 60, "method": 6}
        first.save(path, save_all=True, append_images=rest, **options)


# --- what is shown --------------------------------------------------------------------------------


def looks(film: Film) -> None:
    """One pixel of a layer, and the window that makes it."""
    film.shoot(PAUSE)
    film.move(*film.entry("conv1", 22, ".here"))
    film.press()
    film.release()
    film.shoot(2 * PAUSE)


def wipes(film: Film) -> None:
    """What speaks most against the right class is wiped out of the image, and all follows."""
    film.click(film.page.one("[data-tool=rubber]"))
    for place in film.page.run("""
        const { graph } = explorer;
        const { entries } = graph.tensors.find((t) => t.name === "x");
        const cost = (k) => graph.data[entries[k]] * graph.adjoint[entries[k]];
        return [...entries.keys()].sort((a, b) => cost(b) - cost(a)).slice(0, 2);
    """):
        film.move(*film.entry("x", place), steps=3)
        film.press()
        film.release()
        film.shoot(4 * FRAME)
    film.shoot(PAUSE)
    film.click(film.page.one("[aria-label='as it was in Python']"))


def learns(film: Film) -> None:
    """It goes back to its first weights by the slider, and learns again in the page."""
    slider = film.page.one(".epochs input")
    film.move(*film.middle(slider))
    for _ in range(int(slider.get_attribute("max"))):
        slider.send_keys(LEFT)
        film.shoot()
    film.shoot(PAUSE)
    train = film.page.driver.find_element("xpath", "//aside[@id='learn']//button[.='▶ train']")
    film.click(train)
    for _ in range(16):
        film.shoot(2 * FRAME)
    film.page.run("explorer.learning.training.pause()")
    film.shoot(PAUSE)


def runs_back(film: Film) -> None:
    """The reverse pass, layer by layer."""
    film.page.run("explorer.state.set({ show: 'gradient' })")
    film.page.press(END)
    for _ in range(6):
        film.page.press(LEFT)
    film.shoot(PAUSE)
    for _ in range(6):
        film.page.press(RIGHT)
        film.shoot(5 * FRAME)
    film.shoot(PAUSE)


SCENES = looks, wipes, learns, runs_back


def main() -> None:
    """Write the film, and say how long and how large it is."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    place = ROOT / ".github" / "gallery" / "explorer.webp"
    parser.add_argument("--out", type=Path, default=place, help=f"default: {place}")
    parser.add_argument(
        "--quick", action="store_true", help="the first two scenes, of less training"
    )
    options = parser.parse_args()
    film = filmed(options.quick)
    film.save(options.out)
    seconds, size = sum(film.times) / 1000, options.out.stat().st_size
    print(f"{options.out}: {len(film.frames)} frames, {seconds:.0f} s, {size / 1e6:.1f} MB")


def filmed(quick: bool) -> Film:
    """The scenes of the page, in a browser of its own."""
    driver = browser()
    try:
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": SIZE[0], "height": SIZE[1], "deviceScaleFactor": 1, "mobile": False},
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "digits.html"
            explore_site.digits(quick).page.save(path)
            film = Film(Explorer(driver, path).open())
            for scene in SCENES[:2] if quick else SCENES:
                scene(film)
        return film
    finally:
        driver.quit()


if __name__ == "__main__":
    main()
