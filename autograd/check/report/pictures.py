"""A report as a page: claimed, true and difference as heat maps, with the wrong entries ringed."""

import html
from typing import Any

import numpy as np

from ...colours import LIGHT, heat
from ..truth.arrays import Array
from ..truth.verdict import WRONG

CELL, GAP = 14, 4  # pixels
MOST_CELLS = 4_000  # of one picture
STYLE = f"""\
.gradient-report {{font: 14px system-ui, sans-serif; color: {LIGHT.ink}; padding: 8px;
    background: {LIGHT.paper}}}
.gradient-report figure {{display: inline-block; margin: 4px 18px 8px 0; vertical-align: top}}
.gradient-report figcaption {{color: {LIGHT.dim}; padding-bottom: 3px}}
.gradient-report pre {{white-space: pre-wrap; margin: 2px 0 8px}}
.gradient-report .wrong {{color: {LIGHT.warm}}}
.gradient-report .right {{color: {LIGHT.good}}}
"""


def page(report: Any) -> str:
    """The report as a piece of HTML that needs nothing else."""
    head = f"<h3>{html.escape(report.title or 'gradients')}: {_verdict(report.verdict)}</h3>"
    general = "".join(f"<pre>{html.escape(str(finding))}</pre>" for finding in report.general)
    parts = "".join(_checked(checked) for checked in report.gradients.values())
    notes = [f"note: {note}" for note in report.notes]
    if report.unexercised:
        notes.append("not exercised: " + "; ".join(report.unexercised))
    tail = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
    body = head + general + parts + tail
    return f'<style>{STYLE}</style><div class="gradient-report">{body}</div>'


def _verdict(verdict: str) -> str:
    return f'<span class="{verdict}">{verdict}</span>'


def _checked(checked: Any) -> str:
    first, *rest = checked.lines()
    text = html.escape("\n".join(rest))
    words = f"<h4>{html.escape(first)}</h4>" + (f"<pre>{text}</pre>" if text else "")
    return words + (_pictures(checked) if checked.verdict == WRONG else "")


def _pictures(checked: Any) -> str:
    """Claimed, true and difference side by side, where they have one shape."""
    if checked.claimed is None or checked.true is None:
        return ""
    claimed, true = np.asarray(checked.claimed), np.asarray(checked.true)
    if claimed.shape != true.shape:
        return _figure("claimed", claimed) + _figure("true", true)
    wrong = checked.details.wrong if checked.details is not None else None
    most = float(np.nanmax(np.abs(true), initial=0.0))
    return (
        _figure("claimed", claimed, most, wrong)
        + _figure("true", true, most)
        + _figure("difference", claimed - true, None, wrong)
    )


def _figure(name: str, x: Array, most: float | None = None, ringed: Any = None) -> str:
    """One array as an SVG of tiles: the last two axes, one tile for each index of the others."""
    if not x.size or x.size > MOST_CELLS:
        return f"<figure><figcaption>{name}: {x.size:,} entries</figcaption></figure>"
    tiles = np.reshape(x, (-1, *((1, 1, *x.shape)[-2:])))
    rings = None if ringed is None else np.reshape(ringed, tiles.shape)
    top = most if most else float(np.nanmax(np.abs(x), initial=0.0))
    across = x.shape[-3] if x.ndim > 3 else int(np.ceil(np.sqrt(len(tiles))))
    rows, cols = tiles.shape[1:]
    cells = []
    for (tile, i, j), value in np.ndenumerate(tiles):
        left = (tile % across) * (cols * CELL + GAP) + j * CELL
        down = (tile // across) * (rows * CELL + GAP) + i * CELL
        wrong = rings is not None and bool(rings[tile, i, j])
        cells.append(_cell(left, down, float(value), top, wrong))
    width = across * (cols * CELL + GAP)
    height = -(-len(tiles) // across) * (rows * CELL + GAP)
    caption = f"<figcaption>{name}, up to {top:.3g}</figcaption>"
    size = f'width="{width}" height="{height}" role="img" aria-label="{name}"'
    return f"<figure>{caption}<svg {size}>{''.join(cells)}</svg></figure>"


def _cell(left: int, down: int, value: float, top: float, wrong: bool) -> str:
    fill, _ = heat(value / top if top else 0.0)
    ring = f' stroke="{LIGHT.picked}" stroke-width="2"' if wrong else f' stroke="{LIGHT.frame}"'
    inset = f'x="{left + 1}" y="{down + 1}" width="{CELL - 2}" height="{CELL - 2}"'
    return f'<rect {inset} fill="{fill}"{ring}><title>{value:.6g}</title></rect>'
