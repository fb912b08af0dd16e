"""Formulas of the table's rows as operations, one for each row."""

from collections.abc import Mapping

import numpy as np

from ...dialects.expressions import InexpressibleError, unfolded
from ...graph import order
from ...primitives import PRIMITIVES
from ...value import Value
from .graph import Builder, Operand


def spell(formula: Value, leaves: Mapping[object, Operand], build: Builder, scope: str) -> str:
    """The tensor of a formula whose leaves are known; rows of the user's own are unfolded."""
    made = _value(formula, dict(leaves), build, scope)
    return made if isinstance(made, str) else build.constant(np.array(made))


def _value(formula: Value, known: dict[object, Operand], build: Builder, scope: str) -> Operand:
    for node in order(formula):
        if isinstance(node, Value) and node not in known and node.unknown:
            known[node] = _row(node, known, build, scope)
    return _operand(formula, known)


def _row(node: Value, known: dict[object, Operand], build: Builder, scope: str) -> Operand:
    op = node.op
    if op is None:
        raise InexpressibleError("a leaf without a name")
    if PRIMITIVES.get(op.name) is not op:
        made = unfolded(op, node, "a graph of tensors")
        if not isinstance(made, Value):
            return float(made)
        return _value(made, known, build, scope)
    if not all(isinstance(x, Value) for x in node.inputs):
        raise InexpressibleError(f"a graph of tensors cannot say {op.name} within an operation")
    inputs = [_operand(x, known) for x in node.inputs]
    shapes = [build.shapes[x] for x in inputs if isinstance(x, str)]
    return build.add(op.name, inputs, np.broadcast_shapes(*shapes), scope)


def _operand(x: Value, known: Mapping[object, Operand]) -> Operand:
    return known[x] if x in known else float(x.data)
