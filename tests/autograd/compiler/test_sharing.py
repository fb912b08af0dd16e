"""What NumPy computes in the array of an operand: what nobody reads again, and as a whole."""

import random

from oracle import BOTH, batch, check, parameter

import autograd
from autograd import Tensor, drawn
from autograd.compiler.backends.numpy.sharing import sharing
from autograd.compiler.plan.maps import Elementwise


def plan_of(function, *examples, **options):
    return autograd.compile(function, *(examples or ([0.5, -0.25, 2.0],)), **options).plan


def in_place(plan):
    """The operations of the forward pass that overwrite an operand."""
    found = sharing(plan)
    kernels = [kernel for kernel in plan.forward if isinstance(kernel, Elementwise)]
    return [kernel.op.name for kernel in kernels if kernel.out.number in found]


def test_a_chain_is_computed_in_the_array_of_its_first_result():
    plan = plan_of(lambda x: (x * 2.0).exp().sin().tanh().sum())
    assert in_place(plan) == ["exp", "sin", "tanh"]
    assert len(set(sharing(plan).values())) == 1


def test_arguments_parameters_draws_and_results_are_never_overwritten():
    w = Tensor([1.0, 2.0, 3.0], label="w")
    assert in_place(plan_of(lambda x: x.exp())) == []
    assert in_place(plan_of(lambda x: w.exp(), parameters=[w])) == []
    assert in_place(plan_of(lambda x: drawn((3,), random.Random(0), float).exp())) == []
    assert in_place(plan_of(lambda x: (y := x * 2.0, y.exp()))) == []


def test_what_is_read_later_is_not_overwritten():
    plan = plan_of(lambda x: ((y := x * 2.0).exp() * 3.0).sin() * y)
    assert in_place(plan) == ["mul", "sin", "mul"]


def test_what_the_reverse_pass_reads_is_not_overwritten():
    """The partial of sin is read from its operand, that of tanh from its result."""
    w = Tensor([1.0, 2.0, 3.0], label="w")
    assert in_place(plan_of(lambda x: (w * x).tanh().sin().sum(), parameters=[w])) == ["tanh"]
    assert in_place(plan_of(lambda x: (x * 2.0).tanh().sin().sum())) == ["tanh", "sin"]


def test_an_operand_of_a_product_that_is_trained_is_not_overwritten():
    w, v = Tensor([1.0, 2.0, 3.0]), parameter(3, 3)
    plan = check(lambda x: ((v @ (h := w * x)) * h.exp()).sum(), [batch(2, 3)], [w, v]).plan
    assert "exp" not in in_place(plan)


def test_an_operand_that_is_also_read_backwards_is_not_overwritten():
    assert in_place(plan_of(lambda x: (y := x * 2.0) + y[::-1])) == []


def test_numbers_without_samples_are_no_room_for_numbers_with_samples():
    w = Tensor([1.0, 2.0, 3.0], label="w")
    assert in_place(plan_of(lambda x: w.exp() * x, parameters=[w])) == []


def test_an_adjoint_that_goes_on_as_it_is_lies_where_it_was():
    """Behind a + b both operands have the adjoint of the sum: one has its array, one a copy."""
    u, v = parameter(3, seed=3), parameter(3, seed=4)

    def function(x):
        a, b = (u * x).tanh(), (v * x).sin()
        return ((a + b) * x).sum() + (a * b).sum()

    plan = check(function, [batch(4, 3)], [u, v], BOTH).plan
    adjoints = {block.number for block in plan.blocks if block.primal is not None}
    assert adjoints & set(sharing(plan))
