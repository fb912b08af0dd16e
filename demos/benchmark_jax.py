"""The benchmark's networks in JAX: a training step that is one jitted function."""

import functools
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from benchmark_nets import Library, Net
from jax import lax

EPS = 1e-5
keys = map(jax.random.key, itertools.count())


class Layer(NamedTuple):
    """Parameters, and apply(parameters, x)."""

    parameters: Any
    apply: Callable[[Any, Any], Any]


def uniform(*shape: int) -> Any:
    """Numbers within ±1/√fan-in."""
    bound = 1 / jnp.sqrt(jnp.prod(jnp.array(shape[1:])))
    return jax.random.uniform(next(keys), shape, minval=-bound, maxval=bound)


def convolution(i: int, o: int, size: int, stride: int, padding: int, bias: bool) -> Layer:
    def apply(w: Any, x: Any) -> Any:
        layout = ("NCHW", "OIHW", "NCHW")
        pads = [(padding, padding)] * 2
        y = lax.conv_general_dilated(x, w[0], (stride, stride), pads, dimension_numbers=layout)
        return y + w[1] if bias else y

    return Layer((uniform(o, i, size, size), *[jnp.zeros((o, 1, 1))] * bias), apply)


def dense(i: int, o: int) -> Layer:
    return Layer((uniform(o, i), jnp.zeros(o)), lambda w, x: x @ w[0].T + w[1])


def pool(size: int) -> Layer:
    window = (1, 1, size, size)
    return Layer((), lambda _, x: lax.reduce_window(x, -jnp.inf, lax.max, window, window, "VALID"))


def norm(n: int, axes: tuple[int, ...], groups: int | None) -> Layer:
    """(x - mean) / √(variance + ε) over axes of (batch, groups, channels of a group, H, W)."""

    def apply(w: Any, x: Any) -> Any:
        parts = x.reshape(len(x), groups or n, -1, *x.shape[2:])
        mean, variance = parts.mean(axes, keepdims=True), parts.var(axes, keepdims=True)
        return ((parts - mean) * lax.rsqrt(variance + EPS)).reshape(x.shape) * w[0] + w[1]

    return Layer((jnp.ones((n, 1, 1)), jnp.zeros((n, 1, 1))), apply)


def sequential(*layers: Layer) -> Layer:
    def apply(w: Any, x: Any) -> Any:
        steps = zip(layers, w, strict=True)
        return functools.reduce(lambda x, step: step[0].apply(step[1], x), steps, x)

    return Layer([layer.parameters for layer in layers], apply)


def residual(body: Layer, short: Layer | None) -> Layer:
    other = short or Layer((), lambda _, x: x)
    both = (body.parameters, other.parameters)
    return Layer(both, lambda w, x: body.apply(w[0], x) + other.apply(w[1], x))


LAYERS = Library(
    convolution=convolution,
    dense=dense,
    relu=lambda: Layer((), lambda _, x: jax.nn.relu(x)),
    pool=pool,
    flatten=lambda: Layer((), lambda _, x: x.reshape(len(x), -1)),
    average=lambda: Layer((), lambda _, x: x.mean((2, 3))),
    group_norm=lambda groups, n: norm(n, (2, 3, 4), groups),
    batch_norm=lambda n: norm(n, (0, 2, 3, 4), None),  # running statistics are not kept
    residual=residual,
    sequential=sequential,
)


def step(net: Net, images: Any, labels: Any) -> Any:
    """One update; XLA's threads are as many as this process has processors."""
    model = net.build(LAYERS)
    x, t = jnp.array(images), jnp.array(labels)

    def loss(parameters: Any, x: Any, t: Any) -> Any:
        chosen = jax.nn.log_softmax(model.apply(parameters, x))[jnp.arange(len(t)), t]
        return -chosen.mean()

    @functools.partial(jax.jit, donate_argnums=0)
    def update(parameters: Any, x: Any, t: Any) -> Any:
        value, slopes = jax.value_and_grad(loss)(parameters, x, t)
        return jax.tree.map(lambda p, g: p - 0.01 * g, parameters, slopes), value

    state = [model.parameters]

    def run() -> None:
        parameters, _ = jax.block_until_ready(update(state[0], x, t))
        state[0] = parameters

    return run
