"""Where a graph first went wrong: forward, and in the reverse pass."""

import math

from autograd import Tensor, Value, draw, scope, trace_anomaly


def test_an_anomaly_names_the_operation_its_inputs_and_its_layer():
    x = Value(2.0, label="x")
    with scope("head"):
        y = ((x - 2.0).log() * 0.0) + 1.0
    assert str(trace_anomaly(y)) == "log(0.0) = -inf in head"
    assert trace_anomaly(x * 2.0) is None
    padded = Value(-math.inf).maximum(x)
    assert trace_anomaly(padded) is None
    assert str(trace_anomaly((padded - 2.0).log() * 2.0)) == "log(0.0) = -inf"
    assert str(trace_anomaly(padded + math.inf)) == "leaf without a label is -inf"
    assert str(trace_anomaly(Value(math.nan, label="w[0]") * 1.0)) == "leaf w[0] is nan"


def told(root, **options):
    return str(trace_anomaly(root, backward=True, **options))


def test_an_anomaly_of_the_reverse_pass_is_the_first_node_that_sends_what_is_not_finite():
    x = Value(0.0, label="x")
    with scope("norm"):
        length = (x * x).sqrt()
    assert told((length + 2.0) ** 2) == "sqrt(0.0) = 0.0 in norm: 4.0 · inf = inf is sent to mul"
    assert told(length * 0.0) == "sqrt(0.0) = 0.0 in norm: 0.0 · inf = nan is sent to mul"
    assert told(x.sqrt()) == "sqrt(0.0) = 0.0: 1.0 · inf = inf is sent to x"
    found = trace_anomaly(length, backward=True)
    assert (found.node, found.receiver, found.partial) == (length, length.inputs[0], math.inf)
    assert x.grad == 0


def test_a_gradient_through_a_shared_operand_is_followed_to_its_entry():
    w, x = Tensor([1e-300, 2.0]), Tensor([1e300, 0.5])
    w.rename("w")
    y = w @ x
    assert told(y * 1e9) == (
        "dot((1e-300, 2.0), (1e+300, 0.5)) = 2.0: 1000000000.0 · 1e+300 = inf is sent to w[0]"
    )
    assert trace_anomaly(y * 1e9, backward=True, leaves=[w[1]]) is None


def test_finite_gradients_that_sum_to_an_infinite_one_are_an_anomaly():
    x = Value(1.0, label="x")
    y = x * 2.0
    assert told(x * 1e308 + (x - 1.0) * 1e308) == (
        "leaf x is 1.0: the gradients that it is sent sum to inf"
    )
    assert told(y * 5e307 + (y - 2.0) * 1.5e308) == (
        "mul(1.0, 2.0) = 2.0: the gradients that it is sent sum to inf"
    )


def test_a_reverse_pass_that_is_finite_has_no_anomaly():
    x, masked = Value(-3.0, label="x"), Value(-math.inf)
    assert trace_anomaly(x**2, backward=True) is None
    assert trace_anomaly(masked.maximum(x), backward=True) is None
    assert trace_anomaly(x, backward=True) is None


def test_an_exponent_counts_where_somebody_may_ask_for_its_gradient():
    """∂(x**n)/∂n = x**n·log(x) is nan for x < 0."""
    n = Value(2.0, label="n")
    assert told(Value(-3.0) ** n) == "pow(-3.0, 2.0) = 9.0: 1.0 · nan = nan is sent to n"
    assert told(Value(-3.0) ** (n * 1.0)).endswith("is sent to mul")
    bare = Value(2.0)
    assert trace_anomaly(Value(-3.0) ** bare, backward=True) is None
    assert told(Value(-3.0) ** bare, leaves=[bare]).endswith("is sent to a leaf without a label")


def test_only_what_is_sent_towards_the_leaves_counts():
    x, w = Value(0.0, label="x"), Value(0.0, label="w")
    y = (x * 1.0).sqrt() + (w * 2.0).sqrt()
    assert told(y, leaves=[w]) == "sqrt(0.0) = 0.0: 1.0 · inf = inf is sent to mul"
    assert trace_anomaly(y, backward=True, leaves=[w]).node is y.inputs[1]
    assert trace_anomaly(x.sqrt() + w, backward=True, leaves=[w]) is None


def test_where_the_root_is_not_finite_the_reverse_pass_is_not_to_blame():
    assert told(Value(0.0).log() * 3.0) == "log(0.0) = -inf"


# --- drawn ---------------------------------------------------------------------------------------


def marked(root, **options):
    """The notes of a drawing, and {title or formula: what its box says of anomalies}."""
    outline = draw(root, **options).outline
    boxes = {box.lines[0][1]: [t for _, t in box.lines if "not finite" in t] for box in
             outline.boxes.values()}  # fmt: skip
    notes = [note for note in outline.notes if "not finite" in note]
    return notes, {name: said for name, said in boxes.items() if said}


def test_a_drawing_says_where_gradients_first_were_not_finite():
    x = Value(0.0, label="x")
    y = (x * x).sqrt() * 3.0
    assert marked(y) == ([], {})
    y.backward()
    told = "the first grad that is not finite"
    notes = [f"{told}: sqrt(0.0) = 0.0: 3.0 · inf = inf is sent to mul"]
    assert marked(y) == (notes, {"sqrt(0)": [told]})
    assert marked(y, gradients=False) == ([], {})


def test_a_drawing_says_where_numbers_first_were_not_finite():
    x = Value(0.0, label="x")
    y = x.log() * 3.0
    y.backward()
    told = "the first data that is not finite"
    assert marked(y) == ([f"{told}: log(0.0) = -inf"], {"log(x)": [told]})
    assert marked(x.exp()) == ([], {})
