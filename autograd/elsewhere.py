"""What other engines call things that are here by another name, for the errors that say so."""

import sys
from dis import opmap
from inspect import getattr_static
from typing import Any, NoReturn

_SHAPED = "t.reshape(...), or t[:, None]"
_NUMBERS = "nothing: the numbers are Python's, and autograd.compile makes float32 of them"
_KEPT = "nothing: every node keeps its gradient, and every graph its past"
_INPUTS = "x.inputs"
METHODS = {
    **dict.fromkeys(["children", "parents", "prev", "_parents", "_inputs"], _INPUTS),
    **dict.fromkeys(["cuda", "cpu", "to", "float", "double", "type"], _NUMBERS),
    **dict.fromkeys(["requires_grad", "requires_grad_", "retain_grad"], _KEPT),
    **dict.fromkeys(["unsqueeze", "squeeze", "view", "expand_dims"], _SHAPED),
    **dict.fromkeys(["silu", "swish"], "x * x.sigmoid(), or nn.SiLU()(x)"),
    **dict.fromkeys(["matmul", "mm", "bmm"], "a @ b"),
    **dict.fromkeys(["value", "val"], "x.data"),
    "cat": "autograd.concatenate([a, b])",
    "clamp": "x.clip(low, high)",
    "clone": "nothing: operations make nodes, and change none",
    "cosh": "(x.exp() + (-x).exp()) / 2",
    "cube": "x**3",
    "dim": "t.ndim",
    "elu": "autograd.where(x > 0, x, x.exp() - 1), or nn.ELU()(x)",
    "expm1": "x.exp() - 1",
    "gelu": "nn.GELU()(x)",
    "gradient": "x.grad",
    "log10": "x.log() / math.log(10)",
    "log1p": "(1 + x).log()",
    "log2": "x.log() / math.log(2)",
    "log_softmax": "autograd.log_softmax(logits)",
    "logsumexp": "autograd.logsumexp(logits)",
    "masked_fill": "autograd.where(mask, number, t)",
    "max": "x.maximum(other)",
    "min": "x.minimum(other)",
    "norm": "(t * t).sum().sqrt()",
    "numel": "t.size",
    "reciprocal": "1 / x",
    "rsqrt": "x**-0.5",
    "sinh": "(x.exp() - (-x).exp()) / 2",
    "softmax": "autograd.softmax(logits)",
    "square": "x**2",
    "t": "t.T",
    "tan": "x.sin() / x.cos()",
    "zero_grad": "x.grad = 0 for each Value, or model.zero_grad()",
}
_MODULES = [
    "Module",
    "MLP",
    "Sequential",
    "Parameter",
    "SGD",
    "Adam",
    "AdamW",
    "Embedding",
    "Trainer",
]
_MADE = ["zeros", "ones", "randn"]
NAMES = {
    **{name: METHODS[name] for name in ["cat", "elu", "gelu", "matmul", "silu", "swish"]},
    **{name: f"nn.{name}" for name in _MODULES},
    **{name: f"Tensor.{name}" for name in _MADE},
    **dict.fromkeys(["Variable", "Scalar", "Node"], "autograd.Value"),
    **dict.fromkeys(["draw_dot", "trace"], "loss.draw()"),
    **dict.fromkeys(["Layer", "Linear"], "nn.Dense"),
    "Neuron": "nn.Dense(inputs, 1)",
    "binary_cross_entropy": "nn.BCELoss()(probabilities, targets)",
    "cross_entropy": "nn.CrossEntropyLoss()(logits, targets)",
    "jit": "autograd.compile",
    "mse_loss": "nn.MSELoss()(prediction, target)",
    "vmap": "autograd.compile: a program takes batches",
}


def absent(module: str, name: str, hint: str) -> Exception:
    """The error for a name that a module has not; an ImportError where one is imported, since
    `from module import name` shows no other.
    """
    asking = sys._getframe(2)
    imported = asking.f_code.co_code[asking.f_lasti] == opmap["IMPORT_FROM"]
    kind = ImportError if imported else AttributeError
    return kind(f"module {module!r} has no attribute {name!r}{hint}", name=name)


class _Absent:
    """An attribute that raises the error for one that is not there, and says what is.

    `__getattr__` would say it too, but a class that has one reads each of its attributes slowly.
    """

    def __init__(self, name: str, hint: str) -> None:
        self.name, self.hint = name, hint

    def __get__(self, x: Any, owner: type) -> NoReturn:
        raise AttributeError(
            f"{owner.__name__!r} object has no attribute {self.name!r}; write {self.hint}",
            name=self.name,
            obj=x,
        )


class Elsewhere:
    """A Value or a Tensor that is asked for what other engines' have."""

    __slots__ = ()

    def __dir__(self) -> list[str]:
        absent = (name for name in METHODS if isinstance(getattr_static(self, name), _Absent))
        return sorted({*super().__dir__()}.difference(absent))


for _name, _hint in METHODS.items():
    setattr(Elsewhere, _name, _Absent(_name, _hint))
