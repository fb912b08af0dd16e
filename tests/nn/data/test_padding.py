"""Sequences of several lengths in one array, and gradients that do not know of the padding."""

import re

import numpy as np
import pytest

import autograd
import nn


def test_short_sequences_end_in_the_value_and_the_mask_says_where():
    numbers, mask = nn.data.padded([[5, 6, 7], [8], []], value=-1)
    assert numbers.tolist() == [[5, 6, 7], [8, -1, -1], [-1, -1, -1]]
    assert numbers.dtype.kind == "i"  # tokens stay whole
    assert mask.tolist() == [[True] * 3, [True, False, False], [False] * 3]


def test_entries_may_have_axes_and_the_length_may_be_given():
    numbers, mask = nn.data.padded([np.ones((2, 3)), np.ones((1, 3))], length=4)
    assert numbers.shape == (2, 4, 3)
    assert mask.sum(1).tolist() == [2, 1]
    assert numbers.sum() == 9.0


def test_a_value_that_the_numbers_cannot_be_makes_them_floats():
    numbers, _ = nn.data.padded([[1, 2], [3]], value=-np.inf)
    assert numbers[1].tolist() == [3.0, -np.inf]


@pytest.mark.parametrize(
    ("sequences", "options", "message"),
    [
        ([], {}, "padded: takes several sequences, got []"),
        ([[], []], {}, "padded: takes several sequences"),
        ([1.0, 2.0], {}, "padded: takes several sequences"),
        ([[1, 2, 3]], {"length": 2}, "padded: length=2, but a sequence has 3 entries"),
        ([[[1, 2]], [[1]]], {}, "must have one shape, got (1,) and (2,)"),
    ],
)
def test_what_cannot_be_padded_is_refused(sequences, options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        nn.data.padded(sequences, **options)


# --- a loss of each step, and one of the whole sequence -------------------------------------------

RNG = np.random.default_rng(0)
SEQUENCES = [RNG.normal(size=(t, 3)) for t in (4, 1, 3)]
TARGETS = [RNG.normal(size=(t, 2)) for t in (4, 1, 3)]


class Tagger(nn.Module):
    """Attention and an LSTM of both directions, for each step or for the whole sequence."""

    def __init__(self, whole):
        self.embed = nn.Dense(3, 4)
        self.attention = nn.MultiHeadAttention(4, 2)
        self.lstm = nn.LSTM(4, 2, bidirectional=True, return_state=False)
        self.head = nn.Dense(4, 2)
        self.whole = whole

    def forward(self, x, mask=None):
        y = self.embed(x)
        y = self.lstm(y + self.attention(y, key_mask=mask), mask=mask)
        if not self.whole:
            return self.head(y)
        there = autograd.Tensor([1.0] * x.shape[-2]) if mask is None else mask
        mean = (y * there[..., None]).sum(-2) / there.sum(-1, keepdims=True)
        return self.head(mean)


def alone(model):
    """The mean over all samples, each without padding: {parameter: gradient}."""
    model.zero_grad()
    losses = []
    for x, t in zip(SEQUENCES, TARGETS, strict=True):
        losses.append(nn.MSELoss()(model(x), t.mean(0) if model.whole else t))
    autograd.stack(losses).mean().backward()
    return {name: np.array(p.grad) for name, p in model.named_parameters()}


def masked_loss(model, x, t, mask):
    """The loss of one sample, its padding left out."""
    if model.whole:
        return nn.MSELoss()(model(x, mask=mask), t)
    each = nn.MSELoss(reduction="none")(model(x, mask=mask), t).mean(-1)
    return (each * mask).sum() / mask.sum()


def batches(model):
    """Padded inputs, targets, and the mask."""
    x, mask = nn.data.padded(SEQUENCES, length=5)
    t, _ = nn.data.padded(TARGETS, value=7.0, length=5)
    return x, np.array([t.mean(0) for t in TARGETS]) if model.whole else t, mask


@pytest.mark.parametrize("whole", [False, True])
def test_a_padded_batch_has_the_gradients_of_the_samples_alone(whole):
    model = Tagger(whole)
    expected = alone(model)
    model.zero_grad()
    x, t, mask = (autograd.Tensor(array) for array in batches(model))
    losses = [masked_loss(model, *sample) for sample in zip(x, t, mask, strict=True)]
    autograd.stack(losses).mean().backward()
    for name, p in model.named_parameters():
        np.testing.assert_allclose(p.grad, expected[name], rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("whole", [False, True])
def test_so_has_a_compiled_program(whole):
    model = Tagger(whole)
    expected = alone(model)
    x, t, mask = batches(model)
    program = autograd.compile(
        lambda *sample: masked_loss(model, *sample), x[0], t[0], mask[0],
        parameters=model.parameters(), dtype="float64", backend="numpy",
    )  # fmt: skip
    _, gradients = program.value_and_grad(x, t, mask)
    names = [name for name, _ in model.named_parameters()]
    for name, gradient in zip(names, gradients, strict=True):
        np.testing.assert_allclose(gradient, expected[name], rtol=1e-9, atol=1e-12, err_msg=name)
