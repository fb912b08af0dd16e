"""Other ways to read a layer, where something had to be guessed: what then fails is not "wrong"."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations

from ..report.report import Report
from ..truth.arrays import largest
from ..truth.verdict import WRONG
from . import naming, signatures
from .adapter import Layer
from .backward import Backward
from .discover import with_inputs, with_lists
from .outputs import EVERYTHING, Pair


def readings(layer: Layer) -> Iterator[Layer]:
    """The same layer, called as it may be meant as well."""
    function = getattr(layer.base, layer.backward_name)
    taken = signatures.parameters(function)
    plain = len(taken) == 1 and not naming.is_upstream(taken[0].name)
    nothing = not taken and not signatures.is_hidden(function)
    if layer.derivative_of or plain or nothing:
        for of in ("x", "output"):
            if of != layer.derivative_of:
                yield replace(layer, derivative_of=of)
    if len(layer.pairs) == 1 and layer.unused:
        for output in (*layer.unused, EVERYTHING):
            yield with_inputs(replace(layer, pairs=(Pair(output, layer.pairs[0].argument),)))
    if not layer.lists:
        listed = with_lists(layer)
        if listed.pairs != layer.pairs or listed.unused != layer.unused:
            yield listed


def swapped(backward: Backward, report: Report) -> Backward | None:
    """The same with gradients of one shape in another order, if more are right so; else None.

    Only gradients that were told apart by their order alone are swapped.
    """
    sources = dict(backward.sources)
    for group in {tuple(n for n in backward.elsewhere if backward.elsewhere[n] == paths)
                  for paths in backward.elsewhere.values()}:  # fmt: skip
        if 1 < len(group) < 5 and set(group) <= set(report.gradients):
            best = _order(group, report)
            sources |= {n: backward.sources[o] for n, o in zip(group, best, strict=True)}
    return replace(backward, sources=sources) if sources != backward.sources else None


def _order(group: tuple[str, ...], report: Report) -> tuple[str, ...]:
    """The order of some gradients in which most are right; of equal ones, as they are."""

    def right(order: tuple[str, ...]) -> int:
        return sum(_fits(report, n, other) for n, other in zip(group, order, strict=True))

    return max(permutations(group), key=right)


def _fits(report: Report, name: str, other: str) -> bool:
    """Whether what was taken for another's gradient is that of this input."""
    true, claimed = report.gradients[name].true, report.gradients[other].claimed
    if name == other and report.gradients[name].verdict != WRONG:
        return True
    return true is not None and largest(claimed - true) <= 1e-4 * largest(true)


def refuted(backward: Backward, report: Report) -> list[str]:
    """The inputs whose gradient was a guess that failed, beside others that were none."""
    sources, wrong = backward.sources, report.gradients
    failed = [n for n in sources if sources[n].guessed and n in wrong and wrong[n].verdict == WRONG]
    return failed if len(failed) < len(sources) else []
