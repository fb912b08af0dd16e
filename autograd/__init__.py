"""Glassgrad's engine: scalars that record how they were made, and tensors of them."""

from . import graph
from .anomaly import Anomaly, trace_anomaly
from .elementary import cos, erf, exp, log, sigmoid, sin, softplus, sqrt, tanh
from .functions import (
    grad,
    hessian,
    jacobian,
    leaky_relu,
    log_softmax,
    logsumexp,
    maximum,
    minimum,
    relu,
    softmax,
    stop_gradient,
    where,
)
from .primitives import PRIMITIVES, Primitive
from .scopes import current_scope, no_grad, scope
from .tensor import Tensor, concatenate, einsum, stack
from .value import Value, apply

__all__ = [
    "PRIMITIVES",
    "Anomaly",
    "Primitive",
    "Tensor",
    "Value",
    "apply",
    "concatenate",
    "cos",
    "current_scope",
    "einsum",
    "erf",
    "exp",
    "grad",
    "graph",
    "hessian",
    "jacobian",
    "leaky_relu",
    "log",
    "log_softmax",
    "logsumexp",
    "maximum",
    "minimum",
    "no_grad",
    "relu",
    "scope",
    "sigmoid",
    "sin",
    "softmax",
    "softplus",
    "sqrt",
    "stack",
    "stop_gradient",
    "tanh",
    "trace_anomaly",
    "where",
]
