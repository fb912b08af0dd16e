"""Data sets: the embedded digits, and how samples are chosen, from lists and from arrays."""

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Tensor, Value


@pytest.fixture(scope="module")
def digits():
    return nn.data.digits()


def test_the_digits_are_uci_s(digits):
    assert len(digits) == 1797
    counts = Counter(digits.labels)
    assert [counts[k] for k in range(10)] == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    image, label = digits[0]
    assert label == 0
    assert image[0][0] == [v / 16 for v in [0, 0, 5, 13, 9, 1, 0, 0]]
    assert len(image) == 1
    assert [len(row) for row in image[0]] == [8] * 8


def test_a_split_is_stratified_disjoint_and_always_the_same(digits):
    train, test = digits.split(0.2, seed=0)
    again = digits.split(0.2, seed=0)
    assert (len(train), len(test)) == (1438, 359)
    assert test.labels == again[1].labels
    assert train.images == again[0].images
    counts = Counter(test.labels)
    assert all(34 <= counts[k] <= 37 for k in range(10))
    kept = {id(i) for i in train.images}
    assert not kept & {id(i) for i in test.images}
    assert digits.split(0.2, seed=1)[1].labels != test.labels


def test_a_subset_relabels_in_the_order_given(digits):
    pair = digits.subset([7, 1])
    assert pair.class_names == ("7", "1")
    assert Counter(pair.labels) == {0: 179, 1: 182}


def test_batches_cover_every_sample_once(digits):
    seen = [id(image) for b in digits.batches(100, random.Random(0)) for image in b.images]
    assert sorted(seen) == sorted(id(image) for image in digits.images)
    assert [len(b) for b in digits.batches(1000)] == [1000, 797]


def test_shuffling_depends_on_the_seed_alone(digits):
    assert digits.shuffle(3).labels == digits.shuffle(3).labels
    assert digits.shuffle(3).labels != digits.labels
    assert sorted(digits.shuffle(3).labels) == sorted(digits.labels)


def test_it_prints_what_it_holds(digits):
    assert repr(digits.subset([0, 1])) == "Dataset(360 samples of shape (1, 8, 8), classes 0, 1)"
    assert list(digits.take([0, 1]))[1][1] == 1
    assert repr(nn.data.Dataset([], [])) == "Dataset(0 samples)"
    assert repr(nn.data.Dataset([1.5], [2.5])) == "Dataset(1 samples of shape ())"
    assert repr(nn.data.Dataset(np.zeros((2, 3)), [0, 1])) == "Dataset(2 samples of shape (3,))"


IMAGES = np.arange(24 * 6, dtype=np.float32).reshape(24, 1, 2, 3)
LABELS = [k % 3 for k in range(24)]
NAMES = ("a", "b", "c")
WAYS = {
    "take": lambda data: [data.take([3, 3, -1, 0])],
    "take an array": lambda data: [data.take(np.array([5, 2]))],
    "take none": lambda data: [data.take([])],
    "subset": lambda data: [data.subset([2, 0])],
    "shuffle": lambda data: [data.shuffle(4)],
    "split": lambda data: list(data.split(0.25, seed=1)),
    "batches": lambda data: list(data.batches(7, random.Random(0))),
    "batches in order": lambda data: list(data.batches(24)),
}


@pytest.mark.parametrize("way", WAYS)
def test_arrays_and_lists_give_the_same_samples(way):
    from_arrays = WAYS[way](nn.data.Dataset(IMAGES, LABELS, NAMES))
    from_lists = WAYS[way](nn.data.Dataset(IMAGES.tolist(), LABELS, NAMES))
    for array, nested in zip(from_arrays, from_lists, strict=True):
        assert isinstance(array.images, np.ndarray)
        assert array.images.dtype == np.float32
        assert array.images.shape[1:] == (1, 2, 3)
        assert isinstance(nested.images, list)
        assert array.images.tolist() == nested.images
        assert array.labels == nested.labels
        assert array.class_names == nested.class_names
        assert len(array) == len(array.images)


@given(st.lists(st.integers(-24, 23), max_size=40))
def test_taking_is_indexing(indices):
    taken = nn.data.Dataset(IMAGES, LABELS, NAMES).take(indices)
    assert taken.labels == [LABELS[k] for k in indices]
    assert [image.tolist() for image, _ in taken] == [IMAGES[k].tolist() for k in indices]


def test_a_tensor_of_images_gives_tensors():
    data = nn.data.Dataset(Tensor(IMAGES), LABELS, NAMES)
    assert data.take([1, 0]).images.tolist() == IMAGES[[1, 0]].tolist()


def test_a_part_of_an_array_is_a_copy():
    data = nn.data.Dataset(IMAGES.copy(), LABELS, NAMES)
    data.take([0]).images[:] = -1
    assert (data.images == IMAGES).all()


def test_labels_of_an_array_become_ints():
    data = nn.data.Dataset(IMAGES, np.array(LABELS, np.uint8), NAMES)
    assert data.labels == LABELS
    assert all(type(label) is int for label in data.labels)


def test_indices_that_are_no_samples_are_refused(digits):
    for data in (digits, nn.data.Dataset(IMAGES, LABELS)):
        with pytest.raises(IndexError, match=f"no sample 5000 among {len(data)}"):
            data.take([0, 5000])
        with pytest.raises(IndexError, match=f"no sample -5000 among {len(data)}"):
            data.take([-5000])
        for wrong in (True, np.True_, 1.0, "1", None):
            with pytest.raises(TypeError, match="indices must be ints"):
                data.take([wrong])


def test_samples_of_several_shapes_are_refused():
    with pytest.raises(ValueError, match=r"sample 1 has shape \(1, 1\), sample 0 has \(1, 2\)"):
        nn.data.Dataset([[[1.0, 2.0]], [[1.0]]], [0, 0])
    with pytest.raises(ValueError, match=r"sample 1 has shape \(\), sample 0 has \(1,\)"):
        nn.data.Dataset([np.zeros(1), 1.0], [0, 0])


def test_a_split_without_classes_takes_the_fraction_of_all():
    first, second = nn.data.Dataset(IMAGES, [k / 2 for k in range(24)]).split(0.25)
    assert (len(first), len(second)) == (18, 6)
    assert sorted(first.labels + second.labels) == [k / 2 for k in range(24)]


def test_a_model_trains_on_arrays_and_on_lists_alike():
    def trained(images):
        model = nn.Sequential(nn.Flatten(), nn.Dense(6, 3))
        model.load_state_dict({"1.weight": [[0.0] * 6] * 3, "1.bias": [0.0] * 3})
        optimizer = nn.SGD(model.parameters(), lr=1e-4)
        trainer = nn.Trainer(model, nn.CrossEntropyLoss(), optimizer)
        data = nn.data.Dataset(images, LABELS, NAMES)
        trainer.fit(data, epochs=2, batch_size=5, progress=False)
        return model.state_dict(), trainer.evaluate(data)

    assert trained(IMAGES) == trained(IMAGES.tolist())


def labelled(labels, class_names=()):
    return nn.data.Dataset([[0.0]] * 3, labels, class_names).labels


def test_labels_become_numbers_and_lists_of_python():
    """Whatever makes them: an array, or a list of NumPy's numbers, of arrays, of Tensors."""
    for labels in (
        np.array([2, 0, 1], np.uint8), [np.int64(2), np.int32(0), np.array(1)], (2, 0, 1),
        Tensor([2, 0, 1]), [Value(2), Value(0), Value(1)], iter([2, 0, 1]), b"\x02\x00\x01",
    ):  # fmt: skip
        found = labelled(labels, ["a", "b", "c"])
        assert found == [2, 0, 1]
        assert {type(label) for label in found} == {int}
    rows = [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]]
    for labels in (np.array(rows), [np.array(row) for row in rows], [Tensor(row) for row in rows]):
        assert labelled(labels) == rows


@pytest.mark.parametrize("label", ["a", None, {}, 1j, [1.0, "b"], np.str_("c")])
def test_a_label_that_is_no_number_is_refused(label):
    with pytest.raises(
        ValueError, match=r"Dataset: label 1 is .*number the classes, and name them"
    ):
        labelled([0, label, 0])


@pytest.mark.parametrize("given", [{0, 1, 2}, {0: 1, 1: 2, 2: 3}, "abc", frozenset([0, 1, 2])])
def test_samples_and_labels_without_an_order_are_refused(given):
    with pytest.raises(TypeError, match=r"Dataset: labels must be a list or an array"):
        labelled(given)
    with pytest.raises(TypeError, match=r"Dataset: images must be a list or an array"):
        nn.data.Dataset(given, [0, 1, 2])


def test_a_data_frame_holds_samples_in_its_rows():
    class Frame:
        """As of pandas and polars: `len` counts rows, indices are columns."""

        def __len__(self):
            return 3

        def to_numpy(self):
            return np.arange(6.0).reshape(3, 2)

    data = nn.data.Dataset(Frame(), Frame())
    assert data.take([1]).images.tolist() == data.take([1]).labels == [[2.0, 3.0]]


def test_classes_at_every_position_have_names():
    data = nn.data.Dataset([[0.0], [1.0]] * 5, [[0, 1], [1, 1]] * 5, ["no", "yes"])
    assert [len(part) for part in data.split(0.2)] == [8, 2]
    with pytest.raises(ValueError, match="label 2 is not one of 2 classes"):
        nn.data.Dataset([[0.0]], [[0, 2]], ["no", "yes"])
    with pytest.raises(ValueError, match="subset: these samples have a class at every position"):
        data.subset([1])


# --- samples of several parts ---------------------------------------------------------------------


@pytest.mark.parametrize("named", [True, False])
def test_columns_are_samples_of_several_parts(named):
    left, right = [[1.0], [2.0], [3.0]], np.arange(6).reshape(3, 2)
    columns = {"left": left, "right": right} if named else (left, right)
    data = nn.data.Dataset(columns, [0, 1, 0], ["a", "b"], weights=[1, 0.5, 2])
    assert len(data) == 3
    sample, label = data[1]
    parts = list(sample.values()) if named else list(sample)
    assert (parts[0], parts[1].tolist(), label) == ([2.0], [2, 3], 1)
    part = data.take([2, 0])
    assert part.images.parts[0] == [[3.0], [1.0]]
    assert part.images.parts[1].tolist() == [[4, 5], [0, 1]]
    assert (part.labels, part.weights) == ([0, 0], [2, 1])
    assert data.subset([0]).weights == [1, 2]
    assert repr(data) == f"Dataset(3 samples of {'left, right' if named else '0, 1'}, classes a, b)"


def test_labels_may_be_columns_too():
    data = nn.data.Dataset([[1.0], [2.0]], {"a": np.array([0, 1]), "b": [[1.0], [2.0]]})
    assert data[1] == ([2.0], {"a": 1, "b": [2.0]})


def test_a_last_batch_that_is_smaller_may_be_left_out():
    data = nn.data.Dataset([[1.0]] * 5, [0] * 5)
    assert [len(batch) for batch in data.batches(2)] == [2, 2, 1]
    assert [len(batch) for batch in data.batches(2, drop_last=True)] == [2, 2]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nn.data.Dataset({"a": [1.0], "b": [1.0, 2.0]}, [0]), "long, got a: 1, b: 2"),
        (lambda: nn.data.Dataset({}, []), "equally long, got none"),
        (lambda: nn.data.Dataset({"a": [1.0]}, [0, 1]), "1 images and 2 labels"),
        (lambda: nn.data.Dataset({"a": [[1.0], [1.0, 2.0]]}, [0, 1]), "must have one shape"),
        (lambda: nn.data.Dataset([[1.0]], [0], weights=[1, 2]), "1 samples and 2 weights"),
        (lambda: nn.data.Dataset([[1.0]], [0], weights=[-1]), "needs 0 <= a weight"),
    ],
)  # fmt: skip
def test_columns_and_weights_that_do_not_fit_are_told(make, message):
    with pytest.raises(ValueError, match=message):
        make()
