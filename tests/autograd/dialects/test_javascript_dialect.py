"""The table in JavaScript, under node and in Chromium: the numbers and truths of eager mode."""

import base64
import json
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from points_of_rows import GATHER, SEQUENCES, points

import autograd
from autograd import PRIMITIVES, Primitive
from autograd.dialects.javascript import literal, module, words

inf, nan = math.inf, math.nan
JAVASCRIPT = Path(__file__).with_name("javascript")
NODE = shutil.which("node")
ROUNDING = 1e-323  # two denormals


PAGE = """<!doctype html><script id="task" type="application/json">%s</script><script type="module">
const { text, evaluate, counts, points } = JSON.parse(document.getElementById("task").textContent);
const load = (code) => import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
const [{ PRIMITIVES }, { evaluate: run }] = await Promise.all([load(text), load(evaluate)]);
const doubles = Uint8Array.from(atob(points), (c) => c.charCodeAt(0)).buffer;
const found = new Uint8Array(run(PRIMITIVES, counts, new Float64Array(doubles)).buffer);
const words = [];
for (let k = 0; k < found.length; k += 3000) words.push(found.subarray(k, k + 3000));
window.found = words.map((word) => btoa(String.fromCharCode(...word))).join("");
</script>"""


def eager(op, x):
    """What a row gives, as `evaluate` writes it: y, and codes and numbers of the partials."""
    x = x.tolist()
    if op.name in SEQUENCES and PRIMITIVES[op.name] is op:
        x = [tuple(x[k : k + 3]) for k in range(0, len(x), 3)]
    if op is GATHER:
        x = [tuple(x[:2]), x[2]]
    y = op.forward(*x)
    found = [float(y)]
    for p in op.partials(y, *x):
        for q in p if hasattr(p, "__len__") else [p]:
            found += ([1, 1] if q else [2, 0]) if isinstance(q, bool) else [0, float(q)]
    return found


def by_node(text, columns, folder):
    """The results of `evaluate` under node: rows, primitive by primitive."""
    files = [folder / name for name in ("primitives.mjs", "counts.json", "points", "results")]
    files[0].write_text(text, encoding="utf-8")
    files[1].write_text(json.dumps([x.shape for x in columns]), encoding="utf-8")
    files[2].write_bytes(np.concatenate([x.ravel() for x in columns]).tobytes())
    subprocess.run([NODE, JAVASCRIPT / "run.mjs", *files], check=True, timeout=300)
    return np.frombuffer(files[3].read_bytes())


def sizes(op, x, expected):
    """What errors are relative to: the numbers, and of a sum its terms, as newer Pythons round
    only once.
    """
    found = np.abs(expected)
    if op.name in ("sum", "dot"):
        found[:, 0] = [eager(op, row)[0] for row in np.abs(x)]
    return found


def disagreements(ops, columns, found):
    """Where JavaScript and eager mode differ, in words."""
    wrong = []
    for op, x in zip(ops, columns, strict=True):
        expected = np.array([eager(op, row) for row in x])
        here, found = found[: expected.size].reshape(expected.shape), found[expected.size :]
        with np.errstate(all="ignore"):
            close = np.abs(here - expected) <= 1e-12 * sizes(op, x, expected) + ROUNDING
        close &= np.isfinite(here) & np.isfinite(expected) & (expected != 0)
        same = (here == expected) & (np.signbit(here) == np.signbit(expected))
        good = same | close | np.isnan(here) & np.isnan(expected)
        wrong += [
            f"{op.name}{tuple(x[k].tolist())}: {here[k].tolist()}, eager {expected[k].tolist()}"
            for k in np.flatnonzero(~good.all(1))
        ]
    assert not len(found)
    return wrong


node = pytest.mark.skipif(NODE is None, reason="node is not installed")


@node
def test_every_row_gives_what_eager_mode_gives(tmp_path):
    ops = list(PRIMITIVES.values())
    columns = [points(op) for op in ops]
    text, reasons = words(ops)
    assert not reasons
    wrong = disagreements(ops, columns, by_node(text, columns, tmp_path))
    assert not wrong, f"{len(wrong)} points: " + "; ".join(wrong[:: max(1, len(wrong) // 12)])


@node
@pytest.mark.parametrize(
    ("right", "wrong", "row"),
    [
        ("1 - y * y", "1 - y * y * (1 + 1e-11)", "tanh"),
        ("0 >= x ? 0 : x", "x > 0 ? x : 0", "relu"),
        ("!(b >= b ? b > a : true)", "a > b", "maximum"),
        ("{ first: (x, y) => equal(x, y) }", "{ first: (x, y) => x === y }", "max"),
        ("n >= 0 ? false : t0", "n >= 0 ? 0 : t0", "pow"),
        ("x === 1 ||", "", "pow"),
        ("Math.sign(x);\n  let", "1;\n  let", "erf"),
    ],
)
def test_a_mistake_in_the_text_is_found(tmp_path, right, wrong, row):
    ops = [PRIMITIVES[row]]
    text = module(ops)
    assert right in text
    columns = [points(ops[0], 1000)]
    found = by_node(text.replace(right, wrong), columns, tmp_path)
    assert disagreements(ops, columns, found)


def by_chromium(text, columns, driver, folder):
    """The results of `evaluate` in a browser, from a page that has all that it needs."""
    task = {
        "text": text,
        "evaluate": (JAVASCRIPT / "evaluate.mjs").read_text("utf-8"),
        "counts": [x.shape for x in columns],
        "points": base64.b64encode(np.concatenate([x.ravel() for x in columns])).decode(),
    }
    page = folder / "page.html"
    page.write_text(PAGE % json.dumps(task).replace("<", "\\u003c"), encoding="utf-8")
    driver.get(page.as_uri())
    ready = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait(driver, 120, 0.2)
    ready.until(lambda d: d.execute_script("return window.found !== undefined"))
    return np.frombuffer(base64.b64decode(driver.execute_script("return window.found")))


def test_in_chromium_the_numbers_are_the_same(driver, tmp_path):
    ops = list(PRIMITIVES.values())
    columns = [points(op) for op in ops]
    wrong = disagreements(ops, columns, by_chromium(module(ops), columns, driver, tmp_path))
    assert not wrong, f"{len(wrong)} points: " + "; ".join(wrong[:: max(1, len(wrong) // 12)])


def test_the_derivatives_are_those_of_the_table(monkeypatch):
    tanh = PRIMITIVES["tanh"]
    assert "partials: [(y, x) => 1 - y * y]" in module([tanh])
    other = Primitive("tanh", "tanh", tanh.forward, lambda y, x: (3 * y,))
    monkeypatch.setitem(PRIMITIVES, "tanh", other)
    assert "forward: (x) => Math.tanh(x), partials: [(y, x) => 3 * y]" in module([other])


def entries(ops):
    """The lines of the array, and the reasons for those that are null."""
    text, reasons = words(ops)
    listed = text[text.index("PRIMITIVES = [") :].splitlines()[1:-1]
    return [line.strip().removesuffix(",") for line in listed], reasons


@node
def test_operations_of_ones_own_are_made_of_the_tables(tmp_path):
    sigmoid = autograd.sigmoid
    swish = Primitive(
        "mine", "s", lambda x: x * sigmoid(x), lambda y, x: (y + sigmoid(x) * (1 - y),)
    )
    hinge = Primitive("mine", "h", lambda x: (x > 1) * (x - 1) - 0.5, lambda y, x: (x > 1,))
    double = Primitive("tanh", "2·", lambda x: x + x, lambda *_: (2,))
    ops = [swish, hinge, double, PRIMITIVES["tanh"]]
    columns = [points(op, 1000) for op in ops]
    text, reasons = words(ops)
    assert not reasons
    assert not disagreements(ops, columns, by_node(text, columns, tmp_path))
    assert "(y, x) => { const t0 = sigmoid(x); return" not in text  # it is used once
    assert entries(ops)[0][1:] == [
        "{ forward: (x) => (x > 1) * (x - 1) - 0.5, partials: [(y, x) => x > 1] }",
        "{ forward: (x) => x + x, partials: [2] }",
        "{ forward: (x) => Math.tanh(x), partials: [(y, x) => 1 - y * y] }",
    ]


def test_what_is_used_several_times_is_computed_once():
    def shared(x):
        e = autograd.exp(x)
        return e / (1 + e)

    row = Primitive("mine", "m", shared, lambda *_: (1.5,))
    assert entries([row])[0] == [
        "{ forward: (x) => { const t0 = Math.exp(x); return t0 / (1 + t0); }, partials: [1.5] }"
    ]


def test_what_cannot_be_said_is_null_and_has_a_reason():
    def again(x):
        return autograd.apply(mine["itself"], x)

    def slope(y, x):
        return (1 if x > 0 else 2,)

    alone = "it is not made of the table's operations alone"
    rows = {
        "gamma": (lambda x: math.gamma(x), lambda y, x: (y,), alone),
        "decided": (lambda x: -x, slope, alone),
        "variadic": (lambda *x: sum(x), lambda y, *x: x, "it takes any number of operands"),
        "short": (lambda a, b: a + b, lambda *_: (1,), "it has 1 partials of 2 operands"),
        "object": (lambda x: x, lambda *_: ("1?",), "could not convert string to float: '1?'"),
        "itself": (again, lambda y, x: (1,), alone),
    }
    mine = {name: Primitive(name, name, f, p) for name, (f, p, _) in rows.items()}
    listed, reasons = entries([*mine.values(), PRIMITIVES["neg"]])
    assert listed == [*["null"] * len(rows), "{ forward: (x) => -x, partials: [-1] }"]
    assert list(reasons) == list(range(len(rows)))
    for reason, (name, (_, _, why)) in zip(reasons.values(), rows.items(), strict=True):
        assert reason.startswith(f"JavaScript cannot say {name}: {why}")


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (True, "true"), (False, "false"), (1, "1"), (0.1, "0.1"), (-0.0, "-0"), (1e22, "1e+22"),
        (inf, "Infinity"), (-inf, "-Infinity"), (nan, "NaN"), (5e-324, "5e-324"),
    ],
)  # fmt: skip
def test_numbers_are_written_exactly(x, text):
    assert literal(x) == text
