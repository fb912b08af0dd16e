"""The library of operations: right passes are right, each mistake is one of its own."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from mutants import CASES

from autograd.check.catalogue import OPERATIONS, PLAIN, mistaken

LABELS = [f"{case.operation.name}: {case.name}" for case in CASES]


def of(operation):
    return [case for case in CASES if case.operation is operation]


def central(case, upstream, name, h=1e-5):
    """Σ upstream·∂y/∂(the input of this name), by central differences."""
    x = np.asarray(case.inputs[name], float)
    found = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        ends = []
        for step in (h, -h):
            moved = x.copy()
            moved[at] += step
            ends.append(np.asarray(case.forward(**{**case.inputs, name: moved})))
        found[at] = (upstream * (ends[0] - ends[1])).sum() / (2 * h)
    return found


def same(a, b):
    return all(np.allclose(a[name], b[name], rtol=1e-6, atol=1e-9) for name in b)


SMOOTH = [n for n, case in enumerate(CASES) if "ties" not in case.name]


@pytest.mark.parametrize("case", [CASES[n] for n in SMOOTH], ids=[LABELS[n] for n in SMOOTH])
def test_the_right_backward_pass_agrees_with_central_differences(case):
    """An ε in the logarithm of a softmax is left out of the pass, as everybody does."""
    upstream, left_out = case.upstream(), case.operation.name == "softmax and cross-entropy"
    slack = 1e-7 + 1e2 * case.reading.options.get("eps", 0.0) * left_out
    for name, gradient in case.backward(upstream, **case.inputs).items():
        true = central(case, upstream, name)
        assert gradient.shape == true.shape
        assert np.abs(gradient - true).max() <= slack * max(1, np.abs(true).max()), name


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_every_mistake_shows_on_three_inputs_and_where_it_says(operation):
    shown = dict.fromkeys((m.name for m in operation.mistakes), 0)
    for case in of(operation):
        upstream = case.upstream()
        right = case.backward(upstream, **case.inputs)
        for mistake in operation.mistakes:
            wrong = case.wrong.get(mistake.name, case.backward)(upstream, **case.inputs)
            roles = {r for r, n in case.reading.roles.items() if n in wrong}
            changed = {
                r
                for r in roles
                if not np.allclose(
                    wrong[case.reading.roles[r]],
                    right[case.reading.roles[r]],
                    rtol=1e-6,
                    atol=1e-9,
                )
            }
            assert changed <= operation.touched(mistake), (case.name, mistake.name)
            shown[mistake.name] += bool(changed)
    assert {name: n for name, n in shown.items() if n < 3} == {}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_no_two_mistakes_are_one(operation):
    """Each pair of mistakes gives two gradients on at least one of the inputs where both show."""
    apart = set()
    for case in of(operation):
        upstream = case.upstream()
        right = case.backward(upstream, **case.inputs)
        tried = {name: wrong(upstream, **case.inputs) for name, wrong in case.wrong.items()}
        shown = {name: g for name, g in tried.items() if not same(g, right)}
        apart |= {(a, b) for a, b in combinations(shown, 2) if not same(shown[a], shown[b])}
    names = [m.name for m in operation.mistakes]
    assert [pair for pair in combinations(names, 2) if pair not in apart] == []


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_mistakes_come_singly_then_in_pairs_and_each_changes_something(operation):
    case = of(operation)[0]
    upstream = case.upstream()
    right, counts = case.backward(upstream, **case.inputs), []
    for mistakes, wrong in mistaken(case.reading, upstream):
        counts.append(len(mistakes))
        assert not same(wrong, right)
        assert all(wrong[name].shape == np.shape(x) for name, x in right.items())
    assert counts == sorted(counts)
    assert set(counts) <= {1, 2}
    assert all(len(m) == 1 for m, _ in mistaken(case.reading, upstream, pairs=False))


def test_the_readme_says_how_many_mistakes_there_are():
    count = sum(len(operation.mistakes) for operation in PLAIN)
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    assert f"one of {count} known mistakes in {len(PLAIN)} operations" in readme


def test_each_mistake_has_a_name_of_its_own_words_and_algebra():
    for operation in OPERATIONS:
        names = [m.name for m in operation.mistakes]
        assert len(set(names)) == len(names)
        for mistake in operation.mistakes:
            assert mistake.remark
            assert "=" in operation.remedy(mistake)
            assert operation.touched(mistake) <= {*operation.roles}


def test_every_operation_has_three_cases():
    assert all(len(of(operation)) >= 3 for operation in OPERATIONS)


def test_a_name_that_no_mistake_has_is_an_error():
    with pytest.raises(KeyError, match="dw-divided"):
        OPERATIONS[0].mistake("dw-divided")
