"""The examination: backward passes that were written apart from the checker.

A wrong pass that is not listed in not_yet_named.txt must be named; the bar counts those that are.
`python tests/autograd/check/exam/examine.py` prints every report, and what the list has too much.
"""

import numpy as np
import pytest
from examine import NAMED, OTHER, PARTLY, examined, listed
from passes import CASES, RIGHT

BAR = 0.85
LISTED = listed()
FAMILIES = sorted({case.family for case in CASES.values()} - {"pairs"})
BELOW_THE_BAR = (  # each that reaches it is taken out, and stays out
    "attention",
    "embeddings, pooling",
    "losses",
)
WRONG_NAMES = (  # pairs of mistakes of which something else is said
    "gru-cell-reset-twice-forgotten",
    "lstm-cell-slopes-of-i-and-g",
)


def marked(names, xfail, reason):
    """The names as parameters, with those that are known not to pass."""
    strict = pytest.mark.xfail(reason=reason, strict=True)
    return [pytest.param(name, marks=strict if xfail(name) else ()) for name in names]


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_pass_is_right_by_the_examiners_own_slopes(name):
    original = RIGHT[name].original
    for role, (true, claimed) in original.slopes(original.code).items():
        np.testing.assert_allclose(claimed, true, rtol=1e-6, atol=1e-8, err_msg=role)


@pytest.mark.parametrize("name", CASES)
def test_a_changed_pass_differs_in_the_roles_that_it_says(name):
    case = CASES[name]
    differs = {
        role
        for role, (true, claimed) in case.original.slopes(case.code).items()
        if np.shape(true) != np.shape(claimed) or not np.allclose(true, claimed, 1e-4, 1e-5)
    }
    assert differs == case.roles


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_pass_is_called_right(name):
    original = RIGHT[name].original
    original.report(original.code).assert_ok()


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_pass_is_called_wrong_in_its_roles_and_named_unless_it_is_listed(name):
    case = CASES[name]
    answer = examined(case)
    wrong = {role for role, one in answer.report.gradients.items() if one.verdict == "wrong"}
    assert wrong == case.roles, str(answer)
    if case.pair:
        assert name in WRONG_NAMES or answer.outcome not in (PARTLY, OTHER), str(answer)
    else:
        assert name in LISTED or answer.outcome == NAMED, str(answer)


@pytest.mark.parametrize(
    "family", marked(FAMILIES, lambda family: family in BELOW_THE_BAR, "not reached yet")
)
def test_most_passes_of_a_family_are_named(family):
    asked = [case.name for case in CASES.values() if case.family == family]
    named = [name for name in asked if name not in LISTED]
    assert len(named) >= BAR * len(asked)


def test_the_list_has_only_names_of_single_mistakes():
    assert {name for name, case in CASES.items() if not case.pair} >= LISTED
