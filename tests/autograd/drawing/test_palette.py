"""One palette: drawings, the page, reports and plots show the same numbers in the same colours."""

import json
import re

import pytest

from autograd import Tensor, Value, draw, explore
from autograd.colours import DARK, DARK_HEAT, LIGHT, LIGHT_HEAT, ON_DARK, ON_LIGHT, ROLES, heat
from autograd.drawing.explorer.page import _sources, palette
from autograd.drawing.render.theme import BOXES, LEVELS, TWINS, cell
from nn.plots import look

HEX = re.compile(r"#[0-9a-f]{6}\b|(?<=[\"'])#[0-9a-f]{3}\b")


def rgb(colour):
    return tuple(bytes.fromhex(colour[1:]))


def test_numbers_go_from_blue_over_white_to_orange_and_nan_is_grey():
    minus, zero, plus, none = (rgb(heat(t)[0]) for t in (-7.0, 0.0, 1.0, float("nan")))
    assert (minus, zero, plus) == (LIGHT_HEAT.minus, LIGHT_HEAT.zero, LIGHT_HEAT.plus)
    assert none == LIGHT_HEAT.none
    assert minus[2] > minus[0]
    assert plus[0] > plus[2]
    half = rgb(heat(-0.5)[0])
    middle = zip(half, minus, zero, strict=True)
    assert all(abs(h - (m + z) / 2) <= 0.5 for h, m, z in middle)


def contrast(one, other):
    """WCAG's ratio of two colours' luminances."""

    def luminance(colour):
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
                  for c in (v / 255 for v in rgb(colour))]  # fmt: skip
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted([luminance(one), luminance(other)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_what_is_written_is_legible_on_its_page(theme):
    for name in ("ink", "dim", "warm", "cold", "good", "picked"):
        assert contrast(getattr(theme, name), theme.paper) >= 4.5, name


@pytest.mark.parametrize("t", [k / 20 for k in range(-20, 21)])
def test_numbers_are_legible_on_their_colours(t):
    fill, ink = heat(t)
    assert contrast(fill, ink) >= 4.5


@pytest.mark.parametrize("t", [float("nan"), *[k / 20 for k in range(-20, 21)]])
def test_cells_of_drawings_are_legible_on_light_and_dark_pages(t):
    fill, ink = cell(t)
    assert contrast(fill, ink) >= 4.5
    assert contrast(TWINS[fill], TWINS.get(ink, ink)) >= 4.5


@pytest.mark.parametrize("role", ROLES)
def test_what_is_written_in_a_box_is_legible(role):
    fill, _, dark = ROLES[role]
    assert min(contrast(LIGHT.ink, fill), contrast(LIGHT.dim, fill)) >= 4.5
    assert min(contrast(DARK.ink, dark), contrast(DARK.dim, dark)) >= 4.5


def test_plots_have_the_ends_of_drawings():
    assert [rgb(c) for c in (look.BLUE, look.MIDDLE, look.ORANGE)] == [
        LIGHT_HEAT.minus, LIGHT_HEAT.zero, LIGHT_HEAT.plus
    ]  # fmt: skip


def test_the_page_has_the_palette_as_a_module_and_as_variables_for_light_and_dark():
    lines = palette().splitlines()[:2]
    for line, theme, scale in zip(lines, (LIGHT, DARK), (LIGHT_HEAT, DARK_HEAT), strict=True):
        given = json.loads(line.split(" = ")[1].rstrip(";"))
        assert {k: tuple(v) for k, v in given.pop("heat").items()} == scale._asdict()
        assert given == theme._asdict()
    html = explore(Value(1.0, "a") * 2.0).html
    rules = re.search(r":root\{(.*?)\}@media \(prefers-color-scheme:dark\)\{:root\{(.*?)\}\}", html)
    for rule, theme in zip(rules.groups(), (LIGHT, DARK), strict=True):
        found = dict(line.removeprefix("--").split(":") for line in rule.split(";") if line)
        assert found.items() >= theme._asdict().items()
        for name, role in ROLES.items():
            assert found[name] == (role.fill if theme is LIGHT else role.dark)


def test_no_colour_of_the_page_is_written_anywhere_else():
    style = "".join(_sources(".css").values())
    assert "var(--ink)" in style
    assert not re.search(r":[^;{]*(#[0-9a-fA-F]{3,8}\b|rgba?\(|hsl)", style), (
        "colours are variables"
    )
    known = {
        *LIGHT._fields,
        *ROLES,
        *(f"{role}-border" for role in ROLES),
        "cell",
        "abreast",
        "width",
    }
    assert set(re.findall(r"var\(--([a-z-]+)", style)) <= known
    written = {name: HEX.findall(text) for name, text in _sources(".js").items()}
    assert len(written) > 10
    assert {name: found for name, found in written.items() if found} == {}


def test_every_colour_of_a_drawing_has_a_twin_of_its_own_for_dark_pages():
    levels = 2 * LEVELS + 2  # on each side of 0, 0 itself, and nan
    inks = 2  # those that are dark on one page and light on the other
    roles = len(LIGHT) + len(BOXES) + levels + inks
    assert len(TWINS) == roles, "each value stands for one role"
    assert not TWINS.keys() & set(TWINS.values())
    y = Value(2.0, "a") * Value(-3.0, "b")
    y.backward()
    grids = Tensor([0.3, -0.7, 1.0], label="w") @ Tensor([1.0, 2.0, -5.0], label="x")
    borders = {box.border for box in BOXES.values()}
    for root in (y, grids):
        written = set(HEX.findall(draw(root).source))
        assert written - borders <= TWINS.keys() | {ON_LIGHT, ON_DARK}
