"""A plan as one readable C file: its kernels as functions, and what calls them for each tile."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib import resources

import numpy as np

from ....dialects.c import literal
from ....dialects.elementary import elementary
from ...plan.kernels import Kernel
from ...plan.plan import Plan
from ...plan.views import Block, View
from .fuse import fused
from .memory import Memory, placed
from .nests import Access, AnyNest, Listing, Nest, Product, dense, nest
from .printer import Printer
from .schedule import Stage, stages


@dataclass
class Layout:
    """Vectors: lanes of each, how many a tile has side by side, and registers of the processor."""

    dtype: str
    lanes: int
    parts: int
    registers: int


@dataclass
class Source:
    """The text, and the sizes of the memory that its `run` is called with."""

    text: str
    rows: int  # vectors of a tile
    vectors: int  # of the sums of a share
    numbers: int  # without samples
    per_tile: bool  # whether each tile has rows of its own, or each share
    seconds: float  # of one sample on one thread, roughly: who shares a batch goes by it


HEAD = """\
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef {number} number;
typedef {integer} integer;
enum {{ LANES = {lanes}, PARTS = {parts}, ROWS = {rows}, SUMS = {sums} }};
static const integer every = -1;
"""


def source(plan: Plan, layout: Layout) -> Source:
    """The C text of a plan."""
    return _Writer(plan, layout).write()


class _Writer:
    """Collects the functions of a plan and the calls of each stage."""

    def __init__(self, plan: Plan, layout: Layout) -> None:
        self.plan, self.layout = plan, layout
        self.functions: dict[str, str] = {}  # by their text without the name
        self.names: set[str] = set()
        self.used: set[str] = set()
        found = stages(plan.forward, plan.reverse) or [Stage()]
        self.stages = [_Loops(plan, stage) for stage in found]
        self.last = max((k for k, s in enumerate(self.stages) if s.forward), default=0)
        every = [loops for loops in self.stages]
        forward = [n for loops in every for n in loops.forward]
        reverse = [n for loops in every for n in loops.reverse]
        self.single = sum(bool(s.forward or s.reverse) for s in self.stages) <= 1
        self.memory = placed(plan, forward, reverse) if self.single else _kept(plan, every)
        self._place_others()

    def _place_others(self) -> None:
        """What has no samples: parameters lie in the weights, the others are shared."""
        memory, start = self.memory, 0
        self.parameters: dict[Block, int] = {}
        for block in self.plan.parameters:
            self.parameters[block] = start
            start += block.size
        self.total = start
        self.gradients = {
            gradient: self.parameters[self.plan.blocks[number]]
            for number, gradient in self.plan.gradients.items()
        }
        for block in self.plan.blocks:
            own = block in self.parameters or block in self.gradients or block.constant
            if not block.batched and not own:
                memory.shared[block] = memory.numbers
                memory.numbers += block.size
        self._place_sums()

    def _place_sums(self) -> None:
        """What samples are summed into: a vector for each number, or along the inputs a number."""
        memory, lanes = self.memory, self.layout.lanes
        writers: dict[Block, list[AnyNest]] = {}
        for loops in self.stages:
            for n in [*loops.forward, *loops.reverse]:
                for store in n.stores():
                    if not store.access.block.batched and store.live:
                        writers.setdefault(store.access.block, []).append(n)
        self.narrow = {
            block
            for block, nests in writers.items()
            if all(isinstance(n, Nest) and dense(n, lanes) for n in nests)
        }
        for block in writers:
            memory.sums[block] = memory.vectors
            memory.vectors += -(-block.size // lanes) if block in self.narrow else block.size

    # --- the file --------------------------------------------------------------------------------

    def write(self) -> Source:
        """The whole text."""
        bodies = [self._stage(k, loops) for k, loops in enumerate(self.stages)]
        memory, layout = self.memory, self.layout
        single = layout.dtype == "float32"
        head = HEAD.format(
            number="float" if single else "double",
            integer="int32_t" if single else "int64_t",
            lanes=layout.lanes,
            parts=layout.parts,
            rows=memory.height * layout.parts,
            sums=memory.vectors,
        )
        prelude = resources.files(__package__).joinpath("prelude.c").read_text(encoding="utf-8")
        tables = [self._constants(), *self._initial()]
        parts = [head, prelude, self._elementary(), *tables, *self.functions.values(), *bodies]
        text = "\n".join([*filter(None, parts), self._run()])
        return Source(
            text,
            memory.height * layout.parts,
            memory.vectors,
            memory.numbers,
            not self.single,
            self._seconds(),
        )

    def _seconds(self) -> float:
        """A rough estimate for one sample: of products, and of what goes through memory."""
        nests = [n for loops in self.stages for n in [*loops.forward, *loops.reverse]]
        flops = sum(n.flops for n in nests if isinstance(n, Nest))
        rows = sum(block.size for block in self.memory.rows)
        return flops / 40e9 + rows * 1e-9

    def _elementary(self) -> str:
        return elementary(sorted(self.used), self.layout.dtype) if self.used else ""

    def _constants(self) -> str:
        numbers = self.plan.constants
        if not len(numbers):
            return ""
        return f"static const number constants[{len(numbers)}] = {{{self._listed(numbers)}}};\n"

    def _listed(self, numbers: Iterable[float]) -> str:
        return ", ".join(literal(float(x), self.layout.dtype) for x in numbers)

    def _initial(self) -> list[str]:
        """What rows hold before any run, such as the margins of images."""
        lines = []
        for block in self.plan.blocks:
            values = block.initial
            if values is None or not (block in self.memory.rows or block in self.memory.shared):
                continue
            target = self._place(block) if block.batched else f"c->shared + {self.memory.shared[block]}"
            spread = self.layout.parts if block.batched else 1
            lines += _filled(target, values, spread, block.batched, self.layout.dtype)
        body = "\n".join(f"    {line}" for line in lines)
        return [f"/* Before the first run. */\nvoid prepare(Call *c, vector *rows) {{\n{body}\n}}\n"]

    # --- stages ----------------------------------------------------------------------------------

    def _stage(self, number: int, loops: "_Loops") -> str:
        once = [("    ", call) for call in (self._call(n, False) for n in loops.once)]
        text = _function(f"static void once_{number}(const Call *c)", [call for _, call in once])
        if loops.reverse_once:
            calls = [self._call(n, False) for n in loops.reverse_once]
            text = text.replace("\n}\n", "\n    if (c->seed == 0) return;\n    " + "\n    ".join(calls) + "\n}\n")
        forward = [self._call(n, True) for n in loops.forward]
        reverse = [self._call(n, True) for n in loops.reverse]
        first = number == 0
        last = number == self.last
        lines = [
            "const Call *c = context;",
            "vector *sums = c->sums + share * SUMS;" if self.memory.vectors else "",
            "const int64_t tile = LANES * PARTS, tiles = (c->samples + tile - 1) / tile;",
            "for (int64_t t = tiles * share / c->shares; t < tiles * (share + 1) / c->shares; t++) {",
            f"    vector *rows = c->rows + {'share' if self.single else 't'} * ROWS;",
            *(f"    {line}" for line in (self._inputs() if first else [])),
            *(f"    {line}" for line in forward),
            *(f"    {line}" for line in (self._results() if last else [])),
        ]
        if reverse:
            lines += ["    if (c->seed == 0) continue;"]
            lines += [f"    {line}" for line in [*(self._seeds() if last else []), *reverse]]
        head = f"static void samples_{number}(void *context, int64_t share)"
        return text + _function(head, [*lines, "}"])

    def _inputs(self) -> list[str]:
        blocks = [*self.plan.arguments, *self.plan.draws]
        return [
            f"read_samples({self._place(b)}, c->inputs[{k}], {b.size}, t * tile, c->samples);"
            for k, b in enumerate(blocks)
        ]

    def _seeds(self) -> list[str]:
        if self.plan.seed is None or not self.plan.seed.batched:
            return []
        at = self._place(self.plan.seed)
        return [
            "for (int i = 0; i < LANES * PARTS; i++)",
            f"    ((number *)({at}))[i] = t * tile + i < c->samples ? c->seed : 0;",
        ]

    def _results(self) -> list[str]:
        lines = []
        for k, view in enumerate(self.plan.results):
            if view.block.batched:
                lines += self._result(k, view)
        return lines

    def _result(self, k: int, view: View) -> list[str]:
        """Lines that write the rows of a view sample by sample."""
        shape, steps = view.affine.shape, view.affine.strides
        names = [f"i{d}" for d in range(len(shape))]
        at = " + ".join([str(view.affine.offset), *(f"{s} * {i}" for s, i in zip(steps, names, strict=True))])
        to, size = "0", view.size
        for n, i in zip(shape, names, strict=True):
            to = f"({to}) * {n} + {i}" if to != "0" else i
        loops = [f"for (int {i} = 0; {i} < {n}; {i}++)" for i, n in zip(names, shape, strict=True)]
        return [
            "for (int64_t s = t * tile; s < (t + 1) * tile && s < c->samples; s++)",
            *(f"    {loop}" for loop in loops),
            f"        c->results[{k}][s * {size} + {to}] = "
            f"((number *)({self._place(view.block)} + ({at}) * PARTS))[s - t * tile];",
        ]

    def _place(self, block: Block) -> str:
        return f"rows + {self.memory.rows[block] * self.layout.parts}"

    def _run(self) -> str:
        lines = []
        if self.memory.numbers:
            for block in self.plan.accumulated():
                if block in self.memory.shared:
                    start = self.memory.shared[block]
                    lines.append(f"memset(c->shared + {start}, 0, {block.size} * sizeof(number));")
        lines.append(f"if (c->seed != 0) memset(c->gradient, 0, {self.total} * sizeof(number));")
        if self.memory.vectors:
            lines.append("memset(c->sums, 0, c->shares * SUMS * sizeof(vector));")
        seed = self.plan.seed
        if seed is not None and not seed.batched:
            lines.append(f"c->shared[{self.memory.shared[seed]}] = c->seed * c->samples;")
        for k, loops in enumerate(self.stages):
            if loops.once or loops.reverse_once:
                lines.append(f"once_{k}(c);")
            if loops.forward or loops.reverse or k == self.last:
                lines.append(f"parallel(samples_{k}, c, c->shares);")
                lines += self._collected(loops)
        lines += self._unsampled_results()
        head = (
            "/* A batch: forward, and with a seed in reverse. `parallel` runs the shares. */\n"
            "void run(Call *c, void (*parallel)(void (*)(void *, int64_t), void *, int64_t))"
        )
        return _function(head, lines)

    def _collected(self, loops: "_Loops") -> list[str]:
        """Add up what the lanes of all shares have summed, share by share."""
        blocks = dict.fromkeys(
            store.access.block
            for n in [*loops.forward, *loops.reverse]
            for store in n.stores()
            if not store.access.block.batched and store.live
        )
        lines = []
        for block in blocks:
            to = self._numbers(block)
            if block in self.narrow:
                lines.append(
                    f"for (int64_t s = 0; s < c->shares; s++) for (int k = 0; k < {block.size}; k++) "
                    f"({to})[k] += ((number *)(c->sums + s * SUMS + {self.memory.sums[block]}))[k];"
                )
                continue
            lines.append(
                f"for (int64_t s = 0; s < c->shares; s++) for (int k = 0; k < {block.size}; k++) {{ "
                f"vector *x = c->sums + s * SUMS + {self.memory.sums[block]} + k; "
                f"({to})[k] += total(*x); *x = splat(0); }}"
            )
        return lines

    def _unsampled_results(self) -> list[str]:
        lines = []
        for k, view in enumerate(self.plan.results):
            if not view.block.batched:
                rows = ", ".join(map(str, view.rows().ravel().tolist()))
                lines.append(
                    f"{{ static const int of[] = {{{rows}}}; for (int64_t s = 0; s < c->samples; s++) "
                    f"for (int k = 0; k < {view.size}; k++) "
                    f"c->results[{k}][s * {view.size} + k] = ({self._numbers(view.block)})[of[k]]; }}"
                )
        return lines

    # --- functions -------------------------------------------------------------------------------

    def _call(self, n: AnyNest, per_sample: bool) -> str:
        """The call of a nest's function; nests that differ in their blocks alone share it."""
        printer = Printer(self.layout.dtype, self.layout.registers, self.used, per_sample)
        parts = self.layout.parts if per_sample else 1
        if isinstance(n, Listing):
            printer.listing(n, parts)
        elif per_sample and any(s.access.block in self.narrow for s in n.stores()):
            printer.dense(n, self.layout.lanes, parts)
        else:
            printer.nest(_with_samples(n, parts))
        arguments = []
        parameters = []
        written = {store.access.block for store in n.stores() if store.live}
        for (block, summed), name in printer.names.items():
            kind = "vector *" if block.batched or summed else "number *"
            const = "" if block in written and (block.batched or summed or not per_sample) else "const "
            parameters.append(f"{const}{kind}restrict {name}")
            arguments.append(self._argument(block, summed))
        signature, body = ", ".join(parameters), "\n".join(printer.lines)
        key = f"({signature}) {{\n{body}\n}}\n"
        if key not in self.functions:
            name = self._name(n)
            comment = "".join(f"/* {_comment(line)} */\n" for line in n.words)
            self.functions[key] = f"{comment}static __attribute__((noinline)) void {name}{key}"
        name = re.search(r"void (\w+)\(", self.functions[key])
        assert name
        return f"{name[1]}({', '.join(arguments)});"

    def _argument(self, block: Block, summed: bool) -> str:
        if summed:
            return f"sums + {self.memory.sums[block]}"
        return self._place(block) if block.batched else self._numbers(block)

    def _numbers(self, block: Block) -> str:
        """The numbers of a block without samples."""
        if block in self.parameters:
            return f"c->weights + {self.parameters[block]}"
        if block in self.gradients:
            return f"c->gradient + {self.gradients[block]}"
        return "constants" if block.constant else f"c->shared + {self.memory.shared[block]}"

    def _name(self, n: AnyNest) -> str:
        """A name that is an identifier, and nobody's else."""
        scope = re.sub(r"[^A-Za-z0-9_]+", "_", n.scope) or "loss"
        kind = getattr(n, "kind", "").replace("Z", "")
        base = f"layer_{scope}" + f"_{kind}" * bool(kind)
        name, k = base, 1
        while name in self.names:
            k += 1
            name = f"{base}_{k}"
        self.names.add(name)
        return name


class _Loops:
    """The nests of a stage."""

    def __init__(self, plan: Plan, stage: Stage) -> None:
        self.once = [nest(k) for k, backward in stage.once if not backward]
        self.reverse_once = [nest(k) for k, backward in stage.once if backward]
        self.forward = _fused(plan, stage.forward)
        self.reverse = _fused(plan, stage.reverse)


def _fused(plan: Plan, kernels: Sequence[Kernel]) -> list[AnyNest]:
    """Kernels as few nests; what anybody else reads stays in memory."""
    own = set(map(id, kernels))
    others = [k for k in [*plan.forward, *plan.reverse] if id(k) not in own]
    kept = {view.block for kernel in others for view in kernel.reads()}
    kept |= {view.block for view in plan.results} | set(plan.gradients.values())
    return fused(map(nest, kernels), kept)


def _kept(plan: Plan, every: Sequence["_Loops"]) -> Memory:
    """Places for programs of several stages."""
    return placed(plan, [n for s in every for n in s.forward], [n for s in every for n in s.reverse])


def _with_samples(n: Nest, parts: int) -> Nest:
    """A nest over the vectors of samples that lie side by side, too."""
    if parts == 1:
        return n
    batched = any(a.block.batched for a in [*n.loads(), *(s.access for s in n.stores())])
    if not batched:
        return n
    summed = n.head is not None and all(not s.access.block.batched for s in n.stores())
    outer = len(n.dims)

    def wide(a: Access) -> Access:
        factor = parts if a.block.batched else 1
        steps = [step * factor for step in a.steps]
        step = int(a.block.batched)
        if not summed:
            steps.insert(outer, step)
        elif len(a.steps) > outer or (isinstance(n.head, Product) and a in (n.head.left, n.head.right)):
            steps.append(step)
        return replace(a, offset=a.offset * factor, steps=tuple(steps))

    made = Nest(
        n.dims if summed else (*n.dims, parts),
        [type(p)(dict(p.sources), [replace(s) for s in p.stores]) for p in n.parts],
        n.words, n.scope, (*n.inner, parts) if summed else n.inner, n.head, n.kind, n.flops,
    )
    made.transform(wide)
    return made


def _filled(target: str, values: "np.ndarray", spread: int, batched: bool, dtype: str) -> list[str]:
    """Lines that fill rows with numbers."""
    kind = "vector" if batched else "number"
    if len(np.unique(values)) == 1:
        x = literal(float(values[0]), dtype)
        value = f"splat({x})" if batched else x
        return [f"for (int k = 0; k < {len(values) * spread}; k++) ({target})[k] = {value};"]
    listed = ", ".join(literal(float(x), dtype) for x in values)
    value = f"splat(of[k / {spread}])" if batched else "of[k]"
    return [
        f"{{ static const number of[] = {{{listed}}};",
        f"for (int k = 0; k < {len(values) * spread}; k++) (({kind} *)({target}))[k] = {value}; }}",
    ]


def _function(head: str, lines: Sequence[str]) -> str:
    body = "\n".join(f"    {line}" for line in lines if line)
    return f"{head} {{\n{body}\n}}\n"


def _comment(text: str) -> str:
    """Words that cannot end a comment, or begin anything else."""
    return re.sub(r"[^\w ×·+()=,.ᵀ-]", " ", text)
