"""Three ways to work a page: a mouse on a desk, a keyboard alone, a finger on a telephone.

Each hand has the same verbs. What it works must be seen there: it is scrolled to as a person would
scroll, nothing may lie over it, and no verb calls the page's functions.
"""

import contextlib
import time

import pytest

DESK = {"width": 1400, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
TELEPHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
KEYS = {  # name: (its number, the text that it types)
    "Tab": (9, ""), "Enter": (13, "\r"), "PageUp": (33, ""), "PageDown": (34, ""),
    "ArrowLeft": (37, ""), "ArrowUp": (38, ""), "ArrowRight": (39, ""), "ArrowDown": (40, ""),
}  # fmt: skip

Stale = pytest.importorskip("selenium.common.exceptions").StaleElementReferenceException

# Where a place of an element is in the window, what is there, and what would bring it into sight.
SEEN = """
const [element, place] = arguments;
const box = element.getBoundingClientRect();
let [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
if (place !== null) {
  const [dx, dy] = element.maps.centre(place);
  [x, y] = [box.left + dx, box.top + dy];
}
const top = document.elementFromPoint(x, y);
const found = top !== null && (element.contains(top) || top.contains(element));
const rolls = (at, overflow, whole, part) =>
  at.matches(".diagram") || (/auto|scroll/.test(getComputedStyle(at)[overflow]) && whole > part);
let seen = {left: 0, top: 0, right: innerWidth, bottom: innerHeight};
const above = [];
for (let at = element.parentElement; at; at = at.parentElement) above.unshift(at);
let [down, across] = [null, null]; // the outermost to be scrolled down, the innermost to the side
for (const at of above) {
  const box = at.getBoundingClientRect();
  if (at === document.documentElement || getComputedStyle(at).overflow === "visible") continue;
  seen = {left: Math.max(seen.left, box.left), top: Math.max(seen.top, box.top),
          right: Math.min(seen.right, box.right), bottom: Math.min(seen.bottom, box.bottom)};
  const outside = y < seen.top || y >= seen.bottom;
  if (outside && rolls(at, "overflowY", at.scrollHeight, at.clientHeight)) down ??= seen;
  const beside = x < box.left || x >= box.right;
  if (beside && rolls(at, "overflowX", at.scrollWidth, at.clientWidth)) across = seen;
}
const frame = down ?? across;
const drawing = element.closest(".diagram") !== null;
const lost = box.width * box.height === 0 || getComputedStyle(element).visibility !== "visible";
return {x, y, found, lost, drawing, frame, over: top?.outerHTML.slice(0, 90) ?? "nothing"};
"""


class Hand:
    """What all hands share: finding by name, and reading what is seen."""

    window = DESK

    def __init__(self, page):
        self.page = page
        self.driver = page.driver
        self.cdp("Emulation.setDeviceMetricsOverride", **self.window)

    def cdp(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    def letgo(self):
        self.cdp("Emulation.clearDeviceMetricsOverride")

    # --- what is there ----------------------------------------------------------------------------

    def card(self, title):
        titled = """
        const titleOf = (card) => card.querySelector("b").textContent;
        return [...document.querySelectorAll(".card")].find((c) => titleOf(c) === arguments[0]);
        """
        found = self._seen(titled, title)
        assert found, f"no card {title!r}"
        return found

    def _seen(self, script, *arguments):
        """What a script finds; a pane may still be in the making, on a busy machine."""
        end = time.monotonic() + 10
        while not (found := self.page.run(script, *arguments)) and time.monotonic() < end:
            time.sleep(0.02)
        return found

    def map(self, tensor, column=""):
        return self.page.map(tensor, column)

    def button(self, name, within=""):
        """The button, link or fold that is called so: by its text, or by its label."""
        script = """
        const [name, within] = arguments;
        const all = [...document.querySelectorAll(`${within} :is(button, summary, a)`)];
        const called = (e) => [e.textContent.trim(), e.getAttribute("aria-label")];
        return all.find((e) => called(e).includes(name) && e.checkVisibility());
        """
        found = self._seen(script, name, within)
        assert found, f"no button {name!r} is seen"
        return found

    def read(self, selector):
        """The text of what is seen, after it was brought into sight."""
        for _ in range(3):
            with contextlib.suppress(Stale):  # made anew for another width
                element = self.page.one(selector)
                self.look(element)
                return element.text
        raise AssertionError(f"{selector} does not hold still")

    def said(self, tensor, column):
        return self.page.one(f'{column} figure[data-tensor="{tensor}"] .said').text

    # --- verbs ------------------------------------------------------------------------------------

    def open(self, title):
        """Open a card."""
        self.act(self.card(title))

    def press(self, name, within=""):
        self.act(self.button(name, within))

    def pick(self, tensor, place, column=""):
        """Open an entry of a heat map."""
        self.act(self.map(tensor, column), place)

    def write(self, text):
        """Write over all that is in the field that has the focus."""
        held = {"key": "a", "windowsVirtualKeyCode": 65, "modifiers": 2}
        self.cdp("Input.dispatchKeyEvent", type="rawKeyDown", commands=["selectAll"], **held)
        self.cdp("Input.dispatchKeyEvent", type="keyUp", **held)
        self.cdp("Input.insertText", text=text)

    def key(self, name):
        number, text = KEYS.get(name, (ord(name.upper()[0]), name))
        held = {"key": name, "windowsVirtualKeyCode": number}
        kind = "keyDown" if text else "rawKeyDown"
        self.cdp("Input.dispatchKeyEvent", type=kind, **held, **({"text": text} if text else {}))
        self.cdp("Input.dispatchKeyEvent", type="keyUp", **held)


class Pointing(Hand):
    """A hand that has to see a thing before it can touch it."""

    def look(self, element, place=None):
        """Bring an element, or an entry of it, into sight; (x, y) of it in the window."""
        for _ in range(60):
            at = self.page.run(SEEN, element, place)
            assert not at["lost"], f"not shown: {element.get_attribute('outerHTML')[:200]}"
            x, y, frame = at["x"], at["y"], at["frame"]
            if at["found"]:
                return x, y
            assert frame, f"({x:.0f}, {y:.0f}) is under {at['over']}"
            middle = (frame["left"] + frame["right"]) / 2, (frame["top"] + frame["bottom"]) / 2
            dx = self._way(x, frame["left"], frame["right"])
            dy = self._way(y, frame["top"], frame["bottom"])
            (self.drag if at["drawing"] else self.scroll)(middle, dx, dy)
        raise AssertionError(f"cannot be scrolled to: {element.get_attribute('outerHTML')[:200]}")

    @staticmethod
    def _way(x, low, high):
        """How far to move what is outside of a window: by half of it at most, as people do."""
        reach = (high - low) / 2.2
        return 0 if low <= x < high else max(-reach, min(reach, (low + high) / 2 - x))

    def act(self, element, place=None):
        self.tap(*self.look(element, place))

    def type(self, selector, text):
        self.act(self.page.one(selector))
        self.write(text)

    def paint(self, tensor, place, x, column=""):
        """Make a pixel dark, or clear it, with what is in the box of colours."""
        tool = self.button("pen" if x else "rubber")
        if tool.get_attribute("aria-pressed") != "true":
            self.act(tool)
        self.act(self.map(tensor, column), place)


class Mouse(Pointing):
    def _mouse(self, kind, x, y, **more):
        self.cdp("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def tap(self, x, y):
        self._mouse("mouseMoved", x, y)
        self._mouse("mousePressed", x, y, button="left", clickCount=1)
        self._mouse("mouseReleased", x, y, button="left", clickCount=1)

    def hover(self, tensor, place, column=""):
        """What is said of an entry that the mouse is over."""
        self._mouse("mouseMoved", *self.look(self.map(tensor, column), place))
        return self.said(tensor, column)

    def scroll(self, middle, dx, dy):
        self._mouse("mouseWheel", *middle, deltaX=-dx, deltaY=-dy)
        time.sleep(0.1)  # scrolling is smooth

    def drag(self, middle, dx, dy):
        x, y = middle
        self._mouse("mousePressed", x, y, button="left", clickCount=1)
        for part in (0.5, 1):
            self._mouse("mouseMoved", x + part * dx, y + part * dy, button="left", buttons=1)
        self._mouse("mouseReleased", x + dx, y + dy, button="left", clickCount=1)


class Touch(Pointing):
    window = TELEPHONE

    def __init__(self, page):
        super().__init__(page)
        self.cdp("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=5)

    def letgo(self):
        self.cdp("Emulation.setTouchEmulationEnabled", enabled=False)
        super().letgo()

    def _touch(self, kind, *points, **more):
        touches = [{"x": x, "y": y} for x, y in points]
        self.cdp("Input.dispatchTouchEvent", type=kind, touchPoints=touches, **more)

    def tap(self, x, y):
        begun = time.time()
        self._touch("touchStart", (x, y), timestamp=begun)
        self._touch("touchEnd", timestamp=begun + 0.05)  # however slow this machine is
        self.page.run("return new Promise((go) => requestAnimationFrame(() => setTimeout(go)))")

    def hover(self, tensor, place, column=""):
        """What is said of an entry, pressed until it is said; then the finger is lifted."""
        x, y = self.look(self.map(tensor, column), place)
        self._touch("touchStart", (x, y))
        self.page.wait("return !document.querySelector('.bubble').hidden")
        self._touch("touchEnd")
        return self.page.one(".bubble").text

    def drag(self, middle, dx, dy):
        x, y = middle
        self._touch("touchStart", (x, y))
        for part in (0.2, 0.4, 0.6, 0.8, 1):
            self._touch("touchMove", (x + part * dx, y + part * dy))
        time.sleep(0.1)  # a finger that rests throws nothing
        self._touch("touchMove", (x + dx, y + dy))
        self._touch("touchEnd")

    scroll = drag


class Keyboard(Hand):
    """Tab, arrows, Enter and typing; no event of a pointer at all."""

    def focus(self, element):
        """Tab until the element has the focus."""
        for _ in range(400):
            if self.page.run("return document.activeElement === arguments[0]", element):
                return
            self.key("Tab")
        raise AssertionError(f"Tab never comes to {element.get_attribute('outerHTML')[:200]}")

    def act(self, element, place=None):
        if place is not None:
            self.to(element, place)
        else:
            self.focus(element)
        self.key("Enter")

    def to(self, overlay, place):
        """Walk to an entry of a heat map by arrows."""
        self.focus(overlay)
        script = "const {cursor, plan} = arguments[0].maps; return [cursor, plan.rows, plan.cols]"
        cursor, rows, cols = self.page.run(script, overlay)
        plane = rows * cols
        (a, i, j), (b, u, v) = ((p // plane, p % plane // cols, p % cols) for p in (cursor, place))
        moves = [("PageUp", "PageDown", b - a), ("ArrowUp", "ArrowDown", u - i)]
        for less, more, by in [*moves, ("ArrowLeft", "ArrowRight", v - j)]:
            for _ in range(abs(by)):
                self.key(more if by > 0 else less)
        assert self.page.run("return arguments[0].maps.cursor", overlay) == place

    def hover(self, tensor, place, column=""):
        """What is said of an entry that the arrows came to."""
        self.to(self.map(tensor, column), place)
        return self.said(tensor, column)

    def look(self, element, place=None):
        """Bring a button into sight by the focus, and else Tab into its pane and scroll there."""
        button = self.page.run("return arguments[0].closest('button')", element)
        if button:
            return self.focus(button)
        inside = """
        const pane = arguments[0].closest(".pane, #learn");
        return pane?.contains(document.activeElement) ?? true;
        """
        for _ in range(100):
            at = self.page.run(SEEN, element, place)
            if at["frame"] is None:
                return None
            if self.page.run(inside, element):
                self.key("PageDown" if at["y"] >= at["frame"]["bottom"] else "PageUp")
                time.sleep(0.15)  # scrolling is smooth
            else:
                self.key("Tab")
        raise AssertionError(f"keys do not scroll to {element.get_attribute('outerHTML')[:200]}")

    def type(self, selector, text):
        self.focus(self.page.one(selector))
        self.write(text)

    def paint(self, tensor, place, x, column=""):
        """Open a pixel, and type its number."""
        self.pick(tensor, place, column)
        self.type(".editor .number", str(x))


HANDS = [Mouse, Keyboard, Touch]
