"""Random graphs of hundreds of nodes: shared parts, several results, every row of the table."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from oracle import BACKENDS, check

from autograd import Tensor, Value, einsum, stack, where

# What a step does with numbers a, b, c, and the largest magnitude of its result for operands of
# the magnitudes p, q, r. A step that could grow beyond LARGE is brought back by a sine.
LARGE = 8.0
SMOOTH = {
    "add": (lambda a, b, *_: a + b, lambda p, q, *_: p + q),
    "sub": (lambda a, b, *_: a - b, lambda p, q, *_: p + q),
    "mul": (lambda a, b, *_: a * b, lambda p, q, *_: p * q),
    "sum of products": (lambda a, b, c: a * b + b * c + c, lambda p, q, r: p * q + q * r + r),
    "scaled": (lambda a, *_: 0.5 * a - 1.5, lambda p, *_: 0.5 * p + 1.5),
    "neg": (lambda a, *_: -a, lambda p, *_: p),
    "div": (lambda a, b, *_: a / (1.5 + b * b), lambda p, *_: p),
    "square": (lambda a, *_: a**2, lambda p, *_: p * p),
    "pow": (lambda a, *_: (1 + a * a) ** -0.5, lambda *_: 1.0),
    "power": (lambda a, b, *_: (1 + a * a) ** b.tanh(), lambda p, *_: 1 + p * p),
    "exp": (lambda a, *_: (-a * a).exp(), lambda *_: 1.0),
    "log": (lambda a, *_: (1 + a * a).log(), lambda p, *_: p),
    "sqrt": (lambda a, *_: (0.5 + a * a).sqrt(), lambda p, *_: p + 1),
    "sin": (lambda a, *_: a.sin(), lambda *_: 1.0),
    "cos": (lambda a, *_: a.cos(), lambda *_: 1.0),
    "tanh": (lambda a, *_: a.tanh(), lambda *_: 1.0),
    "sigmoid": (lambda a, *_: a.sigmoid(), lambda *_: 1.0),
    "softplus": (lambda a, *_: a.softplus(), lambda p, *_: p + 1),
    "erf": (lambda a, *_: a.erf(), lambda *_: 1.0),
    "dot": (lambda a, b, c: einsum("i,i->", [a, b, c], [b, c, a]), lambda p, q, r: 3 * p * q * r),
    "total": (lambda a, b, c: stack([a, b, c]).sum(), lambda p, q, r: p + q + r),
    "mean": (lambda a, b, *_: stack([a, b]).mean(), lambda p, q, *_: p + q),
    "stop": (lambda a, b, *_: a.stop() * b, lambda p, q, *_: p * q),
}
KINKY = {
    "relu": lambda a, *_: a.relu(),
    "leaky_relu": lambda a, *_: a.leaky_relu(0.1),
    "abs": lambda a, *_: abs(a),
    "maximum": lambda a, b, *_: a.maximum(b),
    "minimum": lambda a, b, *_: a.minimum(b),
    "max": lambda a, b, c: stack([a, b, c]).max(),
    "min": lambda a, b, c: stack([a, b, c]).min(),
    "where": lambda a, b, c: where(a > b, b, c),
}
MARGIN = 1e-6


def decided(a, b, c):
    """No kink is so near that a rounding error decides: 0 and the others are apart, or the same."""
    for x, y in ((a, b), (b, c), (a, c)):
        assume(x is y or abs(x.data - y.data) > MARGIN)
    assume(abs(a.data) > MARGIN)


def grown(steps, numbers, kinks):
    """The numbers that the steps make of some numbers, each step from any three before it."""
    made, sizes = list(numbers), [1.0] * len(numbers)
    for name, i, j, k in steps:
        chosen = [n % len(made) for n in (i, j, k)]
        operands, bounds = [made[n] for n in chosen], [sizes[n] for n in chosen]
        if name in KINKY:
            kinks(*operands)
            made.append(KINKY[name](*operands))
            sizes.append(max(bounds))
            continue
        forward, bound = SMOOTH[name]
        y, size = forward(*operands), bound(*bounds)
        made.append(y if size <= LARGE else y.sin())
        sizes.append(size if size <= LARGE else 1.0)
    return made


def steps(names, most):
    place = st.integers(0, 10_000)
    step = st.tuples(st.sampled_from(sorted(names)), place, place, place)
    return st.integers(1, most).flatmap(lambda n: st.lists(step, min_size=n, max_size=n))


def check_graph(backend, chosen, seed, inputs, weights, n):
    """A graph over some inputs and weights, with its last numbers as results, agrees with eager."""
    rng = np.random.default_rng(seed)
    w, v = Tensor(rng.uniform(-1, 1, weights).tolist()), Value(float(rng.uniform(-1, 1)))
    batch = rng.uniform(-1, 1, (n, inputs))

    def function(x):
        kinks = (lambda *_: None) if x[0].unknown else decided
        made = grown(chosen, [*x, *w, v, Value(0.75)], kinks)
        last = made[-1] * w[0] + made[len(made) // 2]
        return last, {"all": stack(made[-5:]), "one": made[len(made) // 3]}

    check(function, [batch], [w, v], backend=backend)


@given(BACKENDS, steps(SMOOTH, 300), st.integers(0, 99), st.integers(1, 4), st.integers(1, 4))
def test_a_smooth_graph_agrees_with_eager(backend, chosen, seed, inputs, weights):
    check_graph(backend, chosen, seed, inputs, weights, n=3)


@given(
    BACKENDS,
    steps({**SMOOTH, **KINKY}, 200),
    st.integers(0, 99),
    st.integers(1, 4),
    st.integers(1, 4),
)
def test_a_graph_with_kinks_agrees_with_eager(backend, chosen, seed, inputs, weights):
    check_graph(backend, chosen, seed, inputs, weights, n=2)


@given(
    BACKENDS,
    steps(["add", "mul", "sub", "sum of products", "dot", "total", "neg"], 60),
    st.integers(0, 99),
)
def test_a_graph_of_sums_and_products_agrees_with_eager(backend, chosen, seed):
    """Chains of sums and products are folded into dots, where nobody else reads their parts."""
    check_graph(backend, chosen, seed, inputs=3, weights=3, n=3)


WAYS = {
    "tanh": lambda h: h.tanh(),
    "turn": lambda h: h.T,
    "back": lambda h: h[::-1],
    "square": lambda h: h * h,
    "again": lambda h: h + h[:, ::-1],
    "norm": lambda h: h / (1 + (h * h).sum(-1, keepdims=True)).sqrt(),
    "shift": lambda h: h - h.mean(0, keepdims=True),
    "pad": lambda h: h.pad(1, 1).windows((3, 3)).sum((-2, -1)).sin(),
    "pool": lambda h: h.pad(1, 1, value=-3.0).windows((2, 2))[:-1, :-1].max((-2, -1)),
    "middle": lambda h: h[1:].pad((1, 0), (0, 0)),
    "pick": lambda h: h[[2, 0, 1], [1, 1, 0]].reshape(3, 1) * h,
    "softmax": lambda h: h.exp() / h.exp().sum(-1, keepdims=True),
}


@given(
    BACKENDS, st.lists(st.sampled_from([*sorted(WAYS), "weights", "itself", "skip"]), max_size=9)
)
def test_a_chain_of_tensor_operations_agrees_with_eager(backend, chain):
    """Views, broadcasting, windows and products of every kind, one after the other."""
    rng = np.random.default_rng(len(chain))
    w = Tensor(rng.uniform(-1, 1, (3, 3)).tolist())

    def function(x):
        h = first = x * w
        for name in chain:
            if name == "weights":
                h = w @ h
            elif name == "itself":
                h = (h @ h.T).tanh()
            elif name == "skip":
                h = h + first
            else:
                h = WAYS[name](h)
        return (h * h).sum(), h

    check(function, [rng.uniform(-1, 1, (3, 3, 3))], [w], backend=backend)
