"""What one iteration of a nest loads, computes and stores, as lines of C."""

from collections.abc import Callable

from ....dialects.c import Speller
from ....dialects.formulas import leaves
from ....value import Value
from .nests import HEAD, Access, Nest, Result, Store
from .printer import Printer


class Iteration:
    """One iteration: `at` gives the address of an access, `head` is the name of the head's number,
    and `totals` those of what is added up over several iterations, by the stores it is for.
    """

    def __init__(
        self,
        printer: Printer,
        nest: Nest,
        at: Callable[[Access], str],
        head: str = "",
        totals: dict[int, str] | None = None,
    ) -> None:
        self.printer, self.nest, self.at = printer, nest, at
        self.totals = totals or {}
        self.speller = Speller(printer.dtype, printer.used, printer.fresh)
        self.found: dict[Result, str] = {HEAD: head}
        self.known: list[dict[Value, str]] = [{} for _ in nest.parts]
        self.masks: list[dict[Value, str]] = [{} for _ in nest.parts]
        self.passed = {
            source
            for part in nest.parts
            for source in part.sources.values()
            if isinstance(source, Result)
        }
        self._loaded: dict[str, str] = {}

    def print(self) -> None:
        """Loads and formulas first, then stores in order."""
        for place in self.nest.needed():
            self.found[place] = self._value(place)
        for text in self.speller.lines:
            self.printer.line(text)
        for p, part in enumerate(self.nest.parts):
            for k, store in enumerate(part.stores):
                if store.live:
                    self._store(store, Result(p, k))

    def _value(self, place: Result) -> str:
        """The name of what a store of a part stores."""
        part, names = self.nest.parts[place.part], self.known[place.part]
        store = part.stores[place.store]
        used = leaves(store.formula)
        for leaf, source in part.sources.items():
            if leaf in used:
                found = self._load(source) if isinstance(source, Access) else self.found[source]
                names[leaf] = found
        text = self.speller.spell(store.formula, names, self.masks[place.part])
        if store.adds and place in self.passed:  # others take over the sum, not the summand
            text = self.speller.added(self._load(store.access), text)
        return text

    def _load(self, access: Access) -> str:
        text = self.printer.load(access, self.at(access))
        if text not in self._loaded:
            self._loaded[text] = self.printer.fresh()
            self.speller.lines.append(f"vector {self._loaded[text]} = {text};")
        return self._loaded[text]

    def _store(self, store: Store, place: Result) -> None:
        value = self.found[place]
        if id(store) in self.totals:
            self.printer.line(f"{self.totals[id(store)]} += {value};")
        else:
            adds = store.adds and place not in self.passed
            written = Store(store.access, store.formula, adds)
            self.printer.store(written, self.at(store.access), value)
