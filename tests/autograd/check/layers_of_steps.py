"""Right layers over time on lists and dicts of steps, and of indices."""

import numpy as np
from layers_of_cells import StateLstm
from right_layers import Right, draw

D, H, N, T = 3, 4, 2, 5


class ListOfSteps:
    """A list of columns in, a list of columns out; caches are dicts by time, hs[-1] the start."""

    def __init__(self):
        self.Wxh, self.Whh, self.Why = draw(H, D), draw(H, H), draw(2, H)
        self.bh, self.by = draw(H, 1), draw(2, 1)

    def forward(self, inputs):
        self.xs, self.hs, ys = {}, {-1: np.zeros((H, 1))}, []
        for t, x in enumerate(inputs):
            self.xs[t] = x
            self.hs[t] = np.tanh(self.Wxh @ x + self.Whh @ self.hs[t - 1] + self.bh)
            ys.append(self.Why @ self.hs[t] + self.by)
        return ys

    def backward(self, dys):
        for name in ("Wxh", "Whh", "Why", "bh", "by"):
            setattr(self, f"d{name}", np.zeros_like(getattr(self, name)))
        dh_next, dxs = np.zeros((H, 1)), [None] * len(dys)
        for t in reversed(range(len(dys))):
            self.dWhy += dys[t] @ self.hs[t].T
            self.dby += dys[t]
            draw_ = (self.Why.T @ dys[t] + dh_next) * (1 - self.hs[t] ** 2)
            self.dbh += draw_
            self.dWxh += draw_ @ self.xs[t].T
            self.dWhh += draw_ @ self.hs[t - 1].T
            dh_next = self.Whh.T @ draw_
            dxs[t] = self.Wxh.T @ draw_
        return dxs


class DictOfSteps(ListOfSteps):
    """The steps are dicts by time."""

    def forward(self, xs):
        return dict(enumerate(ListOfSteps.forward(self, [xs[t] for t in sorted(xs)])))

    def backward(self, dys):
        return dict(enumerate(ListOfSteps.backward(self, [dys[t] for t in sorted(dys)])))


class CharRnn(ListOfSteps):
    """Indices in, the loss out, with a start state; gradients of the weights returned."""

    def __init__(self):
        super().__init__()
        self.Wxh, self.Why, self.by = draw(H, D), draw(D, H), draw(D, 1)

    def forward(self, inputs, targets, hprev):
        self.xs, self.hs, self.ps, loss = {}, {-1: np.copy(hprev)}, {}, 0
        for t in range(len(inputs)):
            self.xs[t] = np.zeros((D, 1))
            self.xs[t][inputs[t]] = 1
            self.hs[t] = np.tanh(self.Wxh @ self.xs[t] + self.Whh @ self.hs[t - 1] + self.bh)
            y = self.Why @ self.hs[t] + self.by
            self.ps[t] = np.exp(y) / np.sum(np.exp(y))
            loss += -np.log(self.ps[t][targets[t], 0])
        return loss

    def backward(self, targets):
        dys = [self.ps[t].copy() for t in range(len(targets))]
        for t, dy in enumerate(dys):
            dy[targets[t]] -= 1
        ListOfSteps.backward(self, dys)
        return self.dWxh, self.dWhh, self.dWhy, self.dbh, self.dby


class ManyToOne:
    """A list of columns in, (y, h) out; backward updates the weights and returns nothing."""

    def __init__(self):
        self.Whh, self.Wxh, self.Why = draw(H, H) / 3, draw(H, D) / 3, draw(2, H) / 3
        self.bh, self.by = np.zeros((H, 1)), np.zeros((2, 1))

    def forward(self, inputs):
        h = np.zeros((H, 1))
        self.last_inputs, self.last_hs = inputs, {0: h}
        for i, x in enumerate(inputs):
            h = np.tanh(self.Wxh @ x + self.Whh @ h + self.bh)
            self.last_hs[i + 1] = h
        return self.Why @ h + self.by, h

    def backprop(self, d_y, learn_rate=2e-2):
        n = len(self.last_inputs)
        d_Why, d_by = d_y @ self.last_hs[n].T, d_y
        d_Whh, d_Wxh = np.zeros(self.Whh.shape), np.zeros(self.Wxh.shape)
        d_bh, d_h = np.zeros(self.bh.shape), self.Why.T @ d_y
        for t in reversed(range(n)):
            temp = (1 - self.last_hs[t + 1] ** 2) * d_h
            d_bh += temp
            d_Whh += temp @ self.last_hs[t].T
            d_Wxh += temp @ self.last_inputs[t].T
            d_h = self.Whh.T @ temp
        for d in [d_Wxh, d_Whh, d_Why, d_bh, d_by]:
            np.clip(d, -1, 1, out=d)
        self.Whh -= learn_rate * d_Whh
        self.Wxh -= learn_rate * d_Wxh
        self.Why -= learn_rate * d_Why
        self.bh -= learn_rate * d_bh
        self.by -= learn_rate * d_by


def one_step(layer, inputs):
    (y, _), before = layer.forward(inputs), {}
    names = ("Whh", "Wxh", "Why", "bh", "by")

    def gradients(dy):
        before.update({n: getattr(layer, n).copy() for n in names})
        layer.backprop(dy / 1e3, 1.0)
        return {n: 1e3 * (before[n] - getattr(layer, n)) for n in names}

    return (y,), gradients


class Embedding:
    """Rows of a table by index; rows that occur twice add up."""

    def __init__(self):
        self.W = draw(6, 3)

    def forward(self, idx):
        self.idx = idx
        return self.W[idx]

    def backward(self, dout):
        self.dW = np.zeros_like(self.W)
        np.add.at(self.dW, self.idx, dout)


class StatesEachStep(StateLstm):
    """`forward(x, state)` over all steps returns (list of outputs, state)."""

    def forward(self, xs, state=None):
        outs, self.tape = [], []
        for x in xs:
            out, state = StateLstm.forward(self, x, state)
            outs.append(out)
            self.tape.append(self.cache)
        return outs, state

    def backward(self, douts):
        dxs, dstate, total = [], None, [0, 0, 0]
        for dout, cache in zip(reversed(douts), reversed(self.tape), strict=True):
            self.cache = cache
            dx, dstate = StateLstm.backward(self, dout, dstate)
            dxs.insert(0, dx)
            total = [a + b for a, b in zip(total, (self.dWx, self.dWh, self.db), strict=True)]
        self.dWx, self.dWh, self.db = total
        return dxs


def list_hand(layer, xs):
    outs, _ = layer.forward(xs)
    return (outs,), lambda d: {
        "xs": layer.backward(d), **{w: getattr(layer, f"d{w}") for w in ("Wx", "Wh", "b")}
    }  # fmt: skip


def by_steps(name):
    def hand(layer, **given):
        y = layer.forward(given[name])
        return (y,), lambda d: {
            name: layer.backward(d),
            **{w: getattr(layer, f"d{w}") for w in ("Wxh", "Whh", "Why", "bh", "by")},
        }

    return hand


def char_hand(layer, inputs, targets, hprev):
    names = ("Wxh", "Whh", "Why", "bh", "by")
    loss = layer.forward(inputs, targets, hprev)
    return (loss,), lambda d: dict(zip(names, layer.backward(targets), strict=True))


def table_hand(layer, idx):
    y = layer.forward(idx)
    return (y,), lambda d: (layer.backward(d), {"W": layer.dW})[1]


COLUMNS = [draw(D, 1) for _ in range(T)]


STEPS = {
    "list of steps": Right(ListOfSteps(), {"inputs": COLUMNS}, by_steps("inputs")),
    "dict of steps": Right(DictOfSteps(), {"xs": dict(enumerate(COLUMNS))}, by_steps("xs")),
    "characters": Right(
        CharRnn(), {"inputs": [0, 2, 1, 1], "targets": [2, 1, 1, 0], "hprev": draw(H, 1)}, char_hand
    ),
    "many to one": Right(ManyToOne(), {"inputs": COLUMNS}, one_step),
    "embedding": Right(Embedding(), {"idx": np.array([[0, 2, 2], [5, 1, 2]])}, table_hand),
    "states each step": Right(StatesEachStep(), {"xs": [draw(N, D) for _ in range(3)]}, list_hand),
}  # fmt: skip
