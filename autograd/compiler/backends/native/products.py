"""Matrix products as C: tiles of sums in registers, and gradients laid along the inputs."""

import itertools
from collections.abc import Iterator
from functools import partial

from ...strided import Dims
from .iterations import Iteration
from .nests import Access, Nest, Product
from .printer import Printer, address
from .tiles import shared_target, tile


def print_product(p: Printer, nest: Nest) -> None:
    """Tiles of sums in registers."""
    sizes = tile(nest, p.registers)
    _tiles(p, nest, sizes, 0, [], [])


def _tiles(
    p: Printer, nest: Nest, sizes: Dims, d: int, variables: list[str], counts: list[int]
) -> None:
    """Loops over the tiles; the smaller ones at an end are written out once more."""
    if d == len(nest.dims):
        _tile(p, nest, variables, counts)
        return
    n, size = nest.dims[d], sizes[d]
    whole, rest = n // size * size, n % size
    name = f"i{d}"
    if whole == size:
        _tiles(p, nest, sizes, d + 1, [*variables, "0"], [*counts, size])
    else:
        with p.block(f"for (int {name} = 0; {name} < {whole}; {name} += {size})"):
            _tiles(p, nest, sizes, d + 1, [*variables, name], [*counts, size])
    if rest:
        _tiles(p, nest, sizes, d + 1, [*variables, str(whole)], [*counts, rest])


def _tile(p: Printer, nest: Nest, variables: list[str], counts: list[int]) -> None:
    """One tile: its sums over the inner dimensions, and what is made of them."""
    assert isinstance(nest.head, Product)
    left, right = nest.head.left, nest.head.right
    place = shared_target(nest)
    within = [f"k{d}" for d in range(len(nest.inner))]
    cells = {cell: place(cell) for cell in itertools.product(*map(range, counts))}
    names = {at: p.fresh() for at in dict.fromkeys(cells.values())}
    sums = {cell: names[at] for cell, at in cells.items()}
    with p.block(""):
        for name in names.values():
            p.line(f"vector {name} = splat(0);")
        with p.loops(nest.inner, within):
            for text in _terms(p, left, right, [*variables, *within], sums):
                p.line(text)
        for name, cell in {name: cell for cell, name in sums.items()}.items():
            at = partial(address, variables=variables, shift=dict(enumerate(cell)))
            with p.block(""):
                Iteration(p, nest, at, name).print()


def _terms(
    p: Printer, left: Access, right: Access, inner: list[str], sums: dict[tuple[int, ...], str]
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
                loaded[key] = p.fresh()
                text = p.load(access, address(access, inner, dict(enumerate(cell))))
                yield f"const vector {loaded[key]} = {text};"
            operands.append(loaded[key])
        yield f"{sums[cell]} += {operands[0]} * {operands[1]};"


def _shift(access: Access, cell: tuple[int, ...]) -> int:
    return sum(step * n for step, n in zip(access.steps, cell, strict=False))


# --- along the inputs ---


def print_dense(p: Printer, nest: Nest, lanes: int, parts: int) -> None:
    """W̄ += Z̄·Xᵀ along the inputs: X is turned, a few columns at a time, and each entry of Z̄
    is spread over a vector of weights.
    """
    assert isinstance(nest.head, Product)
    (store,) = nest.parts[0].stores
    left, right, n = nest.head.left, nest.head.right, nest.dims[1] // lanes
    z, x = p.pointer(left.block), p.pointer(right.block)
    w, samples = p.pointer(store.access.block, True), lanes * parts
    room = p.registers - 4  # for sums, beside two vectors of X and one of Z̄
    width = 2 if n > 1 else 1
    for start, stop, wide in _spans(n, width):
        with p.block(f"for (int k = {start * lanes}; k < {stop * lanes}; k += {wide * lanes})"):
            p.line(f"vector turned[{samples}][{wide}];")
            at = f"{right.offset * parts} + (k + j * LANES) * {right.steps[1] * parts}"
            with p.block(f"for (int j = 0; j < {wide}; j++)"):
                step = right.steps[1] * parts
                p.line(f"turn((number *)turned + j * LANES, {wide * lanes}, {x} + {at}, {step});")
            for rows, first, last in _heights(nest.dims[0], room // wide):
                with p.block(f"for (int i = {first}; i < {last}; i += {rows})"):
                    _dense_tile(p, store.access, left, (w, z), (rows, wide, samples))


def _dense_tile(
    p: Printer, to: Access, left: Access, names: tuple[str, str], sizes: tuple[int, int, int]
) -> None:
    """Some rows of W̄ by some vectors of its columns, over all samples of the tile."""
    (w, z), (rows, wide, samples) = names, sizes
    cells = [(r, c) for r in range(rows) for c in range(wide)]
    p.line(f"number *to = (number *){w} + {to.offset} + i * {to.steps[0]} + k;")
    p.line(
        f"const number *from = (const number *){z} + "
        f"({left.offset} + i * {left.steps[0]}) * {samples};"
    )
    places = {cell: f"to + {cell[0] * to.steps[0]} + {cell[1]} * LANES" for cell in cells}
    for (r, c), at in places.items():
        p.line(f"vector s{r}_{c} = *(const vector *)({at});")
    with p.block(f"for (int s = 0; s < {samples}; s++)"):
        for c in range(wide):
            p.line(f"const vector x{c} = turned[s][{c}];")
        for r in range(rows):
            p.line(f"const vector z{r} = splat(from[{r * left.steps[0] * samples} + s]);")
            for c in range(wide):
                p.line(f"s{r}_{c} += z{r} * x{c};")
    for (r, c), at in places.items():
        p.line(f"*(vector *)({at}) = s{r}_{c};")


def _spans(n: int, width: int) -> list[tuple[int, int, int]]:
    """From, to, and how many at a time: n vectors in groups, and the rest one by one."""
    whole = n // width * width
    return [span for span in ((0, whole, width), (whole, n, 1)) if span[0] < span[1]]


def _heights(n: int, rows: int) -> list[tuple[int, int, int]]:
    """How many at a time, from, and to: n rows in groups, and the rest together."""
    whole = n // rows * rows
    return [h for h in ((rows, 0, whole), (n - whole, whole, n)) if h[1] < h[2]]
