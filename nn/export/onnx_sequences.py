"""What recurrent layers and attention are in ONNX, where steps come first and gates are mixed."""

import math
from typing import Any

from autograd import Tensor, concatenate, stack

from .. import layers
from .onnx_graph import Graph
from .walk import Rules

# our blocks of gates in ONNX's order: z r n of r z n, and i o f g of i f g o
ORDERS = {layers.RNN: (0,), layers.GRU: (1, 0, 2), layers.LSTM: (0, 3, 1, 2)}


def _recurrent(graph: Graph, layer: Any, x: str) -> str:
    """Layer by layer with steps first: (N, T, I) -> (T, N, I) -> ... -> (N, T, D·H)."""
    if layer.return_state:
        raise graph.error("its output is a tuple with its state; build it with return_state=False")
    _check_sequence(graph, x)
    cls = next(kind for kind in ORDERS if isinstance(layer, kind))
    places, last = layer.places(), layer.num_layers - 1
    x = graph.node("Transpose", x, part="/steps_first", perm=[1, 0, 2])
    for k, directions in enumerate(places):
        ends = k == last and not layer.return_sequences
        y = graph.node(
            cls.__name__,
            x,
            *_weights(layer, directions, ORDERS[cls]),
            part=f"/layer{k}",
            output=int(ends),  # the first are the outputs of all steps, the second the last states
            **_attributes(layer),
        )
        if ends:  # (D, N, H) -> (N, D·H)
            y = graph.node("Transpose", y, part="/last", perm=[1, 0, 2])
            return graph.node("Reshape", y, [0, len(directions) * layer.hidden_size])
        y = graph.node("Transpose", y, part=f"/layer{k}/joined", perm=[0, 2, 1, 3])
        joined = [0, 0, len(directions) * layer.hidden_size]
        x = graph.node("Reshape", y, joined, part=f"/layer{k}/outputs")
    return graph.node("Transpose", x, perm=[1, 0, 2])


def _weights(layer: Any, directions: list[str], order: tuple[int, ...]) -> list[Any]:
    """W (D, gates·H, I), R (D, gates·H, H) and B (D, 2·gates·H), or None."""

    def ordered(name: str) -> Tensor:
        blocks = getattr(layer, name).reshape(layer.gates, layer.hidden_size, -1)
        return concatenate([blocks[k] for k in order])

    w, r = (stack([ordered(f"weight_{part}{d}") for d in directions]) for part in ("ih", "hh"))
    if not layer.bias:
        return [w, r, None]
    pairs = [[ordered(f"bias_{part}{d}") for part in ("ih", "hh")] for d in directions]
    return [w, r, stack([concatenate(pair).reshape(-1) for pair in pairs])]


def _attributes(layer: Any) -> dict[str, Any]:
    found = {
        "hidden_size": layer.hidden_size,
        "direction": "bidirectional" if layer.bidirectional else "forward",
    }
    if isinstance(layer, layers.GRU):
        return {**found, "linear_before_reset": 1}
    if isinstance(layer, layers.RNN):
        return {**found, "activations": [layer.nonlinearity.title()] * (1 + layer.bidirectional)}
    return found


def _attention(graph: Graph, layer: layers.MultiHeadAttention, x: str) -> str:
    """Self-attention: products and a softmax."""
    _check_sequence(graph, x)
    heads, size = layer.num_heads, layer.embed_dim // layer.num_heads
    q, k, v = (_heads(graph, layer, x, n) for n in range(3))
    k = graph.node("Transpose", k, part="/key/transposed", perm=[0, 1, 3, 2])
    scores = graph.node("MatMul", q, k, part="/product")
    scores = graph.node("Div", scores, Tensor([math.sqrt(size)]), part="/scores")
    if layer.causal:
        length = _length(graph, x)
        hidden = [[0.0 if s <= t else -math.inf for s in range(length)] for t in range(length)]
        scores = graph.node("Add", scores, Tensor(hidden), part="/causal")
    weights = graph.node("Softmax", scores, part="/weights", axis=-1)
    y = graph.node("MatMul", weights, v, part="/heads")
    y = graph.node("Transpose", y, part="/heads/joined", perm=[0, 2, 1, 3])
    y = graph.node("Reshape", y, [0, 0, heads * size], part="/attended")
    attended: str = graph.visit("out_proj", layer.out_proj, y)
    return attended


def _heads(graph: Graph, layer: layers.MultiHeadAttention, x: str, n: int) -> str:
    """The query, key or value (n = 0, 1, 2) in heads: (N, heads, T, E / heads)."""
    part = ("/query", "/key", "/value")[n]
    rows = slice(n * layer.embed_dim, (n + 1) * layer.embed_dim)
    y = graph.node("MatMul", x, layer.in_proj_weight[rows].T, part=f"{part}/product")
    if layer.in_proj_bias is not None:
        y = graph.node("Add", y, layer.in_proj_bias[rows], part=f"{part}/sum")
    shape = [0, 0, layer.num_heads, layer.embed_dim // layer.num_heads]
    y = graph.node("Reshape", y, shape, part=f"{part}/heads")
    return graph.node("Transpose", y, part=part, perm=[0, 2, 1, 3])


def _positions(graph: Graph, layer: layers.PositionalEncoding, x: str) -> str:
    return graph.node("Add", x, layer.waves(_length(graph, x)))


def _check_sequence(graph: Graph, x: str) -> None:
    if len(graph.shape(x)) != 3:
        raise graph.error(f"in ONNX it takes (N, T, features), and its input is {graph.text(x)}")


def _length(graph: Graph, x: str) -> int:
    """How many steps a sequence has."""
    length = graph.shape(x)[-2]
    if not isinstance(length, int):
        raise graph.error(
            "it depends on the length of its input; give shape=, one sample's, such as "
            f"shape=(16, {graph.shape(x)[-1]})"
        )
    return length


RULES: Rules = {
    **dict.fromkeys(ORDERS, _recurrent),
    layers.MultiHeadAttention: _attention,
    layers.PositionalEncoding: _positions,
}
