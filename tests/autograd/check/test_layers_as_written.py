"""Right layers as people write them are right at the first try, and no gradient is left out."""

import copy

import pytest
from layers_of_attention import ATTENTION
from layers_of_caches import CACHES
from layers_of_cells import CELLS
from layers_of_frameworks import FRAMEWORKS
from layers_of_functions import FUNCTIONS
from layers_of_parts import PARTS
from layers_of_sequences import SEQUENCES
from layers_of_several import SEVERAL
from layers_of_steps import STEPS
from layers_of_wrapped import WRAPPED
from right_layers import copied, deviation, random_like, size

from autograd import check_layer

TABLES = CELLS, SEQUENCES, STEPS, ATTENTION, SEVERAL, FUNCTIONS, CACHES, PARTS, WRAPPED, FRAMEWORKS
ALL = {name: right for table in TABLES for name, right in table.items()}


def test_no_name_is_given_twice():
    assert len(ALL) == sum(map(len, TABLES))


@pytest.mark.parametrize("name", ALL)
def test_the_layer_is_right_by_slopes_measured_by_hand(name):
    assert deviation(ALL[name]) < 1e-6


@pytest.mark.parametrize("name", ALL)
def test_the_layer_is_called_as_it_is(name):
    right = ALL[name]
    outputs, backward = right.hand(copy.deepcopy(right.layer), **copied(right.given))
    gradients = backward(*map(random_like, outputs))
    report = check_layer(right.layer, right.x, probe=False, options=right.options, **right.settings)
    assert report.ok, report
    assert report.findings == []
    checked = sum(g.claimed.size for g in report.gradients.values())
    assert checked >= sum(map(size, gradients.values())), report
