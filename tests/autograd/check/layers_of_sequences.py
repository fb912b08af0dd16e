"""Right layers over time: lists, dicts and arrays of steps, and gradients that are carried back."""

import numpy as np
from layers_of_cells import LstmCache, RnnCell, pair, returned
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


def both_hand(layer, x):
    y, weights = layer.forward(x), [(n, w) for n in ("fwd", "bwd") for w in ("Wx", "Wh", "b")]
    return (
        (y,),
        lambda d: (
            {"x": layer.backward(d)}
            | {f"{n}.{w}": getattr(getattr(layer, n), f"d{w}") for n, w in weights}
        ),
    )


def time_hand(layer, xs):
    y = layer.forward(xs)
    return (
        y,
    ), lambda d: {"xs": layer.backward(d)} | {f"params[{k}]": layer.grads[k] for k in range(3)}


WEIGHTS = ("Wx", "Wh", "b")


SEQUENCES = {
    "many steps": Right(
        ManySteps(), {"x": draw(N, T, D), "h0": draw(N, H)}, returned("x", "h0", *WEIGHTS)
    ),
    "time rnn": Right(TimeRnn(), {"xs": draw(N, T, D)}, time_hand),
    "stateful time rnn": Right(TimeRnn(stateful=True), {"xs": draw(N, T, D)}, time_hand),
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
}  # fmt: skip
