"""Embedding: a row of its weights for each id, eager and compiled, trained by the rows it used."""

import random
import re

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value

WEIGHT = [[0.5, -1.0], [2.0, 0.25], [0.0, 3.0], [-0.5, 1.0]]
IDS = [[1, 3, 1], [0, 1, 3]]
UPSTREAM = [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], [[-1.0, 0.5], [7.0, 8.0], [0.5, 0.25]]]
# PyTorch 2.13: e = Embedding(4, 2[, padding_idx=3]); (e(ids) * upstream).sum().backward()
GRADIENT = [[-1.0, 0.5], [13.0, 16.0], [0.0, 0.0], [3.5, 4.25]]


def layer(**options):
    made = nn.Embedding(4, 2, **options)
    made.weight.assign(WEIGHT)
    return made


@pytest.mark.parametrize("padding", [None, 3, -1])
def test_repeated_ids_add_up_and_the_row_that_pads_gets_nothing(padding):
    made = layer(padding_idx=padding)
    y = made(IDS)
    assert y.tolist() == [[WEIGHT[i] for i in row] for row in IDS]
    (y * Tensor(UPSTREAM)).sum().backward()
    expected = GRADIENT if padding is None else [*GRADIENT[:3], [0.0, 0.0]]
    assert made.weight.grad == expected


@pytest.mark.parametrize("backend", ["numpy", "native"])
@pytest.mark.parametrize("padding", [None, 3])
def test_compiled_it_does_the_same(padding, backend):
    made = layer(padding_idx=padding)
    program = autograd.compile(
        lambda i, u: ((y := made(i)) * u).sum() + 0 * y.sum(),
        IDS[0],
        UPSTREAM[0],
        parameters=made.parameters(),
        backend=backend,
    )
    _, (found,) = program.value_and_grad(IDS, UPSTREAM)
    expected = GRADIENT if padding is None else [*GRADIENT[:3], [0.0, 0.0]]
    np.testing.assert_allclose(2 * found, expected, rtol=1e-6)


@pytest.mark.parametrize("ids", [2, Value(2.0), [2], Tensor([[2.0]]), np.array([2])])
def test_ids_are_numbers_lists_arrays_and_tensors(ids):
    y = layer()(ids)
    assert y.shape[-1] == 2
    assert [v.data for v in y.values] == WEIGHT[2]


def test_it_makes_no_node():
    made = layer()
    assert set(made([1, 1]).values) == {*made.weight[1].values}


def test_first_weights_are_normal_and_the_row_that_pads_is_0():
    made = nn.Embedding(300, 10, padding_idx=7, rng=random.Random(0))
    numbers = np.array(made.weight.tolist())
    assert (numbers[7] == 0).all()
    assert abs(numbers.std() - 1) < 0.05
    assert repr(made) == "Embedding(300, 10, padding_idx=7)"


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda: nn.Embedding(0, 2), ValueError, "num_embeddings must be at least 1"),
        (lambda: nn.Embedding(3, 2, 3), ValueError, "padding_idx must be one of the 3 ids, got 3"),
        (lambda: layer()([4]), IndexError, "Embedding(4, 2): index 4 is out of range"),
        (lambda: layer()([0.5]), IndexError, "Embedding(4, 2): index Value(data=0.5"),
        (lambda: nn.Embedding(input_dim=3), TypeError, "use num_embeddings"),
        (lambda: nn.Embedding(3, output_dim=3), TypeError, "use embedding_dim"),
    ],
)
def test_what_it_cannot_take_is_told(act, error, message):
    with pytest.raises(error, match=re.escape(message)):
        act()


class Next(nn.Module):
    """Scores of the next token at every position."""

    def __init__(self, tokens):
        self.wte = nn.Embedding(tokens, 4)
        self.head = nn.Dense(4, tokens)

    def forward(self, x):
        return self.head(self.wte(x).tanh())


@pytest.mark.parametrize("tokens", [5, 90])
def test_a_model_of_tokens_is_fitted_compiled_as_eagerly(tokens):
    """Of few classes the program gets one-hot rows, of many their numbers."""
    ids = np.random.default_rng(0).integers(0, tokens, (4, 3))
    losses = []
    for compiled in (False, True):
        random.seed(0)
        model = Next(tokens)
        trainer = nn.Trainer(model, nn.CrossEntropyLoss(), nn.SGD(model.parameters(), lr=0.5))
        data = nn.data.Dataset(ids, (ids + 1) % tokens)
        history = trainer.fit(
            data, epochs=2, batch_size=2, seed=0, compiled=compiled, progress=False
        )
        losses.append([epoch.loss for epoch in history])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert losses[0][1] < losses[0][0]


def test_a_saved_model_has_its_rows(tmp_path):
    model = nn.Sequential(nn.Embedding(4, 2, padding_idx=0), nn.Flatten(2), nn.Dense(6, 1))
    nn.save(model, tmp_path / "m.safetensors")
    again = nn.load(tmp_path / "m.safetensors")
    assert repr(again) == repr(model)
    assert np.allclose(again(IDS).tolist(), model(IDS).tolist(), rtol=1e-6)
