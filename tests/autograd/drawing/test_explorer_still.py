"""The explorer in a real browser: what is looked at holds still, the keyboard too."""

import pytest
from browsing import expression, ringed

PLACES = """
const shown = document.querySelectorAll('.layer-pane :is(figure, h2, h3), .card');
return [...shown].map((e) => Object.values(e.getBoundingClientRect().toJSON()));
"""


@pytest.mark.parametrize("window", [(1440, 900), (1100, 800), (2560, 1440)])
@pytest.mark.parametrize(
    ("tensor", "place"), [("conv1", 22), ("x", 14), ("conv1.weight", 13), ("relu1", 5)]
)
def test_a_click_moves_nothing_and_keeps_what_hovering_showed(sized, net, window, tensor, place):
    page = sized(net.loss, *window, "layer=conv1")
    page.point(page.map(tensor), place)
    maps = page.all(".layer-pane canvas.overlay")
    before = page.run(PLACES), [ringed(page, m) for m in maps]
    page.click()
    assert page.text(".node-pane h2").startswith(f"{tensor}[")
    assert (page.run(PLACES), [ringed(page, m) for m in maps]) == before
    page.over(page.one(".node-pane h2"))
    assert (page.run(PLACES), [ringed(page, m) for m in maps]) == before, "after the mouse left"


def test_a_second_entry_can_be_opened_from_a_pane_that_is_scrolled(sized, net):
    page = sized(net.loss, 1100, 640, "layer=conv1")
    page.point(page.map("relu1", ".after"), 47)
    scrolled = page.run("return document.querySelector('.layer-pane').scrollTop")
    assert scrolled > 0
    page.click()
    assert page.text(".node-pane h2").startswith("relu1[2,3,3]")
    assert page.run("return document.querySelector('.layer-pane').scrollTop") == scrolled
    assert page.text(".layer-pane h2").startswith("conv1")
    page.wait("return location.hash.includes('node=')")
    page.open(page.run("return location.hash.slice(1)"))
    assert page.text(".layer-pane h2").startswith("conv1"), "the address says which layer was open"
    assert page.text(".node-pane h2").startswith("relu1[2,3,3]")


def test_on_a_narrow_page_the_node_comes_into_sight_below_what_was_clicked(sized, net):
    page = sized(net.loss, 390, 844, "layer=conv1")
    page.point(page.map("x"), 14, click=True)
    heading = "document.querySelector('.node-pane h2')?.getBoundingClientRect().bottom"
    page.wait(f"return {heading} < details.getBoundingClientRect().bottom")
    top, bottom = page.run(
        "const pane = document.querySelector('.node-pane h2').getBoundingClientRect();"
        "return [pane.top, pane.bottom, innerHeight]"
    )[:2]
    frame = page.run("const {top, bottom} = details.getBoundingClientRect(); return [top, bottom]")
    assert frame[0] < top < bottom < frame[1]
    assert top > frame[0] + 0.4 * (frame[1] - frame[0]), "the maps keep their share"


FOCUS = """
const e = document.activeElement;
return [e.tagName, e.className, e.closest('figure')?.dataset.tensor ?? e.dataset.box ?? null];
"""


def test_the_focus_survives_whatever_is_made_anew(explorer, net):
    page = explorer(net.loss).open("layer=conv1")
    page.run("document.querySelector('.here canvas.overlay').focus()")
    page.press("\ue014", "\ue007")  # right, Enter: the node is opened
    on_the_map = ["CANVAS", "overlay", "conv1"]
    assert page.run(FOCUS) == on_the_map
    page.press("\ue00c")  # Escape: the node is closed
    assert page.run(FOCUS) == on_the_map
    page.press("\ue007")
    for scheme in ("dark", "light"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        page.wait("return new Promise(go => setTimeout(() => go(true), 100))")
        assert page.run(FOCUS) == on_the_map
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    page.run("document.querySelector('.node-pane .chip').focus()")
    page.press("\ue007")
    assert page.run("return details.contains(document.activeElement)")
    page.press("\ue00c", "[")
    assert page.run("return details.contains(document.activeElement)")


def test_the_focus_stays_on_its_card_when_the_graph_is_drawn_otherwise(explorer):
    page = explorer(expression()[-1]).open()
    page.run("document.querySelector('[data-box=n2]').focus()")
    page.press("\ue007")
    assert page.run(FOCUS)[2] == "n2"
    shown = set()
    for _ in range(3):
        page.press("d")
        page.wait("return document.activeElement.matches('.card')")
        shown.add(page.run("return explorer.state.cards"))
    assert shown >= {"layers", "nodes"}


SEEN = """
const frame = explorer.diagram.element.getBoundingClientRect();
const boxes = [...document.querySelectorAll('.card')].map(c => c.getBoundingClientRect());
return boxes.filter(b => b.left >= frame.left && b.right <= frame.right + 1).length;
"""


def test_turning_and_resizing_fit_the_drawing_and_the_maps_again(sized, net):
    page = sized(net.loss, 1440, 900, "layer=conv1")
    assert page.run(SEEN) == 6
    wide = page.map("conv1").size["width"]
    for width, height in [(1100, 800), (844, 390), (390, 844)]:
        page.size(width, height)
        page.wait(f"return innerWidth === {width}")
        if width == 1100:
            page.wait(f"return document.querySelector('.here .overlay').clientWidth < {wide}")
        assert page.run("return document.documentElement.scrollWidth") <= width
        maps = "[...document.querySelectorAll('.overlay')].map(m => m.getClientRects()[0].right)"
        assert max(page.run(f"return {maps}")) <= width
        page.size(1440, 900)
        page.wait(f"return document.querySelector('.here .overlay').clientWidth === {wide}")
        page.wait(f"return (() => {{{SEEN}}})() === 6")
