"""Recurrent layers: cells take one step, RNN, LSTM and GRU go along a whole sequence with it.

Weights are packed by gate, in the order and under the names of PyTorch. A sequence is (..., T, I),
T steps of I features, with the batch in front (`batch_first=True` there); states are, as there,
(layers·directions, ..., H), so that `h[-1]` is what the last layer ends with.
"""

import random
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from autograd import Tensor, concatenate, einsum, stack, where

from .. import init, validate
from ..annotations import Generator, Shape
from ..module import Module, Parameter
from .basic import dropped

State = tuple[Tensor, ...]


class _Recurrent(Module):
    """What a cell and a sequence share: sizes, weights packed by gate, and one step."""

    gates: ClassVar[int]  # how many blocks of H rows the weights have
    states: ClassVar[tuple[str, ...]] = ("h",)

    def __init__(self, input_size: int, hidden_size: int, bias: bool) -> None:
        name = type(self).__name__
        self.input_size = validate.positive(name, "input_size", input_size)
        self.hidden_size = validate.positive(name, "hidden_size", hidden_size)
        self.bias = bias

    def step(self, a: Tensor, b: Tensor, late: Tensor | None, state: State) -> State:
        """The next state from a = W_ih·x + biases and b = W_hh·h, (..., gates·H) both.

        `late` are biases that cannot be added to `a`, where there are any.
        """
        raise NotImplementedError

    def biases(self, ih: Tensor, hh: Tensor) -> tuple[Tensor, Tensor | None]:
        """The biases of `a`, summed once for all steps, and the late ones."""
        return ih + hh, None

    def _add_weights(self, place: str, inputs: int, init: init.Initializer, rng: Generator) -> None:
        rows = self.gates * self.hidden_size
        setattr(self, f"weight_ih{place}", Parameter(init((rows, inputs), rng)))
        setattr(self, f"weight_hh{place}", Parameter(init((rows, self.hidden_size), rng)))
        if self.bias:
            setattr(self, f"bias_ih{place}", Parameter([0.0] * rows))
            setattr(self, f"bias_hh{place}", Parameter([0.0] * rows))

    def _begun(self, place: str, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """`a` of all steps at once, (..., I) -> (..., gates·H), and the late biases."""
        a = einsum("gi,...i->...g", getattr(self, f"weight_ih{place}"), x)
        if not self.bias:
            return a, None
        early, late = self.biases(
            getattr(self, f"bias_ih{place}"), getattr(self, f"bias_hh{place}")
        )
        return a + early, late

    def _next(self, place: str, a: Tensor, late: Tensor | None, state: State) -> State:
        b = einsum("gh,...h->...g", getattr(self, f"weight_hh{place}"), state[0])
        return self.step(a, b, late, state)

    def _by_gate(self, x: Tensor) -> list[Tensor]:
        n = self.hidden_size
        return [x[..., k * n : (k + 1) * n] for k in range(self.gates)]

    def _given(self, state: Any, shape: Shape) -> State:
        """The state that a call begins with, zeros where none is given."""
        if state is None:
            return tuple([Tensor.zeros(shape).rename(name) for name in self.states])
        several = len(self.states) > 1
        parts = tuple(state) if several and isinstance(state, Iterable) else (state,)
        if [getattr(part, "shape", None) for part in parts] != [shape] * len(self.states):
            form = f"({', '.join(self.states)}), each" if several else "a Tensor"
            got = ", ".join(str(getattr(part, "shape", part))[:60] for part in parts)
            raise ValueError(f"{self!r}: state must be {form} of shape {shape}, got {got}")
        return parts


def _bare(state: State) -> Any:
    """A state as it is handed to users: h, or (h, c)."""
    return state if len(state) > 1 else state[0]


class _RNN(_Recurrent):
    gates = 1
    nonlinearity = "tanh"

    def step(self, a: Tensor, b: Tensor, *_: object) -> State:
        return ((a + b).relu() if self.nonlinearity == "relu" else (a + b).tanh(),)

    def _use(self, nonlinearity: str) -> None:
        if nonlinearity not in ("tanh", "relu"):
            name = type(self).__name__
            raise ValueError(f'{name}: nonlinearity must be "tanh" or "relu", got {nonlinearity!r}')
        self.nonlinearity = nonlinearity


class _LSTM(_Recurrent):
    gates = 4
    states = ("h", "c")

    def step(self, a: Tensor, b: Tensor, _: Tensor | None, state: State) -> State:
        i, f, g, o = self._by_gate(a + b)
        c = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c


class _GRU(_Recurrent):
    gates = 3

    def step(self, a: Tensor, b: Tensor, late: Tensor | None, state: State) -> State:
        (a_r, a_z, a_n), (b_r, b_z, b_n) = self._by_gate(a), self._by_gate(b)
        r, z = (a_r + b_r).sigmoid(), (a_z + b_z).sigmoid()
        n = (a_n + r * (b_n if late is None else b_n + late)).tanh()
        return (n + z * (state[0] - n),)

    def biases(self, ih: Tensor, hh: Tensor) -> tuple[Tensor, Tensor | None]:
        """b_hn is multiplied by r, so it comes late."""
        n = 2 * self.hidden_size
        return concatenate([ih[:n] + hh[:n], ih[n:]]), hh[n:]


# --- one step ---------------------------------------------------------------------------------


class _Cell(_Recurrent):
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        init: init.Initializer = init.uniform,
        rng: Generator = random,
    ) -> None:
        super().__init__(input_size, hidden_size, bias)
        self._add_weights("", self.input_size, init, rng)

    def forward(self, x: Tensor, state: Any = None) -> Any:
        """One step from a state (..., H), by default of zeros: the next one."""
        validate.axis(self, x, -1, "features", self.input_size)
        given = self._given(state, (*x.shape[:-1], self.hidden_size))
        return _bare(self._next("", *self._begun("", x), given))


class RNNCell(_RNN, _Cell):
    """One step of an RNN (Elman 1990): (..., I), h (..., H) -> h' (..., H).

    h' = tanh(W_ih·x + b_ih + W_hh·h + b_hh), or relu
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        init: init.Initializer = init.uniform,
        rng: Generator = random,
    ) -> None:
        self._use(nonlinearity)
        super().__init__(input_size, hidden_size, bias, init=init, rng=rng)


class LSTMCell(_LSTM, _Cell):
    """One step of an LSTM: (..., I), (h, c) each (..., H) -> (h', c').

    i, f, g, o = the four blocks of W_ih·x + b_ih + W_hh·h + b_hh
    c' = σ(f)·c + σ(i)·tanh(g)
    h' = σ(o)·tanh(c')

    Hochreiter, Schmidhuber 1997, with the forget gate of Gers, Schmidhuber, Cummins 2000.
    """


class GRUCell(_GRU, _Cell):
    """One step of a GRU: (..., I), h (..., H) -> h' (..., H).

    a, b = W_ih·x + b_ih, W_hh·h + b_hh, in three blocks
    r, z = σ(a_r + b_r), σ(a_z + b_z)
    n = tanh(a_n + r·b_n)
    h' = (1 - z)·n + z·h

    Cho et al. 2014, where r is applied after the product with W_hh, as PyTorch does.
    """


# --- a whole sequence -------------------------------------------------------------------------


class _Sequence(_Recurrent):
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        return_sequences: bool = True,
        return_state: bool = True,
        init: init.Initializer = init.uniform,
        rng: Generator = random,
    ) -> None:
        super().__init__(input_size, hidden_size, bias)
        name = type(self).__name__
        self.num_layers = validate.positive(name, "num_layers", num_layers)
        self.dropout = validate.within(name, "dropout", dropout, 0, 1)
        self.rng: Generator | None = None  # of the dropout; `seed` sets it
        self.bidirectional = bidirectional
        self.return_sequences, self.return_state = return_sequences, return_state
        for k, places in enumerate(self.places()):
            inputs = len(places) * self.hidden_size if k else self.input_size
            for place in places:
                self._add_weights(place, inputs, init, rng)

    def places(self) -> list[list[str]]:
        """For each layer, how the names of its weights end: one for each direction."""
        directions = ("", "_reverse") if self.bidirectional else ("",)
        return [[f"_l{k}{d}" for d in directions] for k in range(self.num_layers)]

    def forward(self, x: Tensor, state: Any = None, *, mask: Any = None) -> Any:
        """(..., T, I) -> y (..., T, D·H), and the last state, (layers·D, ..., H) each part."""
        self._check(x)
        there = None if mask is None else self._steps(Tensor(mask), x.shape[:-1])
        places = self.places()
        count = self.num_layers * len(places[0])
        given = self._given(state, (count, *x.shape[:-2], self.hidden_size))
        ends: list[State] = []
        for k, layer in enumerate(places):
            if k and self.training:
                x = dropped(x, self.dropout, self.rng)
            outputs = []
            for place in layer:
                first = tuple([part[len(ends)] for part in given])
                y, last = self._along(x, place, first, there)
                outputs.append(y)
                ends.append(last)
            x = concatenate(outputs, -1)
        return self._handed(x, ends, len(places[0]))

    def _along(
        self, x: Tensor, place: str, state: State, there: Tensor | None
    ) -> tuple[Tensor, State]:
        """One direction of one layer: (..., T, I) -> (..., T, H), and the state after it."""
        a, late = self._begun(place, x)
        order = range(x.shape[-2])[:: -1 if place.endswith("_reverse") else 1]
        outputs: dict[int, Tensor] = {}
        for t in order:
            before, state = state, self._next(place, a[..., t, :], late, state)
            if there is not None:  # a step that is not there leaves the state as it is
                pairs = zip(state, before, strict=True)
                state = tuple([where(there[..., t, None], new, old) for new, old in pairs])
            outputs[t] = state[0]
        return stack([outputs[t] for t in sorted(outputs)], -2), state

    def _handed(self, y: Tensor, ends: Sequence[State], directions: int) -> Any:
        """What the constructor asked for: all outputs or the last, with or without the state."""
        if not self.return_sequences:
            y = concatenate([h for h, *_ in ends[-directions:]], -1)
        if not self.return_state:
            return y
        return y, _bare(tuple([stack(parts) for parts in zip(*ends, strict=True)]))

    def _steps(self, mask: Tensor, shape: Shape) -> Tensor:
        if mask.shape not in (shape, shape[-1:]):
            raise ValueError(f"{self!r}: mask has shape {mask.shape}, the steps {shape}")
        return mask

    def _check(self, x: Tensor) -> None:
        validate.axis(self, x, -1, "features", self.input_size)
        if x.ndim < 2:
            raise ValueError(f"{self!r}: input must be (..., T, I), got shape {x.shape}")


class RNN(_RNN, _Sequence):
    """RNNCell along a sequence: (..., T, I) -> y (..., T, D·H), h (layers·D, ..., H).

    Further layers read the outputs of the one before, after dropout in training. With
    `bidirectional`, D = 2: another one goes from the end to the start, and its outputs are joined.
    `return_state=False` gives y alone, as a Sequential needs it, and `return_sequences=False` the
    last output of each direction, (..., D·H), in place of y. A call takes `state=`, zeros if None,
    and `mask=` (..., T): where it is false, a step changes nothing, in either direction.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        *,
        nonlinearity: str = "tanh",
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        return_sequences: bool = True,
        return_state: bool = True,
        init: init.Initializer = init.uniform,
        rng: Generator = random,
    ) -> None:
        self._use(nonlinearity)
        super().__init__(
            input_size,
            hidden_size,
            num_layers,
            bias=bias,
            dropout=dropout,
            bidirectional=bidirectional,
            return_sequences=return_sequences,
            return_state=return_state,
            init=init,
            rng=rng,
        )


class LSTM(_LSTM, _Sequence):
    """LSTMCell along a sequence, with the options of RNN: (..., T, I) -> y (..., T, D·H), (h, c).

    >>> import nn
    >>> y, (h, c) = nn.LSTM(2, 3)([[0.1, 0.2], [0.3, 0.4]])
    >>> y.shape, h.shape, c.shape
    ((2, 3), (1, 3), (1, 3))
    """


class GRU(_GRU, _Sequence):
    """GRUCell along a sequence, with the options of RNN: (..., T, I) -> y (..., T, D·H), h.

    >>> import nn
    >>> gru = nn.GRU(2, 3, return_sequences=False, return_state=False)
    >>> nn.Sequential(gru, nn.Dense(3, 1))([[0.1, 0.2], [0.3, 0.4]]).shape
    (1,)
    """
