"""Whole nets as functions of their parameters: the first that is wrong, from the loss back."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..arguments import parameters, refuse_unknown
from ..gradients import check_gradients
from ..losses.names import is_target
from ..losses.pair import Pair
from ..report.findings import Finding
from ..report.report import GradientReport, Report
from ..truth.arrays import draw_upstream
from ..truth.verdict import RIGHT, WRONG
from .net import Net


def check_net(
    functions: Any,
    x: Any,
    params: Any,
    target: Any = None,
    *,
    forward: str | None = None,
    backward: str | None = None,
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    budget: float = 10.0,
) -> Report:
    """Check all gradients of a net, and tell the first that is wrong: see `check_stack`."""
    pair, given = _pair(functions, forward, backward, target), dict(options or {})
    refuse_unknown([f for f in pair.functions() if f is not None], given, pair.title)
    known = {**given, "x": x} | ({} if target is None else {"target": target})
    net = Net.of(pair, params, known)
    losses = np.asarray(net.output())
    upstream: Any = np.ones(losses.shape) if losses.ndim else 1.0
    if losses.size > 1:
        upstream = draw_upstream(losses.shape, np.random.default_rng(seed))
    settings = {"upstream": upstream, "seed": seed, "budget": budget}
    reports = []
    for claims in net.claims(upstream):
        reports.append(_report(net, claims, settings))
        if reports[-1].ok:
            break
    return min(reports, key=lambda report: "backward" in report.gradients)


def _pair(functions: Any, forward: str | None, backward: str | None, target: Any) -> Pair:
    """The two functions; of an object whose forward takes no target, its `loss`."""
    pair = Pair.of(functions, forward, backward)
    if forward is None and target is not None and callable(getattr(functions, "loss", None)):
        arguments = parameters(pair.functions()[0])
        if not any(is_target(p.name) for p in arguments):
            return Pair.of(functions, "loss", backward)
    return pair


def _report(net: Net, claims: dict[str, Any] | Exception, settings: Mapping[str, Any]) -> Report:
    """The claims against the truth, and where the net goes wrong."""
    if isinstance(claims, Exception):
        what = f"backward raised {type(claims).__name__}: {claims}"
        finding = Finding(what, where=net.pair.title, name="raised")
        wrong = GradientReport("backward", WRONG, findings=(finding,))
        return Report({"backward": wrong}, title=net.pair.title)
    inputs = {name: x for name, x in net.inputs().items() if name in claims}
    report = check_gradients(net.output, inputs, claims, **settings)
    order = [name for name in reversed(net.order()) if name in report.gradients]
    gradients = {name: report.gradients[name] for name in order}
    lacking = [f"backward gives no gradient of {name}" for name in net.without(claims)]
    first = first_wrong([(name, g.verdict) for name, g in gradients.items()])
    return replace(
        report,
        gradients=gradients,
        faults=(*first, *report.faults),
        unexercised=tuple(s for s in report.unexercised if not s.startswith("an upstream")),
        notes=(*report.notes, "parameters are listed from the loss back", *lacking),
        title=net.pair.title,
    )


def first_wrong(verdicts: Sequence[tuple[str, str]]) -> list[Finding]:
    """The first parameter that is wrong from the loss back, and what the others say about it.

    What lies behind a parameter (nearer to the input) has its gradient through the same path: where
    it is right, so is what flows back, and the mistake is in the parameter's own product. Where all
    behind is wrong, what flows back is, from the last one that is right.
    """
    wrong = [name for name, verdict in verdicts if verdict == WRONG]
    if not wrong or len(verdicts) < 2:
        return []
    names = [name for name, _ in verdicts]
    place = names.index(wrong[0])
    right = [name for name, verdict in verdicts if verdict == RIGHT]
    behind = names[place + 1 :]
    if len(wrong) == len(verdicts):
        mend = "no gradient is right: look first at the loss's own, from which all of them come"
    elif len(right) == len(verdicts) - 1:
        mend = f"all others are right: mend the line of d{wrong[0]}, or what flows back to it alone"
    elif set(behind) <= set(right):
        mend = f"what flows back past {wrong[0]} is right: mend the line of d{wrong[0]} itself"
    elif place and not set(behind) & set(right):
        mend = (
            f"what flows back goes wrong between {names[place - 1]} and {wrong[0]}: mend it there"
        )
    else:
        mend = f"mend it first, then {', '.join(wrong[1:])}"
    what = f"counted from the loss back, {wrong[0]} is the first parameter whose gradient is wrong"
    seen = f"right: {', '.join(right)}" if right else "none is right"
    return [Finding(what, seen, wrong[0], mend, "first wrong parameter")]
