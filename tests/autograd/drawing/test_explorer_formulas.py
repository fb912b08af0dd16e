"""The explorer in a real browser: each local derivative as mathematics, beside its number."""

import math

import pytest
from browsing import close, expression, number

from autograd import Tensor, Value
from autograd.dialects.mathematics import equations
from autograd.graph import bundle
from autograd.primitives import PRIMITIVES
from autograd.value import apply


def open_node(explorer, root, node):
    return explorer(root).open(f"as=nodes&node={node}")


def slopes(page):
    return page.texts(".slope")


def test_a_local_derivative_is_a_formula_and_its_number(explorer):
    a = Value(0.5, label="a")
    c = a.tanh()
    c.label = "c"
    page = open_node(explorer, c * 2.0, "c")
    assert slopes(page) == [f"∂tanh(a)/∂a = 1 − c² = {1 - math.tanh(0.5) ** 2:.4g}"]


def test_each_operand_has_its_own_and_a_constant_is_its_number(explorer):
    _, _, _, y = expression()
    page = open_node(explorer, y, "n2")  # a / b
    assert slopes(page) == ["∂(a / b)/∂a = 1 / b = −0.3333", "∂(a / b)/∂b = −n2 / b = −0.2222"]
    a = Value(3.0, label="a")
    page = open_node(explorer, (a * -2.0) + 1.0, "y")
    page.open("as=nodes&node=n2")
    assert slopes(page)[0] == "∂(a·(−2))/∂a = −2"


def test_a_power_keeps_its_letters_and_says_what_they_are(explorer):
    d = Value(1.5, label="d")
    page = open_node(explorer, (d**3.0).exp(), "n2")
    assert slopes(page)[0] == "∂xⁿ/∂x = n·xⁿ⁻¹ = 6.75, where x = d = 1.5, n = 3"


def test_long_names_are_told_apart_from_the_formula(explorer, net):
    page = explorer(net.loss).open("node=relu1[0,1,2]")
    node = net.made["relu1"].values[6]
    shown = slopes(page)[0]
    step = 1 if node.data > 0 else 0
    assert shown.startswith(
        f"∂max(x, 0)/∂x = (1 if x > 0, else 0) = {step}, where x = conv1[0,1,2]"
    )


def test_a_gradient_adds_up_from_formulas_and_numbers(explorer, net):
    page = explorer(net.loss).open("node=conv1[1,2,0]")
    node = net.made["conv1"].values[16 + 8]
    cell = page.text(".terms tbody td:nth-child(4)")
    step = 1 if net.made["relu1"].values[16 + 8].data > 0 else 0
    assert cell == f"(1 if x > 0, else 0) = {step}"
    assert math.isclose(
        number(page.text(".facts .gradient")), node.grad, rel_tol=1e-9, abs_tol=1e-300
    )
    page.open("node=pool1[2,1,1]")
    cells = page.texts(".terms tbody td:nth-child(4)")
    true = [w.data for w in net.model.head.weight[:, 11].values]
    assert all(cell.startswith("bₖ = ") or cell.startswith("aₖ = ") for cell in cells)
    assert sorted(float(cell.split(" = ")[1]) for cell in cells) == sorted(true)


def test_a_step_of_the_player_says_the_formula_of_its_slope(explorer):
    page = explorer(expression()[-1]).open()
    page.to_the_result()
    said = []
    for _ in range(9):
        page.press("\ue014")
        said.append(page.text(".words").split("; ")[-1])
    assert {"∂n5/∂n4 = 1 − n5²", "∂c/∂a = b", "∂c/∂b = a", "∂n2/∂b = −n2 / b"} <= set(said)


def test_an_edge_says_its_formula_beside_the_mouse(explorer):
    page = explorer(expression()[-1]).open()
    titles = [e.get_attribute("title") for e in page.all(".contribution")]
    assert any("the partial is 1 − c² = " in title for title in titles)


def test_a_formula_follows_a_changed_number(explorer):
    a = Value(0.5, label="a")
    c = a.tanh()
    c.label = "c"
    page = open_node(explorer, c * 2.0, "c")
    page.run(
        "const {graph, live} = explorer;"
        "const [n] = Object.entries(graph.header.labels).find(([, text]) => text === 'a');"
        "return live.set(Number(n), 1)"
    )
    assert slopes(page) == [f"∂tanh(a)/∂a = 1 − c² = {1 - math.tanh(1) ** 2:.4g}"]


def applied(name):
    """One operation of the table on numbers that all rows take."""
    x, a, b = (Value(v, label=k) for k, v in [("x", 0.4), ("a", 0.7), ("b", 1.3)])
    if name in ("sum", "dot", "max", "min"):
        sequence, other = Tensor([0.3, 0.9, 0.6], label="u"), Tensor([0.2, 0.5, 0.1], label="v")
        return {"sum": sequence.sum, "max": sequence.max, "min": sequence.min,
                "dot": lambda: sequence @ other}[name]()  # fmt: skip
    if name == "gather":
        return apply(PRIMITIVES[name], bundle([x, a, b]), Value(2.0, label="i"))
    count = len(equations(PRIMITIVES[name]).operands)
    return apply(PRIMITIVES[name], *[x, a, b][:count])


@pytest.mark.parametrize("name", list(PRIMITIVES))
def test_every_row_of_the_table_is_said(explorer, name):
    y = applied(name)
    root = y * 1.0
    page = explorer(root).open("as=nodes")
    n = page.run(
        "const g = explorer.graph; return [...g.op.keys()].find(n => g.op[n] && "
        "g.operation(n).name === arguments[0])",
        name,
    )
    page.run("explorer.state.set({node: arguments[0]})", n)
    shown = slopes(page)
    said = equations(PRIMITIVES[name])
    assert len(shown) == len(said.partials)
    partials = y.op.partials(y.data, *[x.data for x in y.inputs])
    for text, p in zip(shown, partials, strict=True):
        assert text.startswith("∂")
        if not isinstance(p, tuple | list):
            assert close(number(text.split(", where")[0].split(" = ")[-1]), float(p))
    assert page.complaints() == []
