"""Cells, which take one step of a sequence, and the steps themselves.

Weights are packed by gate, in the order and under the names of PyTorch.
"""

import random
from collections.abc import Iterable
from typing import Any, ClassVar

from autograd import Tensor, concatenate, einsum

from .. import init, validate
from ..annotations import Generator, Shape
from ..module import Module, Parameter

State = tuple[Tensor, ...]


class Recurrent(Module):
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

    def _biases(self, ih: Tensor, hh: Tensor) -> tuple[Tensor, Tensor | None]:
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
        early, late = self._biases(
            getattr(self, f"bias_ih{place}"), getattr(self, f"bias_hh{place}")
        )
        return a + early, late

    def _next(self, place: str, a: Tensor, late: Tensor | None, state: State) -> State:
        """The state after one step, from `a` of this step."""
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


def bare(state: State) -> Any:
    """A state as it is handed to users: h, or (h, c)."""
    return state if len(state) > 1 else state[0]


class RNNStep(Recurrent):
    """h' = tanh(a + b), or relu."""

    gates = 1
    nonlinearity = "tanh"

    def step(self, a: Tensor, b: Tensor, *_: object) -> State:
        return ((a + b).relu() if self.nonlinearity == "relu" else (a + b).tanh(),)

    def _use(self, nonlinearity: str) -> None:
        if nonlinearity not in ("tanh", "relu"):
            name = type(self).__name__
            raise ValueError(f'{name}: nonlinearity must be "tanh" or "relu", got {nonlinearity!r}')
        self.nonlinearity = nonlinearity


class LSTMStep(Recurrent):
    """i, f, g, o, c and h, as LSTMCell says."""

    gates = 4
    states = ("h", "c")

    def step(self, a: Tensor, b: Tensor, _: Tensor | None, state: State) -> State:
        i, f, g, o = self._by_gate(a + b)
        c = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c


class GRUStep(Recurrent):
    """r, z, n and h, as GRUCell says."""

    gates = 3

    def step(self, a: Tensor, b: Tensor, late: Tensor | None, state: State) -> State:
        (a_r, a_z, a_n), (b_r, b_z, b_n) = self._by_gate(a), self._by_gate(b)
        r, z = (a_r + b_r).sigmoid(), (a_z + b_z).sigmoid()
        n = (a_n + r * (b_n if late is None else b_n + late)).tanh()
        return (n + z * (state[0] - n),)

    def _biases(self, ih: Tensor, hh: Tensor) -> tuple[Tensor, Tensor | None]:
        """b_hn is multiplied by r, so it comes late."""
        n = 2 * self.hidden_size
        return concatenate([ih[:n] + hh[:n], ih[n:]]), hh[n:]


class _Cell(Recurrent):
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
        return bare(self._next("", *self._begun("", x), given))


class RNNCell(RNNStep, _Cell):
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


class LSTMCell(LSTMStep, _Cell):
    """One step of an LSTM: (..., I), (h, c) each (..., H) -> (h', c').

    i, f, g, o = the four blocks of W_ih·x + b_ih + W_hh·h + b_hh
    c' = σ(f)·c + σ(i)·tanh(g)
    h' = σ(o)·tanh(c')

    Hochreiter, Schmidhuber 1997, with the forget gate of Gers, Schmidhuber, Cummins 2000.
    """


class GRUCell(GRUStep, _Cell):
    """One step of a GRU: (..., I), h (..., H) -> h' (..., H).

    a, b = W_ih·x + b_ih, W_hh·h + b_hh, in three blocks
    r, z = σ(a_r + b_r), σ(a_z + b_z)
    n = tanh(a_n + r·b_n)
    h' = (1 - z)·n + z·h

    Cho et al. 2014, where r is applied after the product with W_hh, as PyTorch does.
    """
