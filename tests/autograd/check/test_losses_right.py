"""Right losses are called right as people write them, at the first try."""

import losses_as_functions as functions
import losses_as_objects as objects
import numpy as np
import pytest

from autograd import check_loss

RNG = np.random.default_rng(4)
X, T = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3))
Z = RNG.normal(size=(4, 3))
P, Q = RNG.uniform(0.1, 0.9, (4, 3)), RNG.uniform(0.1, 0.9, (4, 3))
BITS = RNG.integers(0, 2, (4, 3)).astype(float)
SIGNS = 2 * BITS - 1
LABELS = np.array([0, 2, 1, 1])
ONE_HOT = np.eye(3)[LABELS]
SEQUENCE, TOKENS = RNG.normal(size=(2, 5, 4)), RNG.integers(0, 4, (2, 5))
MASK = RNG.integers(0, 2, (4, 3))
SAME = np.array([1.0, 0.0, 0.0, 1.0])
THREE = tuple(RNG.normal(size=(3, 4, 3)))
SIGMA = RNG.uniform(0.5, 1.5, (4, 3))

OBJECTS = {
    "mse": (objects.Mse(), (X, T)),
    "loss and gradient": (objects.LossAndGradient(), (X, T)),
    "loss and grad": (objects.LossAndGrad(), (X, T)),
    "called, and gradient": (objects.CallAndGradient(), (X, T)),
    "forward and derivative": (objects.ForwardAndDerivative(), (X, T)),
    "calculate and prime": (objects.CalcAndPrime(), (X, T)),
    "loss and loss_prime": (objects.LossAndLossPrime(), (X, T)),
    "compute_loss and compute_gradient": (objects.OtherNames(), (X, T)),
    "static methods": (objects.StaticBce(), (P, BITS)),
    "static methods of a class": (objects.StaticBce, (P, BITS)),
    "class methods": (objects.ClassHuber(), (X, T)),
    "class methods of a class": (objects.ClassHuber, (X, T)),
    "a class that is not made yet": (objects.Mse, (X, T)),
    "decorated, target first": (objects.DecoratedBce(), (X, BITS)),
    "decorated, no names": (objects.DecoratedMae(), (X, T)),
    "one-hot": (objects.SoftmaxOneHot(), (X, ONE_HOT)),
    "samples in columns": (objects.SoftmaxColumns(), (X.T, ONE_HOT.T)),
    "a loss for each sample": (objects.SamplesCrossEntropy(), (X, LABELS)),
    "smoothed labels": (objects.SmoothedCrossEntropy(), (X, LABELS)),
    "smoothed otherwise": (objects.SmoothedCrossEntropy(), (X, LABELS), {"label_smoothing": 0.2}),
    "masked sequence": (objects.MaskedSequence(), (SEQUENCE, TOKENS), {"lengths": [5, 3]}),
    "weighted": (objects.WeightedMse(), (X, T), {"weights": RNG.random((4, 3))}),
    "mask first": (objects.MaskFirst(), (X, T), {"label_mask": MASK}),
    "log-probabilities": (objects.Nll(), (X, LABELS)),
    "from its own output": (objects.NnfsSoftmaxCrossEntropy(), (X, LABELS)),
    "triplet": (objects.Triplet(), (THREE,)),
    "triplet, others as options": (
        objects.Triplet(), (THREE[0],), {"positive": THREE[1], "negative": THREE[2]}),
    "contrastive": (objects.Contrastive(), ((X, Z), SAME)),
    "KL of a VAE": (objects.VaeKl(), ((X, Z),)),
    "KL of a VAE, side by side": (objects.VaeKl(), (X, Z)),
    "KL of a VAE, by name": (objects.VaeKl(), ({"logvar": Z, "mu": X},)),
    "KL of a VAE, kept": (objects.VaeKlKept(), ((X, Z),)),
    "cache": (objects.Cached(), (X, LABELS)),
    "probabilities returned too": (objects.WithProbabilities(), (X, LABELS)),
    "target in the constructor": (objects.Configured(T), (X,)),
    "delta of the logit": (
        objects.Nielsen, (objects.sigmoid(Z), BITS), {"z": Z}),
    "optional arguments": (objects.Optional(), (X, T)),
    "optional, with a weight": (objects.Optional(), (X, T), {"weight": SIGMA}),
    "starred": (objects.Starred(), (X, T)),
    "starred, with an upstream": (objects.StarredUpstream(), (X, T)),
    "expected output": (objects.ExpectedOutput(), (X, T)),
    "real first, a dict": (objects.RealFirst(), (X, T)),
    "a cost for each column": (objects.SizesOfBatch(), (P, BITS)),
    "KL beside a target": (objects.Vae(), (X, T), {"mu": Z, "log_var": P}),
    "two objects": ((objects.Squares(2), objects.Squares(1)), (X, T)),
    "target as an option": (objects.Mse(), (X,), {"y_true": T}),
}  # fmt: skip
FUNCTIONS = {
    "pair": ((functions.mse, functions.mse_prime), (X, T)),
    "binary": ((functions.bce, functions.bce_derivative), (P, BITS)),
    "hinge": ((functions.hinge, functions.hinge_gradient), (X, LABELS)),
    "hinge of signs": ((functions.binary_hinge, functions.binary_hinge_prime), (X, SIGNS)),
    "huber": ((functions.huber, functions.huber_grad), (X, T)),
    "huber, another delta": ((functions.huber, functions.huber_grad), (X, T), {"delta": 1.0}),
    "huber, partial": ((functions.partial_huber, functions.partial_huber_grad), (X, T)),
    "kl": ((functions.kl, functions.kl_grad), (P, Q)),
    "a switch": (functions.switched, (X, T)),
    "both at once": (functions.softmax_loss, (X, LABELS)),
    "both at once, with a mask": (
        functions.temporal_softmax_loss, (SEQUENCE, TOKENS), {"mask": TOKENS > 0}),
    "by weights": (
        functions.svm_of_weights, (RNG.normal(size=(5, 3)), LABELS),
        {"X": RNG.normal(size=(4, 5)), "reg": 0.1}),
    "cache": ((functions.cached, functions.uncached), (X, LABELS)),
    "decorated": ((functions.decorated, functions.decorated_prime), (X, T)),
    "pos_weight": (
        (functions.weighted_bce, functions.weighted_bce_backward), (X, BITS), {"pos_weight": 2.5}),
    "two parameters": ((functions.gaussian_nll, functions.gaussian_nll_grad), ((X, SIGMA), T)),
    "focal": ((functions.focal, functions.focal_grad), (P, ONE_HOT), {"gamma": 2}),
    "two sides": ((functions.cosine, functions.cosine_grad), (X, T)),
    "a flag beside": (functions.ctc_like, (P, np.array([0, 2, 1]))),
    "ppo": (
        (functions.ppo, functions.ppo_grad), (X[:, 0],),
        {"old_log_prob": X[:, 0] + 0.3 * Z[:, 0], "advantage": T[:, 0]}),
    "discriminator": (
        (functions.of_real_and_fake, functions.of_real_and_fake_grad), ((P, Q),)),
    "by weights, pair": (
        (functions.logistic_cost, functions.logistic_gradient), (X[0], SAME),
        {"X": RNG.normal(size=(4, 3)), "lambda_": 0.7}),
    "a default that is an array": ((functions.with_default, functions.with_default_prime), (X,)),
    "numbers": ((lambda a, y: (a - y) ** 2, lambda a, y: 2 * (a - y)), (0.3, 1.0)),
    "mean of each sample": ((functions.entries, functions.entries_grad), (X, T)),
}  # fmt: skip


CASES = OBJECTS | {f"{name} (functions)": case for name, case in FUNCTIONS.items()}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_right_loss_passes_at_the_first_try(case):
    loss, arrays, *options = case
    report = check_loss(loss, *arrays, options=options[0] if options else None)
    assert report.ok, str(report)
