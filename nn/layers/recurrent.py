"""Recurrent layers: RNN, LSTM and GRU go along a whole sequence with the step of their cell.

A sequence is (..., T, I), T steps of I features, with the batch in front (`batch_first=True` in
PyTorch); states are, as there, (layers·directions, ..., H), so that `h[-1]` is what the last layer
ends with.
"""

import random
from collections.abc import Sequence
from typing import Any

from autograd import Tensor, concatenate, stack, where

from .. import init, validate
from ..annotations import Generator, Shape
from .basic import dropped
from .cells import GRUStep, LSTMStep, Recurrent, RNNStep, State, bare


class _Sequence(Recurrent):
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
        return y, bare(tuple([stack(parts) for parts in zip(*ends, strict=True)]))

    def _steps(self, mask: Tensor, shape: Shape) -> Tensor:
        if mask.shape not in (shape, shape[-1:]):
            raise ValueError(f"{self!r}: mask has shape {mask.shape}, the steps {shape}")
        return mask

    def _check(self, x: Tensor) -> None:
        validate.axis(self, x, -1, "features", self.input_size)
        if x.ndim < 2:
            raise ValueError(f"{self!r}: input must be (..., T, I), got shape {x.shape}")


class RNN(RNNStep, _Sequence):
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


class LSTM(LSTMStep, _Sequence):
    """LSTMCell along a sequence, with the options of RNN: (..., T, I) -> y (..., T, D·H), (h, c).

    >>> import nn
    >>> y, (h, c) = nn.LSTM(2, 3)([[0.1, 0.2], [0.3, 0.4]])
    >>> y.shape, h.shape, c.shape
    ((2, 3), (1, 3), (1, 3))
    """


class GRU(GRUStep, _Sequence):
    """GRUCell along a sequence, with the options of RNN: (..., T, I) -> y (..., T, D·H), h.

    >>> import nn
    >>> gru = nn.GRU(2, 3, return_sequences=False, return_state=False)
    >>> nn.Sequential(gru, nn.Dense(3, 1))([[0.1, 0.2], [0.3, 0.4]]).shape
    (1,)
    """
