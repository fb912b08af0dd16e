"""Multi-layer perceptrons by their sizes."""

import copy
import random
from collections.abc import Sequence
from typing import Any

from .. import arguments, init, validate
from ..annotations import Generator
from ..module import Module
from ..sequential import Sequential
from .activations import ReLU
from .basic import Dense


class MLP(Sequential):
    """Dense layers of these sizes with an activation between them: (..., I) -> (..., sizes[-1]).

    The last layer is linear. Each activation is a copy of the one that is given, by default ReLU.

    >>> import nn
    >>> nn.MLP(2, [16, 16, 1], nn.Tanh())
    MLP(
      0: Dense(2, 16)
      1: Tanh()
      2: Dense(16, 16)
      3: Tanh()
      4: Dense(16, 1)
    )
    """

    def __init__(
        self,
        in_features: int,
        sizes: Sequence[int],
        activation: Module | None = None,
        bias: bool = True,
        *,
        init: init.Initializer = init.he,
        rng: Generator = random,
    ) -> None:
        validate.made("MLP", activation)
        self.in_features = validate.positive("MLP", "in_features", in_features)
        self.sizes = validate.sizes("MLP", "sizes", sizes)
        if not self.sizes:
            raise ValueError("MLP: sizes must have at least one, that of the outputs")
        self.activation, self.bias = activation, bias
        layers: list[Module] = []
        for n, m in zip((self.in_features, *self.sizes), self.sizes, strict=False):
            layers += [Dense(n, m, bias, init=init, rng=rng), copy.deepcopy(activation or ReLU())]
        super().__init__(*layers[:-1])

    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments, not those of Sequential."""
        return arguments.arguments(self)
