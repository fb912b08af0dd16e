"""The explorer in a real browser: the forward pass, step by step, and on into the reverse pass."""

import math
import re

from browsing import close, expression, number, ringed

RIGHT, LEFT, HOME = "\ue014", "\ue012", "\ue011"


def test_each_step_of_an_expression_makes_one_number_and_says_of_what(explorer):
    a, b, _, y = expression()
    page = explorer(y).open()
    page.press(HOME)
    assert page.text(".words").startswith("the forward pass starts here")
    shown = {v: page.card(v.label).find_element("css selector", ".value") for v in (a, b)}
    assert all(number(e.text) == v.data for v, e in shown.items()), "leaves are there"
    assert page.texts(".card.operation .value") == ["…"] * 5
    assert set(page.texts(".card .gradient")) == {"—"}
    said = []
    for step in range(1, 6):
        page.press(RIGHT)
        said.append(page.text(".words"))
        assert page.texts(".card.operation .value").count("…") == 5 - step
        assert len(page.all(".card.frontier")) == (step < 5)
        assert page.text(".clock") == (f"forward {step} of 5" if step < 5 else "reverse 0 of 9")
    assert "c = a × b = 2 × (−3) = −6" in said
    quotient = next(line for line in said if " = a / b = " in line)
    assert close(number(quotient.split(" = ")[-1]), a.data / b.data)
    result = re.fullmatch(r"y = (\S+); ∂y/∂y = 1: the reverse pass starts here", said[-1])
    assert close(number(result[1]), y.data)
    page.press(LEFT)
    assert page.texts(".card.operation .value").count("…") == 1
    assert page.complaints() == []


def step_to(page, node_name):
    """Step forward until this node is made."""
    while not page.text(".words").startswith(f"{node_name} = "):
        page.press(RIGHT)


def test_the_kernel_slides_over_the_image(explorer, net):
    page = explorer(net.loss).open("grain=scalar&step=forward-0&layer=conv1")
    overlay = {
        name: page.map(name, column)
        for name, column in [
            ("x", ".before"),
            ("conv1.weight", ".kernels"),
            ("conv1.bias", ".kernels"),
        ]
    }
    for place, entry in [(0, "0,0,0"), (1, "0,0,1"), (4, "0,1,0"), (16, "1,0,0")]:
        channel, i, j = map(int, entry.split(","))
        step_to(page, f"conv1[{entry}].dot")
        window = [6 * (i + u) + j + v for u in range(3) for v in range(3)]
        assert ringed(page, overlay["x"]) == window
        assert ringed(page, overlay["conv1.weight"]) == [9 * channel + k for k in range(9)]
        assert ringed(page, page.map("conv1", ".here")) == [place]
        pixel = net.made["conv1"].values[place]
        dot, bias = pixel.inputs
        kernel, image = ([x.data for x in operand.inputs] for operand in dot.inputs)
        first = re.search(r"= Σ (\S+)·(\S+) \+ .* … = (\S+)$", page.text(".words")).groups()
        told = [number(text.strip("()")) for text in first]
        assert all(map(close, told, (kernel[0], image[0], dot.data)))
        products = page.texts('.step-pane [data-grid="products"] td')
        true = [w * x for w, x in zip(kernel, image, strict=True)]
        assert all(close(number(t), p, 2) for t, p in zip(products, true, strict=True))
        page.press(RIGHT)
        told = page.text(".words").split(" = ")
        assert told[0] == f"conv1[{entry}]"
        parts = [number(text.strip("()")) for text in told[2].split(" + ")]
        assert all(map(close, [*parts, number(told[3])], [dot.data, bias.data, pixel.data]))
        assert ringed(page, overlay["conv1.bias"]) == [channel]
    page.picture("forward")


def test_what_is_not_made_yet_is_not_shown(explorer, net):
    page = explorer(net.loss).open("grain=channel&step=forward-0&layer=conv1")
    page.press(RIGHT)  # channel 0
    overlay = page.map("conv1", ".here")
    for place, value in [(5, net.made["conv1"].values[5]), (20, None)]:
        page.point(overlay, place)
        said = page.run("return arguments[0].title", overlay)
        if value:
            assert close(number(re.search(r"= (\S+),", said)[1]), value.data)
        else:
            assert said == "conv1[1,1,0]: not yet made"
    page.run(
        "explorer.state.set({node: explorer.graph.tensors.find(t => t.name == 'pool1').entries[3]})"
    )
    assert page.text(".facts .value") == "…"
    page.to_the_result()
    assert number(page.text(".facts .value")) == net.made["pool1"].values[3].data


def test_one_timeline_goes_through_all_layers_and_back(explorer, net):
    page = explorer(net.loss).open()
    page.press(HOME)
    order = ["conv1", "relu1", "pool1", "head", "CrossEntropyLoss"]
    seen, words = [], []
    for _ in range(2 * len(order)):
        page.press(RIGHT)
        seen.append(page.text(".layer-pane h2").split("CrossEntropyLoss")[0] or "CrossEntropyLoss")
        words.append(page.text(".words"))
    followed = [next(n for n in order if text.startswith(n)) for text in seen[:-1]]
    assert followed == order + order[::-1][:-1]
    assert words[0] == "conv1: 96 operations: 48 dot, 48 add"
    assert words[4].startswith(f"loss = {net.loss.data:.4g}; ")
    assert "contribution" in words[5]
    assert page.text(".clock").startswith("reverse ")
    pressed = page.text('#shown [aria-pressed="true"]')
    assert pressed == "gradients", "the reverse pass shows gradients"
    for _ in range(6):
        page.press(LEFT)
    assert page.text('#shown [aria-pressed="true"]') == "values"
    done = [c.find_element("css selector", "b").text for c in page.all(".card.layer.done")]
    assert done == order[:-1], "the loss is not there yet"


def test_a_step_forward_can_be_linked_to(explorer, net):
    page = explorer(net.loss).open("grain=scalar&step=forward-0&layer=conv1")
    step_to(page, "conv1[0,1,2].dot")
    page.wait("return location.hash.includes('step=forward-13')")
    words = page.text(".words")
    fragment = page.run("return location.hash.slice(1)")
    page.open(fragment)
    assert page.text(".words") == words
    assert page.text(".clock").startswith("forward 13 of ")


def test_half_of_the_slider_is_the_forward_pass(explorer, net):
    page = explorer(net.loss).open()
    scrub = """
    const slider = document.querySelector('.slider');
    slider.value = arguments[0] * slider.max;
    slider.dispatchEvent(new Event('input', {bubbles: true}));
    return explorer.state.time;
    """
    start, end = page.run("return [explorer.timeline.start, explorer.timeline.end]")
    assert [page.run(scrub, x) for x in (-1, 0, 1)] == [start, 0, end]
    assert math.isclose(page.run(scrub, -0.5), start / 2, abs_tol=1)
    assert page.one(".slider").get_attribute("aria-valuetext").startswith("forward ")


def test_play_runs_from_the_image_to_the_last_gradient(explorer):
    page = explorer(expression()[-1]).open()
    page.run("window.times = []; explorer.state.onChange(() => times.push(explorer.state.time))")
    page.press(" ")
    page.wait("return explorer.state.time == explorer.timeline.end")
    assert page.run("return times") == list(range(-5, 10))
    assert page.text(".words").startswith("∂y/∂")
