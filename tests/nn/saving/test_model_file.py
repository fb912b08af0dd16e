"""Models on disk: what is saved comes back, and what was not saved by us cannot do harm."""

import json
import math
import random
import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save as serialized

import nn
from autograd import Tensor
from nn.data import DataError

MODELS = [
    nn.Dense(3, 4),
    nn.Dense(3, 4, bias=False),
    nn.Conv2D(2, 4, (3, 1), stride=(1, 2), padding="same", dilation=1, groups=2, bias=False),
    nn.Conv2D(1, 2, 3, padding=(0, 2), dilation=2),
    nn.Embedding(5, 3),
    nn.MaxPool(3, stride=2, padding=1),
    nn.MaxPool((2, 3), 1, dilation=(1, 2), ceil_mode=True),
    nn.AvgPool((2, 3)),
    nn.AvgPool(2, ceil_mode=True, count_include_pad=False),
    nn.Sequential(nn.Conv1D(2, 4, 3, padding="same", groups=2), nn.MaxPool1D(2, 1, 1)),
    nn.Sequential(nn.AvgPool1D(3), nn.GlobalAvgPool1D()),
    nn.ConvTranspose2D(2, 4, (3, 2), 2, 1, (0, 1), groups=2, bias=False, dilation=2),
    nn.Sequential(nn.Upsample((4, 3)), nn.Upsample(None, (2, 0.5), "bilinear", True)),
    nn.LayerNorm((3, 2), eps=1e-3),
    nn.LayerNorm(4, affine=False),
    nn.GroupNorm(2, 4),
    nn.RMSNorm((3, 2), eps=1e-3),
    nn.BatchNorm1D(2, affine=False),
    nn.BatchNorm2D(3, momentum=0.3),
    nn.Sequential(nn.Reshape(2, 3, axes=1), nn.Flatten(2), nn.GELU("tanh"), nn.Softmax(-2)),
    nn.Sequential(nn.Dropout(0.3), nn.LeakyReLU(0.2), nn.ReLU(), nn.Sigmoid(), nn.Tanh()),
    nn.Sequential(nn.SiLU(), nn.ELU(0.5), nn.Softplus(2), nn.Hardtanh(0, 6), nn.LogSoftmax(0)),
    nn.Sequential(nn.Identity(), nn.Dropout2D(0.2), nn.MLP(2, (3, 3, 1), nn.Tanh(), bias=False)),
    nn.ModuleList([nn.Dense(2, 1), nn.ModuleDict({"a": nn.ReLU(), "b": nn.Dense(1, 1)})]),
    nn.Residual(nn.Sequential(nn.Dense(3, 3)), nn.Dense(3, 3)),
    nn.Residual(nn.Conv2D(1, 1, 1)),
    nn.Sequential(nn.Sequential(), nn.GlobalAvgPool()),
    nn.Sequential(conv=nn.Conv2D(1, 1, 1), again=nn.Sequential(layer=nn.ReLU())),
    nn.Sequential(
        nn.RNNCell(2, 1, nonlinearity="relu"), nn.LSTMCell(2, 2), nn.GRUCell(1, 2, False)
    ),
    nn.RNN(2, 1, nonlinearity="relu", bias=False, return_sequences=False),
    nn.LSTM(2, 1, 2, bidirectional=True, dropout=0.5),
    nn.GRU(1, 2, return_state=False),
    nn.Sequential(nn.PositionalEncoding(4), nn.MultiHeadAttention(4, 2, causal=True, dropout=0.1)),
    nn.MultiHeadAttention(2, 1, bias=False),
    nn.Embedding(4, 2, padding_idx=1),
]


OF_MODULES = nn.Sequential, nn.Residual, nn.ModuleList, nn.ModuleDict


class Net(nn.Module):
    """A module of a user, which keeps its argument."""

    def __init__(self, width, activation=None):
        self.width, self.activation = width, activation
        self.inside = nn.Dense(2, width)

    def forward(self, x):
        return self.inside(x)


class Secretive(nn.Module):
    """A module of a user, which does not."""

    def __init__(self, width):
        self.inside = nn.Dense(2, width)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def scrambled(model):
    rng = random.Random(1)
    for _, part in model.named_state():
        for value in part.values:
            value.data = rng.gauss(0, 1)
    return model


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_every_layer_comes_back_with_its_arguments_and_numbers(model, path):
    nn.save(scrambled(model), path)
    again = nn.load(path)
    assert repr(again) == repr(model)
    arguments, again_arguments = (
        [m.arguments() for m in top.modules() if not isinstance(m, OF_MODULES)]
        for top in (model, again)
    )
    assert again_arguments == arguments
    assert again.state_dict() == model.state_dict()


def test_every_layer_of_nn_is_among_them():
    kinds = {type(m) for model in MODELS for m in model.modules()}
    layers = {
        kind for kind in map(nn.__dict__.get, nn.__all__)
        if isinstance(kind, type) and issubclass(kind, nn.Module) and not issubclass(kind, nn.Loss)
    }  # fmt: skip
    assert kinds == layers - {nn.Module}


@given(st.lists(st.floats(width=64), min_size=3, max_size=3))
def test_numbers_come_back_bit_for_bit(tmp_path_factory, numbers):
    path = tmp_path_factory.mktemp("exact") / "m"
    model = nn.Dense(3, 1, bias=False)
    model.weight.assign([numbers])
    nn.save(model, path)
    loaded = np.array(nn.load(path).weight.tolist())
    assert loaded.tobytes() == np.array([numbers]).tobytes() or np.isnan(numbers).any()
    assert np.array_equal(loaded, [numbers], equal_nan=True)


def test_what_single_precision_holds_is_saved_in_four_bytes(path):
    model = nn.Dense(2, 1, bias=False)
    for numbers, dtype in [([0.5, 3.0], "F32"), ([0.1, 0.2], "F64")]:
        model.weight.assign([numbers])
        nn.save(model, path)
        with safe_open(path, framework="numpy") as file:
            assert file.get_slice("weight").get_dtype() == dtype


def test_a_module_that_is_used_twice_is_one_again(path):
    shared = nn.Dense(2, 2)
    model = nn.Sequential(shared, nn.Tanh(), shared)
    nn.save(model, path)
    again = nn.load(path)
    assert again[0] is again[2]
    assert again([1.0, -1.0]).tolist() == model([1.0, -1.0]).tolist()


def test_preprocessing_travels_along(path):
    model = nn.Dense(1, 1)
    nn.save(model, path, preprocessing={"classes": ["no", "yes"], "mean": 0.13})
    again = nn.load(path)
    assert again.preprocessing == {"classes": ["no", "yes"], "mean": 0.13}
    nn.save(again, path)
    assert nn.load(path).preprocessing == again.preprocessing
    with pytest.raises(TypeError, match="JSON"):
        nn.save(model, path, preprocessing={"scale": object()})
    assert nn.load(path).preprocessing == again.preprocessing


def test_dicts_of_layers_come_back_in_their_order(path):
    class Heads(nn.Module):
        def __init__(self, heads, **options):
            self.heads, self.options = heads, options

    model = Heads({"b": nn.Dense(1, 2), "a": nn.Dense(1, 3)}, layer="x", items=[1])
    nn.save(model, path)
    again = nn.load(path, layers=[Heads])
    assert list(again.state_dict()) == [
        "heads.b.weight",
        "heads.b.bias",
        "heads.a.weight",
        "heads.a.bias",
    ]
    assert again.options == {"layer": "x", "items": [1]}


def test_the_shape_of_a_sample_in_training_travels_along(path):
    model = nn.Sequential(nn.Dense(2, 1))
    nn.save(model, path)
    assert nn.load(path).input_shape is None
    trainer = nn.Trainer(model, nn.MSELoss(), nn.SGD(model.parameters()))
    trainer.fit(([[1.0, 2.0]], [[1.0]]), progress=False)
    nn.save(model, path)
    assert nn.load(path).input_shape == (2,)


@pytest.mark.parametrize("shape", [3, [0], ["2"], [2.5], {}])
def test_a_forged_shape_is_refused(path, shape):
    forged(path, dense(), input_shape=shape)
    with pytest.raises(DataError, match="its input_shape is none"):
        nn.load(path)


def test_modules_of_users_come_back_by_their_classes_or_into_a_model(path):
    model = nn.Sequential(Net(3, activation=nn.ReLU()), Net(2))
    nn.save(model, path)
    with pytest.raises(DataError, match=r"unknown layer 'Net'.*layers=\[.*into=model"):
        nn.load(path)
    again = nn.load(path, layers=[Net])
    assert again[0].width == 3
    assert isinstance(again[0].activation, nn.ReLU)
    assert again.state_dict() == model.state_dict()

    nn.save(Net(3, activation=len), path)  # which is no plain data
    with pytest.raises(DataError, match="arguments of Net were not kept"):
        nn.load(path, layers=[Net])

    secret = Secretive(3)
    nn.save(secret, path)
    with pytest.raises(DataError, match=r"arguments of Secretive were not kept.*into=model"):
        nn.load(path, layers=[Secretive])
    other = Secretive(3)
    assert nn.load(path, into=other) is other
    assert other.state_dict() == secret.state_dict()
    with pytest.raises(DataError, match=r"inside.\w+ has shape \(3,"):
        nn.load(path, into=Secretive(4))


def test_other_numbers_than_floats_are_refused_and_the_old_file_stays(path):
    model = nn.Dense(1, 1)
    nn.save(model, path)
    before = path.read_bytes()
    for number in (Fraction(1, 3), 1j):
        model.weight.values[0].data = number
        with pytest.raises(TypeError, match="weight holds"):
            nn.save(model, path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_failed_write_leaves_the_old_file_and_no_other(path, monkeypatch):
    model = nn.Dense(1, 1)
    nn.save(model, path)
    before = path.read_bytes()
    model.weight.assign([[7.0]])

    def full(descriptor):
        raise OSError("no space left")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        nn.save(model, path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def into(path):
    return nn.load(path, into=nn.Sequential(nn.Dense(2, 2), nn.ReLU()))


@pytest.mark.parametrize("load", [nn.load, into])
def test_every_changed_byte_is_noticed_whatever_it_was_for(path, load):
    """Also one in the name of what says that the file is ours."""
    nn.save(nn.Sequential(nn.Dense(2, 2), nn.ReLU()), path, preprocessing={"scale": 255})
    whole, rng = path.read_bytes(), random.Random(0)
    for k in range(len(whole)):
        damaged = bytearray(whole)
        damaged[k] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"model\.safetensors"):
            load(path)


def test_a_file_that_was_cut_or_grew_is_noticed(path):
    nn.save(nn.Sequential(nn.Dense(2, 2), nn.ReLU()), path)
    whole = path.read_bytes()
    for part in (b"", whole[:7], whole[:100], whole[:-1], whole + b"!"):
        path.write_bytes(part)
        with pytest.raises(DataError, match="not a safetensors file"):
            nn.load(path)
    with pytest.raises(FileNotFoundError, match="no such file"):
        nn.load(path.with_name("other"))


def forged(path, architecture, tensors=None, **words):
    """A file with a valid checksum, as someone would make it who knows how."""
    from nn.saving.model_file import _digest

    tensors = tensors or {"weight": np.zeros((2, 2), np.float32), "bias": np.zeros(2, np.float32)}
    text = architecture if isinstance(architecture, str) else json.dumps(architecture)
    texts = {"format": "glassgrad 1", "architecture": text}
    texts |= {k: json.dumps(v) for k, v in words.items()}
    path.write_bytes(serialized(tensors, {**texts, "sha256": _digest(texts, tensors)}))


def dense(**arguments):
    return {"layer": "Dense", "arguments": {"in_features": 2, "out_features": 2, **arguments}}


def perceptron(sizes, **arguments):
    return {"layer": "MLP", "arguments": {"in_features": 2, "sizes": sizes, **arguments}}


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        ("{", "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ([], "no model"),
        (3, "no model"),
        ({"layer": "system", "arguments": {}}, "unknown layer"),
        ({"layer": ["Dense"], "arguments": {}}, "unknown layer"),
        ({"layer": "Module", "arguments": {}}, "unknown layer"),
        ({"again": 0}, "no module 0"),
        (dense(path="x"), "no argument path"),
        (dense(in_features="2"), "in_features must be an int"),
        (dense(in_features=-1), "at least 1"),
        (dense(in_features=10**9), "too large"),
        (dense(in_features=4000, out_features=4000), "more than the file holds"),
        (dense(in_features=3), "more parameters than the 6"),
        (dense(out_features=1), "shape"),
        (dense(bias=False), "unknown"),
        ({"layer": "GroupNorm", "arguments": {"groups": 1, "channels": 4000}}, "more parameters"),
        ({"layer": "Sequential", "arguments": {"layers": [dense()] * 2}}, "more than the file"),
        (perceptron([2] * 100), "more than the file"),
        (perceptron([2, 1], bias=False), "shape|unknown"),
        ({"layer": "ModuleList", "arguments": {"modules": [dense(), 1]}}, "not a module"),
        ({"layer": "ModuleDict", "arguments": {"modules": 1}}, "cannot be made"),
        ({"layer": "Sequential", "arguments": {"layers": [1]}}, "not a module"),
        ({"layer": "Sequential", "arguments": {"layers": 1}}, "cannot be made"),
        ({"layer": "Sequential", "arguments": {"named": 1}}, "cannot be made"),
        ({"layer": "Sequential", "arguments": {"named": {"items": [1]}}}, "cannot be made"),
        ({"layer": "Sequential", "arguments": {"named": {"items": [["path", dense()]]}}}, "'path'"),
        ({"items": []}, "no model"),
        ({"layer": "Residual", "arguments": {"body": None}}, "missing"),
        ({"layer": "Dense"}, "not kept"),
    ],
)  # fmt: skip
def test_forged_architectures_are_refused_before_they_cost_memory(path, architecture, message):
    forged(path, architecture)
    with pytest.raises(DataError, match=message):
        nn.load(path)


def test_a_state_of_pytorch_loads_by_name(path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    theirs = torch.nn.Sequential(
        torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Flatten(), torch.nn.Linear(8, 3)
    ).eval()
    save_file(theirs.state_dict(), path)
    ours = nn.Sequential(nn.Conv2D(1, 2, 3), nn.BatchNorm2D(2), nn.Flatten(), nn.Dense(8, 3))
    with pytest.raises(DataError, match="holds tensors without their model"):
        nn.load(path)
    nn.load(path, into=ours.eval())
    image = np.random.default_rng(0).normal(size=(1, 4, 4))
    expected = theirs(torch.tensor(image[None], dtype=torch.float32))[0].tolist()
    assert ours(Tensor(image)).tolist() == pytest.approx(expected, rel=1e-5, abs=1e-6)


def file_of(dtype, shape, numbers):
    """A safetensors file with a weight in this type and a bias of 1 in float32, as bytes."""
    header = {
        "weight": {"dtype": dtype, "shape": shape, "data_offsets": [0, len(numbers)]},
        "bias": {"dtype": "F32", "shape": [1], "data_offsets": [len(numbers), len(numbers) + 4]},
    }
    words = json.dumps(header).encode()
    words += b" " * (-len(words) % 8)
    return struct.pack("<Q", len(words)) + words + numbers + struct.pack("<f", 1.0)


@pytest.mark.parametrize(
    ("dtype", "numbers", "read"),
    [
        ("F64", struct.pack("<2d", 0.1, -2.0), [0.1, -2.0]),
        ("F32", struct.pack("<2f", 0.25, -2.0), [0.25, -2.0]),
        ("F16", struct.pack("<2e", 0.25, -2.0), [0.25, -2.0]),
        ("BF16", bytes.fromhex("803e 00c0"), [0.25, -2.0]),
        ("I8", struct.pack("<2b", 3, -2), [3, -2]),
        ("U16", struct.pack("<2H", 3, 65535), [3, 65535]),
        ("I64", struct.pack("<2q", 3, -2), [3, -2]),
    ],
)
def test_real_numbers_of_any_width_are_read(path, dtype, numbers, read):
    path.write_bytes(file_of(dtype, [1, 2], numbers))
    model = nn.load(path, into=nn.Dense(2, 1))
    assert (model.weight.tolist(), model.bias.tolist()) == ([read], [1.0])


@pytest.mark.parametrize(
    ("dtype", "size"), [("BOOL", 1), ("C64", 8), ("F8_E4M3", 1), ("F8_E5M2", 1), ("F8_E8M0", 1)]
)
def test_numbers_that_are_not_real_or_too_narrow_are_named(path, dtype, size):
    path.write_bytes(file_of(dtype, [1, 2], bytes(2 * size)))
    with pytest.raises(DataError, match=f"weight holds {dtype}, and is read from BF16, F16, F32"):
        nn.load(path, into=nn.Dense(2, 1))


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "float32", "float64"])
def test_numbers_are_written_in_a_width_as_pytorch_rounds_them(path, dtype):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    model = nn.Dense(3, 40)
    numbers = [*torch.randn(113, dtype=torch.float64).tolist(), 0.0, -0.0, 1e-42]
    numbers += [math.inf, math.nan, 1 + 2**-8, 1 + 3 * 2**-8]
    model.weight.assign(np.reshape(numbers, (40, 3)))
    nn.save(model, path, dtype=dtype)
    theirs = load_file(path)["weight"]
    assert theirs.dtype is getattr(torch, dtype)
    expected = torch.tensor(numbers, dtype=torch.float64).to(theirs.dtype).reshape(40, 3)
    assert torch.equal(theirs.nan_to_num(7.0), expected.nan_to_num(7.0))
    np.testing.assert_array_equal(nn.load(path).weight.numpy(), expected.double().numpy())


def test_what_a_width_cannot_hold_is_named(path):
    model = nn.Dense(1, 1)
    model.bias.assign([1e5])
    with pytest.raises(ValueError, match=r"save: bias holds 100000\.0, too large for float16"):
        nn.save(model, path, dtype="float16")
    with pytest.raises(ValueError, match=r"dtype must be one of bfloat16, float16, .*'int8'"):
        nn.save(model, path, dtype="int8")
    assert not path.exists()


def test_a_part_of_a_file_fills_a_part_of_a_model(path):
    nn.save(body := nn.Sequential(body=nn.Dense(2, 2)), path)
    net = nn.load(path, into=nn.Sequential(body=nn.Dense(2, 2), head=nn.Dense(2, 1)), strict=False)
    assert net.body.weight.tolist() == body.body.weight.tolist()


def test_pytorchs_bfloat16_is_read_as_pytorch_reads_it(path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file

    theirs = torch.nn.Linear(3, 2).to(torch.bfloat16)
    save_file(theirs.state_dict(), path)
    ours = nn.load(path, into=nn.Dense(3, 2))
    assert ours.weight.tolist() == theirs.weight.float().tolist()
