"""The functions of a C file: one for each nest; nests that differ in their blocks share one."""

import re
from dataclasses import dataclass, field

from ....text import numbered
from .lookups import print_lookup
from .nests import AnyNest, Listing, Lookup, Nest, Product
from .places import Places
from .printer import Printer
from .products import print_dense, print_product
from .rows import print_listing, print_rows
from .widths import widened


@dataclass
class Layout:
    """Vectors: the lanes of each, how many a tile has side by side, and the registers for them."""

    dtype: str
    lanes: int
    parts: int
    registers: int


@dataclass
class Functions:
    """Functions by their text without comment and name, and the elementary functions they use."""

    layout: Layout
    places: Places
    texts: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def call(self, nest: AnyNest, per_sample: bool) -> str:
        """The call of a nest's function, which is printed where none has the same text."""
        printer = Printer(self.layout.dtype, self.layout.registers, self.used, per_sample)
        self._print(printer, nest, per_sample)
        written = {store.access.block for store in nest.stores() if store.live}
        parameters, arguments = [], []
        for (block, summed), name in printer.names.items():
            kind = "vector *" if block.batched or summed else "number *"
            constant = block not in written or not (block.batched or summed or not per_sample)
            parameters.append("const " * constant + f"{kind}restrict {name}")
            arguments.append(self.places.argument(block, summed))
        body = "\n".join(printer.lines)
        text = f"({', '.join(parameters)}) {{\n{body}\n}}\n"
        if text not in self.texts:
            self.names[text] = self._name(nest)
            comment = "".join(
                f"/* {_comment(' '.join(filter(None, words)))} */\n" for words in nest.words
            )
            head = f"static __attribute__((noinline)) void {self.names[text]}"
            self.texts[text] = f"{comment}{head}{text}"
        return f"{self.names[text]}({', '.join(arguments)});"

    def _print(self, printer: Printer, nest: AnyNest, per_sample: bool) -> None:
        parts = self.layout.parts if per_sample else 1
        if isinstance(nest, Listing):
            print_listing(printer, nest, parts)
        elif isinstance(nest, Lookup):
            print_lookup(printer, nest, parts, self.places.narrow)
        elif per_sample and any(s.access.block in self.places.narrow for s in nest.stores()):
            print_dense(printer, nest, self.layout.lanes, parts)
        else:
            wide = widened(nest, parts)
            (print_product if isinstance(wide.head, Product) else print_rows)(printer, wide)

    def _name(self, nest: AnyNest) -> str:
        """An identifier that says whose kernel it is, and is nobody else's."""
        scope = re.sub(r"[^A-Za-z0-9_]+", "_", nest.scope)
        kind = nest.kind.replace("Z", "") if isinstance(nest, Nest) else ""
        base = "_".join(filter(None, ["layer" if scope else "loss", scope, kind]))
        return numbered(base, set(self.names.values()))


def _comment(text: str) -> str:
    """Words that cannot end a comment: there is no star in them."""
    return re.sub(r"[^\w ×·+()=,.ᵀ'/-]", " ", text)
