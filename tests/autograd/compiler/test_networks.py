"""Whole networks, compiled: batches of any size, ties, shared weights, and what dropout draws."""

import random

import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from oracle import BACKENDS, BOTH, TOLERANCE, assert_agree, assert_close, check, eagerly, together

import autograd
import nn
from autograd import Tensor
from autograd.compiler.program import uniform

pytestmark = pytest.mark.usefixtures("backend")


def network(text, seed=3):
    """What a line of our API makes, such as "Conv2D(1, 2, 3)", with the same weights each time."""
    random.seed(seed)
    return eval(text, vars(nn))


NETWORKS = {
    "strides, padding and dilation": (
        (2, 7, 6),
        "Sequential(Conv2D(2, 3, 3, stride=2, padding=1), Tanh(),"
        " Conv2D(3, 4, (1, 2), dilation=(1, 2), padding=(0, 1)), Flatten(), Dense(48, 3))",
    ),
    "same padding and groups": (
        (4, 5, 5),
        "Sequential(Conv2D(4, 6, 2, padding='same', groups=2), LeakyReLU(),"
        " Conv2D(6, 6, 3, stride=2, padding='same', groups=6), Flatten(), Dense(54, 2))",
    ),
    "overlapping pools": (
        (2, 7, 7),
        "Sequential(MaxPool(3, stride=2, padding=1), Conv2D(2, 3, 2), ReLU(),"
        " AvgPool(2, stride=1), Flatten(), Dense(12, 3))",
    ),
    "residual blocks": (
        (2, 5, 5),
        "Sequential(Residual(Sequential(Conv2D(2, 2, 3, padding=1), ReLU())),"
        " Residual(Conv2D(2, 3, 3, padding='same'), Conv2D(2, 3, 1)), GlobalAvgPool())",
    ),
    "norms and smooth activations": (
        (4, 4, 4),
        "Sequential(Conv2D(4, 4, 3, padding=1, bias=False), GroupNorm(2, 4), GELU(),"
        " Flatten(), Dense(64, 6), LayerNorm(6), GELU('tanh'), Dense(6, 4), Softmax())",
    ),
    "dense layers": (
        (7,),
        "Sequential(Dense(7, 9), Sigmoid(), Dense(9, 8), ReLU(), Dense(8, 5), Tanh(), Dense(5, 1))",
    ),
}


def squared(model):
    """The mean square of a model's outputs, and the outputs."""

    def function(x):
        y = model(x)
        return (y * y).mean(), y

    return function


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_agrees_with_eager_for_small_large_and_odd_batches(name):
    shape, text = NETWORKS[name]
    model = network(text)
    distinct = np.random.default_rng(1).standard_normal((31, *shape))
    runs = [eagerly(squared(model), [x[None]], model.parameters()) for x in distinct]
    programs = {
        dtype: autograd.compile(
            squared(model), distinct[0], parameters=model.parameters(), dtype=dtype
        )
        for dtype in BOTH
    }
    for n in (1, 2, 31, 128):
        chosen = [runs[k % 31] for k in range(n)]
        batch = np.stack([distinct[k % 31] for k in range(n)])
        expected = together(chosen)
        for dtype, program in programs.items():
            assert_agree(program, [batch], expected, TOLERANCE[dtype])


@pytest.mark.parametrize("images", ["integers", "constant", "zero"])
def test_in_a_tie_the_first_entry_takes_the_gradient(images):
    model = network("Sequential(MaxPool(3, stride=1, padding=1), Conv2D(1, 2, 2), MaxPool(2))")
    for p in model.parameters():
        p.assign(np.round(2 * p.numpy()))
    shape = (5, 1, 6, 6)
    batch = {
        "integers": np.random.default_rng(2).integers(0, 3, shape),
        "constant": np.full(shape, 2),
        "zero": np.zeros(shape, int),
    }[images]
    check(lambda x: (model(x) ** 2).sum(), [batch], model.parameters(), BOTH)
    image = nn.Parameter(batch[0].tolist())
    up = np.arange(8.0).reshape(1, 2, 2, 2)
    check(lambda u: (model(image) * u).sum(), [up], [image, *model.parameters()], BOTH)


def test_a_layer_that_is_used_twice_gets_the_sum_of_its_gradients():
    layer, head = network("Dense(4, 4)"), network("Dense(4, 2)")
    batch = np.random.default_rng(4).standard_normal((6, 4))
    parameters = layer.parameters() + head.parameters()
    check(lambda x: (head(layer(layer(x).tanh())) ** 2).sum(), [batch], parameters, BOTH)


def test_weights_that_two_layers_share_get_the_sum_of_their_gradients():
    encoder, decoder = network("Dense(5, 3)"), network("Dense(5, 3, bias=False)")
    decoder.weight = encoder.weight
    batch = np.random.default_rng(5).standard_normal((6, 5))

    def function(x):
        code = encoder(x).tanh()
        return ((code @ encoder.weight - x) ** 2).mean() + decoder(x * x).sum() ** 2

    check(function, [batch], encoder.parameters(), BOTH)


def test_a_convolution_that_is_used_twice_gets_the_sum_of_its_gradients():
    conv = network("Conv2D(2, 2, 3, padding=1)")
    batch = np.random.default_rng(6).standard_normal((4, 2, 4, 4))
    check(lambda x: (conv(conv(x).relu() + x) ** 2).mean(), [batch], conv.parameters(), BOTH)


sizes = st.tuples(st.integers(1, 4), st.integers(1, 4))
steps = st.tuples(st.integers(1, 3), st.integers(1, 3))
margins = st.tuples(st.integers(0, 2), st.integers(0, 2))


@pytest.mark.parametrize("backend", ["numpy"], indirect=True)
@given(BACKENDS, sizes, steps, margins | st.just("same"), steps, st.sampled_from([1, 2]), st.data())
def test_a_convolution_and_a_pool_of_any_sizes_agree(
    which, kernel, stride, padding, dilation, groups, data
):
    height, width = data.draw(st.tuples(st.integers(1, 7), st.integers(1, 7)))
    pool = data.draw(st.sampled_from([nn.MaxPool, nn.AvgPool]))
    window, skip = data.draw(sizes), data.draw(steps)
    model = nn.Sequential(
        nn.Conv2D(2, 4, kernel, stride, padding, dilation, groups, rng=random.Random(1)),
        pool(window, skip, data.draw(st.tuples(*[st.integers(0, k // 2) for k in window]))),
        nn.Conv2D(4, 1, 1, rng=random.Random(2)),
    )
    batch = np.random.default_rng(3).standard_normal((2, 2, height, width))
    try:
        model(Tensor(batch[0]))
    except ValueError:  # the kernel or the window is larger than the image
        reject()
    check(lambda x: (model(x) ** 2).sum(), [batch], model.parameters(), backend=which)


# --- dropout --------------------------------------------------------------------------------------


def dropping():
    random.seed(7)
    return nn.Sequential(nn.Dense(6, 8), nn.Dropout(0.4), nn.Tanh(), nn.Dropout(), nn.Dense(8, 2))


def by_eager(model, batch):
    """Loss and gradients of a whole batch in eager mode."""
    model.zero_grad()
    y = model(Tensor(batch.tolist()))
    loss = (y * y).sum() / len(batch)
    loss.backward()
    return loss.data, [np.array(p.grad) for p in model.parameters()]


def assert_masks_agree(program, model, batch):
    loss, bars = by_eager(model, batch)
    ours, found = program.value_and_grad(batch)
    assert ours == pytest.approx(loss, rel=1e-9)
    for got, expected in zip(found, bars, strict=True):
        assert_close(got, expected, 1e-9, "gradient", scale=1e-3)


def compiled(model):
    return autograd.compile(
        lambda x: (model(x) ** 2).sum(), np.zeros(6), parameters=model.parameters(), dtype="float64"
    )


def test_dropout_draws_the_masks_that_eager_mode_draws_for_one_batch_after_the_other():
    model, again = dropping(), dropping()
    model.seed(0)
    again.seed(0)
    program = compiled(model)
    for n in (5, 1, 32):
        batch = np.random.default_rng(n).standard_normal((n, 6))
        assert_masks_agree(program, again, batch)


def test_dropout_layers_that_share_a_generator_draw_in_eager_order():
    model, again = dropping(), dropping()
    for one, rng in ((model, random.Random(5)), (again, random.Random(5))):
        one[1].rng = one[3].rng = rng
    program = compiled(model)
    for n in (3, 4):
        assert_masks_agree(program, again, np.random.default_rng(n).standard_normal((n, 6)))


def test_dropout_from_the_module_random_follows_its_seed():
    model = dropping()
    program = compiled(model)
    batch = np.random.default_rng(8).standard_normal((4, 6))
    random.seed(11)
    loss, _ = by_eager(model, batch)
    random.seed(11)
    assert program.value_and_grad(batch)[0] == pytest.approx(loss, rel=1e-9)


@given(st.integers(0, 9), st.integers(0, 700), st.integers(1, 9), st.integers(1, 9))
def test_random_numbers_are_those_that_the_generator_gives_one_by_one(seed, before, n, size):
    ours, theirs = random.Random(seed), random.Random(seed)
    for rng in (ours, theirs):
        rng.gauss(0, 1)
        rng.getrandbits(32 * before + 1)
    expected = [[theirs.random() for _ in range(size)] for _ in range(n)]
    assert uniform(ours, (n, size)).tolist() == expected
    assert ours.getstate() == theirs.getstate()
    assert ours.gauss(0, 1) == theirs.gauss(0, 1)


@pytest.mark.parametrize("shape", [(1, 1), (2, 0), (3, 5, 7), (128, 128), (127, 130)])
def test_few_and_many_random_numbers_are_those_that_the_generator_gives(shape):
    ours, theirs = random.Random(5), random.Random(5)
    ours.getrandbits(32), theirs.getrandbits(32)  # half of what one number takes
    numbers = uniform(ours, shape)
    assert (numbers.dtype, numbers.shape) == (np.float64, shape)
    assert numbers.ravel().tolist() == [theirs.random() for _ in range(numbers.size)]
    assert ours.getstate() == theirs.getstate()


class Halved(random.Random):
    def random(self):
        return super().random() / 2


class OtherBits(random.Random):
    def getrandbits(self, k):
        return 0


@pytest.mark.parametrize("kind", [Halved, OtherBits])
def test_a_generator_of_the_users_own_is_asked_for_each_number(kind):
    theirs = kind(3)
    assert uniform(kind(3), (2, 4)).ravel().tolist() == [theirs.random() for _ in range(8)]


def test_random_numbers_come_from_the_module_from_the_system_and_from_numpy():
    random.seed(4)
    numbers = uniform(random, (2, 3)).ravel().tolist()
    random.seed(4)
    assert numbers == [random.random() for _ in range(6)]
    theirs = np.random.default_rng(4)
    expected = [theirs.random() for _ in range(6)]
    assert uniform(np.random.default_rng(4), (6,)).tolist() == expected
    drawn = uniform(random.SystemRandom(), (50,))
    assert len(set(drawn.tolist())) == 50
    assert ((drawn >= 0) & (drawn < 1)).all()


def test_compiling_draws_nothing():
    model = dropping()
    model.seed(0)
    before = model[1].rng.getstate()
    compiled(model)
    assert model[1].rng.getstate() == before


def test_dropout_in_evaluation_passes_and_draws_nothing():
    model = dropping().eval()
    model.seed(0)
    before = model[1].rng.getstate()
    batch = np.random.default_rng(9).standard_normal((4, 6))
    check(squared(model), [batch], model.parameters(), BOTH)
    assert model[1].rng.getstate() == before
