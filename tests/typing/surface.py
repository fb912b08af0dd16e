"""What mypy knows of the public names. Every `assert_type` is asked of the real objects too."""

import random
from fractions import Fraction
from typing import Any, assert_type

import numpy as np

import autograd
from autograd import Tensor, Value, einsum, grad, graph, maximum, relu, stack, where


def arithmetic_with_a_value_gives_a_value(a: Value, b: Value) -> None:
    assert_type(a + 2, Value)
    assert_type(2 - a, Value)
    assert_type(a * b, Value)
    assert_type(Fraction(1, 2) * a, Value)
    assert_type(a**2 / b, Value)
    assert_type(-a, Value)
    assert_type(+a, Value)
    assert_type(abs(a), Value)
    assert_type(sum([a, b], Value(0.0)), Value)
    assert_type(max(a, b), Value)
    assert_type(a > 0, bool)
    assert_type(a.relu(), Value)
    assert_type(a.maximum(0.0), Value)
    assert_type(a.leaky_relu(0.1), Value)
    assert_type(a.detach(), Value)
    assert_type(a.label, str)
    assert_type(graph.nodes(a), list[Value])


def arithmetic_with_a_tensor_gives_a_tensor(a: Value, t: Tensor) -> None:
    assert_type(t + 2, Tensor)
    assert_type(2 - t, Tensor)
    assert_type(a * t, Tensor)
    assert_type(t * a, Tensor)
    assert_type(t * [1.0, 2.0], Tensor)
    assert_type(t + np.ones(2), Tensor)
    assert_type(-t, Tensor)
    assert_type(t.relu(), Tensor)
    assert_type(t.maximum(a), Tensor)
    assert_type(t.leaky_relu(), Tensor)
    assert_type(t @ t, Tensor | Any)
    assert_type((t > 0)[0], Any)


def reductions_give_a_value_or_keep_axes(t: Tensor) -> None:
    assert_type(t.sum(), Value)
    assert_type(t.mean(axis=None), Value)
    assert_type(t.max(0, keepdims=True), Tensor)
    assert_type(t.var(keepdims=True), Tensor)
    assert_type(t.sum(axis=1), Tensor | Any)
    assert_type(t.min((0, 1)), Tensor | Any)


def views_are_tensors_and_an_entry_is_a_value(t: Tensor) -> None:
    assert_type(t.reshape(-1), Tensor)
    assert_type(t.T, Tensor)
    assert_type(t.pad(1).windows((2, 2)), Tensor)
    assert_type(t[:], Tensor)
    assert_type(t[:, 0], Tensor)
    assert_type(t[0, 1:], Tensor)
    assert_type(t[[0, 1]], Tensor)
    assert_type(t[0, 1], Any)
    assert_type(t.shape, tuple[int, ...])
    assert_type(t.tolist(), list[Any])


def derivatives_are_of_values_or_of_functions(a: Value, t: Tensor) -> None:
    assert_type(grad(a, [a]), list[Value])
    assert_type(grad(t.sum(), [t]), list[Tensor])
    assert_type(autograd.jacobian(t, t), Tensor)
    assert_type(autograd.hessian(a, [a]), Tensor)
    assert_type(grad(relu)(2.0), Any)
    assert_type(grad(maximum, (0, 1))(2.0, 1.0), Any)
    assert_type(autograd.jacobian(relu, argnum=0)(2.0), Any)
    assert_type(autograd.value_and_grad(relu)(2.0), Any)
    assert_type(t.std(unbiased=False), Tensor | Any)
    assert_type(t.var(ddof=1), Value)
    assert_type(t.prod(), Value)
    assert_type(t.cumsum(axis=0), Tensor)


def functions_follow_their_operands(a: Value, t: Tensor) -> None:
    assert_type(relu(a), Value)
    assert_type(relu(1.0), Value)
    assert_type(relu(t), Tensor)
    assert_type(relu([1.0, 2.0]), Tensor)
    assert_type(relu(np.ones(2)), Tensor)
    assert_type(maximum(a, 1), Value)
    assert_type(maximum(a, t), Tensor)
    assert_type(maximum(t, 1), Tensor)
    assert_type(where(a > 0, a, 0.0), Value)
    assert_type(where(t > 0, t, 0.0), Tensor)
    assert_type(where(a > 0, a, t), Tensor)
    assert_type(autograd.leaky_relu(t), Tensor)
    assert_type(autograd.softmax(t), Tensor)
    assert_type(autograd.batch_mean(t), Tensor)
    assert_type(autograd.exp(1), float)
    assert_type(autograd.exp(1j), complex)
    assert_type(autograd.exp(a), Value)
    assert_type(autograd.exp(t), Tensor)
    assert_type(stack([a, a]), Tensor)
    assert_type(einsum("ij->j", t), Tensor | Any)


def derivatives_are_of_the_kind_of_their_variables(a: Value, t: Tensor) -> None:
    y = (a * t).sum()
    assert_type(y.backward(), None)
    assert_type(grad(y, [a]), list[Value])
    assert_type(grad(y, [t]), list[Tensor])
    assert_type(grad(y, [a, t]), list[Any])
    assert_type(autograd.jacobian(t * a, t), Tensor)
    assert_type(autograd.hessian(y, t), Tensor)
    assert_type(autograd.trace_anomaly(y), autograd.Anomaly | None)
    assert_type(autograd.trace_anomaly(y, backward=True, leaves=[a]), autograd.Anomaly | None)
    assert_type(autograd.drawn((2,), random.Random(0), lambda u: u), Tensor)
    assert_type(autograd.drawn.normal((2,), std=0.1), Tensor)


def what_is_loaded_late_is_known_all_the_same(a: Value, t: Tensor) -> None:
    assert_type(autograd.draw(a), autograd.Drawing)
    assert_type(a.draw(), autograd.Drawing)
    assert_type(t.explore().save("page.html").open(), autograd.Page)
    assert_type(autograd.compile(lambda x: x.sum(), t), autograd.Program)
    report = autograd.check_gradients(lambda x: x, {"x": 1.0}, {"x": 1.0})
    assert_type(report, autograd.Report)
    assert_type(report.explore(), autograd.Page)
    assert_type(autograd.__version__, str)
