"""Layers that nobody wrote are found in graphs of plain Values, and mean what the code meant."""

import random

import pytest
from neurons import MLP, hinge

import nn
from autograd import Tensor, Value, draw
from autograd.drawing.read.graph import Graph
from autograd.drawing.read.stages import stages


def found(root):
    graph = Graph([root])
    return graph, {str(stage.call) or stage.kind: stage for stage in stages(graph)}


def tensors(graph):
    return {str(tensor.name): tensor for tensor in graph.tensors}


@pytest.mark.parametrize("samples", [1, 20])
def test_micrograds_network_is_its_layers_of_neurons(samples):
    random.seed(1)
    model = MLP(2, [16, 16, 1])
    net = hinge(model, samples)
    graph, layers = found(net.loss)
    assert [name for name in layers if name.startswith("neurons")] == [
        "neurons1", "neurons2", "neurons3"
    ]  # fmt: skip
    assert layers["neurons1"].kind == "16 × relu(Σ w·x + b)"
    assert layers["neurons3"].kind == "Σ w·x + b"
    assert [str(other.call) for other in layers["neurons2"].predecessors] == ["neurons1"]
    named = tensors(graph)
    for k, layer in enumerate(model.layers, 1):
        weights, biases = named[f"neurons{k}.w"], named[f"neurons{k}.b"]
        assert weights.parameter
        assert biases.parameter
        assert weights.name.shape == (len(layer.neurons), len(layer.neurons[0].w))
        assert weights.entries == [graph.number[w] for n in layer.neurons for w in n.w]
        assert biases.entries == [graph.number[n.b] for n in layer.neurons]
        made = named[f"neurons{k}"]
        assert made.name.shape == (
            (len(layer.neurons), samples) if samples > 1 else (len(layer.neurons),)
        )
        assert made.entries == [
            graph.number[outputs[k - 1][j]]
            for j in range(len(layer.neurons))
            for outputs in net.made
        ]
    assert not named["x"].parameter
    assert named["x"].entries == [graph.number[x[i]] for i in range(2) for x in net.inputs]
    if samples > 1:
        assert layers["relu"].kind == "20 × relu(1 + c·x)"
        assert named["relu"].entries == [graph.number[term] for term in net.terms]
        assert named["relu.c"].name.shape == (20,)


def test_every_operation_is_in_one_layer_and_layers_form_no_cycle():
    random.seed(2)
    net = hinge(MLP(3, [8, 4, 1]), 5)
    graph, layers = found(net.loss)
    assert sorted(k for stage in layers.values() for k in stage.nodes) == sorted(graph.operations)
    for stage in layers.values():
        assert all(other.number < stage.number for other in stage.predecessors)


def test_weights_are_told_from_inputs_on_either_side_of_a_product():
    def layer(w, x):
        return [sum((b * a for a, b in zip(row, x, strict=True)), Value(0.1)).tanh() for row in w]

    rng = random.Random(0)

    def numbers(n):
        return [Value(rng.gauss(0, 1)) for _ in range(n)]

    first, second = [numbers(3) for _ in range(4)], [numbers(4) for _ in range(2)]
    xs = [numbers(3) for _ in range(6)]
    graph, _ = found(sum(v for x in xs for v in layer(second, layer(first, x))))
    named = tensors(graph)
    for name, weights in [("neurons1.w", first), ("neurons2.w", second)]:
        assert named[name].entries == [graph.number[w] for row in weights for w in row]
    assert named["x"].name.shape == (3, 6)


def test_a_mean_of_squared_errors_is_apart_from_the_neurons():
    rng = random.Random(0)
    w, b = [Value(rng.gauss(0, 1)) for _ in range(5)], Value(0.0, "bias")
    xs = [[rng.gauss(0, 1) for _ in range(5)] for _ in range(30)]
    scores = [sum((wi * xi for wi, xi in zip(w, x, strict=True)), b) for x in xs]
    loss = sum((s - i) ** 2 for i, s in enumerate(scores)) / 30
    loss.label = "loss"
    graph, layers = found(loss)
    assert {name: stage.kind for name, stage in layers.items()} == {
        "neurons": "Σ w·x + b", "pow": "30 × (x − c)²", "loss": "(Σ x)/30"
    }  # fmt: skip
    assert tensors(graph)["neurons"].entries == [graph.number[s] for s in scores]
    assert graph.nodes[tensors(graph)["neurons.b"].entries[0]].label == "bias"


def test_a_sigmoid_written_by_hand_stays_with_its_neuron():
    rng = random.Random(0)
    rows = [[Value(rng.gauss(0, 1)) for _ in range(3)] for _ in range(6)]
    xs = [[Value(rng.gauss(0, 1)) for _ in range(3)] for _ in range(4)]
    biases = [Value(0.1) for _ in rows]

    def sigmoid(z):
        return 1 / (1 + (-z).exp())

    made = [
        sigmoid(sum((a * c for a, c in zip(w, x, strict=True)), b))
        for x in xs
        for w, b in zip(rows, biases, strict=True)
    ]
    _, layers = found(sum(made))
    assert layers["neurons"].kind == "6 × 1/(1 + exp(−(Σ w·x + b)))"


def test_a_convolution_written_by_hand_is_channels_and_places():
    rng = random.Random(0)
    image = [[Value(rng.gauss(0, 1)) for _ in range(6)] for _ in range(6)]
    kernels = [[Value(rng.gauss(0, 1)) for _ in range(9)] for _ in range(3)]
    biases = [Value(0.0) for _ in range(3)]
    windows = [
        [image[i + u][j + v] for u in range(3) for v in range(3)]
        for i in range(4)
        for j in range(4)
    ]
    made = [
        sum((w * x for w, x in zip(kernel, window, strict=True)), b).relu()
        for kernel, b in zip(kernels, biases, strict=True)
        for window in windows
    ]
    graph, _ = found(sum(made))
    named = tensors(graph)
    assert named["neurons"].name.shape == (3, 16)
    assert named["neurons"].entries == [graph.number[v] for v in made]
    assert named["neurons.w"].entries == [graph.number[w] for kernel in kernels for w in kernel]
    assert sorted(named["x"].entries) == sorted(graph.number[p] for row in image for p in row)


def test_small_graphs_and_those_without_structure_are_left_as_they_are():
    x = Value(0.3)
    small = sum((x * k).tanh() for k in range(20))
    assert list(found(small)[1]) == [""]
    rng, chain = random.Random(0), [Value(1.0)]
    for _ in range(400):
        a, b = rng.choices(chain[-5:], k=2)
        chain.append(rng.choice([a + b, a * b, a.tanh(), a - b]))
    assert list(found(chain[-1] * 2.0 + sum(chain))[1]) == [""]


def test_layers_of_a_model_stay_and_plain_code_between_them_is_grouped():
    rng = random.Random(0)
    dense = nn.Dense(4, 4, rng=rng)
    w = [[Value(rng.gauss(0, 1)) for _ in range(4)] for _ in range(30)]
    x = dense(Tensor([0.1, 0.2, 0.3, 0.4])).values
    by_hand = [sum((a * b for a, b in zip(row, x, strict=True)), Value(0.0)).tanh() for row in w]
    loss = nn.MSELoss()(Tensor(by_hand), [0.0] * 30)
    _, layers = found(loss)
    assert [stage.kind for stage in layers.values()] == ["Dense", "30 × tanh(Σ w·x + b)", "MSELoss"]


def test_draw_shows_the_same_layers():
    random.seed(1)
    net = hinge(MLP(2, [16, 16, 1]), 20)
    net.loss.backward()
    outline = draw(net.loss).outline
    boxes = {box.title: box for box in outline.boxes.values()}
    assert boxes["neurons2"].symbol == "16 × relu(Σ w·x + b)"
    assert ("", "272 parameters") in boxes["neurons2"].lines
    assert ("", "16×20 → 16×20") in boxes["neurons2"].lines
    assert "x" in boxes
    assert len(boxes) < 20
