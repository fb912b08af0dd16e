"""A plan as one readable C file: its kernels as functions, and what calls them for each tile."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ....dialects.c import literal
from ....dialects.elementary import elementary
from ...plan.kernels import Kernel
from ...plan.plan import Plan
from ...plan.views import Block, View, uniform
from .functions import Functions, Layout
from .fuse import fused
from .library import own_text
from .loops import nest
from .nests import AnyNest, Nest
from .places import Places
from .schedule import Stage, stages

HEAD = """\
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef {number} number;
typedef {integer} integer;
enum {{ LANES = {lanes}, PARTS = {parts}, ROWS = {rows} * PARTS, SUMS = {sums} }};
"""
CLOCK = """\
#include <time.h>
static double now(void) {
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}
"""


@dataclass
class Source:
    """The text, and the sizes of the memory that its `run` is called with."""

    text: str
    rows: int  # vectors of a tile
    vectors: int  # of the sums of a share
    numbers: int  # without samples
    per_tile: bool  # whether each tile has rows of its own, or each share
    seconds: float  # of one sample on one thread, roughly: who shares a batch goes by it
    nests: list[tuple[AnyNest, bool]]  # with whether they are of the reverse pass


def source(plan: Plan, layout: Layout, timed: bool = False) -> Source:
    """The C text of a plan; a `timed` one adds up the seconds of each nest."""
    return _File(plan, layout, timed).write()


class _Loops:
    """The nests of a stage: once, then for every tile."""

    def __init__(self, plan: Plan, stage: Stage) -> None:
        self.once = [nest(k) for k, backward in stage.once if not backward]
        self.once_in_reverse = [nest(k) for k, backward in stage.once if backward]
        self.forward = _fused(plan, stage.forward)
        self.reverse = _fused(plan, stage.reverse)


def _fused(plan: Plan, kernels: Sequence[Kernel]) -> list[AnyNest]:
    """Kernels as few nests; what anybody else reads stays in memory."""
    own = set(map(id, kernels))
    others = [k for k in [*plan.forward, *plan.reverse] if id(k) not in own]
    kept = {view.block for kernel in others for view in kernel.reads()}
    kept |= {view.block for view in plan.results} | set(plan.gradients.values())
    return fused(map(nest, kernels), kept)


class _File:
    """Writes the parts of the file."""

    def __init__(self, plan: Plan, layout: Layout, timed: bool) -> None:
        self.plan, self.layout, self.timed = plan, layout, timed
        found = stages(plan.forward, plan.reverse) or [Stage()]
        self.stages = [_Loops(plan, stage) for stage in found]
        self.last = max((k for k, s in enumerate(self.stages) if s.forward), default=0)
        self.seeded = next((k for k, s in enumerate(self.stages) if s.reverse), 0)
        self.per_tile = sum(bool(s.forward or s.reverse) for s in self.stages) > 1
        forward = [n for s in self.stages for n in s.forward]
        reverse = [n for s in self.stages for n in s.reverse]
        self.places = Places(plan, forward, reverse, layout.lanes)
        self.functions = Functions(layout, self.places)
        self.nests: list[tuple[AnyNest, bool]] = []

    def write(self) -> Source:
        """The whole text."""
        places, layout = self.places, self.layout
        bodies = [text for k, s in enumerate(self.stages) for text in self._stage(k, s)]
        single = layout.dtype == "float32"
        head = HEAD.format(
            number="float" if single else "double",
            integer="int32_t" if single else "int64_t",
            lanes=layout.lanes,
            parts=layout.parts,
            rows=places.height,
            sums=places.vectors,
        )
        prelude = own_text("prelude.c")
        used = self.functions.used
        words = elementary(sorted(used), layout.dtype) if used else ""
        texts = [head, CLOCK * self.timed, prelude, words, self._constants(), self._prepare()]
        text = "\n".join([*filter(None, texts), *self.functions.texts.values(), *bodies])
        return Source(
            f"{text}\n{self._run()}",
            places.height * layout.parts,
            places.vectors,
            places.numbers,
            self.per_tile,
            self._seconds(),
            self.nests,
        )

    def _seconds(self) -> float:
        """A rough estimate for one sample: of products, and of what goes through memory."""
        flops = sum(n.flops for n, _ in self.nests if isinstance(n, Nest))
        return flops / 40e9 + sum(block.size for block in self.places.rows) * 1e-9

    # --- numbers ---------------------------------------------------------------------------------

    def _listed(self, numbers: Iterable[float]) -> str:
        return ", ".join(literal(float(x), self.layout.dtype) for x in numbers)

    def _constants(self) -> str:
        numbers = self.plan.constants
        table = f"static const number constants[{len(numbers)}] = {{{self._listed(numbers)}}};\n"
        return table if len(numbers) else ""

    def _prepare(self) -> str:
        """What rows hold before any run, such as the margins of images."""
        lines = []
        for block in self.plan.blocks:
            used = block in self.places.rows or block in self.places.shared
            if used and block.initial is not None:
                lines += self._filled(block, block.initial)
        head = "/* Before the first run, for the rows of each share or tile. */\n"
        return head + _function("void prepare(Call *c, vector *rows)", lines)

    def _filled(self, block: Block, values: "np.ndarray") -> list[str]:
        to = self.places.argument(block, False)
        parts = "PARTS" if block.batched else "1"
        same = uniform(values)
        x = self._listed(values[:1]) if same else f"of[k / {parts}]"
        table = "" if same else f"static const number of[] = {{{self._listed(values)}}};"
        value = f"splat({x})" if block.batched else x
        fill = f"for (int k = 0; k < {len(values)} * {parts}; k++) ({to})[k] = {value};"
        return ["{", f"    {table}" if table else "", f"    {fill}", "}"]

    # --- stages ----------------------------------------------------------------------------------

    def _call(self, n: AnyNest, per_sample: bool, backward: bool) -> str:
        self.nests.append((n, backward))
        call = self.functions.call(n, per_sample)
        if not self.timed:
            return call
        seconds = f"c->seconds[{len(self.nests) - 1}] += now() - start;"
        return f"{{ double start = now(); {call} {seconds} }}"

    def _stage(self, number: int, loops: _Loops) -> Iterable[str]:
        """The functions of a stage."""
        once = [self._call(n, False, False) for n in loops.once]
        if loops.once_in_reverse:
            once.append("if (c->seed == 0) return;")
            once += [self._call(n, False, True) for n in loops.once_in_reverse]
        if once:
            yield _function(f"static void once_{number}(const Call *c)", once)
        if self._over_samples(number):
            yield self._samples(number, loops)

    def _over_samples(self, number: int) -> bool:
        loops = self.stages[number]
        return bool(loops.forward or loops.reverse or number in (0, self.last))

    def _samples(self, number: int, loops: _Loops) -> str:
        """What a share does for each of its tiles."""
        body = self._inputs() if number == 0 else []
        body += [self._call(n, True, False) for n in loops.forward]
        body += self._results(batched=True) if number == self.last else []
        reverse = [self._call(n, True, True) for n in loops.reverse]
        if reverse:
            body += ["if (c->seed == 0) continue;"]
            body += self._given(self.plan.seed, "seed") if number == self.seeded else []
        lines = [
            "const Call *c = context;",
            "vector *sums = c->sums + share * SUMS;" if self.places.vectors else "",
            "const int64_t tile = LANES * PARTS, tiles = (c->samples + tile - 1) / tile;",
            "const int64_t end = tiles * (share + 1) / c->shares;",
            "for (int64_t t = tiles * share / c->shares; t < end; t++) {",
            f"    vector *rows = c->rows + {'t' if self.per_tile else 'share'} * ROWS;",
            *[f"    {line}" for line in [*body, *reverse]],
            "}",
        ]
        return _function(f"static void samples_{number}(void *context, int64_t share)", lines)

    def _inputs(self) -> list[str]:
        reads = [
            f"read_samples({self.places.rows_of(b)}, c->inputs[{k}], {b.size}, "
            "t * tile, c->samples);"
            for k, b in enumerate([*self.plan.arguments, *self.plan.draws])
        ]
        return reads + self._given(self.plan.part, "part")

    def _given(self, block: Block | None, name: str) -> list[str]:
        """A number of the call for each sample."""
        if block is None or not block.batched:
            return []
        return [f"give_samples({self.places.rows_of(block)}, c->{name}, t * tile, c->samples);"]

    def _results(self, batched: bool) -> list[str]:
        """Write results: those of each sample in a tile, or those that no sample changes."""
        of = "t * tile, c->samples" if batched else "c->samples"
        what = "samples" if batched else "numbers"
        return [
            _listed_rows(
                view,
                f"write_{what}(c->results[{k}], {self.places.argument(view.block, False)}, of, "
                f"{view.size}, {of});",
            )
            for k, view in enumerate(self.plan.results)
            if view.block.batched is batched
        ]

    # --- a batch ---------------------------------------------------------------------------------

    def _run(self) -> str:
        lines = ["c->nan = 0;"]
        lines += [
            f"memset(c->shared + {self.places.shared[b]}, 0, {b.size} * sizeof(number));"
            for b in self.plan.accumulated()
            if b in self.places.shared
        ]
        lines.append(
            f"if (c->seed != 0) memset(c->gradient, 0, {self.places.total} * sizeof(number));"
        )
        seed = self.plan.seed
        if seed is not None and not seed.batched:
            lines.append(f"c->shared[{self.places.shared[seed]}] = c->seed * c->samples;")
        end = max((k for k, s in enumerate(self.stages) if s.forward or s.once), default=0)
        for k, loops in enumerate(self.stages):
            if loops.once or loops.once_in_reverse:
                lines.append(f"once_{k}(c);")
            if self._over_samples(k):
                lines.append(f"parallel(samples_{k}, c, c->shares);")
                lines += self._collected(loops)
            if k == end:
                lines += self._results(batched=False)
                lines.append("if (c->seed == 0) return;")
        losses = f"has_nan(c->results[0], c->samples * {self.plan.results[0].size})"
        slopes = f"has_nan(c->gradient, {self.places.total})"
        lines.append(f"c->nan = {losses} || {slopes};")
        head = (
            "/* A batch: forward, and with a seed in reverse. `parallel` runs the shares. */\n"
            "void run(Call *c, void (*parallel)(void (*)(void *, int64_t), void *, int64_t))"
        )
        return _function(head, lines)

    def _collected(self, loops: _Loops) -> list[str]:
        """Add up what the shares have summed."""
        blocks = dict.fromkeys(
            store.access.block
            for n in [*loops.forward, *loops.reverse]
            for store in n.stores()
            if not store.access.block.batched and store.live
        )
        return [
            f"add_{'numbers' if b in self.places.narrow else 'lanes'}({self.places.numbers_of(b)}, "
            f"c->sums + {self.places.sums[b]}, {b.size}, c->shares);"
            for b in blocks
        ]


def _listed_rows(view: View, call: str) -> str:
    """A call with the rows of a view as the list `of`; none where these are all, in order."""
    if view.is_whole():
        return call.replace(", of,", ", 0,")
    rows = view.rows().ravel().tolist()
    return f"{{ static const int of[] = {{{', '.join(map(str, rows))}}}; {call} }}"


def _function(head: str, lines: Sequence[str]) -> str:
    body = "".join(f"    {line}\n" for line in lines if line.strip())
    return f"{head} {{\n{body}}}\n"
