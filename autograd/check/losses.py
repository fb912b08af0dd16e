"""`check_loss`: a loss and its hand-derived gradient, as an object or as a pair of functions."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .gradients import check_gradients
from .layer import signatures
from .layer.attributes import clone, copied
from .report.report import Report

TARGET = re.compile(r".*(true|target|label|expect|actual|ground|truth|desired)|^(t|y|gt)$", re.I)
PREDICTION = re.compile(r".*(pred|hat|output|logit|score|prob)|^(a|p|x|z|al|yh|out)$", re.I)
METHODS = "forward", "backward"
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
    pair = LossPair(loss, target)
    inputs, claimed = {"prediction": prediction}, {"prediction": pair.backward(prediction)}
    many = np.ndim(pair.forward(prediction)) > 0
    notes = pair.notes()
    for name in ([reduction] if reduction else list(REDUCTIONS)) if many else [""]:
        report = check_gradients(pair.reduced(name), inputs, claimed, seed=seed, budget=budget)
        if report.ok:
            break
    if many:
        how = "as you say" if reduction else "inferred" if report.ok else "none fits"
        notes += (f"forward returns many losses, taken as their {name} ({how})",)
    return replace(report, title=pair.title, notes=notes + report.notes)


@dataclass(frozen=True)
class LossPair:
    """A loss as two functions of the prediction: the methods of an object, or a tuple of two."""

    loss: Any
    target: Any

    @property
    def title(self) -> str:
        """What the loss is called."""
        if isinstance(self.loss, tuple | list):
            return str(getattr(self.loss[0], "__name__", "loss"))
        return type(self.loss).__name__

    def functions(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """forward and backward, of a fresh copy where the loss is an object.

        Raises TypeError where the object has not both.
        """
        if isinstance(self.loss, tuple | list):
            return self.loss[0], self.loss[1]
        made = clone(self.loss)
        forward, backward = (signatures.method(made, which, None) for which in METHODS)
        return getattr(made, forward), getattr(made, backward)

    def forward(self, prediction: Any) -> Any:
        """The loss, or one for each sample."""
        function, _ = self.functions()
        return self._call(function, copied(prediction), None)

    def backward(self, prediction: Any) -> Any:
        """The claimed gradient, after a forward of the same copy."""
        function, gradient = self.functions()
        self._call(function, copied(prediction), None)
        returned = self._call(gradient, copied(prediction), 1.0)
        if returned is not None:
            return returned[0] if isinstance(returned, tuple) else returned
        kept = getattr(getattr(gradient, "__self__", None), "__dict__", {})
        found = [kept[k] for k in ("dinputs", "dX", "dx", "grad", "gradient") if k in kept]
        if not found:
            raise TypeError(f"{self.title}.{getattr(gradient, '__name__', '')} returned None")
        return found[0]

    def reduced(self, name: str) -> Callable[[Any], Any]:
        """prediction -> one number, by one of the REDUCTIONS."""
        if not name:
            return self.forward
        return lambda prediction: REDUCTIONS[name](np.asarray(self.forward(prediction)))

    def _call(self, function: Callable[..., Any], prediction: Any, upstream: Any) -> Any:
        """Call with each argument where its name says that it belongs."""
        required, targets = _required(function), _targets(function)
        if targets:
            others = [name for name in required if name not in targets]
            return function(**{targets[0]: self.target}, **dict.fromkeys(others[:1], prediction))
        if len(required) >= 2:
            return function(**{required[0]: prediction, required[1]: self.target})
        return function(**dict.fromkeys(required[:1], prediction if upstream is None else upstream))

    def notes(self) -> tuple[str, ...]:
        """Which argument was taken as the prediction, where no name tells."""
        return tuple(
            f"{function.__name__}: {_required(function)[0]} is the prediction, as it comes first"
            for function in dict.fromkeys(self.functions())
            if len(_required(function)) >= 2 and not _targets(function)
        )


def _required(function: Callable[..., Any]) -> list[str]:
    return [p.name for p in signatures.parameters(function) if signatures.is_required(p)]


def _targets(function: Callable[..., Any]) -> list[str]:
    """The arguments whose names say that they are the target."""
    names = _required(function)
    return [name for name in names if TARGET.match(name) and not PREDICTION.match(name)]
