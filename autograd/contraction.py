"""Einstein sums of flat sequences of Values, as dots whose operands are shared bundles."""

from collections.abc import Sequence

from .graph import Node
from .primitives import PRIMITIVES
from .shapes import einsum_plans as plans
from .shapes.indexing import Shape
from .value import Value, nodes

MUL, DOT, SUM = (PRIMITIVES[name] for name in ["mul", "dot", "sum"])
Operand = tuple[Shape, Sequence[Value]]


def rows(values: Sequence[Value], length: int) -> list[Node]:
    """Consecutive rows of this length, each a bundle."""
    data = [v.data for v in values]
    starts = range(0, len(values), length)
    return [Node(None, tuple(values[k : k + length]), tuple(data[k : k + length])) for k in starts]


def contracted(subscripts: str, operands: Sequence[Operand]) -> Operand:
    """The Einstein sum of operands (shape, values), as (shape, values)."""
    terms, out, sizes = plans.parse(subscripts, *[shape for shape, _ in operands])
    (labels, result), *others = zip(terms, operands, strict=True)
    for i, (term, operand) in enumerate(others, 2):
        wanted = {*out, *"".join(terms[i:])}
        between = "".join(dict.fromkeys(c for c in labels + term if c in wanted))
        kept = between if terms[i:] else out
        labels, result = kept, _pair(labels, result, term, operand, kept, sizes)
    return _single(labels, result, out, sizes)


def _pair(a: str, x: Operand, b: str, y: Operand, out: str, sizes: plans.Sizes) -> Operand:
    """Σ x[a]·y[b] over the labels that `out` lacks, one dot for each entry of `out`."""
    a_kept, b_kept = plans.kept(a, b, out), plans.kept(b, a, out)
    x_shape, x_values = _single(a, x, a_kept, sizes)
    y_shape, y_values = _single(b, y, b_kept, sizes)
    lefts, i = plans.groups(a_kept, x_shape, out, sizes)
    rights, j = plans.groups(b_kept, y_shape, out, sizes)
    op, read = (MUL, _entries) if set(a_kept) <= set(out) else (DOT, _bundles)
    x_read, y_read = read(lefts, x_values), read(rights, y_values)
    return _shape(out, sizes), nodes(op, [[x_read[k] for k in i], [y_read[k] for k in j]])


def _single(labels: str, x: Operand, out: str, sizes: plans.Sizes) -> Operand:
    """One operand: diagonals of repeated labels, sums over what `out` lacks, transposition."""
    if labels == out:
        return x
    shape, values = x
    found, order = plans.groups(labels, shape, out, sizes)
    summed = not set(labels) <= set(out)
    results = nodes(SUM, [_bundles(found, values)]) if summed else _entries(found, values)
    return _shape(out, sizes), [results[k] for k in order]


def _entries(groups: Sequence[plans.Group], values: Sequence[Value]) -> Sequence[Value]:
    return [group(values)[0] for group in groups]


def _bundles(groups: Sequence[plans.Group], values: Sequence[Value]) -> Sequence[Node]:
    data = [v.data for v in values]
    return [Node(None, group(values), group(data)) for group in groups]


def _shape(labels: str, sizes: plans.Sizes) -> Shape:
    size = dict(sizes)
    return tuple([size[c] for c in labels])
