"""Pictures say what the numbers say, take what people have, and change nothing."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from figures import IMAGE, POINTS, RNG, SIDES, cnn, history, line, mpl, pixels

import nn
from autograd import Tensor

# --- every picture --------------------------------------------------------------------------------

EVERY = {
    "history": lambda: nn.plots.history(history((1.0, 0.5, 1.1, 0.4), (0.5, 0.8, 0.7, 0.6))),
    "kernels": lambda: nn.plots.kernels(cnn()),
    "feature_maps": lambda: nn.plots.feature_maps(cnn(), IMAGE),
    "confusion": lambda: nn.plots.confusion([0, 1, 1], [0, 1, 0], ["cat", "dog"]),
    "saliency": lambda: nn.plots.saliency(cnn(), IMAGE),
    "images": lambda: nn.plots.images([IMAGE, IMAGE], ["a", "b"]),
    "boundary": lambda: nn.plots.boundary(line(), POINTS, SIDES),
}


@pytest.mark.parametrize("name", EVERY)
def test_a_picture_is_a_figure_with_words_that_fit_on_it(name):
    figure = EVERY[name]()
    assert isinstance(figure, mpl.figure.Figure)
    figure.draw_without_rendering()
    width, height = figure.get_size_inches() * figure.dpi
    assert width < 1300
    words = [*figure.texts, *(text for key in figure.legends for text in key.get_texts())]
    for axes in figure.axes:
        words += [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
    assert any(word.get_text() for word in words)
    for word in words:
        box = word.get_window_extent()
        inside = box.x0 > -2 and box.y0 > -2 and box.x1 < width + 2 and box.y1 < height + 2
        assert inside or not word.get_text(), word


@pytest.mark.parametrize(
    ("name", "words"),
    {
        "history": ["Learning curves", "loss", "accuracy", "training. validation"],
        "kernels": ["0 Conv2D(1, 3, 3) weights", "output channel"],
        "feature_maps": ["input 1×8×8", "Conv2D(1, 3, 3)"],
        "confusion": ["2 of 3 right (66.67%)", "true class", "taken for"],
        "saliency": ["Which pixels decide the score of class", "|∂score/∂pixel|"],
        "images": ["a. b"],
    }.items(),
)
def test_its_words_are_read_to_those_who_cannot_see_it(name, words):
    picture = EVERY[name]()
    png, metadata = picture._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert metadata == {"alt": picture.alt}
    assert "\n" not in picture.alt
    assert not [word for word in words if word not in picture.alt], picture.alt


def test_a_picture_without_words_says_so():
    assert nn.plots.images([IMAGE]).alt == "a picture without words"


def test_pyplot_is_not_imported_and_no_figure_is_global(tmp_path):
    code = (
        "import sys, nn\n"
        "assert 'matplotlib' not in sys.modules and 'numpy' not in sys.modules\n"
        "nn.plots.images([[[0.0, 1.0]]]).savefig(sys.argv[1])\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "picture.png")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr


def test_without_matplotlib_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'^nn.plots needs matplotlib: pip install "glassgrad\['):
        nn.plots.images([IMAGE])


def test_a_large_file_is_made_small_by_256_colours_and_shows_the_same(tmp_path):
    figure = nn.plots.figure(6, 6)
    figure.subplots().imshow(RNG.uniform(size=(300, 300)), cmap="viridis")
    figure.save_small(tmp_path / "small.png")
    figure.savefig(tmp_path / "large.png")
    small, large = (mpl.image.imread(tmp_path / f"{name}.png") for name in ("small", "large"))
    assert np.abs(small[..., :3] - large[..., :3]).mean() < 0.01
    assert (tmp_path / "small.png").stat().st_size < (tmp_path / "large.png").stat().st_size / 2


def test_a_small_file_keeps_its_colours(tmp_path):
    figure = nn.plots.feature_maps(cnn(), IMAGE)
    figure.save_small(tmp_path / "small.png")
    figure.savefig(tmp_path / "same.png")
    assert (tmp_path / "small.png").read_bytes() == (tmp_path / "same.png").read_bytes()


# --- models are left alone ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "look_at",
    [
        lambda model: nn.plots.kernels(model, "5"),
        lambda model: nn.plots.feature_maps(model, IMAGE),
        lambda model: nn.plots.saliency(model, IMAGE),
    ],
)
@pytest.mark.parametrize("training", [True, False])
def test_a_model_keeps_its_modes_gradients_buffers_and_random_state(look_at, training):
    model = cnn().train(training)
    model[0].eval()
    model.seed(1)
    nn.CrossEntropyLoss()(model(Tensor([IMAGE.tolist()] * 2)), [1, 2]).backward()
    before = state(model)
    first = look_at(model)
    assert state(model) == before
    assert (pixels(first) == pixels(look_at(model))).all()
    assert not any("forward" in vars(module) for module in model.modules())


def state(model):
    return (
        [module.training for module in model.modules()],
        [p.grad for p in model.parameters()],
        model.state_dict(),
        model[3].rng.getstate(),
    )


def test_a_model_that_fails_is_left_as_it_was():
    model = cnn()
    with pytest.raises(ValueError, match="channels"):
        nn.plots.feature_maps(model, np.zeros((2, 8, 8)))
    assert model.training
    assert not any("forward" in vars(module) for module in model.modules())


# --- notebooks ------------------------------------------------------------------------------------

CELLS = [
    "import nn; nn.plots.images([[[0.0, 1.0]]])",
    "import matplotlib.pyplot as plt; nn.plots.images([[[0.0, 1.0]]])",
    "figure = nn.plots.images([[[0.0, 1.0]]])",
]
missing = [n for n in ("nbclient", "nbformat", "ipykernel") if not importlib.util.find_spec(n)]


@pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")
@pytest.mark.filterwarnings("default")
def test_a_notebook_shows_a_figure_once(tmp_path):
    """As the last line of a cell, with and without pyplot; a figure that is kept is not shown."""
    import nbclient
    import nbformat

    notebook = nbformat.v4.new_notebook()
    root = str(nn.__path__[0]).removesuffix("nn")
    cells = [f"import sys; sys.path.insert(0, {root!r})", *CELLS]
    notebook.cells = [nbformat.v4.new_code_cell(code) for code in cells]
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    _, plain, with_pyplot, kept = (cell.outputs for cell in notebook.cells)
    for outputs in (plain, with_pyplot):
        assert len(outputs) == 1
        assert outputs[0].data["image/png"].startswith("iVBOR")
    assert not kept
