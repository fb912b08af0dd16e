"""How models part a plane."""

import numpy as np
import pytest
from figures import POINTS, SIDES, line, texts

import nn


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
            return x[:1] if x.tolist() else x

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
