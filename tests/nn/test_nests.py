"""What nested tuples, lists and dicts hold, and others of the same form."""

from typing import NamedTuple

from nn.nests import flattened, formed


class Pair(NamedTuple):
    y: object
    h: object


def test_what_a_nest_holds_is_named_by_places_and_keys_in_order():
    nest = Pair({"a": 1.0, "b": [2.0]}, (None, ()))
    named = [("state.0.a", 1.0), ("state.0.b.0", 2.0), ("state.1.0", None)]
    assert [*flattened(nest, "state")] == named


def test_what_is_no_nest_is_all_that_it_holds():
    assert [*flattened("text", "x")] == [("x", "text")]


def test_another_nest_has_the_same_form_even_of_named_tuples():
    found = formed(Pair({"a": 1}, [2, (3, 4)]), lambda n: n * 10)
    assert found == Pair({"a": 10}, [20, (30, 40)])
    assert type(found) is Pair
