"""The reverse pass of a plan: every kernel's adjoint, from the loss back to the parameters.

The first kernel that hands something to rows of adjoints writes them, the later ones add.
"""

import numpy as np
from numpy.typing import NDArray

from ...scopes import tracing
from .kernels import Copy, Kernel, Target, Zero
from .plan import Plan
from .views import Block, Listed, View, whole


def differentiate(plan: Plan) -> None:
    """Append the kernels of the reverse pass; none where the loss depends on no parameter."""
    active, loss = plan.active(), plan.results[0]
    if loss.block.number not in active or loss.size != 1:
        return
    with tracing([]):
        _differentiated(plan, active, _Adjoints(plan))


def _differentiated(plan: Plan, active: set[int], adjoints: "_Adjoints") -> None:
    loss = plan.results[0]
    plan.seed = plan.block(1, loss.block.dependence, "seed")
    adjoints.emit(
        Copy(
            "",
            0,
            Target(adjoints.bar(loss)),
            whole(plan.seed, (1,)),
            "the loss's adjoint, 1/N for each sample",
        )
    )
    for kernel in reversed(plan.forward):
        if kernel.out.number in active:
            adjoints.complete(adjoints.of(kernel.out))
            for handed in kernel.adjoint(adjoints.bar, active):
                adjoints.emit(handed)
    for block in plan.parameters:
        if block.number in active:
            plan.gradients[block.number] = adjoints.of(block)


class _Adjoints:
    """The blocks of adjoints, which of their rows have been written, and the kernels so far."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.found: dict[int, Block] = {}
        self.written: dict[Block, NDArray[np.bool_]] = {}

    def of(self, block: Block) -> Block:
        """The block of the adjoints of a block."""
        if block.number not in self.found:
            new = self.plan.block(block.size, block.dependence, block.name, primal=block)
            self.found[block.number] = new
            self.written[new] = np.zeros(block.size, bool)
        return self.found[block.number]

    def bar(self, view: View) -> View:
        """The adjoints of a view."""
        return view.on(self.of(view.block))

    def emit(self, kernel: Kernel) -> None:
        """Append a kernel; what it writes first is written, else added."""
        targets = kernel.targets()
        shared = not _disjoint([target.view for target in targets])
        stops = kernel.stops()
        for target in targets:
            target.adds = self._adds(target.view, shared or target.some)
            target.view.block.stopped |= stops
        self.plan.reverse.append(kernel)

    def _adds(self, view: View, always: bool) -> bool:
        block = view.block
        if not block.batched:
            return True
        rows, written = view.rows(), self.written[block]
        if not always and not written[rows].any() and view.is_injective():
            written[rows] = True
            return False
        if always or not written[rows].all() or not view.is_injective():
            self.complete(block)
        return True

    def complete(self, block: Block) -> None:
        """Write 0 to the rows that nothing was written to."""
        written = self.written[block]
        if not block.batched or written.all():
            return
        rest = Listed(np.flatnonzero(~written)) if written.any() else None
        view = View(block, rest) if rest else whole(block, (block.size,))
        self.plan.reverse.append(Zero("", 0, view))
        written[:] = True


def _disjoint(views: list[View]) -> bool:
    """Whether no row is in two of the views."""
    seen: dict[Block, NDArray[np.bool_]] = {}
    for view in views if len(views) > 1 else []:
        rows, found = view.rows(), seen.setdefault(view.block, np.zeros(view.block.size, bool))
        if found[rows].any():
            return False
        found[rows] = True
    return True
