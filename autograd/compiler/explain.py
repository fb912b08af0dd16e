"""A program in words: a line for each kernel, and why the reverse pass has a transpose."""

from collections.abc import Sequence

from .plan.kernels import Kernel, plural
from .plan.matmul import MatMul
from .plan.plan import Plan, multiply_adds

LINES = 400  # lines of a pass; of longer ones the middle is left out


def listing(plan: Plan, dtype: str) -> str:
    """The kernels in order, forward and in reverse, as a table of three columns."""
    count = sum(kernel.count for kernel in plan.forward)
    products = multiply_adds(plan.forward)
    kernels = plural(len(plan.forward), "kernel")
    head = f"{plural(count, 'scalar')} in {kernels}, {dtype}; B samples"
    if products:
        head += f"; {products:,} multiply-adds for one"
    return "\n".join([head, "forward", *_lines(plan.forward), "reverse", *_lines(plan.reverse)])


def _lines(kernels: list[Kernel]) -> list[str]:
    return table([words(kernel) for kernel in kernels])


def words(kernel: Kernel) -> tuple[str, str, str]:
    """A kernel's scope, what it does, and what it was recognised as."""
    return (kernel.scope or "-", *kernel.describe())


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows in columns; of many rows the middle is left out."""
    if len(rows) > LINES:
        more = ("…", f"{len(rows) - LINES:,} more", *[""] * (len(rows[0]) - 2))
        rows = [*rows[: LINES // 2], more, *rows[-LINES // 2 :]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


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
    kernels = [k for k in plan.forward if not scope or f"{k.scope}.".startswith(f"{scope}.")]
    if not kernels:
        known = ", ".join(repr(s) for s in dict.fromkeys(k.scope for k in plan.forward))
        raise ValueError(f"explain({scope!r}): the program's scopes are {known}")
    products = [kernel for kernel in kernels if isinstance(kernel, MatMul)]
    if not products:
        head = f"{scope or 'the function'}: no matrix products, number by number"
        return "\n".join([head, *_lines(kernels)]) + "\n"
    active = plan.active()
    overlap = any(k.right.overlaps() and k.right.block.number in active for k in products)
    return "\n".join([*(_grid(k, active) for k in products), WHY + OVERLAP * overlap])


def _grid(kernel: MatMul, active: set[int]) -> str:
    """What the dots of one kernel are, and the shapes of its products."""
    k, g, window = kernel.inner, kernel.groups, kernel.right.overlaps()
    are = "is" if kernel.count == 1 else "are"
    return GRID.format(
        where=kernel.scope or "the function",
        dots=plural(kernel.count, "dot") + f" {are}",
        many="one matrix product" if g == 1 else f"{g} matrix products of one shape",
        shapes="\n".join(_shapes(kernel, active)),
        row=f"a kernel of {k} weights" if window else f"{k} numbers that go to one output",
        column=f"a window of {k} numbers" if window else f"{k} numbers that come in",
        each=PER_SAMPLE if kernel.per_sample else ONE_GRID,
    )


def _shapes(kernel: MatMul, active: set[int]) -> list[str]:
    f, k, p = kernel.rows, kernel.inner, kernel.width
    lines = [f"  Z  = W·X    ({f}×{p}) = ({f}×{k})·({k}×{p})"]
    if kernel.left.block.number in active:
        lines.append(f"  dW = dZ·Xᵀ  ({f}×{k}) = ({f}×{p})·({p}×{k})")
    if kernel.right.block.number in active:
        lines.append(f"  dX = Wᵀ·dZ  ({k}×{p}) = ({k}×{f})·({f}×{p})")
    else:
        lines.append("  dX is not computed: nothing before this layer is trained")
    return lines
