"""Chains of `+` become sums, and sums of products become dots.

People write `w1*x1 + w2*x2 + b`. Where nobody else reads the sums and products in between, that is
one dot, and the dots of a layer may turn out to be a matrix product. (Where all products are -0,
their sum is -0 and their dot 0, as a dot starts from 0.)
"""

from ...primitives import PRIMITIVES
from .tape import DOT, Tape

ADD, MUL, SUM = (PRIMITIVES[name] for name in ["add", "mul", "sum"])


def fold(tape: Tape) -> None:
    """Rewrite the chains of a tape in place; what they absorb leaves the schedule."""
    uses = _uses(tape)
    inner = {
        c
        for p in tape.schedule
        if tape.op[p] is ADD
        for c in tape.args[p]
        if tape.op[c] is ADD and uses[c] == 1 and tape.scope[c] == tape.scope[p]
    }
    dead: set[int] = set()
    schedule: list[int] = []
    for root in tape.schedule:
        if tape.op[root] is ADD and root not in inner:
            schedule += _folded(tape, root, inner, uses, dead)
        schedule.append(root)
    tape.schedule = [k for k in schedule if k not in dead]


def _uses(tape: Tape) -> list[int]:
    """How many operations and outputs read each number; entries of bundles count as many."""
    uses = [0] * len(tape.op)
    for bundle in tape.bundles:
        for i in bundle:
            uses[i] += 2
    for k in tape.schedule:
        for i, is_bundle in tape.operands(k):
            uses[i] += not is_bundle
    for output in tape.outputs:
        for i in output:
            uses[i] += 2
    return uses


def _folded(tape: Tape, root: int, inner: set[int], uses: list[int], dead: set[int]) -> list[int]:
    """Make `root` the sum of its chain's terms; return what must come before it."""
    terms, sums = _terms(tape, root, inner)
    scope = tape.scope[root]
    products = [t for t in terms if tape.op[t] is MUL and uses[t] == 1 and tape.scope[t] == scope]
    if len(products) < 2 and len(terms) < 4:
        return []
    dead.update(sums)
    before = []
    if len(products) >= 2:
        dead.update(products)
        taken = set(products)
        terms = [t for t in terms if t not in taken and tape.constants.get(t) != 0]
        pairs = [_oriented(tape, *tape.args[t]) for t in products]
        operands = tuple(tape.bundle(side) for side in zip(*pairs, strict=True))
        dependence = max(tape.bundle_dependence[b] for b in operands)
        if not terms:
            tape.op[root], tape.args[root] = DOT, operands
            return []
        dot = tape.new(DOT, operands, scope, dependence)
        before.append(dot)
        terms = [dot, *terms]
    if len(terms) == 2:
        tape.args[root] = (terms[0], terms[1])
    else:
        tape.op[root], tape.args[root] = SUM, (tape.bundle(tuple(terms)),)
    return before


def _terms(tape: Tape, root: int, inner: set[int]) -> tuple[list[int], list[int]]:
    """What a chain adds, from left to right, and its sums in between."""
    terms, sums, stack = [], [], [*tape.args[root][::-1]]
    while stack:
        k = stack.pop()
        if k in inner:
            sums.append(k)
            stack += tape.args[k][::-1]
        else:
            terms.append(k)
    return terms, sums


def _oriented(tape: Tape, a: int, b: int) -> tuple[int, int]:
    """A weight on the left of what depends on the sample."""
    return (b, a) if tape.dependence[a] > tape.dependence[b] else (a, b)
