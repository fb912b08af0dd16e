"""Functions that no layer wrote: scalars in, matrices out, the same numbers as eager mode."""

import importlib.util
import math
import random
import sys
import types

import numpy as np
import pytest
from oracle import check, eagerly, leaves, numbers

import autograd
from autograd import Tensor, Value, grad, hessian, jacobian, softmax, stack, stop_gradient, where
from autograd.compiler.kernels import Product

BOTH = ("float64", "float32")


def batch(*shape, seed=0):
    """Numbers that are all different and away from kinks."""
    return np.random.default_rng(seed).uniform(0.1, 1.2, shape) * np.where(
        np.random.default_rng(seed + 1).random(shape) < 0.5, -1, 1
    )


def parameter(*shape, seed=10):
    return Tensor(batch(*shape, seed=seed).tolist())


def products(program):
    """(rows, inner, columns) of every product of matrices."""
    kernels = [kernel for kernel in program.plan.kernels if isinstance(kernel, Product)]
    return [(kernel.rows, kernel.inner, kernel.columns) for kernel in kernels]


# --- scalars written by hand become matrices -------------------------------------------------------


@pytest.fixture
def their_nn(monkeypatch):
    """micrograd's published nn.py, unchanged, with its Value replaced by ours."""
    engine = types.ModuleType("micrograd.engine")
    engine.Value = Value
    monkeypatch.setitem(sys.modules, "micrograd.engine", engine)
    spec = importlib.util.find_spec("micrograd.nn")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_micrograds_mlp_becomes_one_product_for_each_layer(their_nn):
    random.seed(1337)
    model = their_nn.MLP(3, [4, 5, 1])
    program = check(lambda x: model(list(x)), [batch(7, 3)], model.parameters(), BOTH)
    assert products(program) == [(4, 3, 1), (5, 4, 1), (1, 5, 1)]


def test_micrograds_training_loss_with_its_regularisation_agrees(their_nn):
    random.seed(1337)
    model = their_nn.MLP(2, [6, 6, 1])

    def loss(x, label):
        score = model(list(x))
        return (1 + -label * score).relu() + 1e-4 * sum(p * p for p in model.parameters())

    labels = np.where(np.arange(9) % 2, 1.0, -1.0)
    program = check(loss, [batch(9, 2), labels], model.parameters(), BOTH)
    assert products(program)[:3] == [(6, 2, 1), (6, 6, 1), (1, 6, 1)]


def test_micrograds_moons_reach_the_loss_of_eager_training(their_nn):
    random.seed(1)
    models = [their_nn.MLP(2, [4, 1]) for _ in range(2)]
    for p, q in zip(*[m.parameters() for m in models], strict=True):
        p.data = q.data
    x, labels = batch(8, 2), np.where(np.arange(8) % 3, 1.0, -1.0)

    def loss_of(model):
        return lambda x, label: (1 + -label * model(list(x))).relu()

    parameters = [m.parameters() for m in models]
    program = autograd.compile(
        loss_of(models[0]), x[0], labels[0], parameters=parameters[0], dtype="float64"
    )
    for _ in range(5):
        loss, bars = program.value_and_grad(x, labels)
        run = eagerly(loss_of(models[1]), [x, labels], parameters[1])
        assert loss == pytest.approx(run.loss, rel=1e-9)
        for p, bar in zip(parameters[0], bars, strict=True):
            p.data -= 0.5 * float(bar)
        for p in parameters[1]:
            p.data -= 0.5 * p.grad


def test_a_perceptron_of_plain_loops_becomes_products():
    w1, b1, w2 = parameter(6, 4, seed=11), parameter(6, seed=12), parameter(2, 6, seed=13)

    def scalars(x):
        hidden = []
        for o in range(6):
            total = b1[o]
            for i in range(4):
                total = total + w1[o, i] * x[i]
            hidden.append(total.tanh())
        scores = [sum(w2[k, o] * hidden[o] for o in range(6)) for k in range(2)]
        return scores[0] * scores[0] + scores[1].exp()

    program = check(scalars, [batch(5, 4)], [w1, b1, w2], BOTH)
    assert products(program) == [(6, 4, 1), (2, 6, 1)]


def test_a_convolution_of_plain_loops_becomes_one_product_over_all_positions():
    kernel = parameter(3, 2, 2, seed=14)

    def loops(image):
        total = Value(0.0)
        for o in range(3):
            for i in range(3):
                for j in range(4):
                    cell = kernel[o, 0, 0] * image[i, j]
                    for u, v in ((0, 1), (1, 0), (1, 1)):
                        cell = cell + kernel[o, u, v] * image[i + u, j + v]
                    total = total + cell.relu()
        return total

    program = check(loops, [batch(4, 4, 5)], [kernel], BOTH)
    assert products(program) == [(3, 4, 12)]


# --- formulas ------------------------------------------------------------------------------------


def test_rosenbrocks_valley():
    a, b = Value(1.0), Value(100.0)
    check(lambda x, y: (a - x) ** 2 + b * (y - x**2) ** 2, [batch(6), batch(6, seed=3)], [a, b])


def test_an_unrolled_recurrent_cell():
    w, u, h0 = parameter(3, 3, seed=15), parameter(3, 2, seed=16), parameter(3, seed=17)

    def unrolled(xs):
        h = h0
        for x in xs:
            h = (w @ h + u @ x).tanh()
        return (h * h).sum(), h

    check(unrolled, [batch(4, 5, 2)], [w, u, h0], BOTH)


def test_a_gated_recurrent_cell():
    gates = [parameter(3, 5, seed=18 + k) for k in range(3)]

    def unrolled(xs):
        h = Tensor([0.0] * 3)
        for x in xs:
            both = autograd.concatenate([h, x])
            z, r = (gates[0] @ both).sigmoid(), (gates[1] @ both).sigmoid()
            new = (gates[2] @ autograd.concatenate([r * h, x])).tanh()
            h = (1 - z) * h + z * new
        return (h * h).sum(), h

    check(unrolled, [batch(4, 4, 2)], gates, BOTH)


def attention(x, q, k, v):
    queries, keys, values = x @ q, x @ k, x @ v
    return softmax(queries @ keys.T / math.sqrt(q.shape[1])) @ values


def test_an_attention_head():
    weights = [parameter(4, 3, seed=seed) for seed in (20, 21, 22)]

    def function(x):
        y = attention(x, *weights)
        return (y**2).mean(), y

    check(function, [batch(6, 5, 4)], weights, BOTH)


def test_attention_heads_with_a_residual_and_a_mask():
    heads = [[parameter(4, 2, seed=30 + 3 * h + k) for k in range(3)] for h in range(2)]
    mask = [[0.0 if j <= i else -1e9 for j in range(3)] for i in range(3)]

    def function(x):
        parts = []
        for q, k, v in heads:
            scores = (x @ q) @ (x @ k).T + mask
            parts.append(softmax(scores) @ (x @ v))
        y = x + autograd.concatenate(parts, -1)
        return (y * y).sum()

    check(function, [batch(5, 3, 4)], [w for head in heads for w in head], BOTH)


def test_a_double_pendulums_energy_and_its_forces():
    masses, lengths = parameter(2, seed=40), parameter(2, seed=41)

    def energy(angles, speeds):
        (a, b), (u, v) = angles, speeds
        l1, l2 = lengths
        m1, m2 = abs(masses[0]), masses[1] ** 2
        first = 0.5 * (m1 + m2) * l1**2 * u**2 + 0.5 * m2 * l2**2 * v**2
        kinetic = first + m2 * l1 * l2 * u * v * (a - b).cos()
        return kinetic - 9.81 * ((m1 + m2) * l1 * a.cos() + m2 * l2 * b.cos())

    batches = [batch(5, 2), batch(5, 2, seed=5)]
    check(energy, batches, [masses, lengths])
    check(lambda a, s: (energy(a, s), grad(energy(a, s), [a])[0]), batches, [masses, lengths])


def test_lennard_jones_energy_of_a_cluster_and_its_forces():
    depth, width = Value(1.5), Value(0.9)

    def energy(points):
        total = Value(0.0)
        for i in range(len(points)):
            for j in range(i):
                d = points[i] - points[j]
                s = (width / ((d * d).sum() + 0.5).sqrt()) ** 6
                total += 4 * depth * (s * s - s)
        return total

    check(energy, [batch(3, 5, 3)], [depth, width])
    check(lambda x: (energy(x), grad(energy(x), [x])[0]), [batch(3, 4, 2)], [depth, width])


# --- decisions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "decide",
    [
        lambda x, y: where(x > 0, x * y, x - y),
        lambda x, y: where(x < y, x**2, y**3),
        lambda x, y: where(x >= 0.3, 1.0, y),
        lambda x, y: where(x <= y, y, 0.0),
        lambda x, y: where(0.2 > x, x, x * x * y),
        lambda x, y: where(x, x * y, y),
        lambda x, y: where(x > 0, where(y > 0, x, y), x * y),
        lambda x, y: (x > y) * x + (x <= y) * y * y,
        lambda x, y: x.maximum(y) * y.minimum(0.3) + abs(x).maximum(0.5),
        lambda x, y: (x * y).relu() + (x - y).leaky_relu(0.1) + (x - y).leaky_relu(1.5),
        lambda x, y: (x + y).leaky_relu(y),
        lambda x, y: where(x > 0, x.sqrt(), (-x).sqrt()) if x is None else abs(x).sqrt() * y,
    ],
)
def test_decisions_are_made_for_each_sample(decide):
    w = parameter(2)

    def function(x, y):
        z = decide(w[0] * x, w[1] * y)
        return z, z * 2.0

    check(function, [batch(12), batch(12, seed=7)], [w], BOTH)


def test_where_on_tensors_decides_for_each_entry():
    w = parameter(4)

    def function(x):
        conditions = stack([entry > 0 for entry in (x * w).values])
        y = where(conditions, x * w, w * w)
        return y.sum(), y

    check(function, [batch(6, 4)], [w], BOTH)


@pytest.mark.parametrize(
    "function",
    [
        lambda z: where(z > 100, (z * 0 - 1).sqrt(), z * 2),
        lambda z: where(z > 100, (z * 0).log() * math.inf, z * 2),
        lambda z: where(z < 100, z * 3, 1 / (z * 0)),
        lambda z: (z * 0 - 1).log().minimum(z) if z is None else (z - 1e9).exp() + z,
    ],
)
def test_no_nan_leaks_out_of_a_branch_that_was_not_taken(function):
    w = parameter(2)
    check(lambda x: function((w * x).sum()), [batch(5, 2)], [w])


@pytest.mark.parametrize("name", ["relu", "abs", "maximum", "minimum", "max", "min", "tanh"])
def test_a_nan_goes_through_forward_and_back_as_in_eager_mode(name):
    w = parameter(3)

    def function(x):
        y = w * x
        bad = (y[0] - 100).sqrt()
        if name in ("max", "min"):
            return getattr(stack([y[1], bad, y[2]]), name)()
        if name in ("maximum", "minimum"):
            return getattr(y[1], name)(bad)
        return abs(bad) if name == "abs" else getattr(bad, name)()

    check(function, [batch(4, 3)], [w])


@pytest.mark.parametrize("name", ["max", "min"])
def test_in_a_tie_of_a_reduction_the_first_entry_takes_the_gradient(name):
    w = Tensor([1.0, 2.0, 1.0, 2.0, 1.0])
    integers = np.random.default_rng(1).integers(-1, 2, (20, 5))
    check(lambda x: getattr(x * w, name)() * 3.0, [integers], [w], BOTH)


def test_a_maximum_of_many_entries_and_of_equal_numbers():
    w = Tensor([0.5] * 40)
    integers = np.random.default_rng(1).integers(-2, 3, (9, 40))
    check(lambda x: (x * w).max() ** 2 + (x * w).min(), [integers], [w], BOTH)
    check(lambda x: w.max() * x + w[0].maximum(w[1]), [batch(3)], [w])


# --- what goes in and comes out --------------------------------------------------------------------


def test_results_come_back_in_the_structure_in_which_they_were_returned():
    w = parameter(3)

    def function(x):
        y = w * x
        return {"loss": y.sum(), "both": (y, [y[0], y.reshape(3, 1)])}

    program = check(function, [batch(4, 3)], [w], BOTH)
    results = program(batch(4, 3))
    assert list(results) == ["loss", "both"]
    tensor, (value, column) = results["both"]
    assert isinstance(results["both"], tuple)
    assert (results["loss"].shape, value.shape) == ((4,), (4,))
    assert (tensor.shape, column.shape) == ((4, 3), (4, 3, 1))


@pytest.mark.parametrize(
    "function",
    [
        lambda x, w: (x[1], x, x[::-1], x[0]),
        lambda x, w: (x.sum(), Value(3.0), Tensor([1.0, 2.0])),
        lambda x, w: (Value(2.5), x),
        lambda x, w: (x.sum(), w, w[0], w * w, (w * w).sum(), w[::-1]),
        lambda x, w: ((w * w).sum(), x),
        lambda x, w: (w[1], w, x),
        lambda x, w: (x[0] * w[0], stack([x[0], w[1], Value(3.0), x[0] * w[0]])),
        lambda x, w: (x[0], x[0], [x[0]]),
        lambda x, w: ((x * w).sum() + (w**2).sum(),),
        lambda x, w: (Value(2.0) * Value(3.0) * w[0] * x[0], Value(2.0) + Value(3.0)),
        lambda x, w: (x.pad(1, value=Value(1.0) + 1.0).windows((3,)) @ w[:3] @ w[:4],),
        lambda x, w: (x.pad(1, value=w[0]).windows((3,)) @ w[:3] @ w[:4],),
        lambda x, w: (stop_gradient(x * w).sum() * w[0], x.detach(), w.detach()),
    ],
)
def test_results_may_be_inputs_constants_parameters_and_what_depends_on_these_alone(function):
    w = parameter(4)
    for n in (1, 5):
        check(lambda x: function(x, w), [batch(n, 4)], [w], BOTH)


def test_the_gradient_of_a_loss_without_the_sample_does_not_depend_on_the_batch():
    w = parameter(3)
    program = autograd.compile(lambda x: (w * w).sum(), 0.0, parameters=[w], dtype="float64")
    for n in (1, 2, 64):
        loss, (bar,) = program.value_and_grad(np.zeros(n))
        assert loss == pytest.approx(float(np.sum(w.numpy() ** 2)), rel=1e-12)
        assert bar == pytest.approx(2 * w.numpy(), rel=1e-12)


def test_examples_may_be_numbers_arrays_lists_tensors_and_values():
    w = Value(0.5)
    for number in (0.3, 1, np.float32(0.3), np.array(0.3), Value(0.3)):
        program = autograd.compile(lambda x: x * w, number, parameters=[w], dtype="float64")
        assert program([1.0, 2.0]).tolist() == [0.5, 1.0]
    for rows in ([0.3, 0.4], (1, 2), np.zeros(2, np.int8), Tensor([0.1, 0.2])):
        program = autograd.compile(lambda x: x.sum() * w, rows, parameters=[w], dtype="float64")
        assert program([[1, 2], [3, 4]]).tolist() == [1.5, 3.5]


def test_batches_may_be_lists_tensors_and_arrays_of_any_real_type():
    program = autograd.compile(lambda x: x.sum(), [0.0, 0.0], dtype="float64")
    rows = [[1, 0], [1, 1]]
    kinds = [bool, np.int8, np.uint64, np.float16, np.longdouble]
    for kind in kinds:
        assert program(np.array(rows, kind)).tolist() == [1.0, 2.0]
    for same in (rows, Tensor(rows), np.array(rows).T.copy().T, np.array(rows)[::1, ::-1]):
        assert program(same).tolist() == [1.0, 2.0]


def test_parameters_may_be_values_tensors_and_layers_of_both():
    w, b, bulk = Value(0.3), Value(-0.2), parameter(2, 3)
    check(lambda x: ((bulk @ x) * w + b).tanh().sum(), [batch(4, 3)], [b, bulk, w], BOTH)


def test_an_unused_parameter_and_an_unused_argument_have_no_influence():
    w, idle = parameter(2), parameter(3)
    program = check(lambda x, y: (w * x).sum(), [batch(4, 2), batch(4, 5)], [idle, w], BOTH)
    assert not program.value_and_grad(batch(4, 2), batch(4, 5))[1][0].any()


def test_a_parameter_may_be_called_like_anything_in_a_plan():
    for name in ("constants", "sum", "x", ""):
        w = Tensor([0.5, 0.25], label=name)
        check(lambda x, w=w: (w * x * 3.0 + 1.5).sum(), [batch(3, 2)], [w])


# --- derivatives of derivatives ----------------------------------------------------------------------


SMOOTH_AND_KINKY = {
    "cube": lambda z: z**3,
    "square": lambda z: z**2,
    "root": lambda z: (z * z + 0.5) ** 0.5,
    "reciprocal": lambda z: (z * z + 0.5) ** -1,
    "quotient": lambda z: z / (1 + z * z),
    "power": lambda z: (z * z + 0.5) ** z,
    "exp": lambda z: z.exp(),
    "log": lambda z: (z * z + 0.5).log(),
    "sin": lambda z: z.sin() * z.cos(),
    "tanh": lambda z: z.tanh(),
    "sigmoid": lambda z: z.sigmoid(),
    "softplus": lambda z: z.softplus(),
    "erf": lambda z: z.erf(),
    "relu": lambda z: z.relu() ** 3,
    "abs": lambda z: abs(z) ** 3,
    "maximum": lambda z: z.maximum(0.2 * z + 0.1) ** 3,
    "minimum": lambda z: (z.minimum(0.2) * z) ** 2,
    "leaky": lambda z: z.leaky_relu(0.2) ** 3,
    "where": lambda z: where(z > 0.1, z**3, z.sin()),
}


@pytest.mark.parametrize("name", SMOOTH_AND_KINKY)
def test_second_and_third_derivatives_in_the_input_train_parameters(name):
    f, w = SMOOTH_AND_KINKY[name], parameter(2)

    def function(x):
        (first,) = grad(f(w[0] * x + w[1]), [x])
        (second,) = grad(first, [x])
        (third,) = grad(second, [x])
        return first * second + third, first, second, third

    check(function, [batch(6)], [w])


def test_second_derivatives_of_reductions_over_a_tensor():
    w = parameter(4)

    def function(x):
        y = (w * x).max() ** 3 + (w * x * x).min() ** 2 + (w * x).sum() ** 3 + (w @ x) ** 2
        (first,) = grad(y, [x])
        (second,) = grad(first.sum(), [x])
        return (first * second).sum(), first, second

    check(function, [batch(6, 4)], [w])


def test_hessians_and_jacobians():
    w = parameter(3, 3)

    def energy(x):
        return (w @ x).tanh().sum() + (x * x).sum() ** 2 + (w @ x).relu().sum() ** 2

    def function(x):
        h, j = hessian(energy(x), x), jacobian((w @ x).sin(), x)
        return (h * h).sum() + (j * j).sum(), h, j

    check(function, [batch(5, 3)], [w])


def test_a_gradient_in_the_parameters_inside_the_function():
    """Differentiating through a step of gradient descent, as meta-learning does."""
    w = parameter(3)

    def function(x, t):
        (bar,) = grad(((w * x).sum() - t) ** 2, [w])
        return (((w - 0.1 * bar) * x).sum() - t) ** 2, bar

    check(function, [batch(5, 3), batch(5, seed=9)], [w], BOTH)


def test_a_physics_informed_network():
    w, b, v = parameter(5, seed=50), parameter(5, seed=51), parameter(5, seed=52)

    def residual(t):
        u = (v * (w * t + b).tanh()).sum()
        (du,) = grad(u, [t])
        (ddu,) = grad(du, [t])
        return (ddu + 0.1 * du + u) ** 2, u

    check(residual, [batch(8)], [w, b, v], BOTH)


def test_compiling_leaves_gradients_and_numbers_alone():
    w = parameter(3)
    run = eagerly(lambda x: (w * x).sum(), [batch(4, 3)], [w])
    before = numbers(w)
    autograd.compile(lambda x: grad((w * x).sum() ** 2, [w])[0].sum(), [0.1] * 3, parameters=[w])
    assert np.array_equal(numbers(w), before)
    assert np.array_equal(np.array(w.grad), run.gradients[0])
    assert leaves({"a": [1, (2, 3)]}) == [1, 2, 3]
