"""Plans of Einstein sums: labels, sizes, and the groups of entries that one dot reads."""

import re

import pytest

from autograd.shapes import einsum_plans as plans


@pytest.mark.parametrize(
    ("subscripts", "shapes", "terms", "out", "sizes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)], ["ij", "jk"], "ik", {"i": 2, "j": 3, "k": 4}),
        ("ij , jk -> ki", [(2, 3), (3, 4)], ["ij", "jk"], "ki", {"i": 2, "j": 3, "k": 4}),
        ("kj,ji", [(2, 3), (3, 4)], ["kj", "ji"], "ik", {"k": 2, "j": 3, "i": 4}),
        ("ii", [(3, 3)], ["ii"], "", {"i": 3}),
        ("i->", [(3,)], ["i"], "", {"i": 3}),
        ("...i->...", [(5, 4, 3)], ["ΒΑi"], "ΒΑ", {"Β": 5, "Α": 4, "i": 3}),
        ("...i", [(5, 3)], ["Αi"], "Αi", {"Α": 5, "i": 3}),
        ("...i,i->...", [(5, 3), (3,)], ["Αi", "i"], "Α", {"Α": 5, "i": 3}),
        ("i...,...->i...", [(2, 1, 3), (4, 1)], ["iΒΑ", "ΒΑ"], "iΒΑ", {"i": 2, "Β": 4, "Α": 3}),
        ("...,...->...", [(3,), (2, 1)], ["Α", "ΒΑ"], "ΒΑ", {"Α": 3, "Β": 2}),
        ("...i,...i->...", [(3,), (2, 3)], ["i", "Αi"], "Α", {"i": 3, "Α": 2}),
    ],
)
def test_labels_and_sizes_are_read(subscripts, shapes, terms, out, sizes):
    assert plans.parse(subscripts, *shapes) == (terms, out, tuple(sizes.items()))


@pytest.mark.parametrize(
    ("subscripts", "shapes", "why"),
    [
        ("i,i", [(2,)], "2 terms for 1 operands"),
        ("i", [(2,), (2,)], "1 terms for 2 operands"),
        ("ij->i", [(2,)], "'ij' does not fit shape (2,)"),
        ("i->i", [(2, 3)], "'i' does not fit shape (2, 3)"),
        ("ij...->i", [(2,)], "'ij...' does not fit shape (2,)"),
        ("ij,jk->ik", [(2, 3), (4, 5)], "label 'j' is 3 and 4"),
        ("ij,jk->ik", [(2, 3), (1, 5)], "label 'j' is 3 and 1"),
        ("ij,jk->ik", [(2, 1), (4, 5)], "label 'j' is 1 and 4"),
        ("...,...->...", [(2,), (3,)], "label 'Α' is 2 and 3"),
        ("i->j", [(2,)], "output 'j' repeats a label or has an unknown one"),
        ("i->ii", [(2,)], "output 'ii' repeats a label or has an unknown one"),
        ("1->", [(2,)], "'1' is no letter"),
        ("i->i...j", [(2,)], "output 'ij' repeats a label or has an unknown one"),
    ],
)
def test_what_does_not_fit_is_told_with_subscripts_and_shapes(subscripts, shapes, why):
    given = ", ".join(map(str, shapes))
    said = f"einsum({subscripts!r}) of shapes {given}: {why}"
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        plans.parse(subscripts, *shapes)


@pytest.mark.parametrize(
    ("own", "other", "out", "kept"),
    [("ij", "jk", "ik", "ij"), ("ij", "k", "k", ""), ("iij", "j", "i", "ij"), ("ij", "", "j", "j")],
)
def test_labels_are_kept_that_somebody_else_has(own, other, out, kept):
    assert plans.kept(own, other, out) == kept


@pytest.mark.parametrize(
    ("labels", "shape", "out", "sizes", "groups", "order"),
    [
        ("ij", (2, 3), "i", {}, [(0, 1, 2), (3, 4, 5)], [0, 1]),
        ("ij", (2, 3), "j", {}, [(0, 3), (1, 4), (2, 5)], [0, 1, 2]),
        ("ij", (2, 3), "", {}, [(0, 1, 2, 3, 4, 5)], [0]),
        ("ji", (2, 3), "", {}, [(0, 3, 1, 4, 2, 5)], [0]),  # summed labels in alphabetical order
        ("ij", (2, 3), "ji", {}, [(0,), (3,), (1,), (4,), (2,), (5,)], [0, 1, 2, 3, 4, 5]),
        ("ii", (3, 3), "i", {}, [(0,), (4,), (8,)], [0, 1, 2]),
        ("ii", (3, 3), "", {}, [(0, 4, 8)], [0]),
        ("i", (2,), "ik", {"k": 3}, [(0,), (1,)], [0, 0, 0, 1, 1, 1]),
        ("i", (2,), "ki", {"k": 3}, [(0,), (1,)], [0, 1, 0, 1, 0, 1]),
        ("Αi", (1, 2), "Α", {"Α": 3}, [(0, 1), (0, 1), (0, 1)], [0, 1, 2]),
    ],
)
def test_a_group_is_what_one_entry_of_the_output_sums(labels, shape, out, sizes, groups, order):
    """Address groups of an operand, and for each entry of the output the number of its group."""
    sizes = {**dict(zip(labels, shape, strict=True)), **sizes}
    found, found_order = plans.groups(labels, shape, out, tuple(sizes.items()))
    assert [group(range(99)) for group in found] == groups
    assert found_order == order
