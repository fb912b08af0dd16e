"""Recurrent layers and attention as PyTorch's, and back; weights have the same names and order."""

from typing import Any

from .. import init, layers
from ..module import Module
from . import torch_layers
from .axes import RECURRENT
from .walk import Rules

CELLS = (layers.RNNCell, layers.LSTMCell, layers.GRUCell)


def _sequence_out(to: Any, layer: Any) -> Any:
    """PyTorch's own layer where it gives all outputs and the state, else one of ours."""
    options = {
        name: getattr(layer, name)
        for name in ("num_layers", "bias", "dropout", "bidirectional", "nonlinearity")
        if hasattr(layer, name)
    }
    name = type(layer).__name__
    sizes = layer.input_size, layer.hidden_size
    if layer.return_sequences and layer.return_state:
        return getattr(to.nn, name)(*sizes, batch_first=True, **options)
    made = getattr(torch_layers, name)(*sizes, batch_first=True, **options)
    made.return_sequences, made.return_state = layer.return_sequences, layer.return_state
    return made


def _sequence_in(read: Any, m: Any) -> Module:
    read.only(m, batch_first=True, proj_size=0)
    options = {
        name: getattr(m, name)
        for name in ("bias", "dropout", "bidirectional", "return_sequences", "return_state")
        if hasattr(m, name)
    }
    if m.mode.startswith("RNN"):
        options["nonlinearity"] = m.nonlinearity
    ours = getattr(layers, m.mode.partition("_")[0])
    sizes = m.input_size, m.hidden_size, m.num_layers
    made: Module = read.new(ours, *sizes, init=init.zeros, **options)
    return made


def _cell_out(to: Any, layer: Any) -> Any:
    options = {"nonlinearity": layer.nonlinearity} if hasattr(layer, "nonlinearity") else {}
    cls = getattr(to.nn, type(layer).__name__)
    return cls(layer.input_size, layer.hidden_size, layer.bias, **options)


def _cell_in(read: Any, m: Any) -> Module:
    options = {"nonlinearity": m.nonlinearity} if hasattr(m, "nonlinearity") else {}
    ours = getattr(layers, type(m).__name__)
    made: Module = read.new(ours, m.input_size, m.hidden_size, m.bias, init=init.zeros, **options)
    return made


def _attention_out(to: Any, layer: layers.MultiHeadAttention) -> Any:
    sizes = layer.embed_dim, layer.num_heads
    made = torch_layers.MultiHeadAttention(
        *sizes, dropout=layer.dropout, bias=layer.bias, causal=layer.causal
    )
    to.fill(made.out_proj, layer.out_proj)
    return made


def _attention_in(read: Any, m: Any) -> Any:
    read.only(m, batch_first=True, add_zero_attn=False, _qkv_same_embed_dim=True, bias_k=None)
    made: Any = read.new(
        layers.MultiHeadAttention,
        m.embed_dim,
        m.num_heads,
        dropout=m.dropout,
        bias=m.in_proj_bias is not None,
        causal=getattr(m, "causal", False),
        init=init.zeros,
    )
    made.out_proj = read.visit("out_proj", m.out_proj)
    return made


def _positions_out(_: Any, layer: layers.PositionalEncoding) -> Any:
    return torch_layers.PositionalEncoding(layer.embed_dim)


OUT: Rules = {
    **dict.fromkeys(RECURRENT, _sequence_out),
    **dict.fromkeys(CELLS, _cell_out),
    layers.MultiHeadAttention: _attention_out,
    layers.PositionalEncoding: _positions_out,
}


def rules(nn: Any) -> Rules:
    """The rules of the classes of torch.nn, and of those that we have added."""
    return {
        **{
            getattr(library, cls.__name__): _sequence_in
            for cls in RECURRENT
            for library in (nn, torch_layers)
        },
        **{getattr(nn, cls.__name__): _cell_in for cls in CELLS},
        nn.MultiheadAttention: _attention_in,
        torch_layers.MultiHeadAttention: _attention_in,
        torch_layers.PositionalEncoding: lambda _, m: layers.PositionalEncoding(m.embed_dim),
    }
