"""What layers, optimisers and training take for numbers, and what they refuse by name."""

import random
from fractions import Fraction

import numpy as np
import pytest

import nn
from autograd import Tensor, Value

DATA = ([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]], [0, 1, 1, 0])


def plain(x):
    """Whether all of an object's settings are Python's own numbers."""
    if isinstance(x, tuple | list):
        return all(map(plain, x))
    return not isinstance(x, np.generic | np.ndarray)


# --- ints -----------------------------------------------------------------------------------------

OF_INTS = {
    "Dense": lambda n: nn.Dense(n(2), n(3)),
    "Conv2D": lambda n: nn.Conv2D(n(2), n(4), n(3), n(2), n(1), n(1), n(2)),
    "Conv2D by pairs": lambda n: nn.Conv2D(1, 1, (n(3), n(2)), [n(1), n(2)], (n(0), n(1))),
    "Conv1D": lambda n: nn.Conv1D(n(2), n(4), [n(3)], n(2), n(1), n(1), n(2)),
    "ConvTranspose2D": lambda n: nn.ConvTranspose2D(
        n(2), n(4), (n(3), n(2)), n(2), n(1), n(1), n(2), True, n(1)
    ),
    "Upsample": lambda n: nn.Upsample((n(3), n(2))),
    "AvgPool1D": lambda n: nn.AvgPool1D(n(3), n(2), n(1)),
    "MLP": lambda n: nn.MLP(n(2), [n(3), n(1)]),
    "RMSNorm": lambda n: nn.RMSNorm((n(3), n(2))),
    "BatchNorm1D": lambda n: nn.BatchNorm1D(n(2)),
    "MaxPool": lambda n: nn.MaxPool(n(3), n(2), n(1)),
    "AvgPool": lambda n: nn.AvgPool((n(3), n(2))),
    "Flatten": lambda n: nn.Flatten(n(2)),
    "Reshape": lambda n: nn.Reshape(n(2), n(3), axes=n(2)),
    "Softmax": lambda n: nn.Softmax(axis=n(1)),
    "LayerNorm": lambda n: nn.LayerNorm(n(3)),
    "LayerNorm over two axes": lambda n: nn.LayerNorm((n(3), n(2))),
    "GroupNorm": lambda n: nn.GroupNorm(n(2), n(4)),
    "BatchNorm2D": lambda n: nn.BatchNorm2D(n(2)),
    "EarlyStopping": lambda n: nn.EarlyStopping(n(2)),
    "StepLR": lambda n: nn.StepLR(nn.SGD([Value(1.0)]), n(2)),
    "CosineLR": lambda n: nn.CosineLR(nn.SGD([Value(1.0)]), n(2)),
    "WarmupLR": lambda n: nn.WarmupLR(nn.SGD([Value(1.0)]), n(2)),
}


@pytest.mark.parametrize("n", [np.int64, np.uint8, np.array], ids=["int64", "uint8", "0-d array"])
@pytest.mark.parametrize("name", OF_INTS)
def test_numpys_ints_make_the_same_object_as_pythons(name, n):
    random.seed(0)
    expected = OF_INTS[name](int)
    random.seed(0)
    made = OF_INTS[name](n)
    assert repr(made) == repr(expected)
    assert all(map(plain, vars(made).values()))
    if isinstance(made, nn.Module):
        assert made.state_dict() == expected.state_dict()


@pytest.mark.parametrize("n", [float, bool, np.bool_, np.float64, str], ids=lambda n: n.__name__)
@pytest.mark.parametrize("name", OF_INTS)
def test_what_is_no_int_is_refused_where_an_int_is_meant(name, n):
    with pytest.raises(TypeError, match=r"must be an int"):
        OF_INTS[name](n)


def test_a_shape_may_be_given_as_one_tuple():
    assert repr(nn.Reshape((2, np.int64(3)))) == repr(nn.Reshape(2, 3)) == "Reshape(2, 3)"
    model = nn.Dense(2, 1)
    tables = [str(model.summary(shape)) for shape in (2, np.int64(2), [2], (2,), np.array([2]))]
    assert len(set(tables)) == 1


def test_kernels_may_be_given_as_one_array():
    assert repr(nn.Conv2D(1, 1, np.array([3, 2]))) == "Conv2D(1, 1, (3, 2))"


# --- rates ----------------------------------------------------------------------------------------

W = [Value(1.0)]
RATES = {
    "lr of SGD": lambda x: nn.SGD(W, lr=x),
    "momentum of SGD": lambda x: nn.SGD(W, momentum=x),
    "weight_decay of SGD": lambda x: nn.SGD(W, weight_decay=x),
    "alpha of RMSprop": lambda x: nn.RMSprop(W, alpha=x),
    "betas of Adam": lambda x: nn.Adam(W, betas=(x, x)),
    "gamma of StepLR": lambda x: nn.StepLR(nn.SGD(W), 2, x),
    "minimum of CosineLR": lambda x: nn.CosineLR(nn.SGD(W), 2, x),
    "rate of Dropout": lambda x: nn.Dropout(x),
    "slope of LeakyReLU": lambda x: nn.LeakyReLU(x),
    "alpha of ELU": lambda x: nn.ELU(x),
    "low of Hardtanh": lambda x: nn.Hardtanh(x),
    "rate of Dropout2D": lambda x: nn.Dropout2D(x),
    "momentum of BatchNorm2D": lambda x: nn.BatchNorm2D(1, momentum=x),
    "label_smoothing of CrossEntropyLoss": lambda x: nn.CrossEntropyLoss(label_smoothing=x),
}
WIDTHS = {
    "eps of RMSprop": lambda x: nn.RMSprop(W, eps=x),
    "eps of Adagrad": lambda x: nn.Adagrad(W, eps=x),
    "eps of Adam": lambda x: nn.Adam(W, eps=x),
    "eps of AdamW": lambda x: nn.AdamW(W, eps=x),
    "eps of LayerNorm": lambda x: nn.LayerNorm(2, eps=x),
    "eps of GroupNorm": lambda x: nn.GroupNorm(1, 1, eps=x),
    "eps of RMSNorm": lambda x: nn.RMSNorm(2, eps=x),
    "eps of BatchNorm1D": lambda x: nn.BatchNorm1D(1, eps=x),
    "beta of Softplus": lambda x: nn.Softplus(x),
    "eps of BatchNorm2D": lambda x: nn.BatchNorm2D(1, eps=x),
    "delta of HuberLoss": lambda x: nn.HuberLoss(x),
}
NUMBERS = RATES | WIDTHS


@pytest.mark.parametrize("x", [np.float64(0.5), np.float32(0.5), np.array(0.5), Fraction(1, 2)])
@pytest.mark.parametrize("name", NUMBERS)
def test_a_rate_may_be_any_real_number_and_is_kept_as_pythons(name, x):
    made = NUMBERS[name](x)
    kept = getattr(made, name.split()[0])
    assert kept == ((0.5, 0.5) if name.startswith("betas") else 0.5)
    assert plain(kept)


@pytest.mark.parametrize("x", ["a", "0.5", None, True, np.True_, 1j, [0.5], np.array([0.5])])
@pytest.mark.parametrize("name", NUMBERS)
def test_what_is_no_number_is_named_with_its_owner(name, x):
    what, _, owner = name.partition(" of ")
    with pytest.raises(TypeError, match=f"{owner}: ({what} must be a number, got |make the loss)"):
        NUMBERS[name](x)


@pytest.mark.parametrize("x", [-1, float("nan"), float("inf")])
@pytest.mark.parametrize("name", WIDTHS)
def test_a_width_that_is_negative_or_not_finite_is_named(name, x):
    what, _, owner = name.partition(" of ")
    with pytest.raises(ValueError, match=f"{owner}: .*{what}.*, got {x}"):
        WIDTHS[name](x)


@pytest.mark.parametrize("optimizer", [nn.RMSprop, nn.Adagrad, nn.Adam, nn.AdamW])
def test_no_optimiser_divides_by_an_eps_of_zero(optimizer):
    with pytest.raises(ValueError, match=f"{optimizer.__name__}: eps must be positive, got 0"):
        optimizer(W, eps=0)


def test_a_rate_of_numpys_leaves_pythons_numbers_in_the_parameters():
    for optimizer in (nn.SGD, nn.RMSprop, nn.Adagrad, nn.Adam, nn.AdamW):
        w = Value(1.0)
        made = optimizer([w], lr=np.float32(0.5))
        w.grad = 1.0
        made.step()
        assert type(w.data) is float


# --- seeds, epochs, batch sizes -------------------------------------------------------------------


def fitted(n):
    model = nn.Sequential(nn.Dense(2, 3), nn.Dropout(0.5), nn.Dense(3, 2))
    for k, p in enumerate(model.parameters()):
        p.assign(Tensor.full(p.shape, 0.1 * k))
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.SGD(model.parameters()))
    options = {"epochs": n(2), "batch_size": n(3), "seed": n(1)}
    history = trainer.fit(DATA, **options, progress=False, compiled=False)
    return [epoch.loss for epoch in history], model.state_dict()


def test_training_takes_numpys_epochs_batch_sizes_and_seeds():
    assert fitted(np.int64) == fitted(int)


@pytest.mark.parametrize("bad", [{"epochs": 1.0}, {"batch_size": "4"}, {"seed": 0.5}])
def test_training_names_what_is_no_int(bad):
    model = nn.Dense(2, 2)
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.SGD(model.parameters()))
    with pytest.raises(TypeError, match=f"fit: {next(iter(bad))} must be an int"):
        trainer.fit(DATA, progress=False, **bad)


def test_data_sets_take_numpys_seeds_and_sizes():
    data = nn.data.Dataset(*DATA)
    n = np.int64
    assert data.shuffle(n(3)).labels == data.shuffle(3).labels
    assert [d.labels for d in data.split(0.5, n(3))] == [d.labels for d in data.split(0.5, 3)]
    assert [len(batch) for batch in data.batches(n(3))] == [3, 1]
    made, expected = nn.data.moons(n(6), np.float32(0.5), n(1)), nn.data.moons(6, 0.5, 1)
    assert (made.images, made.labels) == (expected.images, expected.labels)
    for call in (data.shuffle, lambda n: data.split(0.5, n), data.batches):
        with pytest.raises(TypeError, match=r"(seed|size) must be an int, got 1.5"):
            call(1.5)


def test_exports_and_pictures_take_numpys_ints(tmp_path):
    pytest.importorskip("onnx")
    model = nn.Sequential(nn.Dense(2, 3))
    for n, name in ((int, "a"), (np.int64, "b")):
        nn.export.to_onnx(model, tmp_path / name, shape=(n(2),))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    image = nn.Sequential(nn.Flatten(), nn.Dense(4, 2))
    titles = [
        nn.plots.saliency(image, np.ones((1, 2, 2)), n(1)).get_suptitle() for n in (int, np.int64)
    ]
    assert titles[0] == titles[1]
