"""Glassgrad's engine: scalars that record how they were made, and tensors of them."""

from typing import Any

from . import graph
from .anomaly import Anomaly, trace_anomaly
from .derivatives import grad, hessian, jacobian
from .functions import (
    drawn,
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
from .numbers.kinds import UnknownNumberError
from .numbers.smooth import cos, erf, exp, log, sigmoid, sin, softplus, sqrt, tanh
from .primitives import PRIMITIVES, Primitive
from .scopes import current_scope, is_compiling, no_grad, scope, uncollected
from .tensor import Tensor, concatenate, einsum, stack
from .value import Value, apply

__all__ = [
    "PRIMITIVES",
    "Anomaly",
    "Primitive",
    "Tensor",
    "UnknownNumberError",
    "Value",
    "apply",
    "concatenate",
    "cos",
    "current_scope",
    "drawn",
    "einsum",
    "erf",
    "exp",
    "grad",
    "graph",
    "hessian",
    "is_compiling",
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
    "uncollected",
    "where",
]


def _repr_mimebundle_(root: Any, include: Any = None, exclude: Any = None) -> dict[str, str]:
    """What Jupyter shows: a drawing of at most a hundred boxes, and the text."""
    from .drawing import mimebundle

    return mimebundle(root)


for _drawn in (Value, Tensor):  # here, because drawings are made on a floor above theirs
    setattr(_drawn, _repr_mimebundle_.__name__, _repr_mimebundle_)


def __getattr__(name: str) -> Any:
    """`compile`, `draw` and `explore`, which need other packages, when they are first asked for."""
    if name in ("Program", "compile"):
        from . import compiler

        return getattr(compiler, name)
    if name in ("Drawing", "LayoutError", "draw", "explore", "mimebundle"):
        from . import drawing

        return getattr(drawing, name)
    if name in ("check_gradients", "check_layer", "check_loss", "check_stack"):
        from . import check

        return getattr(check, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
