"""A program in words: a line for each kernel, and why the reverse pass has a transpose."""

import math

from .plan.kernels import Elementwise, Gather, Kernel, Plan, Product, Reduce, View
from .plan.needs import elementwise_formulas, wanted
from .run.parts import multiply_adds
from .strided import injective

MOST = 400  # lines of a pass; of longer ones the middle is left out
SIGNS = {"add": "+", "sub": "-", "mul": "·", "div": "/", "pow": "**", "neg": "-"}


def listing(plan: Plan, dtype: str) -> str:
    """The kernels in order, forward and in reverse, as a table of three columns."""
    needed = wanted(plan)
    count = sum(kernel.count for kernel in plan.kernels)
    macs = sum(map(multiply_adds, plan.kernels))
    kernels = _many(len(plan.kernels), "kernel")
    head = f"{_many(count, 'scalar')} in {kernels}, {dtype}; B samples"
    if macs:
        head += f"; {macs:,} multiply-adds for one"
    forward = [(kernel.scope, *_forward(kernel)) for kernel in plan.kernels]
    reverse = [
        (kernel.scope, *line)
        for kernel in reversed(plan.kernels)
        if kernel.out.number in needed
        for line in _reverse(kernel, plan, needed)
    ]
    return "\n".join([head, "forward", *_table(forward), "reverse", *_table(reverse)])


def _table(rows: list[tuple[str, str, str]]) -> list[str]:
    if len(rows) > MOST:
        rows = [*rows[: MOST // 2], ("…", f"{len(rows) - MOST:,} more", ""), *rows[-MOST // 2 :]]
    widths = [max((len(row[k]) for row in rows), default=0) for k in range(2)]
    return [
        f"  {scope or '-':<{max(1, widths[0])}}  {what:<{widths[1]}}  {why}".rstrip()
        for scope, what, why in rows
    ]


# --- forward --------------------------------------------------------------------------------------


def _forward(kernel: Kernel) -> tuple[str, str]:
    """What a kernel computes, and what it was recognised as."""
    if isinstance(kernel, Product):
        return _product(kernel), _operands(kernel)
    if isinstance(kernel, Reduce):
        entries = math.prod(kernel.operand.box.dims[1])
        return f"{kernel.count:,} {kernel.op.name} of {entries:,}", _origin(kernel.operand)
    if isinstance(kernel, Elementwise):
        sign = SIGNS.get(kernel.op.name, kernel.op.name)
        notes = [note for view in kernel.operands if (note := _repeats(view))]
        return f"{kernel.count:,} {sign}", "; ".join(notes)
    assert isinstance(kernel, Gather)
    moved = sum(len(piece.target_rows) for piece in kernel.pieces)
    if kernel.margins:
        return f"{moved:,} rows copied", f"into an image with margins of {kernel.initial[0]:g}"
    if not moved:
        return f"{kernel.out.size:,} constants", "laid out once"
    return f"{moved:,} rows gathered", f"from {_many(len(kernel.pieces), 'place')}"


def _product(kernel: Product) -> str:
    f, k, p = kernel.rows, kernel.inner, kernel.columns
    groups = f"{kernel.groups} × " if kernel.groups > 1 else ""
    return f"{_many(kernel.count, 'dot')} = {groups}({f}×{k})·({k}×{p})"


def _operands(kernel: Product) -> str:
    f, p = kernel.rows, kernel.columns
    if kernel.left.block.batched:
        return "both differ from sample to sample: one product each"
    each = " in each group" if kernel.groups > 1 else ""
    if is_window(kernel.right):
        return f"{_many(f, 'shared kernel')} × {_many(p, 'shared window')}{each}"
    return f"{_many(f, 'row')} of weights × {_many(p, 'shared input')}{each}"


def is_window(view: View) -> bool:
    """Whether entries of a view are read again and again: windows that overlap."""
    return len(view.box.dims[-1]) > 0 and not injective(view.box)


def _many(n: int, what: str) -> str:
    return f"{n:,} {what}" + "s" * (n != 1)


def _origin(view: View) -> str:
    dims = view.box.dims[1]
    return f"windows of {'×'.join(map(str, dims))}" if len(dims) > 1 else ""


def _repeats(view: View) -> str:
    """How an operand of an elementwise kernel is repeated."""
    box = view.box
    times = math.prod(n for n, s in zip(box.shape, box.strides, strict=True) if s == 0)
    if times == 1:
        return "" if view.is_whole() or view.block.constant else "rows in another order"
    name = view.block.name or "an operand"
    what = "a constant" if view.block.constant else name
    return f"{what} repeated ×{times:,}"


# --- reverse --------------------------------------------------------------------------------------


def _reverse(kernel: Kernel, plan: Plan, needed: set[int]) -> list[tuple[str, str]]:
    """What a kernel hands on to its operands."""
    if isinstance(kernel, Product):
        return _product_reverse(kernel, needed)
    if isinstance(kernel, Reduce):
        many = math.prod(kernel.operand.box.dims[1])
        to = "every entry" if kernel.op.name == "sum" else "the first winner"
        return [(f"{kernel.count:,} adjoints", f"to {to} of {many:,}")]
    if isinstance(kernel, Elementwise):
        found = elementwise_formulas(kernel, plan.constants)
        pairs = zip(kernel.operands, found.partials, strict=True)
        parts = [_share(v, p) for v, p in pairs if v.block.number in needed and p is not False]
        return [(f"{kernel.count:,} adjoints", ", ".join(parts))] if parts else []
    return [("rows handed back", "to where they were copied from")]


def _share(view: View, p: object) -> str:
    box = view.box
    repeated = any(s == 0 for s in box.strides)
    name = view.block.name if view.block.name and not view.block.batched else "the operand"
    how = "as they are" if p is True else "times the partial"
    return f"summed to {name}" if repeated or not view.block.batched else f"{how} to {name}"


def _product_reverse(kernel: Product, needed: set[int]) -> list[tuple[str, str]]:
    f, k = kernel.rows, kernel.inner
    groups = f"{kernel.groups} × " if kernel.groups > 1 else ""
    wide = _wide(kernel)
    lines = []
    if kernel.left.block.number in needed:
        name = kernel.left.block.name if not kernel.left.block.batched else ""
        lines.append((f"{groups}dW ({f}×{k}) = dZ ({f}×{wide}) · Xᵀ", name))
    if kernel.right.block.number in needed:
        shifts = "added where windows overlap" if is_window(kernel.right) else ""
        lines.append((f"{groups}dX ({k}×{wide}) = Wᵀ ({k}×{f}) · dZ", shifts))
    return lines


# --- why ------------------------------------------------------------------------------------------

GRID = """\
{where}: {dots} {many}.

{shapes}

Row f of W is {row}, column p of X is {column}.
{each}
"""
ONE_GRID = """\
There is one column for each position and each of the B samples, and every row meets every column:
the dots fill a grid, and a grid of dots is a matrix product."""
PER_SAMPLE = """\
Both differ from sample to sample, so each of the B samples has such a product of its own."""
WHY = """\
Why the reverse has a transpose: z[f,p] = Σₖ w[f,k]·x[k,p], so ∂z[f,p]/∂w[f,k] = x[k,p]. One weight
is used in every column, and the chain rule adds up over them:

  ∂L/∂w[f,k] = Σₚ ∂L/∂z[f,p]·x[k,p]

The sum runs along the rows of both dZ and X. A matrix product sums along the rows of its left
factor and down the columns of its right one, so X must be turned: dW = dZ·Xᵀ. For the inputs the
sum runs over f, down the columns of both W and dZ, so W must be turned: dX = Wᵀ·dZ.

  ∂L/∂x[k,p] = Σ_f w[f,k]·∂L/∂z[f,p]
"""
OVERLAP = """
A number of the layer before lies in several windows, so its gradient is the sum of several entries
of dX: they are added back to where the windows were cut out.
"""


def explanation(plan: Plan, scope: str) -> str:
    """The products of a layer and of what is in it, "" for all; ValueError names the scopes."""
    kernels = [k for k in plan.kernels if not scope or f"{k.scope}.".startswith(f"{scope}.")]
    if not kernels:
        known = ", ".join(repr(s) for s in dict.fromkeys(k.scope for k in plan.kernels))
        raise ValueError(f"explain({scope!r}): the program's scopes are {known}")
    products = [kernel for kernel in kernels if isinstance(kernel, Product)]
    if not products:
        lines = [(k.scope, *_forward(k)) for k in kernels]
        head = f"{scope or 'the function'}: no matrix products, number by number"
        return "\n".join([head, *_table(lines)]) + "\n"
    needed = wanted(plan)
    overlap = any(is_window(k.right) and k.right.block.number in needed for k in products)
    return "\n".join([*(_grid(k, needed) for k in products), WHY + OVERLAP * overlap])


def _grid(kernel: Product, needed: set[int]) -> str:
    """What the dots of one kernel are, and the shapes of its products."""
    k, g, window = kernel.inner, kernel.groups, is_window(kernel.right)
    per_sample = kernel.left.block.batched
    are = "is" if kernel.count == 1 else "are"
    return GRID.format(
        where=kernel.scope or "the function",
        dots=_many(kernel.count, "dot") + f" {are}",
        many="one matrix product" if g == 1 else f"{g} matrix products of one shape",
        shapes="\n".join(_shapes(kernel, needed)),
        row=f"a kernel of {k} weights" if window else f"{k} numbers that go to one output",
        column=f"a window of {k} numbers" if window else f"{k} numbers that come in",
        each=PER_SAMPLE if per_sample else ONE_GRID,
    )


def _shapes(kernel: Product, needed: set[int]) -> list[str]:
    f, k, p = kernel.rows, kernel.inner, _wide(kernel)
    lines = [f"  Z  = W·X    ({f}×{p}) = ({f}×{k})·({k}×{p})"]
    if kernel.left.block.number in needed:
        lines.append(f"  dW = dZ·Xᵀ  ({f}×{k}) = ({f}×{p})·({p}×{k})")
    if kernel.right.block.number in needed:
        lines.append(f"  dX = Wᵀ·dZ  ({k}×{p}) = ({k}×{f})·({f}×{p})")
    else:
        lines.append("  dX is not computed: nothing before this layer is trained")
    return lines


def _wide(kernel: Product) -> str:
    """The number of columns: positions times samples, where all samples are in one product."""
    if kernel.left.block.batched or not kernel.right.block.batched:
        return str(kernel.columns)
    return f"{kernel.columns}·B" if kernel.columns > 1 else "B"
