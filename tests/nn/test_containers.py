"""Lists and dicts of modules, and perceptrons by their sizes."""

import copy
import pickle

import pytest

import nn
from autograd import Tensor


class Net(nn.Module):
    """A forward that says itself how its parts are called."""

    def __init__(self):
        self.blocks = nn.ModuleList(nn.Dense(2, 2) for _ in range(2))
        self.heads = nn.ModuleDict({"price": nn.Dense(2, 1)})

    def forward(self, x):
        for block in self.blocks:
            x = block(x).relu()
        return self.heads["price"](x)


def test_parts_are_called_by_their_places_as_in_plain_lists_and_dicts():
    net, plain = Net(), Net()
    plain.blocks, plain.heads = list(net.blocks), dict(net.heads)
    assert net([1.0, 2.0]).tolist() == plain([1.0, 2.0]).tolist()
    paths = ["blocks.0.weight", "blocks.0.bias", "blocks.1.weight", "blocks.1.bias"]
    assert [*net.state_dict()] == [*paths, "heads.price.weight", "heads.price.bias"]
    assert plain.state_dict() == net.state_dict()
    net([1.0, 2.0])
    assert [net.blocks[1].path, net.heads["price"].path] == ["blocks.1", "heads.price"]
    assert net([1.0, 2.0])[0].label == "heads.price[0]"
    assert not any(module.training for module in net.eval().modules())


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_copies_have_the_same_parts(again):
    net = Net()
    assert again(net).state_dict() == net.state_dict()
    assert repr(again(net)) == repr(net)


def test_a_model_with_them_is_saved_and_loaded(tmp_path):
    net = Net()
    nn.save(net, tmp_path / "m.safetensors")
    again = nn.load(tmp_path / "m.safetensors", layers=[Net])
    assert again.state_dict() == net.state_dict()


def test_a_list_grows_shrinks_and_is_sliced():
    a, b, c, d = nn.ReLU(), nn.Tanh(), nn.Sigmoid(), nn.GELU()
    parts = nn.ModuleList([a])
    parts.append(c)
    parts.insert(1, b)
    parts.extend([d])
    assert [*parts] == [a, b, c, d]
    assert [*parts[1:3]] == [b, c]
    assert isinstance(parts[1:3], nn.ModuleList)
    assert parts[-1] is d
    assert parts.pop() is d
    del parts[0]
    parts[0] = d
    assert [*(parts + nn.ModuleList([a]))] == [d, c, a]
    parts[:] = [a, a]
    parts += [b]
    assert [*parts] == [a, a, b]
    assert len(parts) == 3
    assert b in parts


def test_a_dict_is_read_written_and_joined():
    a, b = nn.ReLU(), nn.Tanh()
    parts = nn.ModuleDict({"a": a})
    parts["b"] = b
    assert ([*parts.keys()], [*parts.values()]) == (["a", "b"], [a, b])
    assert parts.pop("a") is a
    parts.update({"c": a})
    del parts["b"]
    assert dict(parts.items()) == {"c": a}
    parts.clear()
    assert (len(parts), "c" in parts) == (0, False)


@pytest.mark.parametrize("make", [lambda: nn.ModuleList([nn.ReLU()]), nn.ModuleDict])
def test_each_is_itself_and_no_value(make):
    one = make()
    assert one == one
    assert one != make()
    assert len({one, make()}) == 2
    with pytest.raises(TypeError, match=r"it only holds modules; .* or use Sequential"):
        one([1.0])


BAD = {
    "a number": (lambda: nn.ModuleList([nn.ReLU(), 1]), TypeError, "ModuleList: 1 is 1, not a"),
    "a class": (lambda: nn.ModuleList([]).append(nn.ReLU), TypeError, "ReLU'>, not a module"),
    "one module": (lambda: nn.ModuleList(nn.ReLU()), TypeError, r"a list of modules, got ReLU\(\)"),
    "a number by name": (lambda: nn.ModuleDict({"a": 1}), TypeError, "ModuleDict: a is 1, not a"),
    "dots": (lambda: nn.ModuleDict({"a.b": nn.ReLU()}), ValueError, "without dots, got 'a.b'"),
    "no name": (lambda: nn.ModuleDict({0: nn.ReLU()}), ValueError, "text without dots, got 0"),
    "no sizes": (lambda: nn.MLP(2, []), ValueError, "MLP: sizes must have at least one"),
    "an activation's class": (lambda: nn.MLP(2, [1], nn.ReLU), TypeError, "MLP: ReLU is a class"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_module_and_no_name_is_told(case):
    make, kind, message = BAD[case]
    with pytest.raises(kind, match=message):
        make()


def test_a_perceptron_is_dense_layers_with_an_activation_between_them():
    model = nn.MLP(2, [3, 4, 1], nn.LeakyReLU(0.2), bias=False)
    words = [repr(layer) for layer in model]
    assert words == [
        *("Dense(2, 3, bias=False)", "LeakyReLU(slope=0.2)", "Dense(3, 4, bias=False)"),
        *("LeakyReLU(slope=0.2)", "Dense(4, 1, bias=False)"),
    ]
    assert model[1] is not model[3]
    assert model([1.0, 2.0]).shape == (1,)
    assert model(Tensor.zeros(5, 2)).shape == (5, 1)
    assert repr(nn.MLP(2, 1)) == "MLP(\n  0: Dense(2, 1)\n)"
    assert isinstance(nn.MLP(1, [1, 1])[1], nn.ReLU)
