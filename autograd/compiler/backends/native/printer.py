"""Loop nests as C: functions of the blocks that they read and write."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from ....dialects.c import Speller
from ....dialects.formulas import leaves
from ....value import Value
from ...plan.views import Block
from ...strided import Dims, Ints
from .nests import HEAD, Access, Fold, Listing, Nest, Product, Result, Store
from .tiles import shared_target, tile


class Printer:
    """Prints the body of one function; `sums` says which blocks are added up in vectors.

    A block with samples is an array of vectors, one without an array of numbers; what a nest over
    samples adds to the latter is kept in vectors, a lane for each sample.
    """

    def __init__(self, dtype: str, registers: int, used: set[str], per_sample: bool) -> None:
        self.dtype, self.registers, self.per_sample = dtype, registers, per_sample
        self.used = used
        self.lines: list[str] = []
        self.names: dict[tuple[Block, bool], str] = {}
        self.depth = 1
        self._count = itertools.count(1)

    # --- text ------------------------------------------------------------------------------------

    def line(self, text: str) -> None:
        """Another line."""
        self.lines.append("    " * self.depth + text)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Lines in braces."""
        self.line(head + " {" if head else "{")
        self.depth += 1
        yield
        self.depth -= 1
        self.line("}")

    @contextmanager
    def loops(self, sizes: Dims, names: Sequence[str]) -> Iterator[None]:
        """A loop for each dimension, from 0."""
        for n, i in zip(sizes, names, strict=True):
            self.line(f"for (int {i} = 0; {i} < {n}; {i}++) {{")
            self.depth += 1
        yield
        for _ in sizes:
            self.depth -= 1
            self.line("}")

    def fresh(self) -> str:
        """A name for a vector."""
        return f"t{next(self._count)}"

    # --- addresses -------------------------------------------------------------------------------

    def pointer(self, block: Block, summed: bool = False) -> str:
        """The name of a block's pointer among the function's arguments."""
        return self.names.setdefault((block, summed), _letter(len(self.names)))

    def load(self, access: Access, at: str) -> str:
        """The vector at an address."""
        name = f"{self.pointer(access.block)}[{at}]"
        return name if access.block.batched else f"splat({name})"

    def store(self, store: Store, at: str, value: str) -> None:
        """Write or add a vector."""
        summed = self.per_sample and not store.access.block.batched
        name = f"{self.pointer(store.access.block, summed)}[{at}]"
        lane = "" if summed or store.access.block.batched else "[0]"
        value = f"({value}){lane}" if lane else value
        self.line(f"{name} {'+=' if store.adds else '='} {value};")

    # --- nests -----------------------------------------------------------------------------------

    def listing(self, listing: Listing, parts: int) -> None:
        """Rows one by one, by tables of row numbers."""
        source, value = listing.source, "splat(0)"
        self._table("to", listing.to)
        if source:
            self._table("of", listing.of)
            value = self.load(source, _part(source, "of[i]", parts))
        with self.loops((len(listing.to), parts), ("i", "j")):
            store = Store(listing.target, Value(0.0), listing.adds)
            self.store(store, _part(listing.target, "to[i]", parts), value)

    def _table(self, name: str, rows: Ints) -> None:
        numbers = ", ".join(map(str, rows.tolist()))
        self.line(f"static const int {name}[{len(rows)}] = {{{numbers}}};")

    def nest(self, nest: Nest) -> None:
        """The loops of a nest."""
        if isinstance(nest.head, Product):
            self._product(nest)
        else:
            self._rows(nest)

    def _rows(self, nest: Nest) -> None:
        """Iteration by iteration; what goes to one row again and again is added up first."""
        totals: dict[int, str] = {}
        hoisted = [(store, _fixed_from(store.access)) for store in nest.stores() if store.live]
        hoisted = [(s, d) for s, d in hoisted if s.adds and d < len(nest.dims)]
        for d in range(len(nest.dims) + 1):
            for store, depth in hoisted:
                if depth == d:
                    totals[id(store)] = self.fresh()
                    self.line(f"vector {totals[id(store)]} = splat(0);")
            if d < len(nest.dims):
                self.line(f"for (int i{d} = 0; i{d} < {nest.dims[d]}; i{d}++) {{")
                self.depth += 1
        variables = [f"i{d}" for d in range(len(nest.dims))]
        head = self._fold(nest, variables) if isinstance(nest.head, Fold) else ""
        self._iteration(nest, lambda access: address(access, variables), head, totals)
        for d in range(len(nest.dims), -1, -1):
            if d < len(nest.dims):
                self.depth -= 1
                self.line("}")
            for store, depth in hoisted:
                if depth == d:
                    self.store(store, address(store.access, variables), totals[id(store)])

    def _fold(self, nest: Nest, variables: list[str]) -> str:
        """A sum or an extreme over the inner dimensions, in several registers."""
        assert isinstance(nest.head, Fold)
        access, op, n = nest.head.access, nest.head.op.name, nest.inner[-1] if nest.inner else 1
        width = next(w for w in (8, 4, 2, 1) if n % w == 0 and (n > w or w == 1))
        names = [self.fresh() for _ in range(width)]
        inner = [*variables, *[f"k{d}" for d in range(len(nest.inner))]]
        first = address(access, [*variables, *["0"] * len(nest.inner)])
        start = "splat(0)" if op == "sum" else self.load(access, first)
        for name in names:
            self.line(f"vector {name} = {start};")
        with self.loops(nest.inner[:-1], _names("k", nest.inner[:-1])):
            last = len(nest.inner) - 1
            if nest.inner:
                self.line(f"for (int k{last} = 0; k{last} < {n}; k{last} += {width}) {{")
                self.depth += 1
            for u, name in enumerate(names):
                value = self.load(access, address(access, inner, {len(access.steps) - 1: u}))
                self.line(f"{name} = {self._combined(op, name, value)};")
            if nest.inner:
                self.depth -= 1
                self.line("}")
        while len(names) > 1:
            half = len(names) // 2
            for a, b in zip(names[:half], names[half:], strict=True):
                self.line(f"{a} = {self._combined(op, a, b)};")
            names = names[:half]
        return names[0]

    def _combined(self, op: str, a: str, b: str) -> str:
        return f"{a} + {b}" if op == "sum" else f"{op}imum_({a}, {b})"

    def _iteration(
        self,
        nest: Nest,
        at: Callable[[Access], str],
        head: str,
        totals: dict[int, str],
    ) -> None:
        """What one iteration loads, computes and stores."""
        speller = Speller(self.dtype, self.used, self.fresh)
        loaded: dict[str, str] = {}
        found: dict[Result, str] = {HEAD: head}
        known: list[dict[Value, str]] = [{} for _ in nest.parts]
        masks: list[dict[Value, str]] = [{} for _ in nest.parts]

        def load(access: Access) -> str:
            text = self.load(access, at(access))
            if text not in loaded:
                loaded[text] = self.fresh()
                speller.lines.append(f"vector {loaded[text]} = {text};")
            return loaded[text]

        def value(place: Result) -> str:
            part, names = nest.parts[place.part], known[place.part]
            store = part.stores[place.store]
            for leaf in leaves(store.formula):
                source = part.sources[leaf]
                names[leaf] = load(source) if isinstance(source, Access) else found[source]
            text = speller.spell(store.formula, names, masks[place.part])
            if store.adds and place in passed:
                text = speller.added(load(store.access), text)
            return text

        passed = {s for part in nest.parts for s in part.sources.values() if isinstance(s, Result)}
        for place in _needed(nest):
            found[place] = value(place)
        writes = [
            (store, Result(p, k))
            for p, part in enumerate(nest.parts)
            for k, store in enumerate(part.stores)
            if store.live
        ]
        for text in speller.lines:
            self.line(text)
        for store, place in writes:
            if id(store) in totals:
                self.line(f"{totals[id(store)]} += {found[place]};")
            else:
                adds = store.adds and place not in passed
                self.store(Store(store.access, store.formula, adds), at(store.access), found[place])

    def dense(self, nest: Nest, lanes: int, parts: int) -> None:
        """W̄ += Z̄·Xᵀ along the inputs: X is turned, a few columns at a time, and each entry of Z̄
        is spread over a vector of weights.
        """
        assert isinstance(nest.head, Product)
        (store,) = nest.parts[0].stores
        left, right, n = nest.head.left, nest.head.right, nest.dims[1] // lanes
        z, x = self.pointer(left.block), self.pointer(right.block)
        w, samples = self.pointer(store.access.block, True), lanes * parts
        width = next(k for k in (3, 2, 1) if n % k == 0 or n > 8 * k)
        for start, stop, wide in _spans(n, width):
            with self.block(
                f"for (int k = {start * lanes}; k < {stop * lanes}; k += {wide * lanes})"
            ):
                self.line(f"vector turned[{samples}][{wide}];")
                at = f"{right.offset * parts} + (k + j * LANES) * {right.steps[1] * parts}"
                with self.block(f"for (int j = 0; j < {wide}; j++)"):
                    step = right.steps[1] * parts
                    self.line(
                        f"turn((number *)turned + j * LANES, {wide * lanes}, {x} + {at}, {step});"
                    )
                for rows, first, last in _heights(nest.dims[0], 12 // wide):
                    with self.block(f"for (int i = {first}; i < {last}; i += {rows})"):
                        self._dense_tile(store.access, left, (w, z), (rows, wide, samples))

    def _dense_tile(
        self, to: Access, left: Access, names: tuple[str, str], sizes: tuple[int, int, int]
    ) -> None:
        """Some rows of W̄ by some vectors of its columns, over all samples of the tile."""
        (w, z), (rows, wide, samples) = names, sizes
        cells = [(r, c) for r in range(rows) for c in range(wide)]
        self.line(f"number *to = (number *){w} + {to.offset} + i * {to.steps[0]} + k;")
        self.line(
            f"const number *from = (const number *){z} + "
            f"({left.offset} + i * {left.steps[0]}) * {samples};"
        )
        places = {cell: f"to + {cell[0] * to.steps[0]} + {cell[1]} * LANES" for cell in cells}
        for (r, c), at in places.items():
            self.line(f"vector s{r}_{c} = *(const vector *)({at});")
        with self.block(f"for (int s = 0; s < {samples}; s++)"):
            for c in range(wide):
                self.line(f"const vector x{c} = turned[s][{c}];")
            for r in range(rows):
                self.line(f"const vector z{r} = splat(from[{r * left.steps[0] * samples} + s]);")
                for c in range(wide):
                    self.line(f"s{r}_{c} += z{r} * x{c};")
        for (r, c), at in places.items():
            self.line(f"*(vector *)({at}) = s{r}_{c};")

    # --- products --------------------------------------------------------------------------------

    def _product(self, nest: Nest) -> None:
        """Tiles of sums in registers."""
        sizes = tile(nest, self.registers).sizes
        self._tiles(nest, sizes, 0, [], [])

    def _tiles(
        self, nest: Nest, sizes: Dims, d: int, variables: list[str], counts: list[int]
    ) -> None:
        """Loops over the tiles; the smaller ones at an end are written out once more."""
        if d == len(nest.dims):
            self._tile(nest, variables, counts)
            return
        n, size = nest.dims[d], sizes[d]
        whole, rest = n // size * size, n % size
        name = f"i{d}"
        if whole == size:
            self._tiles(nest, sizes, d + 1, [*variables, "0"], [*counts, size])
        else:
            with self.block(f"for (int {name} = 0; {name} < {whole}; {name} += {size})"):
                self._tiles(nest, sizes, d + 1, [*variables, name], [*counts, size])
        if rest:
            self._tiles(nest, sizes, d + 1, [*variables, str(whole)], [*counts, rest])

    def _tile(self, nest: Nest, variables: list[str], counts: list[int]) -> None:
        """One tile: its sums over the inner dimensions, and what is made of them."""
        assert isinstance(nest.head, Product)
        left, right = nest.head.left, nest.head.right
        place = shared_target(nest)
        cells = {cell: place(cell) for cell in itertools.product(*map(range, counts))}
        names = {at: self.fresh() for at in dict.fromkeys(cells.values())}
        sums = {cell: names[at] for cell, at in cells.items()}
        with self.block(""):
            for name in names.values():
                self.line(f"vector {name} = splat(0);")
            with self.loops(nest.inner, _names("k", nest.inner)):
                inner = [*variables, *[f"k{d}" for d in range(len(nest.inner))]]
                for text in self._terms(left, right, inner, sums):
                    self.line(text)
            for name, cell in {name: cell for cell, name in sums.items()}.items():
                at = partial(address, variables=variables, shift=dict(enumerate(cell)))
                with self.block(""):
                    self._iteration(nest, at, name, {})

    def _terms(
        self, left: Access, right: Access, inner: list[str], sums: dict[tuple[int, ...], str]
    ) -> Iterator[str]:
        """sum += left·right for each cell of a tile. The operand with fewer entries is kept in
        registers; of the other, one entry at a time.
        """
        accesses = (left, right)
        many = max(accesses, key=lambda access: len({_shift(access, cell) for cell in sums}))
        loaded: dict[tuple[int, int], str] = {}
        for cell in sorted(sums, key=lambda cell: _shift(many, cell)):
            operands = []
            for side, access in enumerate(accesses):
                key = (side, _shift(access, cell))
                if key not in loaded:
                    loaded[key] = self.fresh()
                    text = self.load(access, address(access, inner, dict(enumerate(cell))))
                    yield f"const vector {loaded[key]} = {text};"
                operands.append(loaded[key])
            yield f"{sums[cell]} += {operands[0]} * {operands[1]};"


def address(access: Access, variables: list[str], shift: dict[int, int] | None = None) -> str:
    """The index of an access, for variables that may be shifted by constants."""
    fixed, terms = access.offset, []
    for d, (step, name) in enumerate(zip(access.steps, variables, strict=False)):
        if not step:
            continue
        fixed += step * (shift or {}).get(d, 0)
        if name.isdigit():
            fixed += step * int(name)
        else:
            terms.append(name if step == 1 else f"{step} * {name}")
    return " + ".join([*terms, *([str(fixed)] if fixed or not terms else [])])


def _spans(n: int, width: int) -> list[tuple[int, int, int]]:
    """From, to, and how many at a time: n vectors in groups, and the rest one by one."""
    whole = n // width * width
    return [span for span in ((0, whole, width), (whole, n, 1)) if span[0] < span[1]]


def _heights(n: int, rows: int) -> list[tuple[int, int, int]]:
    """How many at a time, from, and to: n rows in groups, and the rest together."""
    whole = n // rows * rows
    return [h for h in ((rows, 0, whole), (n - whole, whole, n)) if h[1] < h[2]]


def _names(prefix: str, sizes: Dims) -> list[str]:
    return [f"{prefix}{d}" for d in range(len(sizes))]


def _part(access: Access, row: str, parts: int) -> str:
    """One of the vectors of a row."""
    return f"{row} * {parts} + j" if parts > 1 and access.block.batched else row


def _shift(access: Access, cell: tuple[int, ...]) -> int:
    return sum(step * n for step, n in zip(access.steps, cell, strict=False))


def _fixed_from(access: Access) -> int:
    """The dimension from which on all steps are 0."""
    return max((d + 1 for d, step in enumerate(access.steps) if step), default=0)


def _needed(nest: Nest) -> list[Result]:
    """The results of an iteration that are stored, or that these are made of, in order."""
    needed: set[Result] = set()
    for p in range(len(nest.parts) - 1, -1, -1):
        part = nest.parts[p]
        for k, store in enumerate(part.stores):
            if store.live or Result(p, k) in needed:
                needed.add(Result(p, k))
                sources = [part.sources[leaf] for leaf in leaves(store.formula)]
                needed.update(s for s in sources if isinstance(s, Result) and s != HEAD)
    return sorted(needed, key=lambda place: (place.part, place.store))


def _letter(n: int) -> str:
    """a, b, ..., z, a1, b1, ..."""
    return "abcdefghjlmnopqrsuvwxyz"[n % 23] + (str(n // 23) if n >= 23 else "")
