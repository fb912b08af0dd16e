"""scikit-learn's conventions: a model as an estimator, for its pipelines and searches."""

import copy
import math
import random
from collections.abc import Callable
from typing import Any, Self

import autograd
from autograd import chance, softmax

from .. import validate
from ..annotations import Shape
from ..data import Dataset
from ..layers import Dense, Flatten, ReLU, Softmax
from ..losses import CrossEntropyLoss
from ..module import Module
from ..optim import Adam, Optimizer
from ..optional import needs
from ..sequential import Sequential
from .forward import Forward
from .trainer import Trainer

_who = ("nn.Classifier", "glassgrad[sklearn]")
np = needs("numpy", *_who)
base = needs("sklearn.base", *_who)
multiclass = needs("sklearn.utils.multiclass", *_who)
validation = needs("sklearn.utils.validation", *_who)

Arrays = Any  # taken: lists, arrays, data frames; given: NumPy's arrays
_Mixin: Any = base.ClassifierMixin
_Estimator: Any = base.BaseEstimator


class Classifier(_Mixin, _Estimator):
    """A model as a scikit-learn classifier: `Classifier(model).fit(X, y).predict(X)`.

    X is (N, features), or (N, C, H, W) for a model of images; `shape=(1, 8, 8)` makes images of
    rows of 64 numbers. y may hold any labels; `classes_` lists them in the order of the logits and
    of the columns of `predict_proba`.

    `model` is one of
    - a Module, (*shape) -> (classes,): a copy of it is trained, from the weights that it has;
    - a function of (shape of a sample, number of classes) that makes one, such as a Module's class;
    - None: Dense(features, 32), ReLU, Dense(32, classes).
    It gives logits, without a Softmax at the end: CrossEntropyLoss is trained on them, and
    `predict_proba` is their softmax. The trained one is `model_`, its epochs are `history_`.

    `optimizer` is called with the parameters and `lr=`: nn.SGD, or with more arguments
    `functools.partial(nn.SGD, momentum=0.9)`. `compiled=False` trains scalar by scalar. `verbose`
    shows the progress.

    An int as `random_state` makes fits repeatable, bit for bit (on as many processors): it rules
    the order of the samples, what layers draw, and the first weights of a model that a function
    makes, for which Python's `random` is seeded, and brought back. None takes a new seed from
    NumPy's generator. Weights are trained in float32 and asked in float64.

    >>> from sklearn.model_selection import cross_val_score
    >>> X, y = [[0, 0.1], [0.1, 1], [1, 0.2], [0.9, 1]] * 6, ["same", "no", "no", "same"] * 6
    >>> float(cross_val_score(Classifier(epochs=50, random_state=0), X, y, cv=3).mean())
    1.0
    """

    _probabilities: Any = None  # what answers, once a fit has come to its end

    def __init__(
        self,
        model: Module | Callable[[Shape, int], Module] | None = None,
        *,
        shape: Shape | None = None,
        epochs: int = 20,
        batch_size: int = 32,
        lr: float = 0.01,
        optimizer: Callable[..., Optimizer] = Adam,
        compiled: bool = True,
        random_state: Any = None,
        verbose: bool = False,
    ) -> None:
        self.model = model
        self.shape = shape
        self.epochs = epochs
        self.batch_size = batch_size
        self.lr = lr
        self.optimizer = optimizer
        self.compiled = compiled
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Arrays, y: Arrays) -> Self:
        """Train a new model on samples X (N, ...) and their labels y (N,).

        ValueError where X or y are not what a classifier takes, or the model does not give a logit
        for each class; FloatingPointError where the loss stops being finite. After that there is
        no model to ask.
        """
        self._probabilities = None
        samples, y = self._validated(X, y)
        multiclass.check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        self.shape_ = samples.shape[1:] if self.shape is None else _shape(self.shape)
        self._given = samples.shape[1:]
        images = self._images(samples)
        seed = int(validation.check_random_state(self.random_state).randint(2**31 - 1))
        self.model_ = self._model(images[0], seed)
        trainer = Trainer(self.model_, CrossEntropyLoss(), self._optimizer())
        self.history_ = trainer.fit(
            Dataset(images, labels.tolist()),
            epochs=validate.positive("Classifier", "epochs", self.epochs),
            batch_size=validate.positive("Classifier", "batch_size", self.batch_size),
            seed=seed,
            progress=bool(self.verbose),
            compiled=bool(self.compiled),
        )
        self._probabilities = _Probabilities(self.model_.eval())
        return self

    def predict_proba(self, X: Arrays) -> Arrays:
        """The probability of each class, in the order of `classes_`: an array (N, classes)."""
        validation.check_is_fitted(self)
        samples = self._validated(X, reset=False)
        return self._probabilities(self._images(samples))

    def predict(self, X: Arrays) -> Arrays:
        """The most probable label of each sample: an array (N,)."""
        best = self.predict_proba(X).argmax(1)
        return self.classes_[best]

    def __sklearn_is_fitted__(self) -> bool:
        """Whether there is a model to ask."""
        return self._probabilities is not None

    def _validated(self, X: Any, *y: Any, **options: Any) -> Any:
        """X in float32 (and y), after scikit-learn's checks."""
        with np.errstate(over="ignore"):  # what is too large becomes inf, which is then refused
            return validation.validate_data(self, X, *y, dtype=np.float32, allow_nd=True, **options)

    def _images(self, X: Any) -> Any:
        """Samples (N, ...) in the shape that the model takes; ValueError where they do not fit."""
        given, taken = X.shape[1:], self.shape_
        if given != self._given or math.prod(given) != math.prod(taken):
            needed = taken if given == self._given else self._given
            raise ValueError(f"Classifier: a sample of X has shape {given}, needed is {needed}")
        return X.reshape(len(X), *taken)

    def _optimizer(self) -> Optimizer:
        if not callable(self.optimizer):
            raise TypeError(
                "Classifier: optimizer is called with the parameters and lr=, such as nn.Adam; got "
                f"{self.optimizer!r}"
            )
        lr = validate.number("Classifier", "lr", self.lr)
        return self.optimizer(self.model_.parameters(), lr=lr)

    def _model(self, image: Any, seed: int) -> Module:
        """The model to train; TypeError or ValueError where it is none for the data."""
        model, classes = self.model, len(self.classes_)
        if isinstance(model, Module):
            model = copy.deepcopy(model)
        else:
            model = _made(_perceptron if model is None else model, self.shape_, classes, seed)
        if isinstance(model, Sequential) and len(model) and isinstance(model[-1], Softmax):
            raise ValueError(f"Classifier: the model gives logits; leave out its last {model[-1]}")
        found = _output(model, image)
        if found != (classes,):
            raise ValueError(
                f"Classifier: the model's output for one sample has shape {found}; the "
                f"{classes} classes in y need ({classes},)"
            )
        return model


class _Probabilities:
    """A model's probabilities for samples (N, ...) in float64: compiled at the first call.

    The program is not part of the state: a pickle or a copy compiles its own.
    """

    def __init__(self, model: Module) -> None:
        self.forward = Forward(model)
        self.program: Any = None

    def __call__(self, images: Any) -> Any:
        if self.program is None:
            self.forward.look(images)
            state = [part for _, part in self.forward.model.eval().named_state()]
            self.program = autograd.compile(
                lambda x: softmax(self.forward.one(x)), images[0], parameters=state, dtype="float64"
            )
        return self.program(images)

    def __getstate__(self) -> dict[str, Any]:
        return {"forward": self.forward, "program": None}


def _perceptron(shape: Shape, classes: int) -> Module:
    """One hidden layer: what is trained where no model is given."""
    flat = [Flatten(len(shape))] if len(shape) > 1 else []
    return Sequential(*flat, Dense(math.prod(shape), 32), ReLU(), Dense(32, classes))


def _made(make: Any, shape: Shape, classes: int, seed: int) -> Module:
    """A model made by a function; Python's generator is seeded for it, and brought back."""
    if not callable(make):
        needed = "a Module, a function (shape, classes) -> Module, or None"
        raise TypeError(f"Classifier: model must be {needed}, got {make!r}")
    with chance:  # one model at a time is drawn from Python's generator
        before = random.getstate()
        random.seed(seed)
        try:
            made = make(shape, classes)
        finally:
            random.setstate(before)
    if not isinstance(made, Module):
        raise TypeError(f"Classifier: model must make a Module, {make!r} made {made!r}")
    return made


def _output(model: Module, image: Any) -> Any:
    """The shape of what a model gives for a sample; ValueError where it does not take it."""
    try:
        forward = Forward(model)
        forward.look([image])
        return forward.shape
    except ValueError as error:
        rows = " (Classifier(shape=(C, H, W)) makes images of rows)" * (image.ndim == 1)
        raise ValueError(
            f"Classifier: the model does not take a sample of shape {image.shape}: {error}{rows}"
        ) from error


def _shape(shape: Any) -> Shape:
    if not isinstance(shape, tuple | list):
        raise TypeError(f"Classifier: shape must be a tuple of ints, got {shape!r}")
    return tuple(validate.positive("Classifier", "shape", n) for n in shape)
