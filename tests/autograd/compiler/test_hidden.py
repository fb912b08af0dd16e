"""Numbers read out of Values while a function is recorded: the error says where they enter."""

import math

import pytest

import autograd
import nn
from autograd import Tensor, UnknownNumberError, Value


def softmax(logits):
    """As public programs write it."""
    largest = max(v.data for v in logits)
    powers = [(v - largest).exp() for v in logits]
    return [p / sum(powers) for p in powers]


def shifted(x):
    hidden = x[0] * 2
    shift = hidden.data
    return x[1] - shift


def made_anew(x):
    hidden = x[0] * 2
    return Value(hidden.data) * x[1]


def on_the_left(x):
    hidden = x[0] * 2
    return hidden.data * x[1]


def in_a_tensor(x):
    hidden = x * 2
    return Tensor([v.data for v in hidden]).sum()


def asked(x):
    hidden = x[0] * 2
    return x[1] * float(hidden)


def decided(x):
    hidden = x[0] * 2
    return x[0] if hidden > 0 else x[1]


def by_math(x):
    hidden = x[0] * 2
    return x[1] * math.exp(hidden.data)


@pytest.mark.parametrize(
    ("function", "line", "said"),
    [
        (softmax, 2, r"logits is a Value, an input.*autograd\.softmax, log_softmax and logsumexp"),
        (shifted, 3, r"x is a Value, an input.*autograd\.stop_gradient"),
        (made_anew, 2, "hidden is a Value, made by mul.*compute with the Value"),
        (on_the_left, 2, "hidden is a Value, made by mul.*compute with the Value"),
        (in_a_tensor, 2, "an entry of hidden is a Value, made by mul.*compute with the Value"),
        (asked, 2, "hidden is a Value, made by mul.*cannot decide"),
        (decided, 2, "hidden is a Value, made by mul.*cannot decide"),
        (by_math, 2, "hidden is a Value, made by mul.*functions of math"),
    ],
)
def test_the_error_comes_where_the_number_enters_and_names_line_and_value(function, line, said):
    number = function.__code__.co_firstlineno + line
    with pytest.raises(UnknownNumberError, match=rf"test_hidden\.py:{number}: .*{said}"):
        autograd.compile(lambda x: function(list(x) if function is softmax else x), [1.0, 2.0])


class Classifier(nn.Module):
    def __init__(self):
        self.hidden = nn.Dense(2, 3)
        self.output = Deciding()

    def forward(self, x):
        return self.output(self.hidden(x))


class Deciding(nn.Module):
    def forward(self, x):
        return x[0] if x[0] > x[1] else x[1]


def test_it_names_the_layer_and_the_label():
    model = Classifier()
    said = r"test_hidden\.py:\d+ in output: .* an entry of x is hidden\[0\], made by add in hidden"
    with pytest.raises(UnknownNumberError, match=said):
        autograd.compile(model, [1.0, 2.0], parameters=model.parameters())


def test_a_parameter_is_named_by_its_label():
    w = Value(2.0, label="w")
    with pytest.raises(UnknownNumberError, match="w is w, an input"):
        autograd.compile(lambda x: x[0] * Value(w.data), [1.0], parameters=[w])


def test_no_grad_hides_too_and_the_layer_is_named():
    def function(x):
        with autograd.scope("frozen"), autograd.no_grad():
            y = x[0] * 2
        return y + x[0]

    with pytest.raises(ValueError, match=r"no_grad\(\).*in frozen"):
        autograd.compile(function, [1.0])


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp"])
def test_what_the_error_names_takes_lists_of_values_and_gives_values(name):
    """With the numbers and the gradients of the shift by hand, which in eager mode is fine."""
    logits, by_hand = [Value(1.0), Value(3.0)], [Value(1.0), Value(3.0)]
    given = getattr(autograd, name)(logits)
    first = given if name == "logsumexp" else next(iter(given))
    top = max(v.data for v in by_hand)
    total = sum((v - top).exp() for v in by_hand)
    expected = {
        "softmax": lambda: softmax(by_hand)[0],
        "log_softmax": lambda: by_hand[0] - top - total.log(),
        "logsumexp": lambda: total.log() + top,
    }[name]()
    first.backward()
    expected.backward()
    assert isinstance(first, Value)
    assert first.data == pytest.approx(expected.data, rel=1e-14)
    assert [v.grad for v in logits] == pytest.approx([v.grad for v in by_hand], rel=1e-14)
