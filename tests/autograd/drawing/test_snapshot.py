"""What the explorer's page carries: the graph as arrays, read back and compared with the engine."""

import hashlib
import itertools
import math
import random
import re
from fractions import Fraction
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from browsing import carried
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import (
    Primitive,
    Tensor,
    UnknownNumberError,
    Value,
    apply,
    compile,
    concatenate,
    explore,
    graph,
)
from autograd.drawing.explorer import page as page_module
from autograd.drawing.explorer.snapshot import NUMBER, OPERAND, PASS, ROW, STOP, Snapshot
from autograd.drawing.read.graph import Graph
from autograd.drawing.read.matrix_products import matrix_products
from autograd.drawing.read.owners import SHARED, owners
from autograd.drawing.read.stages import stages

OPAQUE = Primitive("opaque", "?", lambda x: math.gamma(x), lambda y, x: (1.0,))


def contributions(arrays):
    """{node: sum of upstream·partial over its readers} as the page's arrays tell it."""
    data, adjoint, arity = arrays["data"], arrays["adjoint"], arrays["arity"].tolist()
    size = len(data)
    starts = np.concatenate([[0], np.cumsum(arrays["length"])])
    bundle = [arrays["entries"][a:b] for a, b in itertools.pairwise(starts)]
    entries = [[x] if x < size else bundle[x - size] for x in arrays["operands"]]
    partials, rows = iter(arrays["partials"]), iter(arrays["rows"])
    sums, slot = np.zeros(size), 0
    for node in range(size):
        mine = entries[slot : slot + arity[node]]
        for k, operand in enumerate(mine):
            mode = arrays["modes"][slot + k]
            if mode >= OPERAND:
                given = data[list(mine[mode - OPERAND])]
            else:
                kinds = [next(rows) for _ in operand] if mode == ROW else [mode] * len(operand)
                given = [next(partials) if m == NUMBER else float(m == PASS) for m in kinds]
                assert set(kinds) <= {STOP, PASS, NUMBER}
            np.add.at(sums, list(operand), adjoint[node] * np.array(given))
        slot += arity[node]
    assert slot == len(arrays["operands"])
    assert next(partials, None) is next(rows, None) is None
    return sums


def check(root):
    """The page's contributions add up to its gradients, and those are the engine's.

    A page that runs its graph needs no partials: they travel where it is frozen.
    """
    header, arrays = carried(explore(root))
    assert header["frozen"] == ""
    assert not arrays.keys() & {"modes", "partials", "rows"}
    with mock.patch.object(Snapshot, "_frozen", return_value="for a test"):
        header, arrays = carried(explore(root))
    assert header["frozen"] == "for a test"
    root.backward()
    nodes = graph.nodes(root)
    assert len(nodes) == len(arrays["op"])
    assert header["roots"] == [nodes.index(root)]
    np.testing.assert_array_equal(arrays["data"], [float(v.data) for v in nodes])
    np.testing.assert_allclose(arrays["adjoint"], [v.grad for v in nodes], rtol=1e-12)
    sums = contributions(arrays)
    sums[header["roots"]] += 1
    np.testing.assert_allclose(sums, arrays["adjoint"], rtol=1e-9, atol=1e-12)
    return header, arrays


STEPS = [
    lambda a, b, t, u: a + b,
    lambda a, b, t, u: a - b,
    lambda a, b, t, u: a * b,
    lambda a, b, t, u: a / (b * b + 1.0),
    lambda a, b, t, u: a.tanh(),
    lambda a, b, t, u: a.relu(),
    lambda a, b, t, u: a.maximum(b),
    lambda a, b, t, u: t.max(),
    lambda a, b, t, u: t.sum(),
    lambda a, b, t, u: t @ u * 0.1,
    lambda a, b, t, u: t @ t * 0.1,
]


@st.composite
def graphs(draw):
    """A random expression of scalars and bundles."""
    rng = random.Random(draw(st.integers(0, 10**6)))
    pool = [Value(rng.uniform(-2, 2), label=f"v{k}") for k in range(4)]
    for _ in range(draw(st.integers(1, 25))):
        a, b = rng.choices(pool, k=2)
        several, others = (Tensor(rng.choices(pool, k=4)) for _ in range(2))
        pool.append(rng.choice(STEPS)(a, b, several, others))
    return pool[-1]


@given(graphs())
def test_contributions_add_up_to_the_gradients_of_random_graphs(root):
    check(root)


def cnn():
    rng = random.Random(0)
    return nn.Sequential(
        nn.Conv2D(1, 2, 3, padding=1, rng=rng), nn.GroupNorm(1, 2), nn.ReLU(), nn.MaxPool(2),
        nn.Flatten(), nn.Dense(32, 5, rng=rng),
    )  # fmt: skip


IMAGE = [[[(3 * i + 5 * j) % 7 / 7 for j in range(8)] for i in range(8)]]


def test_a_cnn_travels_with_layers_shapes_and_products():
    loss = nn.CrossEntropyLoss()(cnn()(IMAGE), 1)
    header, arrays = check(loss)
    assert [s["path"] or s["kind"] for s in header["stages"]] == [
        *"01235",
        "CrossEntropyLoss",
    ]
    shapes = {t["name"]: t["shape"] for t in header["tensors"]}
    assert shapes["x"] == [1, 8, 8]
    assert shapes["0"] == shapes["1"] == shapes["2"] == [2, 8, 8]
    assert shapes["3"] == [2, 4, 4]
    assert shapes["5"] == [5]
    conv = header["stages"][0]["matrixProducts"][0]
    assert (conv["rows"], conv["inner"], conv["columns"]) == (2, 9, 64)
    assert sorted(arrays["sequence"]) == np.flatnonzero(arrays["op"]).tolist()


class Recurrent(nn.Module):
    """Outputs of one call that read each other."""

    def forward(self, x):
        state, states = Value(0.0), []
        for value in x:
            state = (state + value) * 0.5
            states.append(state)
        return Tensor(states)


class Random(nn.Module):
    """A tensor of nodes that read each other at random."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def forward(self, x):
        made = list(x)
        for _ in range(12):
            a, b = self.rng.choices(made, k=2)
            some = Tensor(self.rng.choices(made, k=3))
            made.append(self.rng.choice([a * b, a + b, some.sum(), some @ some]))
        return Tensor(self.rng.sample(made[4:], 6)).reshape(3, 2)


@pytest.mark.parametrize(
    "root",
    [
        lambda: nn.CrossEntropyLoss()(cnn()(IMAGE), 1),
        lambda: Recurrent()([1.0, 2.0, 3.0])[2] * 1.0,
        *[lambda k=k: Random(k)([0.5, 1.5, -1.0, 2.0]).sum() for k in range(40)],
    ],
)
def test_the_sequence_visits_readers_before_what_they_read(root):
    _, arrays = check(root())
    position = {node: k for k, node in enumerate(arrays["sequence"])}
    starts = np.concatenate([[0], np.cumsum(arrays["length"])])
    size, slot, arity = len(arrays["op"]), 0, arrays["arity"].tolist()
    for node in range(size):
        for x in arrays["operands"][slot : slot + arity[node]]:
            b = x - size
            for entry in [x] if x < size else arrays["entries"][starts[b] : starts[b + 1]]:
                assert entry not in position or position[entry] > position[node]
        slot += arity[node]


# --- stages, homes, products ----------------------------------------------------------------------


def made_of(root):
    return stages(Graph([root]))


class Block(nn.Module):
    """Computes before, between and after its parts: its call is in knots with theirs."""

    def __init__(self, n):
        self.dense = nn.Dense(n, n, rng=random.Random(0))
        self.out = nn.Dense(n, n, rng=random.Random(1))

    def forward(self, x):
        y = self.dense(x * 2.0).tanh()
        return (self.out(y) + x).relu()


def test_a_call_that_computes_between_its_parts_is_cut_into_stages_without_cycles():
    found = made_of(Block(3)([1.0, -2.0, 3.0]).sum())
    names = [str(stage.call) or stage.kind for stage in found]
    assert names == ["Block", "dense", "Block", "out", "Block", ""]
    assert all(other.number < stage.number for stage in found for other in stage.predecessors)


def test_unnamed_results_take_the_shape_of_what_they_work_on():
    found = made_of(Block(3)([1.0, -2.0, 3.0]).sum())
    outputs = [[(str(t.name), t.name.shape) for t in stage.outputs] for stage in found]
    assert outputs[0] == [("Block.mul", (3,))]
    assert outputs[2] == [("Block.tanh", (3,))]
    assert outputs[4] == [("Block", (3,))], "what the module returned has its name"


def test_each_node_of_a_convolution_works_for_one_pixel_and_a_softmax_shares():
    numbered = Graph([nn.CrossEntropyLoss()(cnn()(IMAGE), 1)])
    conv, norm, *_, loss = stages(numbered)
    for stage, shared in ((conv, False), (loss, True)):
        found = owners(numbered, stage)
        assert all((owner == SHARED) == shared for owner, _ in found.values())
        assert set(found) == set(stage.nodes)
    channels = {channel for _, channel in owners(numbered, norm).values()}
    assert channels == {SHARED, 0, 1}, "GroupNorm(1) shares its statistics over both channels"


def test_products_are_found_in_groups_and_not_where_dots_fill_no_grid():
    rng = random.Random(0)
    grouped = nn.Conv2D(4, 6, 3, groups=2, rng=rng)
    numbered = Graph([grouped([[[0.1] * 5] * 5] * 4).sum()])
    (product,) = matrix_products(numbered, stages(numbered)[0])
    assert (product.groups, product.rows, product.inner, product.columns) == (2, 3, 18, 9)
    assert (product.left, product.right) == ("weight", "x")
    a, b = Tensor([1.0, 2.0], label="a"), Tensor([3.0, 4.0], label="b")
    numbered = Graph([(a @ b) + (b @ b)])
    shapes = [(p.groups, p.rows, p.columns) for p in matrix_products(numbered, stages(numbered)[0])]
    assert shapes == [], "two dots of their own are no matrix"


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        (
            lambda: Value(Fraction(1, 3), label="third") * 2,
            r"^third is 1/3, which is not a double$",
        ),
        (lambda: apply(OPAQUE, Value(2.0)) * 2.0, "opaque"),
    ],
)
def test_a_graph_that_the_page_cannot_run_says_why(root, reason):
    header, arrays = carried(explore(root()))
    assert re.search(reason, header["frozen"])
    assert {"modes", "partials", "rows"} <= arrays.keys()


# --- explore --------------------------------------------------------------------------------------


def test_gradients_of_the_nodes_stay_as_they_are():
    a = Value(2.0, label="a")
    y = a * a
    explore(y)
    assert (a.grad, y.grad) == (0, 0)


def test_gradients_of_another_root_are_not_the_pages():
    x = Value(3.0, label="x")
    y = x * x
    y.backward()
    y.backward()
    header, arrays = carried(explore(y * 5.0))
    (at,) = (int(k) for k, label in header["labels"].items() if label == "x")
    assert arrays["adjoint"][at] == 5.0 * 6.0
    assert arrays["adjoint"][header["roots"]].tolist() == [1.0]


def test_tensors_without_a_label_are_no_tensors_of_the_page():
    header, _ = carried(explore((Tensor([[1.0, 2.0], [3.0, 4.0]]) * 2.0).sum()))
    assert "" not in [t["name"] for t in header["tensors"]]
    assert header["labels"] == {}


def test_a_tensor_is_explored_from_all_its_entries():
    t = Tensor([1.0, 2.0], label="t")
    header, arrays = carried(explore(t * t))
    assert len(header["roots"]) == 2
    entries = arrays["tensorEntries"][:2]
    assert arrays["adjoint"][entries].tolist() == [2.0, 4.0]


def test_large_graphs_travel_in_single_precision(monkeypatch):
    monkeypatch.setattr("autograd.drawing.explorer.snapshot.EXACT", 2)
    a = Value(1 / 3, label="a")
    _, arrays = carried(explore(a * a + a))
    assert arrays["data"].dtype == arrays["adjoint"].dtype == np.float32


def test_there_is_nothing_to_explore_while_a_function_is_recorded():
    with pytest.raises(UnknownNumberError, match="explore"):
        compile(lambda x: explore(x * x), 1.0)
    with pytest.raises(ValueError, match="no entries"):
        explore(Tensor([1.0])[:0])


def test_the_page_is_written_and_shown_in_notebooks(tmp_path, monkeypatch):
    a = Value(2.0, label="a")
    page = explore(a * a, tmp_path / "page.html", title="<x>")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page.html
    assert "<title>&lt;x&gt;</title>" in page.html
    assert page._repr_html_().startswith("<iframe srcdoc=")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("autograd.drawing.explorer.written.INLINE", 10)
    link = re.search(r'href="([^"]+)"', page._repr_html_())[1]
    assert (tmp_path / link).read_text(encoding="utf-8") == page.html


def test_the_same_graph_gives_the_same_page():
    assert explore(check_me()).html == explore(check_me()).html


def check_me():
    return nn.CrossEntropyLoss()(cnn()(IMAGE), 1)


def test_a_graph_100_000_operations_deep_is_explored():
    y = Value(1.0, label="x")
    for _ in range(100_000):
        y = y + 1.0
    header, arrays = carried(explore(y))
    assert len(arrays["op"]) == 200_001
    assert len(header["stages"]) == 1


def test_the_vendored_layout_engine_is_the_one_whose_hash_is_noted():
    vendor = Path(page_module.__file__).parent / "vendor"
    noted = re.search(r"SHA-256: ([0-9a-f]{64})", (vendor / "LICENSES").read_text("utf-8"))[1]
    assert hashlib.sha256((vendor / "viz-global.js").read_bytes()).hexdigest() == noted


def test_tensors_of_leaves_and_results_and_of_nothing_are_explored():
    a, b = Value(2.0), Value(3.0)
    mixed = Tensor([b, a * 2.0], label="t")
    check(mixed[1] * mixed[0])
    x = Tensor([1.0, 2.0], label="x")
    check(x[0:0] @ x[0:0] + x[0])


def test_names_are_given_to_nothing_that_has_one():
    class Joined(nn.Module):
        def __init__(self):
            self.t = nn.Parameter([5.0])

        def forward(self, x):
            return concatenate([x * 2.0, self.t, x * 3.0])

    model = Joined()
    model(Tensor([1.0]))
    assert model.t[0].label == "t[0]"
    b = Value(2.0, label="b")
    nn.ReLU()(Tensor([Value(1.0), b]))
    assert b.label == "b"
    named = Tensor([1.0, 2.0], label="n").detach()
    assert [v.label for v in named.values] == ["n[0]", "n[1]"]
