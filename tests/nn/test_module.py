"""Modules: names, state, modes, and the names that other libraries use."""

import random
import re

import numpy as np
import pytest

import nn
from autograd import Tensor, graph, no_grad


class Net(nn.Module):
    def __init__(self):
        self.conv1 = nn.Conv2D(1, 2, 3)
        self.blocks = [nn.ReLU(), nn.Residual(nn.Conv2D(2, 2, 3, padding=1))]
        self.heads = {"a": nn.Dense(8, 2), "b": nn.Dense(8, 3)}
        self.scale = nn.Parameter([1.0])
        self.shared = self.conv1

    def forward(self, x):
        x = self.conv1(x)
        for block in self.blocks:
            x = block(x)
        x = nn.MaxPool(2)(x).flatten(-3)
        return self.heads["a"](x) * self.scale


NAMES = [
    "conv1.weight", "conv1.bias", "blocks.1.body.weight", "blocks.1.body.bias", "heads.a.weight",
    "heads.a.bias", "heads.b.weight", "heads.b.bias", "scale",
]  # fmt: skip


def test_a_generator_of_numpys_is_the_users_own_affair():
    model = nn.Sequential(nn.Dropout(0.5), nn.Dense(2, 2))
    noise = model[1].rng = np.random.default_rng(0)
    before = model[0].rng
    model.seed(3)
    assert model[1].rng is noise
    assert model[0].rng is not before


def test_parameters_are_named_by_their_paths_each_once():
    net = Net()
    assert [name for name, _ in net.named_parameters()] == NAMES
    assert len(net.parameters()) == len(NAMES)


def test_nodes_carry_the_path_of_their_layer_and_parameters_label_their_entries():
    net = Net()
    y = net(np.ones((1, 6, 6)))
    scopes = {n.scope for n in graph.nodes(*y.values) if n.op is not None}
    assert {"", "conv1", "blocks.0", "blocks.1", "blocks.1.body", "heads.a"} <= scopes
    assert net.conv1.weight[1, 0, 2, 1].label == "conv1.weight[1,0,2,1]"
    assert net.scale[0].label == "scale[0]"


def test_a_layer_that_is_called_alone_keeps_its_name_within_the_model():
    net = Net()
    net(np.ones((1, 6, 6)))
    y = net.conv1(np.ones((1, 6, 6)))
    assert y[0, 0, 0].scope == "conv1"
    assert net.conv1.weight[0, 0, 0, 0].label == "conv1.weight[0,0,0,0]"


def test_names_are_right_without_recording_too():
    net = Net()
    with no_grad():
        net(np.ones((1, 6, 6)))
    assert net.blocks[1].body.path == "blocks.1.body"


def test_a_layer_added_later_is_found():
    model = nn.Sequential(nn.Dense(2, 2))
    model.layers.append(nn.Dense(2, 1))
    assert [n for n, _ in model.named_parameters()] == ["0.weight", "0.bias", "1.weight", "1.bias"]


def test_state_goes_out_and_in_again():
    random.seed(1)
    one, two = Net(), Net()
    two.load_state_dict({k: np.array(v) for k, v in one.state_dict().items()})
    assert two.state_dict() == one.state_dict()
    x = np.linspace(0, 1, 36).reshape(1, 6, 6)
    assert one(x).tolist() == two(x).tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("scale"), r"missing \['scale'\]"),
        (lambda s: s.update(extra=[1.0]), r"unknown \['extra'\]"),
        (lambda s: s.update(scale=[1.0, 2.0]), r"scale has shape \(2,\), the model needs \(1,\)"),
        (lambda s: s.update(scale=[[1.0], [2.0, 3.0]]), "ragged"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, message):
    net = Net()
    before = net.state_dict()
    state = {k: Tensor(v).numpy() * 2 for k, v in before.items()}
    state = {k: v.tolist() for k, v in state.items()}
    change(state)
    with pytest.raises(ValueError, match=message):
        net.load_state_dict(state)
    assert net.state_dict() == before


def test_a_part_of_a_state_fills_a_part_of_the_model():
    net = nn.Sequential(body=nn.Dense(2, 2), head=nn.Dense(2, 1))
    head, body = net.head.weight.tolist(), [[1.0, 2.0], [3.0, 4.0]]
    state = {"body.weight": body, "body.bias": [0.5, 0.5], "old.weight": [1.0]}
    left = net.load_state_dict(state, strict=False)
    assert left.missing_keys == ["head.bias", "head.weight"]
    assert left.unexpected_keys == ["old.weight"]
    assert (net.body.weight.tolist(), net.head.weight.tolist()) == (body, head)
    assert net.load_state_dict(net.state_dict()) == ([], [])
    with pytest.raises(ValueError, match=r"body\.weight has shape \(1,\)"):
        net.load_state_dict({"body.weight": [1.0]}, strict=False)


def test_buffers_are_state_but_not_trained():
    model = nn.Sequential(nn.BatchNorm2D(2))
    assert list(dict(model.named_parameters())) == ["0.weight", "0.bias"]
    assert list(model.state_dict()) == ["0.weight", "0.bias", "0.running_mean", "0.running_var"]


def test_a_state_from_pytorch_may_count_batches():
    norm = nn.BatchNorm2D(1, momentum=1.0)
    norm.load_state_dict({**norm.state_dict(), "bias": [2.0], "num_batches_tracked": 3})
    assert norm.bias.tolist() == [2.0]


def test_train_and_eval_reach_every_module():
    net = Net()
    assert not any(m.training for m in net.eval().modules())
    assert all(m.training for m in net.train().modules())


def test_zero_grad_clears_every_parameter():
    net = Net()
    net(np.ones((1, 6, 6))).sum().backward()
    net.zero_grad()
    assert all(v.grad == 0 for p in net.parameters() for v in p.values)


def test_summary_counts_what_one_lenet_sample_makes():
    model = nn.Sequential(
        nn.Conv2D(1, 8, 5), nn.ReLU(), nn.MaxPool(2), nn.Conv2D(8, 16, 5), nn.ReLU(), nn.MaxPool(2),
        nn.Flatten(), nn.Dense(256, 10),
    )  # fmt: skip
    summary = model.summary(1, 28, 28)
    assert (summary.multiply_adds, summary.parameters, summary.nodes) == (322_560, 5_994, 25_102)
    assert [row.shape for row in summary.rows][:3] == [(8, 24, 24), (8, 24, 24), (8, 12, 12)]
    assert "16×8×8" in str(summary)
    assert model.training
    y = model(np.zeros((1, 28, 28)))
    loss = nn.CrossEntropyLoss()(y, 3)
    assert len(graph.nodes(loss)) <= 26_000


def test_summary_counts_what_containers_add_of_their_own():
    class Scaled(nn.Module):
        def __init__(self):
            self.dense = nn.Dense(3, 3)
            self.scale = nn.Parameter([1.0] * 3)

        def forward(self, x):
            return (self.dense(x) * self.scale).tanh()

    for model, parameters in ((Scaled(), 15), (nn.Sequential(nn.Residual(nn.Dense(3, 3))), 12)):
        summary = model.summary(3)
        made = graph.nodes(*model([0.0] * 3).values)
        assert (summary.parameters, summary.nodes) == (parameters, len(made))
    assert nn.BatchNorm2D(2).summary(2, 3, 3).parameters == 4


def test_a_parameter_made_by_arithmetic_is_a_leaf():
    w = nn.Parameter(Tensor([1.0, 2.0]) * 0.5)
    for _ in range(2):
        (w * w).sum().backward()
    assert w.grad == [2.0, 4.0]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("Linear", "Dense"),
        ("Conv2d", "Conv2D"),
        ("MaxPooling2D", "MaxPool"),
        ("MaxPool2d", "MaxPool"),
    ],
)
def test_another_librarys_name_says_what_it_is_called_here(theirs, ours):
    with pytest.raises(AttributeError, match=rf"use nn\.{ours}$"):
        getattr(nn, theirs)
    with pytest.raises(AttributeError, match=r"no attribute 'Foo'$"):
        nn.Foo  # noqa: B018


@pytest.mark.parametrize(
    ("layer", "options", "ours"),
    [
        (nn.Conv2D, {"filters": 8, "kernel_size": 3}, "out_channels"),
        (
            nn.Conv2D,
            {"in_channels": 1, "out_channels": 1, "kernel_size": 3, "strides": 2},
            "stride",
        ),
        (nn.Dense, {"units": 3}, "out_features"),
        (nn.MaxPool, {"pool_size": 2}, "kernel_size"),
        (nn.Dropout, {"p": 0.5}, "rate"),
        (nn.Dense, {"in_features": 1, "out_features": 1, "activation": "relu"}, r"nn\.ReLU"),
    ],
)
def test_another_librarys_keyword_says_what_it_is_called_here(layer, options, ours):
    with pytest.raises(TypeError, match=ours):
        layer(**options)


def test_a_module_of_ones_own_may_use_any_keyword():
    class Mine(nn.Module):
        def __init__(self, filters):
            self.filters = filters

    assert Mine(filters=3).filters == 3

    class Free(nn.Module):
        def __init__(self, **options):
            self.options = options

    assert Free(activation="relu").options == {"activation": "relu"}


def test_a_module_without_forward_says_so():
    with pytest.raises(TypeError, match="Module has no forward"):
        nn.Module()([1.0])


def test_a_model_prints_one_layer_a_line_with_the_options_of_its_constructor():
    class Mixed(nn.Module):
        def __init__(self):
            self.scale = nn.Parameter([1.0])
            self.heads = {"a": nn.Dense(8, 2, bias=False)}
            self.me = self

    body = nn.Sequential(conv=nn.Conv2D(1, 1, 3, padding="same"), act=nn.GELU("tanh"))
    model = nn.Sequential(nn.Residual(body), nn.Sequential(), Mixed())
    assert (
        str(model)
        == """\
Sequential(
  0: Residual(
    body: Sequential(
      conv: Conv2D(1, 1, 3, padding='same')
      act: GELU(approximate='tanh')
    )
  )
  1: Sequential()
  2: Mixed(
    heads.a: Dense(8, 2, bias=False)
    me: ...
  )
)"""
    )


def test_a_module_says_its_arguments_where_it_keeps_them():
    class Options(nn.Module):
        def __init__(self, size, *widths, **rest):
            self.size, self.widths, self.rest = size, widths, rest

    class Secretive(nn.Module):
        def __init__(self, size):
            pass

    assert repr(Options(3, 4, 5, mode="full")) == "Options(3, 4, 5, mode='full')"
    assert repr(Secretive(3)) == "Secretive(...)"


def test_num_parameters_counts_what_is_trained_each_once():
    shared = nn.Dense(2, 2)
    assert nn.Sequential(shared, nn.BatchNorm2D(3), shared).num_parameters() == 6 + 6
    assert nn.ReLU().num_parameters() == 0


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        *(("Linear", "Dense"), ("Conv1d", "Conv1D"), ("Conv2DTranspose", "ConvTranspose2D")),
        *(("ConvTranspose2d", "ConvTranspose2D"), ("MaxPooling1D", "MaxPool1D")),
        *(("BatchNormalization", "BatchNorm2D"), ("BatchNorm1d", "BatchNorm1D")),
        *(("UpSampling2D", "Upsample(scale_factor=2)"), ("ReLU6", "Hardtanh(0, 6)")),
        *(("Dropout2d", "Dropout2D"), ("RMSNormalization", "RMSNorm"), ("Unflatten", "Reshape")),
    ],
)
def test_what_pytorch_and_keras_call_otherwise_is_said(theirs, ours):
    with pytest.raises(AttributeError, match=re.escape(f"use nn.{ours}")):
        getattr(nn, theirs)
    assert hasattr(nn, ours.partition("(")[0])
