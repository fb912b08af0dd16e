"""Einstein sums: exact against plain loops, and the fewest nodes that share their operands."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from autograd import Tensor, Value, contraction, einsum
from autograd.graph import nodes, order

SIZES = {"i": 2, "j": 3, "k": 1, "l": 2}


def loops(terms, out, arrays):
    """Σ over all labels, one product at a time: {index of the output: number}."""
    labels = sorted(set("".join(terms)))
    sums = {}
    for place in product(*(range(SIZES[c]) for c in labels)):
        at = dict(zip(labels, place, strict=True))
        term = Fraction(1)
        for names, array in zip(terms, arrays, strict=True):
            for c in names:
                array = array[at[c]]
            term *= array
        key = tuple(at[c] for c in out)
        sums[key] = sums.get(key, 0) + term
    return sums


def filled(shape, numbers):
    if not shape:
        return next(numbers)
    return [filled(shape[1:], numbers) for _ in range(shape[0])]


TERM = st.text("ijkl", min_size=1, max_size=3)


@given(st.lists(TERM, min_size=1, max_size=3), st.data())
def test_every_einsum_is_plain_loops_in_exact_numbers(terms, data):
    labels = sorted(set("".join(terms)))
    out = "".join(data.draw(st.permutations(data.draw(st.lists(st.sampled_from(labels))))))
    assume(len(set(out)) == len(out))
    numbers = iter(Fraction(k * k % 17 - 8, k % 5 + 1) for k in range(10**6))
    arrays = [filled([SIZES[c] for c in term], numbers) for term in terms]
    result = einsum(f"{','.join(terms)}->{out}", *map(Tensor, arrays))
    for key, expected in loops(terms, out, arrays).items():
        assert (result[key] if key else result).data == expected


@pytest.mark.parametrize(
    ("subscripts", "shapes", "count"),
    [
        ("ij->ji", [(2, 3)], 0),  # a transposition makes no node
        ("ii->i", [(3, 3)], 0),  # nor does a diagonal
        ("ij->ij", [(2, 3)], 0),
        ("ij->i", [(2, 3)], 2),
        ("i,j->ij", [(2,), (3,)], 6),  # a product an entry
        ("ij,jk->ik", [(2, 3), (3, 4)], 8),  # a dot an entry
        ("ij,k->k", [(2, 3), (4,)], 1 + 4),  # the sum over i and j once
        ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 5)], 8 + 10),
        ("i,i,i->", [(3,), (3,), (3,)], 3 + 1),
    ],
)
def test_an_einsum_makes_no_more_nodes_than_entries(subscripts, shapes, count):
    """Every number of the result, and every number in between, is one node."""
    tensors = [Tensor(filled(shape, iter([1.0] * 99))) for shape in shapes]
    result = einsum(subscripts, *tensors)
    roots = result.values if isinstance(result, Tensor) else [result]
    operations = [n for n in nodes(*roots) if n.op is not None]
    leaves = {v for t in tensors for v in t.values}
    assert len(set(operations) - leaves) == count


def test_what_is_not_summed_is_a_product_and_what_is_summed_a_dot():
    x, y = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    assert {v.op.name for v in einsum("i,j->ij", x, y).values} == {"mul"}
    assert {v.op.name for v in einsum("i,i->i", x, y).values} == {"mul"}
    assert einsum("i,i->", x, y).op.name == "dot"
    assert einsum("i->", x).op.name == "sum"


def test_rows_that_two_dots_read_are_one_bundle():
    x, y = Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([[5.0], [6.0]])
    result = einsum("ij,jk->ik", x, y)
    bundles = {n for n in order(*result.values) if n.op is None}
    assert len(bundles) == 3
    assert {b.data for b in bundles} == {(1.0, 2.0), (3.0, 4.0), (5.0, 6.0)}


def test_a_sequence_is_cut_into_rows_each_a_bundle():
    values = [Value(float(k)) for k in range(6)]
    cut = contraction.rows(values, 2)
    assert [r.inputs for r in cut] == [tuple(values[k : k + 2]) for k in (0, 2, 4)]
    assert [r.data for r in cut] == [(0.0, 1.0), (2.0, 3.0), (4.0, 5.0)]
    assert {r.op for r in cut} == {None}
