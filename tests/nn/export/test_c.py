"""C99 files: compiled by gcc and clang, they compute what the models compute."""

import math
import os
import random
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from c_cases import SANITIZED, program, run
from export_cases import LAYERS, MODELS, NETS, WINDOWS, assert_close, batch, built
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
import nn
from autograd import PRIMITIVES, Primitive, Tensor, Value, apply, no_grad, where

COMPILERS = ["gcc", "clang"]
MNIST = Path(__file__).parents[3] / "demos" / "data" / "mnist-10k"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.c"


def evaluated(model, x):
    """What a model makes in evaluation of each sample by itself, as rows of numbers."""
    model.eval()
    with no_grad():
        return np.array([[v.data for v in _values(model(Tensor(sample)))] for sample in x])


def _values(y):
    return y.values if isinstance(y, Tensor) else [y]


def assert_computes(path, model, x, compiler="gcc", **options):
    """The file computes what the model does."""
    assert_close(run(program(path.parent, compiler, **options), x), evaluated(model, x))


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize(("text", "shape"), MODELS)
def test_a_file_computes_what_the_model_computes(text, shape, compiler, path):
    model = built(text)
    nn.export.to_c(model, path, shape)
    assert_computes(path, model, batch(shape, 3), compiler)


@pytest.mark.parametrize("text", [text for text, _ in NETS[1:]] + [LAYERS[18][0], LAYERS[27][0]])
def test_nothing_is_read_or_written_beyond_an_end(text, path):
    model, shape = built(text), dict(MODELS)[text]
    nn.export.to_c(model, path, shape)
    assert_computes(path, model, batch(shape, 2), flags=SANITIZED)


def test_doubles_are_exact_to_their_last_digits(path):
    model = built(NETS[1][0])
    nn.export.to_c(model, path, NETS[1][1], dtype="float64")
    x = batch(NETS[1][1], 2).astype(float)
    got = run(program(path.parent, "gcc", kind="double"), x, np.float64)
    assert_close(got, evaluated(model, x), 1e-13)


@settings(max_examples=15)
@given(
    size=st.tuples(st.integers(2, 9), st.integers(2, 9)),
    **WINDOWS,
)
def test_windows_slide_alike_over_any_image(tmp_path_factory, size, **options):
    path = tmp_path_factory.mktemp("sliding") / "model.c"
    model, x = nn.Sequential(nn.Conv2D(2, 2, **options), nn.Tanh()), batch((2, *size), 2)
    try:
        evaluated(model, x)
    except ValueError:
        return
    nn.export.to_c(model, path, x.shape[1:])
    assert_computes(path, model, x)


# --- every primitive ------------------------------------------------------------------------------


class Mapped(nn.Module):
    """A function of the first and the second half of its input, number by number."""

    def __init__(self, function):
        self.function = function

    def forward(self, x):
        half = len(x.values) // 2
        return Tensor(list(map(self.function, x.values[:half], x.values[half:])))


def rowed(name):
    """A row of the table as a function of two numbers."""
    op = PRIMITIVES[name]
    if name in ("sum", "max", "min"):
        return lambda a, b: getattr(Tensor([a, b, a * b]), name)()
    if name == "dot":
        return lambda a, b: Tensor([a, b]) @ Tensor([b, b])
    if name == "gather":
        return lambda a, b: Tensor([a, b])[where(a > b, 1.0, -2.0)]
    if name == "where":
        return lambda a, b: where(a > b, a, b)
    two = name in ("add", "sub", "mul", "div", "pow", "leaky_relu", "maximum", "minimum")
    two = two or name in ("greater", "at_least", "equal")
    return lambda a, b: apply(op, a, b) if two else apply(op, a)


@pytest.mark.parametrize("name", PRIMITIVES)
def test_every_primitive_has_a_word(name, path):
    model, x = Mapped(rowed(name)), batch((12,), 2)
    x = np.abs(x) if name in ("log", "sqrt", "pow") else x
    x[:, 7] = x[:, 1]
    nn.export.to_c(model, path, (12,))
    assert_computes(path, model, x)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 0.5, -1, -0.5])
def test_powers_with_names_are_called_by_them(exponent, path):
    model = Mapped(lambda a, b: a**exponent + b)
    nn.export.to_c(model, path, (4,))
    assert_computes(path, model, np.abs(batch((4,), 2)))


def test_a_long_formula_keeps_its_brackets(path):
    model = Mapped(lambda a, b: (a - (b - (a - b))) / (a * (b / a) * -(-a - b)) - (-b) ** 2 * -0.5)
    nn.export.to_c(model, path, (4,))
    assert_computes(path, model, batch((4,), 2))


EDGES = [0.0, -0.0, 1e-45, 1.0, -1.0, 90.0, -90.0, 3e38, -3e38, math.inf, -math.inf, math.nan]


@pytest.mark.parametrize(
    "name",
    ["relu", "sigmoid", "softplus", "tanh", "erf", "exp", "maximum", "minimum", "equal", "where"],
)
def test_numbers_at_the_edge_stay_what_they_are(name, path):
    pairs = np.array([(a, b) for a in EDGES for b in EDGES], np.float32).T
    nn.export.to_c(model := Mapped(rowed(name)), path, (pairs.size,))
    x = pairs.reshape(1, -1)
    got = run(program(path.parent, "gcc"), x)
    with np.errstate(over="ignore"):
        expected = evaluated(model, x).astype(np.float32)
    np.testing.assert_allclose(got, expected, 1e-6, 1e-44)


def test_a_row_of_ones_own_is_spelled_in_the_words_of_the_table(path):
    swish = Primitive("swish", "swish", lambda x: x * autograd.sigmoid(x) + 1, lambda y, x: (y,))
    nn.export.to_c(model := Mapped(lambda a, b: apply(swish, a) * b), path, (6,))
    assert_computes(path, model, batch((6,), 2))


def test_a_row_of_ones_own_without_words_is_named(path):
    def doubled(x):
        if isinstance(x, Value):
            raise TypeError("no Values, please")
        return 2 * x

    double = Primitive("double", "double", doubled, lambda y, x: (2.0,))
    with pytest.raises(ValueError, match=r"^to_c: C cannot say double: no Values"):
        nn.export.to_c(Mapped(lambda a, b: apply(double, a)), path, (6,))
    assert not path.exists()


# --- MNIST ----------------------------------------------------------------------------------------


def test_a_lenet_reads_all_test_images_as_the_program_does(path):
    random.seed(0)
    model = nn.Sequential(
        *(nn.Conv2D(1, 8, 5), nn.ReLU(), nn.MaxPool(2), nn.Conv2D(8, 24, 5), nn.ReLU()),
        *(nn.MaxPool(2), nn.Flatten(), nn.Dense(384, 64), nn.ReLU(), nn.Dense(64, 10)),
    )
    train, test = nn.data.mnist(MNIST)
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.Adam(model.parameters(), lr=2e-3))
    trainer.fit(train.take(range(3000)), epochs=1, batch_size=32, seed=0)
    nn.export.to_c(model, path)  # the shape is that of the training
    logits = run(program(path.parent, "gcc", ["-O3"]), test.images)
    compiled = autograd.compile(model, test.images[0], parameters=model.parameters())
    expected = compiled(test.images)
    assert_close(logits, expected)
    assert (logits.argmax(1) == expected.argmax(1)).all()
    assert (logits.argmax(1) == test.labels).mean() > 0.8


# --- what the file says ---------------------------------------------------------------------------

DIGITS = "Sequential(Conv2D(1, 4, 3), ReLU(), MaxPool(2), Flatten(), Dense(36, 10))"


def written(model, path, shape=None, **options):
    nn.export.to_c(model, path, shape, **options)
    return path.read_text(encoding="utf-8")


def test_sizes_are_defined_and_said(path):
    text = written(built(DIGITS), path, (1, 8, 8))
    assert "#define MODEL_INPUTS 64\n#define MODEL_OUTPUTS 10\n" in text
    assert f"#define MODEL_SCRATCH {4 * (144 + 36)} /* bytes */" in text
    assert text.startswith("/* model: Sequential of 410 parameters, for one sample 1×8×8, row by")
    assert "Conv2D(1, 4, 3)" in text


def test_layers_of_one_shape_share_a_function_and_rows_that_die_their_memory(path):
    text = written(built("Sequential(*[Dense(9, 9) for _ in range(9)])"), path)
    assert text.count("static void") == 1
    assert "    layer_0(scratch + 9, layer_8_weight, layer_8_bias, y); /* 8 */\n" in text
    assert f"#define MODEL_SCRATCH {4 * 2 * 9} " in text


def test_a_loop_reads_like_the_formula(path):
    text = written(built(DIGITS), path, (1, 8, 8))
    assert "sum += weight[9 * i + 3 * u + v] * x[8 * (j + u) + k + v];" in text
    assert "y[36 * i + 6 * j + k] = relu(sum + bias[i]);" in text
    assert "/* 0  144 dots = (4×9)·(9×36), 4 shared kernels × 36 shared windows\n" in text


def test_what_needs_no_mathematics_needs_no_library(path):
    assert "#include <" not in written(built(DIGITS), path, (1, 8, 8))
    text = written(built("Sequential(Dense(2, 2), Tanh())"), path)
    assert "#include <math.h>" in text
    assert "tanhf(" in text


def test_weights_are_in_the_file_once_and_those_that_nobody_reads_are_not(path):
    dense, norm = nn.Dense(3, 3), built("BatchNorm2D(2)")
    text = written(nn.Sequential(dense, nn.Tanh(), dense, nn.Tanh()), path)
    assert text.count("static const float") == 2
    assert text.count("layer_0(") == 3  # one function, two calls
    text = written(norm, path, (2, 2, 2))
    assert "running_mean" in text
    assert "running_var" not in text  # only its root with epsilon is


def test_weights_are_written_in_as_few_digits_as_they_need(path):
    model = nn.Dense(2, 1)
    model.weight.assign([[0.1, 1 / 3]])
    model.bias.assign([-2])
    text = written(model, path)
    assert re.search(r"weight\[2\] = {\n +0.1f, +0.33333334f,\n", text)
    assert re.search(r"bias\[1\] = {\n +-2.0f,\n", text)


def test_the_same_model_gives_the_same_text(path):
    first = written(built(NETS[1][0]), path, NETS[1][1])
    assert written(built(NETS[1][0]), path, NETS[1][1]) == first


def test_evaluation_is_exported_whatever_the_mode_and_the_mode_stays(path):
    model = built("Sequential(BatchNorm2D(2), Dropout(0.5))").train()
    written(model, path, (2, 3, 3))
    assert all(module.training for module in model.modules())
    assert_computes(path, model, batch((2, 3, 3), 2))


def test_preprocessing_goes_along_in_words(path):
    model = nn.Dense(2, 2)
    model.preprocessing = {"scale": 255, "why": "*/ #error ??/\n /* \u2028"}
    text = written(model, path)
    assert '{"scale": 255, "why": "' in text
    assert_computes(path, model, batch((2,), 1))


def test_the_shape_is_given_or_that_of_the_training_or_of_the_first_layers(path):
    assert "_INPUTS 12\n" in written(nn.ReLU(), path, (3, 4))
    assert "_INPUTS 5\n" in written(nn.Sequential(nn.Dropout(), nn.Dense(5, 2)), path)
    model = nn.Sequential(nn.Conv2D(1, 1, 3), nn.GlobalAvgPool())
    model.input_shape = (1, 6, 7)
    assert "_INPUTS 42\n" in written(model, path)


# --- names ----------------------------------------------------------------------------------------


def test_the_function_is_called_as_the_file_or_as_one_says(tmp_path):
    model = built("Dense(2, 2)")
    assert "void digit_2(const float *x, float *y)" in written(model, tmp_path / "digit_2.c")
    text = written(model, tmp_path / "my model.c", name="mine")
    assert "#define MINE_INPUTS 2" in text


BAD = ["2b", "my model", "größe", "_model", "", "for", "double", "main", "expf", "printf", "relu"]
BAD += ["NAN", "bool"]


@pytest.mark.parametrize("name", [*BAD, "scratch", "a;b", "x\n", "a*/"])
def test_what_cannot_be_a_function_is_refused(name, tmp_path):
    with pytest.raises(ValueError, match=r"^to_c: .* cannot be the name of a function in C"):
        nn.export.to_c(nn.Dense(2, 2), tmp_path / "model.c", name=name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["x", "y", "layer_0", "t1", "sum", "i", "weight", "Dense", "index"]
)
def test_a_function_may_be_called_like_something_inside(name, tmp_path):
    model = built("Sequential(Dense(2, 3), GELU(), Dense(3, 2), Softmax())")
    nn.export.to_c(model, tmp_path / f"{name}.c")
    assert_computes(tmp_path / "_", model, batch((2,), 2), flags=["-Wno-shadow"], name=name)


HOSTILE = [
    "*/ int evil; /*",
    "exp",
    "for",
    "NAN",
    "MODEL_INPUTS",
    "linux",
    "x",
    "scratch",
    "??/",
    "a\nb",
    "ü",
    '"',
    "\u202e",
    "\\",
]


def test_names_of_layers_are_names_of_nothing_else(path):
    random.seed(0)
    layers = {name: nn.Dense(3, 3) for name in HOSTILE}
    model = nn.Sequential(**layers, relu=nn.Tanh(), t1=nn.Sigmoid())
    text = written(model, path)
    assert "evil;" in text  # as words
    assert text.isprintable() or "\u202e" not in text
    for compiler in COMPILERS:
        assert_computes(path, model, batch((3,), 2), compiler)


class Named(nn.Module):
    """Parameters that are called like what stands in the functions."""

    def __init__(self):
        for name in ("sum", "i", "u", "x", "y", "expf", "int", "tanhf", "t1", "t2"):
            setattr(self, name, nn.module.Parameter([[0.5, -1.0], [0.25, 2.0]]))

    def forward(self, x):
        for part in (self.sum, self.i, self.u, self.x, self.y, self.expf, self.int):
            x = (part @ x).tanh() * self.t1[0] + self.tanhf[1]
            y = x * self.t1[1]
            x = y * (1 + y.tanh()) + y * self.t2[0]
        return x


def test_names_of_parameters_are_names_of_nothing_else(path):
    nn.export.to_c(Named(), path, (2,))
    assert_computes(path, Named(), batch((2,), 2))


# --- numbers --------------------------------------------------------------------------------------


def test_weights_that_share_numbers_are_right(path):
    model = built("Sequential(Dense(3, 3), Dense(3, 3))")
    model[1].weight.values = model[0].weight.T.values
    nn.export.to_c(model, path)
    assert_computes(path, model, batch((3,), 2))


def test_fractions_and_whole_numbers_become_floats(path):
    model = nn.Sequential(nn.Dense(2, 1), nn.LeakyReLU(Fraction(1, 4)))
    model[0].weight.assign([[Fraction(1, 3), 2]])
    nn.export.to_c(model, path)
    assert_computes(path, model, np.array([[1.0, 1.0], [-3.0, 0.0]]))


def test_weights_that_are_not_finite_stay_what_they_are(path):
    model = nn.Dense(2, 3, bias=False)
    model.weight.assign([[math.nan, 0.0], [1.0, math.inf], [-math.inf, 1.0]])
    nn.export.to_c(model, path)
    got = run(program(path.parent, "gcc"), np.ones((1, 2)))
    np.testing.assert_equal(got, [[math.nan, math.inf, -math.inf]])


def test_rows_may_be_gathered_in_any_order_with_constants_between(path):
    class Gathered(nn.Module):
        def forward(self, x):
            a, b, c, d, e = x.values
            return Tensor([e, 1.5, a, a * b, 0.25, c, d, b, d + e])

    nn.export.to_c(Gathered(), path, (5,))
    assert_computes(path, Gathered(), batch((5,), 2))


def test_a_tensor_may_have_more_axes_than_there_are_letters(path):
    class Turned(nn.Module):
        def forward(self, x):
            return x.permute(*reversed(range(x.ndim))).tanh()

    shape = (2,) * 9
    nn.export.to_c(Turned(), path, shape)
    assert_computes(path, Turned(), batch(shape, 1))


def test_a_model_may_be_one_number_or_have_none_of_its_input_in_its_output(path):
    class Sum(nn.Module):
        def forward(self, x):
            return x.sum().values[0] if isinstance(x.sum(), Tensor) else x.sum()

    class Fixed(nn.Module):
        def __init__(self):
            self.weight = nn.module.Parameter([1.0, 2.0, 3.0])

        def forward(self, x):
            return self.weight[1:] * 2

    for model in (Sum(), Fixed()):
        nn.export.to_c(model, path, (4,))
        assert_computes(path, model, batch((4,), 2))


# --- mistakes -------------------------------------------------------------------------------------


class Doubled(nn.Module):
    def __init__(self):
        self.dense = nn.Dense(2, 2)

    def forward(self, x):
        return self.dense(x) * 2


def test_a_forward_of_its_own_is_exported_as_any_other(path):
    model = Doubled()
    nn.export.to_c(model, path)
    assert_computes(path, model, batch((2,), 2))


class Twice(nn.Module):
    def forward(self, x):
        return x, x


class Deciding(nn.Module):
    def forward(self, x):
        return x if x[0] > 0 else -x


class Drawing(nn.Module):
    def forward(self, x):
        return x * autograd.drawn((2,), random.Random(0), lambda u: 2 * u)


def weighing(number):
    model = nn.Sequential(nn.Dense(1, 1))
    model[0].weight[0, 0].data = number
    return model


def computed():
    layer = nn.Dense(2, 2)
    weight = layer.weight
    del layer.weight
    layer.weight = weight * 2
    return layer


CNN = nn.Sequential(nn.Conv2D(1, 2, 3), nn.Flatten(), nn.Dense(8, 2))
MISTAKES = {
    "no model": ("model", None, TypeError, "to_c: needs a Module, got 'model'"),
    "any shape": (nn.ReLU(), None, ValueError, r"to_c: .* several shapes; give shape=.*\(1, 28, "),
    "any size": (CNN, None, ValueError, "to_c: the model takes inputs of several shapes"),
    "an axis with a name": (nn.Dense(2, 2), ("time", 2), TypeError, "to_c: an axis of shape must"),
    "an axis of 0": (nn.Dense(2, 2), (0, 2), ValueError, "to_c: an axis of shape must be at least"),
    "channels": (CNN, (3, 4, 4), ValueError, "Conv2D.*channels"),
    "two results": (Twice(), (2,), TypeError, r"to_c: the model must return one Tensor, got \("),
    "a decision": (Deciding(), (2,), autograd.UnknownNumberError, "recorded once"),
    "random numbers": (
        Drawing(),
        (2,),
        ValueError,
        "^to_c: one result must be made of one argument, without random",
    ),
    "computed weights": (computed(), (2,), ValueError, "computed outside of it"),
    "complex": (weighing(1j), None, ValueError, "to_c: 0.weight: 1j is not a real number"),
    "too large": (weighing(1e39), None, ValueError, "to_c: 0.weight: 1e[+]39 is too large"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_and_the_old_file_stays(name, path):
    model, shape, kind, message = MISTAKES[name]
    path.write_bytes(b"old")
    with pytest.raises(kind, match=message):
        nn.export.to_c(model, path, shape)
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_written_is_said_and_left_as_it_is(tmp_path):
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        folder = Path("/proc/self")  # nobody makes files here
    else:
        folder = tmp_path
        tmp_path.chmod(0o500)
    with pytest.raises(OSError, match="model"):
        nn.export.to_c(nn.Dense(2, 2), folder / "model.c")
