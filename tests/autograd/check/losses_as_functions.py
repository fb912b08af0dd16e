"""Right losses as functions: pairs, one with a switch, one that returns both."""

import functools

import numpy as np
from losses_as_objects import logged, sigmoid, softmax


def mse(y_true, y_pred):
    return np.mean((y_true - y_pred) ** 2)


def mse_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / y_true.size


def bce(y, a):
    return -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))


def bce_derivative(y, a):
    return -(y / a - (1 - y) / (1 - a)) / y.size


def hinge(scores, labels):
    """The hinge of several classes, of margin 1."""
    margins = np.maximum(0, scores - scores[np.arange(len(labels)), labels][:, None] + 1)
    margins[np.arange(len(labels)), labels] = 0
    return margins.sum() / len(labels)


def hinge_gradient(scores, labels):
    rows = np.arange(len(labels))
    on = (scores - scores[rows, labels][:, None] + 1 > 0).astype(float)
    on[rows, labels] = 0
    on[rows, labels] = -on.sum(axis=1)
    return on / len(labels)


def binary_hinge(t, y):
    """Targets of -1 and 1; a loss for each entry, whose mean is meant."""
    return np.maximum(0, 1 - t * y)


def binary_hinge_prime(t, y):
    return np.where(t * y < 1, -t, 0) / t.size


def huber(p, t, delta=0.5):
    r = np.abs(p - t)
    return np.where(r <= delta, 0.5 * r**2, delta * (r - 0.5 * delta)).mean()


def huber_grad(p, t, delta=0.5):
    return np.where(np.abs(p - t) <= delta, p - t, delta * np.sign(p - t)) / p.size


def kl(p, q):
    return np.sum(p * np.log(p / q))


def kl_grad(p, q):
    return np.log(p / q) + 1


def switched(y_pred, y_true, derivative=False):
    """One function with a switch."""
    if derivative:
        return 2 * (y_pred - y_true)
    return np.sum((y_pred - y_true) ** 2)


def softmax_loss(x, y):
    """The loss and its gradient at once."""
    p = softmax(x)
    loss = -np.log(p[np.arange(len(y)), y]).mean()
    dx = p.copy()
    dx[np.arange(len(y)), y] -= 1
    return loss, dx / len(y)


def svm_of_weights(W, X, y, reg):
    """The loss of a linear classifier, by its weights."""
    rows, scores = np.arange(len(y)), X @ W
    margins = np.maximum(0, scores - scores[rows, y][:, None] + 1)
    margins[rows, y] = 0
    on = (margins > 0).astype(float)
    on[rows, y] = -on.sum(axis=1)
    return margins.sum() / len(y) + reg * (W**2).sum(), X.T @ on / len(y) + 2 * reg * W


def cached(logits, labels):
    p = softmax(logits)
    return -np.log(p[range(len(labels)), labels]).sum(), (p, labels)


def uncached(cache):
    p, labels = cache
    return p - np.eye(p.shape[1])[labels]


@logged
def decorated(y_true, y_pred):
    return np.mean((y_true - y_pred) ** 2)


@logged
def decorated_prime(y_true, y_pred):
    return 2 * (y_pred - y_true) / y_true.size


def weighted_bce(logits, targets, pos_weight, sample_weight=1.0):
    losses = pos_weight * targets * np.logaddexp(0, -logits)
    return np.sum(sample_weight * (losses + (1 - targets) * np.logaddexp(0, logits)))


def weighted_bce_backward(logits, targets, pos_weight, sample_weight=1.0):
    p = sigmoid(logits)
    return sample_weight * (-pos_weight * targets * (1 - p) + (1 - targets) * p)


def gaussian_nll(mu, sigma, y):
    return np.sum(np.log(sigma) + 0.5 * ((y - mu) / sigma) ** 2)


def gaussian_nll_grad(mu, sigma, y):
    return (mu - y) / sigma**2, 1 / sigma - (y - mu) ** 2 / sigma**3


def temporal_softmax_loss(x, y, mask, verbose=False):
    """Logits (N, T, V), tokens (N, T) and a mask of those that count."""
    n, t, v = x.shape
    flat, labels, kept = x.reshape(n * t, v), y.reshape(n * t), mask.reshape(n * t)
    p = softmax(flat)
    loss = -np.sum(kept * np.log(p[np.arange(n * t), labels])) / n
    p[np.arange(n * t), labels] -= 1
    return loss, (p / n * kept[:, None]).reshape(n, t, v)


def focal(p, y, gamma):
    return -np.sum(y * (1 - p) ** gamma * np.log(p))


def focal_grad(p, y, gamma):
    return y * (gamma * (1 - p) ** (gamma - 1) * np.log(p) - (1 - p) ** gamma / p)


def cosine(a, b):
    lengths = np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)
    return np.sum(1 - np.sum(a * b, axis=1) / lengths[0] / lengths[1])


def cosine_grad(a, b):
    m, n = np.linalg.norm(a, axis=1)[:, None], np.linalg.norm(b, axis=1)[:, None]
    s = np.sum(a * b, axis=1, keepdims=True) / (m * n)
    return s * a / m**2 - b / (m * n), s * b / n**2 - a / (m * n)


def entries(predictions, targets):
    """A loss for each sample: the mean over its outputs."""
    return np.mean((predictions - targets) ** 2, axis=1)


def entries_grad(predictions, targets):
    return 2 * (predictions - targets) / predictions.shape[1] / len(predictions)


partial_huber = functools.partial(huber, delta=0.3)
partial_huber_grad = functools.partial(huber_grad, delta=0.3)


def ctc_like(params, seq, blank=0, is_prob=True):
    """Returns a flag beside the loss and its gradient."""
    picked = params[seq, np.arange(len(seq))]
    grad = np.zeros_like(params)
    grad[seq, np.arange(len(seq))] = -1 / picked
    return -np.log(picked).sum(), grad, False


def ppo(log_prob, old_log_prob, advantage, clip=0.2):
    ratio = np.exp(log_prob - old_log_prob)
    clipped = np.clip(ratio, 1 - clip, 1 + clip)
    return -np.minimum(ratio * advantage, clipped * advantage).mean()


def ppo_grad(log_prob, old_log_prob, advantage, clip=0.2):
    ratio = np.exp(log_prob - old_log_prob)
    clipped = np.clip(ratio, 1 - clip, 1 + clip)
    on = ratio * advantage <= clipped * advantage
    return -(on * ratio * advantage) / len(ratio)


def of_real_and_fake(real, fake):
    """The loss of a discriminator."""
    return -np.mean(np.log(real)) - np.mean(np.log(1 - fake))


def of_real_and_fake_grad(real, fake):
    return -1 / real / real.size, 1 / (1 - fake) / fake.size


def logistic_cost(theta, X, y, lambda_):
    h, m = sigmoid(X @ theta), len(y)
    cost = -(y * np.log(h) + (1 - y) * np.log(1 - h)).sum() / m
    return cost + lambda_ / (2 * m) * (theta[1:] ** 2).sum()


def logistic_gradient(theta, X, y, lambda_):
    decayed = np.concatenate([[0.0], theta[1:]])
    return (X.T @ (sigmoid(X @ theta) - y) + lambda_ * decayed) / len(y)


CENTRE = np.array([[0.5, 1.0, -0.5]])


def with_default(x, y=CENTRE):
    return ((x - y) ** 2).sum()


def with_default_prime(x, y=CENTRE):
    return 2 * (x - y)
