"""VAE, skip-gram with negative samples, the losses of a GAN, policy gradient and PPO."""

import numpy as np
from exam_draws import draws, sigmoid, softmax
from exam_nets import NETS
from telling import EXTRA, INSTEAD, MISSING, SIGN, SLOPE, both, word

normal, _ = draws(20)

EPS = normal(3, 2)
KL = r"\bkl\b|prior|divergence|logvar|log.?var|\bmu\b|μ|mean|exp|regular"


def vae_loss(x, We, Wm, Ws, Wd):
    """Reconstruction by squares, KL to N(0, 1), the noise drawn beforehand."""
    h = np.tanh(x @ We)
    mu, logvar = h @ Wm, h @ Ws
    z = mu + np.exp(0.5 * logvar) * EPS
    recon = z @ Wd
    kl = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar))
    return 0.5 * np.sum((recon - x) ** 2) + kl


def vae_backward(_, x, We, Wm, Ws, Wd):
    h = np.tanh(x @ We)
    mu, logvar = h @ Wm, h @ Ws
    std = np.exp(0.5 * logvar)
    z = mu + std * EPS
    drecon = z @ Wd - x
    dWd = z.T @ drecon
    dz = drecon @ Wd.T
    dmu = dz + mu
    dlogvar = dz * EPS * 0.5 * std + 0.5 * (np.exp(logvar) - 1)
    dh = dmu @ Wm.T + dlogvar @ Ws.T
    da = dh * (1 - h**2)
    dx = da @ We.T - drecon
    return {"x": dx, "We": x.T @ da, "Wm": h.T @ dmu, "Ws": h.T @ dlogvar, "Wd": dWd}


vae = NETS.functions(
    "vae", vae_loss, vae_backward,
    x=normal(3, 5), We=normal(5, 4), Wm=normal(4, 2), Ws=normal(4, 2), Wd=normal(2, 5),
)  # fmt: skip
vae.wrong(
    "std-missing", {"dz * EPS * 0.5 * std +": "dz * EPS * 0.5 +"}, "x We Ws",
    "the factor σ = exp(logvar / 2) is missing on the sampled path",
    both(r"exp|std|σ|logvar", MISSING),
)  # fmt: skip
vae.wrong(
    "half-missing", {"dz * EPS * 0.5 * std +": "dz * EPS * std +"}, "x We Ws",
    "the factor 1/2 of exp(logvar / 2) is missing on the sampled path",
    both(r"1/2|half|0\.5|twice|2 times|doubl", r"exp|std|logvar|EPS|sampl"),
)  # fmt: skip
vae.wrong(
    "kl-of-mu-missing", {"dmu = dz + mu": "dmu = dz"}, "x We Wm",
    "the divergence's gradient on μ is left out", both(KL, MISSING),
)  # fmt: skip
vae.wrong(
    "kl-sign", {"+ 0.5 * (np.exp(logvar) - 1)": "- 0.5 * (np.exp(logvar) - 1)"}, "x We Ws",
    "the divergence's gradient on logvar has the wrong sign", both(KL, SIGN),
)  # fmt: skip
vae.wrong(
    "noise-missing", {"dz * EPS * 0.5": "dz * 0.5"}, "x We Ws",
    "the noise is left out of the sampled path", both(r"noise|eps|ε", MISSING),
)  # fmt: skip
vae.wrong(
    "mu-for-logvar-weights", {"dlogvar @ Ws.T": "dlogvar @ Wm.T"}, "x We",
    "Wm in place of Ws on the way back from logvar", both(word("Wm"), word("Ws"), INSTEAD),
)  # fmt: skip
vae.pair(
    "kl-and-noise", {"dmu = dz + mu": "dmu = dz", "dz * EPS * 0.5": "dz * 0.5"}, "x We Wm Ws",
    "the divergence on μ and the noise are left out", both(KL, MISSING),
    both(r"noise|eps|ε", MISSING),
)  # fmt: skip


CENTRE, CONTEXT, NEGATIVE = 1, 3, [0, 4, 4]


def skip_gram_loss(V, U):
    """Centre words in V, context words in U; a negative sample that is drawn twice counts twice."""
    v = V[CENTRE]
    loss = -np.log(sigmoid(U[CONTEXT] @ v))
    for k in NEGATIVE:
        loss -= np.log(sigmoid(-U[k] @ v))
    return loss


def skip_gram_backward(_, V, U):
    v = V[CENTRE]
    dV, dU = np.zeros_like(V), np.zeros_like(U)
    d = sigmoid(U[CONTEXT] @ v) - 1
    dU[CONTEXT] += d * v
    dv = d * U[CONTEXT]
    for k in NEGATIVE:
        s = sigmoid(U[k] @ v)
        dU[k] += s * v
        dv += s * U[k]
    dV[CENTRE] += dv
    return {"V": dV, "U": dU}


pairs = NETS.functions(
    "skip-gram", skip_gram_loss, skip_gram_backward, V=normal(5, 3), U=normal(5, 3)
)
pairs.wrong(
    "drawn-twice", {"dU[k] += s * v": "dU[k] = s * v"}, "U",
    "a negative sample that is drawn twice is counted once",
    both(r"twice|repeat|occur|again|row|index|\bk\b|add",
    r"overwrit|\+=|accumul|add|once|sum|twice"),
)  # fmt: skip
pairs.wrong(
    "negatives-sign", {"dv += s * U[k]": "dv -= s * U[k]"}, "V",
    "the negative samples' part of dv has the wrong sign", both(SIGN, r"U\[|negative|sample|path|σ"
    "|sigmoid|loop|term"),
)  # fmt: skip
pairs.wrong(
    "positive-not-minus-one", {"sigmoid(U[CONTEXT] @ v) - 1": "sigmoid(U[CONTEXT] @ v)"}, "V U",
    "− 1 is missing for the true context word",
    both(MISSING + "|instead|sign", r"[-−] ?1(?![\d.])|target|label|log|sigmoid|σ|context"),
)  # fmt: skip
pairs.wrong(
    "negatives-missing-in-v", {"dv += s * U[k]": "pass"}, "V",
    "the negative samples are left out of dv",
    both(MISSING, r"U\[|negative|sample|loop|path|term|k"),
)  # fmt: skip
pairs.wrong(
    "sigmoid-slope", {"s = sigmoid(U[k] @ v)": "s = sigmoid(U[k] @ v) * (1 - sigmoid(U[k] @ v))"},
    "V U", "σ′ in place of σ for the negative samples: the logarithm has cancelled 1 − σ",
    both(r"sigmoid|σ|log", SLOPE + "|" + EXTRA),
)  # fmt: skip


REAL, FAKE_NOISE = normal(3, 2), normal(3, 2)


def generator_loss(G, D, d):
    """Non-saturating: −log D(G(noise)), the mean over the batch."""
    fake = np.tanh(FAKE_NOISE @ G)
    return -np.mean(np.log(sigmoid(fake @ D + d)))


def generator_backward(_, G, D, d):
    fake = np.tanh(FAKE_NOISE @ G)
    p = sigmoid(fake @ D + d)
    dlogit = (p - 1) / len(p)
    dD = fake.T @ dlogit
    dd = dlogit.sum()
    dfake = np.outer(dlogit, D)
    dG = FAKE_NOISE.T @ (dfake * (1 - fake**2))
    return {"G": dG, "D": dD, "d": dd}


generator = NETS.functions(
    "gan-generator", generator_loss, generator_backward, G=normal(2, 4), D=normal(4), d=normal()
)
generator.wrong(
    "saturating", {"(p - 1) / len(p)": "-p / len(p)"}, "G D d",
    "the gradient is that of log(1 − D), not of −log D",
    both(r"1 ?[-−]|log|sigmoid|σ|\bp\b|saturat", INSTEAD + r"|\b1\b|" + MISSING),
)  # fmt: skip
generator.wrong(
    "tanh-slope", {"dfake * (1 - fake**2)": "dfake"}, "G",
    "tanh′ of the generator is missing", both("tanh|fake", SLOPE, MISSING),
)  # fmt: skip
generator.wrong(
    "sign", {"dfake = np.outer(dlogit, D)": "dfake = -np.outer(dlogit, D)"}, "G",
    "dG has the wrong sign", both(SIGN),
)  # fmt: skip


def discriminator_loss(D, d, fake):
    real, made = sigmoid(REAL @ D + d), sigmoid(fake @ D + d)
    return -np.mean(np.log(real) + np.log(1 - made))


def discriminator_backward(_, D, d, fake):
    real, made = sigmoid(REAL @ D + d), sigmoid(fake @ D + d)
    dreal = (real - 1) / len(real)
    dmade = made / len(made)
    dD = REAL.T @ dreal + fake.T @ dmade
    dd = dreal.sum() + dmade.sum()
    dfake = np.outer(dmade, D)
    return {"D": dD, "d": dd, "fake": dfake}


discriminator = NETS.functions(
    "gan-discriminator", discriminator_loss, discriminator_backward,
    D=normal(2), d=normal(), fake=normal(3, 2),
)  # fmt: skip
discriminator.wrong(
    "real-forgotten", {"dD = REAL.T @ dreal + fake.T @ dmade": "dD = fake.T @ dmade"}, "D",
    "the real samples are left out of dD", both(r"real", MISSING),
)  # fmt: skip
discriminator.wrong(
    "fake-as-real", {"dmade = made / len(made)": "dmade = (made - 1) / len(made)"}, "D d fake",
    "made samples are treated as real ones: p − 1 in place of p",
    both(r"made|fake|1 ?[-−]|target|label", INSTEAD + r"|\b1\b|" + SIGN),
)  # fmt: skip
discriminator.wrong(
    "mean-over-both", {"/ len(real)": "/ (2 * len(real))"}, "D d",
    "the real samples' mean is halved", both(r"1/2|half|2|twice|0\.5", r"real|mean|N|len|term"),
)  # fmt: skip
discriminator.wrong(
    "bias-overwritten", {"dd = dreal.sum() + dmade.sum()": "dd = dmade.sum()"}, "d",
    "the real samples are left out of dd", both(r"real", MISSING),
)  # fmt: skip


ACTIONS, ADVANTAGE = np.array([2, 0, 1, 2]), np.array([1.3, -0.7, 0.9, -1.6])
OLD = np.array([0.30, 0.42, 0.21, 0.44])


def reinforce_loss(x, W):
    """−mean(A · log π(a)), with an entropy bonus."""
    p = softmax(x @ W)
    chosen = p[np.arange(len(x)), ACTIONS]
    entropy = -np.sum(p * np.log(p), axis=1)
    return -np.mean(ADVANTAGE * np.log(chosen) + 0.1 * entropy)


def reinforce_backward(_, x, W):
    p = softmax(x @ W)
    n = len(x)
    dz = p.copy()
    dz[np.arange(n), ACTIONS] -= 1
    dz *= ADVANTAGE[:, None]
    entropy = -np.sum(p * np.log(p), axis=1, keepdims=True)
    dz += 0.1 * p * (np.log(p) + entropy)
    dz /= n
    return {"x": dz @ W.T, "W": x.T @ dz}


policy = NETS.functions("reinforce", reinforce_loss, reinforce_backward, x=normal(4, 5),
                        W=normal(5, 3))  # fmt: skip
policy.wrong(
    "entropy-sign", {"dz += 0.1 * p": "dz -= 0.1 * p"}, "x W",
    "the entropy's gradient has the wrong sign", both(SIGN, r"entropy|0\.1|p ?· ?log|log ?\(?p"),
)  # fmt: skip
policy.wrong(
    "advantage-missing", {"dz *= ADVANTAGE[:, None]": "pass"}, "x W",
    "the advantage is left out", both(r"advantage", MISSING),
)  # fmt: skip
policy.wrong(
    "sign-of-policy", {"dz *= ADVANTAGE[:, None]": "dz *= -ADVANTAGE[:, None]"}, "x W",
    "the policy's part has the wrong sign: the reward is descended",
    both(SIGN, r"advantage|log|chosen|policy|term|path"),
)  # fmt: skip
policy.wrong(
    "entropy-inner-sum", {"(np.log(p) + entropy)": "(np.log(p) + 1)"}, "x W",
    "the entropy's gradient is not taken through softmax",
    both(r"entropy|softmax|log|0\.1", MISSING + r"|instead|\+ ?1|Σ|sum"),
)  # fmt: skip


def ppo_loss(x, W):
    """−mean(min(r·A, clip(r, 0.8, 1.2)·A)) with r = π(a) / π_old(a)."""
    p = softmax(x @ W)
    r = p[np.arange(len(x)), ACTIONS] / OLD
    return -np.mean(np.minimum(r * ADVANTAGE, np.clip(r, 0.8, 1.2) * ADVANTAGE))


def ppo_backward(_, x, W):
    p = softmax(x @ W)
    rows = np.arange(len(x))
    r = p[rows, ACTIONS] / OLD
    free = r * ADVANTAGE <= np.clip(r, 0.8, 1.2) * ADVANTAGE
    dr = -ADVANTAGE * free / len(x)
    onehot = np.zeros_like(p)
    onehot[rows, ACTIONS] = 1
    dlogp = dr * r
    dz = dlogp[:, None] * (onehot - p)
    return {"x": dz @ W.T, "W": x.T @ dz}


PPO_X = np.random.default_rng(2).standard_normal((4, 5))
ppo = NETS.functions("ppo", ppo_loss, ppo_backward, x=PPO_X, W=normal(5, 3))
ppo.wrong(
    "not-clipped", {"dr = -ADVANTAGE * free / len(x)": "dr = -ADVANTAGE / len(x)"}, "x W",
    "the gradient flows where the ratio is clipped", both(r"clip|minimum|\bmin\b|mask", MISSING +
    "|where|flow"),
)  # fmt: skip
ppo.wrong(
    "ratio-missing", {"dlogp = dr * r": "dlogp = dr"}, "x W",
    "the ratio is left out: d r = r · d log π", both(r"ratio|\br\b|p\[|chosen|prob|OLD", MISSING),
)  # fmt: skip
ppo.wrong(
    "softmax-diagonal", {"(onehot - p)": "(onehot - onehot * p)"}, "x W",
    "softmax's Jacobian is taken as diagonal",
    both(r"softmax|diagonal|jacobian", r"diagonal|1 ?[-−]|Σ|sum|couples|" + MISSING),
)  # fmt: skip
ppo.wrong(
    "old-missing", {"dlogp = dr * r": "dlogp = dr * r * OLD"}, "x W",
    "π_old is left out: the derivative of π in place of π / π_old",
    both(r"OLD", MISSING + "|" + EXTRA),
)  # fmt: skip
