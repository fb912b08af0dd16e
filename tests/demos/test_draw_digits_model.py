"""A network learns to read, says which pixels matter, and is kept."""

import shutil
import sys

import draw_digits_model as models
import draw_digits_strokes as strokes
import numpy as np
import pytest
from handwriting import DRAWN, options

from autograd import Tensor


def test_drawn_digits_are_read(reader):
    read = {k: reader(strokes.digit(drawing)).likeliest for k, drawing in DRAWN.items()}
    assert sum(k == answer for k, answer in read.items()) >= 9, read


def test_the_gradient_is_the_slope_of_the_score(reader):
    image = strokes.digit(DRAWN[5])
    reading = reader(image)
    assert reading.asked == reading.likeliest
    other = reader(image, asked=8)
    assert other.asked == 8
    np.testing.assert_array_equal(other.probabilities, reading.probabilities)
    assert np.abs(other.slope - reading.slope).max() > 0.1

    places = [(12, 14), (20, 9)]
    step = 1e-3
    for i, j in places:
        ends = []
        for sign in (1, -1):
            nudged = image.astype(float)
            nudged[i, j] += sign * step
            ends.append(reader.model(Tensor(nudged[None])).tolist())
        slopes = (np.array(ends[0]) - ends[1]) / (2 * step)
        for found in (reading, other):
            assert found.slope[i, j] == pytest.approx(slopes[found.asked], rel=0.02, abs=0.02)


def test_probabilities_and_maps_are_the_models(reader):
    image = strokes.digit(DRAWN[2])
    reading = reader(image)
    scores = np.array(reader.model(Tensor(image[None])).tolist())
    shares = np.exp(scores - scores.max())
    np.testing.assert_allclose(reading.probabilities, shares / shares.sum(), atol=1e-4)
    assert [maps.shape for maps in reading.maps] == [(8, 24, 24), (24, 8, 8)]
    first = reader.model[:2](Tensor(image[None])).numpy()
    np.testing.assert_allclose(reading.maps[0], first, atol=1e-4)


def test_bent_images_are_like_the_old_ones_and_the_same_for_a_seed():
    images = np.stack([strokes.digit(drawing)[None] for drawing in DRAWN.values()])
    bent = models.bent(images, np.random.default_rng(1))
    assert bent.shape == images.shape
    assert bent.dtype == np.float32
    assert 0 <= bent.min() <= bent.max() <= 1
    assert (np.abs(bent - images).mean((1, 2, 3)) > 0.01).all()
    np.testing.assert_allclose(bent.sum((1, 2, 3)), images.sum((1, 2, 3)), rtol=0.8)
    np.testing.assert_array_equal(bent, models.bent(images, np.random.default_rng(1)))


def test_reading_between_pixels_is_linear():
    image = np.arange(28 * 28, dtype=np.float32).reshape(1, 1, 28, 28)
    places = models._grid(28, 28, 1)[None]
    inside = np.s_[:, :, :27, :27]
    np.testing.assert_allclose(models.sampled(image, places)[inside], image[inside], atol=0.05)
    moved = models.sampled(image, places + np.float32([0.25, 0.5]))
    np.testing.assert_allclose(moved[inside], image[inside] + 0.25 * 28 + 0.5, atol=0.05)


def test_a_network_is_kept_and_taken_again(path, capsys):
    found = models.kept(path, [str(k) for k in range(10)])
    assert "trained before" in capsys.readouterr().out
    assert found.preprocessing["images"] == 3000
    assert 0.9 < found.preprocessing["accuracy"] < 1


def test_a_network_that_does_not_fit_is_learned_anew_and_the_old_file_kept(path, tmp_path, capsys):
    other = shutil.copy(path, tmp_path / "two.safetensors")
    assert models.kept(other, ["0", "1"]) is None
    assert "reads ['0', '1', '2'" in capsys.readouterr().out
    before = other.read_bytes()
    other.write_bytes(before[:-100])
    assert models.kept(other, ["0", "1"]) is None
    words = capsys.readouterr().out
    assert str(other) in words
    assert "training anew" in words
    models.keep(models.network(2), other, {"classes": ["0", "1"]})
    assert models.kept(other, ["0", "1"])
    assert (tmp_path / "two.safetensors.old").read_bytes() == before[:-100]


def test_a_folder_that_cannot_be_written_is_told(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    models.keep(models.network(2), tmp_path / "file" / "two.safetensors", {"classes": ["0", "1"]})
    assert "not kept" in capsys.readouterr().out


def test_learning_ends_when_it_is_told_to(tmp_path):
    path, told = tmp_path / "two.safetensors", []
    made = models.made(options(path, "--classes", "0", "1"), lambda p: told.append(p) or False)
    assert made is None
    assert len(told) == 1
    assert not path.exists()


def test_every_choice_of_classes_has_a_file_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    places = {models.place(names, full) for names in (["0", "1"], ["1", "7"]) for full in (0, 1)}
    assert len(places) == 4
    assert all(place.is_relative_to(tmp_path) for place in places)


def test_the_page_of_a_digit_is_about_the_loss_of_the_class_that_is_asked(reader, monkeypatch):
    explored = []
    monkeypatch.setattr("autograd.explore", lambda root, title: explored.append(root) or title)
    image = strokes.digit(DRAWN[5])
    for asked in (None, 8):
        reading = reader(image, asked)
        assert reader.explored(reading, "a title") == "a title"
        share = reading.probabilities[reading.asked]
        assert explored[-1].data == pytest.approx(-np.log(share), rel=1e-3, abs=1e-6)
