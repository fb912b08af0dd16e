"""Whoever compiles is told when the program and the recorded scalars disagree, and where."""

import random
import re

import numpy as np
import pytest

import autograd
import nn
from autograd import Primitive, Tensor, Value, apply, batch_mean, drawn, where
from autograd.compiler import program as programs
from autograd.compiler.backends.native.source import _File
from autograd.compiler.backends.numpy import NumPy
from autograd.compiler.backends.numpy.kernels import calls
from autograd.compiler.plan import lower, maps, reverse
from autograd.compiler.plan.views import View
from autograd.dialects import c, jax
from autograd.dialects import numpy as vocabulary
from autograd.numbers.kinds import UNKNOWN


def compiled(function, *examples, **options):
    return autograd.compile(function, *(examples or ([0.5, -0.25, 2.0],)), **options)


class Net(nn.Module):
    """A layer that is called by its name."""

    def __init__(self):
        self.fc, self.squash = nn.Dense(3, 2), nn.Tanh()

    def forward(self, x):
        return self.squash(self.fc(x))


def test_a_wrong_row_of_numpys_vocabulary_is_named_with_the_layer(monkeypatch):
    monkeypatch.setitem(vocabulary.SIMPLE, "tanh", np.sinh)
    net = Net()
    with pytest.raises(RuntimeError, match=r"compile: for squash\[\d\] the program gives"):
        compiled(net, parameters=net.parameters())


def test_the_label_of_a_result_names_it(monkeypatch):
    monkeypatch.setitem(vocabulary.SIMPLE, "exp", np.expm1)

    def function(x):
        energy = (x * x).sum().exp()
        energy.label = "energy"
        return x.sum(), energy

    with pytest.raises(RuntimeError, match="compile: for energy the program gives"):
        compiled(function)


def test_the_wrong_one_of_several_results_is_counted(monkeypatch):
    monkeypatch.setitem(vocabulary.SIMPLE, "cos", np.sin)
    with pytest.raises(RuntimeError, match="compile: for result 2 the"):
        compiled(lambda x: (x.sum(), [x * 2.0, {"wrong": x.cos()}]))


def test_a_product_of_the_wrong_operands_is_found(monkeypatch):
    w = Tensor(np.arange(9.0).reshape(3, 3))
    matmul = lower.Lowering._matmul

    def reordered(self, pack, which, lefts, rights):
        matmul(self, pack, which, lefts[:, ::-1], rights)

    monkeypatch.setattr(lower.Lowering, "_matmul", reordered)
    with pytest.raises(RuntimeError, match="please report this with the function"):
        compiled(lambda x: w @ x, parameters=[w])


def test_a_wrong_layout_is_found(monkeypatch):
    right = lower.layout_of

    def shifted(rows):
        found = right(rows)
        return found if found is None or rows.size < 2 else found._replace(offset=found.offset + 1)

    monkeypatch.setattr(lower, "layout_of", shifted)
    with pytest.raises(RuntimeError, match="result 0"):
        compiled(lambda x: x[:2].sum())


def test_a_tape_that_is_folded_wrongly_is_found(monkeypatch):
    fold = programs.fold

    def forgetful(tape):
        fold(tape)
        last = tape.schedule[-1]
        tape.args[last] = tape.args[last][::-1]

    monkeypatch.setattr(programs, "fold", forgetful)
    with pytest.raises(RuntimeError, match="result 0"):
        compiled(lambda x: x[0] - x[1])


def test_a_program_that_draws_is_compared_with_the_same_draws(monkeypatch):
    rng = random.Random(0)

    def function(x):
        return (x * drawn((3,), rng, lambda u: u > 0.5)).sum()

    state = rng.getstate()
    compiled(function)
    assert rng.getstate() == state
    monkeypatch.setitem(vocabulary.SIMPLE, "mul", np.add)
    with pytest.raises(RuntimeError, match="result 0"):
        compiled(function)


def test_nan_agrees_with_nan_and_infinity_with_infinity():
    program = compiled(lambda x: ((x[0] - 1.0).sqrt(), 1 / (x[0] - 0.5)))
    assert np.isnan(program([[0.5, 0.0, 0.0]])[0]).all()


# --- the gradient --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda w, x: (w[2] * x[2]).exp() + w.sum(), "w[2]"),
        (lambda w, x: (w + x).tanh().sum(), "w[0]"),
        (lambda w, x: (w * 2.0 + x).relu().sum(), "w[0]"),
    ],
)
def test_a_slope_that_is_left_out_is_found_and_the_parameter_is_named(monkeypatch, function, name):
    monkeypatch.setattr(maps, "handed_on", lambda upstream, *_: upstream)
    w = Tensor([1.0, 2.0, 3.0], label="w")
    with pytest.raises(RuntimeError, match=re.escape(f"compile: the gradient of {name} is")):
        compiled(lambda x: function(w, x), [1.0, 0.5, 2.0], parameters=[w])


def test_a_contribution_that_is_forgotten_is_found(monkeypatch):
    monkeypatch.setattr(maps, "_merged", lambda terms: terms[:1])
    w = Value(3.0)
    with pytest.raises(RuntimeError, match=r"the gradient of parameter 0 is 3\.0 .* 6\.0 in"):
        compiled(lambda x: w * w + x, 1.0, parameters=[w])


def test_adjoints_that_are_written_where_they_should_be_added_are_found(monkeypatch):
    monkeypatch.setattr(reverse._Adjoints, "_adds", lambda *_: False)
    w = Tensor([1.0, 2.0])
    with pytest.raises(RuntimeError, match="the gradient"):
        compiled(lambda x: ((h := w * x).exp() + h.sin()).sum(), [1.0, 2.0], parameters=[w])


def test_a_mean_over_the_batch_whose_adjoint_is_forgotten_is_found(monkeypatch):
    monkeypatch.setattr(maps.BatchMean, "adjoint", lambda *_: ())
    w = Value(3.0)
    with pytest.raises(RuntimeError, match=r"the gradient of parameter 0 is 0\.0 .* 2\.0 in"):
        compiled(lambda x: batch_mean(w * x), 2.0, parameters=[w])


def test_products_of_the_wrong_adjoint_are_found(monkeypatch):
    monkeypatch.setattr(View, "transposed", lambda view: view)
    w = Tensor([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises((RuntimeError, ValueError)):
        compiled(lambda x: (w @ (w @ x)).sum(), [1.0, 2.0], parameters=[w])


# --- the backend that runs the program -----------------------------------------------------------


native = pytest.mark.parametrize("backend", ["native"], indirect=True)


@pytest.mark.parametrize("backend", ["native", "jax"], indirect=True)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_wrong_word_of_the_programs_own_backend_is_found(monkeypatch, backend, dtype):
    if backend == "native":
        monkeypatch.setitem(c.VOCABULARY, "tanh", "{0} * {0}")
    else:
        monkeypatch.setitem(jax.words(), "tanh", lambda x: x * x)
    net = Net()
    with pytest.raises(RuntimeError, match=r"compile: for squash\[\d\] the program gives"):
        compiled(net, parameters=net.parameters(), dtype=dtype)


@native
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_gradient_that_is_not_added_up_is_found(monkeypatch, backend, dtype):
    monkeypatch.setattr(_File, "_collected", lambda *_: [])
    w = Tensor([1.0, 2.0, 3.0], label="w")
    with pytest.raises(RuntimeError, match=r"the gradient of w\[\d\] is 0.0 in the program"):
        compiled(lambda x: (w * x).tanh().sum(), parameters=[w], dtype=dtype)


@pytest.mark.parametrize("backend", ["native", "jax"], indirect=True)
@pytest.mark.parametrize(
    "function",
    [
        lambda w, x: ((w * x + 1e7) - 1e7 - w * x).sum(),
        lambda w, x: (w * x).sum().exp().exp(),
        lambda w, x: where(w[0] * x[0] + 1e6 > 1e6, x[0] * w[0], x[1] * w[1]),
        lambda w, x: (1e5 * (w * x + 3000.0)).sin().sum(),
        lambda w, x: (w * 1e-30 * x).sum() * 1e-30,
        lambda w, x: ((w - w.mean()) * x).mean() * 1e-3,
        lambda w, x: (w * x).max(),
    ],
)
def test_rounding_of_single_precision_is_no_mistake(backend, function):
    w = Tensor([1.0, 1.0, 3.0], label="w")
    for example in ([0.5, 0.5, 2.0], [0.1, 0.1, 0.1], [2e-7, 1e-7, 3.0]):
        compiled(lambda x: function(w, x), example, parameters=[w])


def test_in_a_tie_either_winner_is_right(monkeypatch):
    """Sums in another order round otherwise, so that another one of equal numbers may be larger."""
    monkeypatch.setattr(View, "planes", lambda view, planes=View.planes: planes(view)[::-1])
    w = Tensor([1.0, 1.0, 0.5])
    program = compiled(lambda x: (w * x).max(), [2.0, 2.0, 2.0], parameters=[w])
    assert program.value_and_grad([[2.0, 2.0, 2.0]])[1][0].tolist() == [0.0, 2.0, 0.0]


def test_a_row_of_ones_own_may_have_no_slope_at_the_example():
    inverse = Primitive("inverse", "1/", lambda x: 1 / (x + 1), lambda y, x: (-y * (y / (y * x)),))
    w = Value(1.0)
    program = compiled(lambda x: apply(inverse, w * x), 0.0, parameters=[w])
    assert program([0.0, 1.0]).tolist() == [1.0, 0.5]


def test_recorded_values_keep_no_numbers_of_the_check():
    kept = [None] * 300  # too long for a memory that is put back

    def function(x):
        kept.extend([x, x * 2.0])
        return (x * 2.0) * 3.0

    compiled(function, 0.5)
    assert [v.data for v in kept[300:]] == [UNKNOWN] * 2


def test_a_kernel_that_numpy_does_not_know_is_named():
    program = compiled(lambda x: x.sum())
    with pytest.raises(TypeError, match="NumPy has no calls for 'scan'"):
        calls("scan", NumPy(program.plan, program.weights).executable(1).memory)
