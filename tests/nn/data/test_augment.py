"""Random changes of images, and trainings with them."""

import random

import numpy as np
import pytest

import nn
from autograd import Tensor
from nn.data import Dataset, augment

RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(40, 2, 5, 7))
LABELS = [k % 2 for k in range(40)]


def changed(change, images=IMAGES, seed=0):
    return change(Dataset(images, [0] * len(images)), random.Random(seed)).images


def moves(images, shift, flip=False):
    """Images whose (r, c) is (r - down, c - right) of what they were, 0 from outside."""
    (down, right), (h, w) = shift, images.shape[-2:]
    around = [(0, 0)] * (images.ndim - 2) + [(9, 9), (9, 9)]
    return np.pad(images, around)[..., 9 - down : 9 - down + h, 9 - right : 9 - right + w]


def test_a_shift_moves_each_image_by_whole_pixels_in_all_directions():
    found, seen = changed(augment.Shift(2)), set()
    for before, after in zip(IMAGES, found, strict=True):
        (shift,) = [
            (r, c) for r in range(-2, 3) for c in range(-2, 3)
            if np.array_equal(moves(before, (r, c)), after)
        ]  # fmt: skip
        seen.add(shift)
    assert {r for r, _ in seen} == {c for _, c in seen} == {-2, -1, 0, 1, 2}


@pytest.mark.parametrize("axis", [-1, -2])
def test_a_flip_mirrors_a_share_of_the_images(axis):
    found = changed(augment.Flip(0.25, axis))
    np.testing.assert_array_equal(changed(augment.Flip(0), IMAGES), IMAGES)
    mirrored = [np.array_equal(a, np.flip(b, axis)) for a, b in zip(found, IMAGES, strict=True)]
    as_were = [np.array_equal(a, b) for a, b in zip(found, IMAGES, strict=True)]
    assert [a != b for a, b in zip(mirrored, as_were, strict=True)] == [True] * 40
    assert 2 < sum(mirrored) < 20


class Turned(augment.Rotate):
    """By all of the degrees."""

    def places(self, grid, n, rng):
        class Most:
            @staticmethod
            def uniform(low, high, shape):
                return np.full(shape, high)

        return super().places(grid, n, Most)


def test_a_rotation_by_right_angles_is_exact_and_others_keep_the_middle():
    squares = RNG.normal(size=(3, 1, 5, 5))
    for turns in range(4):
        found = changed(Turned(90.0 * turns), squares)
        np.testing.assert_allclose(found, np.rot90(squares, -turns, (-2, -1)), atol=1e-12)
    some = changed(augment.Rotate(30), squares)
    np.testing.assert_allclose(some[..., 2, 2], squares[..., 2, 2])
    assert abs(some - squares).max() > 0.1


def test_a_plane_stays_a_plane_where_a_window_is_stretched():
    """Bilinear interpolation is exact on planes."""
    r, c = np.indices((6, 9))
    planes = np.stack([2.0 * r - 3.0 * c + 5.0] * 10)[:, None]
    found = changed(augment.Crop(0.5), planes)
    np.testing.assert_allclose(np.diff(found, 2, -1), 0, atol=1e-9)
    np.testing.assert_allclose(np.diff(found, 2, -2), 0, atol=1e-9)
    steps = np.diff(found, 1, -1)[:, 0, 0, 0] / -3
    assert ((steps >= 0.5) & (steps <= 1)).all()
    assert planes.min() - 1e-9 <= found.min() <= found.max() <= planes.max() + 1e-9
    np.testing.assert_array_equal(changed(augment.Crop(1.0)), IMAGES)


def test_noise_has_its_deviation():
    found = changed(augment.Noise(0.3)) - IMAGES
    assert [found.mean(), found.std()] == pytest.approx([0, 0.3], abs=0.02)


def test_lists_stay_lists_arrays_keep_their_precision_and_the_seed_rules():
    single = changed(augment.Noise(0.1), IMAGES.astype("f4"))
    assert single.dtype == np.float32
    lists = changed(augment.Noise(0.1), IMAGES.tolist())
    assert lists == changed(augment.Noise(0.1)).tolist()
    assert changed(augment.Noise(0.1), [Tensor(x) for x in IMAGES]) == lists
    assert changed(augment.Noise(0.1), IMAGES.tolist(), seed=1) != lists
    np.testing.assert_allclose(single, lists, rtol=1e-5)


def test_of_several_inputs_the_first_is_changed():
    left, right = IMAGES, IMAGES[:, 0]
    batch = augment.Shift(1)(Dataset({"a": left, "b": right}, LABELS), random.Random(0))
    assert not np.array_equal(batch.images.parts[0], left)
    assert batch.images.parts[1] is right
    assert batch.labels == LABELS


def trained(compiled, changes, seed=0):
    model = nn.Sequential(nn.Flatten(), nn.Dense(70, 2, rng=random.Random(0)))
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.SGD(model.parameters(), lr=0.1))
    trainer.fit(
        (IMAGES.tolist(), LABELS), (IMAGES, LABELS), epochs=2, batch_size=16, seed=seed,
        progress=False, compiled=compiled, augment=changes,
    )  # fmt: skip
    return trainer.history["loss"], trainer.history["validation_loss"]


def test_a_training_changes_images_anew_in_each_epoch_alike_eager_and_compiled():
    changes = [augment.Shift(1), augment.Flip(), augment.Rotate(10), augment.Noise(0.1)]
    eager, compiled = trained(False, changes), trained(True, changes)
    assert compiled[0] == pytest.approx(eager[0], rel=1e-4)
    assert compiled[1] == pytest.approx(eager[1], rel=1e-4)
    assert trained(True, changes) == compiled
    assert trained(True, changes, seed=1) != compiled
    seen = []

    def remembered(batch, rng):
        seen.append(changes[0](batch, rng).images[0])
        return batch

    trained(True, [remembered])
    assert len({x.tobytes() for x in seen}) == len(seen) == 6


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: augment.Shift(0), "Shift: pixels must be at least 1, got 0"),
        (lambda: augment.Flip(2), "Flip: axis must be -1 or -2, and p from 0 to 1"),
        (lambda: augment.Flip(axis=0), "Flip: axis must be -1 or -2, and p from 0 to 1"),
        (lambda: augment.Rotate(-1), "Rotate: needs 0 <= degrees"),
        (lambda: augment.Noise(-1), "Noise: needs 0 <= std"),
        (lambda: augment.Crop(0), "Crop: least must be above 0 and at most 1, got 0"),
        (lambda: changed(augment.Shift(1), [[1.0], [2.0]]), r"Shift\(pixels=1\): images must be"),
    ],
)
def test_what_cannot_be_done_is_told(make, message):
    with pytest.raises(ValueError, match=message):
        make()
    with pytest.raises(TypeError, match="augment must be a list of callables, got Shift"):
        trained(True, augment.Shift(1))
