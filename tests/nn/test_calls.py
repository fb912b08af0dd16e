"""What a module's call hands to forward, and what may stand in the place of its parts."""

from collections import namedtuple

import numpy as np
import pytest

import nn
from autograd import Tensor, Value

State = namedtuple("State", "h c")


class Seen(nn.Module):
    """Keeps what its forward was handed."""

    def forward(self, *inputs, **options):
        self.inputs, self.options = inputs, options
        return inputs[0] if inputs else None


def handed(*inputs, **options):
    module = Seen()
    module(*inputs, **options)
    return module.options if options else module.inputs[0]


H, C = Tensor([1.0, 2.0]), Tensor([[3.0]])


@pytest.mark.parametrize(
    "numbers",
    [
        [1.0, 2.0],
        (1, 2),
        [[1.0, 2.0], [3.0, 4.0]],
        ((1.0, 2.0), (3.0, 4.0)),
        ([1.0, 2.0], [3.0, 4.0]),
        (np.ones(2), np.zeros(2)),
        [np.ones(2), np.zeros(2)],
        np.ones((2, 3)),
        np.ones((0, 3)),
        (Value(1.0), 2.0),
    ],
    ids=repr,
)
def test_numbers_in_arrays_and_sequences_are_one_tensor(numbers):
    seen = handed(numbers)
    assert type(seen) is Tensor
    assert seen.tolist() == Tensor(numbers).tolist()
    assert seen.shape == Tensor(numbers).shape


@pytest.mark.parametrize("one", [2.0, 3, Value(1.0), H, None, "text"])
def test_single_things_are_handed_on_as_they_are(one):
    assert handed(one) is one
    assert type(handed(np.float32(2.0))) is float


@pytest.mark.parametrize(
    "parts",
    [(H, C), [H, C], State(H, C), ((H, C), (C, H)), [(H, C)], (H, None), {"h": H, "c": (C,)}],
)
def test_what_holds_tensors_keeps_its_form(parts):
    assert handed(parts) == parts  # Tensors are equal where they are the same
    assert type(handed(parts)) is type(parts)


def test_numbers_inside_of_a_form_become_tensors():
    h, c = handed((H, [1.0, 2.0]))
    assert (h is H, c.tolist()) == (True, [1.0, 2.0])
    seen = handed({"image": np.ones((1, 2)), "rate": 0.5})
    assert (seen["image"].shape, seen["rate"]) == ((1, 2), 0.5)
    wide, narrow = handed(([1.0, 2.0], [3.0]))
    assert (wide.tolist(), narrow.tolist()) == ([1.0, 2.0], [3.0])
    with pytest.raises(ValueError, match="ragged"):
        handed([[1.0, 2.0], [3.0]])


class Cell(nn.Module):
    """h' = tanh(w·x + c·h), c' = c + gain."""

    def __init__(self):
        self.weight = nn.Parameter([0.5, -1.0])

    def forward(self, x, state, gain=0.0):
        h, c = state
        return (self.weight * x + c * h).tanh(), c + gain


def test_a_cell_takes_its_state_as_a_tuple_and_options_by_name():
    cell, h, c = Cell(), Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    new, carried = cell([2.0, 1.0], (h, c), gain=[1.0, 1.0])
    np.testing.assert_allclose(new.numpy(), np.tanh([1.0 + 3.0, -1.0 + 8.0]))
    assert carried.tolist() == [4.0, 5.0]
    new.sum().backward()
    np.testing.assert_allclose(h.grad, (1 - new.numpy() ** 2) * [3.0, 4.0])


def test_inputs_by_name_are_called_by_their_names():
    seen = handed(image=[1.0, 2.0])["image"]
    assert [v.label for v in seen.values] == ["image[0]", "image[1]"]


def test_a_layer_that_is_handed_several_tensors_says_how_to_join_them():
    with pytest.raises(TypeError, match=r"Dense.*input must be a Tensor.*autograd\.stack joins"):
        nn.Dense(2, 1)([H, H])


# --- parts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", [H, [[0.0, 0.0]], np.zeros((1, 2)), 0.0, "w"], ids=repr)
def test_what_is_no_parameter_does_not_take_the_place_of_one(other):
    layer = nn.Dense(2, 1)
    with pytest.raises(TypeError, match=r"Dense\.weight is a Parameter: weight\.assign\(numbers\)"):
        layer.weight = other
    with pytest.raises(TypeError, match="is a Parameter"):
        layer.weight -= 0.1
    assert len(layer.parameters()) == 2


def test_parameters_and_modules_are_replaced_by_their_kind():
    layer = nn.Dense(2, 1)
    layer.weight = nn.Parameter([[1.0, 2.0]])
    layer.bias = None
    assert layer([3.0, 4.0]).tolist() == [11.0]
    del layer.weight  # for one that is computed, and not trained here
    layer.weight = Tensor([[2.0, 3.0]])
    assert (layer([3.0, 4.0]).tolist(), layer.parameters()) == ([18.0], [])
    model = nn.Residual(nn.ReLU())
    model.body = nn.Tanh()
    assert repr(model.body) == "Tanh()"
    norm = nn.BatchNorm2D(1)
    norm.running_mean = nn.Buffer([1.0])
    with pytest.raises(TypeError, match="running_mean is a Parameter"):
        norm.running_mean = [1.0]


@pytest.mark.parametrize("name", ["seed", "train", "eval", "parameters", "modules", "summary"])
def test_an_attribute_does_not_hide_a_method_of_every_module(name):
    class Model(nn.Module):
        def __init__(self):
            setattr(self, name, 0)

    with pytest.raises(
        TypeError, match=f"Model: {name} is a method of every Module; call the attr"
    ):
        Model()


def test_a_method_may_be_replaced_by_a_function():
    model = nn.ReLU()
    model.forward = lambda x: x * 2.0
    assert model([-1.0]).tolist() == [-2.0]


# --- state of shared parameters -------------------------------------------------------------------


class Tied(nn.Module):
    """Two layers with one weight."""

    def __init__(self):
        self.encoder, self.decoder = nn.Dense(2, 2, bias=False), nn.Dense(2, 2, bias=False)
        self.decoder.weight = self.encoder.weight
        self.blocks = [self.encoder]


KEYS = ["encoder.weight", "decoder.weight", "blocks.0.weight"]
NUMBERS = [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize("keys", [KEYS[:1], KEYS[1:2], KEYS[2:], KEYS[:2], KEYS])
def test_a_shared_parameter_is_loaded_by_any_of_its_paths_or_all(keys):
    model = Tied()
    model.load_state_dict(dict.fromkeys(keys, NUMBERS))
    assert model.encoder.weight.tolist() == NUMBERS
    assert list(model.state_dict()) == KEYS[:1]


def test_numbers_of_a_shared_parameter_that_differ_are_refused_and_nothing_changes():
    model = Tied()
    before = model.state_dict()
    with pytest.raises(ValueError, match=r"encoder\.weight and decoder\.weight are one parameter"):
        model.load_state_dict({KEYS[0]: NUMBERS, KEYS[1]: NUMBERS[::-1]})
    with pytest.raises(
        ValueError, match=r"decoder\.weight has shape \(2,\), the model needs \(2, 2\)"
    ):
        model.load_state_dict({KEYS[0]: NUMBERS, KEYS[1]: [1.0, 2.0]})
    with pytest.raises(ValueError, match=r"missing \['encoder.weight'\], unknown \['weight'\]"):
        model.load_state_dict({"weight": NUMBERS})
    assert model.state_dict() == before


def test_pytorchs_state_of_tied_weights_is_loaded():
    torch = pytest.importorskip("torch")
    theirs = torch.nn.ModuleDict(
        {k: torch.nn.Linear(2, 2, bias=False) for k in ("encoder", "decoder")}
    )
    theirs["decoder"].weight = theirs["encoder"].weight
    model = Tied()
    model.load_state_dict(theirs.state_dict())
    np.testing.assert_array_equal(model.decoder.weight.numpy(), theirs["decoder"].weight.tolist())
