"""What the user calls each result, and where it stands."""

import linecache
from functools import wraps

import numpy as np
from recorded_runs import record_of

X = np.random.default_rng(0).uniform(0.2, 0.9, (3, 3))
W = np.random.default_rng(1).uniform(0.2, 0.9, (3, 3))


def names_of(forward, what, inputs=None):
    """The names of the nodes of one kind, in order."""
    made = record_of(forward, inputs or {"x": X, "w": W})
    return [n.site.name for n in made.nodes if n.operation and n.operation.what == what]


def texts_of(forward, what, inputs=None):
    made = record_of(forward, inputs or {"x": X, "w": W})
    return [n.site.inner.text for n in made.nodes if n.operation and n.operation.what == what]


def test_a_result_is_called_by_the_name_that_it_is_assigned_to():
    def forward(x, w):
        z = x @ w
        h: object = np.tanh(z)
        a = b = np.exp(h)
        if (s := a * b).sum() > 0:
            s += x @ w
        return s

    assert names_of(forward, "tanh") == ["h"]
    assert names_of(forward, "exp") == ["a"]
    assert names_of(forward, "pow") == ["s"]
    assert names_of(forward, "product") == ["z", "(s := a * b).sum()", "x @ w"]
    assert names_of(forward, "add") == ["s"]
    assert texts_of(forward, "add") == ["s += x @ w"]


def test_an_expression_that_has_no_name_is_called_by_its_text_on_one_line():
    def forward(x, w):
        return np.tanh(x @ w) * 2.0

    assert names_of(forward, "product") == ["x @ w"]
    assert names_of(forward, "tanh") == ["np.tanh(x @ w)"]
    assert texts_of(lambda x, w: np.tanh(x@w), "tanh") == ["np.tanh(x@w)"]  # fmt: skip


def test_what_a_function_returns_is_called_as_its_caller_calls_it():
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def cell(x, w):
        out = np.tanh(x @ w)
        assert out.ndim == 2
        return out

    def forward(x, w):
        gate = sigmoid(x @ w)
        state = cell(x, w)
        return gate * state * sigmoid(x)

    assert names_of(forward, "div") == ["gate", "sigmoid(x)"]
    assert names_of(forward, "tanh") == ["state"]
    assert names_of(forward, "exp") == ["np.exp(-z)"] * 2


def test_of_a_returned_tuple_each_is_called_as_the_callers_target_at_its_place():
    def step(x, w, c):
        new = c + np.exp(x)
        return np.tanh(x @ w), new, [np.sqrt(x)]

    def forward(x, w):
        c = x
        h, c, _ = step(x, w, c)
        pair = step(w, x, c)
        self = type("Layer", (), {})()
        self.h, (self.c) = np.sin(x), np.cos(w)
        return h + c + pair[0] * self.h * self.c

    assert names_of(forward, "tanh") == ["h", "pair"]
    assert names_of(forward, "add")[:2] == ["c", "pair"]
    assert names_of(forward, "sin") + names_of(forward, "cos") == ["self.h", "self.c"]


def test_methods_decorators_comprehensions_and_keywords_have_their_names():
    def logged(function):
        @wraps(function)
        def wrapper(*args, **named):
            return function(*args, **named)

        return wrapper

    class Layer:
        @logged
        def act(self, z, scale=1.0):
            return np.tanh(z) * scale

        def forward(self, x, w):
            self.z = x @ w
            self.a = self.act(self.z, scale=2.0)
            rows = [np.exp(row) for row in self.a]
            squares = (lambda v: v * v)(rows[0])
            return squares + np.sqrt(x=self.a * self.a) if False else squares + self.a

    layer = Layer()
    assert names_of(layer.forward, "product") == ["self.z"]
    assert names_of(layer.forward, "mul") == ["self.a"]
    assert names_of(layer.forward, "pow") == ["squares"]
    assert names_of(layer.forward, "exp") == ["np.exp(row)"] * 3


def test_a_buffer_that_was_assigned_to_is_called_by_the_part_last_written():
    def forward(x, w):
        hs = np.zeros((3, 3))
        for t in range(3):
            hs[:, t] = np.tanh(x[:, t])
        return hs

    assert names_of(forward, "assignment") == ["hs[:, t]"]
    assert names_of(forward, "tanh") == ["hs[:, t]"] * 3


def test_what_the_outermost_function_returns_is_called_by_its_own_text():
    assert names_of(lambda x, w: np.tanh(x), "tanh") == ["np.tanh(x)"]

    def forward(x, w):
        y = np.tanh(x)
        assert y.ndim == 2
        return y

    assert names_of(forward, "tanh") == ["y"]


def test_a_place_is_a_file_and_a_line():
    made = record_of(lambda x: np.exp(x), {"x": X})
    here = made.output.site.inner
    assert here.spot == f"test_places.py:{here.line}"
    assert "np.exp(x)" in linecache.getline(__file__, here.line)
    assert here.function == "<lambda>"


def test_code_without_a_source_has_no_text_and_works():
    space = {"np": np}
    exec(
        "def forward(x):\n    y = np.zeros(x.shape)\n    y[0] = np.tanh(x[1])\n    return y * 2",
        space,
    )
    made = record_of(space["forward"], {"x": X})
    assert {(n.site.name, n.site.inner.text) for n in made.nodes if n.site} == {("", "")}
    assert made.output.site.inner.spot == "<string>:4"


def test_a_cell_of_a_notebook_has_its_text():
    source = "def forward(x):\n    y = np.tanh(x)\n    return y\n"
    name = "<ipython-input-1-glass>"
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    space = {"np": np}
    exec(compile(source, name, "exec"), space)
    made = record_of(space["forward"], {"x": X})
    assert (made.output.site.name, made.output.site.inner.text) == ("y", "np.tanh(x)")


def test_a_forward_that_is_numpys_own_has_no_place():
    made = record_of(np.tanh, (X,))
    assert (made.output.site.places, made.output.site.name) == ((), "")
