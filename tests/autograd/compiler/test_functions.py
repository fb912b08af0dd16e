"""Functions that no layer wrote: scalars in, matrices out, the same numbers as eager mode."""

import math
import random

import numpy as np
import pytest
from oracle import BOTH, batch, check, eagerly, parameter

import autograd
from autograd import Primitive, Tensor, Value, apply, grad, softmax
from autograd.compiler.plan.matmul import MatMul
from autograd.numbers.piecewise import select

pytestmark = pytest.mark.usefixtures("backend")


def products(program):
    """(rows, inner, columns) of every product of matrices."""
    kernels = [kernel for kernel in program.plan.forward if isinstance(kernel, MatMul)]
    return [(kernel.rows, kernel.inner, kernel.columns) for kernel in kernels]


# --- scalars written by hand become matrices ---


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
    assert {(6, 2, 1), (6, 6, 1), (1, 6, 1)} <= set(products(program))


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


# --- formulas ---


def test_a_primitive_of_ones_own_is_compiled_as_it_is_written():
    """A row is generic in the number, so it serves arrays as well as floats."""
    cube = Primitive("mine", "³", lambda x: x * x * x, lambda _y, x: (3 * x * x,))
    double = Primitive("mine", "2·", lambda x: x + x, lambda *_: (2,))
    w = parameter(3, seed=23)
    check(lambda x: apply(cube, (w * x).sum()) + apply(double, w[0] * x[1]), [batch(4, 3)], [w])


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


@pytest.mark.parametrize("a", [True, False, lambda x: x > 0.5])
@pytest.mark.parametrize("b", [True, False, lambda x: x < -0.5])
def test_slopes_of_a_primitive_of_ones_own_may_be_chosen_by_conditions(a, b):
    """where(x > 0, a, b) as a partial: the branches are known, or truths for each sample."""

    def slope(_y, x):
        return (select(x > 0, a(x) if callable(a) else a, b(x) if callable(b) else b),)

    odd = Primitive("odd", "?", lambda x: x * x, slope)
    w = parameter(3, seed=24)
    check(lambda x: sum(apply(odd, z) for z in w * x) * 2.0, [batch(9, 3)], [w])


@pytest.mark.parametrize("name", ["relu", "stop", "pow", "exp", "where", "greater"])
def test_a_row_that_is_called_like_one_of_the_table_stays_itself(name):
    double = Primitive(name, "2·", lambda x: x + x, lambda *_: (2,))
    w = parameter(3)
    check(lambda x: apply(double, (w * x).sum()), [batch(4, 3)], [w], BOTH)


def test_slopes_may_be_chosen_by_a_condition_that_is_chosen_itself():
    """|x| > 1, asked in two branches."""
    steep = Primitive(
        "steep",
        "steep",
        lambda x: x * select(select(x > 0, x > 1, x < -1), 2.0, 3.0),
        lambda y, x: (select(select(x > 0, x > 1, x < -1), 2.0, 3.0),),
    )
    w = Tensor([-2.0, -0.5, 0.5, 2.0])
    check(lambda x: Tensor([apply(steep, v) for v in w * x]).sum(), [batch(6)], [w], BOTH)
