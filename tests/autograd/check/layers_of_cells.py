"""Right cells of recurrent nets: one step, with the states as arguments, results or attributes."""

import numpy as np
from right_layers import Right, draw

D, H, N = 3, 4, 5


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class RnnCell:
    """Two arguments in, two gradients out; weights' gradients are kept."""

    def __init__(self):
        self.Wx, self.Wh, self.b = draw(D, H), draw(H, H), draw(H)

    def forward(self, x, h):
        self.x, self.h_prev = x, h
        self.h_next = np.tanh(x @ self.Wx + h @ self.Wh + self.b)
        return self.h_next

    def backward(self, dh):
        dz = dh * (1 - self.h_next**2)
        self.dWx, self.dWh, self.db = self.x.T @ dz, self.h_prev.T @ dz, dz.sum(axis=0)
        return dz @ self.Wx.T, dz @ self.Wh.T


class CachedRnnCell(RnnCell):
    """Everything is returned, and the cache goes through the caller's hands."""

    def forward(self, x, prev_h):
        next_h = np.tanh(x @ self.Wx + prev_h @ self.Wh + self.b)
        return next_h, (x, prev_h, next_h)

    def backward(self, dnext_h, cache):
        x, prev_h, next_h = cache
        dz = dnext_h * (1 - next_h**2)
        return dz @ self.Wx.T, dz @ self.Wh.T, x.T @ dz, prev_h.T @ dz, dz.sum(axis=0)


class OutputCell:
    """An output beside the state: (y, h) out, (dy, dh_next) in."""

    def __init__(self):
        self.Wxh, self.Whh, self.Why = draw(H, D), draw(H, H), draw(2, H)
        self.bh, self.by = draw(H, 1), draw(2, 1)

    def forward(self, x, h_prev):
        self.x, self.h_prev = x, h_prev
        self.h = np.tanh(self.Wxh @ x + self.Whh @ h_prev + self.bh)
        return self.Why @ self.h + self.by, self.h

    def backward(self, dy, dh_next):
        self.dWhy, self.dby = dy @ self.h.T, dy
        dh = self.Why.T @ dy + dh_next
        draw = (1 - self.h**2) * dh
        self.dWxh, self.dWhh, self.dbh = draw @ self.x.T, draw @ self.h_prev.T, draw
        return self.Wxh.T @ draw, self.Whh.T @ draw


class LstmCell:
    """(h, c) out, (dh, dc) in; one matrix for the four gates, gradients in a list."""

    def __init__(self):
        self.params = [draw(D, 4 * H), draw(H, 4 * H), draw(4 * H)]
        self.grads = [np.zeros_like(p) for p in self.params]

    def forward(self, x, h_prev, c_prev):
        Wx, Wh, b = self.params
        a = x @ Wx + h_prev @ Wh + b
        f, g, i, o = (a[:, k * H : (k + 1) * H] for k in range(4))
        f, g, i, o = sigmoid(f), np.tanh(g), sigmoid(i), sigmoid(o)
        c_next = f * c_prev + g * i
        h_next = o * np.tanh(c_next)
        self.cache = (x, h_prev, c_prev, i, f, g, o, c_next)
        return h_next, c_next

    def backward(self, dh_next, dc_next):
        Wx, Wh, _ = self.params
        x, h_prev, c_prev, i, f, g, o, c_next = self.cache
        t = np.tanh(c_next)
        ds = dc_next + dh_next * o * (1 - t**2)
        df, dg, di, do = ds * c_prev, ds * i, ds * g, dh_next * t
        dA = np.hstack((df * f * (1 - f), dg * (1 - g**2), di * i * (1 - i), do * o * (1 - o)))
        self.grads[0][...], self.grads[1][...] = x.T @ dA, h_prev.T @ dA
        self.grads[2][...] = dA.sum(axis=0)
        return dA @ Wx.T, dA @ Wh.T, ds * f


class LstmCache(LstmCell):
    """(next_h, next_c, cache) out; all six gradients returned."""

    def __init__(self):
        self.Wx, self.Wh, self.b = draw(D, 4 * H), draw(H, 4 * H), draw(4 * H)

    def forward(self, x, prev_h, prev_c):
        i, f, o, g = np.split(x @ self.Wx + prev_h @ self.Wh + self.b, 4, axis=1)
        i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
        next_c = f * prev_c + i * g
        next_h = o * np.tanh(next_c)
        return next_h, next_c, (x, prev_h, prev_c, i, f, o, g, next_c)

    def backward(self, dnext_h, dnext_c, cache):
        x, prev_h, prev_c, i, f, o, g, next_c = cache
        t = np.tanh(next_c)
        dc = dnext_c + dnext_h * o * (1 - t * t)
        di, df, do, dg = dc * g, dc * prev_c, dnext_h * t, dc * i
        da = np.concatenate(
            [di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g * g)], axis=1
        )
        dWx, dWh, db = x.T @ da, prev_h.T @ da, da.sum(0)
        return da @ self.Wx.T, da @ self.Wh.T, dc * f, dWx, dWh, db


class ColumnLstm:
    """Samples in columns, a dict of weights, a dict of gradients, gates on [a; x]."""

    def __init__(self):
        self.parameters = {f"W{g}": draw(H, H + D) for g in "fico"}
        self.parameters |= {f"b{g}": draw(H, 1) for g in "fico"}

    def forward(self, xt, a_prev, c_prev):
        p, concat = self.parameters, np.concatenate((a_prev, xt))
        ft, it, ot = (sigmoid(p[f"W{g}"] @ concat + p[f"b{g}"]) for g in "fio")
        cct = np.tanh(p["Wc"] @ concat + p["bc"])
        c_next = ft * c_prev + it * cct
        a_next = ot * np.tanh(c_next)
        return a_next, c_next, (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt)

    def backward(self, da_next, dc_next, cache):
        _, c_next, a_prev, c_prev, ft, it, cct, ot, xt = cache
        t = np.tanh(c_next)
        dc = dc_next + da_next * ot * (1 - t**2)
        gates = {"f": dc * c_prev * ft * (1 - ft), "i": dc * cct * it * (1 - it)}
        gates |= {"c": dc * it * (1 - cct**2), "o": da_next * t * ot * (1 - ot)}
        concat = np.concatenate((a_prev, xt))
        d = sum(self.parameters[f"W{g}"].T @ gates[g] for g in "fico")
        gradients = {"dxt": d[H:], "da_prev": d[:H], "dc_prev": dc * ft}
        gradients |= {f"dW{g}": gates[g] @ concat.T for g in "fico"}
        return gradients | {f"db{g}": gates[g].sum(1, keepdims=True) for g in "fico"}


class StateLstm(LstmCache):
    """The state is a pair that may be left out, in and out."""

    def forward(self, x, state=None):
        h, c = state if state is not None else (np.zeros((len(x), H)), np.zeros((len(x), H)))
        next_h, next_c, self.cache = LstmCache.forward(self, x, h, c)
        return next_h, (next_h, next_c)

    def backward(self, dout, dstate=None):
        dh, dc = dstate if dstate is not None else (0, 0)
        found = LstmCache.backward(self, dout + dh, dc, self.cache)
        dx, dh_prev, dc_prev, self.dWx, self.dWh, self.db = found
        return dx, (dh_prev, dc_prev)


class GruCell:
    """Nine weights by name, gradients in a dict, the two of the arguments returned."""

    def __init__(self):
        self.params = {f"W{g}": draw(D, H) for g in "zrh"}
        self.params |= {f"U{g}": draw(H, H) for g in "zrh"} | {f"b{g}": draw(H) for g in "zrh"}
        self.grads = {}

    def forward(self, x, h_prev):
        p = self.params
        z = sigmoid(x @ p["Wz"] + h_prev @ p["Uz"] + p["bz"])
        r = sigmoid(x @ p["Wr"] + h_prev @ p["Ur"] + p["br"])
        hh = np.tanh(x @ p["Wh"] + (r * h_prev) @ p["Uh"] + p["bh"])
        self.cache = {"x": x, "h_prev": h_prev, "z": z, "r": r, "hh": hh}
        return (1 - z) * h_prev + z * hh

    def backward(self, dh):
        p, c = self.params, self.cache
        x, h_prev, z, r, hh = c["x"], c["h_prev"], c["z"], c["r"], c["hh"]
        dhh = dh * z * (1 - hh**2)
        drh = dhh @ p["Uh"].T
        dz, dr = dh * (hh - h_prev) * z * (1 - z), drh * h_prev * r * (1 - r)
        for g, d, s in (("z", dz, h_prev), ("r", dr, h_prev), ("h", dhh, r * h_prev)):
            self.grads |= {f"W{g}": x.T @ d, f"U{g}": s.T @ d, f"b{g}": d.sum(0)}
        dx = dz @ p["Wz"].T + dr @ p["Wr"].T + dhh @ p["Wh"].T
        return dx, dh * (1 - z) + drh * r + dz @ p["Uz"].T + dr @ p["Ur"].T


class StateFirst(RnnCell):
    """The state comes first, and its gradient too."""

    def forward(self, h, x):
        return RnnCell.forward(self, x, h)

    def backward(self, dh):
        dx, dh_prev = RnnCell.backward(self, dh)
        return dh_prev, dx


class KeptState:
    """The state stays in the object, and backward returns dx alone."""

    def __init__(self):
        self.W, self.U = draw(D, H), draw(H, H)
        self.h = draw(N, H)

    def forward(self, x):
        self.x, self.h_prev = x, self.h
        self.h = np.tanh(x @ self.W + self.h_prev @ self.U)
        return self.h

    def backward(self, grad):
        dz = grad * (1 - self.h**2)
        self.dW, self.dU = self.x.T @ dz, self.h_prev.T @ dz
        return dz @ self.W.T


def returned(*names):
    """backward's results in order, by these names; forward may return (y, cache)."""

    def hand(layer, **given):
        got = layer.forward(**given)
        *y, cache = got if isinstance(got, tuple) else (got, None)
        return tuple(y), lambda *d: dict(
            zip(names, layer.backward(*d, *([cache] if cache is not None else [])), strict=True)
        )

    return hand


def pair(names, weights=()):
    """Several outputs, several results; the weights' gradients in `dW` or where they are said."""

    def hand(layer, **given):
        y = layer.forward(**given)
        y = y if isinstance(y, tuple) else (y,)

        def gradients(*d):
            found = dict(zip(names, layer.backward(*d), strict=True))
            where = dict(weights) if isinstance(weights, dict) else {w: f"d{w}" for w in weights}
            return found | {w: eval(f"layer.{a}", {"layer": layer}) for w, a in where.items()}

        return y, gradients

    return hand


def column_hand(layer, **given):
    a, c, cache = layer.forward(**given)

    def gradients(da, dc):
        found = {k[1:]: v for k, v in layer.backward(da, dc, cache).items()}
        return {k if k in given else f"parameters['{k}']": v for k, v in found.items()}

    return (a, c), gradients


def state_hand(layer, x, state):
    y, (h, c) = layer.forward(x, state)

    def gradients(dy, dh, dc):
        dx, dstate = layer.backward(dy, (dh, dc))
        return {"x": dx, "state": dstate} | {w: getattr(layer, f"d{w}") for w in ("Wx", "Wh", "b")}

    return (y, h, c), gradients


X, S, C = draw(N, D), draw(N, H), draw(N, H)
SIX = ("x", "prev_h", "prev_c", "Wx", "Wh", "b")
GATES = {f"params['{w}{g}']": f"grads['{w}{g}']" for w in "WUb" for g in "zrh"}
THREE = {f"params[{k}]": f"grads[{k}]" for k in range(3)}
CELLS = {
    "rnn cell": Right(RnnCell(), {"x": X, "h": S}, pair(("x", "h"), ("Wx", "Wh", "b"))),
    "rnn cell, square": Right(
        RnnCell(), {"x": draw(H, D), "h": draw(H, H)}, pair(("x", "h"), ("Wx", "Wh", "b"))
    ),
    "rnn cell with cache": Right(
        CachedRnnCell(), {"x": X, "prev_h": S}, returned("x", "prev_h", "Wx", "Wh", "b")
    ),
    "rnn cell with output": Right(
        OutputCell(),
        {"x": draw(D, 1), "h_prev": draw(H, 1)},
        pair(("x", "h_prev"), ("Wxh", "Whh", "Why", "bh", "by")),
    ),
    "lstm cell": Right(
        LstmCell(), {"x": X, "h_prev": S, "c_prev": C}, pair(("x", "h_prev", "c_prev"), THREE)
    ),
    "lstm cell with cache": Right(LstmCache(), {"x": X, "prev_h": S, "prev_c": C}, returned(*SIX)),
    "lstm cell in columns": Right(
        ColumnLstm(), {"xt": X.T, "a_prev": S.T, "c_prev": C.T}, column_hand
    ),
    "lstm cell with a state": Right(StateLstm(), {"x": X, "state": (S, C)}, state_hand),
    "gru cell": Right(GruCell(), {"x": X, "h_prev": S}, pair(("x", "h_prev"), GATES)),
    "state first": Right(StateFirst(), {"x": X, "h": S}, pair(("h", "x"), ("Wx", "Wh", "b"))),
    "state kept": Right(
        KeptState(), {"x": X}, lambda layer, x: (
            (layer.forward(x),),
            lambda d: {"x": layer.backward(d), "W": layer.dW, "U": layer.dU},
        )
    ),
}  # fmt: skip
