"""Right layers over time: lists, dicts and arrays of steps, and gradients that are carried back."""

import numpy as np
from layers_of_cells import LstmCache, RnnCell, StateLstm, pair, returned
from right_layers import Right, draw, stored

D, H, N, T = 3, 4, 2, 5


class ManySteps:
    """(N, T, D) -> (N, T, H), h0 in and dh0 out, one cache for each step."""

    def __init__(self):
        self.Wx, self.Wh, self.b = draw(D, H), draw(H, H), draw(H)

    def forward(self, x, h0):
        h, cache, prev = [], [], h0
        for t in range(x.shape[1]):
            new = np.tanh(x[:, t] @ self.Wx + prev @ self.Wh + self.b)
            cache.append((x[:, t], prev, new))
            h.append(new)
            prev = new
        return np.stack(h, axis=1), cache

    def backward(self, dh, cache):
        dx, dprev = [], 0
        dWx, dWh, db = np.zeros_like(self.Wx), np.zeros_like(self.Wh), np.zeros_like(self.b)
        for t in reversed(range(dh.shape[1])):
            x, prev, new = cache[t]
            dz = (dh[:, t] + dprev) * (1 - new**2)
            dx.insert(0, dz @ self.Wx.T)
            dprev = dz @ self.Wh.T
            dWx, dWh, db = dWx + x.T @ dz, dWh + prev.T @ dz, db + dz.sum(0)
        return np.stack(dx, axis=1), dprev, dWx, dWh, db


class TimeRnn:
    """Keeps its state from call to call if it is stateful; gradients in place in a list."""

    def __init__(self, stateful=False):
        self.params = [draw(D, H), draw(H, H), draw(H)]
        self.grads = [np.zeros_like(p) for p in self.params]
        self.layers, self.h, self.dh, self.stateful = None, None, None, stateful

    def forward(self, xs):
        n, steps, _ = xs.shape
        self.layers, hs = [], np.empty((n, steps, H))
        if not self.stateful or self.h is None:
            self.h = np.zeros((n, H))
        for t in range(steps):
            layer = RnnCell()
            layer.Wx, layer.Wh, layer.b = self.params
            self.h = layer.forward(xs[:, t], self.h)
            hs[:, t] = self.h
            self.layers.append(layer)
        return hs

    def backward(self, dhs):
        n, steps, _ = dhs.shape
        dxs, dh, grads = np.empty((n, steps, D)), 0, [0, 0, 0]
        for t in reversed(range(steps)):
            layer = self.layers[t]
            dxs[:, t], dh = layer.backward(dhs[:, t] + dh)
            for k, g in enumerate((layer.dWx, layer.dWh, layer.db)):
                grads[k] = grads[k] + g
        for k, g in enumerate(grads):
            self.grads[k][...] = g
        self.dh = dh
        return dxs


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
    (y, h), before = layer.forward(inputs), {}
    names = ("Whh", "Wxh", "Why", "bh", "by")

    def gradients(dy):
        before.update({n: getattr(layer, n).copy() for n in names})
        layer.backprop(dy / 1e3, 1.0)
        return {n: 1e3 * (before[n] - getattr(layer, n)) for n in names}

    return (y,), gradients


class LstmOverTime(LstmCache):
    """(T, N, D), both states in; all steps and both last states out."""

    def forward(self, x, h0, c0):
        h, c, hs, self.caches = h0, c0, [], []
        for step in x:
            h, c, cache = LstmCache.forward(self, step, h, c)
            hs.append(h)
            self.caches.append(cache)
        return np.array(hs), h, c

    def backward(self, dhs, dh, dc):
        dxs = np.zeros((len(dhs), dhs.shape[1], D))
        self.dWx, self.dWh, self.db = 0, 0, 0
        for t in reversed(range(len(dhs))):
            found = LstmCache.backward(self, dhs[t] + dh, dc, self.caches[t])
            dxs[t], dh, dc, *weights = found
            self.dWx, self.dWh = self.dWx + weights[0], self.dWh + weights[1]
            self.db = self.db + weights[2]
        return dxs, dh, dc


class LastState(LstmOverTime):
    """return_sequences=False: the last state alone."""

    def __init__(self, return_sequences=False):
        super().__init__()
        self.return_sequences = return_sequences

    def forward(self, x):
        zeros = np.zeros((x.shape[1], H))
        hs, h, _ = LstmOverTime.forward(self, x, zeros, zeros)
        self.steps = len(hs)
        return hs if self.return_sequences else h

    def backward(self, d):
        every = d if self.return_sequences else np.zeros((self.steps, *d.shape))
        if not self.return_sequences:
            every[-1] = d
        return LstmOverTime.backward(self, every, 0, 0)[0]


class OptionalStart(ManySteps):
    """h0=None is zeros; (all states, the last) out, its gradient in if there is any."""

    def forward(self, x, h0=None):
        h0 = np.zeros((len(x), H)) if h0 is None else h0
        h, self.cache = ManySteps.forward(self, x, h0)
        return h, h[:, -1]

    def backward(self, dh, dlast=None):
        dh = dh.copy()
        if dlast is not None:
            dh[:, -1] += dlast
        dx, dh0, self.dWx, self.dWh, self.db = ManySteps.backward(self, dh, self.cache)
        return dx, dh0


class BothWays:
    """Two nets, one of them backwards in time, side by side."""

    def __init__(self):
        self.fwd, self.bwd = OptionalStart(), OptionalStart()

    def forward(self, x):
        a, b = self.fwd.forward(x)[0], self.bwd.forward(x[:, ::-1])[0]
        return np.concatenate([a, b[:, ::-1]], axis=2)

    def backward(self, d):
        dx = self.fwd.backward(d[:, :, :H])[0]
        return dx + self.bwd.backward(d[:, ::-1, H:])[0][:, ::-1]


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
        for dout, self.cache in zip(reversed(douts), reversed(self.tape), strict=True):
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


def both_hand(layer, x):
    y, weights = layer.forward(x), [(n, w) for n in ("fwd", "bwd") for w in ("Wx", "Wh", "b")]
    return (
        (y,),
        lambda d: (
            {"x": layer.backward(d)}
            | {f"{n}.{w}": getattr(getattr(layer, n), f"d{w}") for n, w in weights}
        ),
    )


def table_hand(layer, idx):
    y = layer.forward(idx)
    return (y,), lambda d: (layer.backward(d), {"W": layer.dW})[1]


def time_hand(layer, xs):
    y = layer.forward(xs)
    return (
        y,
    ), lambda d: {"xs": layer.backward(d)} | {f"params[{k}]": layer.grads[k] for k in range(3)}


WEIGHTS = ("Wx", "Wh", "b")
COLUMNS = [draw(D, 1) for _ in range(T)]
SEQUENCES = {
    "many steps": Right(
        ManySteps(), {"x": draw(N, T, D), "h0": draw(N, H)}, returned("x", "h0", *WEIGHTS)
    ),
    "time rnn": Right(TimeRnn(), {"xs": draw(N, T, D)}, time_hand),
    "stateful time rnn": Right(TimeRnn(stateful=True), {"xs": draw(N, T, D)}, time_hand),
    "list of steps": Right(ListOfSteps(), {"inputs": COLUMNS}, by_steps("inputs")),
    "dict of steps": Right(DictOfSteps(), {"xs": dict(enumerate(COLUMNS))}, by_steps("xs")),
    "characters": Right(
        CharRnn(), {"inputs": [0, 2, 1, 1], "targets": [2, 1, 1, 0], "hprev": draw(H, 1)}, char_hand
    ),
    "many to one": Right(ManyToOne(), {"inputs": COLUMNS}, one_step),
    "lstm over time": Right(
        LstmOverTime(), {"x": draw(T, N, D), "h0": draw(N, H), "c0": draw(N, H)},
        pair(("x", "h0", "c0"), WEIGHTS),
    ),
    "last state": Right(LastState(), {"x": draw(T, N, D)}, stored(*WEIGHTS)),
    "all states": Right(LastState(return_sequences=True), {"x": draw(T, N, D)}, stored(*WEIGHTS)),
    "start given": Right(
        OptionalStart(), {"x": draw(N, T, D), "h0": draw(N, H)}, pair(("x", "h0"), WEIGHTS)
    ),
    "start left out": Right(
        OptionalStart(), {"x": draw(N, T, D)},
        lambda layer, x: (layer.forward(x), lambda *d: {"x": layer.backward(*d)[0]}),
    ),
    "both ways": Right(BothWays(), {"x": draw(N, T, D)}, both_hand),
    "embedding": Right(Embedding(), {"idx": np.array([[0, 2, 2], [5, 1, 2]])}, table_hand),
    "states each step": Right(StatesEachStep(), {"xs": [draw(N, D) for _ in range(3)]}, list_hand),
}  # fmt: skip
