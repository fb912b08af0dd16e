"""The explorer in a real browser: by fingers, and with a wheel that may have a page to scroll."""

import time

import pytest
from browsing import expression, ringed

import autograd


class Fingers:
    """Fingers on a page, as the browser would report them."""

    def __init__(self, page):
        self.page = page

    def send(self, what, *points, **more):
        touches = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(points)]
        event = {"type": f"touch{what}", "touchPoints": touches, **more}
        self.page.driver.execute_cdp_cmd("Input.dispatchTouchEvent", event)

    def tap(self, point, opened):
        """Tap until a script says that it was heard: a slow machine makes a long press of a tap."""
        for _ in range(10):
            self.send("Start", point)
            self.send("End")
            for _ in range(20):
                if self.page.run(opened):
                    return
                time.sleep(0.05)
        raise AssertionError(f"a tap does nothing: {opened}")

    def move(self, *ways, steps=6):
        """Move each finger from a point to another, all at once."""
        between = [
            [(a + (b - a) * k / steps, c + (d - c) * k / steps) for (a, c), (b, d) in ways]
            for k in range(steps + 1)
        ]
        self.send("Start", *between[0])
        for points in between[1:]:
            self.send("Move", *points)
        self.send("End")


@pytest.fixture
def phone(sized, net):
    """A page of the CNN on a phone, and fingers on it."""
    page = sized(net.loss, 390, 844, "layer=conv1")
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    yield page, Fingers(page)
    page.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})


def middle(page, element):
    script = (
        "const b = arguments[0].getBoundingClientRect(); return [b.x + b.width/2, b.y + b.height/2]"
    )
    return page.run(script, element)


def entry(page, overlay, place):
    page.run("arguments[0].scrollIntoView({block: 'center'})", overlay)
    x, y = page.run("return arguments[0].maps.centre(arguments[1])", overlay, place)
    left, top = page.run(
        "const b = arguments[0].getBoundingClientRect(); return [b.x, b.y]", overlay
    )
    return left + x, top + y


VIEW = "const {x, y, scale} = explorer.diagram.view; return [x, y, scale]"


def test_a_finger_moves_the_drawing_even_from_a_card(phone):
    page, fingers = phone
    x, y = middle(page, page.card("conv1"))
    before = page.run(VIEW)
    fingers.move(((x, y), (x - 90, y + 10)))
    after = page.run(VIEW)
    assert after[0] == pytest.approx(before[0] - 90, abs=20)
    assert after[2] == before[2]
    assert page.text(".layer-pane h2").startswith("conv1"), "that was no tap"
    heading = "return document.querySelector('.layer-pane h2').textContent.startsWith('relu1')"
    fingers.tap(middle(page, page.card("relu1")), heading)


def test_two_fingers_zoom_what_is_between_them(phone):
    page, fingers = phone
    x, y = middle(page, page.one(".diagram"))
    place = """
    const {x, y, scale} = explorer.diagram.view;
    const frame = explorer.diagram.element.getBoundingClientRect();
    return [(arguments[0] - frame.left - x) / scale, (arguments[1] - frame.top - y) / scale];
    """
    before, (_, _, scale) = page.run(place, x, y), page.run(VIEW)
    fingers.move(((x - 30, y), (x - 90, y)), ((x + 30, y), (x + 90, y)))
    assert page.run(VIEW)[2] == pytest.approx(3 * scale, rel=0.15)
    assert page.run(place, x, y) == pytest.approx(before, abs=8)


def test_a_tap_opens_an_entry_and_a_long_press_only_looks_at_it(phone):
    page, fingers = phone
    overlay = page.map("conv1", ".here")
    at = entry(page, overlay, 22)
    fingers.send("Start", at)
    page.wait("return !document.querySelector('.bubble').hidden")
    assert page.text(".bubble").startswith("conv1[1,1,2] = ")
    assert ringed(page, page.map("relu1", ".after")) == [22]
    on = entry(page, overlay, 23)
    fingers.send("Move", on)
    page.wait("return document.querySelector('.bubble').textContent.startsWith('conv1[1,1,3]')")
    fingers.send("End")
    assert page.run("return explorer.state.node") is None, "nothing was opened"
    assert page.one(".bubble").is_displayed()
    heading = "document.querySelector('.node-pane h2')?.textContent"
    fingers.tap(entry(page, overlay, 5), f"return {heading}?.startsWith('conv1[0,1,1]')")
    assert not page.one(".bubble").is_displayed()


def test_a_finger_that_scrolls_from_a_slider_changes_no_number(phone):
    page, fingers = phone
    page.open("node=conv1.weight[1,0,1,1]")
    before = page.run("return explorer.graph.data[explorer.state.node]")
    x, y = middle(page, page.one(".editor .drag"))
    fingers.move(((x + 60, y), (x + 60, y - 200)))
    page.wait("return new Promise((go) => setTimeout(() => go(true), 300))")
    assert page.run("return explorer.graph.data[explorer.state.node]") == before
    assert page.run("return explorer.live.changes.size") == 0


def test_a_tap_of_which_a_busy_page_hears_late_is_no_long_press(phone):
    page, fingers = phone
    at = entry(page, page.map("conv1", ".here"), 22)
    begun = time.time()
    fingers.send("Start", at, timestamp=begun)
    page.wait("return !document.querySelector('.bubble').hidden")
    fingers.send("End", timestamp=begun + 0.05)
    heading = "document.querySelector('.node-pane h2')?.textContent"
    page.wait(f"return {heading}?.startsWith('conv1[1,1,2]')")
    assert not page.one(".bubble").is_displayed()


def test_a_finger_scrolls_the_panes_from_above_a_map(phone):
    page, fingers = phone
    overlay = page.map("conv1", ".here")
    x, y = entry(page, overlay, 22)
    before = page.run("return details.scrollTop")
    fingers.move(((x, y), (x, y - 120)), steps=12)
    page.wait(f"return details.scrollTop > {before} + 40")
    assert page.run("return explorer.state.node") is None


# --- the wheel ------------------------------------------------------------------------------------


def turn(page, x, y, by, modifiers=0):
    event = {
        "type": "mouseWheel",
        "x": x,
        "y": y,
        "deltaX": 0,
        "deltaY": by,
        "modifiers": modifiers,
    }
    page.driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)


def test_the_wheel_zooms_a_drawing_that_has_no_page_around_it(explorer):
    page = explorer(expression()[-1]).open()
    scale = page.run(VIEW)[2]
    turn(page, 700, 250, -240)
    page.wait(f"return explorer.diagram.view.scale > {scale} * 1.5")


@pytest.fixture
def notebook(explorer, tmp_path):
    """A page within a page that scrolls."""
    root = expression()[-1]
    page = explorer(root)
    outer = tmp_path / "notebook.html"
    shown = autograd.explore(root)._repr_html_()
    outer.write_text(f"{shown}<div style='height:3000px'></div>", encoding="utf-8")
    page.driver.get(outer.as_uri())
    page.driver.switch_to.frame(0)
    page.wait("return document.body.dataset.ready")
    yield page
    page.driver.switch_to.default_content()


def scrolled(page):
    return page.run("return parent.scrollY")


CTRL = 2


def test_the_wheel_scrolls_a_notebook_unless_the_drawing_was_clicked(notebook):
    scale = notebook.run(VIEW)[2]
    turn(notebook, 700, 250, 120)
    notebook.wait("return parent.scrollY > 0")
    assert notebook.run(VIEW)[2] == scale
    assert notebook.one(".wheel").is_displayed(), "it says how to zoom"
    notebook.run("parent.scrollTo(0, 0)")
    turn(notebook, 700, 250, -120, CTRL)
    notebook.wait(f"return explorer.diagram.view.scale > {scale}")
    assert scrolled(notebook) == 0
    assert not notebook.one(".wheel").is_displayed()
    notebook.over(notebook.one(".diagram"))
    notebook.click()
    scale = notebook.run(VIEW)[2]
    turn(notebook, 700, 250, -120)
    notebook.wait(f"return explorer.diagram.view.scale > {scale}")
    assert scrolled(notebook) == 0
