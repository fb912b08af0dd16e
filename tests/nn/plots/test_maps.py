"""What each layer makes of an image."""

import pytest
from figures import IMAGE, cnn, texts, written

import nn
from autograd import Tensor


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


def test_a_layer_that_gives_neither_image_nor_vector_is_refused():
    model = nn.Sequential(nn.Flatten(), nn.Reshape(2, 2, 4, 4))
    with pytest.raises(ValueError, match="1 gives no image and no vector"):
        nn.plots.feature_maps(model, IMAGE, [1])
