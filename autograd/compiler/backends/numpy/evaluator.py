"""Arrays of formulas: partial derivatives, written in the primitives of the table."""

from functools import partial
from typing import Any

import numpy as np

from ...graph import order
from ...value import Value
from .memory import Array, Memory
from .ufuncs import Call, calls, is_number, name_of

CONDITIONS = frozenset(["greater", "at_least", "equal"])


class Evaluator:
    """Arrays of formulas of known leaves, each computed once, in scratch, by more `calls`."""

    def __init__(
        self,
        memory: Memory,
        leaves: dict[Value, Any],
        shape: tuple[int, ...],
        exact: bool,
        calls: list[Call],
    ) -> None:
        self.memory, self.shape, self.exact, self.calls = memory, shape, exact, calls
        self.found: dict[Value, Any] = dict(leaves)
        self.borrowed: list[Array] = []

    def array(self, root: Value) -> Any:
        """The array (or number) of a formula; what fills it is appended to the calls."""
        for node in order(root):
            if node not in self.found:
                self.found[node] = self._compute(node)
        return self._known(root)

    def partial(self, p: Any) -> Any:
        """A partial as True, a number or an array."""
        return self.array(p) if isinstance(p, Value) else p

    def release(self) -> None:
        """Give the scratch back."""
        self.memory.release(*self.borrowed)

    def _known(self, x: Value) -> Any:
        return self.found[x] if x in self.found else self.memory.dtype.type(x.data)

    def borrow(self, dtype: Any = None) -> Array:
        """Scratch of the formula's shape, until `release`."""
        self.borrowed.append(self.memory.scratch(self.shape, dtype))
        return self.borrowed[-1]

    def _number(self, x: Any) -> Any:
        """Truths as 1 and 0, where arithmetic needs numbers."""
        if is_number(x) or x.dtype != bool:
            return x
        out = self.borrow()
        self.calls.append(partial(np.copyto, out, x))
        return out

    def _compute(self, node: Any) -> Any:
        name, x = name_of(node.op), [self._known(v) for v in node.inputs]
        if name == "pow" and is_number(x[1]) and x[1] == 1:
            return x[0]
        if all(map(is_number, x)) and not node.unknown:
            return self.memory.dtype.type(node.data)
        if name == "where" and all(map(_is_truth, x[1:])):
            return self._chosen(*x)
        condition = name in CONDITIONS
        if not condition and name not in ("mul", "where"):
            x = [self._number(v) for v in x]
        out = self.borrow(bool if condition else None)
        if name == "equal" and not self.exact:
            self.calls.append(partial(np.equal, *x, out=out))  # nan may win nothing
        else:
            self.calls += calls(node.op, out, *x)
        return out

    def _chosen(self, condition: Array, a: Any, b: Any) -> Any:
        """where(condition, a, b) of truths; of numbers, all but 0 are true."""
        if condition.dtype != bool:
            number, condition = condition, self.borrow(bool)
            self.calls.append(partial(np.not_equal, number, 0, out=condition))
        numbers = is_number(a), is_number(b)
        if all(numbers) and (a or not b):
            return a if a == b else condition
        out = self.borrow(bool)
        if all(numbers):
            self.calls.append(partial(np.logical_not, condition, out=out))
        elif numbers[0]:
            self.calls.append(partial(np.logical_or if a else np.less, condition, b, out=out))
        elif numbers[1]:
            self.calls.append(
                partial(np.less_equal if b else np.logical_and, condition, a, out=out)
            )
        else:
            self.calls += [partial(np.copyto, out, b), partial(np.copyto, out, a, where=condition)]
        return out


def _is_truth(x: Any) -> bool:
    return x in (0, 1) if is_number(x) else x.dtype == bool
