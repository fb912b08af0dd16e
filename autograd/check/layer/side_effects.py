"""What only an object shows: state that leaks from call to call, operands changed in place."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..report.findings import Finding, Remarks
from ..report.report import Report
from ..truth.arrays import largest
from ..truth.verdict import WRONG
from . import naming, randomness, signatures
from .adapter import Layer, Pass
from .attributes import children, copied
from .backward import Backward, Source
from .discover import WEIGHTS, restarted
from .forms import Numbers, as_array, identical, is_container, like
from .from_updates import change, near

RESETS = re.compile(r"zero|reset|clear|flush|update|step|apply", re.IGNORECASE)
UNGUESSED = Source("", lambda _: None)
TINY = 1e-6  # a learning rate at which the weights stay where they are


def side_effects(backward: Backward, upstream: Any) -> Remarks:
    """Every remark on how a layer behaves."""
    found = Remarks()
    for what, check in CHECKS.items():
        try:
            found += check(backward, upstream)
        except Exception as error:  # the variation is not supported; the plain call was
            found += _note(f"{what} not tried: {type(error).__name__}")
    return found


def differing(a: Mapping[str, Numbers], b: Mapping[str, Numbers]) -> list[str]:
    """The names under which two sets of gradients are not equal up to rounding."""
    return [
        n
        for n in a
        if a[n].shape != b[n].shape or not np.allclose(a[n], b[n], rtol=1e-4, atol=1e-9)
    ]


def _note(text: str) -> Remarks:
    return Remarks(notes=(text,))


def _results(backward: Backward, done: Pass) -> dict[str, Numbers]:
    """The output and the gradients of a pass."""
    return {"forward": np.asarray(done.output), **backward.arrays(done)}


def _in_words(names: Sequence[str]) -> str:
    return ", ".join(n if n == "forward" else f"the gradient of {n}" for n in names)


def _runs_without_update(backward: Backward) -> bool:
    """Whether a pass can be run at learning rate 0."""
    function = getattr(backward.layer.base, backward.layer.backward_name)
    known = bool(backward.layer.rate_paths) or signatures.rate_of(function) is not None
    return known or not backward.updated


def _holds_generator(layer: Any) -> bool:
    """Whether a layer has a generator of random numbers of its own."""
    return any(isinstance(value, randomness.GENERATORS) for _, value in children(layer))


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
    if not backward.updated or not _runs_without_update(backward):
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
        found += _note("forward gives another result in each fresh copy: nothing is sure")
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
            found += _note("x is kept, not copied: do not change it between forward and backward")
    return found


def state_between_calls(backward: Backward, upstream: Any) -> Remarks:
    """A pass on other data first: what it leaves behind must not enter the next gradients."""
    layer, kept = backward.layer, backward.names(of_updates=False)
    if not kept or not _runs_without_update(backward) or _holds_generator(layer.base):
        return Remarks()
    backward = replace(backward, layer=layer.at(0.0))
    first, fresh = (_alone(backward, upstream, x) for x in (_other(layer), layer.x))
    then = _after_another(backward, upstream)
    off = differing(fresh, then)
    sums = {n: fresh[n] + first[n] for n in off if fresh[n].shape == first[n].shape}
    adding = [n for n in sums if near(sums[n], then[n], 1e-4)]
    stale = ", ".join(name for name in off if name not in adding)
    reset = next(_resets(backward, upstream, fresh), None) if off else None
    if reset:
        what = "what a call leaves behind stays" if stale else "gradients add up from call to call"
        return _note(f"{what} until {reset}()")
    what = f"the gradient of {stale} depends on a call for other data"
    mend = "forward must renew everything that backward reads (masks, columns, indices)"
    finding = Finding(what, "", f"{layer.title}.{layer.backward_name}", mend, "stale cache")
    return _accumulation(layer, adding) + Remarks(faults=(finding,) if stale else ())


def _other(layer: Layer) -> Any:
    """Another input of the same form and numbers."""
    array = np.asarray(as_array(layer.x))
    return like(array[..., ::-1].copy() if array.ndim else array, layer.x)


def _alone(backward: Backward, upstream: Any, x: Any) -> dict[str, Numbers]:
    """The gradients of a fresh copy for an input."""
    layer = backward.layer
    given = as_array(x) if is_container(x) else x
    return backward.kept(layer.run(copied(upstream), {**layer.inputs(), layer.x_name: given}))


def _after_another(backward: Backward, upstream: Any, reset: str = "") -> dict[str, Numbers]:
    """The gradients after a pass on other data, with a method called between the two."""
    layer = backward.layer
    made = layer.copy_with(layer.inputs())
    _pass(layer, made, upstream, _other(layer))
    if reset:
        function = getattr(made, reset)
        function(**signatures.extra(function, {"rate": 0.0, "x": layer.x}))
    made = restarted(layer, made) if layer.carried else made
    return backward.kept(_pass(layer, made, upstream, copied(layer.x)))


def _pass(layer: Layer, made: Any, upstream: Any, x: Any) -> Pass:
    """A pass of this very object, with the same random numbers each time."""
    with randomness.started(layer.states):
        return layer.pass_of(made, copied(upstream), x)


def _resets(backward: Backward, upstream: Any, fresh: Mapping[str, Numbers]) -> Iterator[str]:
    """The methods after which a pass is like that of a fresh copy."""
    for method in dir(backward.layer.base):
        if not RESETS.search(method) or method.startswith("__"):
            continue
        try:
            if not differing(fresh, _after_another(backward, upstream, method)):
                yield method
        except Exception:  # it is no such method
            continue


def _accumulation(layer: Layer, names: Sequence[str]) -> Remarks:
    """A warning about gradients that add up."""
    if not names:
        return Remarks()
    finding = Finding(
        f"a second backward adds to the gradient of {', '.join(names)}",
        "after two passes it is the sum of both",
        f"{layer.title}.{layer.backward_name}",
        "start backward from zero, such as dW = np.zeros_like(W), or reset between batches",
        "accumulates",
    )
    return Remarks(warnings=(finding,))


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
        return _note(f"an integer image raises {type(error).__name__}: {error}"[:120])
    off = differing(need, got)
    mend = "zeros_like takes over an integer dtype: give dtype=float, or x = x.astype(float)"
    if not off:
        return Remarks()
    if not own:
        return _note(f"an integer image would truncate {_in_words(off)}: {mend}")
    what = f"integer input truncates {_in_words(off)}"
    return Remarks(faults=(Finding(what, "", layer.title, mend, "integer dtype"),))


def momentum(backward: Backward, upstream: Any) -> Remarks:
    """Two tiny steps that differ: backward's update remembers the one before."""
    layer, inputs, found = backward.layer, backward.layer.inputs(), Remarks()
    read = backward.names(of_updates=True)
    if not read or not _runs_without_update(backward) or _holds_generator(layer.base):
        return found
    layer = layer.at(TINY)
    made, steps = layer.copy_with(inputs), []
    for _ in range(2):
        steps.append(_pass(layer, made, upstream, copied(layer.x)))
    for name in read:
        one, two = (change(done, layer.parameters[name]) for done in steps)
        if one is not None and two is not None and not near(one, two, 1e-2):
            ratio = float(np.sum(two * one) / np.sum(one * one))
            finding = Finding(
                f"the update of {name} grows from call to call: momentum, or a sum never reset",
                f"the second step is {ratio:.3g} of the first",
                layer.title,
                "keep the plain gradient in an attribute, so that it can be checked by itself",
                "momentum",
            )
            found += Remarks(warnings=(finding,))
    return found


CHECKS: dict[str, Callable[[Backward, Any], Remarks]] = {
    "backward without an update": update_before_use,
    "a second forward": repeated_forward,
    "operands that change": overwritten_operands,
    "a pass on other data": state_between_calls,
    "other memory orders": memory_order,
    "integers": integer_input,
    "a second update": momentum,
}
