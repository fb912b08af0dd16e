"""Batch, layer, group, instance and RMS norm, and weight norm."""

import numpy as np
from exam_draws import draws
from telling import AXIS, EXTRA, FACTOR, INSTEAD, MISSING, SIGN, both, word
from wrong_passes import Family

normal, positive = draws(19)

NORMS = Family("norms")
GAMMA = word("gamma", "g", "scale", "w") + "|γ"
MEAN = r"mean|μ|centre|center"
VARIANCE = r"varian|std|σ|x̂|xhat|x_hat|standard deviation|\bvar\b|projection|rms|norm"
EPS = 1e-5


def batch_norm(x, gamma, beta):
    mu, var = x.mean(axis=0), x.var(axis=0)
    return gamma * (x - mu) / np.sqrt(var + EPS) + beta


def batch_norm_backward(dout, x, gamma, beta):
    """Step by step, as in Ioffe and Szegedy."""
    N = len(x)
    mu, var = x.mean(axis=0), x.var(axis=0)
    std = np.sqrt(var + EPS)
    xhat = (x - mu) / std
    dbeta = dout.sum(axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dxhat = dout * gamma
    dvar = np.sum(dxhat * (x - mu) * -0.5 * std**-3, axis=0)
    dmu = np.sum(-dxhat / std, axis=0) + dvar * np.mean(-2 * (x - mu), axis=0)
    dx = dxhat / std + dvar * 2 * (x - mu) / N + dmu / N
    return {"x": dx, "gamma": dgamma, "beta": dbeta}


batch = NORMS.functions(
    "batch-norm", batch_norm, batch_norm_backward,
    x=normal(5, 4), gamma=positive(4) * [1, -1, 1, 1], beta=normal(4),
)  # fmt: skip
batch.wrong(
    "gamma-missing", {"dxhat = dout * gamma": "dxhat = dout"}, "x",
    "γ is missing in dx", both(GAMMA, MISSING),
)  # fmt: skip
batch.wrong(
    "mean-constant", {" + dmu / N": " + 0 * dmu"}, "x",
    "the mean counts as a constant", both(MEAN, MISSING),
)  # fmt: skip
batch.wrong(
    "variance-constant", {"dxhat / std + dvar * 2 * (x - mu) / N": "dxhat / std"}, "x",
    "the variance counts as a constant", both(VARIANCE, MISSING),
)  # fmt: skip
batch.wrong(
    "variance-sign", {"-0.5 * std**-3": "0.5 * std**-3"}, "x",
    "the variance's part has the wrong sign", both(VARIANCE, SIGN + "|added"),
)  # fmt: skip
batch.wrong(
    "variance-power", {"std**-3": "std**-2"}, "x",
    "the variance's part has std⁻² in place of std⁻³",
    both(VARIANCE, r"power|⁻|\*\*|factor|std|times|exponent|³|²"),
)  # fmt: skip
batch.wrong(
    "two-missing", {"dvar * 2 * (x - mu) / N": "dvar * (x - mu) / N"}, "x",
    "the factor 2 of (x − μ)² is missing", both(VARIANCE, r"1/2|half|\b2\b|twice|0\.5"),
)  # fmt: skip
batch.wrong(
    "N-missing", {"+ dmu / N": "+ dmu"}, "x",
    "the mean's 1/N is missing", both(MEAN + r"|sum", MISSING + r"|1/N|\bN\b|sum"),
)  # fmt: skip
batch.wrong(
    "gamma-from-x", {"np.sum(dout * xhat, axis=0)": "np.sum(dout * x, axis=0)"}, "gamma",
    "dγ takes x in place of x̂", both(VARIANCE + r"|\bx\b", INSTEAD + "|" + MISSING),
)  # fmt: skip
batch.pair(
    "gamma-and-mean", {"dxhat = dout * gamma": "dxhat = dout", " + dmu / N": " + 0 * dmu"}, "x",
    "γ is missing, and the mean counts as a constant", both(GAMMA, MISSING), both(MEAN, MISSING),
)  # fmt: skip


def layer_norm(x, g, b):
    mean = x.mean(axis=-1, keepdims=True)
    var = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
    return g * (x - mean) / np.sqrt(var + EPS) + b


def layer_norm_backward(dy, x, g, b):
    D = x.shape[-1]
    mean = x.mean(axis=-1, keepdims=True)
    std = np.sqrt(((x - mean) ** 2).mean(axis=-1, keepdims=True) + EPS)
    xhat = (x - mean) / std
    dxhat = dy * g
    s1 = dxhat.sum(axis=-1, keepdims=True)
    s2 = (dxhat * xhat).sum(axis=-1, keepdims=True)
    dx = (D * dxhat - s1 - xhat * s2) / (D * std)
    return {"x": dx, "g": (dy * xhat).sum(axis=(0, 1)), "b": dy.sum(axis=(0, 1))}


layer = NORMS.functions(
    "layer-norm", layer_norm, layer_norm_backward, x=normal(2, 3, 4), g=positive(4) * -1,
    b=normal(4),
)  # fmt: skip
layer.wrong(
    "wrong-axis", {"s1 = dxhat.sum(axis=-1, keepdims=True)":
    "s1 = dxhat.sum(axis=1, keepdims=True)"},
    "x", "the mean's part is summed over the tokens",
    both(AXIS, r"axis 1|other|wrong|instead|token|mean|position"),
)  # fmt: skip
layer.wrong(
    "D-missing", {"(D * dxhat - s1": "(dxhat - s1"}, "x",
    "the factor D of the first term is missing", both(r"\bD\b|first term|mean|sum|1/|4", FACTOR +
    "|" + MISSING),
)  # fmt: skip
layer.wrong(
    "xhat-missing", {"- xhat * s2": "- s2"}, "x",
    "x̂ is missing in front of the variance's sum", both(VARIANCE, MISSING),
)  # fmt: skip
layer.wrong(
    "gamma-over-one-axis", {"(dy * xhat).sum(axis=(0, 1))": "(dy * xhat).sum(axis=1)[0]"}, "g",
    "dγ counts the first sample alone",
    both(r"sample|batch|axis 0|first|\[0", MISSING + "|first|sum"),
)  # fmt: skip
layer.wrong(
    "bias-mean", {"dy.sum(axis=(0, 1))": "dy.mean(axis=(0, 1))"}, "b",
    "dβ is a mean in place of a sum", both(r"mean|averag|1/6|1/the outputs|number|1/N"),
)  # fmt: skip
layer.wrong(
    "gamma-in-its-own", {"(dy * xhat).sum": "(dy * g * xhat).sum"}, "g",
    "dγ contains γ", both(GAMMA, EXTRA + "|times|factor|multipl"),
)  # fmt: skip


def group_norm(x, gamma, beta):
    n, c, h, w = x.shape
    groups = x.reshape(n, 2, c // 2, h, w)
    mean = groups.mean(axis=(2, 3, 4), keepdims=True)
    std = np.sqrt(groups.var(axis=(2, 3, 4), keepdims=True) + EPS)
    xhat = ((groups - mean) / std).reshape(x.shape)
    return gamma.reshape(1, c, 1, 1) * xhat + beta.reshape(1, c, 1, 1)


def group_norm_backward(dout, x, gamma, beta):
    n, c, h, w = x.shape
    groups = x.reshape(n, 2, c // 2, h, w)
    axes = (2, 3, 4)
    std = np.sqrt(groups.var(axis=axes, keepdims=True) + EPS)
    xhat = (groups - groups.mean(axis=axes, keepdims=True)) / std
    dgamma = (dout * xhat.reshape(x.shape)).sum(axis=(0, 2, 3))
    dbeta = dout.sum(axis=(0, 2, 3))
    dxhat = (dout * gamma[None, :, None, None]).reshape(groups.shape)
    dx = dxhat - dxhat.mean(axis=axes, keepdims=True)
    dx = dx - xhat * (dxhat * xhat).mean(axis=axes, keepdims=True)
    return {"x": (dx / std).reshape(x.shape), "gamma": dgamma, "beta": dbeta}


group = NORMS.functions(
    "group-norm", group_norm, group_norm_backward,
    x=normal(2, 4, 2, 3), gamma=positive(4), beta=normal(4),
)  # fmt: skip
group.wrong(
    "instance-axes", {"    axes = (2, 3, 4)\n": "    axes = (3, 4)\n"}, "x gamma",
    "statistics of each channel in place of each group",
    both(r"channel|instance|ax[ei]s|group", INSTEAD + r"|axis|wrong|each|over"),
)  # fmt: skip
group.wrong(
    "groups-interleaved", {"gamma[None, :, None, None]":
    "gamma.reshape(2, 2).T.reshape(1, c, 1, 1)"},
    "x", "γ is dealt to the channels in another order", both(GAMMA, r"order|permut|swap|exchang|"
    r"transpos|another|interleav|channel"),
)  # fmt: skip
group.wrong(
    "mean-dropped", {"dx = dxhat - dxhat.mean(axis=axes, keepdims=True)": "dx = dxhat"}, "x",
    "the mean counts as a constant", both(MEAN, MISSING),
)  # fmt: skip
group.wrong(
    "beta-of-rows", {"dout.sum(axis=(0, 2, 3))": "dout[0].sum(axis=(1, 2))"}, "beta",
    "dβ counts the first sample alone",
    both(r"sample|batch|axis 0|first|\[0", MISSING + "|first|sum"),
)  # fmt: skip


class RMSNorm:
    """As in LLaMA."""

    def __init__(self):
        self.weight = np.random.default_rng(8).uniform(0.5, 1.5, 5) * [1, 1, -1, 1, -1]
        self.eps = 1e-6

    def forward(self, x):
        self.x = x
        self.rms = np.sqrt(np.mean(x**2, axis=-1, keepdims=True) + self.eps)
        return x / self.rms * self.weight

    def backward(self, dout):
        d = self.x.shape[-1]
        self.dweight = np.sum(dout * self.x / self.rms, axis=0)
        g = dout * self.weight
        inner = np.sum(g * self.x, axis=-1, keepdims=True)
        return g / self.rms - self.x * inner / (d * self.rms**3)


rms = NORMS.layer("rms-norm", RMSNorm, normal(3, 5), weight="dweight")
rms.wrong(
    "constant", {" - self.x * inner / (d * self.rms**3)": " + 0 * inner * d"}, "x",
    "the root mean square counts as a constant", both(VARIANCE, MISSING),
)  # fmt: skip
rms.wrong(
    "d-missing", {"(d * self.rms**3)": "(self.rms**3 + 0 * d)"}, "x",
    "1/D is missing in the second term",
    both(r"\bD\b|mean|sum|1/N|5", MISSING + "|sum|times|large"),
)  # fmt: skip
rms.wrong(
    "weight-missing", {"g = dout * self.weight": "g = dout"}, "x",
    "the weight is left out of dx", both(r"weight|gamma|γ|scale", MISSING),
)  # fmt: skip
rms.wrong(
    "weight-missing-inside", {"inner = np.sum(g * self.x": "inner = np.sum(dout * self.x"}, "x",
    "the weight is left out of the inner sum", both(r"weight|gamma|γ|scale", MISSING),
)  # fmt: skip


def weight_norm(x, v, g):
    """W = g · v / ‖v‖, a norm for each output."""
    w = g * v / np.linalg.norm(v, axis=0)
    return x @ w


def weight_norm_backward(dout, x, v, g):
    norm = np.sqrt((v**2).sum(axis=0))
    w = g * v / norm
    dw = x.T @ dout
    dg = (dw * v).sum(axis=0) / norm
    dv = g / norm * dw - g * dg / norm**2 * v
    return {"x": dout @ w.T, "v": dv, "g": dg}


weights = NORMS.functions(
    "weight-norm", weight_norm, weight_norm_backward, x=normal(3, 5), v=normal(5, 4), g=positive(4)
)
weights.wrong(
    "norm-constant", {" - g * dg / norm**2 * v": ""}, "v",
    "the norm counts as a constant", both(r"norm|projection|‖", MISSING),
)  # fmt: skip
weights.wrong(
    "norm-missing-in-g", {"(dw * v).sum(axis=0) / norm": "(dw * v).sum(axis=0)"}, "g v",
    "1/‖v‖ is missing in dg", both(r"norm|‖", MISSING + "|slice|factor"),
)  # fmt: skip
weights.wrong(
    "x-through-v", {"dout @ w.T": "dout @ v.T"}, "x",
    "dx takes v in place of the normalised weights", both(word("v"), INSTEAD + "|" + MISSING),
)  # fmt: skip
weights.pair(
    "constant-and-v", {" - g * dg / norm**2 * v": "", "dout @ w.T": "dout @ v.T"}, "v x",
    "the norm counts as a constant in dv, and dx takes v",
    both(r"norm|projection|‖", MISSING), both(word("v"), INSTEAD + "|" + MISSING),
)  # fmt: skip
