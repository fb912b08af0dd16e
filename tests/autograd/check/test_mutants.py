"""The checker's own examination: every mistake that the library can switch on is caught and named,
and the right backward passes of the same operations raise no alarm.
"""

import numpy as np
import pytest
from mutants import CASES

from autograd import check_gradients

OPERATIONS = [
    "dense", "convolution", "max pooling", "average pooling", "relu", "softmax",
    "softmax and cross-entropy", "batch normalisation", "dropout", "upsampling",
]  # fmt: skip


def changes(case, wrong):
    """Whether a mistake makes a difference on these inputs."""
    upstream = case.upstream()
    upstream = upstream if upstream.ndim else 1.0  # as the checker does
    right, other = (f(upstream, **case.inputs) for f in (case.backward, wrong))
    return any(
        np.shape(right[k]) != np.shape(other[k])
        or not np.allclose(right[k], other[k], rtol=1e-7, atol=1e-12)
        for k in right
        if other.get(k) is not None
    )


def size(case):
    return sum(np.size(x) for x in case.inputs.values())


def chosen(operation, times=3):
    """(case, mistake): each mistake of an operation on its smallest cases that show it."""
    found, counts = [], {}
    for case in sorted((c for c in CASES if c.operation.name == operation), key=size):
        for name, wrong in case.wrong.items():
            if counts.get(name, 0) < times and changes(case, wrong):
                counts[name] = counts.get(name, 0) + 1
                found.append((case, name))
    return found


def names(report):
    """The mistakes that a report names, each finding's alternatives apart."""
    return {name for finding in report.findings for name in finding.name.split(" | ")}


def listed():
    return sorted({case.operation.name for case in CASES})


def test_the_suite_is_as_large_as_it_should_be():
    covered = {op: {name for _, name in chosen(op)} for op in listed() if op in OPERATIONS}
    assert len(covered) >= 8
    assert sum(map(len, covered.values())) >= 60


@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize("operation", [op for op in listed() if op in OPERATIONS])
def test_every_mistake_is_caught_and_named(operation, part):
    for case, name in chosen(operation)[part::3]:
        report = check_gradients(case.forward, case.inputs, case.wrong[name])
        slight = any(found.how.startswith("up to") for found in report.gradients.values())
        assert report.verdict == "wrong" or slight, (case.name, name)  # a small ε left out is right
        assert name in names(report), (case.name, name, names(report))


@pytest.mark.parametrize("operation", listed())
def test_right_backward_passes_raise_no_alarm(operation):
    for case in CASES:
        if case.operation.name == operation:
            report = check_gradients(case.forward, case.inputs, case.backward)
            assert report.ok, (case.name, str(report))


@pytest.mark.parametrize("operation", ["dense", "convolution", "batch normalisation", "relu"])
def test_two_mistakes_at_once_are_caught_and_never_misnamed(operation):
    rng = np.random.default_rng(1)
    cases = sorted((c for c in CASES if c.operation.name == operation), key=size)[:4]
    for case in cases:
        switches = sorted(case.wrong)
        for _ in range(8):
            pair = tuple(rng.choice(switches, 2, replace=False))

            def backward(upstream, case=case, pair=pair, **inputs):
                return case.reading.backward(upstream, pair)

            if not changes(case, backward):
                continue
            report = check_gradients(case.forward, case.inputs, backward)
            assert report.verdict == "wrong", (case.name, pair)
            for checked in report.gradients.values():
                if checked.verdict == "wrong" and not checked.findings:
                    assert "unexplained" in str(report)
