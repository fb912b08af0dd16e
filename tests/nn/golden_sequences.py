"""Write goldens_sequences.json.gz: PyTorch's recurrent layers and attention, as make_goldens.py."""

from functools import partial

import make_goldens
from make_goldens import case_of, gradients, plain, randomize

# --- cases: our API, and the shapes of the inputs ------------------------------------------------

CELLS = ["RNNCell(3, 2)", "RNNCell(2, 3, nonlinearity='relu')", "LSTMCell(3, 2)", "GRUCell(3, 2)"]
BARE_CELLS = [
    "RNNCell(2, 2, bias=False)",
    "LSTMCell(2, 1, bias=False)",
    "GRUCell(1, 2, bias=False)",
]
OPTIONS = ["", "num_layers=2", "bias=False", "bidirectional=True"]
STACKED = "num_layers=2, bidirectional=True"
KINDS = ["RNN", "LSTM", "GRU"]

# layer, (L, S), batch, and keywords of the call, each with its numbers
HIDE = [[0, 1, 0], [0, 0, 1]]  # what True hides in PyTorch takes no part here
ATTENTION = [
    ("MultiHeadAttention(4, 2)", (3, None), (), {}),
    ("MultiHeadAttention(4, 2)", (3, None), (2,), {}),
    ("MultiHeadAttention(3, 1, bias=False)", (2, None), (2,), {}),
    ("MultiHeadAttention(4, 4)", (1, None), (), {}),
    ("MultiHeadAttention(4, 2)", (2, 3), (2,), {}),
    ("MultiHeadAttention(4, 2, causal=True)", (3, None), (2,), {}),
    ("MultiHeadAttention(4, 2)", (2, 3), (2,), {"mask": HIDE}),
    ("MultiHeadAttention(4, 2)", (2, 3), (2,), {"key_mask": [[0, 1, 1], [0, 0, 0]]}),
    ("MultiHeadAttention(4, 2)", (2, 3), (2,), {"mask": HIDE, "key_mask": [[0, 0, 0], [1, 0, 0]]}),
    ("MultiHeadAttention(4, 2)", (2, 3), (2,), {"bias": [[0.5, -1.0, 0.0], [2.0, 0.25, -0.5]]}),
    ("MultiHeadAttention(2, 1)", (2, 2), (), {"mask": [[0, 1], [0, 1]]}),
]

# --- PyTorch under our names ---------------------------------------------------------------------


def peers():
    """PyTorch's layers by our names, batch first."""
    nn = torch.nn
    return {
        **vars(nn),
        **{kind: partial(getattr(nn, kind), batch_first=True) for kind in KINDS},
        "MultiHeadAttention": attention,
    }


def attention(embed_dim, num_heads, causal=False, bias=True):
    """PyTorch's attention with our keywords: masks are true for what takes part."""
    module = torch.nn.MultiheadAttention(embed_dim, num_heads, bias=bias, batch_first=True)
    forward = module.forward

    def call(query, key=None, value=None, mask=None, key_mask=None, bias=None, **options):
        key = query if key is None else key
        rows, columns = query.shape[-2], key.shape[-2]
        hidden = torch.zeros(rows, columns)
        if causal:
            hidden = hidden.masked_fill(torch.ones(rows, columns).triu(1) > 0, -torch.inf)
        if mask is not None:
            hidden = hidden.masked_fill(torch.tensor(mask) == 0, -torch.inf)
        if bias is not None:
            hidden = hidden + torch.tensor(bias)
        padding = None
        if key_mask is not None:
            padding = torch.zeros(torch.tensor(key_mask).shape)
            padding = padding.masked_fill(torch.tensor(key_mask) == 0, -torch.inf)
        value = key if value is None else value
        return forward(query, key, value, padding, True, hidden, average_attn_weights=False)

    module.forward = call
    return module


# --- the groups of cases -------------------------------------------------------------------------


def call_case(text, note, inputs, options=None):
    """One call of a layer: all outputs, and the gradients of all inputs and parameters."""
    case = case_of(f"{text} of {note}", layer=text, options=options or {})
    module = eval(text, peers())
    case["state"] = randomize(module)
    drawn = [[make_goldens.given(shape) for shape in shapes] for shapes in inputs]
    arguments = [x if len(x) > 1 else x[0] for x in drawn]
    outputs = list(flattened(module(*arguments, **case["options"])))
    upstream = [make_goldens.draw(y.shape) for y in outputs]
    sum((y * u).sum() for y, u in zip(outputs, upstream, strict=True)).backward()
    case["inputs"] = [[plain(x) for x in part] for part in drawn]
    case["outputs"], case["upstream"] = list(map(plain, outputs)), list(map(plain, upstream))
    case["input_grads"] = [[plain(x.grad) for x in part] for part in drawn]
    case["grads"] = gradients(module)
    return case


def flattened(outputs):
    """The tensors of nested tuples, in order."""
    if isinstance(outputs, tuple):
        for part in outputs:
            yield from flattened(part)
    else:
        yield outputs


def state_of(kind, *shape):
    """The shapes of a state: h, or h and c."""
    return [shape, shape] if "LSTM" in kind else [shape]


def cells():
    """One step, from zeros and from a state."""
    for text in CELLS + BARE_CELLS:
        sizes = [int(n) for n in text.partition("(")[2].partition(")")[0].split(",")[:2]]
        yield call_case(text, "zeros", [[(sizes[0],)]])
        state = state_of(text, 2, sizes[1])
        yield call_case(text, "a state", [[(2, sizes[0])], state])


def sequences():
    """Whole sequences, alone and in batches, from zeros and from a state."""
    for kind in KINDS:
        for option in OPTIONS:
            text = f"{kind}(2, 3, {option})" if option else f"{kind}(2, 3)"
            yield call_case(text, "4 steps", [[(4, 2)]])
        text = f"{kind}(2, 2, {STACKED})"
        yield call_case(text, "2 of 3 steps, a state", [[(2, 3, 2)], state_of(kind, 4, 2, 2)])
        yield call_case(f"{kind}(1, 2)", "1 step, a state", [[(1, 1)], state_of(kind, 1, 2)])
    yield call_case("RNN(2, 3, nonlinearity='relu')", "2 of 3 steps", [[(2, 3, 2)]])


def attentions():
    """Outputs and weights, with masks, causal, and from other keys and values."""
    for text, (rows, columns), batch, options in ATTENTION:
        size = int(text.partition("(")[2].partition(",")[0])
        given = {
            k: v if k == "bias" else (1 - torch.tensor(v)).tolist() for k, v in options.items()
        }
        parts = [rows] if columns is None else [rows, columns, columns]
        note = f"{parts} in {batch} with {options}"
        yield call_case(text, note, [[(*batch, n, size)] for n in parts], given)


def goldens():
    """All groups of cases."""
    return {
        "torch": torch.__version__,
        "cells": list(cells()),
        "sequences": list(sequences()),
        "attention": list(attentions()),
    }


if __name__ == "__main__":
    import torch  # here, because pytest imports each file to look for doctests, without torch

    make_goldens.torch = torch
    make_goldens.main(goldens_sequences=goldens)
