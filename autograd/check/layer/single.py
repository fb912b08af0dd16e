"""One layer on one input: its gradients against the truth, and its habits."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..gradients import check_gradients
from ..report.findings import Finding
from ..report.report import Checked, Report
from ..truth.verdict import RIGHT, UNDECIDED, WRONG
from .adapter import Layer
from .attributes import as_array
from .from_updates import find_claims
from .gradients_of import Claims, inputs_of
from .side_effects import Remark, differing, gradients, habits

LAYOUTS = {"NCHW", "NHWC", "CHW", "HWC", "HW", "ND", "DN", "N", "D"}
SMALL = 1e-3  # an upstream gradient that no clipping reaches


def check_one(
    layer: Any,
    x: Any,
    *,
    learning_rate: float | None = None,
    layout: str | None = None,
    forward: str | None = None,
    backward: str | None = None,
    options: Mapping[str, Any] | None = None,
    mean: bool | None = None,
    seed: int = 0,
    budget: float = 10.0,
    model: Callable[..., Any] | None = None,
    behaviour: bool = True,
) -> Report:
    """Check one layer on one input: see `check_layer`, which says more and raises the same."""
    axes = layout_of(x, layout)
    adapted = Layer(layer, x, forward, backward, dict(options or {}))
    upstream = drawn(as_array(adapted.output), seed)
    try:
        claims = find_claims(adapted, upstream, learning_rate)
        if not claims.readers:  # gradients that are clipped are whole for a small upstream
            small = find_claims(adapted, SMALL * upstream, learning_rate)
            if small.readers:
                claims, upstream = small, SMALL * upstream
                adapted.notes = [n for n in adapted.notes if not n.endswith("found: ")]
                adapted.notes.append("large gradients are clipped: checked with a small upstream")
    except Exception as error:  # the user's backward: it is the finding
        return raised(adapted, error, upstream)
    settings = {"seed": seed, "budget": budget, "model": model}
    report = judged(claims, upstream, settings, mean, behaviour)
    called = f"{adapted.forward_name} and {adapted.backward_name}, x {axes}"
    report.title = adapted.title
    report.notes = [called, *dict.fromkeys(adapted.notes), *report.notes]
    return report


def judged(
    claims: Claims, upstream: Any, settings: dict[str, Any], mean: bool | None, behaviour: bool
) -> Report:
    """The report on a layer whose gradients were found, with remarks on its habits."""
    settings["learning_rate"] = claims.layer.rate if claims.updated else None
    report = compared(claims, {**settings, "upstream": upstream}, mean)
    if wavers(report):
        return report
    remarks = habits(claims, upstream) if behaviour else []
    single = one_entry(claims, upstream) if report.verdict == WRONG else None
    if single is not None:
        other = compared(claims, {**settings, "upstream": single}, mean)
        if other.verdict == RIGHT:
            report = other
            what = "backward uses one entry of the upstream gradient and no other"
            mend = "right behind cross-entropy alone; else sum over all entries of the gradient"
            finding = Finding(what, "right where the others are 0", claims.layer.title, mend,
                              "one entry")  # fmt: skip
            remarks.append(Remark(finding, False))
    attach(report, [remark for remark in remarks if remark.grave])
    beside(report, [remark.finding for remark in remarks if not remark.grave])
    return report


def wavers(report: Report) -> bool:
    """Whether forward draws random numbers of its own: then nothing more can be said."""
    return any(finding.name == "forward wavers" for finding in report.findings)


def one_entry(claims: Claims, upstream: Any) -> Any:
    """The upstream gradient with its first or last entry alone, where backward sees no other."""
    if np.size(upstream) < 2:
        return None
    inputs = inputs_of(claims.layer)
    dense = gradients(claims, claims.layer.run(upstream.copy(), inputs))
    for k in (0, -1):
        single = np.zeros_like(upstream)
        single.flat[k] = upstream.flat[k]
        if not differing(dense, gradients(claims, claims.layer.run(single.copy(), inputs))):
            return single
    return None


def beside(report: Report, findings: list[Finding]) -> None:
    """Put remarks that leave the verdict as it is."""
    if findings:
        how = "not part of the gradients, but it bites"
        empty = Checked("habits", None, None, RIGHT, how)
        report.gradients.setdefault("habits", empty).findings.extend(findings)


def attach(report: Report, remarks: list[Remark]) -> None:
    """Put grave remarks with the gradient that each explains, the others before everything."""
    for remark in reversed(remarks):
        checked = report.gradients.get(remark.of)
        if checked is not None and checked.verdict == WRONG:
            checked.findings.insert(0, remark.finding)
        else:
            report.general.insert(0, remark.finding)


def drawn(output: Any, seed: int) -> Any:
    """∂L/∂output: distinct numbers of both signs that are not 0; 1 for a number.

    Raises TypeError where the output holds no numbers.
    """
    if output is None:
        raise TypeError("forward returned no numbers")
    if output.ndim == 0:
        return 1.0
    rng = np.random.default_rng(seed)
    sizes = rng.permutation(np.linspace(0.5, 1.5, output.size))
    signs = rng.choice([-1.0, 1.0], output.size)
    return (sizes * signs).reshape(output.shape)


def layout_of(x: Any, layout: str | None) -> str:
    """What the axes of x are, as far as its shape tells; ValueError where a name is unknown."""
    shape = np.shape(x)
    if layout is not None:
        if layout.upper() not in LAYOUTS or len(layout) != len(shape):
            raise ValueError(f"layout {layout!r} for an input of shape {shape}: give one of NCHW, "
                             "NHWC, CHW, HWC, HW, ND, DN")  # fmt: skip
        return f"{layout.upper()} {shape}, as given"
    last = len(shape) > 2 and shape[-1] <= 4 < max(shape[-3:])
    guess = {4: "NHWC" if last else "NCHW", 3: "HWC" if last else "CHW", 1: "D"}.get(len(shape), "")
    if len(shape) == 2:
        guess = "DN" if shape[1] == 1 else "ND or HW"
    return f"{shape}, probably {guess}" if guess else f"{shape}"


def raised(layer: Layer, error: Exception, upstream: Any) -> Report:
    """A backward that raises is wrong: with what, and for which upstream gradient."""
    finding = Finding(
        f"{layer.backward_name} raised {type(error).__name__}: {error}",
        f"upstream gradient of shape {np.shape(upstream)}, as the output",
        f"{layer.title}.{layer.backward_name}",
        "run it by hand on this shape; arguments that were not guessed: options={'name': value}",
        "raised",
    )
    wrong = Checked("backward", None, None, WRONG, "", None, [finding])
    return Report({"backward": wrong}, notes=list(layer.notes), title=layer.title)


def compared(claims: Claims, settings: dict[str, Any], mean: bool | None) -> Report:
    """The gradients against the truth, with the 1/N of a mean loss where the layer puts it."""
    inputs = inputs_of(claims.layer)
    if not claims.readers:
        what = "backward returned nothing, stored no gradient and updated no weight"
        finding = Finding(what, "", claims.layer.title, "return dX", "no gradient")
        return Report({"x": Checked("x", None, None, UNDECIDED, "", None, [finding])})
    report = check_gradients(claims.layer.forward, inputs, claims.backward, **settings)
    n = samples(claims, report) if mean is not False else 0
    if n:
        scaled = averaged(claims, n)
        report = check_gradients(claims.layer.forward, inputs, scaled, **settings)
        report.notes.append(
            f"the gradients of the weights are divided by N = {n} here: this layer holds the 1/N "
            "of a mean loss, so the loss's gradient must not divide again (mean=False insists)"
        )
    for name, why in claims.hidden.items():
        finding = Finding(
            why, "", claims.layer.title, "keep the gradient in an attribute", "hidden"
        )
        report.gradients[name] = Checked(name, None, None, UNDECIDED, "", None, [finding])
    if claims.layer.x_name not in claims.readers:
        report.unexercised.append("the gradient of x: backward neither returns nor keeps it")
    return report


def samples(claims: Claims, report: Report) -> int:
    """N, where each weight's gradient is 1/N of the true one for N rows or columns; else 0."""
    shape = np.shape(claims.layer.x)
    if report.verdict != WRONG or len(shape) < 2:
        return 0
    counts = shape if len(shape) == 2 else shape[:1]
    return next((n for n in counts if divided(report, claims, n)), 0)


def divided(report: Report, claims: Claims, n: int) -> bool:
    """Whether the gradients of all weights are 1/n of the true ones, and that of x is not."""
    names = [name for name in claims.readers if name in claims.layer.parameters]
    x = report.gradients.get(claims.layer.x_name)
    if not names or n < 2 or (x is not None and x.verdict == WRONG):
        return False
    return all(over(report.gradients.get(name), n) for name in names)


def over(checked: Checked | None, n: int) -> bool:
    """Whether a gradient is wrong by just 1/n."""
    if (
        checked is None
        or checked.verdict != WRONG
        or np.shape(checked.claimed) != np.shape(checked.true)
    ):
        return False
    claimed, true = (np.asarray(a, dtype=np.float64) for a in (checked.claimed, checked.true))
    seen = np.isfinite(true)
    size = float(np.max(np.abs(true[seen]), initial=0.0))
    return bool(size > 0 and np.all(np.abs(n * claimed - true)[seen] <= 1e-4 * size))


def averaged(claims: Claims, n: int) -> Callable[..., dict[str, Any]]:
    """The layer's backward with the weights' gradients times n."""

    def backward(upstream: Any, /, **inputs: Any) -> dict[str, Any]:
        found = claims.backward(upstream, **inputs)
        return {
            name: value if name == claims.layer.x_name else n * np.asarray(value)
            for name, value in found.items()
        }

    return backward
