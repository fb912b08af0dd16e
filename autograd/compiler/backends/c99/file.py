"""The whole file: a function for each nest, tables of weights, and the function that calls all."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ....dialects.c99 import MATHS, RESERVED, fresh, helpers, is_name, number
from ....dialects.expressions import InexpressibleError
from ....names import Name
from ....value import Value, unknown
from ...plan.kernels import Copy, Kernel, Target
from ...plan.maps import Reduce
from ...plan.plan import Plan
from ...plan.views import Block, View, uniform, whole
from ...trace.tape import PARAMETER, SAMPLE
from ..native.fuse import fused
from ..native.loops import nest
from ..native.nests import Access, AnyNest, Listing, Nest, Part, Store
from ..native.places import stacked
from ..native.schedule import over_samples
from ..numpy import NumPy
from .printer import Function
from .text import comment, filled, rows

SMALL = 32_767  # the largest number that an int holds on every machine

FILE = """\
/* {about}

   It allocates nothing; its scratch is static, so that one call runs at a time. What is read and
   what is written must not overlap.

       #include "{name}.c"
       static {kind} sample[{macro}_INPUTS], result[{macro}_OUTPUTS];
       {name}(sample, result);

   cc -std=c99 -O2 main.c{library}
*/
{parts}
"""


def text(plan: Plan, weights: NDArray[np.float64], dtype: str, name: str, about: str) -> str:
    """The forward pass of one sample in C99: `void name(const float *x, float *y)`.

    Weights are in it, as they are now; what depends on them alone is computed here. `about` is said
    at its top. Raises InexpressibleError for a name that no function can have, several arguments or
    results, random numbers, and what C has no words for.
    """
    if not is_name(name):
        raise InexpressibleError(f"{name!r:.60} cannot be the name of a function in C; give name=")
    if len(plan.arguments) != 1 or len(plan.results) != 1 or plan.draws:
        raise InexpressibleError("one result must be made of one argument, without random numbers")
    return _File(plan, weights, dtype, name).write(about)


class _File:
    """Writes the parts of the file."""

    def __init__(self, plan: Plan, weights: NDArray[np.float64], dtype: str, name: str) -> None:
        self.plan, self.weights, self.dtype = plan, weights, dtype
        self.name, self.macro = name, name.upper()
        self.kind = "float" if dtype == "float32" else "double"
        (self.x,), (view,) = plan.arguments, plan.results
        direct = view.is_whole() and view.block.batched and view.block is not self.x
        self.y = view.block if direct else Block(-1, view.size, SAMPLE)
        self.numbers: dict[Block, NDArray[np.float64]] = {}
        self.nests = list(self._started(_nests(plan, [] if direct else [view], self.y)))
        self.rows, self.height = stacked(self._lives(), line=1)
        self._find_numbers()
        sizes = [block.size for block in [*self.rows, *self.numbers, self.x, self.y]]
        self.index = "int" if max(sizes) <= SMALL else "long"
        self.used: set[str] = set()
        self.taken = {*RESERVED, name, "x", "y"}
        self.tables = {block: self._table_name(block) for block in self.numbers}
        self.functions: dict[str, tuple[str, str]] = {}  # the first layer that calls it, and a name
        self.texts: list[str] = []

    def write(self, about: str) -> str:
        """The whole text."""
        calls = [self._call(n) for n in self.nests]
        if not any(self.x in _reads(n) for n in self.nests):
            calls.insert(0, "(void)x;")
        head = f"void {self.name}(const {self.kind} *x, {self.kind} *y)"
        lines = "\n".join(filled("    ", call) for call in calls)
        functions, tables = self.texts, [self._table(block) for block in self.numbers]
        parts = [
            self._defines(),
            f"{head};",
            helpers(self.used, self.dtype),
            *functions,
            *tables,
            self._scratch(),
            f"{head} {{\n{lines}\n}}",
        ]
        made = "\n\n".join(filter(None, parts))
        maths = bool(self.used & MATHS) or "NAN" in made or "INFINITY" in made
        return FILE.format(
            about=comment(about),
            name=self.name,
            macro=self.macro,
            kind=self.kind,
            library=" -lm" * maths,
            parts="#include <math.h>\n\n" * maths + made,
        )

    def _defines(self) -> str:
        """The sizes that a caller needs."""
        size = self.height * np.dtype(self.dtype).itemsize
        sizes = {"INPUTS": self.x.size, "OUTPUTS": self.y.size, "SCRATCH": f"{size} /* bytes */"}
        return "\n".join(f"#define {self.macro}_{what} {n}" for what, n in sizes.items())

    def _scratch(self) -> str:
        if not self.height:
            return ""
        size = f"{self.macro}_SCRATCH / sizeof({self.kind})"
        return f"static {self.kind} scratch[{size}];"

    # --- numbers and rows ------------------------------------------------------------------------

    def _started(self, nests: Sequence[AnyNest]) -> Iterator[AnyNest]:
        """Nests with others before them that give rows their first numbers, such as margins."""
        seen: set[Block] = set()
        for n in nests:
            for block in [store.access.block for store in n.stores() if store.live]:
                if block.initial is not None and block not in seen:
                    seen.add(block)
                    yield self._start(block, block.initial, n.scope)
            yield n

    def _start(self, block: Block, initial: NDArray[np.float64], scope: str) -> Nest:
        access = Access(block, 0, (1,))
        if uniform(initial):
            part = Part({}, [Store(access, Value(float(initial[0])), False)])
            how = f"start at {initial[0]:g}"
        else:
            table, leaf = Block(-2, block.size, PARAMETER), unknown()
            self.numbers[table] = initial
            part = Part({leaf: Access(table, 0, (1,))}, [Store(access, leaf, False)])
            how = "start at constants"
        words = [(f"{scope}  {block.size:,} rows".strip(), how)]
        return Nest((block.size,), [part], words, scope, kind="start")

    def _lives(self) -> dict[Block, tuple[int, int]]:
        """The first and the last nest that needs the rows of a block."""
        lives: dict[Block, tuple[int, int]] = {}
        for at, n in enumerate(self.nests):
            for block in [*_reads(n), *(s.access.block for s in n.stores() if s.live)]:
                if block.batched and block not in (self.x, self.y):
                    lives[block] = lives.get(block, (at, at))[0], at
        return lives

    def _find_numbers(self) -> None:
        """The numbers of all blocks without samples that are read: weights, constants, and what
        is computed of these.
        """
        start, plan = 0, self.plan
        known = {plan.constant_block: plan.constants}
        for block in plan.parameters:
            known[block] = self.weights[start : start + block.size]
            start += block.size
        read = [b for n in self.nests for b in _reads(n) if not b.batched]
        rest = [b for b in dict.fromkeys(read) if b not in known and b not in self.numbers]
        known |= self.numbers | _computed(plan, self.weights, rest)
        self.numbers = {block: known[block] for block in read}

    # --- text ------------------------------------------------------------------------------------

    def _table_name(self, block: Block) -> str:
        if isinstance(block.name, Name):
            return fresh(block.name, self.taken, "layer")
        return fresh(f"{block.name}_constants", self.taken, "layer" if block.name else "")

    def _table(self, block: Block) -> str:
        numbers = self.numbers[block]
        shape: tuple[int, ...] = (block.size,)
        said = f"{block.name}, computed from weights" if block.name else "numbers"
        if isinstance(block.name, Name):
            shape = block.name.shape
            said = ", ".join(filter(None, [block.name, "×".join(map(str, shape))]))
        head = f"static const {self.kind} {self.tables[block]}[{len(numbers)}] = {{"
        lines = rows([number(float(x), self.dtype) for x in numbers], shape)
        return "\n".join([f"/* {comment(said)} */", head, *lines, "};"])

    def _call(self, n: AnyNest) -> str:
        """The call of a nest's function, which is written where none has the same text."""
        function = Function(n, self.dtype, self.index, self.used)
        made = f"({function.parameters}) {{\n{function.body}}}"
        if made not in self.functions:
            name = fresh(f"{n.scope}_{_kind(n)}", self.taken, "layer")
            self.functions[made] = n.scope, name
            words = comment("\n".join(", ".join(filter(None, pair)) for pair in n.words))
            head = filled("", f"static void {name}({function.parameters}) {{")
            self.texts.append(f"/* {words} */\n{head}\n{function.body}}}")
        of, name = self.functions[made]
        arguments = ", ".join(map(self._argument, function.blocks))
        where = f" /* {comment(n.scope)} */" if n.scope != of else ""
        return f"{name}({arguments});{where}"

    def _argument(self, block: Block) -> str:
        if block in (self.x, self.y):
            return "x" if block is self.x else "y"
        if block in self.tables:
            return self.tables[block]
        return "scratch" + f" + {self.rows[block]}" * (self.rows[block] > 0)


def _nests(plan: Plan, copied: Sequence[View], y: Block) -> list[AnyNest]:
    """What one sample needs, joined; at last the views that are copied to y."""
    kernels = list(filter(over_samples, plan.forward))
    if any(not target.view.block.batched for k in kernels for target in k.targets()):
        raise InexpressibleError("one sample is not enough: something is summed over all of them")
    for view in copied:
        target = Target(whole(y, *view.affine.dims))
        kernels.append(Copy("", 0, target, view, "as they are to the output"))
    made = fused(map(_said, kernels), {y})
    return [n for n in made if any(store.live for store in n.stores())]


def _said(kernel: Kernel) -> AnyNest:
    """A kernel as a nest, with its layer in its words."""
    made = nest(kernel, unrolled=1)
    what, how = kernel.describe()
    made.words = [(f"{kernel.scope}  {what}".strip(), how)]
    if isinstance(made, Nest) and isinstance(kernel, Copy | Reduce):
        made.kind = "copy" if isinstance(kernel, Copy) else kernel.op.name
    return made


def _kind(n: AnyNest) -> str:
    """What is special about a nest, for its name; "" for products and what is done to each row."""
    if isinstance(n, Nest):
        return n.kind.removeprefix("Z")
    return "copy" if isinstance(n, Listing) else "lookup"


def _reads(n: AnyNest) -> list[Block]:
    return [access.block for access in n.memory_reads()]


def _computed(
    plan: Plan, weights: NDArray[np.float64], blocks: Sequence[Block]
) -> dict[Block, NDArray[np.float64]]:
    """The numbers of blocks that no sample changes."""
    if not blocks:
        return {}
    kernels = [kernel for kernel in plan.forward if not over_samples(kernel)]
    views = [whole(block, (block.size,)) for block in blocks]
    part = replace(plan, forward=kernels, arguments=[], draws=[], results=views)
    results = [np.empty((1, block.size)) for block in blocks]
    NumPy(part, weights).run([], results, 0.0)
    return {block: numbers[0] for block, numbers in zip(blocks, results, strict=True)}
