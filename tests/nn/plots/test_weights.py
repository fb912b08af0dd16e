"""The kernels of a convolution."""

import pytest
from figures import IMAGE, cnn, mpl, texts, written

import nn
from nn.plots import look


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
