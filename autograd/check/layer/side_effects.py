"""What only an object shows: state that leaks from call to call, operands changed in place."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..report.findings import Finding, Remarks
from ..report.report import Report
from ..truth.arrays import largest
from ..truth.verdict import WRONG
from . import naming, randomness
from .adapter import Pass
from .attributes import copied
from .backward import Backward, Source
from .between_calls import differing, momentum, note, runs_without_update, state_between_calls
from .discover import WEIGHTS
from .forms import Numbers, identical

UNGUESSED = Source("", lambda _: None)


def side_effects(backward: Backward, upstream: Any) -> Remarks:
    """Every remark on how a layer behaves."""
    found = Remarks()
    for what, check in CHECKS.items():
        try:
            found += check(backward, upstream)
        except Exception as error:  # the variation is not supported; the plain call was
            found += note(f"{what} not tried: {type(error).__name__}")
    return found


def _results(backward: Backward, done: Pass) -> dict[str, Numbers]:
    """The output and the gradients of a pass."""
    return {"forward": np.asarray(done.output), **backward.arrays(done)}


def _in_words(names: Sequence[str]) -> str:
    return ", ".join(n if n == "forward" else f"the gradient of {n}" for n in names)


def input_overwritten(backward: Backward, upstream: Any, report: Report) -> Remarks:
    """What is wrong because forward changes x after it kept it: right with x put back."""
    layer, x = backward.layer, copied(backward.layer.x)
    wrong = {n: g.true for n, g in report.gradients.items() if g.verdict == WRONG}
    if not isinstance(x, np.ndarray) or not wrong:
        return Remarks()
    made = layer.copy_with(layer.inputs())
    with randomness.started(layer.states):
        called = layer.call_forward(made, x)
        if identical(x, layer.x):
            return Remarks()
        x[...] = layer.x
        mended = backward.arrays(layer.backward_pass_of(made, called, copied(upstream)))
    what = "forward changes its input x in place, after it kept it for backward"
    where, mend = f"{layer.title}.{layer.forward_name}", "keep a copy: self.x = x.copy()"
    finding = Finding(what, "right with x put back before backward", where, mend, "input changed")
    names = [n for n in wrong if n in mended and not differing({n: wrong[n]}, {n: mended[n]})]
    return Remarks(explanations=tuple((name, finding) for name in names))


# --- the checks ----------------------------------------------------------------------------------


def update_before_use(backward: Backward, upstream: Any) -> Remarks:
    """A gradient that changes with the learning rate is taken after the update."""
    if not backward.updated or not runs_without_update(backward):
        return Remarks()
    layer, inputs = backward.layer, backward.layer.inputs()
    late, early = (
        backward.kept(layer.at(rate).run(copied(upstream), inputs)) for rate in (layer.rate, 0.0)
    )
    found = []
    for name in differing(early, late):
        off = largest(early[name] - late[name])
        finding = Finding(
            f"the gradient of {name} is taken with weights that backward has already updated",
            f"it changes by {off:.2g} between learning rate 0 and {layer.rate:g}",
            f"{layer.title}.{layer.backward_name}",
            f"compute the gradient of {name} first, update {', '.join(backward.updated)} last",
            "update before use",
        )
        found.append((name, finding))
    return Remarks(explanations=tuple(found))


def repeated_forward(backward: Backward, upstream: Any) -> Remarks:
    """What forward changes: its input, the weights, its own next result."""
    layer, found = backward.layer, Remarks()
    inputs, where = layer.inputs(), f"{layer.title}.{layer.forward_name}"
    x = copied(layer.x)
    if not identical(layer.forward(**inputs), layer.forward(**inputs)):
        found += note("forward gives another result in each fresh copy: nothing is sure")
    with randomness.started(layer.states):
        layer.call_forward(layer.copy_with(inputs), x)
    if not identical(x, layer.x):
        mend = "work on a copy: x = x.copy(), or write the result into a new array"
        finding = Finding("forward changes its input x in place", "", where, mend, "input changed")
        found += Remarks(warnings=(finding,))
    before = layer.run(copied(upstream), inputs).before
    for name, path in layer.parameters.items():
        own = name in backward.sources or naming.concept(str(path[-1].key))[0] in WEIGHTS
        changed = path in before and not np.array_equal(before[path], np.asarray(inputs[name]))
        if changed and own and not backward.sources.get(name, UNGUESSED).guessed:
            mend = f"start from a copy, such as self.output = self.{name}.copy()"
            what = f"forward changes the weight {name} in place: each call gives another result"
            found += Remarks(faults=(Finding(what, "", where, mend, "weight changed"),))
    return found


def overwritten_operands(backward: Backward, upstream: Any) -> Remarks:
    """What backward changes, or reads again from the caller's array."""
    layer, inputs, found = backward.layer, backward.layer.inputs(), Remarks()
    used = copied(upstream)
    fresh = backward.arrays(layer.run(used, inputs))
    if not identical(used, upstream):
        what = "backward changes the upstream gradient in place"
        mend = "copy it first: who adds it up along another path (a residual) gets the changed one"
        finding = Finding(
            what, "", f"{layer.title}.{layer.backward_name}", mend, "upstream changed"
        )
        found += Remarks(warnings=(finding,))
    x = copied(layer.x)
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        with randomness.started(layer.states):
            made = layer.copy_with(inputs)
            called = layer.call_forward(made, x)
            x += 1.0
            done = layer.backward_pass_of(made, called, copied(upstream))
        if differing(fresh, backward.arrays(done)):
            found += note("x is kept, not copied: do not change it between forward and backward")
    return found


def memory_order(backward: Backward, upstream: Any) -> Remarks:
    """Memory order must not matter: transposed and strided arrays are arrays."""
    layer, inputs = backward.layer, backward.layer.inputs()
    if not isinstance(layer.x, np.ndarray) or layer.x.ndim < 1:
        return Remarks()
    plain = layer.run(copied(upstream), {**inputs, layer.x_name: np.array(layer.x, order="C")})
    fresh = _results(backward, plain)
    for order, arrange in (("Fortran-ordered", np.asfortranarray), ("strided", _strided)):
        for part in ("input", "upstream gradient"):
            up, x = np.array(upstream), copied(layer.x)
            up, x = (up, arrange(x)) if part == "input" else (arrange(up), x)
            done = layer.run_as_is(up if up.ndim else up[()], {**inputs, layer.x_name: x})
            off = differing(fresh, _results(backward, done))
            if off:
                mend = "reshape and ravel copy such arrays: index them, or np.ascontiguousarray(x)"
                what = f"with a {order} {part}, {_in_words(off)} comes out otherwise"
                finding = Finding(what, "", layer.title, mend, "memory order")
                return Remarks(faults=(finding,))
    return Remarks()


def _strided(x: Any) -> Any:
    """The same numbers, every second place of a wider array."""
    x = np.asarray(x)
    return np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x


def integer_input(backward: Backward, upstream: Any) -> Remarks:
    """An integer image must give what the same numbers as floats give."""
    layer, inputs = backward.layer, backward.layer.inputs()
    if not isinstance(layer.x, np.ndarray):
        return Remarks()
    own = layer.x.dtype.kind in "iu"
    whole = layer.x if own else np.rint(3 * layer.x).astype(np.int64)
    passes = ({**inputs, layer.x_name: x} for x in (whole * 1.0, whole))
    need = _results(backward, layer.run(copied(upstream), next(passes)))
    try:
        got = _results(backward, layer.run(copied(upstream), next(passes)))
    except TypeError as error:
        return note(f"an integer image raises {type(error).__name__}: {error}"[:120])
    off = differing(need, got)
    mend = "zeros_like takes over an integer dtype: give dtype=float, or x = x.astype(float)"
    if not off:
        return Remarks()
    if not own:
        return note(f"an integer image would truncate {_in_words(off)}: {mend}")
    what = f"integer input truncates {_in_words(off)}"
    return Remarks(faults=(Finding(what, "", layer.title, mend, "integer dtype"),))


CHECKS: dict[str, Callable[[Backward, Any], Remarks]] = {
    "backward without an update": update_before_use,
    "a second forward": repeated_forward,
    "operands that change": overwritten_operands,
    "a pass on other data": state_between_calls,
    "other memory orders": memory_order,
    "integers": integer_input,
    "a second update": momentum,
}
