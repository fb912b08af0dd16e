"""A notebook shows drawings of Values, Tensors and models, and of `draw` itself."""

import importlib.util
from pathlib import Path

import pytest

import nn
from autograd import Tensor, Value

ROOT = Path(__file__).parents[3]
CELLS = [
    "import sys; sys.path.insert(0, {root!r})\n"
    "import nn\nfrom autograd import Tensor, Value, draw\n"
    "a = Value(2.0, label='a'); y = a * a; y.backward(); y",
    "Tensor([[1.0, 2.0]], label='t')",
    "nn.Sequential(nn.Dense(2, 3), nn.Tanh())",
    "draw(y)",
]
needs = [
    name for name in ("nbclient", "nbformat", "ipykernel") if not importlib.util.find_spec(name)
]


@pytest.mark.skipif(bool(needs), reason=f"not installed: {', '.join(needs)}")
@pytest.mark.filterwarnings("default")
def test_a_notebook_shows_pictures_and_text():
    import nbclient
    import nbformat

    notebook = nbformat.v4.new_notebook()
    for code in CELLS:
        notebook.cells.append(nbformat.v4.new_code_cell(code.replace("{root!r}", repr(str(ROOT)))))
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = [cell.outputs[0].data for cell in notebook.cells]
    for data, text in zip(shown, ["Value(", "Tensor(", "Sequential(", "<Drawing"], strict=True):
        assert "<svg" in data["image/svg+xml"]
        assert data["text/plain"].startswith(text)


def test_what_cannot_be_drawn_is_shown_as_text():
    shown = nn.Tanh()._repr_mimebundle_()
    assert shown["text/plain"].startswith("Tanh()")
    assert Tensor([[]])._repr_mimebundle_()["text/plain"].startswith("Tensor(1×0, [[]])")


def test_a_large_graph_is_shown_within_a_hundred_boxes():
    node = Value(1.0)
    for _ in range(5000):
        node = node * 1.0
    assert node._repr_mimebundle_()["image/svg+xml"].count('class="node') <= 100
