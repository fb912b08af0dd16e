"""The notebook runs from top to bottom, and what it shows on the web is what it gives.

The outputs are part of the file. `python tests/demos/test_cnn_notebook.py` runs it and writes them
anew, without times and names of machines, so that a small change of the notebook is a small change
of the file. The solutions of the exercises are code and its output within folded prose; they run
after the last cell. Of the explorer's page the file holds a picture, which needs Chromium.
"""

import base64
import html
import importlib.util
import io
import os
import re
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "demos/cnn_from_scratch.ipynb"
LARGEST = 600_000  # bytes
# JupyterLab shows no SVG of a notebook from elsewhere before it is run, but it shows a PNG
BESIDE_SVG = """
def png(drawing):
    boxes = drawing.outline.boxes.values()
    words = (" ".join([b.title, *(w for line in b.lines for w in line if w)]) for b in boxes)
    return drawing.pipe("png"), {"alt": f"{drawing.outline.title}: {'; '.join(words)}"}

shell = get_ipython()
to_png = shell.display_formatter.formatters["image/png"]
to_png.for_type_by_name("autograd.drawing.drawing", "Drawing", png)
"""
SOLUTION = re.compile(
    r"(?<=^```python\n)(.+?)^```\n\nprints\n\n```text\n(.*?)(?=^```$)", re.M | re.S
)
FOLDED = r"^<details>\n<summary>Solution</summary>\n\n.+\n\n</details>$"
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?(?:e-?\d+)?")
MISSING = [
    name
    for name in ("ipykernel", "matplotlib", "nbclient", "nbformat")
    if not importlib.util.find_spec(name)
]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


def read():
    import nbformat

    return nbformat.read(NOTEBOOK, as_version=4)


def execute(notebook, folder):
    """Run all cells in a kernel of its own that finds the packages; the outputs stay in it.

    Gives what the solutions print, which run after them.
    """
    import nbclient
    from nbformat.v4 import new_code_cell

    cells = notebook.cells
    solutions = [new_code_cell(source) for source, _ in solved(notebook)]
    notebook.cells = cells + solutions

    startup = Path(folder, "profile_default", "startup")
    startup.mkdir(parents=True)
    (startup / "png.py").write_text(BESIDE_SVG, encoding="utf-8")
    where = [ROOT, ROOT / "demos", os.environ.get("PYTHONPATH")]
    path = os.pathsep.join(str(folder) for folder in where if folder)
    environment = {**os.environ, "PYTHONPATH": path, "IPYTHONDIR": str(folder)}
    resources = {"metadata": {"path": str(folder)}}
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources=resources, record_timing=False
    )
    client.execute(env=environment)
    notebook.cells = cells
    return [texts(cell)[0] for cell in solutions]


def write():
    """Run the notebook, and write its outputs without what differs from run to run."""
    import nbformat

    notebook = read()
    with tempfile.TemporaryDirectory() as folder:
        printed = iter(execute(notebook, folder))
        for output in (output for cell in code(notebook) for output in cell.outputs):
            if page := output.get("data", {}).pop("text/html", None):
                output.data["image/png"] = photographed(page, Path(folder, "page.html"))
                output.metadata["image/png"] = {"alt": "The page as it opens in a browser"}
    for cell in notebook.cells:
        cell.source = SOLUTION.sub(
            lambda m: f"{m[1]}```\n\nprints\n\n```text\n{next(printed)}", cell.source
        )
    for cell in code(notebook):
        cell.outputs = [small(output) for output in joined(cell.outputs)]
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.write(notebook, NOTEBOOK)
    print(f"{NOTEBOOK.relative_to(ROOT)}: {NOTEBOOK.stat().st_size:,} bytes")


def photographed(page, path):
    """What Chromium shows of the page in an iframe, as a PNG in base64."""
    sys.path.append(str(ROOT / "tests"))
    from browsing import Explorer, browser

    path.write_text(html.unescape(re.search('srcdoc="([^"]*)', page)[1]), encoding="utf-8")
    driver = browser()
    driver.set_window_size(1120, 860)
    Explorer(driver, path).open()
    picture = driver.get_screenshot_as_png()
    driver.quit()
    return base64.b64encode(picture).decode("ascii")


def joined(outputs):
    """The outputs, of their metadata the alternative texts; what was printed in one piece."""
    kept = []
    for output in outputs:
        for other in set(output.get("metadata", ())) - {"image/png"}:
            del output.metadata[other]
        name = output.get("name")
        if name and kept and kept[-1].get("name") == name:
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def small(output):
    """The output with at most 256 colours in its picture."""
    if png := output.get("data", {}).get("image/png"):
        from nn.plots.picture import with_few_colours

        few = with_few_colours(io.BytesIO(base64.b64decode(png))).getvalue()
        output.data["image/png"] = min(png, base64.b64encode(few).decode("ascii"), key=len)
    return output


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def solved(notebook):
    """Each solution's code and what it prints."""
    prose = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return [match.groups() for source in prose for match in SOLUTION.finditer(source)]


def texts(cell):
    """What a cell prints, and the kinds and the text of what it shows; of a page, a picture."""
    printed = "".join(o.text for o in cell.outputs if o.output_type == "stream")
    shown = [o.data for o in cell.outputs if o.output_type != "stream"]
    kinds = [sorted(kind.replace("text/html", "image/png") for kind in data) for data in shown]
    return printed, kinds, [data["text/plain"] for data in shown]


def alike(a, b, share):
    """Whether two texts have the same words, and numbers that differ by at most this share."""
    if NUMBER.sub("0", a) != NUMBER.sub("0", b):
        return False
    pairs = zip(NUMBER.findall(a), NUMBER.findall(b), strict=True)
    pairs = [(float(m.replace(",", "")), float(n.replace(",", ""))) for m, n in pairs]
    return all(m == pytest.approx(n, rel=share, abs=1e-6) for m, n in pairs)


@pytest.fixture(scope="module")
def committed():
    return read()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The notebook with the outputs of this machine, and what the solutions print on it."""
    notebook = read()
    return notebook, execute(notebook, tmp_path_factory.mktemp("notebook"))


@pytest.fixture(scope="module")
def executed(run):
    return run[0]


@pytest.mark.filterwarnings("default")
def test_the_outputs_on_the_web_are_what_the_cells_give(committed, executed):
    for old, new in zip(code(committed), code(executed), strict=True):
        trained = "trained" in old.metadata.get("tags", [])  # rounding grows over many updates
        (printed, kinds, shown), (now, kinds_now, shown_now) = texts(old), texts(new)
        assert alike(printed, now, 0.3 if trained else 1e-3), f"{old.source}\n\n{printed}\n\n{now}"
        assert kinds == kinds_now, old.source
        assert trained or shown == shown_now, old.source


def test_every_exercise_has_a_folded_solution_that_prints_what_it_says(committed, run):
    exercises = [c.source for c in committed.cells if re.match(r"\*\*\d\. ", c.source)]
    for number, exercise in enumerate(exercises, 1):
        assert exercise.startswith(f"**{number}. ")
        assert re.search(FOLDED, exercise, re.M | re.S)
    assert len(exercises) == 8
    assert len(run[1]) >= len(exercises)
    for (source, printed), now in zip(solved(committed), run[1], strict=True):
        assert alike(printed, now, 0.3), f"{source}\n\n{printed}\n\n{now}"


def test_every_picture_has_words_for_those_who_cannot_see_it(committed):
    for cell in code(committed):
        for output in cell.outputs:
            if "image/png" in output.get("data", ()):
                assert re.search(r"[a-z0-9]", output.metadata["image/png"]["alt"]), cell.source
            if svg := output.get("data", {}).get("image/svg+xml"):
                assert re.search(r'<svg [^>]*role="img" aria-label="\w', svg), cell.source
    assert not any("![](" in cell.source for cell in committed.cells)


def test_nothing_is_warned_of(executed):
    for cell in code(executed):
        assert not [o.text for o in cell.outputs if o.get("name") == "stderr"]


def test_the_pictures_and_the_page_are_made(committed, executed):
    kinds = [kind for cell in code(executed) for o in cell.outputs for kind in o.get("data", ())]
    assert kinds.count("image/svg+xml") >= 5
    assert kinds.count("image/png") >= 12
    assert kinds.count("text/html") == 1  # a live page here, and a picture of it on the web:
    kept = [kind for cell in code(committed) for o in cell.outputs for kind in o.get("data", ())]
    assert "text/html" not in kept  # it shows a notebook without its scripts and styles


def test_the_hand_derived_gradients_of_the_notebook_are_right(executed):
    printed = "\n".join(texts(cell)[0] for cell in code(executed))
    rows = re.findall(r"= ([+-][\d.]+) by hand, ([+-][\d.]+) by backward", printed)
    assert len(rows) == 3
    assert all(hand == engine for hand, engine in rows)
    assert printed.count("the same by backward: True") == 2
    for found, product in [("dW by backward", "dZ · Xᵀ"), ("dX by backward", "Wᵀ · dZ")]:
        lines = [re.search(rf"^{name} *(\[\[.*)$", printed, re.M)[1] for name in (found, product)]
        assert lines[0] == lines[1]
    first, second = re.findall(r"^(wrong|right)$", printed, re.M)
    assert (first, second) == ("wrong", "right")


def test_the_cells_were_run_in_order_from_the_top(committed):
    counts = [cell.execution_count for cell in code(committed)]
    assert counts == list(range(1, len(counts) + 1))


def test_the_file_is_small_and_knows_no_machine(committed):
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert len(text.encode()) <= LARGEST
    assert not re.search(r"(?<![\w.])/(home|root|tmp|usr|Users|opt|var|private|work)/", text)
    assert str(ROOT) not in text
    assert set(committed.metadata) == {"kernelspec", "language_info"}
    assert all(set(cell.metadata) <= {"tags"} for cell in committed.cells)


def test_the_mistake_that_the_prose_speaks_of_is_the_first(committed):
    prose = "\n".join(c.source for c in committed.cells if c.cell_type == "markdown")
    assert "the first of the mistakes above: a 5 that is read as a 9" in prose
    titles = [o.metadata["image/png"]["alt"] for cell in code(committed) for o in cell.outputs
              if "image/png" in o.get("metadata", ())]  # fmt: skip
    assert any(title.startswith("5, read as 9. ") for title in titles)


def test_its_links_lead_to_its_headings(committed):
    prose = "\n".join(c.source for c in committed.cells if c.cell_type == "markdown")
    headings = {h.strip().replace(" ", "-") for h in re.findall(r"^#+ (.+)$", prose, re.M)}
    links = re.findall(r"\]\(#([^\s]+)\)$", prose, re.M)
    assert len(links) == 9
    assert set(links) <= headings


def test_a_text_that_differs_is_seen():
    assert alike("loss 0.25, accuracy 90.00%", "loss 0.2501, accuracy 90.01%", 1e-3)
    assert not alike("loss 0.25", "loss 0.26", 1e-3)
    assert not alike("loss 0.25", "loss -0.25", 1e-3)
    assert not alike("right", "wrong", 1e-3)


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    write()
