"""The checker's own examination: every mistake in the catalogue is caught and named, and the right
backward passes of the same operations raise no alarm.
"""

from itertools import combinations

import numpy as np
import pytest
from mutants import CASES

from autograd import check_gradients
from autograd.check.catalogue import OPERATIONS

NAMES = sorted(operation.name for operation in OPERATIONS)
SMOOTHED = {f"{layer} and {f}" for layer in ("dense", "convolution") for f in ("sigmoid", "tanh")}
FORMS = {
    **dict.fromkeys(["grouped convolution", "convolution by a matrix"], "convolution"),
    **dict.fromkeys([f"squared error of {f}" for f in ("sigmoid", "tanh", "softmax")],
                    "squared error"),
}  # fmt: skip
KNOWN = {operation.name: {m.name for m in operation.mistakes} for operation in OPERATIONS}


def size(case):
    return sum(np.size(x) for x in case.inputs.values())


def smallest(operation):
    """The cases of an operation by its name, the smallest first."""
    found = sorted((case for case in CASES if case.operation.name == operation), key=size)
    assert found, operation
    return found


def changes(case, wrong):
    """Whether a mistake makes a difference on these inputs."""
    upstream = case.upstream()
    upstream = upstream if upstream.ndim else 1.0  # as the checker does
    right, other = (f(upstream, **case.inputs) for f in (case.backward, wrong))
    return any(not np.allclose(right[k], other[k], rtol=1e-7, atol=1e-12) for k in right)


def chosen(operation):
    """{mistake: the smallest case of an operation that shows it}."""
    found = {}
    for case in smallest(operation):
        for name, wrong in case.wrong.items():
            if name not in found and changes(case, wrong):
                found[name] = case
    return found


def caught(report):
    """Whether it is wrong, or right up to a small ε that was left out."""
    slight = any(checked.how.startswith("up to") for checked in report.gradients.values())
    return report.verdict == "wrong" or slight


def own(operation):
    """An operation's mistakes; of a layer with a smooth activation, those that the layer lacks.

    The others are asked through relu, and of the layer alone; those of a convolution once for all
    forms of its kernels.
    """
    alone = operation.partition(" and ")[0] if operation in SMOOTHED else FORMS.get(operation)
    return KNOWN[operation] - KNOWN.get(alone, set())


def told(checked):
    """The explanations of a gradient, each as the names of the mistakes that it puts together."""
    alternatives = [finding.name.split(" | ") for finding in checked.findings]
    return [set(each.split(" + ")) for several in alternatives for each in several]


@pytest.mark.parametrize("operation", NAMES)
def test_every_mistake_is_caught_and_named(operation):
    cases = chosen(operation)
    assert set(cases) == KNOWN[operation]
    for name in sorted(own(operation)):
        case = cases[name]
        report = check_gradients(case.forward, case.inputs, case.wrong[name])
        assert caught(report), (case.name, name)
        said = [each for checked in report.gradients.values() for each in told(checked)]
        assert {name} in said, (case.name, name, said)


@pytest.mark.parametrize("operation", NAMES)
def test_right_backward_passes_raise_no_alarm(operation):
    for case in smallest(operation):
        report = check_gradients(case.forward, case.inputs, case.backward)
        assert report.ok, (case.name, str(report))


def alike(case, first, second, name):
    """Whether two sets of mistakes give an input the same gradient on other numbers too."""
    other = case.again()
    upstream = other.upstream()
    upstream = upstream if upstream.ndim else np.ones(())
    one, two = (other.wrongly(upstream, mistakes)[name] for mistakes in (first, second))
    return np.allclose(one, two, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("operation", [name for name in NAMES if name not in SMOOTHED])
def test_two_mistakes_at_once_are_caught_and_never_misnamed(operation):
    """Mistakes that are told were made, or are the same as those that were made on any numbers.

    What is said of the numbers alone, such as a factor, is true of them and no name.
    """
    rng, known = np.random.default_rng(1), KNOWN[operation]
    for case in smallest(operation)[:2]:
        pairs = list(combinations(case.wrong, 2))
        for pair in (pairs[k] for k in rng.permutation(len(pairs))[:5]):

            def backward(upstream, case=case, pair=pair, **inputs):
                return case.wrongly(upstream, pair, inputs)

            if not changes(case, backward):
                continue
            report = check_gradients(case.forward, case.inputs, backward)
            assert caught(report), (case.name, pair)
            for name, checked in report.gradients.items():
                named = [each for each in told(checked) if each <= known]
                true = [x for x in named if x <= {*pair} or alike(case, x, pair, name)]
                assert true or not named, (case.name, pair, name, named)
