"""The statements of the user's forward: what each calls its result, and how it computes it."""

import ast
from collections.abc import Sequence
from itertools import takewhile

from .source import Place, Site

KINDS = ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return
Written = tuple[str, str]  # what a result is called, and the expression


class Statements:
    """The statements that computed what is at some sites, all of which have places.

    They are forward's own, or those of the function in which forward has all computed.
    """

    def __init__(self, sites: Sequence[Site]) -> None:
        paths = [[(place.code, place.line) for place in site.places] for site in sites]
        common = [*takewhile(lambda level: len(set(level)) == 1, zip(*paths, strict=False))]
        self.depth = min(len(common), min(map(len, paths), default=1) - 1)
        self.known: dict[object, Written] = {}

    def of(self, site: Site | None) -> Written:
        """The statement in which a site stands; ("forward", "") where there is no source."""
        if site is None or not site.places:
            return "forward", ""
        place = site.places[: self.depth + 1][-1]
        key = place.code, place.line
        if key not in self.known:
            self.known[key] = _written(place)
        return self.known[key]


def _written(place: Place) -> Written:
    """The innermost assignment or return around an expression; else the line and the expression."""
    around = [
        node
        for node in ast.walk(place.source.tree)
        if isinstance(node, KINDS) and node.lineno <= place.line <= (node.end_lineno or 0)
    ]
    statement = max(around, key=lambda node: node.lineno, default=None)
    if isinstance(statement, ast.Assign):
        targets = ", ".join(map(ast.unparse, statement.targets))
        return targets.strip("()"), ast.unparse(statement.value)
    if isinstance(statement, ast.AnnAssign | ast.AugAssign):
        target = ast.unparse(statement.target)
        return target, ast.unparse(statement).removeprefix(target).strip()
    if isinstance(statement, ast.Return):
        return "return", ast.unparse(statement).removeprefix("return").strip()
    return place.spot, place.text
