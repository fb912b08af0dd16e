"""Labels are text, whatever is written in them, in every format."""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import LayoutError, Tensor, Value, draw, scope
from autograd.drawing.render import engines
from autograd.text import clean

HOSTILE = {
    "markup": "<b>&amp;</b>",
    "ampersand": "a & b < c > d",
    "record": "{a|b}",
    "quote": 'say "hi"',
    "escape": r"\N \G \l \\",
    "backslash": "ends in \\",
    "html": "<TABLE><TR><TD>x</TD></TR></TABLE>",
    "script": "</script><script>alert(1)</script>",
    "entity": "&lt;&#65;&nbsp;",
    "comment": "/* a */ // b # c",
    "emoji": "🔥 loss 🔥",
    "hebrew": "שלום",
    "greek": "∂L/∂θ",
    "brackets": "]>,[<",
    "cdata": "]]>",
    "keyword": "digraph",
    "empty brackets": "x[]",
}
UNSEEN = {
    "newline": ("a\nb", "a␊b"),
    "nul": ("a\0b", "a␀b"),
    "control": ("a\x07\x1b[31mb", "a␇␛[31mb"),
    "turned": ("abc\u202edef", "abc�def"),
    "half": ("a\ud800b", "a�b"),
}


def texts(svg):
    """What a reader of the SVG sees, text by text."""
    root = ET.fromstring(svg)
    assert not [e for e in root.iter() if e.tag.endswith("script")]
    return [e.text for e in root.iter() if e.tag.endswith("}text")]


@pytest.fixture(params=["dot", "graphviz-pure"])
def engine(request, monkeypatch):
    found = [e for e in engines.engines() if e.name == request.param]
    if not found:
        pytest.skip(f"{request.param} is not installed")
    monkeypatch.setattr(engines, "engines", lambda: found)
    return request.param


def squeezed(text):
    """Text without the difference between kinds of blanks, and runs of them."""
    return re.sub(r"\s+", " ", text or "").strip()


@pytest.mark.parametrize("label", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_label_is_read_back_from_the_picture(engine, label):
    y = Value(1.0, label) * 2.0
    y.backward()
    drawing = draw(y)
    assert label in [squeezed(text) for text in texts(drawing.pipe("svg"))]
    assert drawing.pipe("png").startswith(b"\x89PNG")


@pytest.mark.parametrize(("label", "shown"), UNSEEN.values(), ids=UNSEEN)
def test_what_cannot_be_seen_is_shown_as_a_picture_of_it(engine, label, shown):
    drawing = draw(Value(1.0, label) * 2.0)
    drawing.source.encode("utf-8")
    assert shown in [squeezed(text) for text in texts(drawing.pipe("svg"))]


def test_a_long_label_is_shortened_in_its_middle():
    label = "begin" + "x" * 10_000 + "end"
    drawing = draw(Value(1.0, label) * 2.0)
    shown = [t for t in texts(drawing.pipe("svg")) if t and t.startswith("begin")]
    assert len(shown[0]) <= 40
    assert shown[0].endswith("end")
    assert "…" in shown[0]


def test_names_of_tensors_and_scopes_are_text_too():
    with scope("<i>&\\N", "</script>"):
        y = (Tensor([1.0, 2.0], label='"<w>"') * 2.0).sum()
    found = texts(draw(y).pipe("svg"))
    assert any('"<w>"' in text for text in found)
    assert any("<i>&\\N" in text for text in found)


@settings(max_examples=25)
@given(st.lists(st.text(max_size=60), min_size=3, max_size=3))
def test_any_label_gives_a_picture(labels):
    a, b, c = (Value(1.0, label) for label in labels)
    try:
        found = texts(draw(a * b + c).pipe("svg"))
    except LayoutError as error:
        if "no layout engine" in str(error):
            pytest.skip("no layout engine")
        raise
    read = [squeezed(text) for text in found]
    for label in labels:
        assert squeezed(clean(label)) in [*read, ""]


@given(st.text(max_size=200), st.integers(8, 60))
def test_cleaned_text_is_short_and_visible(text, most):
    found = clean(text, most)
    assert len(found) <= most
    assert all(ord(c) >= 32 and c != "\x7f" for c in found)
    found.encode("utf-8")


@pytest.mark.parametrize(("label", "shown"), [(None, ""), (3, "3"), (2.5, "2.5")])
def test_a_label_that_is_no_text_is_written_as_one(label, shown):
    a = Value(1.0)
    a.label = label
    y = a * 2.0
    y.backward()
    assert draw(y).outline.boxes["n0"].title == shown
