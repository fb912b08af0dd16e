"""Sequential: layers by position and by name."""

import copy
import pickle

import pytest

import nn


def named():
    return nn.Sequential(fc=nn.Dense(2, 3), act=nn.ReLU(), head=nn.Dense(3, 1))


def test_layers_are_indexed_sliced_counted_and_walked():
    model = nn.Sequential(nn.Dense(2, 3), nn.ReLU(), nn.Dense(3, 1))
    assert isinstance(model[1], nn.ReLU)
    assert len(model[:2]) == 2
    assert [type(layer).__name__ for layer in model] == ["Dense", "ReLU", "Dense"]
    assert repr(model[:1]) == "Sequential(\n  0: Dense(2, 3)\n)"


@pytest.mark.parametrize("bad", [nn.ReLU, 3, "relu", [nn.ReLU()]])
def test_it_takes_modules_only(bad):
    with pytest.raises(TypeError, match=r"layer 1 is .*, not a module(; unpack .*\(\*layers\))?$"):
        nn.Sequential(nn.Dense(1, 1), bad)
    with pytest.raises(TypeError, match=r"layer act is .*, not a module"):
        nn.Sequential(fc=nn.Dense(1, 1), act=bad)


def test_names_are_attributes_and_paths_and_stay_in_slices():
    model = named()
    assert model.fc is model[0]
    assert {"fc", "act", "head"} <= set(dir(model))
    assert list(model.state_dict()) == ["fc.weight", "fc.bias", "head.weight", "head.bias"]
    assert model([1.0, 2.0])[0].label == "head[0]"
    assert [name for name, _ in model[1:].named_children()] == ["act", "head"]
    assert model[1:].head is model.head


def test_a_dict_names_layers_too():
    layers = {"fc": nn.Dense(2, 3), "1": nn.ReLU()}
    assert [*nn.Sequential(layers).named_layers()] == [*layers.items()]
    assert len(nn.Sequential({})) == 0


def test_a_named_layer_is_replaced_through_its_name():
    model = named()
    model.act = nn.Tanh()
    assert isinstance(model[1], nn.Tanh)
    assert isinstance(model.act, nn.Tanh)
    with pytest.raises(TypeError, match="layer act is 3, not a module"):
        model.act = 3
    assert isinstance(model[1], nn.Tanh)


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_names_live_on_in_copies(again):
    assert repr(again(named()).head) == "Dense(3, 1)"


@pytest.mark.parametrize(
    ("layers", "names", "error", "message"),
    [
        ([nn.ReLU()], {"act": nn.ReLU()}, TypeError, "name all layers, or none"),
        ([{"fc": nn.ReLU()}], {"act": nn.ReLU()}, TypeError, "name all layers, or none"),
        ([], {"train": nn.ReLU()}, ValueError, "cannot be called 'train'"),
        ([], {"layers": nn.ReLU()}, ValueError, "cannot be called 'layers'"),
        ([{"a.b": nn.ReLU()}], {}, ValueError, "text without dots, got 'a.b'"),
        ([{0: nn.ReLU()}], {}, ValueError, "text without dots, got 0"),
    ],
)
def test_names_that_cannot_be_are_told(layers, names, error, message):
    with pytest.raises(error, match=message):
        nn.Sequential(*layers, **names)


def test_an_attribute_that_is_not_there_is_named():
    with pytest.raises(AttributeError, match="no attribute and no layer 'fc2'"):
        named().fc2  # noqa: B018
