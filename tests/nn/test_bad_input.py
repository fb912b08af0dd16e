"""Bad input: each mistake gets an error that names the thing."""

import math

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value

IMAGE = np.zeros((1, 8, 8))


def trainer(model=None, **options):
    model = model or nn.Sequential(nn.Flatten(), nn.Dense(4, 2))
    loss = nn.CrossEntropyLoss()
    return nn.Trainer(model, loss, nn.SGD(model.parameters(), lr=0.1), **options)


CASES = {
    "reshape of too few axes": (lambda: nn.Reshape(2, axes=3)([1.0]), "has no 3 axes to reshape"),
    "momentum beyond 1": (lambda: nn.BatchNorm2D(1, momentum=2.0), "momentum must be from 0 to 1"),
    "state of another size": (
        lambda: nn.Adam([Value(1.0)]).load_state_dict({"lr": 1, "steps": 0, "state": []}),
        "does not fit 1 parameters with 2 numbers each",
    ),
    "labels that are words": (
        lambda: trainer().fit(([[[[1.0, 2.0, 3.0, 4.0]]]], ["cat"]), progress=False),
        "Dataset: label 0 is 'cat', not a number; number the classes",
    ),
    "wrong channels": (
        lambda: nn.Conv2D(3, 8, 5)(IMAGE),
        r"Conv2D\(3, 8, 5\): input has 1 channels .*, the layer was built for 3",
    ),
    "wrong features": (lambda: nn.Dense(4, 2)([1.0, 2.0]), "Dense.*has 2 features.*built for 4"),
    "no image": (
        lambda: nn.Conv2D(1, 1, 3)([1.0]),
        r"must be \(\.\.\., C, H, W\), got shape \(1,\)",
    ),
    "kernel too large": (lambda: nn.Conv2D(1, 1, 9)(IMAGE), r"\(9, 9\) is larger than .*\(8, 8\)"),
    "dilated too far": (lambda: nn.Conv2D(1, 1, 3, dilation=4)(IMAGE), r"kernel of \(9, 9\)"),
    "pool too large": (lambda: nn.MaxPool(9)(IMAGE), r"MaxPool.*\(9, 9\) is larger"),
    "zero stride": (lambda: nn.Conv2D(1, 1, 3, stride=0), "stride must be at least 1, got 0"),
    "zero kernel": (lambda: nn.MaxPool(0), "MaxPool: kernel_size must be at least 1"),
    "no channels": (lambda: nn.Conv2D(0, 1, 3), "in_channels must be at least 1"),
    "negative padding": (lambda: nn.Conv2D(1, 1, 3, padding=-1), "padding must be at least 0"),
    "unknown padding": (lambda: nn.Conv2D(1, 1, 3, padding="full"), '"same", "valid" or ints'),
    "pool padding": (lambda: nn.MaxPool(2, padding=2), "more than half of kernel"),
    "groups": (lambda: nn.Conv2D(3, 4, 3, groups=2), "groups=2 does not divide in_channels=3"),
    "signal too short": (lambda: nn.Conv1D(1, 1, 3)([[1.0]]), r"\(3,\) is .* \(1,\) signal"),
    "no signal": (lambda: nn.MaxPool1D(2)([1.0]), r"must be \(\.\.\., C, L\), got shape \(1,\)"),
    "output padding": (
        lambda: nn.ConvTranspose2D(1, 1, 3, 2, output_padding=(1, 2)),
        r"output_padding must be smaller than stride or dilation, got \(1, 2\)",
    ),
    "nothing left": (
        lambda: nn.ConvTranspose2D(1, 1, 1, padding=1)([[[1.0] * 2] * 2]),
        "no output",
    ),
    "two sizes": (lambda: nn.Upsample(2, 2.0), "needs either a size or a scale_factor"),
    "splines": (lambda: nn.Upsample(2, mode="bicubic"), '"nearest" or "bilinear".* got .bicubic'),
    "corners of nothing": (lambda: nn.Upsample(2, align_corners=True), "may align_corners"),
    "shrunk away": (lambda: nn.Upsample(scale_factor=0.4)([[[1.0] * 2] * 2]), "nothing is left"),
    "bounds": (lambda: nn.Hardtanh(1, 0), "low must be less than high, got 1 and 0"),
    "beta": (lambda: nn.Softplus(0), "Softplus: beta must be positive"),
    "root mean square": (lambda: nn.RMSNorm(3)([1.0, 2.0]), r"last axes must be \(3,\)"),
    "dropout rate": (lambda: nn.Dropout(1.0), "Dropout: needs 0 <= rate < 1, got 1.0"),
    "gelu": (lambda: nn.GELU("fast"), "GELU: approximate"),
    "empty batch": (lambda: nn.Dense(4, 2)(np.zeros((0, 4))), r"input of shape \(0,.* is empty"),
    "flatten": (lambda: nn.Flatten()([1.0]), "no 3 axes to flatten"),
    "residual": (lambda: nn.Residual(nn.Dense(2, 3))([1.0, 2.0]), r"makes \(3,\) of \(2,\)"),
    "layer norm": (lambda: nn.LayerNorm(3)([1.0, 2.0]), "last axes must be"),
    "batch norm of one": (lambda: nn.BatchNorm2D(1)([[[1.0]]]), "several entries per channel"),
    "label too large": (
        lambda: nn.CrossEntropyLoss()([1.0, 2.0], 2),
        "label 2 is not one of the 2",
    ),
    "label negative": (lambda: nn.CrossEntropyLoss()([[1.0, 2.0]], [-1]), "label -1 is not one"),
    "label not whole": (lambda: nn.CrossEntropyLoss()([[1.0, 2.0]], [0.5]), "label 0.5 is not"),
    "labels missing": (
        lambda: nn.CrossEntropyLoss()([[1.0, 2.0]] * 2, [0]),
        r"target has shape \(1,\)",
    ),
    "one label for many": (lambda: nn.CrossEntropyLoss()([[1.0, 2.0]] * 2, 0), "one target for"),
    "column against row": (
        lambda: nn.MSELoss()([[1.0], [2.0]], [1.0, 2.0]),
        r"prediction has shape \(2, 1\), target \(2,\)",
    ),
    "empty loss": (lambda: nn.MSELoss()([], []), "is empty"),
    "reduction": (lambda: nn.MSELoss("avg"), "MSELoss: reduction must be"),
    "probabilities": (lambda: nn.BCELoss()([1.5], [1.0]), "predictions are probabilities, got 1.5"),
    "huber delta": (lambda: nn.HuberLoss(0), "HuberLoss: delta must be positive"),
    "negative clip_norm": (lambda: trainer(clip_norm=-1), "clip_norm must be positive, got -1"),
    "no parameters": (lambda: nn.SGD([]), "SGD: no parameters to train"),
    "negative lr": (lambda: nn.Adam([Value(1.0)], lr=-1), "Adam: needs 0 <= lr < inf, got -1"),
    "momentum": (lambda: nn.SGD([Value(1.0)], momentum=1.5), "needs 0 <= momentum < 1"),
    "nesterov": (lambda: nn.SGD([Value(1.0)], nesterov=True), "nesterov needs a momentum"),
    "step size": (lambda: nn.StepLR(nn.SGD([Value(1.0)]), 0), "StepLR: step_size"),
    "max norm": (lambda: nn.clip_grad_norm([Value(1.0)], 0), "max_norm must be positive"),
    "lengths": (lambda: nn.data.Dataset([[1.0]], [0, 1]), "1 images and 2 labels"),
    "unknown class": (
        lambda: nn.data.Dataset([[1.0]], [5], ["a"]),
        "label 5 is not one of 1 classes",
    ),
    "no such class": (lambda: nn.data.digits().subset([0, 11]), "no class 11"),
    "same class twice": (lambda: nn.data.digits().subset([0, 0]), "different ones"),
    "split": (lambda: nn.data.digits().split(1.5), "fraction must be between 0 and 1"),
    "batch size": (lambda: nn.data.digits().batches(0), "batch size must be at least 1"),
    "no samples": (lambda: trainer().fit(([], [])), "train has no samples"),
    "no epochs": (lambda: trainer().fit(([[[[0.0] * 4]]], [0]), epochs=0), "epochs must be"),
    "a loss that sums": (
        lambda: nn.Trainer(nn.ReLU(), nn.MSELoss("sum"), nn.SGD([Value(1.0)])),
        "must average over a batch",
    ),
    "early stopping": (
        lambda: trainer().fit(
            ([[[[0.0] * 4]]], [0]), callbacks=[nn.EarlyStopping()], progress=False
        ),
        "there is no validation_loss",
    ),
}

TYPE_CASES = {
    "a pair for one axis": (lambda: nn.Conv1D(1, 1, (3, 3)), "Conv1D: kernel_size must be an int"),
    "three factors": (lambda: nn.Upsample(scale_factor=(1, 2, 3)), "must be a number or a pair"),
    "in place": (lambda: nn.LeakyReLU(0.2, inplace=True), "no 'inplace' here; leave it out: oper"),
    "in place by position": (
        lambda: nn.ReLU(True),
        "ReLU takes no arguments, got True: operations",
    ),
    "an argument of none": (lambda: nn.Tanh(0.5), "Tanh takes no arguments, got 0.5$"),
    "one stride a string": (
        lambda: nn.Conv2D(1, 1, 3, stride=(1, "2")),
        "stride must be an int or a pair of ints",
    ),
    "a loss without each": (lambda: nn.Loss()([1.0], [1.0]), "Loss has no method each"),
    "an optimiser without a rule": (
        lambda: nn.Optimizer([Value(1.0)], 0.1).rule(1.0, 2.0),
        "Optimizer has no update rule",
    ),
    "a schedule without a factor": (
        lambda: nn.Schedule(nn.SGD([Value(1.0)])),
        "Schedule has no method factor",
    ),
    "a schedule of a model": (
        lambda: nn.StepLR(nn.Dense(1, 1), 3),
        "StepLR: needs an optimiser first, got a Dense",
    ),
    "an anomaly of several numbers": (
        lambda: autograd.trace_anomaly(Tensor([1.0, 2.0])),
        "root must be a Value, got a Tensor",
    ),
    "kernel a string": (lambda: nn.Conv2D(1, 1, "3"), "kernel_size must be an int or a pair"),
    "three strides": (
        lambda: nn.Conv2D(1, 1, 3, stride=(1, 1, 1)),
        "stride must be an int or a pair",
    ),
    "features a float": (lambda: nn.Dense(2.0, 1), "in_features must be an int"),
    "target a bool": (lambda: nn.CrossEntropyLoss()([1.0, 2.0], True), "class number .* got True"),
    "delta a string": (lambda: nn.HuberLoss("sum"), "HuberLoss: delta must be a number, got 'sum'"),
    "one beta": (lambda: nn.Adam([Value(1.0)], betas=0.9), "Adam: betas must be a pair"),
    "keyword of a schedule": (
        lambda: nn.CosineLR(nn.SGD([Value(1.0)]), T_max=3),
        "CosineLR: there is no 'T_max' here; use steps",
    ),
    "keyword of an optimiser": (lambda: nn.SGD([Value(1.0)], learning_rate=1), "use lr"),
    "rate a string": (lambda: nn.Dropout("0.5"), "rate must be a number"),
    "input a number": (lambda: nn.Dense(1, 1)(3.0), "input must be a Tensor"),
    "input a string": (lambda: nn.Dense(1, 1)("x"), "input must be a Tensor"),
    "learning rate a string": (lambda: nn.SGD([Value(1.0)], lr="0.1"), "lr must be a number, got"),
    "parameters numbers": (lambda: nn.SGD([1.0]), "must be Tensors or Values, got 1.0"),
    "callbacks not a list": (
        lambda: trainer().fit(([[1.0]], [0]), callbacks=nn.EarlyStopping()),
        "callbacks must be a list",
    ),
    "an optimiser's class": (
        lambda: nn.Trainer(nn.ReLU(), nn.MSELoss(), nn.Adam),
        r"Trainer: Adam is a class; make one, as in Adam\(\.\.\.\)",
    ),
    "a loss's class": (lambda: nn.Trainer(nn.ReLU(), nn.MSELoss, None), "MSELoss is a class"),
    "a layer's class": (lambda: nn.Residual(nn.ReLU), "Residual: ReLU is a class; make one"),
    "a schedule of a class": (lambda: nn.StepLR(nn.SGD, 3), "StepLR: SGD is a class; make one"),
    "no optimiser": (
        lambda: nn.Trainer(nn.ReLU(), nn.MSELoss(), "adam"),
        r"Trainer: optimizer must be nn\.Adam\(model\.parameters\(\)\) or the like, got 'adam'",
    ),
    "clip_norm a string": (lambda: trainer(clip_norm="1"), "Trainer: clip_norm must be a number"),
    "a model for its state": (
        lambda: nn.ReLU().load_state_dict(nn.ReLU()),
        r"state: must be a dict, as state_dict\(\) gives, got ReLU\(\)",
    ),
    "a loss as a function": (
        lambda: nn.MSELoss(Tensor([1.0]), Tensor([2.0])),
        r"MSELoss: make the loss, then call it: nn\.MSELoss\(\)\(prediction, target\)",
    ),
    "a loss as a function of lists": (
        lambda: nn.CrossEntropyLoss([[0.0, 1.0]], [1]),
        "CrossEntropyLoss: make the loss, then call it",
    ),
    "a loss as a function of arrays": (
        lambda: nn.HuberLoss(np.ones(2), np.ones(2)),
        "HuberLoss: make the loss, then call it",
    ),
    "softmax of dim": (lambda: nn.Softmax(dim=1), "Softmax: there is no 'dim' here; use axis"),
    "parameters of a model": (
        lambda: nn.SGD(nn.Dense(1, 1)),
        r"parameters must be a list .*, as model\.parameters\(\) gives, got Dense\(1, 1\)",
    ),
    "parameters not called": (lambda: nn.SGD(nn.ReLU().parameters), "got <bound method"),
    "parameters in a dict": (lambda: nn.Adam({"w": Value(1.0)}), "parameters must be a list"),
    "parameters in a set": (lambda: nn.clip_grad_norm({Value(1.0)}, 1.0), "must be a list"),
    "one parameter": (lambda: nn.SGD(Value(1.0)), "parameters must be a list"),
    "a state for a model": (
        lambda: nn.save(nn.Dense(1, 1).state_dict(), "never"),
        r"save\(model, path\): the model itself is saved, a Module; got a dict",
    ),
    "a path for a model": (lambda: nn.save("never", nn.ReLU()), "got a str"),
    "a model for a path": (
        lambda: nn.load(nn.ReLU(), "never"),
        r"load\(path, into=model\): the path comes first",
    ),
    "a generator that is a seed": (
        lambda: nn.Dense(2, 1, rng=0),
        "rng must be Python's random or a random.Random, got 0",
    ),
    "patience a string": (lambda: nn.EarlyStopping("3"), "EarlyStopping: patience must be an int"),
    "a sample's size": (lambda: nn.Dense(2, 1).summary(2.0), "summary: shape must be an int"),
    "images in a set": (lambda: nn.data.Dataset({1.0}, [0]), "images must be a list or an array"),
    "labels in a dict": (lambda: nn.data.Dataset([[1.0]], {0: 0}), "labels must be a list"),
    "names in one text": (lambda: nn.data.Dataset([[1.0]], [0], "a"), "must be a list of names"),
    "classes in a set": (lambda: nn.data.digits().subset({0, 1}), "classes must be a list"),
    "data a string": (lambda: trainer().fit("digits"), "train must be a Dataset"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_value_is_named(case):
    make, message = CASES[case]
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("case", TYPE_CASES)
def test_a_bad_type_is_named(case):
    make, message = TYPE_CASES[case]
    with pytest.raises(TypeError, match=message):
        make()


def test_gradients_that_are_not_finite_are_not_clipped_in_silence():
    x = Value(1.0)
    x.grad = math.inf
    with pytest.raises(FloatingPointError, match="norm of the gradients is inf"):
        nn.clip_grad_norm([x], 1.0)
    x.grad = 1e200
    assert nn.clip_grad_norm([x], 1.0) == 1e200
    assert x.grad == pytest.approx(1.0)


def test_training_that_turns_nan_names_the_operation():
    class Wrong(nn.Module):
        def __init__(self):
            self.dense = nn.Dense(2, 2)

        def forward(self, x):
            return (self.dense(x) * 0.0).log()

    model = Wrong()
    pattern = r"the loss is nan: log\(-?0\.0\) = -inf"
    with pytest.raises(FloatingPointError, match=pattern):
        trainer(model).fit(([[1.0, 1.0]], [0]), progress=False)


def test_nan_inputs_are_found_as_the_leaf_that_they_are():
    data = ([[[[math.nan, 1.0, 1.0, 1.0]]]], [0])
    with pytest.raises(FloatingPointError, match=r"leaf .* is nan"):
        trainer().fit(data, progress=False, compiled=False)
    with pytest.raises(ValueError, match=r"the batch has nan at \(0, 0, 0, 0\)"):
        trainer().fit(data, progress=False)


@pytest.mark.parametrize("damage", ["cut", "garbage", "text", "short", "pixels"])
def test_a_damaged_file_of_digits_is_a_data_error_that_names_it(tmp_path, damage):
    import gzip
    from importlib.resources import files

    whole = files("nn.data").joinpath("digits.csv.gz").read_bytes()
    lines = gzip.decompress(whole).splitlines(keepends=True)
    content = {
        "cut": whole[: len(whole) // 2],
        "garbage": b"not gzip at all",
        "text": gzip.compress(b"a,b,c\n"),
        "short": gzip.compress(b"".join(lines[:100])),
        "pixels": gzip.compress(b"".join([lines[0].replace(b"0,", b"99,", 1), *lines[1:]])),
    }[damage]
    path = tmp_path / "digits.csv.gz"
    path.write_bytes(content)
    with pytest.raises(nn.data.DataError, match=r"digits\.csv\.gz"):
        nn.data.digits(path)


def test_a_tensor_keeps_what_it_had_when_assigning_fails():
    p = nn.Parameter([1.0, 2.0])
    with pytest.raises(ValueError, match=r"shape is \(2,\), got \(3,\)"):
        p.assign([1.0, 2.0, 3.0])
    assert isinstance(p, Tensor)
    assert p.tolist() == [1.0, 2.0]


class Table:
    """What a DataFrame is: it iterates over the names of its columns."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __iter__(self):
        return iter("ab")

    def to_numpy(self):
        return np.array(self.rows)


@pytest.mark.parametrize("compiled", [False, True])
def test_tables_and_iterators_are_data_of_eager_and_of_compiled_training(compiled):
    rows, labels = [[0.0, 1.0], [1.0, 0.0]], [0, 1]
    losses = []
    for images, targets in ((rows, labels), (Table(rows), labels), (iter(rows), iter(labels))):
        model = nn.Sequential(nn.Dense(2, 2))
        model[0].weight.assign([[0.1, 0.2], [0.3, 0.4]])
        history = trainer(model).fit((images, targets), progress=False, compiled=compiled)
        losses.append(history[0].loss)
    assert losses[0] == losses[1] == losses[2]
    assert nn.Dense(2, 2)(Table(rows)).shape == (2, 2)


def test_classes_may_come_from_arrays_and_iterators():
    data = nn.data.Dataset([[0.0], [1.0], [2.0]], [0, 1, 2], ["a", "b", "c"])
    for classes in ([2, 0], np.array([2, 0]), iter([2, 0])):
        assert data.subset(classes).labels == [1, 0]
