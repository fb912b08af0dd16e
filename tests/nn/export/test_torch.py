"""Models as PyTorch's modules and back: the same numbers, names, gradients and modes."""

import importlib.util
import io
import random
import sys
from collections import OrderedDict
from fractions import Fraction

import numpy as np
import pytest
from export_cases import MODELS, NETS, assert_close, batch, built, evaluated

import nn

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="needs torch: pip install torch"
)
pytestmark = [
    needs_torch,
    # said by torch once for each process that meets an even kernel
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning"),
]


@pytest.fixture(scope="session")
def torch():
    """PyTorch, imported where a test asks for it and not when tests are collected."""
    import torch

    torch.set_num_threads(1)
    return torch


def run(module, x):
    """What a module of PyTorch makes of a batch in evaluation."""
    import torch

    with torch.no_grad():
        return module.eval()(torch.from_numpy(np.asarray(x))).numpy()


def numbers(module):
    """{name: nested list} of PyTorch's state, without its count of batches."""
    state = module.state_dict()
    return {k: v.tolist() for k, v in state.items() if not k.endswith("num_batches_tracked")}


def rounded(model):
    """The state of a model in single precision."""
    return {name: np.float32(part).tolist() for name, part in model.state_dict().items()}


# --- out ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "shape"), MODELS)
def test_pytorch_computes_what_the_model_computes_from_the_same_state(text, shape, torch):
    model = built(text)
    module = nn.export.to_torch(model)
    assert numbers(module) == rounded(model)
    for samples in (1, 3):
        x = batch(shape, samples)
        assert_close(run(module, x), evaluated(model, x))


@pytest.mark.parametrize(("text", "shape"), MODELS)
def test_there_and_back_gives_the_same_layers_and_numbers(text, shape, torch):
    model = built(text)
    again = nn.export.from_torch(nn.export.to_torch(model))
    assert repr(again) == repr(model)
    assert again.state_dict() == rounded(model)


def cross_entropies(model, module, x, labels):
    """(ours, PyTorch's): {parameter: gradient} of the mean loss of a batch."""
    import torch

    nn.CrossEntropyLoss()(model(x), labels).backward()
    ours = {name: np.array(p.grad) for name, p in model.named_parameters()}
    logits = module(torch.from_numpy(x))
    torch.nn.functional.cross_entropy(logits, torch.tensor(labels)).backward()
    return ours, {name: p.grad.numpy() for name, p in module.named_parameters()}


CNN = (
    "Sequential(Conv2D(1, 3, 3, padding='same', stride=2), BatchNorm2D(3), GELU(), "
    "Residual(Sequential(Conv2D(3, 3, 3, padding=1), GroupNorm(3, 3), ReLU()), Conv2D(3, 3, 1)), "
    "MaxPool(2), Flatten(), Dense(12, 4))"
)


@pytest.mark.parametrize("training", [True, False])
def test_gradients_and_running_statistics_agree_with_pytorchs(training, torch):
    module = nn.export.to_torch(built(CNN).train(training))
    model = nn.export.from_torch(module)
    x = batch((1, 7, 8), 3).astype(np.float64)
    ours, theirs = cross_entropies(model, module.double(), x, [0, 3, 1])
    assert ours.keys() == theirs.keys()
    for name, gradient in ours.items():
        np.testing.assert_allclose(gradient, theirs[name], rtol=1e-9, atol=1e-12, err_msg=name)
    for name, state in numbers(module).items():
        np.testing.assert_allclose(model.state_dict()[name], state, rtol=1e-12, err_msg=name)


def test_a_layer_of_ours_is_a_layer_of_pytorchs_at_the_same_place(torch):
    module = nn.export.to_torch(built(MODELS[-2][0]))
    kinds = [type(part).__name__ for part in module]
    assert isinstance(module, torch.nn.Sequential)
    assert kinds == [
        "Conv2d", "GroupNorm", "ReLU", "Residual", "ReLU", "Residual", "GELU", "GlobalAvgPool",
        "LayerNorm", "Linear", "Softmax",
    ]  # fmt: skip
    assert isinstance(nn.export.to_torch(nn.Dense(2, 1)), torch.nn.Linear)


def test_options_are_carried_over(torch):
    layers = nn.Sequential(
        nn.BatchNorm2D(2, eps=0.25, momentum=0.5), nn.Dropout(0.3), nn.GELU("tanh"),
        nn.LeakyReLU(Fraction(1, 8)), nn.GroupNorm(1, 2, eps=Fraction(1, 2)),
    )  # fmt: skip
    norm, dropout, gelu, leaky, group = nn.export.to_torch(layers)
    assert (norm.eps, norm.momentum, dropout.p, gelu.approximate) == (0.25, 0.5, 0.3, "tanh")
    assert (leaky.negative_slope, group.eps) == (0.125, 0.5)


def test_modes_are_carried_over_module_by_module_both_ways(torch):
    model = built("Sequential(Dropout(), Residual(Sequential(BatchNorm2D(2), Dropout())), ReLU())")
    model[1].eval()
    model[1].body[1].train()
    modes = [module.training for module in model.modules()]
    module = nn.export.to_torch(model)
    assert [part.training for part in module.modules()] == modes
    assert [part.training for part in nn.export.from_torch(module).modules()] == modes
    pooled = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(1)).eval()
    assert not any(part.training for part in nn.export.from_torch(pooled).modules())


def test_weights_that_are_shared_stay_shared_both_ways(torch):
    layer, other = built("Dense(3, 3)"), built("Dense(3, 3)")
    other.bias = layer.bias
    module = nn.export.to_torch(nn.Sequential(layer, other, layer))
    assert module[0].weight is module[2].weight
    assert module[0].bias is module[1].bias
    assert len(list(module.parameters())) == 3
    again = nn.export.from_torch(module)
    assert [name for name, _ in again.named_parameters()] == ["0.weight", "0.bias", "1.weight"]


def test_frozen_weights_stay_frozen_both_ways(torch):
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    module[0].requires_grad_(False)
    model = nn.export.from_torch(module)
    assert [name for name, _ in model.named_parameters()] == ["1.weight", "1.bias"]
    frozen = {k: not p.requires_grad for k, p in nn.export.to_torch(model).named_parameters()}
    assert frozen == {"0.weight": True, "0.bias": True, "1.weight": False, "1.bias": False}


def test_a_weight_that_is_computed_is_copied_and_not_trained(torch):
    layer = built("Dense(2, 2)")
    weight = layer.weight
    del layer.weight
    layer.weight = weight * 2
    module = nn.export.to_torch(layer)
    x = batch((2,), 2)
    assert_close(run(module, x), evaluated(layer, x))
    assert [name for name, p in module.named_parameters() if p.requires_grad] == ["bias"]


def test_torchs_default_type_is_the_type_of_the_weights(torch):
    model = built("Dense(2, 2)")
    torch.set_default_dtype(torch.float64)
    try:
        assert numbers(nn.export.to_torch(model)) == model.state_dict()
    finally:
        torch.set_default_dtype(torch.float32)


def test_neither_way_draws_a_random_number(torch):
    model = built(CNN)
    before = torch.get_rng_state(), random.getstate()
    nn.export.from_torch(nn.export.to_torch(model))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]


def test_the_copies_do_not_share_memory(torch):
    model = built("Dense(2, 2)")
    module = nn.export.to_torch(model)
    again = nn.export.from_torch(module)
    with torch.no_grad():
        module.weight.zero_()
    assert np.abs(model.weight.numpy()).min() > 0
    assert np.abs(again.weight.numpy()).min() > 0


def test_torch_can_pickle_and_copy_what_it_got(torch):
    model = built(
        "Sequential(Conv2D(1, 2, 3, stride=2, padding='same'), Residual(Sequential()), "
        "GlobalAvgPool(), Reshape(1, 2), Reshape(2, axes=2))"
    )
    module = nn.export.to_torch(model)
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    again = torch.load(file, weights_only=False)
    x = batch((1, 5, 5), 2)
    assert_close(run(again, x), evaluated(model, x))
    assert "Reshape(2, axes=2)" in repr(again)


class Doubled(nn.Module):
    def forward(self, x):
        return x * 2


def of_complex():
    model = nn.Sequential(nn.Dense(1, 1))
    model[0].bias[0].data = 2j
    return model


OUT = {
    "own forward of any shape": (lambda: nn.Sequential(Doubled()), ValueError, "give shape="),
    "a function": (lambda: nn.Sequential(nn.ReLU(), abs), TypeError, "1 is a builtin_function"),
    "no model": (lambda: [1], TypeError, r"needs a Module, got \[1\]"),
    "complex": (of_complex, ValueError, r"0 \(Dense\): bias: 2j is not a real number"),
}


@pytest.mark.parametrize("name", OUT)
def test_what_pytorch_cannot_have_is_named(name, torch):
    make, kind, message = OUT[name]
    with pytest.raises(kind, match=f"^to_torch: .*{message}"):
        nn.export.to_torch(make())


# --- in -------------------------------------------------------------------------------------------

THEIRS = {
    "linear": (lambda t: t.Linear(4, 3), (4,)),
    "linear on rows": (lambda t: t.Linear(4, 3, bias=False), (2, 4)),
    "convolution": (lambda t: t.Conv2d(2, 4, (3, 2), 2, (1, 0), 1, 2, False), (2, 5, 6)),
    "same": (lambda t: t.Conv2d(1, 2, (3, 2), padding="same", dilation=(1, 2)), (1, 4, 5)),
    "valid": (lambda t: t.Conv2d(1, 2, 2, padding="valid"), (1, 3, 3)),
    "max pool": (lambda t: t.MaxPool2d(3, 2, 1), (2, 5, 5)),
    "max pool of pairs": (lambda t: t.MaxPool2d((2, 1), dilation=(1, 1)), (2, 5, 5)),
    "max pool, dilated and rounded up": (
        lambda t: t.MaxPool2d(2, 3, 1, 2, ceil_mode=True),
        (2, 5, 6),
    ),
    "average pool, rounded up": (lambda t: t.AvgPool2d(3, 2, 1, True, False), (2, 5, 6)),
    "pools of signals": (
        lambda t: t.Sequential(t.Conv1d(2, 3, 3, 1, "same"), t.MaxPool1d(2), t.AvgPool1d(2, 1, 1)),
        (2, 7),
    ),
    "global pool of signals": (
        lambda t: t.Sequential(t.AdaptiveAvgPool1d(1), t.Flatten(), t.Linear(3, 2)),
        (3, 5),
    ),
    "transposed": (lambda t: t.ConvTranspose2d(2, 4, 3, 2, 1, 1, 2, False), (2, 3, 2)),
    "upsampled": (
        lambda t: t.Sequential(
            *(t.Upsample(scale_factor=2), t.Upsample((5, 4), mode="bilinear")),
            *(t.UpsamplingNearest2d(scale_factor=2), t.UpsamplingBilinear2d(7)),
        ),
        (1, 3, 2),
    ),
    "average pool": (lambda t: t.AvgPool2d(3, 2, 1), (2, 5, 5)),
    "average pool without margins": (lambda t: t.AvgPool2d(2, count_include_pad=False), (1, 4, 4)),
    "global pool": (lambda t: t.AdaptiveAvgPool2d(1), (3, 4, 5)),
    "global pool, flattened": (
        lambda t: t.Sequential(t.AdaptiveAvgPool2d((1, 1)), t.Flatten(), t.Linear(3, 2)),
        (3, 4, 5),
    ),
    "flatten images": (lambda t: t.Sequential(t.Flatten(), t.Linear(24, 2)), (2, 3, 4)),
    "flatten rows and columns": (lambda t: t.Flatten(2), (2, 3, 4)),
    "flatten the last two": (lambda t: t.Flatten(-2), (5, 2, 3, 4)),
    "flatten after convolution": (
        lambda t: t.Sequential(t.Conv2d(1, 2, 2), t.ReLU(), t.Flatten(1, 3), t.Flatten()),
        (1, 3, 3),
    ),
    "unflatten": (lambda t: t.Sequential(t.Linear(3, 6), t.Unflatten(1, (1, 2, 3))), (3,)),
    "unflatten and flatten": (
        lambda t: t.Sequential(t.Unflatten(1, (2, 3)), t.Flatten(), t.Unflatten(-1, (3, -1))),
        (6,),
    ),
    "dropout": (lambda t: t.Dropout(0.25), (3,)),
    "layer norm": (lambda t: t.LayerNorm((2, 3), 0.1), (2, 3)),
    "layer norm without weights": (lambda t: t.LayerNorm(3, elementwise_affine=False), (2, 3)),
    "group norm": (lambda t: t.GroupNorm(2, 4, affine=False), (4, 3, 3)),
    "batch norm": (lambda t: t.BatchNorm2d(3, 0.1, 0.2), (3, 2, 2)),
    "batch norms without weights": (
        lambda t: t.Sequential(t.BatchNorm2d(2, affine=False), t.Flatten(), t.BatchNorm1d(8)),
        (2, 2, 2),
    ),
    "batch norm of signals": (lambda t: t.BatchNorm1d(2), (2, 5)),
    "root mean square": (lambda t: t.Sequential(t.RMSNorm(3), t.RMSNorm(3, 0.1, False)), (3,)),
    "further activations": (
        lambda t: t.Sequential(
            *(t.ELU(0.5), t.SiLU(), t.Softplus(2), t.Hardtanh(-0.5, 2), t.ReLU6()),
            *(t.LogSoftmax(-1), t.Identity(), t.Dropout2d(0.1)),
        ),
        (2, 3, 6),
    ),
    "activations": (
        lambda t: t.Sequential(t.ReLU(), t.LeakyReLU(0.2), t.Sigmoid(), t.Tanh(), t.GELU("tanh")),
        (6,),
    ),
    "softmax": (lambda t: t.Sequential(t.Linear(3, 4), t.GELU(), t.Softmax(1)), (3,)),
    "identity": (lambda t: t.Identity(), (2, 3)),
    "used twice": (lambda t: t.Sequential(layer := t.Linear(2, 2), t.Flatten(), layer), (2,)),
}


def randomised(module):
    """Random numbers in all parameters and buffers."""
    import torch

    generator = torch.Generator().manual_seed(0)
    for name, tensor in module.state_dict().items():
        if tensor.is_floating_point():
            tensor.uniform_(0.5 if name.endswith("running_var") else -1, 1, generator=generator)
    return module


@pytest.mark.parametrize("name", THEIRS)
def test_a_model_computes_what_pytorch_computes_and_gives_its_state_back(name, torch):
    make, shape = THEIRS[name]
    module = randomised(make(torch.nn))
    model = nn.export.from_torch(module)
    for samples in (1, 3):
        x = batch(shape, samples)
        assert_close(evaluated(model, x), run(module, x))
    again = nn.export.to_torch(model)
    assert numbers(again) == numbers(module)
    assert_close(run(again, x), run(module, x))


@pytest.mark.parametrize(("text", "shape"), NETS)
def test_a_net_that_pytorch_drew_is_the_same_here(text, shape, torch):
    module = randomised(nn.export.to_torch(built(text)))
    x = batch(shape, 2)
    assert_close(evaluated(nn.export.from_torch(module), x), run(module, x))


def test_the_shape_of_a_sample_says_how_many_axes_flatten_takes(torch):
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 2))
    model = nn.export.from_torch(module, shape=(3, 4))
    x = batch((3, 4), 5)
    assert_close(evaluated(model, x), run(module, x))
    assert repr(nn.export.from_torch(module)[0]) == "Flatten()"
    assert repr(model[0]) == "Flatten(axes=2)"


def test_axes_are_counted_along_the_layers(torch):
    t = torch.nn
    block = nn.export.to_torch(nn.Residual(nn.Flatten(), nn.Flatten()))
    module = t.Sequential(t.Unflatten(-1, (1, 4, 3)), block, t.Unflatten(1, (3, 4)), t.Flatten())
    model = nn.export.from_torch(module)
    assert repr(model[3]) == "Flatten(axes=2)"
    x = batch((12,), 2)
    assert_close(evaluated(model, x), run(module, x))


def test_a_global_pool_takes_two_axes_away(torch):
    t = torch.nn
    pool = nn.export.to_torch(nn.GlobalAvgPool())
    module = t.Sequential(t.Conv2d(1, 6, 1), pool, t.Unflatten(1, (2, 3)), t.Flatten())
    model = nn.export.from_torch(module)
    assert repr(model[3]) == "Flatten(axes=2)"
    x = batch((1, 2, 2), 2)
    assert_close(evaluated(model, x), run(module, x))


def test_names_are_kept_out_and_in_and_a_subclass_that_keeps_the_forward_is_read(torch):
    class Named(torch.nn.Sequential):
        pass

    module = Named()
    module.add_module("hidden", torch.nn.Linear(2, 3))
    module.add_module("act", torch.nn.Tanh())
    model = nn.export.from_torch(module)
    assert repr(model) == "Sequential(\n  hidden: Dense(2, 3)\n  act: Tanh()\n)"
    assert model.state_dict().keys() == {"hidden.weight", "hidden.bias"}
    assert nn.export.to_torch(model).state_dict().keys() == module.state_dict().keys()


def test_a_name_that_is_taken_there_is_told_and_one_that_is_taken_here_is_a_position(torch):
    with pytest.raises(ValueError, match=r"block \(Sequential\): .*'half' already exists"):
        nn.export.to_torch(nn.Sequential(block=nn.Sequential(half=nn.Tanh())))
    module = torch.nn.Sequential(OrderedDict(layers=torch.nn.Linear(2, 3), act=torch.nn.Tanh()))
    assert nn.export.from_torch(module).state_dict().keys() == {"0.weight", "0.bias"}


def test_half_precision_is_read_exactly(torch):
    module = torch.nn.Linear(3, 2).to(torch.bfloat16)
    assert nn.export.from_torch(module).state_dict() == numbers(module)


def custom(t):
    class Custom(t.Linear):
        def forward(self, x):
            return super().forward(x) + 1

    return Custom(2, 2)


def hooked(t):
    layer = t.Linear(2, 2)
    layer.register_forward_hook(lambda *_: None)
    return layer


def in_complex(t):
    layer = t.Linear(2, 2)
    layer.weight = t.Parameter(layer.weight.cfloat())
    return layer


def misshapen(t):
    layer = t.Linear(2, 2)
    layer.weight = t.Parameter(layer.weight[:1])
    return layer


HOSTILE = {
    "own forward": (custom, TypeError, "is a Custom; .*built of AdaptiveAvgPool1d, .*Sequential"),
    "another kind of norm": (lambda t: t.InstanceNorm2d(2), TypeError, "is a InstanceNorm2d"),
    "no sequence": (lambda t: t.ModuleList([t.ReLU()]), TypeError, "is a ModuleList"),
    "ours": (lambda t: nn.Dense(1, 1), TypeError, r"needs a torch.nn.Module, got Dense\(1, 1\)"),
    "reflected": (
        lambda t: t.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"),
        ValueError,
        "Conv2d.*: padding_mode='reflect'; here only padding_mode='zeros' is possible",
    ),
    "upsampled by splines": (
        lambda t: t.Upsample(scale_factor=2, mode="bicubic"),
        ValueError,
        "mode='bicubic'.*only nearest and bilinear",
    ),
    "straight on": (lambda t: t.Softplus(threshold=3), ValueError, "threshold=3; .*no straight"),
    "indices": (lambda t: t.MaxPool2d(2, return_indices=True), ValueError, "return_indices=True"),
    "wide margins": (
        lambda t: t.MaxPool2d(2, padding=3),
        ValueError,
        "padding 3 is more than half",
    ),
    "divisor": (lambda t: t.AvgPool2d(2, divisor_override=3), ValueError, "divisor_override=3; "),
    "adaptive": (lambda t: t.AdaptiveAvgPool2d(2), ValueError, "output_size=2; .*output_size=1"),
    "batch flattened": (lambda t: t.Flatten(0), ValueError, "takes the axes 0 to 3 of 4"),
    "front flattened": (lambda t: t.Flatten(1, 2), ValueError, "axes 1 to 2 of 4.*shape= says"),
    "front unflattened": (
        lambda t: t.Sequential(t.Conv2d(4, 4, 1), t.Unflatten(1, (2, 2))),
        ValueError,
        r"1 \(Unflatten\): dim=1; here only dim=-1",
    ),
    "softmax anywhere": (lambda t: t.Softmax(), ValueError, "dim=None; .* such as dim=-1"),
    "all dropped": (lambda t: t.Dropout(1.0), ValueError, "needs 0 <= rate < 1"),
    "no bias": (lambda t: t.LayerNorm(3, bias=False), ValueError, "bias=False; here both"),
    "no statistics": (
        lambda t: t.BatchNorm2d(3, track_running_stats=False),
        ValueError,
        "track_running_stats=False; ",
    ),
    "cumulative": (lambda t: t.BatchNorm2d(3, momentum=None), ValueError, "momentum .* got None"),
    "hooks": (hooked, ValueError, "hooks or parametrizations"),
    "weight norm": (
        lambda t: t.utils.parametrizations.weight_norm(t.Linear(2, 2)),
        ValueError,
        "hooks or parametrizations",
    ),
    "complex": (in_complex, ValueError, "weight: .*torch.complex64"),
    "nowhere": (lambda t: t.Linear(2, 2, device="meta"), ValueError, "weight: .*on meta"),
    "another shape": (misshapen, ValueError, r"weight: has shape \(1, 2\), the layer \(2, 2\)"),
    "lazy": (lambda t: t.LazyLinear(2), ValueError, "in_features must be at least 1"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_there_is_not_here_is_named_with_its_path_and_what_is_possible(name, torch):
    make, kind, message = HOSTILE[name]
    with pytest.raises(kind, match=f"^from_torch: .*{message}"):
        nn.export.from_torch(make(torch.nn))
    if name != "ours":
        nested = torch.nn.Sequential(torch.nn.Identity(), torch.nn.Sequential(make(torch.nn)))
        with pytest.raises(kind, match=r"^from_torch: 1\.0[. ]"):
            nn.export.from_torch(nested)


def test_without_torch_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    for function in (nn.export.to_torch, nn.export.from_torch):
        with pytest.raises(ImportError) as caught:
            function(nn.Dense(1, 1))
        assert str(caught.value) == 'nn.export needs torch: pip install "torch"'


def test_there_is_no_other_name_among_the_layers_for_pytorch():
    with pytest.raises(AttributeError, match="has no attribute 'Conv3d'"):
        nn.export.torch_layers.Conv3d  # noqa: B018
