"""The arrays of a plan while it is traced: what each block holds so far."""

from typing import Any

import numpy as np

from ....dialects.jax import number
from ...plan.kernels import Target
from ...plan.plan import Plan
from ...plan.views import Block, Listed, View
from .views import given, grid, read


class State:
    """Arrays (N, size) or (size,) of blocks, and what else is given to blocks that kernels add to.

    `dtype` is that of all arrays; `operands` that to which operands of products are rounded.
    """

    def __init__(self, plan: Plan, samples: int, dtype: Any, operands: Any) -> None:
        self.plan, self.samples, self.dtype, self.operands = plan, samples, dtype, operands
        self._parts: dict[Block, list[Any]] = {}
        self._filled: dict[Block, list[View]] = {}
        self._alone: dict[Block, tuple[View, Any]] = {}  # what is the only thing given to a block

    @property
    def exactly(self) -> dict[str, Any]:
        """How sums of products are computed: in the dtype of the program, and in none with less."""
        return {"precision": "highest", "preferred_element_type": self.dtype}

    def rounded(self, *operands: Any) -> list[Any]:
        """Operands of a product, in their dtype."""
        return [x.astype(self.operands) for x in operands]

    def put(self, block: Block, array: Any) -> None:
        """Say what a whole block holds."""
        self._parts[block] = [array]

    def array(self, block: Block) -> Any:
        """What a block holds: (N, size), or (size,)."""
        import jax.numpy as jnp

        parts = [*self._parts.get(block, []), *self._initial(block)]
        total = sum(parts[1:], parts[0]) if parts else np.zeros(block.size, self.dtype)
        if block.batched and total.ndim == 1:
            total = jnp.broadcast_to(total, (self.samples, block.size))
        self._parts[block] = [total]
        self._filled.pop(block, None)
        return total

    def _initial(self, block: Block) -> list[Any]:
        """The numbers of those rows that a block holds before it is filled, 0 in all others."""
        if block.initial is None or (block in self._parts and block not in self._filled):
            return []
        numbers = block.initial.copy()
        for view in self._filled.get(block, []):
            numbers[view.rows()] = 0
        return [numbers.astype(self.dtype)] if numbers.any() else []

    def view(self, view: View) -> Any:
        """A view (N?, *shape); a dimension that repeats has size 1."""
        known, x = self._alone.get(view.block, (None, None))
        if known and not isinstance(view.layout, Listed) and known.layout == view.layout:
            return x
        return read(self.array(view.block), view)

    def inside(self, block: Block) -> tuple[View, Any] | None:
        """What a block of 0 has inside of it, if that is one view; else None."""
        margins = block.initial is not None and not block.initial.any()
        return self._alone.get(block) if margins else None

    def full(self, view: View) -> Any:
        """A view (N?, *shape), with its repetitions."""
        import jax.numpy as jnp

        x, shape = self.view(view), view.layout.shape
        return jnp.broadcast_to(x, (*x.shape[: x.ndim - len(shape)], *shape))

    def matrices(self, view: View, shape: tuple[int, int, int]) -> Any:
        """A view as matrices (N?, groups, rows, columns)."""
        x = self.full(view)
        return x.reshape(*x.shape[: x.ndim - len(view.layout.shape)], *shape)

    def hand(self, target: Target, x: Any, batched: bool) -> None:
        """Fill a target with an array (N?, *shape), or add it."""
        import jax.numpy as jnp

        view, lead = target.view, (self.samples,) * batched
        x = jnp.broadcast_to(number(x, self.dtype), (*lead, *view.layout.shape))
        first, plain = view.block not in self._parts, grid(view)
        self.add(view, given(x, view))
        if first and plain and plain.covers(view.affine) and batched == view.block.batched:
            self._alone[view.block] = view, x

    def add(self, view: View, x: Any) -> None:
        """Add what a block gets by a view of it, (N?, size); samples are summed where it has none.

        That comes last: devices that share a batch send each other what is summed.
        """
        block = view.block
        self._alone.pop(block, None)
        x = x.sum(0) if x.ndim == 2 and not block.batched else x
        self._parts.setdefault(block, []).append(x)
        self._filled.setdefault(block, []).append(view)
