"""What only an object shows: state that leaks from call to call, operands changed in place."""

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from ..report.findings import Finding
from . import signatures
from .adapter import Pass, given, same
from .attributes import as_array, children, clone, like
from .from_updates import UPDATE, change, near
from .gradients_of import Claims, inputs_of

RESETS = re.compile(r"zero|reset|clear|update|step|apply", re.IGNORECASE)
GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)


class Remark(NamedTuple):
    """A finding, and whether it makes the gradients wrong or only endangers other calls."""

    finding: Finding
    grave: bool
    of: str = ""  # the input whose gradient it explains


def habits(claims: Claims, upstream: Any) -> list[Remark]:
    """Every remark on how a layer behaves, the grave ones first."""
    checks = (updates_first, forwards, operands, sequences, layouts, integers, momentum)
    found = []
    for check in checks:
        try:
            found += list(check(claims, upstream))
        except Exception as error:  # the variation is not supported; the plain call was
            claims.layer.notes.append(f"{check.__name__} not tried: {type(error).__name__}")
    return sorted(found, key=lambda remark: not remark.grave)


def gradients(claims: Claims, done: Pass, names: Any = None) -> dict[str, np.ndarray]:
    """The claimed gradients of a pass as arrays, those that are arrays."""
    every = {name: as_array(value) for name, value in claims.read(done).items()}
    return {n: a for n, a in every.items() if a is not None and (names is None or n in names)}


def results(claims: Claims, done: Pass) -> dict[str, np.ndarray]:
    """The output and the gradients of a pass."""
    return {"forward": np.asarray(done.output), **gradients(claims, done)}


def stored_names(claims: Claims) -> list[str]:
    """The gradients that are returned or stored, not read off an update."""
    return [n for n in claims.readers if claims.sources[n] != UPDATE]


def differing(a: Mapping[str, np.ndarray], b: Mapping[str, np.ndarray]) -> list[str]:
    """The names under which two sets of gradients are not equal up to rounding."""
    return [
        n
        for n in a
        if a[n].shape != b[n].shape or not np.allclose(a[n], b[n], rtol=1e-4, atol=1e-9)
    ]


def knows_rate(claims: Claims) -> bool:
    """Whether a pass can be run at learning rate 0."""
    function = getattr(claims.layer.base, str(claims.layer.backward_name))
    known = claims.layer.rate_path is not None or signatures.rate_of(function) is not None
    return known or not claims.updated


# --- the checks ----------------------------------------------------------------------------------


def updates_first(claims: Claims, upstream: Any) -> Iterator[Remark]:
    """A gradient that changes with the learning rate is taken after the update."""
    if not claims.updated or not knows_rate(claims):
        return
    layer, inputs, names = claims.layer, inputs_of(claims.layer), stored_names(claims)
    late, early = (
        gradients(claims, layer.run(given(upstream), inputs, rate), names)
        for rate in (layer.rate, 0.0)
    )
    for name in differing(early, late):
        off = np.max(np.abs(early[name] - late[name]))
        finding = Finding(
            f"the gradient of {name} is taken with weights that backward has already updated",
            f"it changes by {off:.2g} between learning rate 0 and {layer.rate:g}",
            f"{layer.title}.{layer.backward_name}",
            f"compute the gradient of {name} first, update {', '.join(claims.updated)} last",
            "update before use",
        )
        yield Remark(finding, True, name)


def forwards(claims: Claims, upstream: Any) -> Iterator[Remark]:
    """What forward changes: its input, the weights, its own next result."""
    layer = claims.layer
    inputs = inputs_of(layer)
    x, made = given(layer.x), layer.made(inputs)
    where = f"{layer.title}.{layer.forward_name}"
    if not same(layer.forward(**inputs), layer.forward(**inputs)):
        layer.notes.append("forward gives another result in each fresh copy: nothing is sure")
    with signatures.randomness(layer.states):
        layer.call_forward(made, x)
    if not same(x, layer.x):
        mend = "work on a copy: x = x.copy(), or write the result into a new array"
        finding = Finding("forward changes its input x in place", "", where, mend, "input changed")
        yield Remark(finding, False)
    done = layer.run(given(upstream), inputs)
    for name, path in layer.parameters.items():
        if path in done.before and not np.array_equal(done.before[path], np.asarray(inputs[name])):
            mend = f"start from a copy, such as self.output = self.{name}.copy()"
            what = f"forward changes the weight {name} in place: each call gives another result"
            yield Remark(Finding(what, "", where, mend, "weight changed"), True)


def operands(claims: Claims, upstream: Any) -> Iterator[Remark]:
    """What backward changes, or reads again from the caller's array."""
    layer, inputs = claims.layer, inputs_of(claims.layer)
    used = given(upstream)
    fresh = gradients(claims, layer.run(used, inputs))
    where = f"{layer.title}.{layer.backward_name}"
    if not same(used, upstream):
        what = "backward changes the upstream gradient in place"
        mend = "copy it first: who adds it up along another path (a residual) gets the changed one"
        yield Remark(Finding(what, "", where, mend, "upstream changed"), False)
    x = given(layer.x)
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        with signatures.randomness(layer.states):
            made = layer.made(inputs)
            output, cache = layer.call_forward(made, x)
            x += 1.0
            done = layer.finished(made, output, cache, given(upstream), x)
        if differing(fresh, gradients(claims, done)):
            layer.notes.append(
                "x is kept, not copied: do not change it between forward and backward"
            )


def holds_generator(layer: Any) -> bool:
    """Whether a layer has a generator of random numbers of its own."""
    return any(isinstance(value, GENERATORS) for _, value in children(layer))


def sequences(claims: Claims, upstream: Any) -> Iterator[Remark]:
    """A pass on other data first: what it leaves behind must not enter the next gradients."""
    layer, names = claims.layer, stored_names(claims)
    if not knows_rate(claims) or holds_generator(layer.base) or not names:
        return
    inputs = inputs_of(layer)
    array = np.asarray(layer.x)
    other = like(array[..., ::-1].copy() if array.ndim else array, layer.x)
    first = gradients(claims, layer.run(given(upstream), {**inputs, layer.x_name: other}, 0.0))
    fresh = gradients(claims, layer.run(given(upstream), inputs, 0.0), names)
    made = layer.made(inputs, 0.0)
    for x in (other, given(layer.x)):
        with signatures.randomness(layer.states):
            done = layer.continued(made, given(upstream), x, 0.0)
    then = gradients(claims, done, names)
    off = differing(fresh, then)
    sums = {n: fresh[n] + first[n] for n in off if fresh[n].shape == first[n].shape}
    adding = [n for n in sums if near(sums[n], then[n], 1e-4)]
    where = f"{layer.title}.{layer.backward_name}"
    for finding in accumulation(claims, done, adding, where):
        yield Remark(finding, False)
    stale = [name for name in off if name not in adding]
    if stale:
        what = f"the gradient of {', '.join(stale)} depends on a call for other data"
        mend = "forward must renew everything that backward reads (masks, columns, indices)"
        yield Remark(Finding(what, "", where, mend, "stale cache"), True)


def accumulation(claims: Claims, done: Pass, names: list[str], where: str) -> Iterator[Finding]:
    """A finding, or a note where the layer has a method that sets its gradients to zero."""
    if not names:
        return
    for name in dir(done.layer):
        function = getattr(done.layer, name)
        if RESETS.search(name) and not name.startswith("__") and callable(function):
            made = clone(done.layer)
            if resets(claims, made, name, done, names):
                claims.layer.notes.append(f"gradients add up from call to call until {name}()")
                return
    what = f"a second backward adds to the gradient of {', '.join(names)}"
    mend = "start backward from zero, such as dW = np.zeros_like(W), or reset between batches"
    yield Finding(what, "after two passes it is the sum of both", where, mend, "accumulates")


def resets(claims: Claims, layer: Any, name: str, done: Pass, names: list[str]) -> bool:
    """Whether a method sets the stored gradients to zero, or drops them."""
    function = getattr(layer, name)
    try:
        function(**signatures.extra(function, None, {"rate": 0.0, "x": done.x}))
        left = [claims.readers[n](replace(done, layer=layer)) for n in names]
    except (TypeError, AttributeError, KeyError, ValueError, IndexError):
        return False
    return all(value is None or not np.any(value) for value in left)


def layouts(claims: Claims, upstream: Any) -> Iterator[Remark]:
    """Memory order must not matter: transposed and strided arrays are arrays."""
    layer, inputs = claims.layer, inputs_of(claims.layer)
    if not isinstance(layer.x, np.ndarray) or layer.x.ndim < 1:
        return
    plain = layer.run(given(upstream), {**inputs, layer.x_name: np.array(layer.x, order="C")})
    fresh = results(claims, plain)
    for what, arrange in (("Fortran-ordered", np.asfortranarray), ("strided", strided)):
        for part in ("input", "upstream gradient"):
            up, x = np.array(upstream), given(layer.x)
            up, x = (up, arrange(x)) if part == "input" else (arrange(up), x)
            done = layer.run_as_is(up if up.ndim else up[()], {**inputs, layer.x_name: x})
            off = differing(fresh, results(claims, done))
            if off:
                mend = "reshape and ravel copy such arrays: index them, or np.ascontiguousarray(x)"
                said = ", ".join(n if n == "forward" else f"the gradient of {n}" for n in off)
                finding = Finding(f"with a {what} {part}, {said} comes out otherwise", "",
                                  layer.title, mend, "memory order")  # fmt: skip
                yield Remark(finding, True)
                return


def strided(x: Any) -> Any:
    """The same numbers, every second place of a wider array."""
    x = np.asarray(x)
    return np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x


def integers(claims: Claims, upstream: Any) -> Iterator[Remark]:
    """An integer image must give what the same numbers as floats give."""
    layer, inputs = claims.layer, inputs_of(claims.layer)
    if not isinstance(layer.x, np.ndarray):
        return
    own = layer.x.dtype.kind in "iu"
    whole = layer.x if own else np.rint(3 * layer.x).astype(np.int64)
    need = results(claims, layer.run(given(upstream), {**inputs, layer.x_name: whole * 1.0}))
    try:
        got = results(claims, layer.run(given(upstream), {**inputs, layer.x_name: whole}))
    except TypeError as error:
        layer.notes.append(f"an integer image raises {type(error).__name__}: {error}"[:120])
        return
    off = differing(need, got)
    if not off:
        return
    said = ", ".join(n if n == "forward" else f"the gradient of {n}" for n in off)
    mend = "zeros_like takes over an integer dtype: give dtype=float, or x = x.astype(float)"
    if own:
        what = f"integer input truncates {said}"
        yield Remark(Finding(what, "", layer.title, mend, "integer dtype"), True)
    else:
        layer.notes.append(f"an integer image would truncate {said}: {mend}")


def momentum(claims: Claims, upstream: Any) -> Iterator[Remark]:
    """Two tiny steps that differ: backward's update remembers the one before."""
    layer = claims.layer
    read = [name for name in claims.readers if name not in stored_names(claims)]
    if not read or not knows_rate(claims) or holds_generator(layer.base):
        return
    inputs = inputs_of(layer)
    made, steps = layer.made(inputs, 1e-6), []
    for _ in range(2):
        with signatures.randomness(layer.states):
            steps.append(layer.continued(made, given(upstream), given(layer.x), 1e-6))
    for name in read:
        one, two = (change(done, layer.parameters[name]) for done in steps)
        if one is not None and two is not None and not near(one, two, 1e-2):
            ratio = float(np.sum(two * one) / np.sum(one * one))
            what = f"the update of {name} grows from call to call: momentum, or a sum never reset"
            mend = "keep the plain gradient in an attribute, so that it can be checked by itself"
            finding = Finding(what, f"the second step is {ratio:.3g} of the first", layer.title,
                              mend, "momentum")  # fmt: skip
            yield Remark(finding, False)
