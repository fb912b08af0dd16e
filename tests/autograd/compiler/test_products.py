"""Contractions of every form, between parameters, samples and constants, agree with eager mode."""

import numpy as np
import pytest
from oracle import BOTH, batch, check, parameter

from autograd import Tensor, Value, einsum
from autograd.compiler.plan.kernels import Copy
from autograd.compiler.plan.maps import Elementwise
from autograd.compiler.plan.matmul import MatMul

pytestmark = pytest.mark.usefixtures("backend")

SIZES = {"g": 2, "h": 3, "i": 3, "j": 4, "k": 5}
PAIRS = [
    "i,i->", "i,j->ij", "i,j->ji", "ij,j->i", "ij,i->j", "ij,ij->", "ij,ij->i", "ij,ij->ij",
    "ij,jk->ik", "ij,kj->ik", "ji,jk->ki", "ij,jk->", "hij,hjk->hik", "hij,jk->hik", "ij,hjk->hki",
    "ghi,gij->ghj", "ghij,hj->gi", "ij,k->ikj", "hi,hi->h",
]  # fmt: skip
KINDS = ["parameter", "sample", "constant"]


def operand(kind, shape, seed):
    """What stands for an operand: a parameter, a constant array, or None for the sample."""
    made = {"parameter": parameter, "constant": batch}.get(kind)
    return made and made(*shape, seed=seed)


def check_pair(spec, kinds, squash):
    shapes = [tuple(SIZES[c] for c in part) for part in spec.partition("->")[0].split(",")]
    fixed = [
        operand(kind, s, 80 + k) for k, (kind, s) in enumerate(zip(kinds, shapes, strict=True))
    ]
    inputs = [batch(3, *s, seed=90 + k) for k, s in enumerate(shapes)]
    parameters = [x for x in fixed if isinstance(x, Tensor)]

    def function(*xs):
        given = [x if f is None else f for f, x in zip(fixed, xs, strict=True)]
        y = einsum(
            spec, *[x.tanh() if squash and not isinstance(x, np.ndarray) else x for x in given]
        )
        return ((y * y).sum() if isinstance(y, Tensor) else y * y), y

    check(function, inputs, parameters)


@pytest.mark.parametrize("kinds", [(a, b) for a in KINDS for b in KINDS], ids="-".join)
@pytest.mark.parametrize("spec", PAIRS)
def test_a_contraction_of_two_operands_of_any_kind_agrees(spec, kinds, backend):
    # a C compiler takes longer than all else: one of both, in turn
    for squash in (False, True) if backend == "numpy" else (spec in PAIRS[::2],):
        check_pair(spec, kinds, squash)


@pytest.mark.parametrize("spec", ["i,i->", "ij,ij->ij", "ij,kj->ik", "i,j->ij"])
def test_a_contraction_of_a_tensor_with_itself_agrees(spec):
    w = parameter(*[SIZES[c] for c in spec.partition(",")[0]], seed=81)
    if "k" in spec:
        w = parameter(4, 4, seed=81)

    def function(x):
        h = w * x
        y, z = einsum(spec, h, h), einsum(spec, w, w)
        return ((y * z).sum() if isinstance(y, Tensor) else y * z), y

    check(function, [batch(3, *w.shape)], [w], BOTH)


def test_three_and_more_operands_are_contracted_from_left_to_right():
    u, v = parameter(3, 4, seed=82), parameter(4, seed=83)
    check(
        lambda x: einsum("i,ij,j->", x, u, v) * einsum("i,ij,j,i->", x, u, v, x),
        [batch(4, 3)],
        [u, v],
    )


def test_entries_of_an_operand_may_come_from_different_places():
    """Rows of a product that are a parameter, a sample, a constant and what was computed."""
    w, v = parameter(3, seed=84), parameter(3, seed=85)

    def function(x):
        left = Tensor([w, x, [1.0, 2.0, 3.0], w * v, (x * w).tanh()])
        right = Tensor([x, v, [0.0, 0.5, 0.0]])
        y = left @ right.T
        return (y * y).sum(), y

    check(function, [batch(4, 3)], [w, v], BOTH)


def test_dots_that_share_some_operands_and_not_others_agree():
    """A triangle of dots is no grid: it is cut into products that are."""
    w = parameter(5, 3, seed=86)

    def function(x):
        rows = [w[i] * x for i in range(5)]
        dots = [einsum("i,i->", rows[i], w[j]) for i in range(5) for j in range(i + 1)]
        return Tensor(dots).tanh().sum(), Tensor(dots)

    check(function, [batch(4, 3)], [w], BOTH)


def test_the_same_dot_written_twice_is_computed_once():
    w = parameter(4, 3, seed=87)
    program = check(lambda x: (w @ x).sum() + (w @ x).tanh().sum(), [batch(4, 3)], [w], BOTH)
    products = [kernel for kernel in program.plan.forward if isinstance(kernel, MatMul)]
    assert [(p.rows, p.inner, p.columns) for p in products] == [(4, 3, 1)]


@pytest.mark.parametrize("term", [0.0, 1.0, -1.5, 2])
def test_a_chain_of_products_keeps_its_other_terms(term):
    w, b = parameter(3, seed=88), parameter(2, seed=89)

    def function(x):
        y = term + w[0] * x[0] + x[1] + w[1] * x[1] + b[0] + x[2] * w[2]
        z = w[0] * x[0] + x[1] * x[2] + term + b[1] + term
        return y * z + term

    check(function, [batch(4, 3)], [w, b], BOTH)


def test_one_image_may_have_margins_of_several_constants():
    w = parameter(3, 3, seed=79)

    def function(x):
        h = x * w[0, 0]
        zeros, low, high = [h.pad(1, 1, value=v).windows((3, 3)) for v in (0.0, -9.0, 2.5)]
        y = einsum("uv,ijuv->ij", w, zeros) + low.max((-2, -1))
        sums = low.sum((-2, -1)) * high.min((-2, -1)) + zeros.tanh().sum((-2, -1))
        return (y * einsum("uv,ijuv->ij", w, high) + sums).sum(), y

    program = check(function, [batch(4, 3, 4)], [w], BOTH)
    notes = {kernel.note for kernel in program.plan.forward if isinstance(kernel, Copy)}
    assert notes >= {f"into an image with margins of {v}" for v in ("-9", "2.5")}


def test_constants_are_there_before_the_first_run_and_nothing_is_computed_in_their_place():
    w = parameter(4, seed=78)
    constants = [3.0, 1.0, 2.0, 1.0]
    program = check(lambda x: ((w * constants).exp() * x).sum(), [batch(3)], [w])
    assert type(program.plan.forward[0]) is Elementwise
    assert [b.initial.tolist() for b in program.plan.blocks if b.initial is not None] == [constants]
    assert program([1.0]) == program([1.0]) == program([1.0])


def test_parameters_are_not_gathered_with_what_is_computed_from_parameters():
    """They lie in different blocks; both are read where they are."""
    w, v = parameter(4, seed=73), parameter(4, seed=72)

    def function(x):
        h = (w * x).tanh()
        return (h * w).exp().sum() * (h * (v * v)).sin().max()

    program = check(function, [batch(3, 4)], [w, v])
    assert not [kernel for kernel in program.plan.forward if isinstance(kernel, Copy)]


def test_zero_and_minus_zero_are_two_constants():
    w = parameter(2, seed=77)
    check(
        lambda x: (w[0] * x, w[0] * x / 0.0, w[0] * x / -0.0, Value(-0.0) + w[1]), [batch(4)], [w]
    )


def test_dots_of_windows_with_themselves_are_made_entry_by_entry():
    """Windows overlap, so their entries are no matrix: they are copied, and multiplied."""
    w = parameter(4, 4, seed=76)

    def function(x):
        a, b = ((w * h).windows((2, 2)) for h in (x, x.tanh()))
        y = einsum("ijuv,ijuv->ij", a, b)
        return (y * y).sum(), y

    check(function, [batch(3, 4, 4)], [w], BOTH)


@pytest.mark.parametrize("axis", [0, 1, (0, 1)])
def test_long_sums_over_parameters_alone_agree(axis):
    w = parameter(9, 12, seed=75)

    def function(x):
        y = (w * w).sum(axis) * x
        return (y.sum() if isinstance(y, Tensor) else y), y

    check(function, [batch(3)], [w], BOTH)


def test_a_number_that_is_both_operands_gets_both_contributions():
    w = parameter(5, seed=74)

    def function(x):
        h = (w * x).tanh()
        return (h * h).sum() + ((h + h) * 0.5).exp().sum() + (h / h).sum() + (h - h).sum()

    check(function, [batch(3, 5)], [w], BOTH)
