"""Recurrent layers and attention against PyTorch: goldens of golden_sequences.py.

Eager, and compiled in double precision: the same numbers and the same gradients.
"""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from test_goldens import assert_agree, built, gradients

import autograd
from autograd import Tensor

GOLDENS = json.loads(
    gzip.decompress(Path(__file__).with_name("goldens_sequences.json.gz").read_bytes())
)
CASES = [
    pytest.param(case, id=case["name"])
    for group, cases in GOLDENS.items()
    if group != "torch"
    for case in cases
]
NATIVE = [
    "GRU(2, 2, num_layers=2, bidirectional=True) of 2 of 3 steps, a state",
    "LSTM(2, 2, num_layers=2, bidirectional=True) of 2 of 3 steps, a state",
    "MultiHeadAttention(4, 2, causal=True) of [3] in (2,) with {}",
]


def flattened(outputs):
    """The Tensors of nested tuples, in order."""
    if isinstance(outputs, tuple):
        return [y for part in outputs for y in flattened(part)]
    return [outputs]


def layer_of(case):
    """The layer of a case, with its numbers."""
    layer = built(case["layer"])
    layer.load_state_dict(case["state"])
    return layer


def called(layer, case, inputs):
    """All outputs of the call that a case describes; one input, or a tuple of them."""
    arguments = [part if len(part) > 1 else part[0] for part in inputs]
    options = {"need_weights": True} if "MultiHead" in case["layer"] else {}
    return flattened(layer(*arguments, **case["options"], **options))


def loss_of(outputs, case):
    """Σ upstream·y over all outputs."""
    return sum((y * Tensor(u)).sum() for y, u in zip(outputs, case["upstream"], strict=True))


@pytest.mark.parametrize("case", CASES)
def test_outputs_and_all_gradients_are_pytorchs(case):
    layer = layer_of(case)
    inputs = [tuple(map(Tensor, part)) for part in case["inputs"]]
    outputs = called(layer, case, inputs)
    assert_agree([y.tolist() for y in outputs], case["outputs"], "output")
    loss_of(outputs, case).backward()
    assert_agree([[x.grad for x in part] for part in inputs], case["input_grads"], "of the inputs")
    assert_agree(gradients(layer), case["grads"], "gradient")


def check_compiled(case, backend):
    """A compiled program has PyTorch's outputs, and the gradients of the parameters."""
    layer = layer_of(case)

    def function(*inputs):
        outputs = called(layer, case, inputs)
        return loss_of(outputs, case), outputs

    inputs = [tuple(np.array(x) for x in part) for part in case["inputs"]]
    program = autograd.compile(
        function, *inputs, parameters=layer.parameters(), dtype="float64", backend=backend
    )
    batches = [tuple(x[None] for x in part) for part in inputs]
    loss, found = program.value_and_grad(*batches)
    _, outputs = program.outputs
    assert_agree([y[0].tolist() for y in outputs], case["outputs"], "output")
    names = [name for name, _ in layer.named_parameters()]
    found = {name: g.tolist() for name, g in zip(names, found, strict=True)}
    assert_agree(found, case["grads"], "gradient")
    pairs = zip(case["outputs"], case["upstream"], strict=True)
    assert_agree(loss, sum(float(np.vdot(y, u)) for y, u in pairs), "loss")


@pytest.mark.parametrize("case", CASES)
def test_a_compiled_program_has_the_same_numbers(case):
    check_compiled(case, "numpy")


@pytest.mark.parametrize("case", [p for p in CASES if p.values[0]["name"] in NATIVE])
def test_so_has_machine_code(case):
    check_compiled(case, "native")


def test_all_cases_of_machine_code_are_there():
    assert {*NATIVE} <= {case.values[0]["name"] for case in CASES}
