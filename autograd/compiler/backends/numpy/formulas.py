"""Formulas on arrays: forward, and partials, written in the primitives of the table."""

from functools import partial
from typing import Any

import numpy as np

from ....dialects.formulas import WHERE, ordered
from ....dialects.numpy import Call, calls, is_number
from ....graph import order
from ....primitives import PRIMITIVES
from ....value import CONDITIONS, Value
from .exact import reached_product
from .memory import Array, Memory

MUL, POW, EQUAL = (PRIMITIVES[name] for name in ["mul", "pow", "equal"])
INTEGERS = {4: np.dtype(np.int32), 8: np.dtype(np.int64)}  # as many bytes as a float
LOGIC: dict[Any, np.ufunc] = {  # where(c, a, b) of truths of which one is known, of c and the other
    (0, None): np.less,
    (1, None): np.logical_or,
    (None, 0): np.logical_and,
    (None, 1): np.less_equal,
}


class Formulas:
    """Arrays of formulas of known leaves, each computed once, in scratch, by more `calls`.

    Conditions are arrays of truths. Without `exact`, it is taken for granted that nothing is nan.
    """

    def __init__(
        self, memory: Memory, leaves: dict[Value, Array], shape: tuple[int, ...], exact: bool
    ) -> None:
        self.memory, self.shape, self.exact = memory, shape, exact
        self.found: dict[Value, Any] = dict(leaves)
        self.calls: list[Call] = []

    def array(self, root: Value, out: Array | None = None) -> Any:
        """The array (or number) of a formula, in `out` if that is given."""
        for node in order(root):
            if node.op is not None and node not in self.found:
                self.found[node] = self._compute(node, out if node is root else None)
        result = self._known(root)
        if out is not None and result is not out:
            self.calls.append(partial(np.copyto, out, result))
        return result

    def _known(self, x: Value) -> Any:
        return self.found[x] if x in self.found else self.memory.dtype.type(x.data)

    def _scratch(self, dtype: Any = None) -> Array:
        return self.memory.scratch(self.shape, dtype)

    def _compute(self, node: Any, out: Array | None) -> Any:
        op, x = node.op, [self._known(v) for v in node.inputs]
        if not node.unknown:
            return self.memory.dtype.type(node.data)
        if op is POW and is_number(x[1]) and x[1] == 1:
            return x[0]
        if op is WHERE:
            return self._where(out, *x)
        x = [self._number(v) for v in x]
        if op in CONDITIONS:
            out = self._scratch(bool)
        elif out is None:
            out = self._scratch(np.result_type(*x))
        if op is EQUAL and not self.exact:
            self.calls.append(partial(np.equal, *x, out=out))
        elif op is MUL and out.dtype.kind == "c":
            self.calls.append(partial(reached_product, x[0], x[1], out))
        else:
            self.calls += calls(op, out, *x)
        return out

    def _number(self, x: Any) -> Any:
        """Truths as 1 and 0, where arithmetic needs numbers."""
        if is_number(x) or x.dtype != bool:
            return x
        out = self._scratch()
        self.calls.append(partial(np.copyto, out, x))
        return out

    def _where(self, out: Array | None, condition: Any, a: Any, b: Any) -> Any:
        """where(condition, a, b): of truths by logic, of numbers by their bits."""
        if is_number(condition):
            return a if condition else b
        if condition.dtype != bool:
            number, condition = condition, self._scratch(bool)
            self.calls.append(partial(np.not_equal, number, 0, out=condition))
        if _is_truth(a) and _is_truth(b):
            return self._chosen(condition, a, b)
        a, b = self._number(a), self._number(b)
        out = self._scratch(np.result_type(a, b)) if out is None else out
        if out.dtype.kind == "c":
            self.calls += calls(WHERE, out, condition, a, b)
        else:
            self._select(out, condition, a, b)
        return out

    def _chosen(self, condition: Array, a: Any, b: Any) -> Any:
        """where(condition, a, b) of truths."""
        known = tuple(int(x) if is_number(x) else None for x in (a, b))
        if known in ((0, 0), (1, 1)):
            return a
        if known == (1, 0):
            return condition
        out = self._scratch(bool)
        if known == (0, 1):
            self.calls.append(partial(np.logical_not, condition, out=out))
        elif known in LOGIC:
            self.calls.append(partial(LOGIC[known], condition, b if is_number(a) else a, out=out))
        else:
            self.calls += calls(WHERE, out, condition, a, b)
        return out

    def _select(self, out: Array, condition: Array, a: Any, b: Any) -> None:
        """where(condition, a, b) of numbers: b ^ ((a ^ b) & mask), a mask of all bits or none.

        NumPy has no faster selection than that of bits; unlike a product it is exact.
        """
        mask, truths = self._scratch(np.int8), condition.view(np.int8)
        zeros = [is_number(x) and x == 0 and not np.signbit(x) for x in (a, b)]
        integers = INTEGERS[out.itemsize]
        a, b, result = (np.asarray(x, out.dtype).view(integers) for x in (a, b, out))
        if zeros[0]:
            self.calls.append(partial(np.subtract, truths, np.int8(1), out=mask))
            self.calls.append(partial(np.bitwise_and, b, mask, out=result))
            return
        self.calls.append(partial(np.negative, truths, out=mask))
        if zeros[1]:
            self.calls.append(partial(np.bitwise_and, a, mask, out=result))
            return
        differs = self._scratch(integers)
        self.calls += [
            partial(np.bitwise_xor, a, b, out=differs),
            partial(np.bitwise_and, differs, mask, out=differs),
            partial(np.bitwise_xor, differs, b, out=result),
        ]


def _is_truth(x: Any) -> bool:
    if is_number(x):  # -0.0 is a number, and stays one
        return x in (0, 1) and not np.signbit(x)
    return bool(x.dtype == bool)


def shortened(formula: Value, exact: bool) -> Value:
    """A formula, or one that is the same where nothing is nan."""
    return formula if exact else ordered(formula)
