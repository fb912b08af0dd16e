"""What a trainer takes a model's `forward` for: a function of one sample."""

import math
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from itertools import count
from types import CodeType, FunctionType
from typing import Any

import autograd
from autograd import Tensor, Value, drawn, no_grad, stack

from ..annotations import Lists, Numbers, Shape
from ..data.dataset import shape_of
from ..module import Module, Parameter

PASSING = {"training", "path", "rng", "input_shape", "preprocessing"}  # no outputs depend on them


@contextmanager
def modes_kept(model: Module) -> Iterator[None]:
    """Bring the modules' modes back."""
    modes = [module.training for module in model.modules()]
    try:
        yield
    finally:
        for module, mode in zip(model.modules(), modes, strict=True):
            module.training = mode


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """A model in evaluation mode, and nothing recorded."""
    with no_grad(), modes_kept(model):
        model.eval()
        yield


@contextmanager
def tried_out(model: Module, parameters: Sequence[Parameter]) -> Iterator[None]:
    """A model in evaluation mode that stays as it is but for parameters, which nothing changes; so
    does the generator of what is drawn.
    """
    with evaluating(model), autograd.unchanged(model, parameters), drawn.using(random.Random(0)):
        yield


class Way(Enum):
    """What a model is handed."""

    WHOLE = "a batch, which gives what its samples give one by one"
    SINGLE = "one sample after the other"
    BATCHES = "nothing but batches: of a sample, a batch of one"


class Forward:
    """A model as a function of one sample, (*shape) -> outputs, and of a batch of them.

    A batch is handed to the model whole where that gives the outputs of its samples, as all layers
    here do. Where it does not, as in a loop over the steps of one sequence, the samples go one by
    one. A forward that fails on one sample but serves batches gets batches of one. Which it is, is
    tried out on two samples in evaluation mode, and again where the model has other settings.
    """

    def __init__(self, model: Module) -> None:
        self.model = model
        self.shape: Shape = ()  # of one sample's outputs
        self._way = Way.SINGLE
        self._sure = False
        self._seen: list[Any] = []
        self._program: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """A copy tries out for itself, and compiles its own program."""
        return Forward(self.model).__dict__

    def look(self, images: Numbers, sure: bool = False) -> None:
        """Find out how samples (N, *shape) are to be handed over, and what is given for one.

        What the model raises for one of them is raised, and TypeError for outputs of other kinds.
        To be `sure` of whole batches, samples are tried until two have different outputs: those of
        a last layer that begins at 0 do not tell.
        """
        seen = [*shape_of(images[0]), *_settings(self.model)]
        if not _same(seen, self._seen):
            self._seen, self._program, self._sure = [], None, False
        if not self._seen or (sure and not self._sure):
            with tried_out(self.model, self._state):
                self._find(Tensor(images[0]), Tensor(images[-1]), sure)
            self._seen = seen

    def one(self, x: Tensor) -> Any:
        """The outputs for one sample: a Tensor, or a Value."""
        return self._batch(x.reshape(1, *x.shape))[0] if self._way is Way.BATCHES else self._own(x)

    def all(self, images: Numbers) -> Tensor:
        """The outputs (N, ...) for samples (N, *shape)."""
        self.look(images, sure=True)
        if self._way is not Way.SINGLE:
            return self._batch(Tensor(images))
        self.check_one_by_one()
        return stack([self._own(Tensor(x)) for x in images])

    def check_one_by_one(self) -> None:
        """ValueError where samples cannot go one by one: in training, with batch statistics."""
        if self.normaliser and self.model.training:
            needed = "batch statistics, and forward is right for one sample only"
            name = type(self.normaliser).__name__
            raise ValueError(f"{self._name}: {name} needs {needed} (compiled, it has both)")

    def compiled(self, images: Numbers) -> Lists:
        """The outputs in evaluation mode for samples (N, *shape), by a program in float64."""
        self.look(images)
        if self._program is None:
            with modes_kept(self.model):
                self.model.eval()
                self._program = autograd.compile(
                    self.one, images[0], parameters=self._state, dtype="float64"
                )
        outputs: Lists = self._program(images).tolist()
        return outputs

    def _find(self, first: Tensor, last: Tensor, sure: bool) -> None:
        """Try a sample, a batch of it alone, and a batch that ends with it."""
        single = _tried(self._own, last)
        failed, self.shape, self._sure = isinstance(single, Exception), _shape(single), sure
        if not (sure or failed or self.shape[:1] == (1,)):
            self._way = Way.SINGLE  # as good as whole batches to who asks for one sample only
            return
        n = next(n for n in count(2) if n not in last.shape)  # so that no other axis fits
        alone = _tried(self._batch, last.reshape(1, *last.shape))
        batch = _tried(self._batch, stack([*[first] * (n - 1), last]))
        row = _row(batch, -1)
        if _alike(single, row):
            self._sure = not _alike(row, _row(batch, 0))
            self._way = Way.WHOLE if self._sure or self.normaliser else Way.SINGLE
            return
        noisy = not failed and not _alike(single, _tried(self._own, last))
        # a sample may have been taken for a batch: one with a first axis of 1, or of vectors
        batched = failed or self.normaliser or _alike(single, alone, noisy)
        if _alike(row, _row(alone, 0), noisy) and batched:
            self._way, self.shape = Way.BATCHES, _shape(row)
        elif failed:
            raise single
        else:
            self._way = Way.WHOLE if noisy and _alike(single, row, noisy) else Way.SINGLE

    def check_training(self, images: Numbers) -> None:
        """TypeError where a module makes of a sample, in training, what depends on its batch, and
        does not say so to a compiler that sees one sample.
        """
        suspects = [m for m in self.model.modules() if _switches(m) and not m.batch_statistics]
        if suspects:
            self.look(images, sure=True)
        for module in suspects if self._way is not Way.SINGLE else ():
            with tried_out(self.model, self.model.parameters()):
                module.training = True
                last = Tensor(images[-1])
                single, again = _tried(self.one, last), _tried(self.one, last)
                batch = _tried(self._batch, stack([Tensor(images[0]), last]))
            steady = isinstance(single, Exception) or _alike(single, again)
            if steady and not isinstance(batch, Exception) and not _alike(single, batch[-1]):
                kind = type(module).__name__
                raise TypeError(
                    f"{f'{module.path} ({kind})' if module.path else kind}: in training, what it "
                    "makes of a sample depends on its batch, and a program is a function of one "
                    "sample: autograd.batch_mean(x) is the mean over the batch, and "
                    "autograd.observe tells of it after each run, as in nn.BatchNorm1D "
                    "(fit(..., compiled=False) trains scalar by scalar)"
                )

    def _own(self, x: Tensor) -> Any:
        """What the model gives: a Tensor, or a Value."""
        y = self.model(x)
        y = Tensor(y) if isinstance(y, list) else y
        if not isinstance(y, Tensor | Value):
            raise TypeError(f"{self._name}: forward must give a Tensor, got a {type(y).__name__}")
        return y

    def _batch(self, x: Tensor) -> Tensor:
        """What the model gives for a whole batch; ValueError for another number of outputs."""
        y = self._own(x)
        if not isinstance(y, Tensor) or y.shape[:1] != x.shape[:1]:
            got = f"outputs of shape {_shape(y)} for {x.shape[0]} samples"
            raise ValueError(f"{self._name}: forward gives {got}")
        return y

    @property
    def _state(self) -> list[Parameter]:
        return [part for _, part in self.model.named_state()]

    @property
    def normaliser(self) -> Module | None:
        """A module that does to a sample, in training, what depends on its batch."""
        return next((module for module in self.model.modules() if module.batch_statistics), None)

    @property
    def _name(self) -> str:
        return type(self.model).__name__


def _switches(module: Module) -> bool:
    """Whether the code of a user's module asks for its mode, and never for a mean over a batch."""
    methods = [m for cls in type(module).__mro__ for m in vars(cls).values()]
    own = [m.__code__ for m in methods if isinstance(m, FunctionType) and not _is_ours(m)]
    names = {name for code in own for name in _names(code)}
    return "training" in names and "batch_mean" not in names


def _is_ours(function: FunctionType) -> bool:
    return function.__module__.partition(".")[0] == "nn"


def _names(code: CodeType) -> Iterator[str]:
    """What a function's code asks for by name, and that of the functions in it."""
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)


def _tried(function: Callable[[Tensor], Any], x: Tensor) -> Any:
    """What a function gives, or the exception that it raises."""
    try:
        return function(x)
    except Exception as error:
        return error


def _row(batch: Any, k: int) -> Any:
    """The outputs of one sample of a batch."""
    return batch if isinstance(batch, Exception) else batch[k]


def _shape(y: Any) -> Shape:
    return y.shape if isinstance(y, Tensor) else ()


def _alike(a: Any, b: Any, noisy: bool = False) -> bool:
    """Whether outputs have one shape, and are equal but for rounding where they have no noise."""
    if isinstance(a, Exception) or isinstance(b, Exception) or _shape(a) != _shape(b):
        return False
    pairs = zip(stack([a]).values, stack([b]).values, strict=True)
    return noisy or all(
        math.isclose(x.data, y.data, rel_tol=1e-6, abs_tol=1e-9) or x.data != x.data
        for x, y in pairs
    )


def _settings(model: Module) -> list[Any]:
    """What the outputs of a model depend on besides its numbers: its parts and their settings."""
    found: list[Any] = []
    for module in model.modules():
        for name, value in vars(module).items():
            if name not in PASSING:
                several = value.values() if isinstance(value, dict) else value
                found += several if isinstance(value, list | dict) else [value]
    return found


def _same(a: list[Any], b: list[Any]) -> bool:
    """Whether settings are the same things, or equal text and numbers."""
    return len(a) == len(b) and all(
        x is y or (isinstance(x, str | int | float) and type(x) is type(y) and x == y)
        for x, y in zip(a, b, strict=True)
    )
