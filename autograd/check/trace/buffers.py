"""Memory that several views share, and of which node each of its entries is.

Entries that depend on no input have no node: their numbers are those in memory, whoever wrote them.
"""

from typing import Any

import numpy as np
from numpy import arange, array, asarray, full, zeros  # as they are: np's may be exchanged

from .nodes import Addresses, Gather, Node, constant
from .recording import Recording
from .source import Site

FIRST = zeros((), np.intp)


class Buffer:
    """An array in memory. Either all of it is `node`, in order, or each entry is one of `nodes`."""

    def __init__(self, memory: Any, recording: Recording, node: Node | None = None) -> None:
        self.memory, self.recording = memory, recording  # an address counts its entries in order
        self.node = node if node is not None and node.varies else None
        self.nodes: list[Node] = []
        self.source = self.at = zeros(0, np.intp)  # which of the nodes (-1: none), where in it
        self.found: dict[Any, Node] = {}  # what was read since the last write
        self.entries: dict[int, Node] = {}  # likewise, one by one
        self.site: Site | None = None  # of the last write
        self._flat: Addresses | None = None

    @property
    def varies(self) -> bool:
        """Whether an entry depends on an input."""
        return self.node is not None or bool(self.nodes)

    @property
    def flat(self) -> Addresses:
        """The numbers from 0 on, of which all addresses that are shown are views."""
        if self._flat is None:
            self._flat = arange(self.memory.size)
        return self._flat

    @property
    def order(self) -> Addresses:
        """The addresses of all entries."""
        return self.flat.reshape(self.memory.shape)

    def located(self, view: Any) -> Addresses | None:
        """The addresses of a view, by its pointer and strides; None if it is not in this memory."""
        memory, item = self.memory, self.memory.itemsize
        if not memory.flags.c_contiguous or view.itemsize != item:
            return None
        start = view.__array_interface__["data"][0] - memory.__array_interface__["data"][0]
        if not 0 <= start < memory.nbytes:
            return None
        size = self.flat.itemsize
        strides = tuple(stride // item * size for stride in view.strides)
        return np.ndarray(view.shape, np.intp, self.flat, start // item * size, strides)

    def write(self, places: Addresses, node: Node, at: Addresses) -> None:
        """From now on the entries at `places` are those of a node at the addresses `at`."""
        if not (node.varies or self.varies):
            return  # in memory already
        self.found, self.entries, self.site = {}, {}, self.recording.here()
        if places.size == self.memory.size == node.value.size and _in_order(places, at):
            self.node, self.nodes = (node if node.varies else None), []
            return
        self._open()
        if node.varies:
            if not self.nodes or self.nodes[-1] is not node:
                self.nodes.append(node)
            self.source.flat[places], self.at.flat[places] = len(self.nodes) - 1, at
        else:
            self.source.flat[places] = -1

    def write_entry(self, k: int, node: Node) -> None:
        """The same for one entry, and a number."""
        if node.varies or self.varies:
            self.found, self.site = {}, self.recording.here()
            self.entries.pop(k, None)
            self._open()
            if node.varies:
                self.nodes.append(node)
            self.source[k], self.at[k] = (len(self.nodes) - 1 if node.varies else -1), 0

    def _open(self) -> None:
        """Go over to a node for each entry."""
        if self.node is not None or not self.nodes:
            self.source = full(self.memory.size, -1 if self.node is None else 0)
            self.at = arange(self.memory.size)
            self.nodes, self.node = ([] if self.node is None else [self.node]), None

    def read(self, places: Addresses, what: str) -> Node:
        """The node of the entries at `places`, as they are now."""
        if not places.size or not self.varies:
            return constant(self.memory.reshape(-1)[places])
        if places.base is not self._flat:
            return self._gathered(places, what)
        key = int(places.flat[0]), places.shape, places.strides
        if key not in self.found:
            self.found[key] = self._gathered(places, what)
        return self.found[key]

    def entry(self, k: int) -> Node:
        """The node of one entry."""
        if k not in self.entries:
            node, at = self.node, k
            if node is None:
                if self.source[k] < 0:
                    return constant(self.memory.flat[k])
                node, at = self.nodes[self.source[k]], int(self.at[k])
            self.entries[k] = node if node.value.ndim == 0 else self._number(node, at)
        return self.entries[k]

    def _number(self, node: Node, at: int) -> Node:
        value = node.value.reshape(-1)[at : at + 1].reshape(())
        return self.recording.add(Gather("part", FIRST, array(at)), node, value=value)

    def _gathered(self, places: Addresses, what: str) -> Node:
        if self.node is not None:
            return self._part(self.node, places, what)
        source, at = self.source[places], self.at[places]
        numbers = asarray(self.memory.reshape(-1)[places], np.float64)
        used = np.unique(source)
        if len(used) == 1:
            return constant(numbers) if used[0] < 0 else self._part(self.nodes[used[0]], at, what)
        plain, used = source < 0, used[used >= 0]
        nodes = [self.nodes[k] for k in used]
        source = np.where(plain, -1, np.searchsorted(used, source))
        if np.any(numbers[plain]):
            at = np.where(plain, arange(at.size).reshape(at.shape), at)
            source[plain] = len(nodes)
            nodes.append(constant(numbers))
        return self.recording.add(Gather("assignment", source, at), *nodes, site=self.site)

    def _part(self, node: Node, at: Addresses, what: str) -> Node:
        """Some entries of a node, or the node itself."""
        if at.shape == node.value.shape and _in_order(at, arange(at.size)):
            return node
        return self.recording.add(Gather(what, zeros(at.shape, np.intp), at), node)


def _in_order(places: Addresses, at: Addresses) -> bool:
    """Whether both count from 0 on."""
    if places.size == 1:
        return not places.any() and not at.any()
    numbers = arange(places.size)
    return bool((places.ravel() == numbers).all() and (at.ravel() == numbers).all())
