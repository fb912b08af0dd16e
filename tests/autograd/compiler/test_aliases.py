"""What is computed in the array of an operand: what nobody reads again, and as a whole."""

import random

from oracle import batch, check, parameter

import autograd
from autograd import Tensor, drawn
from autograd.compiler.arrays.aliases import aliases


def plan_of(function, *examples, **options):
    return autograd.compile(function, *(examples or ([0.5, -0.25, 2.0],)), **options).plan


def in_place(plan, active=frozenset()):
    """The operations that overwrite an operand."""
    found = aliases(plan, set(active))
    return [kernel.op.name for kernel in plan.kernels if kernel.out.number in found]


def test_a_chain_is_computed_in_the_array_of_its_first_result():
    plan = plan_of(lambda x: (x * 2.0).exp().sin().tanh().sum())
    assert in_place(plan) == ["exp", "sin", "tanh"]
    assert len(set(aliases(plan, set()).values())) == 1


def test_arguments_parameters_draws_and_results_are_never_overwritten():
    w = Tensor([1.0, 2.0, 3.0], label="w")
    assert in_place(plan_of(lambda x: x.exp())) == []
    assert in_place(plan_of(lambda x: w.exp(), parameters=[w])) == []
    assert in_place(plan_of(lambda x: drawn((3,), random.Random(0), float).exp())) == []
    assert in_place(plan_of(lambda x: (y := x * 2.0, y.exp()))) == []


def test_what_is_read_later_is_not_overwritten():
    assert in_place(plan_of(lambda x: ((y := x * 2.0).exp() * 3.0).sin() * y)) == [
        "mul",
        "sin",
        "mul",
    ]


def test_what_the_reverse_pass_reads_is_not_overwritten():
    """The partial of sin is read from its operand, that of tanh from its result."""
    w = Tensor([1.0, 2.0, 3.0], label="w")
    plan = plan_of(lambda x: (w * x).tanh().sin().sum(), parameters=[w])
    assert in_place(plan) == ["tanh", "sin"]
    assert in_place(plan, plan.active()) == ["tanh"]


def test_an_operand_of_a_product_that_is_trained_is_not_overwritten():
    w, v = Tensor([1.0, 2.0, 3.0]), parameter(3, 3)
    plan = check(lambda x: ((v @ (h := w * x)) * h.exp()).sum(), [batch(2, 3)], [w, v]).plan
    assert in_place(plan)[0] == "exp"
    assert "exp" not in in_place(plan, plan.active())


def test_an_operand_that_is_also_read_backwards_is_not_overwritten():
    assert in_place(plan_of(lambda x: (y := x * 2.0) + y[::-1])) == []


def test_numbers_without_samples_are_no_room_for_numbers_with_samples():
    w = Tensor([1.0, 2.0, 3.0], label="w")
    assert in_place(plan_of(lambda x: w.exp() * x, parameters=[w])) == []
