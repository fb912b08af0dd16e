"""C99 files: a model's forward pass for one sample, for machines without Python."""

import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import autograd
from autograd import Tensor, Value, files

from ..module import Module
from ..summary import by, summarize
from ..watch import watched
from .axes import sample_shape
from .recorded import check_floats, distinct, example

LARGEST = {"float32": 3.4028234663852886e38, "float64": sys.float_info.max}


def to_c(
    model: Module,
    path: str | os.PathLike[str],
    shape: Sequence[int] | None = None,
    name: str | None = None,
    dtype: str = "float32",
) -> None:
    """Write a model as one C99 file that needs no other: `void digit(const float *x, float *y)`.

    It computes what the model does in evaluation for one sample, row by row; weights are in it.
    Nothing is allocated: DIGIT_INPUTS, DIGIT_OUTPUTS and DIGIT_SCRATCH say how many numbers come in
    and go out, and how many bytes of static memory it works in. The function is called `name`, by
    default as the file: digit.c has `digit`. With `dtype` "float64" the numbers are doubles.
    `shape` is one sample's, (1, 28, 28); without it, it is that of the training, or the first
    layers say what they were built for. Any `forward` that compiles will do.

    ValueError where a shape is needed or does not fit, for a name that cannot be a function's in C,
    several results, random numbers, and weights that are not real; TypeError for what is no Module.
    """
    if not isinstance(model, Module):
        raise TypeError(f"to_c: needs a Module, got {model!r:.60}")
    shape = sample_shape("to_c", model, shape)
    with watched("to_c", model):
        check_floats("to_c", model, LARGEST.get(dtype, math.inf))
        parameters = [part for _, part in distinct(model)]
        program = autograd.compile(
            _one(model), example(shape), parameters=parameters, dtype=dtype, backend="numpy"
        )
    function = Path(path).stem if name is None else name
    files.write(path, program.to_c(function, _about(model, function, shape)))


def _one(model: Module) -> Callable[[Tensor], Tensor | Value]:
    """What the model makes of a sample, if that is one Tensor; TypeError for anything else."""

    def forward(x: Tensor) -> Tensor | Value:
        y = model(x)
        if not isinstance(y, Tensor | Value):
            raise TypeError(f"to_c: the model must return one Tensor, got {y!r:.60}")
        return y

    return forward


def _about(model: Module, name: str, shape: tuple[int, ...]) -> str:
    """What a reader of the file should know of the model."""
    summary = summarize(model, shape)
    count = f"{summary.parameters:,} parameters"
    said = [f"{name}: {type(model).__name__} of {count}, for one sample {by(shape)}, row by row"]
    said += ["", str(summary)]
    if model.preprocessing is not None:
        said += ["", f"what is done to samples before: {json.dumps(model.preprocessing)}"]
    return "\n".join(said)
