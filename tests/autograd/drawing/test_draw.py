"""What `draw` shows: scalars and the chain rule, entries, layers, channels, models."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Tensor, Value, draw, einsum, graph, stack
from autograd.drawing.compose.grids import arranged


def lenet():
    random.seed(0)
    return nn.Sequential(
        nn.Conv2D(1, 8, 5), nn.ReLU(), nn.MaxPool(2),
        nn.Conv2D(8, 16, 5), nn.ReLU(), nn.MaxPool(2),
        nn.Flatten(), nn.Dense(256, 10),
    )  # fmt: skip


@pytest.fixture(scope="module")
def model():
    return lenet()


@pytest.fixture(scope="module")
def loss(model):
    image = Tensor([[[(i * j) % 7 / 7 for i in range(28)] for j in range(28)]])
    found = nn.CrossEntropyLoss()(model(image), 3)
    found.backward()
    return found


def outline(root, **options):
    return draw(root, **options).outline


def lines(box):
    return [f"{what} {text}".strip() for what, text in box.lines]


def titled(found, title):
    (box,) = [box for box in found.boxes.values() if box.title == title]
    return box


# --- scalars -----------------------------------------------------------------------------------


def test_a_box_says_label_operation_data_and_gradient():
    a, b = Value(2.0, "a"), Value(-3.0, "b")
    c = a * b
    c.label = "c"
    c.backward()
    box = titled(outline(c), "c")
    assert box.symbol == "×"
    assert lines(box) == ["a × b", "data −6", "grad 1"]


def test_a_gradient_is_a_dash_before_backward_and_zero_after():
    a = Value(-2.0, "a")
    y = a.relu()
    assert lines(titled(outline(y), "a")) == ["data −2", "grad —"]
    y.backward()
    assert lines(titled(outline(y), "a")) == ["data −2", "grad 0"]


def test_a_gradient_that_backward_did_not_reach_is_zero_not_a_dash():
    a, b = Value(1.0, "a") * 1.0, Value(2.0, "b") * 1.0
    a.label = "loser"
    a.maximum(b).backward()
    assert lines(titled(outline(a), "loser"))[-1] == "grad 0"


def test_repeated_operands_are_parallel_arrows():
    a = Value(2.0, "a")
    y = a + a
    y.backward()
    found = outline(y)
    assert [(x.tail, x.head) for x in found.arrows] == [("n0", "n1")] * 2
    assert [x.chain_rule.contribution for x in found.arrows] == [1.0, 1.0]


@pytest.mark.parametrize("write", ["a - b", "a / b", "a ** b", "b - a"])
def test_operands_stand_in_the_order_in_which_they_were_written(write):
    found = outline(eval(write, {"a": Value(2.0, "a"), "b": Value(3.0, "b")}))
    titles = [found.boxes[arrow.tail].title for arrow in found.arrows]
    assert titles == [write[0], write[-1]]
    root = [box for box in found.boxes.values() if box.root]
    assert lines(root[0])[0].replace("−", "-") == write


def test_values_and_gradients_can_be_left_out():
    a = Value(2.0, "a")
    y = a * 3.0
    y.backward()
    found = outline(y, values=False, gradients=False)
    assert lines(titled(found, "a")) == []
    assert all(arrow.chain_rule is None for arrow in found.arrows)
    (formula,) = [lines(box) for box in outline(Value(2.0) * 3.0, values=False).boxes.values()][-1:]
    assert formula == ["grad —"]


def test_an_exponent_sends_nothing_and_sets_no_scale():
    b = Value(-3.0, "b")
    z = b**2 * 0.01 + b * 100
    z.backward()
    drawing = draw(z)
    two = next(box for box in drawing.outline.boxes.values() if ("data", "2") in box.lines)
    assert two.lines == [("data", "2")]
    assert [a.chain_rule for a in drawing.outline.arrows if a.tail == two.id] == [None]
    widths = [line.split("penwidth=")[1].split()[0] for line in drawing.body if "->" in line
              and "penwidth" in line]  # fmt: skip
    assert len(set(widths)) > 2
    assert "nan" not in drawing.source


def test_a_labelled_exponent_shows_its_gradient():
    b, n = Value(2.0, "b"), Value(3.0, "n")
    y = b**n
    y.backward()
    assert ("grad", f"{n.grad:.4g}") in titled(outline(y), "n").lines


def test_negative_zero_is_zero():
    a = Value(-0.0, "a")
    y = a * 0.1
    y.backward()
    assert "−0 " not in draw(y).source.replace("<", " ")


EARLIER = "grad also holds other backward passes"


def test_gradients_of_two_passes_are_told_from_those_of_one():
    a = Value(2.0, "a")
    y = a * a
    y.backward()
    assert EARLIER not in lines(titled(outline(y), "a"))
    y.backward()
    assert EARLIER in lines(titled(outline(y), "a"))
    a.data = 5.0  # now the contributions are those of other numbers
    assert EARLIER not in lines(titled(outline(y), "a"))


def test_readers_that_are_not_drawn_are_no_earlier_passes():
    a = Value(2.0, "a")
    y = (a * 3.0).tanh()
    (y + a).backward()
    y.grad = 0.5
    assert EARLIER not in lines(titled(outline(y), "a"))


OPERATIONS = [
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a * 0.5 + b,
    lambda a, b: (a * 0.3).tanh() * b, lambda a, b: a.maximum(b), lambda a, b: a.relu() + b,
    lambda a, b: a / (b * b + 1.0), lambda a, b: a.sigmoid() - b,
]  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 30), st.integers(0, 30)), max_size=12))
def test_contributions_on_the_arrows_of_a_node_sum_to_its_gradient(steps):
    nodes = [Value(0.5, "a"), Value(-1.25, "b"), Value(2.0, "c")]
    for which, i, j in steps:
        nodes.append(OPERATIONS[which](nodes[i % len(nodes)], nodes[j % len(nodes)]))
    root = nodes[-1] * 1.5
    root.backward()
    found = outline(root)
    numbered = dict(enumerate(graph.nodes(root)))
    sums = {}
    for arrow in found.arrows:
        sums[arrow.tail] = sums.get(arrow.tail, 0) + arrow.chain_rule.contribution
    for tail, total in sums.items():
        assert total == pytest.approx(numbered[int(tail[1:])].grad, rel=1e-12, abs=1e-12)


def test_contributions_to_the_cells_of_a_grid_are_the_gradient():
    w, x = Tensor([1.0, 2.0, 3.0], label="w"), Tensor([4.0, 5.0, 6.0], label="x")
    y = (w @ x * 0.01).tanh()
    y.backward()
    box = titled(outline(y), "w[:]")
    assert [[c.number for c in row] for row in box.grids[1].rows] == [w.grad]


# --- shared operands ---------------------------------------------------------------------------


def test_a_pixel_is_a_kernel_times_a_window(loss, model):
    pixel = next(v for v in graph.nodes(loss) if v.label == "0[3,4,5]")
    found = outline(pixel)
    kernel, window = titled(found, "0.weight[3,0,:,:]"), titled(found, "x[0,4:9,5:10]")
    assert [len(row) for row in kernel.grids[0].rows] == [5] * 5
    numbers = [[c.number for c in row] for row in kernel.grids[0].rows]
    assert numbers == model[0].weight[3, 0].tolist()
    assert [len(row) for row in window.grids[0].rows] == [5] * 5
    assert len(found.boxes) == 5


def test_channels_of_a_kernel_stand_side_by_side(loss):
    pixel = next(v for v in graph.nodes(loss) if v.label == "3[1,0,0]")
    rows = titled(outline(pixel), "3.weight[1,:,:,:]").grids[0].rows
    assert [len(row) for row in rows] == [*([11] * 5 + [1]) * 3, *[11] * 5]
    assert all(row[5] is None for row in rows if len(row) > 1)


@pytest.mark.parametrize(("channels", "in_a_row"), [(3, 3), (8, 4), (12, 4), (7, 4)])
def test_many_channels_stand_in_rows_of_equal_length_where_that_goes(channels, in_a_row):
    kernel = Tensor([[[1.0] * 3] * 3] * channels, label="w")
    rows = arranged(kernel.values)
    assert len(rows[0]) == 4 * in_a_row - 1, "a gap between two"
    assert sum(k is not None for row in rows for k in row) == 9 * channels


def test_a_padded_window_is_arranged_as_its_kernel():
    conv = nn.Conv2D(1, 1, 3, padding=1)
    y = conv(Tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    found = outline(y[0, 0, 0])
    box = titled(found, "x[0,:,:] and 5 others")
    assert [[c.number for c in row] for row in box.grids[0].rows] == [
        [0, 0, 0], [0, 1, 2], [0, 3, 4]
    ]  # fmt: skip


def test_many_products_are_folded_and_the_strongest_are_named():
    w = Tensor([0.001 * k for k in range(400)], label="w")
    x = Tensor([1.0] * 400, label="x")
    y = w @ x
    box = titled(outline(y), "Σ of 400 ×")
    assert box.lines[2] == ("w[399] × x[399]", "0.399")
    assert lines(box)[-1] == "and 394 smaller"


def test_the_winner_of_a_large_max_is_named():
    x = Tensor([float(k % 300) for k in range(300)], label="x")
    assert "x[299] 299" in lines(titled(outline(x.max()), "max of 300"))


def test_a_tensor_of_leaves_is_a_grid():
    found = outline(Tensor([[1.0, 2.0], [3.0, 4.0]], label="t"))
    (box,) = found.boxes.values()
    assert [[c.number for c in row] for row in box.grids[0].rows] == [[1, 2], [3, 4]]


def test_tensors_without_a_label_keep_their_shape():
    rows = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    (box,) = outline(rows).boxes.values()
    assert box.title == "2×3"
    assert [[c.number for c in row] for row in box.grids[0].rows] == rows.data
    found = outline(rows @ Tensor.ones(3, 2))
    grids = [box.title for box in found.boxes.values() if box.role == "grid"]
    assert grids == ["[0,:] of 2×3", "[:,0] of 3×2", "[:,1] of 3×2", "[1,:] of 2×3"]
    whole = outline(einsum("ij,ij->", rows, rows.detach()))
    assert [len(g.rows) for b in whole.boxes.values() for g in b.grids] == [2, 2]
    assert rows.values[0].label == ""
    assert repr(rows.values[0]) == "Value(data=1.0, grad=0)"


def test_large_graphs_of_tensors_without_a_label_show_their_shapes():
    root = ((Tensor.zeros(12, 8) @ Tensor.ones(8, 12)) ** 2).mean()
    boxes = outline(root).boxes.values()
    assert {b.title for b in boxes if b.role == "input"} == {"12×8", "8×12"}
    assert [b.symbol for b in boxes if ("", "144 nodes") in b.lines] == ["Σ×", "** 2"]


# --- layers ------------------------------------------------------------------------------------


def test_lenet_is_its_layers(loss):
    found = outline(loss)
    assert [box.title for box in found.boxes.values()] == [
        "x", "0", "1", "2", "3", "4", "5", "7", "CrossEntropyLoss"
    ]  # fmt: skip
    conv = titled(found, "0")
    assert conv.symbol == "Conv2D"
    assert lines(conv)[:3] == ["1×28×28 → 8×24×24", "208 parameters", "9,424 nodes"]
    assert [arrow.text for arrow in found.arrows][:2] == ["1×28×28", "8×24×24"]
    assert found.notes == [f"{25128:,} scalars in 9 boxes", 'expand="0" opens a layer']


def test_the_nodes_of_all_boxes_are_the_graph(loss):
    counted = 28 * 28
    for box in outline(loss).boxes.values():
        counted += sum(int(t.split()[0].replace(",", "")) for _, t in box.lines if "node" in t)
    assert counted == len(graph.nodes(loss)) - 0


def test_gradient_norms_are_those_of_the_parameters(loss, model):
    box = titled(outline(loss), "7")
    squares = sum(g * g for row in model[7].weight.grad for g in row)
    squares += sum(g * g for g in model[7].bias.grad)
    assert dict(box.lines)["‖grad‖ of parameters"] == f"{squares**0.5:.4g}"


def test_a_layer_opens_to_its_channels(loss):
    found = outline(loss, expand="0")
    assert [b.title for b in found.boxes.values() if b.title.startswith("0")] == [
        f"0[{k}]" for k in range(8)
    ]
    assert {b.frame for b in found.boxes.values() if b.title.startswith("0[")} == {"f1"}
    assert found.frames["f1"].title == "0  Conv2D"


def test_a_channel_opens_to_a_picture_and_an_entry_to_its_scalars(loss):
    found = outline(loss, expand=["0[3]", "3[1,2,3]"])
    picture = titled(found, "0[3]").grids[0]
    assert (len(picture.rows), len(picture.rows[0])) == (24, 24)
    assert titled(found, "3[1,2,3]").symbol == "+"
    assert titled(found, "0 · the rest")


def test_a_unit_of_a_dense_layer_opens_to_its_scalars(loss):
    found = outline(loss, expand="7[3]")
    assert titled(found, "7[3]").symbol == "+"
    assert titled(found, "7 · the rest")


def test_a_layer_opens_to_channels_unless_it_is_little(loss):
    found = outline(loss, expand="7")
    units = [b for b in found.boxes.values() if b.title.startswith("7[")]
    assert [b.title for b in units] == [f"7[{k}]" for k in range(10)]
    assert [what for what, _ in units[0].lines] == ["data", "grad"]
    little = nn.Dense(1, 2)(Tensor([2.0]))
    titles = [b.title for b in outline(little.sum(), depth=1, expand="Dense").boxes.values()]
    assert "Dense.bias[0]" in titles or "bias[0]" in titles


def batch_loss():
    random.seed(0)
    model = nn.Sequential(nn.Conv2D(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Dense(144, 3))
    image = [[i * j % 5 / 5 for i in range(8)] for j in range(8)]
    return nn.CrossEntropyLoss()(model(Tensor([[image]] * 5)), [0, 1, 2, 0, 1])


def test_channels_of_a_batch_have_the_index_of_their_sample():
    root = batch_loss()
    found = outline(root, expand="0")
    titles = [b.title for b in found.boxes.values() if b.title.startswith("0[")]
    assert titles == [f"0[{n},{c}]" for n in range(5) for c in range(4)]
    one = outline(root, expand="0[3,2]")
    assert [b.title for b in one.boxes.values() if b.title.startswith("0[")] == ["0[3,2]"]
    sample = outline(root, expand="0[3]")
    assert [b.title for b in sample.boxes.values() if b.title.startswith("0[")] == [
        f"0[3,{c}]" for c in range(4)
    ]


def test_an_entry_that_one_call_of_a_layer_has_leaves_the_others_closed():
    conv = nn.Conv2D(1, 2, 3)
    large = Tensor([[[0.1] * 10] * 10], label="large")
    small = Tensor([[[0.1] * 6] * 6], label="small")
    found = outline(conv(large).sum() + conv(small).sum(), expand="Conv2D[0,7,7]")
    assert titled(found, "Conv2D[0,7,7]").symbol == "+"
    assert "1×6×6 → 2×4×4" in [lines(b)[0] for b in found.boxes.values() if b.role == "layer"]


def test_what_is_around_a_wanted_layer_is_opened():
    inner = nn.Sequential(nn.Sequential(nn.Dense(9, 9), nn.Tanh()), nn.Dense(9, 9))
    y = inner(Tensor([0.1] * 9))
    titles = [b.title for b in outline(y, depth=0, expand="0.1").boxes.values()]
    assert "0.1[0]" in titles
    assert "1" in titles


def test_names_are_checked_beside_a_slice(loss, model):
    with pytest.raises(ValueError, match="no such layer"):
        draw(loss, slice=model[0].weight[0, 0, 0, 0], expand="nonsense")


class Lookup(nn.Module):
    def __init__(self):
        self.emb = nn.Parameter([[0.1 * i * j for i in range(8)] for j in range(12)])
        self.head = nn.Dense(8, 8)

    def forward(self):
        return self.head(stack([self.emb[k] for k in [1, 5, 2, 5, 7]])).sum()


def test_a_layer_counts_its_own_parameters():
    model = Lookup()
    root = model()
    root.backward()
    found = outline(root)
    head = titled(found, "head")
    assert lines(head)[:2] == ["emb[…] 32 numbers → 5×8", "72 parameters"]
    squares = sum(v.grad**2 for p in (model.head.weight, model.head.bias) for v in p.values)
    assert dict(head.lines)["‖grad‖ of parameters"] == f"{squares**0.5:.4g}"
    assert lines(titled(found, "emb"))[0] == "12×8"
    alone = nn.Dense(8, 8)
    table = nn.Parameter([[0.1] * 8] * 12)
    table.rename("table")
    rows = alone(stack([table[k] for k in [1, 5, 2, 5, 7, 9, 11]]))
    assert "72 parameters" in lines(titled(outline(rows), "Dense"))


def test_shapes_are_those_of_what_is_read_and_made():
    step, x = nn.Dense(4, 8), Tensor([[0.1 * k] * 4 for k in range(6)], label="x")
    assert lines(titled(outline(step(x[2]), depth=0), "Dense"))[0] == "4 → 8"
    maps = nn.Conv2D(1, 64, 3)(Tensor([[[0.1] * 5] * 5]))
    found = outline(maps.mean(axis=(-1, -2)).tanh())
    assert "64×3×3 → 64" in lines(titled(found, "outside of modules"))


def test_a_loss_opens_to_its_scalars(loss):
    assert any(b.symbol == "log" for b in outline(loss, expand="CrossEntropyLoss").boxes.values())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("9", r"no such layer; there are .*'0', '1'"),
        ("0[8]", r"shape \[\(8, 24, 24\)\]"),
        ("0[0,24,0]", "entry with all its indices"),
        ("0[0,1]", "say a channel"),
        ("0[-1]", "negative"),
    ],
)
def test_unknown_names_are_refused_beside_those_that_are_there(loss, name, said):
    with pytest.raises(ValueError, match=said):
        draw(loss, expand=name)


def test_depth_is_the_levels_of_modules_that_are_opened():
    body = nn.Sequential(*[nn.Sequential(nn.Dense(9, 9), nn.Tanh()) for _ in range(4)])
    y = body(Tensor([0.1] * 9))
    titles = [
        [b.title for b in outline(y, depth=d).boxes.values() if b.role == "layer"] for d in range(3)
    ]
    assert titles[0] == ["Sequential"]
    assert titles[1] == ["0", "1", "2", "3"]
    assert titles[2] == ["0.0", "0.1", "1.0", "1.1", "2.0", "2.1", "3.0", "3.1"]
    assert outline(y, depth=0, expand="Sequential").boxes.keys() == outline(y, depth=1).boxes.keys()


def test_more_than_a_hundred_layers_are_collapsed_to_the_modules_around_them():
    body = nn.Sequential(*[nn.Sequential(nn.Dense(3, 3), nn.Tanh()) for _ in range(60)])
    found = outline(body(Tensor([0.1] * 3)))
    assert sum(b.role == "layer" for b in found.boxes.values()) == 60


def test_a_layer_called_often_is_one_box():
    cell, h = nn.Dense(3, 3), Tensor([0.1] * 3)
    for _ in range(150):
        h = cell(h)
    found = outline(h)
    assert [b.title for b in found.boxes.values()] == ["x", "Dense"]
    assert "150 calls" in lines(titled(found, "Dense"))
    assert "all calls of one layer are one box" in found.notes


def test_code_outside_of_modules_stays_scalars():
    random.seed(1)
    y = nn.Sequential(nn.Conv2D(1, 4, 3), nn.Conv2D(4, 2, 3))(Tensor([[[0.1] * 9] * 9]))
    root = (y[0, 0, 0] - y[1, 4, 4]) ** 2.0
    found = outline(root)
    assert [b.symbol for b in found.boxes.values() if b.role in ("operation", "root")] == [
        "−",
        "**",
    ]
    assert {"1[0,0,0]", "1[1,4,4]"} <= {arrow.text for arrow in found.arrows}


# --- models ------------------------------------------------------------------------------------


def test_a_model_is_drawn_by_its_parts(model):
    found = outline(model)
    assert [b.title for b in found.boxes.values()] == list("01234567")
    assert lines(titled(found, "3")) == [
        "Conv2D(8, 16, 5)", "weight 16×8×5×5", "bias 16", "3,216 parameters"
    ]  # fmt: skip
    assert len(found.arrows) == 7
    assert found.notes == ["Sequential: 5,994 parameters"]


def test_nested_modules_of_a_model_are_frames_and_depth_folds_them():
    body = nn.Sequential(nn.Residual(nn.Sequential(nn.Dense(2, 2), nn.Tanh())), nn.Dense(2, 1))
    assert len(outline(body).frames) >= 1
    assert [b.role for b in outline(body, depth=1).boxes.values()] == ["folded", "layer"]


@pytest.mark.parametrize("root", [3.0, "x", None, [Value(1.0)]])
def test_what_is_no_graph_is_refused(root):
    with pytest.raises(TypeError, match="root must be a Value, a Tensor or a Module"):
        draw(root)


def test_a_class_is_no_model():
    with pytest.raises(TypeError, match="the class Conv2D: make an instance"):
        draw(nn.Conv2D)


@pytest.mark.parametrize("expand", [3, None, [None]])
def test_what_is_no_name_is_refused(expand):
    with pytest.raises(TypeError, match="expand="):
        draw(Value(1.0) * 2.0, expand=expand)


@pytest.mark.parametrize(
    "options", [{"depth": -1}, {"limit": 0}, {"paths": 0}, {"rankdir": "XX"}, {"depth": 1.5}]
)
def test_options_out_of_range_are_named(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        draw(Value(1.0) + 1.0, **options)


def test_a_module_that_holds_itself_is_drawn_once():
    model = nn.Sequential(nn.Dense(2, 2), nn.Tanh())
    model.layers.append(nn.Residual(nn.Sequential(nn.Tanh())))
    model.layers[2].again = model
    found = outline(model, depth=3000)
    assert "2.again" in [b.title for b in found.boxes.values()]


def test_the_parts_of_a_module_stand_in_the_order_of_its_attributes():
    found = draw(Lookup())
    first, second = (box.id for box in found.outline.boxes.values())
    assert found.outline.order == [(first, second)]
    assert f"{first} -> {second} [style=invis]" in found.source
