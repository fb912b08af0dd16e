"""Three backward passes derived by hand, each with one slip, and what the checker says of them.

A convolution, an LSTM and an attention head, as one writes them in NumPy: `python
demos/check_by_hand.py` prints the reports. Nobody tells the checker what an LSTM is: it records the
forward, and looks for the step of its reverse pass that was changed.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from autograd import check_gradients

rng = np.random.default_rng(0)


# --- a convolution: images (N, C, H, W), kernels (O, C, 3, 3) ------------------------------------


def convolution(x, w, b):
    windows = sliding_window_view(x, (3, 3), (2, 3))
    return np.einsum("ncijuv,ocuv->noij", windows, w) + b[:, None, None]


def convolution_backward(dy, x, w, **_):
    windows = sliding_window_view(x, (3, 3), (2, 3))
    around = sliding_window_view(np.pad(dy, ((0, 0), (0, 0), (2, 2), (2, 2))), (3, 3), (2, 3))
    return {
        "x": np.einsum("noijuv,ocuv->ncij", around, w),  # the kernel is not rotated
        "w": np.einsum("ncijuv,noij->ocuv", windows, dy),
        "b": dy.sum(axis=(0, 2, 3)),
    }


# --- an LSTM: steps (T, N, D) -> states (T, N, H) ------------------------------------------------


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm_states(x, W, U):
    h = c = np.zeros((x.shape[1], len(U)))
    states = []
    for x_t in x:
        i, f, o, g = np.split(x_t @ W + h @ U, 4, axis=1)
        i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
        c = f * c + i * g
        h = o * np.tanh(c)
        states.append((h, c, i, f, o, g))
    return states


def lstm(x, W, U):
    return np.array([h for h, *_ in lstm_states(x, W, U)])


def lstm_backward(dh, x, W, U):
    states = lstm_states(x, W, U)
    dx, dW, dU = np.zeros_like(x), np.zeros_like(W), np.zeros_like(U)
    dh_next = nothing = np.zeros_like(dh[0])
    for t in reversed(range(len(x))):
        _, c, i, f, o, g = states[t]
        h_before, c_before = states[t - 1][:2] if t else (nothing, nothing)
        dh_t = dh[t] + dh_next
        dc = dh_t * o * (1 - np.tanh(c) ** 2)  # + dc_next * f_next is forgotten
        di, df, do, dg = dc * g, dc * c_before, dh_t * np.tanh(c), dc * i
        da = np.hstack([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g**2)])
        dx[t], dh_next = da @ W.T, da @ U.T
        dW += x[t].T @ da
        dU += h_before.T @ da
    return {"x": dx, "W": dW, "U": dU}


# --- an attention head: queries (T, D), keys (S, D), values (S, E) -> (T, E) ---------------------


def softmax(s):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def attention(q, k, v):
    weights = softmax(q @ k.T / np.sqrt(q.shape[1]))
    return weights @ v


def attention_backward(dy, q, k, v):
    p = softmax(q @ k.T / np.sqrt(q.shape[1]))
    dp = dy @ v.T
    ds = p * (dp - (dp * p).sum(axis=1, keepdims=True))  # / √d is forgotten
    return {"q": ds @ k, "k": ds.T @ q, "v": p.T @ dy}


def normal(**shapes):
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


CASES = (
    (convolution, convolution_backward, normal(x=(2, 2, 5, 6), w=(3, 2, 3, 3), b=3)),
    (lstm, lstm_backward, normal(x=(4, 2, 3), W=(3, 8), U=(2, 8))),
    (attention, attention_backward, normal(q=(4, 3), k=(5, 3), v=(5, 2))),
)


def main():
    for forward, backward, inputs in CASES:
        print(f"{forward.__name__}: {check_gradients(forward, inputs, backward)}\n")


if __name__ == "__main__":
    main()
