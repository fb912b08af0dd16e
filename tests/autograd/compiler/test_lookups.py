"""Looking entries up by numbers: programs do what eager mode does, on every backend."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import BACKENDS, batch, check, everywhere, parameter

import autograd
from autograd import Tensor, einsum, gather, grad, log_softmax, maximum, where

pytestmark = [pytest.mark.usefixtures("backend"), everywhere]
IDS = np.array([[0, 3, 3], [2, -1, 0], [1, 1, 1], [-4, 2, 3]])


def functions():
    """{name: (function, batches, parameters)}."""
    w, v, u = parameter(4, 2), parameter(4), parameter(2, 4, 3)
    x = batch(4, 5)
    return {
        "rows of a table": (lambda i: (w[i] ** 2).sum(), [IDS], [w]),
        "an entry of a vector": (lambda i: v[i] * v[i].exp(), [IDS[:, 0]], [v]),
        "columns": (lambda i: (w.T[:, i] ** 3).sum(), [IDS], [w]),
        "a table in the middle": (lambda i: (u[:, i] ** 2).sum(), [IDS], [u]),
        "among known ones": (lambda i: (w[[i, 1, i, 0]] ** 2).sum(), [IDS[:, 1]], [w]),
        "one index for each row": (lambda i: (u[[0, 1, 0], i, [2, 0, 1]] ** 2).sum(), [IDS], [u]),
        "two unknown": (lambda i, j: (u[:, i, j] ** 2).sum(), [IDS[:, 0], IDS[:, 0] % 3], [u]),
        "of what a sample is": (lambda x, i: (x[i] * x[:3]).sum() * v[0], [x, IDS], [v]),
        "of what was computed": (lambda i: ((w * w).tanh()[i] * w[0]).sum(), [IDS], [w]),
        "an index that was computed": (lambda i: (v[i + 1] ** 2).sum(), [IDS % 3], [v]),
        "an index from a choice": (lambda x: (v[where(x > 0, 1.0, 2.0)] * x).sum(), [x], [v]),
        "gathered along an axis": (
            lambda i: (gather(w, 1, [[i[0], 0], [0, i[1]], [1, 1], [i[2], i[0]]]) ** 2).sum(),
            [IDS % 2],
            [w],
        ),
        "class by class": (
            lambda x, t: -log_softmax(einsum("kd,d->k", w, x[:2]))[t],
            [x, IDS[:, 2]],
            [w],
        ),
        "tied to the way out": (
            lambda i, t: -log_softmax(einsum("kd,td->tk", w, w[i].tanh()))[[0, 1, 2], t].sum(),
            [IDS, IDS[::-1]],
            [w],
        ),
        "a slope of a slope": (
            lambda i: (grad((w[i] ** 3).sum(), [w])[0] * w).sum(),
            [IDS],
            [w],
        ),
    }


@pytest.mark.parametrize("name", functions())
def test_a_program_does_what_eager_mode_does(name):
    function, batches, parameters = functions()[name]
    check(function, batches, parameters, dtypes=("float64", "float32"))


@settings(max_examples=15)
@given(st.data())
def test_any_table_and_any_indices(data):
    """Sizes from 1 on, entries that nobody names, and more samples than a tile has."""
    n, d, length, samples = (data.draw(st.integers(1, k)) for k in (6, 5, 4, 20))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    w = parameter(n, d)
    ids = rng.integers(-n, n, (samples, length))
    backend = data.draw(BACKENDS)
    check(lambda i: (w[i] ** 2).sum() + w[i[0]].sum(), [ids], [w], backend=backend)


def test_many_threads_add_to_the_same_rows():
    w = parameter(5, 3)
    ids = np.random.default_rng(0).integers(0, 5, (300, 40))
    options = {"parameters": [w], "threads": 4, "dtype": "float64"}
    program = autograd.compile(lambda i: w[i].sum(), ids[0], **options)
    _, (found,) = program.value_and_grad(ids)
    counts = np.bincount(ids.ravel(), minlength=5) / 300
    np.testing.assert_allclose(found, np.repeat(counts[:, None], 3, 1), rtol=1e-12)


def test_nothing_flows_into_an_entry_that_was_not_named():
    """0·nan and 0·inf never arise: √ of a negative entry has the slope nan, and nobody reads it."""
    w = Tensor([4.0, -1.0, 0.0])
    program = autograd.compile(lambda i: w.sqrt()[i], 0, parameters=[w], dtype="float64")
    value, (slopes,) = program.value_and_grad([0, 0])
    assert (value, slopes.tolist()) == (2.0, [0.25, 0.0, 0.0])


@pytest.mark.parametrize(
    ("i", "x", "said"),
    [
        ([[0, 4]], [1], "argument 0: the index 4 at (0, 1) is not one of 4 entries, 0 to 3"),
        ([[0, 1], [-5, 0]], [1, 1], "argument 0: the index -5 at (1, 0) is not one of 4 entries"),
        ([[0, 0.5]], [1], "argument 0: the index 0.5 at (0, 1) is not one of 4 entries"),
        ([[0, np.nan]], [1], "argument 0: the index nan at (0, 1) is not one of 4 entries"),
        ([[2**60, 0]], [1], f"argument 0: the index {2**60} at (0, 0) is not one of 4 entries"),
    ],
)
def test_a_batch_with_an_index_that_names_no_entry_is_refused(i, x, said):
    w = parameter(4)
    program = autograd.compile(lambda i, x: (w[i] * x).sum(), [0, 0], 1.0, parameters=[w])
    for run in (program, program.value_and_grad):
        with pytest.raises(IndexError, match=re.escape(said)):
            run(i, x)
    assert program([[1, -1]], [2.0]) == pytest.approx(2 * (w.values[1].data + w.values[3].data))


def test_an_index_that_was_computed_and_names_no_entry_gives_nan_and_no_slope():
    w = parameter(3)
    program = autograd.compile(lambda i: w[i * 1.0], 0, parameters=[w], dtype="float64")
    assert np.isnan(program([3.0, 0.5, -4.0])).all()
    value, (slopes,) = program.value_and_grad([3.0, 1.0])
    assert np.isnan(value)
    assert slopes.tolist() == [0.0, 0.5, 0.0]


def test_an_example_is_a_shape_and_need_not_name_an_entry():
    w = parameter(3)
    program = autograd.compile(lambda i: w[i], 7.5, parameters=[w])
    assert program([2]) == pytest.approx(w.values[2].data)


def test_a_program_in_words_says_what_is_looked_up_and_where():
    w = parameter(4, 2).rename("wte")
    program = autograd.compile(lambda i: w[i].sum(), [0, 0, 0], parameters=[w])
    said = str(program)
    assert "6 numbers looked up  in wte by 3 indices" in said
    assert "6 adjoints    added to the entries of wte that were named" in said
    assert "looked up" in program.explain()


def test_largest_of_rows_that_were_looked_up():
    """An extreme and a lookup, one behind the other, agree on who takes the adjoint."""
    w = parameter(4, 2)
    check(lambda i: maximum(w[i[0]], w[i[1]]).sum() + w[i].max(), [IDS], [w])
