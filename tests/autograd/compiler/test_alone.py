"""Functions without arguments, of their parameters alone; and programs that share a model."""

import random

import numpy as np
import pytest
from oracle import everywhere

import autograd
import nn
from autograd import Tensor, drawn


@everywhere
def test_a_function_without_arguments_takes_no_batch_and_its_results_have_no_axis(backend):
    x = Tensor([1.0, 2.0])
    program = autograd.compile(
        lambda: (((x - 3) ** 2).sum(), x * 2), parameters=[x], backend=backend
    )
    loss, doubled = program()
    assert (loss, doubled.tolist()) == (5.0, [2.0, 4.0])
    loss, (gradient,) = program.value_and_grad()
    assert (loss, gradient.tolist()) == (5.0, [-4.0, -2.0])
    assert program.outputs[1].tolist() == [2.0, 4.0]


@everywhere
def test_an_input_is_optimised(backend):
    model = nn.Sequential(nn.Dense(3, 4, rng=random.Random(0)), nn.Tanh())
    x, start = Tensor([0.0, 0.0, 0.0]), [p.tolist() for p in model.parameters()]
    program = autograd.compile(
        lambda: -model(x).sum() + (x**2).sum(), parameters=[x, *model.parameters()],
        dtype="float64", backend=backend,
    )  # fmt: skip
    step = program.train_step(nn.SGD([x], lr=0.1))
    losses = [step() for _ in range(50)]
    assert losses == sorted(losses, reverse=True)
    assert [p.tolist() for p in model.parameters()] == start
    (-model(x).sum() + (x**2).sum()).backward()
    assert x.grad == pytest.approx([0, 0, 0], abs=1e-3)


@everywhere
def test_what_it_draws_is_anew_each_time(backend):
    rng = random.Random(0)
    x = Tensor([0.0, 0.0])
    program = autograd.compile(
        lambda: x + drawn.normal((2,), rng=rng), parameters=[x], dtype="float64", backend=backend
    )
    rng.seed(3)
    runs = [program().tolist(), program().tolist()]
    rng.seed(3)
    np.testing.assert_allclose(runs, [drawn.normal((2,), rng=rng).tolist() for _ in range(2)])


def test_a_batch_is_refused_and_so_is_c():
    x = Tensor([1.0])
    program = autograd.compile(lambda: x.sum(), parameters=[x])
    with pytest.raises(TypeError, match="the program takes no batches, got 1"):
        program([1.0])
    with pytest.raises(ValueError, match="to_c: the function takes no argument"):
        program.to_c("f")


# --- several programs on one model ----------------------------------------------------------------


def gan(seed=0):
    rng = random.Random(seed)
    generator = nn.Sequential(nn.Dense(1, 3, rng=rng), nn.Tanh(), nn.Dense(3, 1, rng=rng))
    discriminator = nn.Sequential(nn.Dense(1, 3, rng=rng), nn.Tanh(), nn.Dense(3, 1, rng=rng))
    return generator, discriminator


def losses_of(generator, discriminator):
    """The discriminator's loss of a real number and a noise, and the generator's of a noise."""
    bce = nn.BCEWithLogitsLoss()

    def of_discriminator(x, z):
        return bce(discriminator(x), [1.0]) + bce(discriminator(generator(z)), [0.0])

    def of_generator(z):
        return bce(discriminator(generator(z)), [1.0])

    return of_discriminator, of_generator


def eager_steps(batches):
    generator, discriminator = gan()
    of_d, of_g = losses_of(generator, discriminator)
    d = nn.Adam(discriminator.parameters(), lr=0.01)
    g = nn.SGD(generator.parameters(), lr=0.1, momentum=0.5)
    for xs, zs in batches:
        for optimizer, losses in (
            (d, lambda xs=xs, zs=zs: [of_d(x, z) for x, z in zip(xs, zs, strict=True)]),
            (g, lambda zs=zs: [of_g(z) for z in zs]),
        ):
            optimizer.zero_grad()
            autograd.stack(losses()).mean().backward()
            optimizer.step()
    return generator.state_dict(), discriminator.state_dict()


@everywhere
def test_two_programs_of_a_gan_train_its_two_halves_as_eager_steps_do(backend):
    rng = np.random.default_rng(0)
    batches = [(rng.normal(size=(4, 1)) + 2, rng.normal(size=(4, 1))) for _ in range(5)]
    generator, discriminator = gan()
    of_d, of_g = losses_of(generator, discriminator)
    both = [*generator.parameters(), *discriminator.parameters()]
    options = {"parameters": both, "dtype": "float64", "backend": backend}
    d = autograd.compile(of_d, [0.0], [0.0], **options)
    g = autograd.compile(of_g, [0.0], **options)
    step_d = d.train_step(nn.Adam(discriminator.parameters(), lr=0.01))
    step_g = g.train_step(nn.SGD(generator.parameters(), lr=0.1, momentum=0.5))
    for xs, zs in batches:
        step_d(xs, zs)
        step_g(zs)
    for ours, theirs in zip(
        (generator.state_dict(), discriminator.state_dict()), eager_steps(batches), strict=True
    ):
        for path in ours:
            np.testing.assert_allclose(ours[path], theirs[path], rtol=1e-9)
