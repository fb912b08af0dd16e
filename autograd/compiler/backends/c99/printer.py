"""Loop nests as C99 functions of one sample's numbers."""

from collections import Counter
from collections.abc import Iterable, Sequence

from ....dialects.c99 import RESERVED, Speller, fresh
from ....dialects.expressions import Expression
from ....dialects.formulas import leaves
from ....graph import order
from ....names import Name
from ....value import Value
from ...plan.views import Block
from ...strided import Dims, Ints
from ..native.nests import HEAD, Access, AnyNest, Fold, Listing, Lookup, Nest, Product, Result
from .text import broken, rows

OUTER, INNER = "ijkmnp", "uvwqrs"  # indices of what is computed, and of what is added up for it


class Function:
    """The parameters and the body of the function of a nest.

    It has a pointer for each block, by its role: `x` is read, `y` written, a weight is called as
    in its layer, and `c` are constants. `index` is the type of indices.
    """

    def __init__(self, nest: AnyNest, dtype: str, index: str, used: set[str]) -> None:
        self.index, self.used, self.dtype = index, used, dtype
        self.kind = "float" if dtype == "float32" else "double"
        self.written = {store.access.block for store in nest.stores() if store.live}
        self.pointers: dict[Block, str] = {}
        self.taken = {*RESERVED, "sum", "most", "to", "of", *OUTER, *INNER}
        self.body = "".join(f"{broken(f'    {line}')}\n" for line in self._lines(nest))

    @property
    def blocks(self) -> list[Block]:
        """What it is called with: what depends on the sample, weights, and what is written."""
        return sorted(self.pointers, key=lambda block: (block in self.written, not block.batched))

    @property
    def parameters(self) -> str:
        """What stands between the brackets."""
        return ", ".join(
            f"{'' if block in self.written else 'const '}{self.kind} *restrict "
            f"{self.pointers[block]}"
            for block in self.blocks
        )

    def _pointer(self, block: Block) -> str:
        if block not in self.pointers:
            self.pointers[block] = fresh(self._role(block), self.taken, "w")
        return self.pointers[block]

    def _role(self, block: Block) -> str:
        if block.batched:
            return "y" if block in self.written else "x"
        return block.name.rpartition(".")[2] if isinstance(block.name, Name) else "c"

    def _at(self, access: Access, variables: Sequence[str]) -> str:
        return f"{self._pointer(access.block)}[{address(access, variables)}]"

    # --- statements ------------------------------------------------------------------------------

    def _loops(self, sizes: Dims, names: Sequence[str], body: list[str]) -> list[str]:
        """Lines in loops; what is one statement has no braces."""
        single = len(body) == 1
        for n, i in zip(sizes[::-1], names[::-1], strict=True):
            head = f"for ({self.index} {i} = 0; {i} < {n}; {i}++)"
            inside = [f"    {line}" for line in body]
            body = [head, *inside] if single else [f"{head} {{", *inside, "}"]
            single = True
        return body

    def _lines(self, nest: AnyNest) -> list[str]:
        if isinstance(nest, Listing):
            return self._listing(nest)
        return self._lookup(nest) if isinstance(nest, Lookup) else self._nest(nest)

    def _nest(self, nest: Nest) -> list[str]:
        outer = _indices(OUTER, nest.dims)
        inner = [*outer, *_indices(INNER, nest.inner)]
        self.taken.update(inner)
        lines: list[str] = []
        head = Expression("")
        if nest.head:
            lines, head = self._head(nest, inner)
        return self._loops(nest.dims, outer, [*lines, *self._iteration(nest, outer, head)])

    def _head(self, nest: Nest, variables: list[str]) -> tuple[list[str], Expression]:
        """The lines that add up, or find the extreme of, what the inner loops go through."""
        names = variables[len(nest.dims) :]
        if isinstance(nest.head, Fold) and nest.head.op.name != "sum":
            access, word = nest.head.access, f"{nest.head.op.name}imum"
            self.used.add(word)
            first = self._at(access, [*variables[: len(nest.dims)], *["0"] * len(names)])
            step = f"most = {word}(most, {self._at(access, variables)});"
            start, name = f"{self.kind} most = {first};", "most"
        else:
            start, name = f"{self.kind} sum = 0;", "sum"
            step = f"sum += {self._term(nest.head, variables)};"
        return [start, *self._loops(nest.inner, names, [step])], Expression(name)

    def _term(self, head: Product | Fold | None, variables: list[str]) -> str:
        if isinstance(head, Product):
            return f"{self._at(head.left, variables)} * {self._at(head.right, variables)}"
        assert head
        return self._at(head.access, variables)

    def _iteration(self, nest: Nest, variables: list[str], head: Expression) -> list[str]:
        """What is computed of the head and of what is loaded, and stored."""
        lines: list[str] = []

        def named(x: Expression) -> Expression:
            if x.text.isidentifier():
                return x
            name = fresh(f"t{len(lines) + 1}", self.taken, "t")
            lines.append(f"const {self.kind} {name} = {x.text};")
            return Expression(name)

        speller = Speller(self.dtype, self.used, named)
        found: dict[Access | Result, Expression] = {HEAD: head}
        uses = _uses(nest)
        stores = []
        for place in nest.needed():
            part = nest.parts[place.part]
            store = part.stores[place.store]
            known = {}
            used = leaves(store.formula)
            for leaf, source in part.sources.items():
                if leaf in used and isinstance(source, Access) and source not in found:
                    loaded = Expression(self._at(source, variables))
                    found[source] = named(loaded) if uses[source] > 1 else loaded
                if leaf in used:
                    known[leaf] = found[source]
            value = speller.spell(store.formula, known)
            found[place] = named(value) if uses[place] > 1 else value
            if store.live:
                stores.append(f"{self._at(store.access, variables)} = {found[place].text};")
        return [*lines, *stores]

    def _listing(self, listing: Listing) -> list[str]:
        """Rows one by one, by tables of their numbers."""
        assert listing.source  # without one it starts adjoints
        target, source = (self._pointer(a.block) for a in (listing.target, listing.source))
        tables, to = self._row("to", listing.to)
        more, of = self._row("of", listing.of)
        copy = f"{target}[{to}] = {source}[{of}];"
        return [*tables, *more, *self._loops((len(listing.to),), ["i"], [copy])]

    def _lookup(self, lookup: Lookup) -> list[str]:
        """For each index, the entries that it names."""
        self.used.add("place")
        outer = _indices(OUTER, lookup.outer)
        variables = [*outer, *_indices(INNER, lookup.inner)]
        self.taken.update([*variables, "at"])
        index, row = self._at(lookup.index, variables), self._at(lookup.rows, variables)
        table = f"{self._pointer(lookup.table.block)}[{address(lookup.table, variables)}"
        entry = f"{table} + {_times(lookup.step, ['at'])}]".replace("[0 + ", "[")
        found = f"const long at = place({index}, {lookup.length});"
        copied = [f"{row} = at < 0 ? NAN : {entry};"]
        inside = self._loops(lookup.inner, variables[len(outer) :], copied)
        return self._loops(lookup.outer, outer, [found, *inside])

    def _row(self, name: str, listed: Ints) -> tuple[list[str], str]:
        """The table of listed rows, and the row that belongs to i."""
        numbers = listed.tolist()
        start = numbers[0]
        if numbers == list(range(start, start + len(numbers))):
            return [], "i" + f" + {start}" * (start > 0)
        head = f"static const {self.index} {name}[{len(numbers)}] = {{"
        return [head, *rows([*map(str, numbers)], (len(numbers),)), "};"], f"{name}[i]"


def _indices(letters: str, sizes: Dims) -> list[str]:
    """Names of indices: i, j, k, ..., and after the last letter ii, jj, ..."""
    n = len(letters)
    return [letters[d % n] * (d // n + 1) for d in range(len(sizes))]


def _uses(nest: Nest) -> Counter[Access | Result]:
    """How often an iteration needs what it loads or computes."""
    uses: Counter[Access | Result] = Counter()
    for place in nest.needed():
        part = nest.parts[place.part]
        store = part.stores[place.store]
        uses[place] += store.live
        for leaf in leaves(store.formula):
            uses[part.sources[leaf]] += _occurrences(leaf, store.formula)
    return uses


def address(access: Access, variables: Iterable[str]) -> str:
    """An index as people write it: 64 * c + 8 * (i + u) + j + v + 9."""
    by_step: dict[int, list[str]] = {}
    for step, name in zip(access.steps, variables, strict=False):
        if step and name != "0":
            by_step.setdefault(step, []).append(name)
    terms = [_times(step, by_step[step]) for step in sorted(by_step, reverse=True)]
    if access.offset or not terms:
        terms.append(str(access.offset))
    return " + ".join(terms).replace("+ -", "- ")


def _times(step: int, names: list[str]) -> str:
    together = " + ".join(names)
    if step == 1:
        return together
    return f"{step} * {f'({together})' if len(names) > 1 else together}"


def _occurrences(leaf: Value, formula: Value) -> int:
    """How often a formula has a leaf."""
    if leaf is formula:
        return 1
    return sum(x is leaf for node in order(formula) for x in node.inputs)
