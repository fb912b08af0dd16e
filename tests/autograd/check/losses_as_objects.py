"""Right losses as classes, in the styles in which people write them."""

import numpy as np


def softmax(z, axis=-1):
    powers = np.exp(z - z.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def logged(function):
    """A decorator that hides what it wraps."""

    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


class Mse:
    def forward(self, y_pred, y_true):
        self.y_pred, self.y_true = y_pred, y_true
        return np.mean((y_pred - y_true) ** 2)

    def backward(self):
        return 2 * (self.y_pred - self.y_true) / self.y_true.size


class LossAndGradient:
    def loss(self, y, y_pred):
        return 0.5 * np.power(y - y_pred, 2)

    def gradient(self, y, y_pred):
        return -(y - y_pred)


class LossAndGrad:
    def loss(self, predicted, actual):
        return np.sum((predicted - actual) ** 2)

    def grad(self, predicted, actual):
        return 2 * (predicted - actual)


class CallAndGradient:
    def __call__(self, p, t):
        return np.abs(p - t).mean()

    def gradient(self, p, t):
        return np.sign(p - t) / p.size


class ForwardAndDerivative:
    def forward(self, target, output):
        return np.sum(np.log(np.cosh(output - target)))

    def derivative(self, target, output):
        return np.tanh(output - target)


class CalcAndPrime:
    def calculate(self, yhat, y):
        return np.mean((yhat - y) ** 2)

    def prime(self, yhat, y):
        return 2 * (yhat - y) / yhat.size


class LossAndLossPrime:
    def loss(self, y_true, y_pred):
        return np.mean(np.power(y_true - y_pred, 2))

    def loss_prime(self, y_true, y_pred):
        return 2 * (y_pred - y_true) / np.size(y_true)


class StaticBce:
    @staticmethod
    def forward(p, y):
        return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

    @staticmethod
    def backward(p, y):
        return (p - y) / (p * (1 - p)) / p.size


class ClassHuber:
    delta = 0.4

    @classmethod
    def loss(cls, pred, target):
        r = np.abs(pred - target)
        return np.where(r < cls.delta, 0.5 * r**2, cls.delta * (r - 0.5 * cls.delta)).sum()

    @classmethod
    def grad(cls, pred, target):
        return np.clip(pred - target, -cls.delta, cls.delta)


class DecoratedBce:
    """On logits; the wrapper shows no names, and the target comes first."""

    @logged
    def forward(self, y_true, logits):
        self.y_true, self.p = y_true, sigmoid(logits)
        return np.mean(np.logaddexp(0, logits) - y_true * logits)

    @logged
    def backward(self):
        return (self.p - self.y_true) / self.p.size


class DecoratedMae:
    @logged
    def loss(self, a, b):
        return np.abs(a - b).sum()

    @logged
    def gradient(self, a, b):
        return np.sign(a - b)


class SoftmaxOneHot:
    def forward(self, logits, one_hot):
        self.probabilities, self.one_hot = softmax(logits), one_hot
        return -np.sum(one_hot * np.log(self.probabilities)) / len(logits)

    def backward(self, dout=1.0):
        return dout * (self.probabilities - self.one_hot) / len(self.one_hot)


class SoftmaxColumns:
    """Classes along axis 0, samples in columns."""

    def forward(self, Z, Y):
        self.A, self.Y = softmax(Z, 0), Y
        return -np.sum(Y * np.log(self.A)) / Y.shape[1]

    def backward(self):
        self.dZ = (self.A - self.Y) / self.Y.shape[1]


class SamplesCrossEntropy:
    """A loss for each sample, and their gradients weighed by the upstream."""

    def forward(self, x, labels):
        self.p, self.labels = softmax(x), labels
        return -np.log(self.p[np.arange(len(x)), labels])

    def backward(self, grad_output):
        d = self.p.copy()
        d[np.arange(len(d)), self.labels] -= 1
        return d * grad_output[:, None]


class SmoothedCrossEntropy:
    def __init__(self, label_smoothing=0.1):
        self.label_smoothing = label_smoothing

    def forward(self, logits, labels, label_smoothing=0.1):
        n, k = logits.shape
        self.t = np.full((n, k), label_smoothing / k)
        self.t[np.arange(n), labels] += 1 - label_smoothing
        self.p = softmax(logits)
        return -np.sum(self.t * np.log(self.p)) / n

    def backward(self):
        return (self.p - self.t) / len(self.p)


class MaskedSequence:
    """(N, T, C) logits, (N, T) tokens, and how many of them count."""

    def forward(self, logits, targets, lengths):
        n, t, _ = logits.shape
        self.mask = np.arange(t)[None, :] < np.asarray(lengths)[:, None]
        self.p, self.targets = softmax(logits), targets
        picked = self.p[np.arange(n)[:, None], np.arange(t)[None, :], targets]
        return -np.sum(np.log(picked) * self.mask) / self.mask.sum()

    def backward(self):
        n, t, _ = self.p.shape
        d = self.p.copy()
        d[np.arange(n)[:, None], np.arange(t)[None, :], self.targets] -= 1
        return d * self.mask[..., None] / self.mask.sum()


class WeightedMse:
    def __call__(self, pred, target, weights):
        return np.sum(weights * (pred - target) ** 2)

    def backward(self, pred, target, weights):
        return 2 * weights * (pred - target)


class MaskFirst:
    """The mask comes first, and the label's mask is no label."""

    def forward(self, label_mask, scores, labels):
        self.kept = label_mask, scores, labels
        return np.sum(label_mask * (scores - labels) ** 2)

    def backward(self):
        label_mask, scores, labels = self.kept
        return 2 * label_mask * (scores - labels)


class Nll:
    def forward(self, log_probs, target):
        self.shape, self.target = log_probs.shape, target
        return -log_probs[np.arange(len(target)), target].mean()

    def backward(self, grad_output=1):
        grad_input = np.zeros(self.shape)
        grad_input[np.arange(len(self.target)), self.target] = -grad_output / len(self.target)
        return grad_input


class NnfsSoftmaxCrossEntropy:
    """backward is called with forward's own output, as the book does."""

    def forward(self, inputs, y_true):
        self.output = softmax(inputs)
        return np.mean(-np.log(self.output[range(len(inputs)), y_true]))

    def backward(self, dvalues, y_true):
        self.dinputs = dvalues.copy()
        self.dinputs[range(len(dvalues)), y_true] -= 1
        self.dinputs = self.dinputs / len(dvalues)


class Triplet:
    def __init__(self, margin=1.0):
        self.margin = margin

    def forward(self, anchor, positive, negative):
        self.x = anchor, positive, negative
        near, far = ((anchor - other) ** 2 for other in (positive, negative))
        self.violation = near.sum(1) - far.sum(1) + self.margin
        return np.maximum(self.violation, 0).sum()

    def backward(self):
        anchor, positive, negative = self.x
        on = (self.violation > 0)[:, None] * 2.0
        return on * (negative - positive), on * (positive - anchor), on * (anchor - negative)


class Contrastive:
    def forward(self, x1, x2, y, margin=2.0):
        self.difference, self.y, self.margin = x1 - x2, y, margin
        self.distance = np.sqrt(np.sum(self.difference**2, axis=1))
        hinge = np.maximum(margin - self.distance, 0)
        return np.mean(y * self.distance**2 + (1 - y) * hinge**2)

    def backward(self):
        hinge = np.maximum(self.margin - self.distance, 0)
        factor = self.y - (1 - self.y) * hinge / self.distance
        dx1 = 2 * factor[:, None] * self.difference / len(self.y)
        return {"dx1": dx1, "dx2": -dx1}


class VaeKl:
    def forward(self, mu, logvar):
        self.mu, self.logvar = mu, logvar
        return -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar)) / len(mu)

    def backward(self):
        n = len(self.mu)
        return self.mu / n, 0.5 * (np.exp(self.logvar) - 1) / n


class VaeKlKept:
    """Keeps its gradients under other names than forward's."""

    def __call__(self, mean, log_var):
        self.mean, self.log_var = mean, log_var
        return 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum()

    def backward(self):
        self.dlog_var = 0.5 * (np.exp(self.log_var) - 1)
        self.dmean = self.mean


class Cached:
    """forward returns its cache, and backward takes it."""

    def forward(self, scores, y):
        p = softmax(scores)
        return -np.log(p[np.arange(len(y)), y]).mean(), (p, y)

    def backward(self, cache):
        p, y = cache
        d = p.copy()
        d[np.arange(len(y)), y] -= 1
        return d / len(y)


class WithProbabilities:
    """forward returns the loss and the probabilities."""

    def forward(self, x, t):
        self.p, self.t = softmax(x), t
        return -np.log(self.p[np.arange(len(t)), t]).sum(), self.p

    def backward(self):
        d = self.p.copy()
        d[np.arange(len(d)), self.t] -= 1
        return d


class Configured:
    """The target and the reduction are given to the constructor."""

    def __init__(self, target):
        self.target = target

    def forward(self, x):
        self.x = x
        return np.sum((x - self.target) ** 4)

    def backward(self):
        return 4 * (self.x - self.target) ** 3


class Nielsen:
    """Michael Nielsen's cost: fn of the activation, delta of the logit behind it."""

    @staticmethod
    def fn(a, y):
        return 0.5 * np.linalg.norm(a - y) ** 2

    @staticmethod
    def delta(z, a, y):
        return (a - y) * sigmoid(z) * (1 - sigmoid(z))


class Optional:
    def forward(self, x, y=None, weight=None):
        self.r = x - (0.0 if y is None else y)
        self.weight = np.ones(x.shape) if weight is None else weight
        return 0.5 * (self.weight * self.r**2).sum()

    def backward(self, gradient=None):
        return self.weight * self.r


class OtherNames:
    def compute_loss(self, y_hat, y):
        return np.mean((y_hat - y) ** 2)

    def compute_gradient(self, y_hat, y):
        return 2 * (y_hat - y) / y.size


class Starred:
    """Nobody sees what it takes."""

    def forward(self, *args):
        self.args = args
        return ((args[0] - args[1]) ** 2).sum()

    def backward(self, *args):
        return 2 * (self.args[0] - self.args[1])


class StarredUpstream(Starred):
    def backward(self, *grads):
        return 2 * grads[0] * (self.args[0] - self.args[1])


class ExpectedOutput:
    def loss_function(self, actual_output, expected_output):
        return np.sum((actual_output - expected_output) ** 2) / 2

    def loss_derivative(self, actual_output, expected_output):
        return actual_output - expected_output


class RealFirst:
    def get_loss(self, real, pred):
        return {"probabilities": pred, "loss": np.sum(np.abs(real - pred) ** 3)}

    def get_grad(self, real, pred):
        return 3 * np.sign(pred - real) * (real - pred) ** 2


class SizesOfBatch:
    """A cost for each column, (1, N); the mean over samples is meant."""

    def cost(self, A, Y):
        return -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A), axis=0, keepdims=True)

    def cost_prime(self, A, Y):
        return (A - Y) / (A * (1 - A)) / Y.shape[1]


class Vae:
    """The target comes second, and more that is differentiable behind it."""

    def forward(self, reconstructed, x, mu, log_var):
        self.kept = reconstructed, x, mu, log_var
        kl = -0.5 * (1 + log_var - mu**2 - np.exp(log_var)).sum()
        return ((reconstructed - x) ** 2).sum() + kl

    def backward(self):
        reconstructed, x, mu, log_var = self.kept
        return 2 * (reconstructed - x), mu, 0.5 * (np.exp(log_var) - 1)


class Squares:
    """A loss and its gradient as two objects that are called."""

    def __init__(self, power):
        self.power = power

    def __call__(self, p, t):
        return ((p - t) ** 2).sum() if self.power == 2 else 2 * (p - t)
