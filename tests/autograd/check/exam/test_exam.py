"""The examination: backward passes that were written apart from the checker."""

import numpy as np
import pytest
from passes import CASES, RIGHT


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
