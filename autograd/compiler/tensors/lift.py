"""From a plan to a graph of operations on tensors, kernel by kernel."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import singledispatchmethod

from ...dialects.expressions import InexpressibleError
from ..plan.kernels import Copy, Kernel
from ..plan.lookups import Gather
from ..plan.maps import BatchMean, Elementwise, Reduce
from ..plan.matmul import MatMul
from ..plan.plan import Plan
from ..plan.views import View
from ..trace.record import Recording
from .axes import Axis, dense
from .blocks import Blocks
from .formulas import spell
from .frame import Frame, frame
from .graph import Builder, Operand, Operation, Tensors
from .images import convolved, pooled
from .joined import convolved_joined
from .products import matrices, product


def tensors(plan: Plan, recording: Recording, names: Sequence[str]) -> Tensors:
    """A plan's forward pass on tensors whose inputs and parameters are called by `names`.

    ValueError where random numbers are drawn; InexpressibleError for a row of the user's own that
    is not made of the table's.
    """
    if plan.draws:
        raise ValueError("the model draws random numbers, which is nothing to export")
    return Lifting(plan, recording, names).run()


class Lifting:
    """The graph so far, and which of its tensors hold the plan's blocks."""

    def __init__(self, plan: Plan, recording: Recording, names: Sequence[str]) -> None:
        self.plan, self.recording = plan, recording
        self.build = Builder()
        self.blocks = Blocks(plan, self.build)
        reads = [view for kernel in plan.forward for view in kernel.reads()]
        self.uses = Counter(view.block for view in [*reads, *plan.results])
        self._inputs(names)

    def _inputs(self, names: Sequence[str]) -> None:
        """The arguments and parameters; single Values in a row are one block."""
        build, arguments = self.build, self.recording.arguments
        for argument, block, name in zip(arguments, self.plan.arguments, names, strict=False):
            self.blocks.hold(block, build.leaf(name, argument.shape, True), dense(argument.shape))
            build.made.inputs.append((name, argument.shape))
        rest = iter(zip(self.recording.parameters, names[len(arguments) :], strict=True))
        for block in self.plan.parameters:
            parts: list[str] = []
            while sum(math.prod(build.shapes[part]) for part in parts) < block.size:
                parameter, name = next(rest)
                parts.append(build.leaf(name, parameter.shape, False))
                build.made.parameters.append((name, parameter.shape))
            shape = build.shapes[parts[0]] if len(parts) == 1 else (block.size,)
            flat = parts if len(parts) == 1 else [build.reshape(part, (1,), "") for part in parts]
            self.blocks.hold(block, build.concat(flat, 0, ""), dense(shape))

    def run(self) -> Tensors:
        """The graph of the whole plan."""
        for kernel in self.plan.forward:
            self.lift(kernel)
        recording = self.recording
        told = sum(count for _, count in recording.observers)
        pairs = list(zip(self.plan.results, recording.results, strict=True))
        results = [self._result(view, result.shape) for view, result in pairs[: len(pairs) - told]]
        names = self.build.finished(results)
        self.build.made.results = recording.unflatten([names[x] for x in results])
        return self.build.made

    def _result(self, view: View, shape: tuple[int, ...]) -> str:
        """A result in its own shape, for each sample."""
        layout = view.affine
        wanted = list(map(Axis, layout.shape, layout.strides))
        x = self.blocks.read(view.block, layout.offset, wanted, view.block.name)
        x = self.blocks.repeated(x, layout.shape, view.block.name)
        return self.build.expand(self.build.reshape(x, shape, view.block.name), view.block.name)

    # --- kernels ----------------------------------------------------------------------------------

    @singledispatchmethod
    def lift(self, kernel: Kernel) -> None:
        """Add what a kernel computes."""
        what = kernel.describe()[0]
        raise InexpressibleError(f"a graph of tensors cannot say {type(kernel).__name__} ({what})")

    @lift.register
    def _copy(self, kernel: Copy) -> None:
        self.blocks.copies.setdefault(kernel.out, []).append(kernel)

    @lift.register
    def _batch_mean(self, kernel: BatchMean) -> None:
        view, out = kernel.inputs[0], kernel.terms[0].target.view
        found = frame(self.blocks, kernel.shape, [view])
        x = self._whole(view, found, kernel.scope)
        mean = self.build.add("batch_mean", [x], self.build.shapes[x], kernel.scope)
        self.blocks.hold(out.block, mean, found.axes(out.affine.strides))

    @lift.register
    def _elementwise(self, kernel: Elementwise) -> None:
        views = {
            leaf: view
            for leaf, view in zip(kernel.leaves, kernel.inputs, strict=True)
            if leaf.unknown
        }
        out, scope = kernel.terms[0].target.view, kernel.scope
        found = frame(self.blocks, kernel.shape, list(views.values()))
        known: dict[object, Operand] = {
            leaf: self._read(view, found, scope) for leaf, view in views.items()
        }
        made = self._absorbed(
            kernel, [known[x] if x in known else float(x.data) for x in kernel.leaves]
        )
        made = made or spell(kernel.terms[0].formula, known, self.build, scope)
        axes = found.axes(out.affine.strides)
        made = self.blocks.repeated(made, tuple(axis.size for axis in axes), scope)
        self.blocks.hold(out.block, made, axes)

    @lift.register
    def _reduction(self, kernel: Reduce) -> None:
        view, out, scope = kernel.operand, kernel.target.view, kernel.scope
        if pooled(self.blocks, kernel):
            return
        rows, over = view.affine.dims
        flat = view.flat()
        found = frame(self.blocks, (*rows, *over), [flat])
        x = self._whole(flat, found, scope)
        steps = (*out.affine.strides, *[0] * len(over))
        axes = found.axes(steps)
        gone = tuple(k for k, d in enumerate(found.dims()) if d >= len(rows))
        kept = [axis for k, axis in enumerate(axes) if k not in gone]
        shape = tuple(axis.size for axis in kept)
        if not gone:  # of one entry
            y = self.build.reshape(x, shape, scope)
        else:
            y = self.build.add(f"{kernel.op.name}_over", [x], shape, scope, axes=gone)
        self.blocks.hold(out.block, y, kept)

    @lift.register
    def _gather(self, kernel: Gather) -> None:
        """Rows (..., k, f) by their numbers (..., p)."""
        (g, p, f), scope = kernel.sizes, kernel.scope
        groups = (g,) * (g > 1)
        table = matrices(self.blocks, kernel.table, (*groups, kernel.length, f), (0, 2, 1), scope)
        index = matrices(self.blocks, kernel.index, (*groups, p), (0, 1), scope)
        if groups or self.build.batched[table]:
            table, index = (self.build.expand(x, scope) for x in (table, index))
        y = self.build.add("lookup", [table, index], (*groups, p, f), scope)
        self.blocks.hold(kernel.out, y, dense((*groups, p, f)))

    @lift.register
    def _matmul(self, kernel: MatMul) -> None:
        blocks, is_layer = self.blocks, kernel.right.block.batched and not kernel.left.block.batched
        if not is_layer or not (convolved(blocks, kernel) or convolved_joined(blocks, kernel)):
            product(blocks, kernel)

    def _read(self, view: View, found: Frame, scope: str) -> str:
        """A view in the axes of a frame; one that repeats has size 1, and is broadcast."""
        axes = found.axes(view.affine.strides)
        return self.blocks.read(view.block, view.affine.offset, axes, scope)

    def _whole(self, view: View, found: Frame, scope: str) -> str:
        """A view in the axes of a frame, with its repetitions."""
        x, axes = self._read(view, found, scope), found.axes(view.affine.strides)
        return self.blocks.repeated(x, tuple(axis.size for axis in axes), scope)

    # --- what is part of the operation before -----------------------------------------------------

    def _absorbed(self, kernel: Elementwise, operands: Sequence[Operand]) -> str | None:
        """The operation before and this in one, where this adds its bias, or makes a sum a mean."""
        rule = _RULES.get(kernel.op.name)
        if rule is None or self.uses[kernel.inputs[0].block] > 1:
            return None
        first, second = operands
        before = self.build.by_name.get(first) if isinstance(first, str) else None
        inner = before and self.build.inside(before)
        made = rule(self.build, inner, second, kernel.scope) if inner else None
        return self.build.reshape(made, before.shape, kernel.scope) if before and made else None


def _with_bias(build: Builder, before: Operation, bias: Operand, scope: str) -> str | None:
    """A layer of weights with a bias for each channel."""
    if before.op not in ("conv", "linear") or len(before.inputs) > 2 or isinstance(bias, float):
        return None
    axis = 0 if before.op == "conv" else len(before.shape) - 1
    channels, size = before.shape[axis], math.prod(build.shapes[bias])
    along = tuple(n if k == axis else 1 for k, n in enumerate(before.shape))
    is_along = build.shapes[bias] == along or size == channels == 1
    if build.batched[bias] or not is_along:
        return None
    inputs = [*before.inputs, build.reshape(bias, (channels,), scope)]
    return build.add(before.op, inputs, before.shape, scope, **before.attributes)


def _mean(build: Builder, before: Operation, factor: float, scope: str) -> str | None:
    """The mean of as many entries as a sum has."""
    if before.op == "sum_pool":
        entries = math.prod(before.attributes["kernel"])
    elif before.op == "sum_over":
        entries = math.prod(build.shapes[str(before.inputs[0])]) // math.prod(before.shape)
    else:
        return None
    if factor != 1 / entries:
        return None
    op = before.op.replace("sum", "mean")
    return build.add(op, before.inputs, before.shape, scope, **before.attributes)


def _divided(build: Builder, before: Operation, count: Operand, scope: str) -> str | None:
    return None if isinstance(count, str) or not count else _mean(build, before, 1 / count, scope)


def _multiplied(build: Builder, before: Operation, part: Operand, scope: str) -> str | None:
    return None if isinstance(part, str) else _mean(build, before, part, scope)


_RULES: dict[str, Callable[[Builder, Operation, Operand, str], str | None]] = {
    "add": _with_bias,
    "div": _divided,
    "mul": _multiplied,
}
