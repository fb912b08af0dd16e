"""What vectors of samples ask of a nest: several side by side, or weights along the inputs."""

from dataclasses import replace

from .nests import Access, AnyNest, Nest, Part, Product


def dense(n: AnyNest, lanes: int) -> bool:
    """Whether a nest is the gradient of a matrix of weights that each sample uses once.

    Summing such a product in a vector of samples for each weight would move eight times the
    weights through memory for every tile; it is laid along the inputs instead: Z̄·Xᵀ, X turned.
    """
    if (
        not isinstance(n, Nest)
        or not isinstance(n.head, Product)
        or n.inner
        or len(n.dims) != 2
        or len(n.parts) != 1
    ):
        return False
    (store,) = n.parts[0].stores if len(n.parts[0].stores) == 1 else (None,)
    left, right = n.head.left, n.head.right
    if store is None or store.access.block.batched or not left.block.batched:
        return False
    return (
        right.block.batched
        and store.access.steps[1] == 1
        and left.steps[1] == right.steps[0] == 0
        and n.dims[1] % lanes == 0
        and n.dims[1] >= 4 * lanes
        and store.access.steps[0] % lanes == store.access.offset % lanes == 0
    )


def widened(n: Nest, parts: int) -> Nest:
    """A nest over several vectors of samples that lie side by side: another dimension."""
    accesses = [*n.loads(), *(store.access for store in n.stores())]
    if parts == 1 or not any(access.block.batched for access in accesses):
        return n
    summed = n.head is not None and not any(s.access.block.batched for s in n.stores())
    dims, inner = (n.dims, (*n.inner, parts)) if summed else ((*n.dims, parts), n.inner)
    heads = {id(access) for access in n.head_accesses()}
    at = len(n.dims) + len(n.inner) if summed else len(n.dims)

    def wide(a: Access) -> Access:
        times = parts if a.block.batched else 1
        steps = [step * times for step in a.steps]
        if not summed or id(a) in heads:
            steps.insert(at, int(a.block.batched))
        return replace(a, offset=a.offset * times, steps=tuple(steps))

    parts_ = [Part(dict(p.sources), [replace(s) for s in p.stores]) for p in n.parts]
    made = replace(n, dims=dims, inner=inner, parts=parts_)
    made.transform(wide)
    return made
