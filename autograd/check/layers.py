"""`check_layer` and `check_stack`: layer objects as people write them."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .layer.adapter import Layer
from .layer.attributes import copied
from .layer.one_input import check_on_one_input, is_unrepeatable
from .layer.probes import with_probes
from .nets import check_net
from .report.findings import Finding
from .report.report import Report, merged
from .truth.verdict import WRONG


def check_layer(
    layer: Any,
    x: Any,
    *,
    make: Callable[..., Any] | None = None,
    probe: bool = True,
    **options: Any,
) -> Report:
    """Check the hand-derived gradients of a layer object, or of a list of them, on an input x.

    The layer has a forward (or is called) and a backward that takes the upstream gradient, and
    maybe a learning rate. Gradients are returned, kept in attributes, or recovered from weights
    that backward updates itself. The report's notes say what was inferred. Nothing is changed: all
    calls are made on copies.

    A forward of several arguments takes a tuple x, or the others in `options`: arrays, or lists,
    tuples and dicts of them, whose gradients are checked too; states that nobody gives are drawn.
    Of several outputs (y, (h, c), cache), those count whose upstream gradient backward takes.
    A method called `derivative` or `gradient` that takes x is f′.

    With `probe`, the layer is also checked where x and the weights say little: another batch size,
    images that are not square, longer sequences, ties, other numbers in weights that are all 1, 0
    or of one sign, and other strides, paddings and kernels as far as its constructor takes them, or
    `make(**options)`, which returns a layer. What forward refuses is not held against it.

    Options: `learning_rate`, `layout` ("NCHW", "NHWC", "NTC" for sequences, ...), `forward` and
    `backward` (names of the methods), `options` (values for other arguments of either), `mean`
    (False: a 1/N in the weights' gradients is a mistake, and no convention), `model`, `seed`,
    `budget`, `tolerance` and `search` as `check_gradients`.

    Raises TypeError where the layer has no forward or no backward, or where an argument of theirs
    fits nothing known; ValueError for a layout that x cannot have.
    """
    if isinstance(layer, list | tuple):
        return check_stack(layer, x, probe=probe, **options)
    report = check_on_one_input(layer, x, **options)
    if not probe or is_unrepeatable(report):
        return report
    return with_probes(report, layer, x, make, options)


def check_stack(
    layers: Any,
    x: Any,
    *,
    params: Any = None,
    target: Any = None,
    probe: bool = False,
    **options: Any,
) -> Report:
    """Check each layer of a stack by itself, on what reaches it; name the first that goes wrong.

    Forward runs through all of them. "First" is counted from the end, as backward meets them: the
    layers before it receive a wrong gradient because of it.

    With `params` (a dict or list of arrays, nested or not) the net is functions: a pair of
    `forward(params, x)` or `forward(params, x, target)`, which returns the loss or (loss, cache),
    and `backward`, which returns the gradients of all; or one function that returns (loss, grads).
    An object that keeps its parameters needs no `params`. Arguments are found by their names.

    Raises ValueError for an empty stack, TypeError for functions without params, and what
    `check_layer` and `check_loss` raise.
    """
    if params is None and any(map(inspect.isroutine, (layers, *_entries(layers)))):
        raise TypeError("check_stack: functions need params=..., a dict or list of their arrays")
    if params is not None or not isinstance(layers, Iterable):
        return check_net(layers, x, params, target, **options)
    return _check_layers(list(layers), x, probe, options)


def _entries(layers: Any) -> Sequence[Any]:
    return layers if isinstance(layers, list | tuple) else ()


def _check_layers(layers: Sequence[Any], x: Any, probe: bool, options: Mapping[str, Any]) -> Report:
    """Each layer by itself, on what reaches it, and the first that is wrong."""
    if not layers:
        raise ValueError("check_stack: there are no layers")
    reports: dict[str, Report] = {}
    for k, layer in enumerate(layers):
        label = f"layers[{k}] {type(layer).__name__}"
        reports[label] = check_layer(layer, x, probe=probe, **options)
        x = _output(layer, x, options)
    whole = merged(reports, f"stack of {len(layers)}")
    wrong = [label for label, report in reports.items() if report.verdict == WRONG]
    if not wrong:
        return whole
    *others, first = wrong
    rest = f"; {', '.join(others)} alone is wrong too" if others else ""
    finding = Finding(
        f"counted from the end, {first} is the first layer whose gradient is wrong",
        f"each layer was checked alone{rest}",
        first,
        "mend it first: every layer before it receives its gradient",
        "first wrong layer",
    )
    return replace(whole, faults=(finding, *whole.faults))


def _output(layer: Any, x: Any, options: Mapping[str, Any]) -> Any:
    """What the next layer of a stack receives."""
    names = options.get("forward"), options.get("backward")
    output = copied(Layer.of(layer, x, options.get("options") or {}, *names).output())
    return output if isinstance(output, list) else np.asarray(output)
