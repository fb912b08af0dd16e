"""What an operation reads: the chain rule of each operand, and shared operands as one box."""

from collections.abc import Sequence
from typing import Any

from ...text import clean, number
from ..outline import Box, Grid
from ..read.gradients import chain_rule, falls_short, has_gradient
from ..read.words import caption, symbol, uses_drawn
from ..select.selection import WRITTEN
from .grids import arranged, grid, strongest


def products(key: str, node: Any, values: bool) -> Box:
    """Σ of too many products for two grids: one box that names the strongest."""
    left, right = (x.inputs for x in node.inputs)
    box = Box(key, "folded", f"Σ of {len(left):,} ×")
    box.lines = [("", caption(left)), ("", f"× {caption(right)}")]
    if values:
        numbers = [a.data * b.data for a, b in zip(left, right, strict=True)]
        box.lines += strongest(numbers, lambda j: f"{_name(left[j])} × {_name(right[j])}")
    return box


def _name(node: Any) -> str:
    return clean(node.label, 24) or "a constant"


def operand(key: str, node: Any, position: int, rest: Sequence[int], values: bool) -> Box:
    """The numbers of a shared operand, or of those entries in `rest`."""
    x = node.inputs[position]
    entries = [x.inputs[j] for j in rest]
    if len(entries) > WRITTEN:
        box = Box(key, "folded", f"{symbol(node.op)} of {len(entries):,}")
        box.lines = [("", caption(entries))]
        if values:
            box.lines += strongest([v.data for v in entries], lambda j: clean(entries[j].label))
        return box
    box = Box(key, "grid", caption(entries))
    if values:
        box.grids = [grid("data", entries, [v.data for v in entries], _places(node, x, rest))]
    return box


def add_gradients(
    box: Box,
    node: Any,
    position: int,
    rest: Sequence[int],
    row: Sequence[Any] | None,
    uses: Sequence[int],
) -> None:
    """Add what comes back: what this operation sends, or all gradients where there is no `row`.

    Where that is not all of their gradient, say how many `uses` the entries have.
    """
    x = node.inputs[position]
    entries = [x.inputs[j] for j in rest]
    rules = [chain_rule(node.grad, row[j]) for j in rest] if row else []
    sent = [c.contribution for c in rules if c]
    short = (falls_short(v, [rule]) for v, rule in zip(entries, rules, strict=True) if rule)
    if rules and max(uses) > 1 and any(short):
        box.lines.append(("", uses_drawn(1, uses)))
    what = "contribution to the gradient" if len(sent) == len(rest) else "gradient"
    back = sent if len(sent) == len(rest) else [v.grad for v in entries]
    if len(back) > 1 and all(g == back[0] for g in back):
        box.grids.append(Grid(f"{what}: {number(back[0])} each", []))
    elif len(entries) > WRITTEN:
        box.lines += [("", what), *strongest(back, lambda j: clean(entries[j].label), 3)]
    else:
        box.grids.append(grid(what, entries, back, _places(node, x, rest)))


def _places(node: Any, x: Any, rest: Sequence[int]) -> list[list[int | None]]:
    """Where the entries are drawn: as those that they meet, so that factors line up."""
    long = len(x.inputs)
    return arranged(*[[o.inputs[j] for j in rest] for o in node.inputs if len(o.inputs) == long])


def leaves(key: str, entries: Sequence[Any], gradients: bool) -> Box:
    """A tensor of leaves by itself: nothing was computed."""
    box = Box(key, "grid", caption(entries), root=True)
    if len(entries) > WRITTEN:
        box.role = "folded"
        box.lines = strongest([v.data for v in entries], lambda j: clean(entries[j].label))
        return box
    places = arranged(entries)
    box.grids = [grid("data", entries, [v.data for v in entries], places)]
    if gradients and any(map(has_gradient, entries)):
        box.grids.append(grid("gradient", entries, [v.grad for v in entries], places))
    return box
