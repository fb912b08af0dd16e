"""The explorer in a real browser: what is shown, saved as SVG and as PNG."""

import io
import struct
import time
from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pytest
from browsing import expression

from autograd import Value

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def saved(driver, tmp_path):
    """saved(page, part, kind) is the path of a picture, by the dialog's button."""
    folder = tmp_path / "pictures"

    def save(page, part, kind):
        allow = {"behavior": "allow", "downloadPath": str(folder)}
        driver.execute_cdp_cmd("Browser.setDownloadBehavior", allow)
        page.press("i")
        page.one(f'[data-picture="{part} {kind}"]').click()
        for _ in range(200):
            found = [*folder.glob(f"*.{kind}")]
            if found:
                return found[0].rename(folder / f"{part}-picture.{kind}x")
            time.sleep(0.05)
        raise AssertionError(f"nothing was saved within 10 s: {[*folder.glob('*')]}")

    return save


def texts(path):
    return [t.text for t in ElementTree.parse(path).iter(f"{SVG}text")]


def test_the_whole_graph_is_saved_as_texts_and_lines(explorer, net, saved):
    page = explorer(net.loss).open("layer=conv1")
    path = saved(page, "graph", "svg")
    root = ElementTree.parse(path).getroot()
    for name in ("conv1", "relu1", "pool1", "head", "CrossEntropyLoss", "weight 3×1×3×3"):
        assert name in texts(path)
    kinds = [e.tag.removeprefix(SVG) for e in root.iter()]
    assert set(kinds) <= {"svg", "g", "rect", "path", "line", "text", "image", "clipPath"}
    assert kinds.count("path") == 2 * len(page.all(".arrow")), "each arrow is a line and a point"
    images = [e.get("href") for e in root.iter(f"{SVG}image")]
    assert len(images) == len(page.all(".card canvas"))
    assert all(href.startswith("data:image/png;base64,") for href in images)
    assert page.complaints() == []
    assert page.run(
        "return explorer.diagram.view.scale <= 1 && !document.querySelector('.pictured')"
    )


def test_the_view_holds_the_panes_to_their_ends_and_leaves_them_scrolled(explorer, net, saved):
    page = explorer(net.loss).open("node=conv1[1,1,2]")
    page.run("document.querySelector('.node-pane').scrollTop = 60")
    path = saved(page, "view", "svg")
    shown = texts(path)
    assert "conv1[1,1,2]" in shown
    assert "Z (3×16) = W (3×9) · X (9×16)" in shown
    assert any(t.startswith("its strongest paths") for t in shown)
    cells = page.texts(".made td")
    assert len(cells) >= 27
    assert Counter(cells) <= Counter(shown)
    assert page.run("return document.querySelector('.node-pane').scrollTop") == 60


def pixels(png):
    from matplotlib import image

    return image.imread(io.BytesIO(png), format="png")[..., :3]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_picture_looks_like_the_page(explorer, net, saved, scheme):
    page = explorer(net.loss)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    page.open("layer=conv1")
    seen = pixels(page.one("#top").screenshot_as_png)
    path = saved(page, "view", "png")
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    sharp = pixels(path.read_bytes())
    fine = [sharp[i::2, j::2] for i in (0, 1) for j in (0, 1)]
    painted = np.mean(fine, axis=0)[8 : 8 + len(seen), 8 : 8 + seen.shape[1]]
    assert painted.shape == seen.shape
    inner = np.s_[4:-4, 20:-20]  # the page's own edges are shadowed
    different = np.abs(painted - seen)[inner].max(axis=-1) > 0.35
    assert different.mean() < 0.02
    assert np.abs(seen - seen[10, 40]).max(axis=-1).mean() > 0.01, "there is something to compare"


def test_a_png_has_two_pixels_for_each_of_the_page(explorer, saved):
    page = explorer(expression()[-1]).open("as=nodes")
    svg = ElementTree.parse(saved(page, "graph", "svg")).getroot()
    png = saved(page, "graph", "png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert struct.unpack(">II", png[16:24]) == (
        2 * int(svg.get("width")),
        2 * int(svg.get("height")),
    )


def test_arrows_keep_their_colours_and_widths_and_labels_are_texts(explorer, saved):
    page = explorer(expression()[-1]).open("as=nodes")
    path = saved(page, "graph", "svg")
    lines = [e for e in ElementTree.parse(path).iter(f"{SVG}path") if e.get("stroke")]
    widths = page.run(
        "return [...document.querySelectorAll('.arrow')].map(p => getComputedStyle(p).strokeWidth)"
    )
    assert [e.get("stroke-width", "1px") for e in lines] == widths
    assert len({e.get("stroke") for e in lines}) == 2, "positive and negative"
    assert set(page.texts(".contribution")) <= set(texts(path))


def test_hostile_labels_are_text_in_pictures_too(explorer, saved):
    name = "</text><script>window.hacked=1</script>&amp; ]]>"
    page = explorer(Value(2.0, label=name) * 3.0).open()
    path = saved(page, "graph", "svg")
    assert name in texts(path)
    assert not [*ElementTree.parse(path).iter(f"{SVG}script")]
    page.driver.get(
        path.with_suffix(".svg").write_bytes(path.read_bytes())
        and path.with_suffix(".svg").as_uri()
    )
    assert page.run("return window.hacked") is None
