"""What was recorded with unknown numbers, run on known ones."""

from autograd import Value, graph


def replayed(recorded, numbers):
    """The number of what was recorded with unknown Values, once each of them has its number."""
    if not isinstance(recorded, Value):
        return recorded
    found = dict(numbers)
    for v in graph.nodes(recorded):
        if v not in found:
            found[v] = v.op.forward(*[found[x] for x in v.inputs]) if v.op else v.data
    return found[recorded]
