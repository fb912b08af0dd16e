"""Pictures say what the numbers say, take what people have, and change nothing."""

import importlib.util
import io
import subprocess
import sys

import numpy as np
import pytest

import nn
from autograd import Tensor, Value, no_grad
from nn.plots import look

mpl = pytest.importorskip("matplotlib", reason="matplotlib is not installed")

RNG = np.random.default_rng(0)
IMAGE = RNG.uniform(size=(1, 8, 8))
POINTS = RNG.normal(size=(30, 2))
SIDES = (POINTS[:, 0] > 0).astype(int)


def cnn():
    """A CNN with what behaves otherwise in training."""
    return nn.Sequential(
        nn.Conv2D(1, 3, 3),
        nn.BatchNorm2D(3),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.MaxPool(2),
        nn.Conv2D(3, 4, 2),
        nn.Flatten(),
        nn.Dense(16, 5),
    )


def line():
    """A model of points that is sure of the sign of x₁."""
    model = nn.Sequential(nn.Dense(2, 1))
    model[0].weight.assign([[50.0, 0.0]])
    return model


def texts(figure):
    """All that is written in a figure that has been drawn."""
    figure.savefig(io.BytesIO(), format="png", dpi=40)
    return [t.get_text() for t in figure.findobj(mpl.text.Text) if t.get_text() and t.get_visible()]


def written(figure):
    return "\n".join(texts(figure))


def pixels(figure):
    """A figure as an array (height, width, 3)."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=40)
    file.seek(0)
    return mpl.image.imread(file)[..., :3]


def history(*rows):
    """A History of (loss, accuracy, validation loss, validation accuracy)."""
    made = nn.History()
    for k, row in enumerate(rows):
        made.epochs.append(nn.Epoch(k + 1, *row, 0.1, 1.0))
    return made


# --- every picture ------------------------------------------------------------------------------

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


# --- learning curves ----------------------------------------------------------------------------


def test_the_best_epoch_is_that_of_validation():
    rows = [(1.0, 0.5, 1.1, 0.4), (0.6, 0.8, 0.7, 0.66), (0.3, 0.9, 0.8, 0.7)]
    figure = history(*rows).plot()
    assert "best: epoch 2, 0.7000" in texts(figure)
    assert "best: epoch 3, 70.00%" in texts(figure)
    loss, accuracy = figure.axes
    assert loss.lines[0].get_xydata().tolist() == [[1, 1.0], [2, 0.6], [3, 0.3]]
    assert accuracy.lines[1].get_ydata().tolist() == [0.4, 0.66, 0.7]


def test_regression_has_no_accuracy_and_a_single_epoch_is_a_point():
    figure = nn.plots.history(history((0.5, None, None, None)))
    (axes,) = figure.axes
    assert [line.get_marker() for line in axes.lines] == ["o", "o"]
    assert "validation" not in texts(figure)
    assert "accuracy" not in texts(figure)


def test_a_loss_that_falls_far_is_shown_on_a_logarithmic_scale():
    far, near = (history((1.0, *[None] * 3), (x, *[None] * 3)) for x in (0.001, 0.5))
    assert nn.plots.history(far).axes[0].get_yscale() == "log"
    assert nn.plots.history(near).axes[0].get_yscale() == "linear"


def test_losses_that_are_not_finite_are_left_out():
    nan, inf = float("nan"), float("inf")
    figure = nn.plots.history(history((0.5, None, nan, None), (0.4, None, 0.7, None)))
    assert "best: epoch 2, 0.7000" in texts(figure)
    assert "loss" in texts(nn.plots.history(history((inf, None, nan, None))))


def test_a_history_without_epochs_is_refused():
    with pytest.raises(ValueError, match="no epochs yet"):
        nn.plots.history(nn.History())


# --- confusion ------------------------------------------------------------------------------------


def test_confusion_counts_and_shares():
    labels, predictions = [0, 0, 0, 0, 1, 1, 2], [0, 0, 0, 1, 1, 1, 0]
    words = texts(nn.plots.confusion(labels, predictions, ["cat", "dog", "horse"]))
    for cell in ("3\n75.0%", "1\n25.0%", "2\n100%", "1\n100%"):
        assert cell in words
    assert "5 of 7 right (71.43%)" in words
    assert {"cat", "dog", "horse", "true class", "taken for"} <= {*words}


def test_a_class_that_does_not_occur_and_an_error_free_matrix_can_be_shown():
    words = texts(nn.plots.confusion([0, 0], [0, 0], ["a", "b"]))
    assert "2 of 2 right (100.00%)" in words
    assert words.count("·") == 3


def test_of_many_classes_there_are_colours_without_numbers():
    many = list(range(60))
    assert "1\n100%" not in texts(nn.plots.confusion(many, many))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], [0]), "as many labels"),
        (([], []), "as many labels"),
        (([0, 3], [0, 1], ["a", "b"]), "label 3 is not one of 2"),
        (([0, 1], [0, -1]), "prediction -1"),
        (([0.5], [1]), "class numbers"),
    ],
)
def test_wrong_classes_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        nn.plots.confusion(*arguments)


# --- kernels ------------------------------------------------------------------------------------


def test_kernels_are_found_by_path_or_first():
    model = cnn()
    model(IMAGE)
    assert "0  Conv2D(1, 3, 3)  weights" in texts(nn.plots.kernels(model))
    assert "5  Conv2D(3, 4, 2)  weights" in texts(nn.plots.kernels(model, "5"))
    assert "Conv2D(3, 4, 2)  weights of input channel 2" in written(
        nn.plots.kernels(model[5], channel=2)
    )


def test_a_weight_is_painted_by_its_sign_and_size():
    layer = nn.Conv2D(1, 1, (1, 3))
    layer.weight.assign([[[[-2.0, 0.0, 2.0]]]])
    (sheet,) = nn.plots.kernels(layer).axes[0].images
    row = sheet.get_array()[sheet.get_array().shape[0] // 2]
    colours = {mpl.colors.to_hex(c) for c in row if tuple(c) != look.LINE}
    assert colours == {look.BLUE, look.MIDDLE, look.ORANGE}


@pytest.mark.parametrize("shape", [(1, 1, 1), (64, 1, 3), (3, 80, 1), (100, 3, 5), (7, 2, (1, 9))])
def test_kernels_of_any_number_and_size(shape):
    outputs, inputs, size = shape
    words = written(nn.plots.kernels(nn.Conv2D(inputs, outputs, size)))
    assert ("first 64 of 100 output channels" in words) == (outputs == 100)
    assert ("first 64 of 80 input channels" in words) == (inputs == 80)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((nn.Sequential(nn.Dense(2, 2)),), ValueError, "no Conv2D in Sequential"),
        ((cnn(), "7"), ValueError, "no Conv2D at '7', but at 0, 5"),
        ((cnn(), "0", 1), ValueError, "input channels 0 to 0, not 1"),
        ((3,), TypeError, "needs a model or a Conv2D, got 3"),
    ],
)
def test_what_has_no_such_kernels_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        nn.plots.kernels(*arguments)


# --- feature maps -------------------------------------------------------------------------------


def test_each_layer_that_makes_something_new_has_its_row():
    words = texts(nn.plots.feature_maps(cnn(), IMAGE))
    rows = [
        "input  1×8×8",
        "0  Conv2D(1, 3, 3)  3×6×6",
        "1  BatchNorm2D(3)  3×6×6",
        "2  ReLU()  3×6×6",
        "4  MaxPool(2)  3×3×3",
        "5  Conv2D(3, 4, 2)  4×2×2",
        "7  Dense(16, 5)  5",
    ]
    assert [word for word in words if "×" in word or "Dense" in word] == rows


def test_modules_of_ones_own_are_shown_where_they_add_something():
    class Block(nn.Module):
        def __init__(self):
            self.conv = nn.Conv2D(1, 1, 3, padding="same")

        def forward(self, x):
            return self.conv(x) + x

    words = written(nn.plots.feature_maps(nn.Sequential(Block(), nn.Flatten()), IMAGE))
    assert "0.conv  Conv2D(1, 1, 3, padding='same')  1×8×8" in words
    assert "0  Block  1×8×8" in words
    assert "Flatten" not in words


def test_layers_are_picked_by_path_and_the_last_bars_are_named():
    names = ["ape", "bee", "cat", "dog", "elk"]
    figure = nn.plots.feature_maps(cnn(), Tensor(IMAGE), ["5", "7"], class_names=names)
    words = texts(figure)
    assert [w for w in words if "(" in w] == ["5  Conv2D(3, 4, 2)  4×2×2", "7  Dense(16, 5)  5"]
    assert {*names} <= {*words}


def test_of_many_channels_the_first_are_shown_and_the_figure_says_so():
    words = written(nn.plots.feature_maps(nn.Sequential(nn.Conv2D(1, 70, 3)), IMAGE))
    assert "(the first 64 of 70 channels are shown)" in words
    deep = nn.Sequential(*[nn.Tanh() for _ in range(30)])
    assert "the first 24 of 30 layers are shown" in written(nn.plots.feature_maps(deep, IMAGE))


def test_numbers_that_are_not_finite_do_not_spoil_the_picture():
    model = nn.Sequential(nn.Conv2D(1, 2, 3))
    model[0].bias.assign([float("nan"), float("inf")])
    assert "2×6×6" in written(nn.plots.feature_maps(model, IMAGE))
    assert nn.plots.kernels(nn.Conv2D(1, 2, 3, init=nn.init.zeros))


@pytest.mark.parametrize("look_at", [nn.plots.feature_maps, nn.plots.saliency])
@pytest.mark.parametrize(
    ("image", "message"),
    [
        (IMAGE[0], r"\(C, H, W\), got shape \(8, 8\); image\[None\]"),
        (IMAGE[None], r"got shape \(1, 1, 8, 8\)"),
        ([[[1.0, 2.0], [3.0]]], "ragged|same|rows"),
    ],
)
def test_what_is_not_one_image_is_refused(look_at, image, message):
    with pytest.raises(ValueError, match=message):
        look_at(cnn(), image)


def test_an_unknown_layer_is_refused_by_the_known_ones():
    with pytest.raises(ValueError, match="no layer at 'conv1'; there are 0, 1, 2"):
        nn.plots.feature_maps(cnn(), IMAGE, ["conv1"])
    with pytest.raises(TypeError, match="must be a Module, got <function"):
        nn.plots.feature_maps(lambda x: x, IMAGE)


# --- saliency -----------------------------------------------------------------------------------


def slopes(monkeypatch, *arguments):
    """The gradients that `saliency` paints."""
    seen = []
    monkeypatch.setattr(
        nn.plots.pixels, "_triptych", lambda image, slopes, title: seen.append(slopes)
    )
    nn.plots.saliency(*arguments)
    return seen[0]


@pytest.mark.parametrize("label", [0, 4])
def test_saliency_is_the_slope_of_the_score(monkeypatch, label):
    model = cnn().eval()

    def score(image):
        return model(image)[label].data

    found = slopes(monkeypatch, model, IMAGE, label)
    step = 1e-6
    for place in [(0, 0, 0), (0, 3, 4), (0, 7, 7)]:
        up, down = IMAGE.copy(), IMAGE.copy()
        up[place] += step
        down[place] -= step
        slope = (score(up) - score(down)) / (2 * step)
        assert found[place] == pytest.approx(slope, abs=1e-6)


def test_saliency_goes_from_the_score_before_softmax(monkeypatch):
    model = nn.Sequential(nn.Flatten(), nn.Dense(64, 3), nn.Softmax())
    weight = model[1].weight.numpy()
    found = slopes(monkeypatch, model, IMAGE, 2)
    np.testing.assert_allclose(found, weight[2].reshape(1, 8, 8))


def test_saliency_takes_the_predicted_class_and_says_so():
    model = nn.Sequential(nn.Flatten(), nn.Dense(64, 3))
    model[1].bias.assign([0.0, 50.0, 0.0])
    words = written(nn.plots.saliency(model, IMAGE, class_names=["ape", "bee", "cat"]))
    assert "score of bee" in words
    assert "probability 100.0%, predicted" in words
    assert "predicted" not in written(nn.plots.saliency(model, IMAGE, 0))


def test_saliency_shows_images_of_three_channels_and_of_more():
    for channels in (2, 3):
        model = nn.Sequential(nn.Conv2D(channels, 2, 3), nn.GlobalAvgPool())
        words = written(nn.plots.saliency(model, RNG.uniform(size=(channels, 5, 5))))
        assert f"image {channels}×5×5" in words


def test_saliency_refuses_what_it_cannot_do():
    with pytest.raises(ValueError, match="label 5 is not one of 5 classes"):
        nn.plots.saliency(cnn(), IMAGE, 5)
    with pytest.raises(ValueError, match=r"a score a class, got shape \(3, 6, 6\)"):
        nn.plots.saliency(nn.Conv2D(1, 3, 3), IMAGE)
    with pytest.raises(ValueError, match="outside of no_grad"), no_grad():
        nn.plots.saliency(cnn(), IMAGE)


# --- sheets of images -----------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 5, 64, 200])
def test_a_sheet_of_any_number_of_images(n):
    titles = [f"no {k}" for k in range(n)]
    words = texts(nn.plots.images([IMAGE] * n, titles))
    assert [word for word in words if word.startswith("no ")] == titles[:64]
    assert ("the first 64 of 200 images are shown" in words) == (n == 200)


def test_images_are_lists_arrays_tensors_grey_or_coloured():
    grey, coloured = Tensor([[Value(0.5)] * 4] * 4), RNG.uniform(size=(3, 4, 4)).tolist()
    figure = nn.plots.images([grey, coloured, [[[0.0] * 4] * 4]])
    assert len(figure.axes[0].images) == 1


def test_titles_are_broken_into_lines():
    words = texts(nn.plots.images([IMAGE], ["4 taken for 9\n87%, and that is a long title"]))
    assert words == ["4 taken for 9\n87%, and that is\na long title"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([],), "there are no images"),
        (([IMAGE], ["a", "b"]), "1 images and 2 titles"),
        (([IMAGE, IMAGE[:, :4]],), "one size, got"),
        (([[1.0, 2.0]],), r"got shape \(2,\)"),
        (([RNG.uniform(size=(2, 4, 4))],), r"got shape \(2, 4, 4\)"),
    ],
)
def test_what_is_no_sheet_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        nn.plots.images(*arguments)


# --- decision boundaries --------------------------------------------------------------------------


def plane(figure):
    """The colours of the plane, (rows from below, columns, 3)."""
    return figure.axes[0].images[0].get_array()


@pytest.mark.parametrize("labels", [SIDES, 2 * SIDES - 1, SIDES.tolist()])
def test_the_plane_is_parted_where_the_model_changes_its_mind(labels):
    colours = plane(nn.plots.boundary(line(), POINTS, labels))
    left, right = colours[80, 0], colours[80, -1]
    assert left[2] > left[0]  # blue: class 0
    assert right[0] > right[2]  # orange: class 1
    extent = nn.plots.boundary(line(), POINTS, labels).axes[0].images[0].get_extent()
    changes = np.flatnonzero(np.diff(colours[80, :, 0] > colours[80, :, 2]))
    at = extent[0] + (changes[0] + 1) / colours.shape[1] * (extent[1] - extent[0])
    assert len(changes) == 1
    assert abs(at) < 0.1


def test_scores_a_sigmoid_and_a_softmax_mean_the_same():
    logit = line()
    sure = nn.Sequential(logit[0], nn.Sigmoid())
    two = nn.Sequential(nn.Dense(2, 2))
    two[0].weight.assign([[0.0, 0.0], [50.0, 0.0]])
    shares = nn.Sequential(two[0], nn.Softmax())
    shown = [plane(nn.plots.boundary(m, POINTS, SIDES)) for m in (logit, sure, two, shares)]
    for other in shown[1:]:
        np.testing.assert_allclose(other, shown[0], atol=1e-3)


def test_a_model_may_give_a_single_value_and_be_nested():
    class Side(nn.Module):
        def forward(self, x):
            return 50 * x[0]

    nested = nn.Sequential(nn.Sequential(line()[0], nn.Sequential(nn.Sigmoid())))
    shown = [plane(nn.plots.boundary(m, POINTS, SIDES)) for m in (Side(), line(), nested)]
    for other in shown[1:]:
        np.testing.assert_allclose(other, shown[0], atol=1e-3)


def test_several_models_stand_side_by_side():
    titles = [f"epoch {k}" for k in range(5)]
    figure = nn.plots.boundary([line() for _ in titles], POINTS, SIDES, ["left", "right"], titles)
    assert {*titles, "left", "right", "x₁", "x₂"} <= {*texts(figure)}


def test_what_cannot_be_compiled_is_shown_scalar_by_scalar(monkeypatch):
    class Step(nn.Module):
        def forward(self, x):
            return x[..., :1] if x.tolist() else x

    monkeypatch.setattr(nn.plots.plane, "GRID", 12)
    colours = plane(nn.plots.boundary(Step(), POINTS, SIDES))
    assert colours[6, 0, 2] > colours[6, 0, 0]
    assert colours[6, -1, 0] > colours[6, -1, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((line(), POINTS[:, :1], SIDES), r"points must be \(N, 2\), got shape \(30, 1\)"),
        ((line(), POINTS, SIDES[:3]), r"30 points and labels of shape \(3,\)"),
        ((line(), POINTS, [0.5] * 30), "class numbers"),
        ((line(), POINTS, SIDES + 1), "the model has 2 classes, the labels go up to 2"),
        (([line()], POINTS, SIDES, (), ["a", "b"]), "1 models and 2 titles"),
        (([], POINTS, SIDES), "0 models"),
        ((line(), np.zeros((0, 2)), []), "no points|points must be"),
    ],
)
def test_what_is_no_plane_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        nn.plots.boundary(*arguments)


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
