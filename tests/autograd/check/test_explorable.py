"""A gradient report opens the explorer: the forward as it was recorded, at the wrong entry."""

import numpy as np
import pytest
from browsing import carried

import autograd
from autograd import check_gradients, check_layer, check_stack
from autograd.check.__main__ import main

RNG = np.random.default_rng(5)


def normal(**shapes):
    return {name: RNG.normal(size=shape) for name, shape in shapes.items()}


# --- forwards as people write them ----------------------------------------------------------------


def softmax(s):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attention(q, k, v):
    weights = softmax(q @ k.T / np.sqrt(q.shape[1]))
    return weights @ v


def entropy(x, w, b):
    z = x @ w + b
    p = softmax(z)
    return -np.log(p[np.arange(3), [0, 2, 1]]).mean()


def loops(x, w):
    n, m = x.shape[0] - 1, x.shape[1] - 1
    y = np.zeros((n, m))
    for i in range(n):
        for j in range(m):
            y[i, j] = (x[i : i + 2, j : j + 2] * w).sum()
    y *= 2
    return np.where(y > 0, y, 0.1 * y)


def recurrent(x, w, u):
    states = []
    h = np.zeros(len(u))
    for row in x:
        h = np.tanh(row @ w + h @ u)
        states.append(h)
    return np.stack(states)


def windows(x, w):
    seen = np.lib.stride_tricks.sliding_window_view(x, (2, 2), (1, 2))
    return np.einsum("cijuv,ocuv->oij", seen, w)


def gathered(x, w):
    sums = np.bincount([0, 2, 2, 0], weights=x, minlength=4)
    return np.arctan(sums) * np.sort(w) + np.pad(x, 1)[:4] * w.max()


def number(a):
    return a * a + 3.0


CASES = {
    "attention": (attention, normal(q=(4, 3), k=(5, 3), v=(5, 2))),
    "entropy": (entropy, normal(x=(3, 4), w=(4, 3), b=3)),
    "loops": (loops, normal(x=(4, 5), w=(2, 2))),
    "recurrent": (recurrent, normal(x=(3, 2), w=(2, 4), u=(4, 4))),
    "windows": (windows, normal(x=(2, 4, 5), w=(3, 2, 2, 2))),
    "gathered": (gathered, normal(x=4, w=4)),
    "number": (number, {"a": np.array(1.5)}),
}


def wrong(forward, inputs):
    """A report in which the first input's gradient is more wrong from entry to entry."""
    claims = {name: differences(forward, inputs, name) for name in inputs}
    name, x = next(iter(inputs.items()))
    claims[name] += np.arange(1, x.size + 1).reshape(x.shape)
    return check_gradients(forward, inputs, claims, upstream=np.ones(np.shape(forward(**inputs))))


def differences(forward, inputs, name, step=1e-6):
    """∂(sum of the outputs)/∂input."""
    slopes = np.zeros(inputs[name].shape)
    for k in np.ndindex(slopes.shape):
        ends = []
        for sign in (1, -1):
            moved = inputs[name].copy()
            moved[k] += sign * step
            ends.append(np.sum(forward(**{**inputs, name: moved})))
        slopes[k] = (ends[0] - ends[1]) / (2 * step)
    return slopes


def entries(page, name):
    """The numbers of a tensor's nodes in a page, in row-major order."""
    header, arrays = carried(page)
    at = 0
    for tensor in header["tensors"]:
        size = int(np.prod(tensor["shape"]))
        if tensor["name"] == name:
            return arrays["tensorEntries"][at : at + size]
        at += size
    return np.array([int(k) for k, label in header["labels"].items() if label == name])


@pytest.mark.parametrize("case", CASES)
def test_the_page_has_the_gradients_of_every_input(case):
    forward, inputs = CASES[case]
    page = wrong(forward, inputs).explore()
    _, arrays = carried(page)
    for name, x in inputs.items():
        nodes = entries(page, name)
        assert arrays["data"][nodes].tolist() == x.ravel().tolist()
        slopes = differences(forward, inputs, name).ravel()
        np.testing.assert_allclose(arrays["adjoint"][nodes], slopes, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("case", CASES)
def test_the_page_opens_at_the_entry_that_is_furthest_off(case, tmp_path):
    forward, inputs = CASES[case]
    report = wrong(forward, inputs)
    page = report.explore(tmp_path / "page.html")
    name, x = next(iter(inputs.items()))
    assert carried(page)[0]["at"] == entries(page, name)[-1]
    last = f"{name}[{','.join(str(n - 1) for n in x.shape)}]" if x.ndim else name
    assert f"<title>{last}: claimed " in (tmp_path / "page.html").read_text("utf-8")
    line = f"look: report.explore().open() shows how {last} is used"
    assert str(report).splitlines()[-1] == line


def stages(page):
    return [(stage["path"], stage["kind"]) for stage in carried(page)[0]["stages"]]


def test_cards_are_called_as_the_source_calls_the_results():
    assert stages(wrong(*CASES["entropy"]).explore()) == [
        ("z", "x @ w + b"),
        ("p", "softmax(z)"),
        ("return", "-np.log(p[np.arange(3), [0, 2, 1]]).mean()"),
    ]
    assert stages(wrong(*CASES["loops"]).explore()) == [
        ("y[i, j]", "(x[i:i + 2, j:j + 2] * w).sum()"),
        ("y", "*= 2"),
        ("return", "np.where(y > 0, y, 0.1 * y)"),
        ("L", "Σ upstream · output"),
    ]
    steps = [("h", "np.tanh(row @ w + h @ u)")]
    assert set(stages(wrong(*CASES["recurrent"]).explore())[:-1]) == set(steps)


def within(x, w):
    return attention(x, x, w)


def test_where_all_is_computed_in_a_function_the_cards_are_its_statements():
    page = wrong(within, normal(x=(3, 2), w=(3, 2))).explore()
    assert [name for name, _ in stages(page)] == ["weights", "return", "L"]


def test_results_are_heat_maps_by_the_names_that_the_user_gave_them():
    header, _ = carried(wrong(*CASES["attention"]).explore())
    shapes = {tensor["name"]: tensor["shape"] for tensor in header["tensors"]}
    assert shapes["weights"] == [4, 5]
    assert shapes["output"] == [4, 2]
    assert shapes["upstream"] == [4, 2]


def test_a_report_without_mistakes_is_explored_too_but_does_not_say_so():
    forward, inputs = CASES["windows"]
    claims = {"w": differences(forward, inputs, "w")}
    report = check_gradients(forward, inputs, claims, upstream=np.ones((3, 3, 4)))
    assert report.verdict == "right"
    assert "explore" not in str(report)
    page = report.explore()
    assert "at" not in carried(page)[0]
    assert "<title>L, the sum of upstream · forward</title>" in page.html


def test_a_gradient_of_another_shape_opens_the_first_entry():
    report = check_gradients(number, {"a": np.array([1.0, 2.0])}, {"a": np.ones(3)})
    page = report.explore()
    assert carried(page)[0]["at"] == entries(page, "a")[0]
    assert "<title>a[0]: true gradient " in page.html


def hidden(x):
    return np.array([float(str(v)) ** 2 for v in x])  # no record follows numbers through text


def test_a_forward_that_cannot_be_recorded_says_so_and_offers_nothing():
    report = check_gradients(hidden, {"x": np.array([1.0, 2.0])}, {"x": np.array([1.0, 1.0])})
    assert report.verdict == "wrong"
    assert "explore" not in str(report)
    with pytest.raises(ValueError, match=r"report\.explore\(\): forward was not recorded"):
        report.explore()


def test_a_check_that_ended_early_says_so():
    report = check_gradients(number, {"a": np.array(2.0)}, {"a": "text"})
    with pytest.raises(ValueError, match=r"report\.explore\(\): the check ended before"):
        report.explore()


def test_a_record_too_large_for_a_page_is_not_offered(monkeypatch):
    monkeypatch.setattr("autograd.check.replay.MOST", 3)
    report = wrong(*CASES["entropy"])
    assert "explore" not in str(report)
    with pytest.raises(ValueError, match="too large"):
        report.explore()


class Dense:
    """With one slip: the gradient of the weights is not transposed back."""

    def __init__(self, n, m):
        self.w, self.b = RNG.normal(size=(n, m)), np.zeros(m)

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, dy):
        self.dw, self.db = self.x.T @ dy * 2, dy.sum(axis=0)
        return dy @ self.w.T


class ReLU:
    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, dy):
        return dy * (self.x > 0)


def test_reports_on_layers_and_stacks_open_where_they_are_wrong():
    x = RNG.normal(size=(4, 3))
    for report in (
        check_layer(Dense(3, 2), x, probe=False),
        check_stack([Dense(3, 2), ReLU()], x, probe=False),
    ):
        assert "look: report.explore().open() shows how w[" in str(report)
        header, _ = carried(report.explore())
        assert ("return", "x @ self.w + self.b") in [
            (stage["path"], stage["kind"]) for stage in header["stages"]
        ]


def test_the_command_writes_the_page(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_dense.py").write_text(
        "import numpy as np\n"
        "class Dense:\n"
        "    def __init__(self):\n"
        "        self.w = np.random.normal(size=(3, 2))\n"
        "    def forward(self, x):\n"
        "        self.x = x\n"
        "        return x @ self.w\n"
        "    def backward(self, dy):\n"
        "        self.dw = 2 * self.x.T @ dy\n"
        "        return dy @ self.w.T\n"
    )
    arguments = ["my_dense:Dense", "--input", "4x3", "--no-probe", "--explore", "page.html"]
    assert main(arguments) == 1
    assert "<Page page.html: " in capsys.readouterr().err
    assert "<title>w[" in (tmp_path / "page.html").read_text("utf-8")


def test_a_node_of_another_graph_is_not_opened():
    x = autograd.Value(2.0, label="x")
    with pytest.raises(
        ValueError, match=r"explore\(at=\.\.\.\): .*label='x'.* is not in the graph"
    ):
        (autograd.Value(1.0) * 2).explore(at=x)
