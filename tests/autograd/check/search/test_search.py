"""The search over changes of a recorded reverse pass: what it finds, and what it does not say."""

import numpy as np
import pytest
from searched import FORWARDS, steps_of

from autograd.check.search.search import KINDS, Claim, search

SECONDS = 60.0  # enough for all: the clock must not decide a test


def claims(steps, gradients):
    return {
        name: Claim(
            g, not np.allclose(g, steps.true[name], 1e-8, 1e-11), np.ones(g.shape, bool), 1e-9
        )
        for name, g in gradients.items()
    }


def every(steps):
    return [change for kind in KINDS for change in kind(steps)]


def given_by(steps, *changes):
    """The gradients that changes give, by a whole reverse pass in which they are made."""
    made = {node: sends for change in changes for node, sends in change.made().items()}
    adjoints = {steps.record.output: steps.upstream}
    with np.errstate(all="ignore"):
        for node in steps.record.live:
            if node in adjoints:
                g = adjoints[node]
                for x, part in made[node](g) if node in made else node.sends(g):
                    adjoints[x] = adjoints.get(x, 0.0) + part
    found = steps.record.of_inputs(adjoints)
    return found | {n: g for change in changes for n, g in change.instead.items()}


def is_usable(steps, gradients):
    """Whether they are finite, of the right shapes, and not the true ones."""
    same = [np.allclose(g, steps.true[n], 1e-6, 1e-9) for n, g in gradients.items()]
    return not all(same) and all(np.isfinite(g).all() for g in gradients.values())


@pytest.mark.parametrize("name", FORWARDS)
def test_following_the_difference_alone_gives_what_a_whole_reverse_pass_gives(name):
    steps = steps_of(name)
    for change in every(steps)[::7]:
        if not change.instead:
            whole = given_by(steps, change)
            with np.errstate(all="ignore"):
                followed = steps.record.changed(steps.adjoints, change.made())
            for role, gradient in whole.items():
                np.testing.assert_allclose(
                    followed[role], gradient, 1e-8, 1e-10, err_msg=change.what
                )


@pytest.mark.parametrize("name", FORWARDS)
def test_what_a_change_gives_is_explained_by_a_change_that_gives_it(name):
    steps = steps_of(name)
    changes = [c for c in every(steps) if is_usable(steps, given_by(steps, c))]
    chosen = np.random.default_rng(0).permutation(len(changes))[:6]
    for change in [changes[k] for k in chosen]:
        wanted = given_by(steps, change)
        found = search(steps, claims(steps, wanted), SECONDS)
        assert found, change.what
        for matches in found[:3]:
            if all(match.factor is None for match in matches):
                told = given_by(steps, *(match.change for match in matches))
                for role, gradient in wanted.items():
                    np.testing.assert_allclose(told[role], gradient, 1e-6, 1e-9)


@pytest.mark.parametrize("name", FORWARDS)
def test_right_gradients_and_noise_are_explained_by_nothing(name):
    steps = steps_of(name)
    assert not search(steps, claims(steps, steps.true), SECONDS)
    rng = np.random.default_rng(4)
    noise = {role: g + 0.1 * rng.standard_normal(g.shape) for role, g in steps.true.items()}
    assert not search(steps, claims(steps, noise), 0.5)


def test_a_mistake_that_would_spoil_a_right_gradient_is_not_named():
    steps = steps_of("gated")
    change = next(c for c in every(steps) if "`z`" in c.what and c.name == "sign")
    wrong = given_by(steps, change)
    mixed = {**steps.true, "W": wrong["W"]}  # U would be wrong too
    found = search(steps, claims(steps, mixed), SECONDS)
    assert all(match.change.what != change.what for matches in found for match in matches)


def test_a_factor_of_an_edge_is_measured():
    steps = steps_of("attention")
    change = next(c for c in every(steps) if c.name == "left out" and "`q @ k.T" in c.what)
    without = given_by(steps, change)
    tripled = {n: steps.true[n] + 2 * (steps.true[n] - without[n]) for n in without}
    (match,), *_ = search(steps, claims(steps, tripled), SECONDS)
    assert match.factor == pytest.approx(3)


def test_two_mistakes_at_once_are_both_told():
    steps = steps_of("recurrent")
    lost = next(c for c in every(steps) if c.name == "not carried")
    once = next(
        c for c in every(steps) if c.name == "sum" and "`b`" in c.what and "first" in c.what
    )
    found = search(steps, claims(steps, given_by(steps, lost, once)), SECONDS)
    assert {match.change.name for match in found[0]} == {"not carried", "sum"}


def test_the_search_ends_in_time():
    steps = steps_of("recurrent")
    rng = np.random.default_rng(4)
    noise = {role: g + rng.standard_normal(g.shape) for role, g in steps.true.items()}
    assert search(steps, claims(steps, noise), 0.0) == []
