"""Glassgrad's engine: scalars that record how they were made, and tensors of them."""

from importlib import import_module
from typing import TYPE_CHECKING

from . import graph
from .anomaly import Anomaly, trace_anomaly
from .columns import Column as Column  # for `nn`
from .draws import drawn
from .elsewhere import NAMES as NAMES  # for `nn`
from .elsewhere import absent as absent  # for `nn`
from .functions import (
    apply,
    batch_mean,
    clip,
    concatenate,
    cumprod,
    cumsum,
    dot,
    gather,
    leaky_relu,
    log_softmax,
    logsumexp,
    maximum,
    minimum,
    observe,
    prod,
    relu,
    softmax,
    stack,
    std,
    stop_gradient,
    var,
    where,
)
from .numbers.kinds import UnknownNumberError
from .numbers.smooth import ceil, cos, erf, exp, floor, log, sigmoid, sin, softplus, sqrt, tanh
from .operators import (
    elementwise_grad,
    grad,
    hessian,
    hessian_vector_product,
    jacobian,
    value_and_grad,
)
from .primitives import PRIMITIVES, Primitive
from .reach import unchanged as unchanged  # for `nn`
from .scopes import chance as chance  # for `nn`
from .scopes import current_scope, is_compiling, no_grad, scope, uncollected
from .tensor import Tensor, einsum
from .text import numbered as numbered  # for `nn`
from .value import Value

__all__ = [
    "PRIMITIVES",
    "Anomaly",
    "Drawing",
    "LayoutError",
    "Page",
    "Primitive",
    "Program",
    "Report",
    "Tensor",
    "UnknownNumberError",
    "Value",
    "apply",
    "batch_mean",
    "ceil",
    "check_gradients",
    "check_grads",
    "check_layer",
    "check_loss",
    "check_stack",
    "clip",
    "compile",
    "concatenate",
    "cos",
    "cumprod",
    "cumsum",
    "current_scope",
    "dot",
    "draw",
    "drawn",
    "einsum",
    "elementwise_grad",
    "erf",
    "exp",
    "explore",
    "floor",
    "gather",
    "grad",
    "graph",
    "hessian",
    "hessian_vector_product",
    "is_compiling",
    "jacobian",
    "leaky_relu",
    "log",
    "log_softmax",
    "logsumexp",
    "maximum",
    "minimum",
    "no_grad",
    "observe",
    "prod",
    "relu",
    "scope",
    "sigmoid",
    "sin",
    "softmax",
    "softplus",
    "sqrt",
    "stack",
    "std",
    "stop_gradient",
    "tanh",
    "trace_anomaly",
    "uncollected",
    "value_and_grad",
    "var",
    "where",
]


# Loaded when first asked for: these need packages outside the standard library.
_ROOMS = {
    "check": [
        "Report",
        "check_gradients",
        "check_grads",
        "check_layer",
        "check_loss",
        "check_stack",
    ],
    "compiler": ["Program", "compile"],
    "drawing": ["Drawing", "LayoutError", "Page", "draw", "explore", "mimebundle"],
}
_ROOM = {name: room for room, names in _ROOMS.items() for name in names}
_HIPS = {
    "numpy": "write `import numpy as np`: np.sin(x), np.sum(x) and the like make nodes, as "
    "autograd.sin(x) and x.sum() do",
    "scipy": "logsumexp, softmax and erf are autograd's own, and densities are written out",
    "misc": "nn.SGD and nn.Adam are optimisers, scipy.optimize takes value_and_grad(f), and lists, "
    "tuples and dicts of arrays need no flatten",
    "test_util": "write `from autograd import check_grads`",
    "extend": "y = f(x) with partials of one's own is autograd.apply(op, x), with "
    "op = autograd.Primitive(name, symbol, f, lambda y, x: (slope,))",
}
NOT_HERE = {k: f"this is Glassgrad, not HIPS's autograd; {hint}" for k, hint in _HIPS.items()}
NOT_HERE |= {"engine": "write `from autograd import Value`", "nn": "write `import nn`"}

if TYPE_CHECKING:
    from .check import Report, check_gradients, check_grads, check_layer, check_loss, check_stack
    from .compiler import Program, compile
    from .drawing import Drawing, LayoutError, Page, draw, explore
    from .drawing import mimebundle as mimebundle  # for `nn`

    __version__: str
else:  # for type checkers, a name that is not there is a mistake

    def __getattr__(name: str) -> object:
        """A name from one of the rooms above the engine, or the version of what is installed."""
        if name in _ROOM:
            return getattr(import_module(f".{_ROOM[name]}", __name__), name)
        if name == "__version__":
            return _version()
        hint = f": {NOT_HERE[name]}" if name in NOT_HERE else ""
        hint = f"; write {NAMES[name]}" if name in NAMES else hint
        raise absent(__name__, name, hint)


def __dir__() -> list[str]:
    """The public names, loaded or not."""
    return sorted([*__all__, "__version__"])


def _version() -> str:
    """The version of what is installed; a source tree that is not has none."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("glassgrad")
    except PackageNotFoundError:
        return "0+unknown"
