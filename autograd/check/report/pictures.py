"""A report as a page: claimed, true and difference as heat maps, with the wrong entries ringed.

Where all are wrong, rings would tell nothing apart, and hide the colours: it is said in words.
"""

import html
from typing import TYPE_CHECKING

import numpy as np

from ...colours import LIGHT, heat
from ..truth.arrays import Array, Mask
from ..truth.verdict import WRONG, Comparison

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .findings import Finding
    from .report import GradientReport, Report

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


def page(report: "Report") -> str:
    """The report as a piece of HTML that needs nothing else."""
    verdict = f'<span class="{report.verdict}">{report.verdict}</span>'
    parts = [f"<h3>{html.escape(report.title or 'gradients')}: {verdict}</h3>"]
    parts += [f"<pre>{html.escape(str(finding))}</pre>" for finding in report.faults]
    said = report.first_said()
    parts += [_gradient(gradient, said) for gradient in report.gradients.values()]
    parts += [f"<pre>warning: {html.escape(str(finding))}</pre>" for finding in report.warnings]
    parts += [f"<p>{html.escape(line)}</p>" for line in report.remarks()]
    return f'<style>{STYLE}</style><div class="gradient-report">{"".join(parts)}</div>'


def _gradient(gradient: "GradientReport", said: "Mapping[Finding, str]") -> str:
    first, *rest = gradient.lines(said)
    text = html.escape("\n".join(rest))
    words = f"<h4>{html.escape(first)}</h4>" + (f"<pre>{text}</pre>" if text else "")
    wrong = gradient.comparison if gradient.verdict == WRONG else None
    return words + (_pictures(wrong) if wrong is not None else "")


def _pictures(comparison: Comparison) -> str:
    """Claimed, true and difference side by side, where they have one shape."""
    claimed, true = comparison.claimed, comparison.true
    if claimed.shape != true.shape:
        return _figure("claimed", claimed) + _figure("true", true)
    most = float(np.nanmax(np.abs(true), initial=0.0))
    every = comparison.wrong.size > 1 and bool(comparison.wrong.all())
    rings = None if every else comparison.wrong
    return (
        _figure("claimed", claimed, most, rings)
        + _figure("true", true, most)
        + _figure("difference", claimed - true, None, rings)
        + (f"<p>all {comparison.wrong.size:,} entries are wrong</p>" if every else "")
    )


def _figure(name: str, x: Array, most: float | None = None, ringed: Mask | None = None) -> str:
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
