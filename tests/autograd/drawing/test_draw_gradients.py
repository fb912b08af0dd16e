"""Whose gradients a drawing shows: those of its root, or a dash and a word; and which uses."""

import pytest

import nn
from autograd import Tensor, Value, draw, graph

NOT_RUN = "backward() has not run: gradients are —"
OTHER = "backward() was called from another root: its gradients are not shown, but —"
BEYOND = "backward() was called from a root beyond this one: gradients are that root's"


def lines(box):
    return [f"{what} {text}".strip() for what, text in box.lines]


def grads(found):
    return {text for b in found.boxes.values() for what, text in b.lines if "grad" in what}


def titled(found, title):
    (box,) = [box for box in found.boxes.values() if box.title == title]
    return box


def conv_loss():
    model = nn.Sequential(nn.Conv2D(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Dense(32, 3))
    image = Tensor([[[0.1 * i * j % 1 for i in range(6)] for j in range(6)]], label="image")
    return model, image, nn.CrossEntropyLoss()(model(image), 1)


def test_before_backward_gradients_are_dashes_and_a_note_says_why():
    x = Value(3.0, "x")
    found = draw(x * x).outline
    assert grads(found) == {"—"}
    assert found.notes == [NOT_RUN]
    assert draw(x * x, gradients=False).outline.notes == []


def test_gradients_of_a_root_before_this_one_are_not_shown_as_this_ones():
    x = Value(3.0, "x")
    y = x * x
    y.backward()
    found = draw(y + 1).outline
    assert grads(found) == {"—"}
    assert [arrow.chain_rule for arrow in found.arrows] == [None] * 4
    assert found.notes == [OTHER]
    assert draw(y).outline.notes == []


def test_a_second_sum_of_the_same_numbers_has_no_gradients_of_its_own():
    o = Tensor([1.0, 2.0], label="t") * 2.0
    o.sum().backward()
    found = draw(o.sum()).outline
    assert grads(found) == {"—"}
    assert not any("radient" in grid.caption for b in found.boxes.values() for grid in b.grids)
    assert found.notes[0] == OTHER


def test_what_leaves_keep_of_the_step_before_is_not_this_steps():
    w = Value(0.5, "w")
    (w * 3.0).backward()
    found = draw(w * 4.0).outline
    assert lines(titled(found, "w")) == ["data 0.5", "grad —"]
    assert found.notes == [OTHER]


def test_layers_show_dashes_too():
    model, image, loss = conv_loss()
    loss.backward()
    found = draw(nn.CrossEntropyLoss()(model(image), 2)).outline
    assert grads(found) == {"—"}
    assert found.notes[0] == OTHER


def test_a_later_pass_from_another_root_is_found_by_the_gradients_between():
    h = Value(2.0, "x") * 3.0
    y, z = h * h, h * 5.0
    y.backward()
    assert draw(y).outline.notes == []
    z.backward()
    assert draw(z).outline.notes == []
    found = draw(y).outline
    assert grads(found) == {"—"}
    assert found.notes == [OTHER]


def test_a_step_after_backward_leaves_the_gradients_in_the_drawing():
    w = Value(2.0, "w")
    y = (w * 3.0).tanh()
    y.backward()
    w.data = 1.0
    found = draw(y).outline
    assert "—" not in grads(found)
    assert found.notes == []


def test_nan_in_a_gradient_is_no_other_root():
    x = Value(float("nan"), "x")
    y = (x * 2.0).tanh() * x
    y.backward()
    assert draw(y).outline.notes == ["the first data that is not finite: leaf x is nan"]


def test_a_part_of_what_was_differentiated_says_whose_gradients_it_shows():
    x = Value(3.0, "x")
    y = x * 2.0
    (y * 5.0 + x).backward()
    found = draw(y).outline
    assert found.notes == [BEYOND]
    assert lines(titled(found, "x")) == [
        "data 3", "grad 11", "grad of other uses too"
    ]  # fmt: skip


def test_a_leaf_alone_shows_its_own_gradient():
    x = Value(3.0, "x")
    assert grads(draw(x).outline) == {"—"}
    (x * x).backward()
    assert grads(draw(x).outline) == {"6"}


# --- uses ----------------------------------------------------------------------------------------


def test_where_some_uses_are_drawn_their_number_is_said():
    _, _, loss = conv_loss()
    loss.backward()
    found = draw(loss, expand="0[1,2,3]").outline
    assert "1 of 16 uses is drawn" in lines(titled(found, "0.weight[1,0,:,:]"))
    assert "1 of 16 uses is drawn" in lines(titled(found, "0.bias[1]"))
    assert "1 of up to 18 uses is drawn" in lines(titled(found, "image[0,2:5,3:6]"))


def test_of_paths_too():
    w = Value(0.5, "w")
    y = w * 3.0 + w * 5.0 + w * 7.0
    y.backward()
    drawn = draw(y, slice=w, paths=2).outline
    assert "2 of 3 uses are drawn" in lines(titled(drawn, "w"))
    assert "drawn" not in str(lines(titled(draw(y, slice=w).outline, "w")))


def test_uses_that_send_nothing_are_not_missed():
    w = Value(0.5, "w")
    y = w * 3.0 + (w - 9.0).relu()
    y.backward()
    drawn = draw(y, slice=w, paths=1).outline
    assert lines(titled(drawn, "w")) == ["data 0.5", "grad 3"]


@pytest.mark.parametrize("n", [1, 2, 5])
def test_contributions_that_are_all_drawn_say_nothing_of_uses(n):
    w = Value(0.5, "w")
    y = sum([w * float(k) for k in range(n)], Value(0.0))
    y.backward()
    assert not [t for b in draw(y).outline.boxes.values() for t in lines(b) if "use" in t]
    assert graph.nodes(y)
