"""What a loss compares, read off the graph: a loss written by hand is found as one of `nn` is.

From the roots down, sums, differences and multiples by given numbers lead to the loss's terms. A
term compares a prediction with a target (a square, a hinge, ...), or it is the logarithm of a
softmax or of a probability. How much a term counts is its adjoint, which whoever shows it has.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from .cones import in_layer
from .graph import Graph, is_parameter
from .stages import Stage


class Term(NamedTuple):
    """What is compared, and by which nodes: {role: node}; `key` is the same for what belongs
    together, the two logarithms of a binary cross-entropy.
    """

    kind: str
    key: Any
    roles: dict[str, Any]


def comparisons(graph: Graph, stages: Sequence[Stage]) -> dict[Stage, list[dict[str, Any]]]:
    """{stage: [{kind, rows of {role: number of a node}}, ...]}, the scores of a softmax in one.

    A term is told in its loss's own stage, else in that of the root.
    """
    home = {graph.nodes[k]: stage for stage in stages for k in stage.nodes}
    last = home.get(graph.roots[0])
    rows: dict[tuple[Stage, str, Any], dict[Any, dict[str, Any]]] = {}
    for node, term in _terms(graph.roots, home, last):
        softmax = term.kind == "softmax"
        place = _told_in(home[node], last), term.kind, term.key if softmax else None
        if softmax and place in rows:
            continue
        of = rows.setdefault(place, {})
        for t in _scores(term.key) if softmax else [term]:
            of.setdefault(t.key, {}).update(t.roles)
    found: dict[Stage, list[dict[str, Any]]] = {}
    for (stage, kind, _), of in rows.items():
        numbered = [{role: graph.number[v] for role, v in r.items()} for r in of.values()]
        found.setdefault(stage, []).append({"kind": kind, "rows": numbered})
    return found


def _told_in(own: Stage, last: Any) -> Stage:
    found: Stage = own if own.kind.endswith("Loss") else last
    return found


def _terms(roots: Sequence[Any], home: dict[Any, Stage], last: Any) -> Iterator[tuple[Any, Term]]:
    """The terms that the roots are weighted sums of, in order, as far as losses compute them."""
    stack, seen = list(reversed(roots)), set()
    while stack:
        node = stack.pop()
        if node in seen or node.op is None:
            continue
        seen.add(node)
        term = next(filter(None, (read(node) for read in READERS)), None)
        stage = home[node]
        if term is not None:
            yield node, term
        elif stage is last or stage.kind.endswith("Loss") or not in_layer(node):
            stack.extend(reversed(_addends(node)))


def _addends(node: Any) -> Sequence[Any]:
    """What a node is a weighted sum of, the weights being given."""
    name, inputs = node.op.name, node.inputs
    if name in ("add", "sub", "neg"):
        return tuple(inputs)
    if name == "sum":
        return tuple(inputs[0].inputs)
    if name == "div":
        return tuple(inputs[:1] if _given(inputs[1]) else ())
    if name == "mul":
        return [x for x in inputs if not _given(x)] if any(map(_given, inputs)) else ()
    if name == "dot":
        others = [x for x in inputs if not all(map(_given, x.inputs))]
        return tuple(others[0].inputs) if len(others) == 1 else ()
    return ()


def _given(node: Any) -> bool:
    """Whether a number came from outside: a leaf that is not trained, or 1 - t of one."""
    if node.op is None:
        return not is_parameter(node.name)
    return node.op.name in ("sub", "neg") and all(x.op is None for x in node.inputs)


def _is(node: Any, *names: str) -> bool:
    return node.op is not None and node.op.name in names


# --- the kinds of terms --------------------------------------------------------------------------


def _square(node: Any) -> Term | None:
    """(y - t)², as a power or as a product."""
    if _is(node, "pow") and not node.inputs[1].inputs and node.inputs[1].data == 2:
        return _difference("square", node, node.inputs[0])
    if _is(node, "mul") and node.inputs[0] is node.inputs[1]:
        return _difference("square", node, node.inputs[0])
    return None


def _absolute(node: Any) -> Term | None:
    """|y - t|."""
    return _difference("absolute", node, node.inputs[0]) if _is(node, "abs") else None


def _huber(node: Any) -> Term | None:
    """near·(e - near/2), with near = e within ±δ."""
    if not _is(node, "mul") or not all(_is(x, "minimum", "sub") for x in node.inputs):
        return None
    inner = node.inputs[0]
    while _is(inner, "minimum", "maximum"):
        inner = inner.inputs[0]
    same = _is(node.inputs[1], "sub") and node.inputs[1].inputs[0] is inner
    term = _difference("huber", node, inner) if same else None
    return term and term._replace(roles=term.roles | {"near": node.inputs[0]})


def _difference(kind: str, node: Any, difference: Any) -> Term | None:
    """A comparison of y and t by their difference; what is computed is the prediction."""
    if not _is(difference, "sub"):
        return None
    y, t = difference.inputs
    if y.op is None and t.op is not None:
        y, t = t, y
    return Term(kind, node, {"term": node, "prediction": y, "target": t})


def _hinge(node: Any) -> Term | None:
    """max(0, 1 - t·y), or max(0, 1 + o·y) with the opposite o of t."""
    inner = node.inputs[0] if _is(node, "relu") else None
    if inner is None or not _is(inner, "sub", "add"):
        return None
    product = next((x for x in inner.inputs if _is(x, "mul")), None)
    one = next((x for x in inner.inputs if x.op is None and x.data == 1), None)
    if product is None or one is None or not any(map(_given, product.inputs)):
        return None
    y, t = product.inputs if _given(product.inputs[1]) else reversed(product.inputs)
    sign = "target" if _is(inner, "sub") else "opposite"
    return Term("hinge", node, {"term": node, "inner": inner, "prediction": y, sign: t})


def _logistic(node: Any) -> Term | None:
    """softplus(±x): minus the logarithm of sigmoid(∓x)."""
    if not _is(node, "softplus"):
        return None
    (x,) = node.inputs
    if _is(x, "neg"):
        return Term("logistic", x.inputs[0], {"prediction": x.inputs[0], "yes": node})
    return Term("logistic", x, {"prediction": x, "no": node})


def _binary(node: Any) -> Term | None:
    """log p or log(1 - p) of a probability, not below a floor."""
    floored = _is(node, "maximum") and node.inputs[1].op is None
    log = node.inputs[0] if floored else node
    if not _is(log, "log"):
        return None
    (p,) = log.inputs
    if _is(p, "sub") and p.inputs[0].op is None and p.inputs[0].data == 1:
        return Term("binary", p.inputs[1], {"prediction": p.inputs[1], "no": node})
    return Term("binary", p, {"prediction": p, "yes": node})


def _softmax(node: Any) -> Term | None:
    """The logarithm of a share exp(x) / Σ exp(x), or of the total."""
    log = node.inputs[1] if _is(node, "sub") else node
    if not _is(log, "log"):
        return None
    (x,) = log.inputs
    total = x.inputs[1] if _is(x, "div") else x
    if _is(x, "mul") and _is(x.inputs[1], "pow"):
        total = x.inputs[1].inputs[0]  # micrograd's quotient
    return Term("softmax", total, {}) if len(_powers(total)) > 1 else None


def _powers(total: Any) -> list[Any]:
    """The exponentials that are added up, in order; none where others are."""
    found, stack = [], [total]
    while stack:
        node = stack.pop()
        if _is(node, "sum"):
            stack.extend(reversed(node.inputs[0].inputs))
        elif _is(node, "add"):
            stack.extend(reversed(node.inputs))
        elif _is(node, "exp"):
            found.append(node)
        elif node.op is not None or node.data != 0:  # Python's sum() starts at 0
            return []
    return found


def _scores(total: Any) -> list[Term]:
    """What a softmax shares out among: the scores, without the shift that all have."""
    powers = _powers(total)
    shifts = {_shift(p.inputs[0]) for p in powers}
    shifted = len(shifts) == 1 and None not in shifts
    return [
        Term(
            "softmax", p, {"power": p, "total": total, "prediction": x.inputs[0] if shifted else x}
        )
        for p in powers
        for x in p.inputs
    ]


def _shift(exponent: Any) -> Any:
    """What is subtracted from a score: the same node for all, or the same number."""
    if not _is(exponent, "sub"):
        return None
    shift = exponent.inputs[1]
    return shift if shift.inputs else shift.data


READERS = (_softmax, _binary, _logistic, _square, _absolute, _huber, _hinge)
