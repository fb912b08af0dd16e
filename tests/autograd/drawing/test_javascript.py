"""The page's modules without a browser: `node --test`, with what Python knows as the oracle."""

import json
import math
import random
import shutil
import struct
import subprocess
from itertools import product
from pathlib import Path

import pytest
from browsing import Trained, expression
from lessons import Lesson, shuffled, uniform
from neurons import MLP, hinge

import nn
from autograd import PRIMITIVES, Tensor, Value, apply, draw, graph, where
from autograd.colours import heat, ink_on
from autograd.drawing.explorer import page
from autograd.drawing.explorer.snapshot import Snapshot
from autograd.drawing.read.graph import Graph
from autograd.drawing.read.words import count
from autograd.text import number, shape_text

TESTS = Path(__file__).with_name("javascript")
NODE = shutil.which("node")


def reads(nodes):
    """[reader, operand, node, partial or None] of every reading in a graph, from the table."""
    place = {node: k for k, node in enumerate(nodes)}
    found = []
    for y, node in enumerate(nodes):
        partials = node.op.partials(node.data, *[x.data for x in node.inputs]) if node.op else []
        for k, (x, p) in enumerate(zip(node.inputs, partials, strict=bool(partials))):
            several = [(x, p)] if x in place else zip(x.inputs, p, strict=True)
            for v, q in several:
                found.append([y, k, place[v], None if q is False else float(q)])
    return found


def strengths(nodes, root):
    """|products| along all paths from each node to the root, the largest first, at most five."""
    best = {len(nodes) - 1: [1.0]}
    for y, _, x, p in reversed(reads(nodes)):
        if p:
            best.setdefault(x, []).extend(abs(p) * s for s in best.get(y, []))
    assert nodes[-1] is root
    return [sorted(best.get(k, []), reverse=True)[:5] for k in range(len(nodes))]


def oracle(root):
    """A graph as the page carries it, and what the engine says about it."""
    nodes = graph.nodes(root)
    for node in nodes:
        node.grad = 0
    root.backward()
    snapshot = Snapshot(Graph([root]))
    return {
        **carried(snapshot),
        "arrays": {name: array.tolist() for name, array in snapshot.arrays.items()},
        "data": [float(v.data) for v in nodes],
        "grad": [float(v.grad) for v in nodes],
        "labels": [v.label or "" for v in nodes],
        "ops": [v.op.name if v.op else "" for v in nodes],
        "reads": reads(nodes),
        "strengths": strengths(nodes, root) if len(nodes) < 40 else None,
        "carried": strongest(nodes, root),
    }


def strongest(nodes, root):
    """[label, paths, what a drawing of so many strongest paths says] of some leaves."""
    leaves = [v for v in nodes if v.label and v.op is None and v.grad][::9]
    return [
        [v.label, k, draw(root, slice=v, paths=k).outline.notes[-1]] for v in leaves for k in (1, 5)
    ]


def carried(snapshot):
    """What a page has of a snapshot."""
    blob = page._blob({**snapshot.header, "programs": {}}, snapshot.arrays)
    return {"packed": page._packed(blob), "primitives": snapshot.primitives}


def lesson():
    """What a page learns from, and what Python learns from the same."""
    begun = Lesson()
    settings = {"rate": 0.05, "batch": 10, "seed": 3, "steps": 11}
    losses, read = begun.read()
    return {
        **carried(page.explored(begun.loss_of, **begun.options)[0]),
        **settings,
        "images": begun.images,
        "losses": losses,
        "read": read,
        "trained": begun.trained(**settings).numbers(),
    }


def chance():
    """The first numbers of a seed, and the order that another one gives."""
    draw = uniform(5)
    return {"uniform": [draw() for _ in range(9)], "shuffled": shuffled(range(20), uniform(3))}


def choices():
    """max, relu and an index: what passes no gradient, and what is passed on as it is."""
    x = Tensor([0.5, 2.0, -1.0], label="x")
    looked_up = apply(PRIMITIVES["gather"], graph.bundle(x.values), Value(-1.0, "i"))
    y = x.max() * 3.0 + Value(-2.0, "off").relu() + x.sum() + looked_up * x[0]
    y.label = "y"
    return y


class Twice(nn.Module):
    """One layer that is called twice."""

    def __init__(self):
        self.dense = nn.Dense(2, 2, rng=random.Random(1))

    def forward(self, x):
        return self.dense(self.dense(x)).sum()


STEPS = [
    lambda a, b, c, t, u: a + b,
    lambda a, b, c, t, u: a - b,
    lambda a, b, c, t, u: a * b,
    lambda a, b, c, t, u: a / (b * b + 1.0),
    lambda a, b, c, t, u: a.tanh(),
    lambda a, b, c, t, u: a.relu(),
    lambda a, b, c, t, u: a.maximum(b),
    lambda a, b, c, t, u: a.minimum(b),
    lambda a, b, c, t, u: where(a > b, b.exp(), c.sqrt()),
    lambda a, b, c, t, u: a.abs(),
    lambda a, b, c, t, u: a**2,
    lambda a, b, c, t, u: a**b,
    lambda a, b, c, t, u: a.log() + b.sigmoid() * c.softplus(),
    lambda a, b, c, t, u: t.max(),
    lambda a, b, c, t, u: t.min(),
    lambda a, b, c, t, u: t.sum(),
    lambda a, b, c, t, u: t @ u * 0.1,
    lambda a, b, c, t, u: t @ t * 0.1,
]


def random_graph(seed):
    """An expression of scalars and sequences, with ties, kinks and what is not a number."""
    rng = random.Random(seed)
    numbers = [0.0, -0.0, 1.0, 1.0, -2.5, 1e-310, math.inf, math.nan]
    pool = [Value(rng.choice(numbers) if seed % 4 == 3 else rng.uniform(-2, 2)) for _ in range(5)]
    for _ in range(rng.randint(1, 25)):
        a, b, c = rng.choices(pool, k=3)
        several, others = (Tensor(rng.choices(pool, k=4)) for _ in range(2))
        pool.append(rng.choice(STEPS)(a, b, c, several, others))
    return pool[-1]


def written():
    """Numbers near every border of the format, and what drawings write for them."""
    rng = random.Random(0)
    numbers = [0.0, -0.0, 1.0, -1.0, 0.1 + 0.2, 9999.4, 9999.5, -9999.6, 1e4, 12345.6, 1e-4]
    numbers += [9.9995e-5, 9.9994e-5, -1e-5, 1e300, 5e-324, 0.30000000000000004, 100.0, 2.5e7]
    numbers += [rng.uniform(-1, 1) * 10.0 ** rng.randint(-12, 12) for _ in range(300)]
    return [[x, number(x)] for x in numbers]


def spoken(x):
    """JSON has no inf and nan: their names in JavaScript stand for them."""
    if isinstance(x, dict):
        return {key: spoken(value) for key, value in x.items()}
    if isinstance(x, list):
        return [*map(spoken, x)]
    if isinstance(x, float) and not math.isfinite(x):
        return str(x).replace("inf", "Infinity").replace("nan", "NaN")
    return x


@pytest.fixture
def fixtures(tmp_path):
    """A folder with the generated module `palette`, and the oracle as JSON."""
    roots = {"cnn": Trained().loss, "expression": expression()[-1], "choices": choices()}
    roots["twice"] = Twice()([1.0, -2.0])
    random.seed(3)
    roots["neurons"] = hinge(MLP(2, [4, 3, 1]), 5).loss
    counts = [0, 1, 2, 999, 1000, 1234567]
    shapes = [[], [1], [8, 24, 24]]
    known = {
        "graphs": {name: oracle(root) for name, root in roots.items()},
        "runs": {f"graph {seed}": oracle(random_graph(seed)) for seed in range(150)},
        "lessons": {"lesson": lesson()},
        "chance": chance(),
        "numbers": written(),
        "counts": [[n, count(n), count(n, "node")] for n in counts],
        "shapes": [[shape, shape_text(shape)] for shape in shapes],
        "inks": [[rgb, ink_on(rgb)] for rgb in product([0, 60, 110, 128, 180, 255], repeat=3)],
        "ends": [list(bytes.fromhex(heat(t)[0][1:])) for t in (-1, 0, 1, float("nan"))],
        "doubles": [x for (x,) in struct.iter_unpack("<d", bytes(range(64)))],
    }
    (tmp_path / "palette.js").write_text(page.palette(), encoding="utf-8")
    (tmp_path / "oracle.json").write_text(json.dumps(spoken(known)), encoding="utf-8")
    return tmp_path


def failures(tap):
    """What a report of many tests says of those that failed."""
    return "\n".join(part for part in tap.split("# Subtest: ") if "\nnot ok" in part)


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_the_modules_of_the_page_agree_with_python(fixtures):
    files = sorted(map(str, TESTS.glob("*.test.mjs")))
    assert len(files) >= 10
    done = subprocess.run(
        [NODE, "--import", (TESTS / "setup.mjs").as_uri(), "--test", "--test-reporter=tap", *files],
        env={"FIXTURES": str(fixtures), "EXPLORER": str(page.SOURCES)},
        capture_output=True, text=True, encoding="utf-8", timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, failures(done.stdout) + done.stderr[-2000:]
    assert "# skipped 0" in done.stdout
