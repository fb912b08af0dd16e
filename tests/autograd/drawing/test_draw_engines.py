"""Layout: by dot, by graphviz-pure, by none; limits of time; the files that are written."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autograd import Drawing, LayoutError, Value, draw
from autograd.drawing.render import engines

PURE = shutil.which("graphviz-pure", path=Path(sys.executable).parent)
ROOT = Path(__file__).parents[3]


def small():
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    y = a * b + a
    y.backward()
    return y


def script(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture(params=["dot", "graphviz-pure"])
def engine(request, monkeypatch):
    """One engine alone."""
    found = [e for e in engines.engines() if e.name == request.param]
    if not found:
        pytest.skip(f"{request.param} is not installed")
    monkeypatch.setattr(engines, "engines", lambda: found)
    return request.param


@pytest.fixture
def nothing(monkeypatch, tmp_path):
    """A machine without an engine."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))


def test_each_engine_draws_svg_and_png(engine, tmp_path):
    draw(small(), tmp_path / "a.svg")
    svg = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "prefers-color-scheme:dark" in svg.replace(" ", "")
    assert 'role="img" aria-label="computation graph of add, 4 scalars"' in svg
    assert ">data<" in svg
    draw(small(), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_pdf_is_drawn_by_dot_and_refused_by_the_other(engine, tmp_path):
    if engine == "dot":
        draw(small(), tmp_path / "a.pdf")
        assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    else:
        with pytest.raises(LayoutError, match=r"graphviz-pure writes no pdf: use \.svg or \.png"):
            draw(small(), tmp_path / "a.pdf")


def test_graphviz_usual_interface_works_with_each_engine(engine, tmp_path):
    drawing = draw(small())
    assert drawing.source.startswith("digraph glassgrad {")
    assert drawing.pipe("svg").startswith(b"<?xml")
    assert "<svg" in drawing.pipe("svg", encoding="utf-8")
    written = drawing.render(tmp_path / "g", format="svg")
    assert Path(written) == tmp_path / "g.svg"
    assert (tmp_path / "g").exists()
    drawing.render(outfile=tmp_path / "h.png", cleanup=True)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["g", "g.svg", "h.png"]
    drawing.node("mine", "a note of my own")
    assert b"a note of my own" in drawing.pipe("svg")
    assert isinstance(drawing.copy(), Drawing)
    assert "svg" in drawing._repr_mimebundle_()["image/svg+xml"]


def test_pure_is_found_beside_the_interpreter(monkeypatch, tmp_path):
    if not PURE:
        pytest.skip("graphviz-pure is not installed")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [e.name for e in engines.engines()] == ["graphviz-pure"]


def test_without_an_engine_dot_is_written_and_one_line_says_what_to_install(nothing, tmp_path):
    drawing = draw(small(), tmp_path / "a.dot")
    assert (tmp_path / "a.dot").read_text(encoding="utf-8") == drawing.source
    with pytest.raises(LayoutError, match="pip install graphviz-pure") as error:
        draw(small(), tmp_path / "a.svg")
    assert "\n" not in str(error.value)
    assert "no layout engine" in drawing._repr_mimebundle_()["text/plain"]


def test_without_an_engine_notebooks_show_text(nothing):
    shown = small()._repr_mimebundle_()
    assert set(shown) == {"text/plain"}
    assert shown["text/plain"].startswith("Value(data=-4.0, grad=1.0)")


@pytest.mark.skipif(os.name != "posix", reason="the slow engine is a shell script")
def test_a_layout_that_takes_too_long_is_ended_and_says_how_to_get_a_smaller_one(
    monkeypatch, tmp_path
):
    alive = tmp_path / "child"
    script(tmp_path, "dot", f"sleep 30 &\necho $! > {alive}\nwait")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    drawing = draw(small())
    drawing.seconds = 0.5
    with pytest.raises(LayoutError, match=r"within 0.5 s for 4 boxes and 4 arrows: .*limit=100"):
        drawing.pipe("svg")
    child = int(alive.read_text(encoding="utf-8"))
    for _ in range(50):
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or " Z " in state.read_text(encoding="utf-8"):
            break
        time.sleep(0.1)
    else:
        pytest.fail("the engine's child lives on")


@pytest.mark.skipif(os.name != "posix", reason="the broken engine is a shell script")
def test_an_engine_that_fails_is_quoted(monkeypatch, tmp_path):
    script(tmp_path, "dot", "cat > /dev/null\necho 'out of memory' >&2\nexit 3")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(LayoutError, match=r"dot failed \(3\): out of memory"):
        draw(small()).pipe("png")


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.svgz"])
def test_other_suffixes_are_refused_beside_those_that_are_known(name, tmp_path):
    with pytest.raises(ValueError, match=r"must be one of \.svg, \.png, \.pdf, \.dot, \.gv"):
        draw(small(), tmp_path / name)


def test_a_missing_package_is_one_line_with_the_command():
    code = (
        "import sys; sys.modules['graphviz'] = None\n"
        "import autograd\n"
        "try: autograd.draw\n"
        "except ImportError as e: print(e)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "drawings need the package graphviz: pip install graphviz"


def test_three_processes_draw_the_same_bytes():
    code = (
        "import random, sys, nn, autograd; random.seed(0); from autograd import Tensor\n"
        "m = nn.Sequential(nn.Conv2D(1, 3, 3), nn.GroupNorm(1, 3), nn.Flatten(), nn.Dense(48, 4))\n"
        "y = nn.CrossEntropyLoss()(m(Tensor([[[i * 0.1] * 6 for i in range(6)]])), 1)\n"
        "y.backward(); w = m[0].weight[0, 0, 1, 1]\n"
        "for o in ({}, {'expand': ['0', '1[1]', '3[2]']}, {'slice': w}, {'depth': 0}):\n"
        "    sys.stdout.buffer.write(autograd.draw(y, **o).source.encode())"
    )
    sources = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "4711")
    }  # fmt: skip
    assert len(sources) == 1
    assert len(sources.pop()) > 10_000
