"""What one call leaves behind for the next: caches, sums, states, momentum."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..report.findings import Finding, Remarks
from . import randomness, signatures
from .adapter import Layer, Pass
from .attributes import children, copied
from .backward import Backward
from .discover import restarted
from .forms import Numbers, as_array, is_container, like
from .from_updates import change, near

RESETS = re.compile(r"zero|reset|clear|flush|update|step|apply", re.IGNORECASE)
TINY = 1e-6  # a learning rate at which the weights stay where they are


def differing(a: Mapping[str, Numbers], b: Mapping[str, Numbers]) -> list[str]:
    """The names under which two sets of gradients are not equal up to rounding."""
    return [
        n
        for n in a
        if a[n].shape != b[n].shape or not np.allclose(a[n], b[n], rtol=1e-4, atol=1e-9)
    ]


def note(text: str) -> Remarks:
    """A remark that is a note alone."""
    return Remarks(notes=(text,))


def runs_without_update(backward: Backward) -> bool:
    """Whether a pass can be run at learning rate 0."""
    function = getattr(backward.layer.base, backward.layer.backward_name)
    known = bool(backward.layer.rate_paths) or signatures.rate_of(function) is not None
    return known or not backward.updated


def _holds_generator(layer: Any) -> bool:
    """Whether a layer has a generator of random numbers of its own."""
    return any(isinstance(value, randomness.GENERATORS) for _, value in children(layer))


def state_between_calls(backward: Backward, upstream: Any) -> Remarks:
    """A pass on other data first: what it leaves behind must not enter the next gradients."""
    layer, kept = backward.layer, backward.names(of_updates=False)
    if not kept or not runs_without_update(backward) or _holds_generator(layer.base):
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
        return note(f"{what} until {reset}()")
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


def momentum(backward: Backward, upstream: Any) -> Remarks:
    """Two tiny steps that differ: backward's update remembers the one before."""
    layer, inputs, found = backward.layer, backward.layer.inputs(), Remarks()
    read = backward.names(of_updates=True)
    if not read or not runs_without_update(backward) or _holds_generator(layer.base):
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
