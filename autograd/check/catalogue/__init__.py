"""A catalogue of operations as people write them by hand, and of what they get wrong.

These backward passes are here on purpose: a mistake is a change of one of their named steps. The
engine and the layers have none, their derivatives are in the table of primitives.

`recognise` finds the operation from numbers alone; `mistaken` runs its backward pass with each
mistake in turn. Where one equals the gradient in question, its remark is the diagnosis.

>>> import numpy as np
>>> x, w = np.arange(12.0).reshape(4, 3), np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 4.0]])
>>> reading = recognise({"x": x, "w": w}, x @ w)[0]
>>> print(reading.describe())
dense, X as NI, W as IO
>>> g = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0], [8.0, 9.0]])
>>> [m.name for (m, *_), dx in mistaken(reading, g) if np.allclose(dx["w"], np.outer(x[0], g[0]))]
['dw-first-sample']
"""

from collections.abc import Mapping
from typing import Any

from . import reading as _reading
from .activated import activated
from .activations import ACTIVATIONS, RELU, SIGMOID, TANH
from .arranging import DROPOUT, FLATTEN, UPSAMPLE
from .bilinear import BILINEAR
from .columns import COLUMNS
from .convolution import CONVOLUTION
from .core import Mistake, Operation
from .dense import DENSE
from .embedding import EMBEDDING
from .entropy import CROSS_ENTROPY, NEGATIVE_LOG, SOFTMAX_BINARY
from .globalmean import GLOBAL_MEAN
from .kernels import GROUPED, MATRIX
from .losses import ABSOLUTE, BINARY, BINARY_LOGITS, SQUARED
from .margins import CLASS_HINGE, HINGE, HUBER, LOG_COSH, SMOOTH
from .normalising import BATCH_NORM, LAYER_NORM
from .pooling import MAX_POOL, MEAN_POOL
from .reading import Reading, mistaken
from .scored import scored
from .softmax import LOG_SOFTMAX, SOFTMAX
from .transposed import TRANSPOSED

PLAIN = (
    DENSE, CONVOLUTION, GROUPED, MATRIX, TRANSPOSED, EMBEDDING, *ACTIVATIONS, SOFTMAX,
    LOG_SOFTMAX, CROSS_ENTROPY, NEGATIVE_LOG, SQUARED, BINARY, BINARY_LOGITS, ABSOLUTE,
    SOFTMAX_BINARY, HUBER, SMOOTH, LOG_COSH, HINGE, CLASS_HINGE,
    GLOBAL_MEAN, MAX_POOL, MEAN_POOL, BATCH_NORM, LAYER_NORM, DROPOUT, UPSAMPLE,
    BILINEAR, COLUMNS, FLATTEN,
)  # fmt: skip
OPERATIONS: tuple[Operation, ...] = PLAIN + tuple(
    activated(layer, activation)
    for layer in (DENSE, CONVOLUTION)
    for activation in (RELU, SIGMOID, TANH)
) + (
    scored(SQUARED, SIGMOID, {}), scored(SQUARED, TANH, {}), scored(SQUARED, SOFTMAX, {"axis": 1}),
)  # fmt: skip


def recognise(inputs: Mapping[str, Any], output: Any, tolerance: float = 1e-9) -> list[Reading]:
    """Every reading of the inputs whose forward pass gives the output, relative to its largest."""
    return _reading.recognise(OPERATIONS, inputs, output, tolerance)


__all__ = ["OPERATIONS", "PLAIN", "Mistake", "Operation", "Reading", "mistaken", "recognise"]
