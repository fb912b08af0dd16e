"""A gradient of what is behind the prediction: `delta(z, a, y)`, where a = sigmoid(z)."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from .reading import Reading


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def _softmax(z: Any, axis: int) -> Any:
    powers = np.exp(z - np.max(z, axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "sigmoid({})": _sigmoid,
    "softmax({})": lambda z: _softmax(z, -1),
    "softmax({}) over axis 0": lambda z: _softmax(z, 0),
    "tanh({})": np.tanh,
    "relu({})": lambda z: np.maximum(z, 0),
}


class Link(NamedTuple):
    """The option that the prediction is a function of."""

    z: str
    prediction: str
    words: str
    activation: Callable[[Any], Any]

    def behind(self, forward: Callable[..., Any]) -> Callable[..., Any]:
        """The loss as a function of z."""

        def linked(**inputs: Any) -> Any:
            z = inputs.pop(self.z)
            return forward(**{**inputs, self.prediction: self.activation(z)})

        return linked

    def inputs(self, given: Mapping[str, Any], z: Any) -> dict[str, Any]:
        """z in the place of the prediction."""
        return {self.z: z, **{key: x for key, x in given.items() if key != self.prediction}}

    @property
    def note(self) -> str:
        """Whose gradient is checked."""
        return f"backward takes {self.z}, and the prediction is {self.words}: checked as d{self.z}"


def link_of(reading: Reading) -> Link | None:
    """The link of a reading whose backward takes an option that its forward does not."""
    if reading.backward is None or len(reading.predictions) > 1:
        return None
    (prediction,) = reading.predictions
    a, front = np.asarray(reading.known[prediction]), reading.forward.keys.values()
    for key in reading.backward.keys.values():
        z = np.asarray(reading.known[key]) if key in reading.known and key not in front else None
        if z is None or z.dtype.kind != "f" or z.shape != a.shape:
            continue
        for words, activation in ACTIVATIONS.items():
            if np.allclose(activation(z), a, rtol=1e-9, atol=1e-12):
                return Link(key, prediction, words.format(key), activation)
    return None
