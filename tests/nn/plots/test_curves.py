"""Learning curves, and the confusion matrix."""

import pytest
from figures import history, texts

import nn

# --- learning curves ------------------------------------------------------------------------------


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
