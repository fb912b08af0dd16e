"""`check_loss`: a loss and its hand-derived gradient, as an object or as a pair of functions."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .gradients import check_gradients
from .layer import signatures
from .layer.adapter import given
from .layer.attributes import clone
from .report.report import Report

TARGET = re.compile(r".*(true|target|label|expect|actual|ground|truth|desired)|^(t|y|gt)$", re.I)
PREDICTION = re.compile(r".*(pred|hat|output|logit|score|prob)|^(a|p|x|z|al|yh|out)$", re.I)
REDUCTIONS: dict[str, Callable[[Any], Any]] = {
    "mean": np.mean,
    "sum": np.sum,
    "sum over outputs, mean over samples": lambda losses: np.sum(losses) / len(losses),
}


def check_loss(
    loss: Any,
    prediction: Any,
    target: Any,
    *,
    reduction: str | None = None,
    seed: int = 0,
    budget: float = 10.0,
) -> Report:
    """Check ∂loss/∂prediction of `loss`: an object with forward and backward, or (f, f_prime).

    Names tell which argument is the target; else the prediction comes first. A forward with a loss
    per sample or entry is reduced by `reduction` ("mean", "sum"), or by what fits: see the notes.

    Raises TypeError where a function is missing, ValueError for another reduction.
    """
    if reduction is not None and reduction not in REDUCTIONS:
        raise ValueError(f"reduction must be one of {list(REDUCTIONS)}, got {reduction!r}")
    pair = Pair(loss, target)
    inputs, claimed = {"prediction": prediction}, {"prediction": pair.backward(prediction)}
    many = np.ndim(pair.forward(prediction)) > 0
    for name in ([reduction] if reduction else list(REDUCTIONS)) if many else [""]:
        forward = pair.reduced(name)
        report = check_gradients(forward, inputs, claimed, seed=seed, budget=budget)
        if name:
            how = "as you say" if reduction else "inferred" if report.ok else "none fits"
            report.notes.append(f"forward returns many losses, taken as their {name} ({how})")
        if report.ok:
            break
    return replace(report, title=pair.title, notes=[*pair.notes, *report.notes])


class Pair:
    """A loss as two functions of the prediction; raises TypeError where it has not both."""

    def __init__(self, loss: Any, target: Any) -> None:
        self.loss, self.target, self.notes = loss, target, list[str]()
        self.functions = isinstance(loss, tuple | list)
        if self.functions:
            self.title = getattr(loss[0], "__name__", "loss")
            self.names = self.title, getattr(loss[1], "__name__", "its gradient")
        else:
            self.title = type(loss).__name__
            self.names = (
                signatures.method(loss, "forward", None),
                signatures.method(loss, "backward", None),
            )

    def both(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """forward and backward, of a fresh copy where the loss is an object."""
        if self.functions:
            return self.loss[0], self.loss[1]
        made = clone(self.loss)
        return getattr(made, self.names[0]), getattr(made, self.names[1])

    def forward(self, prediction: Any) -> Any:
        """The loss, or one for each sample."""
        function, _ = self.both()
        return self._called(function, given(prediction), None)

    def backward(self, prediction: Any) -> Any:
        """The claimed gradient, after a forward of the same copy."""
        function, gradient = self.both()
        self._called(function, given(prediction), None)
        returned = self._called(gradient, given(prediction), 1.0)
        if returned is None:
            held = vars(getattr(gradient, "__self__", None) or type("none", (), {})())
            found = [held[k] for k in ("dinputs", "dX", "dx", "grad", "gradient") if k in held]
            if not found:
                raise TypeError(f"{self.title}.{self.names[1]} returned None")
            return found[0]
        return returned[0] if isinstance(returned, tuple) else returned

    def reduced(self, name: str) -> Callable[..., Any]:
        """prediction -> one number."""
        if not name:
            return lambda prediction: self.forward(prediction)
        return lambda prediction: REDUCTIONS[name](np.asarray(self.forward(prediction)))

    def _called(self, function: Callable[..., Any], prediction: Any, upstream: Any) -> Any:
        """Call with each argument where its name says that it belongs."""
        taken = [p for p in signatures.parameters(function) if signatures.is_required(p)]
        target = [p.name for p in taken if TARGET.match(p.name) and not PREDICTION.match(p.name)]
        others = [p.name for p in taken if p.name not in target]
        values: dict[str, Any] = {}
        if target:
            values = {target[0]: self.target} | dict.fromkeys(others[:1], prediction)
        elif len(taken) >= 2:
            values = {taken[0].name: prediction, taken[1].name: self.target}
            note = f"{function.__name__}: {taken[0].name} is the prediction, as it comes first"
            self.notes += [note] if note not in self.notes else []
        elif taken:
            values = {taken[0].name: prediction if upstream is None else upstream}
        return function(**values)
