"""ONNX files: onnxruntime computes from them what the models compute."""

import json
import sys
from fractions import Fraction

import numpy as np
import pytest
from export_cases import MODELS, WINDOWS, assert_close, batch, built, evaluated
from hypothesis import given, settings
from hypothesis import strategies as st

import nn

onnx = pytest.importorskip("onnx", reason='needs onnx: pip install ".[onnx]"')
runtime = pytest.importorskip("onnxruntime", reason='needs onnxruntime: pip install ".[onnx]"')


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


def run(path, x):
    """What onnxruntime makes of a batch."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(["output"], {"input": x})[0]


def dims(value):
    return [axis.dim_value or axis.dim_param for axis in value.type.tensor_type.shape.dim]


@pytest.mark.parametrize(("text", "shape"), MODELS)
def test_the_runtime_computes_what_the_model_computes(text, shape, path):
    model = built(text)
    nn.export.to_onnx(model, path, shape)
    for samples in (1, 3):
        x = batch(shape, samples)
        assert_close(run(path, x), evaluated(model, x))


@settings(max_examples=100)
@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    **WINDOWS,
)
def test_windows_slide_alike_over_any_image_or_do_not_fit(tmp_path_factory, size, **options):
    model, x = nn.Conv2D(2, 2, **options), batch((2, *size), 2)
    path = tmp_path_factory.getbasetemp() / "sliding.onnx"
    try:
        expected = evaluated(model, x)
    except ValueError:
        with pytest.raises(ValueError, match="larger than the padded"):
            nn.export.to_onnx(model, path, x.shape[1:])
    else:
        nn.export.to_onnx(model, path, x.shape[1:])
        assert_close(run(path, x), expected)


# --- what is free, and what is said ---------------------------------------------------------------


def test_images_of_any_size_and_batches_of_any_length_may_come(path):
    model = nn.Sequential(nn.Conv2D(1, 2, 3, padding="same"), nn.MaxPool(2), nn.GlobalAvgPool())
    nn.export.to_onnx(model, path)
    assert dims(onnx.load(path).graph.input[0]) == ["N", 1, "H", "W"]
    for shape, samples in [((1, 4, 4), 1), ((1, 9, 6), 5)]:
        x = batch(shape, samples)
        assert_close(run(path, x), evaluated(model, x))


def test_an_axis_of_the_shape_that_has_a_name_is_free(path):
    model = nn.Sequential(nn.Dense(3, 4), nn.Tanh(), nn.LayerNorm(4))
    nn.export.to_onnx(model, path, shape=("time", 3))
    for time in (1, 6):
        x = batch((time, 3), 2)
        assert_close(run(path, x), evaluated(model, x))
    assert dims(onnx.load(path).graph.output[0]) == ["N", "time", 4]


@pytest.mark.parametrize(
    ("text", "axes"),
    [
        ("Sequential(Dropout(), Dense(5, 2))", ["N", 5]),
        ("Sequential(Residual(Dense(4, 4)), Dense(4, 2))", ["N", 4]),
        ("Sequential(Flatten(), Dense(6, 2))", ["N", "C", "H", "W"]),
        ("Sequential(Flatten(2), Dense(6, 2))", ["N", "axis1", "axis2"]),
        ("Sequential(Reshape(1, 2, 3), GlobalAvgPool())", ["N", 6]),
        ("LayerNorm((3, 4))", ["N", 3, 4]),
        ("GroupNorm(2, 4)", ["N", 4, "H", "W"]),
        ("AvgPool(2)", ["N", "C", "H", "W"]),
    ],
)
def test_without_a_shape_the_first_layers_say_what_they_were_built_for(text, axes, path):
    nn.export.to_onnx(built(text), path)
    graph = onnx.load(path).graph
    assert dims(graph.input[0]) == axes
    assert dims(graph.output[0])[0] == "N"


def test_nodes_and_weights_have_the_paths_of_layers_and_parameters(path):
    text = "Sequential(Conv2D(1, 2, 3), BatchNorm2D(2), Residual(Sequential(ReLU())), Flatten())"
    model = built(text)
    nn.export.to_onnx(model, path, (1, 4, 4))
    proto = onnx.load(path)
    assert proto.producer_name == "glassgrad"
    assert [value.name for value in proto.graph.input] == ["input"]
    assert [value.name for value in proto.graph.output] == ["output"]
    assert [node.name for node in proto.graph.node] == ["0", "1", "2.body.0", "2", "3"]
    weights = {w.name: onnx.numpy_helper.to_array(w) for w in proto.graph.initializer}
    assert weights.pop("3.shape").tolist() == [0, -1]
    assert weights.keys() == model.state_dict().keys()
    for name, numbers in model.state_dict().items():
        assert weights[name].tolist() == np.float32(numbers).tolist()


def test_every_value_in_the_file_has_its_shape(path):
    nn.export.to_onnx(built(MODELS[-2][0]), path, MODELS[-2][1])
    graph = onnx.load(path).graph
    shapes = {value.name: dims(value) for value in [*graph.value_info, *graph.output]}
    assert shapes["0"] == shapes["1"] == ["N", 4, 8, 8]
    assert shapes["output"] == ["N", 3]
    assert len(shapes) == len(graph.node)


def test_names_of_layers_are_names_of_nodes(path):
    nn.export.to_onnx(nn.Sequential(fc=nn.Dense(2, 2), act=nn.Tanh()), path)
    graph = onnx.load(path).graph
    assert [node.name for node in graph.node] == ["fc", "act"]
    assert [weight.name for weight in graph.initializer] == ["fc.weight", "fc.bias"]


def test_a_single_layer_is_called_by_its_class(path):
    nn.export.to_onnx(nn.Dense(2, 2), path)
    graph = onnx.load(path).graph
    assert [node.name for node in graph.node] == ["Dense"]
    assert [weight.name for weight in graph.initializer] == ["weight", "bias"]


def test_preprocessing_and_the_layers_go_along(path):
    model = nn.Sequential(nn.Dense(2, 2))
    model.preprocessing = {"scale": 255, "classes": ["a", "ß"]}
    nn.export.to_onnx(model, path)
    proto = onnx.load(path)
    assert {p.key: json.loads(p.value) for p in proto.metadata_props} == {
        "preprocessing": model.preprocessing
    }
    assert proto.graph.doc_string == repr(model)


def test_the_same_model_gives_the_same_bytes(path, tmp_path):
    model = built(MODELS[-2][0])
    for target in (path, str(tmp_path / "again.onnx")):
        nn.export.to_onnx(model, target, MODELS[-2][1])
    assert path.read_bytes() == (tmp_path / "again.onnx").read_bytes()


def test_evaluation_is_exported_whatever_the_mode_and_the_mode_stays(path):
    model = built("Sequential(BatchNorm2D(2), Dropout(0.5))").train()
    nn.export.to_onnx(model, path)
    assert all(module.training for module in model.modules())
    x = batch((2, 3, 3), 2)
    assert_close(run(path, x), evaluated(model, x))


def test_a_layer_that_is_used_twice_has_its_weights_in_the_file_once(path):
    layer = built("Dense(3, 3)")
    model = nn.Sequential(layer, nn.Tanh(), layer)
    nn.export.to_onnx(model, path)
    graph = onnx.load(path).graph
    assert [node.name for node in graph.node] == ["0", "1", "2"]
    assert [weight.name for weight in graph.initializer] == ["0.weight", "0.bias"]
    x = batch((3,), 2)
    assert_close(run(path, x), evaluated(model, x))


def test_a_weight_that_is_computed_is_a_number_in_the_file(path):
    layer = built("Dense(2, 2)")
    weight = layer.weight
    del layer.weight
    layer.weight = weight * 2
    nn.export.to_onnx(layer, path)
    x = batch((2,), 2)
    assert_close(run(path, x), evaluated(layer, x))


def test_fractions_and_whole_numbers_become_floats(path):
    model = nn.Sequential(nn.Dense(2, 1), nn.LeakyReLU(Fraction(1, 4)))
    model[0].weight.assign([[Fraction(1, 3), 2]])
    nn.export.to_onnx(model, path)
    x = np.array([[1.0, 1.0], [-3.0, 0.0]], np.float32)
    assert_close(run(path, x), np.array([[7 / 3], [-0.25]]))


def test_weights_that_are_not_finite_stay_what_they_are(path):
    model = nn.Dense(2, 2, bias=False)
    model.weight.assign([[float("nan"), 0.0], [0.0, float("inf")]])
    nn.export.to_onnx(model, path)
    assert np.isnan(run(path, np.ones((1, 2), np.float32))[0, 0])


class Renamed(nn.Sequential):
    """A model with a name, and no forward of its own."""

    def __init__(self):
        super().__init__(nn.Dense(2, 3), nn.ReLU())


def test_a_subclass_that_keeps_the_forward_is_exported(path):
    nn.export.to_onnx(model := Renamed(), path)
    x = batch((2,), 2)
    assert_close(run(path, x), evaluated(model, x))
    assert onnx.load(path).graph.name == "Renamed"


# --- mistakes -------------------------------------------------------------------------------------


class Clipped(nn.ReLU):
    def forward(self, x):
        return super().forward(x).minimum(6)


def weighing(number):
    model = nn.Sequential(nn.Dense(1, 1))
    model[0].weight[0, 0].data = number
    return model


CNN = nn.Sequential(nn.Conv2D(1, 2, 3), nn.Flatten(), nn.Dense(8, 2))
STRIDED = nn.Sequential(nn.ReLU(), nn.Conv2D(1, 2, 3, stride=2, padding="same"))
MISTAKES = {
    "own forward of any shape": (nn.Sequential(Clipped()), None, ValueError, "of any shape; give"),
    "no model": ("model", None, TypeError, "needs a Module, got 'model'"),
    "any shape": (nn.ReLU(), None, ValueError, r"inputs of any shape; give shape=.*\(1, 28, 28\)"),
    "no axes": (nn.Dense(2, 2), (), ValueError, r"its input is \(N,\), .* shape= says"),
    "an axis of 0": (nn.Dense(2, 2), (0, 2), ValueError, "an axis of shape must be at least 1"),
    "an axis of 1.5": (nn.Dense(2, 2), (1.5, 2), TypeError, "an axis of shape must be an int"),
    "same with a stride": (
        STRIDED,
        None,
        ValueError,
        r'1 \(Conv2D\): padding="same" with a .*shape=',
    ),
    "channels": (
        CNN,
        (3, 4, 4),
        ValueError,
        r"0 \(Conv2D\): its input is \(N, 3, 4, 4\), .*1, H, W\)",
    ),
    "features": (CNN, (1, 5, 5), ValueError, r"2 \(Dense\): its input is \(N, 18\).*\(\.\.\., 8\)"),
    "the batch in the shape": (
        CNN,
        (9, 1, 4, 4),
        ValueError,
        r"takes \(N, C, H, W\), and its .*without the batch",
    ),
    "too few axes": (CNN, (4, 4), ValueError, r"\(N, 4, 4\), it was built for \(\.\.\., 1, H, W"),
    "flattening the batch": (
        nn.Flatten(),
        (2, 3),
        ValueError,
        r"Flatten: its input is \(N, 2, 3\)",
    ),
    "kernel": (CNN, (1, 2, 9), ValueError, r"0 \(Conv2D\).*kernel of \(3, 3\) is larger"),
    "reshape": (nn.Reshape(4, 2, axes=2), (3, 3), ValueError, r"Reshape: its input is \(N, 3, 3\)"),
    "reshape to nothing": (nn.Reshape(0, 4, axes=2), (2, 2), ValueError, "Reshape: its input is"),
    "reshape any way": (nn.Reshape(-1, -1), (4,), ValueError, "Reshape: .*-1"),
    "softmax": (nn.Softmax(axis=4), (2,), ValueError, "Softmax: .*axis"),
    "channels last": (
        nn.BatchNorm1D(3),
        (4, 3),
        ValueError,
        r"BatchNorm1D: in ONNX it takes \(N, 3\) or \(N, 3, L\), .* is \(N, 4, 3\)",
    ),
    "residual": (nn.Residual(nn.Dense(2, 1)), None, ValueError, r"adds \(N, 1\) and \(N, 2\)"),
    "complex": (weighing(1j), None, ValueError, r"0 \(Dense\): 0.weight: 1j is not a real number"),
    "NumPy's complex": (weighing(np.complex64(1)), None, ValueError, "0.weight: .* is not a real"),
    "too large": (
        weighing(1e39),
        None,
        ValueError,
        "0.weight: 1e[+]39 is too large; .* 3.40282e[+]38",
    ),
    "far too large": (weighing(10**400), None, ValueError, "0.weight: 10+ is too large"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_and_the_old_file_stays(name, path):
    model, shape, kind, message = MISTAKES[name]
    path.write_bytes(b"old")
    with pytest.raises(kind, match=f"^to_onnx: .*{message}"):
        nn.export.to_onnx(model, path, shape)
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_without_onnx_one_line_says_what_to_install(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError) as caught:
        nn.export.to_onnx(nn.Dense(1, 1), path)
    assert str(caught.value) == 'nn.export.to_onnx needs onnx: pip install "glassgrad[onnx]"'
