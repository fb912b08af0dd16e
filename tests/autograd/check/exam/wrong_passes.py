"""Right backward passes, and wrong ones that are made of them by changing a line."""

import inspect
import linecache
import math
import re
import textwrap
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import slopes
from telling import READ_AS_RIGHT

from autograd import check_gradients, check_layer, check_loss

WHOLE = math.inf  # the exam asks what is found, not how soon
PLACES = re.compile(  # and what else would match by chance
    r"wrong only at .*? elsewhere|(?<=only at) positions? [\d, to]+|\(\d+ of \d+ entries\)|"
    r"of axis \d|must mean the same loss"
)


@dataclass(frozen=True)
class Functions:
    """forward(**inputs) -> an array or a number, and backward(upstream, **inputs) -> a dict."""

    forward: object
    code: object  # what holds the lines of backward: a function, or a class
    inputs: dict

    def report(self, code):
        return check_gradients(self.forward, self.inputs, code, search=WHOLE)

    def slopes(self, code):
        """The true gradients and the claimed ones, by role."""
        upstream = slopes.upstream(np.shape(self.forward(**self.inputs)))
        claimed = code(upstream, **self.inputs)
        return {
            name: (slopes.of(self._moved(name), self.inputs[name], upstream), claim)
            for name, claim in claimed.items()
            if claim is not None
        }

    def _moved(self, name):
        return lambda value: self.forward(**{**self.inputs, name: value})


@dataclass(frozen=True)
class Layer:
    """A class with forward and backward, and `gradients`: parameter -> attribute."""

    code: object
    x: np.ndarray
    gradients: dict

    def report(self, code):
        return check_layer(code(), self.x, probe=False, search=WHOLE)

    def slopes(self, code):
        layer = code()
        upstream = slopes.upstream(np.shape(layer.forward(self.x)))
        dx = layer.backward(upstream)
        found = {"x": (slopes.of(lambda x: code().forward(x), self.x, upstream), dx)}
        for name, kept in self.gradients.items():
            true = slopes.of(self._moved(code, name), getattr(layer, name), upstream)
            found[name] = true, getattr(layer, kept)
        return found

    def _moved(self, code, name):
        def forward(value):
            layer = code()
            setattr(layer, name, value)
            return layer.forward(self.x)

        return forward


@dataclass(frozen=True)
class Loss:
    """loss(prediction, target) -> a number, and its gradient with respect to the prediction."""

    forward: object
    code: object
    prediction: np.ndarray
    target: np.ndarray

    def report(self, code):
        return check_loss((self.forward, code), self.prediction, self.target)

    def slopes(self, code):
        true = slopes.of(lambda p: self.forward(p, self.target), self.prediction, 1.0)
        return {"prediction": (true, code(self.prediction, self.target))}


@dataclass(frozen=True)
class Case:
    """One or two lines changed: what is wrong, in which roles, and what would tell it."""

    family: str
    name: str
    original: object
    changes: dict
    roles: frozenset
    truth: str
    told: str
    pair: bool

    @cached_property
    def code(self):
        """The changed backward, compiled among the names of its module."""
        return changed(self.original.code, self.changes, self.name)

    def report(self):
        return self.original.report(self.code)

    def is_told_by(self, finding):
        """Whether a finding names the mistake: where a gradient is wrong is no name for it."""
        text = PLACES.sub("", str(finding))
        misled = "d(e²)" in text and "square" not in self.truth and " or " not in finding.what
        told = "|".join(filter(None, (self.told, READ_AS_RIGHT.get(self.name))))
        return not misled and re.search(told, text, re.IGNORECASE | re.DOTALL) is not None


@dataclass
class Pass:
    """A right pass under a name, from which wrong ones are made."""

    family: "Family"
    name: str
    original: object

    def wrong(self, name, changes, roles, truth, told, pair=False):
        """The same with lines changed: `told` is what an explanation must match."""
        name = f"{self.name}-{name}"
        family = self.family.name if not pair else "pairs"
        case = Case(
            family, name, self.original, changes, frozenset(roles.split()), truth, told, pair
        )
        assert name not in CASES, name
        CASES[name] = case

    def pair(self, name, changes, roles, truth, *told):
        """Two mistakes at once: whatever is said must match one of `told`."""
        self.wrong(name, changes, roles, truth, "|".join(told), pair=True)


CASES: dict[str, Case] = {}
RIGHT: dict[str, Pass] = {}


@dataclass
class Family:
    """The passes of one kind."""

    name: str
    passes: list = field(default_factory=list)

    def functions(self, name, forward, backward, **inputs):
        return self._add(name, Functions(forward, backward, inputs))

    def layer(self, name, made, x, **gradients):
        return self._add(name, Layer(made, x, gradients))

    def loss(self, name, forward, backward, prediction, target):
        return self._add(name, Loss(forward, backward, prediction, target))

    def _add(self, name, original):
        assert name not in RIGHT, name
        RIGHT[name] = Pass(self, name, original)
        return RIGHT[name]


def changed(code, changes, name):
    """A function or class with lines of its source replaced, each of them found exactly once."""
    source = textwrap.dedent(inspect.getsource(code))
    for old, new in changes.items():
        assert source.count(old) == 1, f"{name}: {source.count(old)} times {old!r}"
        source = source.replace(old, new)
    file = f"<exam {name}>"
    linecache.cache[file] = len(source), None, source.splitlines(keepends=True), file
    module = inspect.getmodule(code)
    names = dict(vars(module))
    exec(compile(source, file, "exec"), names)
    return names[code.__name__]
