"""Models whose forward is their own: onnxruntime and PyTorch compute what they compute."""

import pickle

import numpy as np
import pytest
from export_cases import LAYERS, WINDOWS, assert_close, batch, built
from hypothesis import given, settings
from hypothesis import strategies as st
from own_models import LSTM, MODELS, OPERATORS, Attention, Function, Merge, Skip, parameter

import autograd
import nn
from autograd import PRIMITIVES, Tensor

onnx = pytest.importorskip("onnx", reason='needs onnx: pip install ".[onnx]"')
runtime = pytest.importorskip("onnxruntime", reason='needs onnxruntime: pip install ".[onnx]"')


@pytest.fixture(scope="module")
def torch():
    """PyTorch in double precision, in which it has the numbers that we have."""
    torch = pytest.importorskip("torch", reason="needs torch: pip install torch")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield torch
    torch.set_default_dtype(before)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


def flat(results):
    """What is in tuples and dicts, in order."""
    if isinstance(results, dict):
        return flat(list(results.values()))
    if isinstance(results, list | tuple):
        return [part for result in results for part in flat(result)]
    return [results]


def inputs(shape, samples=3):
    shapes = shape if isinstance(shape, list) else [shape]
    return [batch(one, samples, seed=k) for k, one in enumerate(shapes)]


def sample_by_sample(model, xs):
    """What a model makes of each sample, as one array for each result."""
    with autograd.no_grad():
        made = [
            flat(model.eval()(*(Tensor(x) for x in sample))) for sample in zip(*xs, strict=True)
        ]
    return [np.array([_numbers(y) for y in ys]) for ys in zip(*made, strict=True)]


def _numbers(y):
    return y.tolist() if isinstance(y, Tensor) else y.data


def run(path, xs):
    """What onnxruntime makes of batches."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [x.name for x in session.get_inputs()]
    return session.run(None, dict(zip(names, xs, strict=True)))


def exported(model, path, shape):
    nn.export.to_onnx(model, path, shape)
    return onnx.load(path).graph


def dims(value):
    return [axis.dim_value or axis.dim_param for axis in value.type.tensor_type.shape.dim]


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_the_runtime_computes_what_the_model_computes(name, path):
    make, shape = MODELS[name]
    model = make()
    exported(model, path, shape)
    for samples in (1, 3):
        xs = inputs(shape, samples)
        for got, expected in zip(run(path, xs), sample_by_sample(model, xs), strict=True):
            assert_close(got, expected)


@pytest.mark.parametrize("name", MODELS)
def test_pytorch_computes_the_same_and_the_same_gradients(name, torch):
    make, shape = MODELS[name]
    model, xs = make(), inputs(shape)
    module = nn.export.to_torch(model, shape)
    assert {k: v.tolist() for k, v in module.state_dict().items()} == model.state_dict()
    results = flat(module(*(torch.from_numpy(x).double() for x in xs)))
    for got, expected in zip(results, sample_by_sample(model, xs), strict=True):
        np.testing.assert_allclose(got.detach().numpy(), expected, rtol=1e-10, atol=1e-12)
    if not model.parameters():
        return
    sum((y**2).sum() for y in results).backward()
    for sample in zip(*xs, strict=True):
        sum(_square(y) for y in flat(model(*(Tensor(x) for x in sample)))).backward()
    for path, p in model.named_parameters():
        theirs = module.get_parameter(path).grad.numpy()
        np.testing.assert_allclose(theirs, np.array(p.grad), rtol=1e-9, atol=1e-12, err_msg=path)


def _square(y):
    return (y * y).sum() if isinstance(y, Tensor) else y * y


ROWS = [name for name in PRIMITIVES if name not in ("sum", "dot", "max", "min", "gather")]
POINTS = [[-1.5, 0.0, 0.5, 2.0], [0.5, 0.0, -1.0, 2.0], [1.0, -2.0, 0.5, 0.25]]
POSITIVE = {"log", "sqrt", "pow", "div"}


@pytest.mark.parametrize("name", ROWS)
def test_every_row_of_the_table_is_spelled(name, path, torch):
    op = PRIMITIVES[name]
    operands = op.forward.__code__.co_argcount if hasattr(op.forward, "__code__") else None
    n = operands or (1 if name in ("neg", "abs", "stop") else 2)
    x = np.array([POINTS[:n]])
    x = np.abs(x) + 0.25 if name in POSITIVE else x

    def by_row(self, x):
        return Tensor([autograd.apply(op, *x[:, k]) for k in range(4)])

    model = Function(by_row)
    exported(model, path, x.shape[1:])
    expected = sample_by_sample(model, [x])[0]
    assert_close(run(path, [x.astype(np.float32)])[0], expected)
    got = nn.export.to_torch(model, x.shape[1:])(torch.from_numpy(x))
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-12)


def test_sequences_of_the_table_are_spelled(path):
    def by_sequence(self, x):
        return Tensor([x[0].sum(), x[0] @ x[1], x[0].max(), x[0].min()])

    model, x = Function(by_sequence), batch((2, 3), 2)
    exported(model, path, (2, 3))
    assert_close(run(path, [x])[0], sample_by_sample(model, [x])[0])


LOOKUPS = {
    "of a table": lambda self, x: self.table(x[0]) * 2,
    "of a table, transposed": lambda self, x: self.table(x[0]).T @ self.table(x[1]),
    "of the sample": lambda self, x: autograd.gather(x.reshape(3, 2), 0, x[1].reshape(-1, 1)),
    "of each row": lambda self, x: autograd.gather(x * 3, 1, x),
}


@pytest.mark.parametrize("name", LOOKUPS)
def test_entries_are_looked_up_by_number(name, path, torch):
    model = Function(LOOKUPS[name], table=nn.Embedding(3, 2))
    x = np.array([[[0, 2, 1], [1, 1, 0]], [[2, 2, 0], [0, 1, 2]]], np.float32)
    graph = exported(model, path, (2, 3))
    is_whole = graph.input[0].type.tensor_type.elem_type == onnx.TensorProto.INT64
    assert is_whole == ("table" in name)  # else the numbers are computed with, too
    expected = sample_by_sample(model, [x])[0]
    assert_close(run(path, [x.astype(np.int64) if is_whole else x])[0], expected)
    got = nn.export.to_torch(model, (2, 3))(torch.from_numpy(x))
    assert_close(got.detach().numpy(), expected, 1e-6)


def of_one_sample(text):
    """Whether a layer does to one sample what it does to those of a batch: not where an axis is
    counted from the first, or two axes may be a batch or not.
    """
    return "axis=1" not in text and "BatchNorm1D" not in text


@pytest.mark.parametrize(("text", "shape"), [c for c in LAYERS if of_one_sample(c[0])])
def test_every_layer_may_stand_in_a_forward_of_ones_own(text, shape, path):
    model, x = Function(lambda self, x: self.layer(x) * 2, layer=built(text)), batch(shape, 2)
    exported(model, path, shape)
    assert_close(run(path, [x])[0], sample_by_sample(model, [x])[0])


@settings(max_examples=12)
@given(size=st.tuples(st.integers(1, 7), st.integers(1, 7)), **WINDOWS)
def test_convolutions_of_all_kinds_are_found_or_spelled_out(tmp_path_factory, size, **options):
    layer, path = nn.Conv2D(2, 2, **options), tmp_path_factory.getbasetemp() / "own.onnx"
    model, x = Function(lambda self, x: self.layer(x), layer=layer), batch((2, *size), 2)
    try:
        expected = sample_by_sample(model, [x])[0]
    except ValueError:  # the kernel is larger than the image
        return
    exported(model, path, x.shape[1:])
    assert_close(run(path, [x])[0], expected)


# --- what is found, and what it is called ---------------------------------------------------------


@pytest.mark.parametrize("name", OPERATORS)
def test_layers_are_found_again(name, path):
    make, shape = MODELS[name]
    graph = exported(make(), path, shape)
    assert " ".join(node.op_type for node in graph.node) == OPERATORS[name]


def test_nodes_have_the_paths_of_modules_and_weights_those_of_parameters(path):
    graph = exported(nn.Sequential(nn.ReLU(), Skip()), path, (4,))
    assert [node.name for node in graph.node][:3] == ["0", "1.one/linear", "1/relu"]
    weights = [weight.name for weight in graph.initializer]
    assert weights == ["1.one.weight", "1.one.bias", "1.two.weight", "1.two.bias"]


def test_layers_beside_a_module_of_ones_own_stay_layers(path, torch):
    model = nn.Sequential(nn.Dense(3, 4), Skip(), nn.Softmax())
    graph = exported(model, path, (3,))
    assert [graph.node[0].op_type, graph.node[-1].op_type] == ["Gemm", "Softmax"]
    x = batch((3,), 2)
    assert_close(run(path, [x])[0], sample_by_sample(model, [x])[0])
    module = nn.export.to_torch(model)
    assert [type(part).__name__ for part in module] == ["Linear", "Recorded", "Softmax"]
    assert list(module.state_dict()) == list(model.state_dict())


def test_a_function_may_be_a_layer(path):
    model, x = nn.Sequential(nn.Dense(3, 3), lambda x: x * x.sigmoid()), batch((3,), 2)
    exported(model, path, (3,))
    assert_close(run(path, [x])[0], sample_by_sample(model, [x])[0])


def test_a_module_of_ones_own_that_is_used_twice_has_its_weights_once(path, torch):
    skip = Skip()
    model, x = nn.Sequential(skip, nn.Tanh(), skip), batch((4,), 2)
    graph = exported(model, path, (4,))
    assert len(graph.initializer) == 4
    assert_close(run(path, [x])[0], sample_by_sample(model, [x])[0])
    assert len(list(nn.export.to_torch(model).parameters())) == 4


def test_several_inputs_and_results_have_names(path):
    graph = exported(Merge(), path, [(3,), (4,)])
    assert {x.name: dims(x) for x in graph.input} == {"image": ["N", 3], "text": ["N", 4]}
    outputs = {"output.sum": ["N", 2], "output.parts.0": ["N"], "output.parts.1": ["N", 3]}
    assert {y.name: dims(y) for y in graph.output} == outputs


def test_an_input_that_is_called_as_a_parameter_has_another_name(path, torch):
    def masked(self, x, mask):
        return x * mask * self.mask

    class Masked(Function):
        def forward(self, x, mask):
            return self.function(self, x, mask)

    model, xs = Masked(masked, mask=parameter(3)), inputs([(3,), (3,)])
    graph = exported(model, path, [(3,), (3,)])
    assert [x.name for x in graph.input] == ["x", "mask_input"]
    (expected,) = sample_by_sample(model, xs)
    assert_close(run(path, xs)[0], expected)
    got = nn.export.to_torch(model, [(3,), (3,)])(*map(torch.from_numpy, xs))
    assert_close(got.detach().numpy(), expected)


def test_every_value_in_the_file_has_its_shape(path):
    graph = exported(Attention(), path, (3, 4))
    assert len(graph.value_info) + len(graph.output) == len(graph.node)
    assert all(dims(value)[0] in ("N", 4) for value in graph.value_info)


def test_evaluation_is_recorded_whatever_the_mode_and_the_mode_stays(path, torch):
    parts = {"norm": built("BatchNorm2D(2)"), "drop": nn.Dropout(0.5)}
    model = Function(lambda self, x: self.drop(self.norm(x)), **parts).train()
    exported(model, path, (2, 2, 2))
    module = nn.export.to_torch(model, (2, 2, 2))
    assert module.training
    assert all(part.training for part in model.modules())
    assert dict(module.named_buffers()).keys() >= {"norm.running_mean", "norm.running_var"}
    x = batch((2, 2, 2), 2)
    assert_close(run(path, [x])[0], sample_by_sample(model, [x])[0])


def test_the_mean_over_a_batch_is_one(path, torch):
    model, x = Function(lambda self, x: x - autograd.batch_mean(x)), batch((2,), 3)
    exported(model, path, (2,))
    assert_close(run(path, [x])[0], x - x.mean(0))
    got = nn.export.to_torch(model, (2,))(torch.from_numpy(x))
    np.testing.assert_allclose(got.numpy(), x - x.mean(0), rtol=1e-6)


def test_what_a_choice_is_made_by_may_be_a_result(path):
    def chosen(self, x):
        above = autograd.apply(PRIMITIVES["greater"], x[0], 0.0)
        return Tensor([autograd.where(above, x[1], x[2]), above + x[1], above])

    model, x = Function(chosen), batch((3,), 4)
    exported(model, path, (3,))
    assert_close(run(path, [x])[0], sample_by_sample(model, [x])[0])


def test_an_operation_of_ones_own_is_unfolded(path):
    cube = autograd.Primitive("cube", "³", lambda x: x * x * x, lambda y, x: (3 * x * x,))
    model = Function(lambda self, x: Tensor([autograd.apply(cube, v) for v in x]))
    graph, x = exported(model, path, (2,)), batch((2,), 2)
    assert [node.op_type for node in graph.node] == ["Mul", "Mul"]
    assert_close(run(path, [x])[0], x**3)


def test_a_recorded_module_is_saved_and_loaded_by_pytorch(torch):
    module = nn.export.to_torch(LSTM(), (2, 2))
    again = pickle.loads(pickle.dumps(module))
    other = nn.export.to_torch(LSTM(), (2, 2))
    other.load_state_dict(module.state_dict())
    x = torch.from_numpy(batch((2, 2), 2)).double()
    expected = module(x)
    for made in (again, other):
        assert all(torch.equal(a, b) for a, b in zip(made(x), expected, strict=True))


# --- mistakes -------------------------------------------------------------------------------------


def by_number(self, x):
    return x if x.sum() > 0 else -x


def drawing(self, x):
    return x + autograd.drawn.uniform((2,))


MISTAKES = {
    "decided by a number": (by_number, (2,), "cannot decide by them"),
    "random numbers": (drawing, (2,), "the model draws random numbers"),
    "any shape": (by_number, None, r"give shape=, one sample's"),
    "no tensor": (
        lambda self, x: "y",
        (2,),
        "what the function returns must be Tensors and Values, got 'y'",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(name, path, torch):
    function, shape, message = MISTAKES[name]
    with pytest.raises(ValueError, match=f"^to_onnx: .*{message}"):
        nn.export.to_onnx(Function(function), path, shape)
    assert not path.exists()
    with pytest.raises(ValueError, match=f"^to_torch: .*{message}"):
        nn.export.to_torch(Function(function), shape)


def test_free_axes_are_refused_where_a_forward_is_recorded(path):
    with pytest.raises(ValueError, match=r"Skip: its forward .* \(N, time, 4\); give shape="):
        nn.export.to_onnx(Skip(), path, ("time", 4))
