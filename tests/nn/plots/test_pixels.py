"""Sheets of images, and the pixels that decide."""

import numpy as np
import pytest
from figures import IMAGE, RNG, cnn, texts, written

import nn
from autograd import Tensor, Value, no_grad

# --- saliency -------------------------------------------------------------------------------------


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
