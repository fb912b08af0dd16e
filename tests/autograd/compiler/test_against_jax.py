"""Our adjoint kernels give what `jax.grad` makes of the forward pass, for every layer and loss."""

import numpy as np
import pytest
from drawn_layers import JOINS, LAYERS, MOVES, Step
from drawn_models import Model
from oracle import assert_close, batch
from test_layers import GOLDENS, LOSSES, built, layer_of, needs_the_batch, one_hot, state, weighted
from test_layers import LAYERS as GROUPS

import autograd
import nn
from autograd.compiler.backends.jax import Jax
from autograd.compiler.backends.jax.backend import hasty

jax = pytest.importorskip("jax", reason='needs pip install "glassgrad[jax]"')


def of_layer(case):
    """A layer as a function, its parameters, with its input if that is no sample, and a batch."""
    layer, step = layer_of(case), case["steps"][0]
    x, up = (batch(2, *np.shape(step[name]), seed=1) for name in ("input", "upstream"))
    if needs_the_batch(case):
        return lambda x, up: weighted(layer(x), up), state(layer), [x, up]
    x = nn.Parameter(x[0].tolist())
    return lambda up: weighted(layer(x), up), [x, *state(layer)], [up]


def of_loss(case):
    """The same of a loss of a parameter."""
    loss, y, target = built(case["loss"]), np.array(case["prediction"]), one_hot(case)
    y = nn.Parameter((0.9 * y + 0.05 * abs(batch(*y.shape))).tolist())  # probabilities stay such
    up = batch(2, *np.shape(case["upstream"]))
    return lambda t, up: weighted(loss(y, t), up), [y], [np.stack([target, target]), up]


def of_step(name):
    """The same of what random models are made of, in two sizes, on what weights have made."""
    steps = [Step("dense", 0, 3, 0, 0, 0), Step(name, 0, 1, 1, 1, 0), Step(name, 1, 2, 0, 3, 1)]
    model = Model(steps, (4, 4) if name == "look up" else (2, 4, 4), "mse")
    assert len(model.done) > 1
    return model.function, model.parameters, model.batch(2)


def distinct(cases):
    """The first case of each layer or loss: at kinks, where others are, JAX has other slopes."""
    texts = [(case.get("layer", case.get("loss")), case.get("training")) for case in cases]
    return [case for k, case in enumerate(cases) if texts.index(texts[k]) == k]


CASES = {
    **{group: [(of_layer, case) for case in distinct(GOLDENS[group])] for group in GROUPS},
    **{group: [(of_loss, case) for case in distinct(GOLDENS[group])] for group in LOSSES},
    "steps of random models": [(of_step, name) for name in [*LAYERS, *MOVES, *JOINS]],
}


def both(function, parameters, batches):
    """A function that gives our gradient of the mean loss, and JAX's; and what it takes."""
    examples = [array[0] for array in batches]
    program = autograd.compile(
        function, *examples, parameters=parameters, dtype="float64", backend="numpy"
    )
    runner, n = Jax(program.plan, program.weights, None, "float64"), len(batches[0])
    share = np.full(n, 1 / n)

    def loss(weights, inputs):
        results, ours = runner.passes(weights, inputs, share, share)
        return share @ results[0][:, 0], ours

    inputs = [array.reshape(n, -1) for array in batches]
    return jax.grad(loss, has_aux=True), (program.weights, inputs)


@pytest.mark.parametrize("group", CASES)
def test_adjoint_kernels_agree_with_jaxs_gradient_of_the_forward_pass(group):
    """All cases of a group are one program, as XLA takes long for each."""
    functions, arguments = zip(*[both(*made(case)) for made, case in CASES[group]], strict=True)
    with jax.enable_x64(True):
        run = jax.jit(
            lambda xs: [f(*x) for f, x in zip(functions, xs, strict=True)], compiler_options=hasty()
        )
        found = run(arguments)
    for (theirs, ours), (_, case) in zip(found, CASES[group], strict=True):
        assert_close(ours, theirs, 1e-9, f"the gradient of {case}", scale=1e-3)
