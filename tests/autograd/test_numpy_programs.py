"""Programs as people write them for HIPS's autograd, with `import numpy as np`: they learn."""

from itertools import pairwise

import numpy as np
import pytest

import autograd
from autograd import (
    Tensor,
    elementwise_grad,
    grad,
    hessian,
    hessian_vector_product,
    logsumexp,
    value_and_grad,
)


def descend(gradient, x, steps, rate, momentum=0.9):
    """Gradient descent with momentum, of arrays."""
    velocity = np.zeros_like(x)
    for k in range(steps):
        velocity = momentum * velocity - rate * gradient(x, k)
        x = x + velocity
    return x


# --- Rosenbrock's valley --------------------------------------------------------------------------


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def test_newtons_method_walks_rosenbrocks_valley():
    x, slope, curvature = np.array([-1.2, 1.0, 0.8]), grad(rosenbrock), hessian(rosenbrock)
    for _ in range(30):
        x = x - np.linalg.solve(curvature(x), slope(x))
    np.testing.assert_allclose(x, 1.0, rtol=1e-9)
    v = np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(hessian_vector_product(rosenbrock)(x, v), curvature(x) @ v)


# --- a neural network whose parameters are a list of pairs ----------------------------------------


def layers(sizes, rng):
    return [(rng.normal(size=(m, n)) * 0.5, np.zeros(n)) for m, n in pairwise(sizes)]


def log_probabilities(parameters, inputs):
    for w, b in parameters:
        outputs = np.dot(inputs, w) + b
        inputs = np.tanh(outputs)
    return outputs - logsumexp(outputs, axis=1, keepdims=True)


def test_a_network_learns_exclusive_or():
    inputs = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    targets = np.eye(2)[[0, 1, 1, 0]]

    def loss(parameters, k):
        prior = sum(np.sum(w**2) + np.dot(b, b) for w, b in parameters)
        return 1e-4 * prior - np.sum(log_probabilities(parameters, inputs) * targets)

    parameters, gradient = layers([2, 6, 2], np.random.default_rng(0)), grad(loss)
    for k in range(100):
        slopes = gradient(parameters, k)
        parameters = [
            (w - 0.3 * dw, b - 0.3 * db)
            for (w, b), (dw, db) in zip(parameters, slopes, strict=True)
        ]
    found = np.argmax(log_probabilities(parameters, inputs).numpy(), axis=1)
    assert found.tolist() == [0, 1, 1, 0]


# --- a mixture of normal distributions, its parameters in a dict ----------------------------------


def log_densities(parameters, points):
    """log p(k) + log N(x; μ_k, (LLᵀ)⁻¹) of each component: (components, points)."""
    each = []
    for k, shares in enumerate(parameters["log shares"]):
        root = np.tril(parameters["roots"][k], -1) + np.diag(
            np.exp(np.diag(parameters["roots"][k]))
        )
        z = np.dot(points - parameters["means"][k], root)
        size = np.sum(np.diag(parameters["roots"][k]))
        each.append(shares + size - 0.5 * np.sum(z**2, axis=1) - np.log(2 * np.pi))
    return np.vstack(each)


def test_a_mixture_finds_two_clusters():
    rng = np.random.default_rng(1)
    points = np.concatenate(
        [rng.normal([-2.0, 0.0], 0.3, (15, 2)), rng.normal([1.5, 1.0], 0.5, (15, 2))]
    )

    def loss(parameters):
        shares = parameters["log shares"] - logsumexp(parameters["log shares"])
        joint = log_densities({**parameters, "log shares": shares}, points)
        return -np.mean(logsumexp(joint, axis=0))

    parameters = {
        "log shares": np.zeros(2),
        "means": np.array([[-0.5, 0.1], [0.5, 0.0]]),
        "roots": np.zeros((2, 2, 2)),
    }
    losses = []
    for _ in range(40):
        value, slopes = value_and_grad(loss)(parameters)
        losses.append(value)
        parameters = {k: x - 0.2 * slopes[k] for k, x in parameters.items()}
    assert losses[-1] < losses[0] - 1.5
    np.testing.assert_allclose(parameters["means"], [[-2.0, 0.0], [1.5, 1.0]], atol=0.3)


# --- a fluid whose first velocities are learned ---------------------------------------------------


def moved(field, vx, vy):
    """A field carried along by velocities, back from where it came; the edges are joined."""
    rows, columns = field.shape
    ys, xs = np.meshgrid(np.arange(columns), np.arange(rows))
    from_x, from_y = (xs - vx).ravel(), (ys - vy).ravel()
    left, top = np.floor(from_x).astype(int), np.floor(from_y).astype(int)
    right_share, low_share = from_x - left, from_y - top
    left, right = np.mod(left, rows), np.mod(left + 1, rows)
    top, low = np.mod(top, columns), np.mod(top + 1, columns)
    flat = (1 - right_share) * ((1 - low_share) * field[left, top] + low_share * field[left, low])
    flat = flat + right_share * (
        (1 - low_share) * field[right, top] + low_share * field[right, low]
    )
    return np.reshape(flat, (rows, columns))


def without_sources(vx, vy, sweeps=4):
    """Velocities less the gradient of a pressure: what flows into a cell flows out of it."""

    def around(p):
        return sum(np.roll(p, s, axis=a) for s in (1, -1) for a in (0, 1))

    def across(f, axis):
        return np.roll(f, -1, axis=axis) - np.roll(f, 1, axis=axis)

    sources, pressure = -0.5 * (across(vx, 0) + across(vy, 1)), np.zeros(vx.shape)
    for _ in range(sweeps):
        pressure = (sources + around(pressure)) / 4.0
    vx -= 0.5 * across(pressure, 0)
    vy -= 0.5 * across(pressure, 1)
    return vx, vy


def simulated(vx, vy, smoke, steps):
    smoke = smoke + 0.0 * vx  # an array, or a Tensor, as the velocities are
    for _ in range(steps):
        vx, vy = without_sources(moved(vx, vx, vy), moved(vy, vx, vy))
        smoke = moved(smoke, vx, vy)
    return smoke


def fluid_loss(size, steps):
    """(how far the smoke ends from a target, by first velocities; velocities of 0)."""
    smoke = np.zeros((size, size))
    smoke[1:3, 1:3] = 1.0
    target = np.roll(smoke, 1, axis=(0, 1))

    def loss(velocities, k=0):
        vx, vy = (np.reshape(v, (size, size)) for v in np.split(velocities, 2))
        return np.mean((simulated(vx, vy, smoke, steps) - target) ** 2)

    return loss, np.full(2 * size * size, 0.1)


def test_a_fluid_learns_where_to_flow():
    loss, start = fluid_loss(size=5, steps=2)
    found = descend(grad(loss), start, steps=12, rate=1.0)
    assert loss(found) < 0.5 * loss(start)
    direction = np.random.default_rng(0).normal(size=start.shape)
    slope = (loss(start + 1e-6 * direction) - loss(start - 1e-6 * direction)) / 2e-6
    assert np.dot(grad(loss)(start), direction) == pytest.approx(slope, rel=1e-5)


def test_a_fluid_compiles_and_has_the_same_gradient():
    loss, start = fluid_loss(size=3, steps=1)
    velocities = Tensor(start)
    program = autograd.compile(lambda: loss(velocities), parameters=[velocities], dtype="float64")
    (found,) = program.value_and_grad()[1]
    np.testing.assert_allclose(found, grad(loss)(start), rtol=1e-12, atol=1e-15)


# --- derivatives of higher order, entry by entry --------------------------------------------------


def test_derivatives_of_a_curve_of_higher_order_are_those_of_its_formula():
    curve, xs = lambda x: (1.0 - np.exp(-x)) / (1.0 + np.exp(-x)), np.linspace(-3, 3, 7)
    derivatives = [curve]
    for _ in range(4):
        derivatives.append(elementwise_grad(derivatives[-1]))
    y = curve(xs)
    np.testing.assert_allclose(derivatives[1](xs), (1 - y * y) / 2, rtol=1e-12)
    np.testing.assert_allclose(derivatives[2](xs), -y * (1 - y * y) / 2, atol=1e-12)
    fourth = y * (1 - y * y) * (2 - 3 * y * y) / 4 * 2
    np.testing.assert_allclose(derivatives[4](xs), fourth, atol=1e-9)


# --- idioms ---------------------------------------------------------------------------------------

A = np.arange(9.0).reshape(3, 3) + np.eye(3) * 5
IDIOMS = {
    "a list is summed": lambda x: np.sum([x[0] * x[1], x[2] ** 2]),
    "an array of variables": lambda x: np.sum(np.array([x[0] * x[1], np.sin(x[2])]) ** 2),
    "a form": lambda x: x @ A @ x + np.dot(x, x.T),
    "pairs": lambda x: np.sum((x[:, np.newaxis] - x[np.newaxis, :]) ** 2 * A),
    "a density": lambda x: -0.5 * x @ np.linalg.solve(A, x) - np.linalg.slogdet(A + np.diag(x))[1],
    "the larger of two": lambda x: np.max([x[0], x[1]]) * np.linalg.norm(x),
    "a loop": lambda x: sum(np.exp(entry) * k for k, entry in enumerate(x)),
    "a shape": lambda x: np.sum(np.ones(x.shape) * x / len(x) + np.zeros_like(x)),
    "a choice": lambda x: np.sum(np.where(x > 0, x**2, -x)) + np.log1p(np.exp(x[0])),
    "NumPy's numbers": lambda x: x[np.int64(0)] ** np.float64(2.0) * np.float32(2),
}


@pytest.mark.parametrize("idiom", IDIOMS)
def test_an_idiom_has_the_gradient_of_differences(idiom):
    f, x = IDIOMS[idiom], np.array([0.7, -0.4, 1.2])
    expected = [(f(x + step) - f(x - step)) / 2e-6 for step in 1e-6 * np.eye(3)]
    np.testing.assert_allclose(grad(f)(x), expected, rtol=1e-6, atol=1e-8)
