"""A program as a C99 file; that it computes the same is tested where models are exported."""

import random

import pytest

import autograd
import nn
from autograd import Tensor, batch_mean, compile


def test_the_weights_are_those_of_the_last_step():
    w = Tensor([2.0])
    program = compile(lambda x: (w * x).sum(), [3.0], parameters=[w])
    assert "2.0f" in program.to_c("f")
    program.train_step(nn.SGD([w], lr=0.5))([[3.0]])
    assert "0.5f" in program.to_c("f")


def test_what_it_is_about_stands_at_its_top_in_words_alone():
    program = compile(lambda x: x * 2, [3.0])
    text = program.to_c("f", "a */ b /* c\n??/\nd **/ e")
    assert text.startswith("/* a  / b  * c\n     /\n   d * / e\n\n   It allocates nothing;")
    assert text[: text.index("#define")].count("*/") == 1


@pytest.mark.parametrize(
    ("function", "examples", "message"),
    [
        (lambda x, y: x + y, (1.0, 2.0), "one result must be made of one argument"),
        (lambda x: (x, x * 2), (1.0,), "one result must be made of one argument"),
        (
            lambda x: x * autograd.drawn((1,), random.Random(0), lambda u: u)[0],
            (1.0,),
            "without random numbers",
        ),
    ],
)
def test_what_is_not_one_result_of_one_argument_is_refused(function, examples, message):
    with pytest.raises(ValueError, match=f"^to_c: .*{message}"):
        compile(function, *examples).to_c("f")


def test_a_mean_over_the_batch_is_refused():
    program = compile(lambda x: x - batch_mean(x), [1.0, 2.0])
    with pytest.raises(ValueError, match=r"^to_c: one sample is not enough"):
        program.to_c("f")


def test_large_arrays_have_long_indices():
    w = Tensor([1.0] * 40_000)
    text = compile(lambda x: (w * x).sum(), [0.0] * 40_000, parameters=[w]).to_c("f")
    assert "for (long u = 0; u < 40000; u++)" in text


def test_long_statements_are_broken_and_rows_in_no_order_are_listed():
    order = [5, 2, 7, 1, 0, 3, 6, 4, 9, 8]
    text = compile(lambda x: Tensor([x.values[k] for k in order]), [0.0] * 10).to_c("f")
    assert "static const int of[10] = {\n" in text
    assert "y[i] = x[of[i]];" in text
    assert max(map(len, text.splitlines())) <= 100
