"""Arguments that are tuples and dicts: the function and batches nest as their examples do."""

import re
from typing import NamedTuple

import numpy as np
import pytest

from autograd import Tensor, Value, compile


class State(NamedTuple):
    """A tuple with names, as programs of their own have it."""

    h: object
    c: object


H, C = np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])


@pytest.mark.parametrize(
    ("example", "read"),
    [
        ((H, C), lambda x: (x[0], x[1])),
        (State(H, C), lambda x: (x.h, x.c)),
        ({"h": H, "c": C}, lambda x: (x["h"], x["c"])),
        ([{"h": H}, (Tensor(C), H)], lambda x: (x[0]["h"], x[1][0])),
        (((H, H), {"c": C}), lambda x: (x[0][1], x[1]["c"])),
        ({"h": [1.0, 2.0], "c": Tensor(C), 3: 1.0}, lambda x: (x["h"], x["c"])),
    ],
)
def test_a_function_is_handed_what_its_example_was(example, read):
    kinds = []

    def function(x, factor):
        kinds.append(type(x))
        h, c = read(x)
        return h.sum() * factor, {"all": (c, h)}

    program = compile(function, example, 2.0, backend="numpy")
    assert kinds == [type(example)]
    batch = batch_of(example)
    total, rest = program(batch, [2.0, 10.0])
    assert total.tolist() == [6.0, 30.0]
    assert rest["all"][0].tolist() == [[3.0, 4.0, 5.0]] * 2


def batch_of(x):
    """Twice the same sample, nested as it is."""
    if isinstance(x, dict):
        return {k: batch_of(part) for k, part in x.items()}
    if hasattr(x, "_make"):
        return x._make(map(batch_of, x))
    if isinstance(x, tuple) or (isinstance(x, list) and isinstance(x[0], dict)):
        return type(x)(map(batch_of, x))
    return [np.array(x.tolist() if isinstance(x, Tensor) else x)] * 2


def test_sequences_of_numbers_are_one_tensor_as_ever():
    def function(x):
        assert isinstance(x, Tensor)
        return x.sum()

    for example in ((1.0, 2.0), [(1.0, 2.0)], [H, H], (Value(1.0), 2.0), [Tensor(H), Tensor(H)]):
        compile(function, example, backend="numpy")


def test_errors_name_the_part():
    program = compile(lambda x: x["state"][1].sum(), {"state": (H, C)}, backend="numpy")
    for batch, error, message in [
        (
            [H, C],
            TypeError,
            "argument 0: must be a dict of 'state', as its example was, got [",
        ),
        ({"h": 1}, TypeError, "argument 0: must be a dict of 'state', as its example was"),
        ({"state": (H,)}, TypeError, "argument 0['state']: must be 2 parts, as its example was"),
        (
            {"state": ([H], C)},
            ValueError,
            "argument 0['state'][1]: a batch must have shape (N, 3), got (3,)",
        ),
        (
            {"state": ([H], [C * np.nan])},
            ValueError,
            "argument 0['state'][1]: the batch has nan at (0, 0)",
        ),
    ]:
        with pytest.raises(error, match=re.escape(message)):
            program(batch)
    with pytest.raises(TypeError, match="takes 1 batches, got 2"):
        program({"state": ([H], [C])}, [1.0])


def test_gradients_go_through_nested_arguments():
    w = Tensor([2.0])
    program = compile(
        lambda x: (x["a"] * w[0] + x["b"][0]).sum(), {"a": H, "b": (C[0], H)}, parameters=[w],
        backend="numpy", dtype="float64",
    )  # fmt: skip
    loss, (gradient,) = program.value_and_grad({"a": [H, 3 * H], "b": ([0.0, 0.0], [H, H])})
    assert (loss, gradient.tolist()) == (12.0, [6.0])
