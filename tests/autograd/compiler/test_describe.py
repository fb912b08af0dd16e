"""What a program says of itself: `print(program)` and `program.explain(scope)`, as golden files.

`python tests/autograd/compiler/test_describe.py` writes the files anew; read what changed.
"""

import re
from pathlib import Path

import numpy as np
import pytest

import autograd
import nn
from autograd import Tensor, Value

GOLDENS = Path(__file__).with_name("goldens")


class Net(nn.Module):
    """LeNet with names, its second convolution with margins and in two groups."""

    def __init__(self):
        self.conv1 = nn.Conv2D(1, 8, 5)
        self.conv2 = nn.Conv2D(8, 16, 5, padding=1, groups=2)
        self.pool = nn.MaxPool(2)
        self.fc = nn.Dense(400, 10)

    def forward(self, x):
        x = self.pool(self.conv1(x).relu())
        x = self.pool(self.conv2(x).relu())
        return self.fc(x.flatten())


def convolutions():
    model, loss = Net(), nn.CrossEntropyLoss()
    return autograd.compile(
        lambda x, t: loss(model(x), t),
        np.zeros((1, 28, 28)),
        np.eye(10)[0],
        parameters=model.parameters(),
    )


def neurons():
    """Two layers written by hand, `w*x` and `+` one by one."""
    first = [[Value(0.1 * (i + j)) for i in range(4)] for j in range(3)]
    flat = [w for row in first for w in row]
    second = [Value(0.2 * j) for j in range(3)]
    bias = Value(0.5)

    def by_hand(x):
        hidden = []
        for row in first:
            total = bias
            for w, entry in zip(row, x, strict=True):
                total = total + w * entry
            hidden.append(total.tanh())
        return (sum(w * h for w, h in zip(second, hidden, strict=True)) - 1.0) ** 2

    return autograd.compile(by_hand, [0.0] * 4, parameters=[*flat, *second, bias])


def attention():
    q, k, v = (Tensor(np.eye(4)[:3] + 0.1, label=name) for name in "qkv")

    def head(x):
        scores = (x @ q.T) @ (x @ k.T).T
        return (autograd.softmax(scores) @ (x @ v.T)).sum()

    return autograd.compile(head, np.zeros((5, 4)), parameters=[q, k, v])


PROGRAMS = {"convolutions": convolutions, "neurons": neurons, "attention": attention}
SCOPES = {"convolutions": ["conv1", "conv2", "fc", "pool"], "neurons": [""], "attention": [""]}


def text(name):
    program = PROGRAMS[name]()
    parts = [f"explain({scope!r})\n\n{program.explain(scope)}" for scope in SCOPES[name]]
    return "\n\n".join([str(program), *parts])


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_its_kernels_and_explains_its_transposes(name):
    assert text(name) == (GOLDENS / f"{name}.txt").read_text(encoding="utf-8")


def test_a_scope_that_is_not_there_is_named_beside_those_that_are():
    with pytest.raises(ValueError, match=r"explain\('conv3'\).*'conv1', .*'fc'"):
        convolutions().explain("conv3")


def test_without_products_there_are_no_multiply_adds_and_nothing_to_transpose():
    program = autograd.compile(lambda x: (x * 2.0).tanh(), [0.0] * 3)
    assert "multiply-adds" not in str(program)
    text = program.explain()
    assert text.startswith("the function: no matrix products, number by number\n")
    assert "3 tanh" in text


def test_the_middle_of_a_long_program_is_left_out():
    def chain(x):
        for _ in range(500):
            x = x.sin()
        return x

    lines = str(autograd.compile(chain, 0.0)).splitlines()
    assert len(lines) == 1 + 1 + 401 + 1
    assert "100 more" in lines[202]


def test_a_factor_of_one_hands_adjoints_on_as_they_are():
    w = Tensor([1.0, 2.0], label="w")
    one = str(autograd.compile(lambda x: (w * x * 1.0).sum(), [0.0] * 2, parameters=[w]))
    two = str(autograd.compile(lambda x: (w * x * 2.0).sum(), [0.0] * 2, parameters=[w]))
    assert "as they are to the operand" in one
    assert "as they are" not in two


def test_a_chain_of_four_terms_is_one_sum_and_a_chain_of_three_is_two():
    program = autograd.compile(lambda x: (x[0] + x[1] + x[2] + x[3], x[4] + x[5] + x[6]), [0.0] * 7)
    lines = [line.split()[1:3] for line in str(program).splitlines()[2:-1]]
    assert sorted(lines) == [["1", "+"], ["1", "+"], ["1", "sum"]]


def test_constants_that_a_kernel_reads_are_laid_out_before_any_run():
    program = autograd.compile(lambda x: x * Tensor([3.0, 1.0, 2.0, 1.0]), [0.0] * 4)
    assert [line.split()[1:] for line in str(program).splitlines()[2:-1]] == [["4", "·"]]


def test_a_product_that_is_not_trained_before_has_no_gradient_of_its_input():
    w = Tensor(np.eye(3))
    program = autograd.compile(lambda x: (w @ x.tanh()).sum(), [0.0] * 3, parameters=[w])
    assert "dX is not computed: nothing before this layer is trained" in program.explain()


def test_products_of_constants_and_of_what_is_trained_hand_on_to_what_is_trained_alone():
    w = Tensor(np.eye(3), label="w")
    fixed = np.eye(3)
    program = autograd.compile(lambda x: (fixed @ (w @ x).tanh()).sum(), [0.0] * 3, parameters=[w])
    assert [line.split()[1] for line in str(program).splitlines() if " = d" in line] == ["dW"]


def test_the_counts_are_those_of_the_graph():
    program = convolutions()
    assert program.scalars == sum(kernel.count for kernel in program.plan.forward)
    assert "4,608 dots = (8×25)·(25×576)  " in str(program)
    assert "dW (8×25) = dZ (8×576·B) · Xᵀ" in str(program)


def test_a_profile_counts_the_products():
    found = convolutions().profile(np.zeros((4, 1, 28, 28)), np.eye(10)[[0, 1, 2, 3]])
    conv1, conv2, fc = 4608 * 25, 2 * 8 * 100 * 100, 10 * 400
    assert found.flops == 4 * (2 * 2 * conv1 + 3 * 2 * (conv2 + fc))
    assert 0 < found.share < 1
    assert found.gflops > 0
    *lines, total = str(found).splitlines()
    assert total.startswith("4 samples in ")
    assert re.search(r" at \d+ GFLOP/s, of \d+ that one thread reaches here$", total)
    assert sum(timed.seconds for timed in found.kernels) == found.seconds
    assert found.peak > 0
    product = next(line for line in lines if "dW (8×25)" in line)
    assert re.fullmatch(r" +\d+\.\d{3} ms +\d+\.\d GFLOP/s  conv1 .*", product)


if __name__ == "__main__":
    for name in PROGRAMS:
        (GOLDENS / f"{name}.txt").write_text(text(name), encoding="utf-8")
