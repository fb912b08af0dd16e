"""Convolutions with kernels in other forms, their columns, embeddings, interpolation: `CASES`."""

import numpy as np
from mutant_cases import case, numbers, windows

ONE = ((1, 1), (1, 1))


def _inputs(*shapes):
    return {r: numbers(k, *s) for k, (r, s) in enumerate(zip("xwb", shapes, strict=False))}


def _groups():
    for name, x, w, b, y, shapes, out, groups, options in (
        ("two groups", "NCHW", "ODUV", "O", "NOPQ", [(2, 4, 5, 5), (4, 2, 3, 3), (4,)],
         (2, 4, 3, 3), 2, windows((3, 3), 2, ONE)),
        ("depthwise", "NCHW", "OUV", "O", "NOPQ", [(2, 2, 5, 5), (2, 3, 3), (2,)],
         (2, 2, 3, 3), 2, windows((3, 3), 2, ONE)),
        ("depthwise, channels last", "NHWC", "UVO", "O", "NPQO", [(2, 4, 4, 3), (3, 3, 3), (3,)],
         (2, 2, 2, 3), 3, windows((3, 3), 2, ONE)),
        ("two kernels a channel", "NCHW", "ODUV", "O", "NOPQ", [(2, 2, 5, 5), (4, 1, 3, 3), (4,)],
         (2, 4, 3, 3), 2, windows((3, 3), 2, ONE)),
    ):  # fmt: skip
        axes, more = {"x": x, "w": w, "b": b, "y": y}, {"groups": groups, "rotated": False}
        yield case("grouped convolution", name, _inputs(*shapes), axes, {**options, **more}, out)


def _matrices():
    for name, x, w, b, y, shapes, out, order, options in (
        ("rows", "NCHW", "OK", "O", "NOPQ", [(2, 2, 4, 4), (2, 18), (2,)], (2, 2, 2, 2), "CUV",
         windows((3, 3), 2, ONE)),
        ("columns", "NCHW", "KO", "O", "NOPQ", [(2, 2, 5, 5), (18, 3), (3,)], (2, 3, 3, 3), "CUV",
         windows((3, 3), 2, ONE)),
        ("channels last", "NHWC", "KO", "O", "NPQO", [(2, 4, 4, 2), (18, 2), (2,)], (2, 2, 2, 2),
         "UVC", windows((3, 3), 2, ONE)),
        ("signals", "NCW", "OK", "O", "NOQ", [(2, 2, 6), (3, 6), (3,)], (2, 3, 3), "CUV",
         windows((1, 3), (1, 2), ((0, 0), (1, 1)))),
    ):  # fmt: skip
        axes = {"x": x, "w": w, "b": b, "y": y}
        more = {"order": order, "shape": (2, *options["kernel"]), "rotated": False}
        inputs = _inputs(*shapes)
        yield case("convolution by a matrix", name, inputs, axes, {**options, **more}, out)


def _transposed():
    for name, x, w, b, y, shapes, out, options in (
        ("square channels", "NCHW", "COUV", "O", "NOPQ", [(2, 2, 3, 3), (2, 2, 3, 3), (2,)],
         (2, 2, 5, 5), windows((3, 3), 2, ONE)),
        ("channels last", "NHWC", "UVOC", "O", "NPQO", [(2, 2, 3, 2), (3, 3, 2, 2), (2,)],
         (2, 3, 5, 2), windows((3, 3), 2, ONE)),
        ("output padding", "NCHW", "COUV", "O", "NOPQ", [(2, 2, 2, 2), (2, 2, 3, 3), (2,)],
         (2, 2, 4, 4), windows((3, 3), 2, ONE)),
        ("no bias", "NCHW", "OCUV", "", "NOPQ", [(3, 1, 2, 3), (2, 1, 3, 3)],
         (3, 2, 5, 7), windows((3, 3), 2)),
    ):  # fmt: skip
        axes = {"x": x, "w": w, "y": y, **({"b": b} if b else {})}
        size = tuple(n for n, letter in zip(out, y, strict=True) if letter in "PQ")
        more = {"size": size, "rotated": False}
        yield case("transposed convolution", name, _inputs(*shapes), axes, {**options, **more}, out)


def _signals():
    """Convolutions in one dimension are those of images of one row."""
    margins = ((0, 0), (1, 1))
    for name, x, w, y, shapes, out in (
        ("signals", "NCW", "OCV", "NOQ", [(2, 2, 6), (2, 2, 3), (2,)], (2, 2, 3)),
        ("signals, channels last", "NWC", "VCO", "NQO", [(2, 6, 2), (3, 2, 3), (3,)], (2, 3, 3)),
    ):
        options = windows((1, 3), (2, 2) if x else 0, margins, rotated=False)
        yield case("convolution", name, _inputs(*shapes), {"x": x, "w": w, "b": "O", "y": y},
                   options, out)  # fmt: skip


def _columns():
    for name, x, shape, form, size, options in (
        ("samples last", "NCHW", (2, 2, 4, 4), ("CUV", "PQN"), (18, 8), windows((3, 3), 2, ONE)),
        ("samples apart", "NCHW", (2, 2, 3, 3), ("N", "CUV", "PQ"), (2, 8, 4), windows((2, 2), 1)),
        ("rows", "NHWC", (2, 5, 5, 2), ("NPQ", "UVC"), (18, 18), windows((3, 3), 2, ONE)),
        ("samples first", "NCHW", (2, 3, 4, 4), ("CUV", "NPQ"), (27, 8), windows((3, 3), 2, ONE)),
        ("turned rows", "NCHW", (3, 2, 4, 4), ("CUV", "PQN"), (18, 12), windows((3, 3), 2, ONE)),
    ):
        yield case("im2col", name, {"x": numbers(4, *shape)}, {"x": x},
                   {**options, "form": form, "size": size}, size)  # fmt: skip


def _embeddings():
    for name, rows, pooled, out in (
        ("words", [[0, 2, 2], [4, 0, 1]], "", (2, 3, 2)),
        ("one sentence", [3, 1, 3, 3, 0], "", (5, 2)),
        ("mean of contexts", [[0, 2], [1, 2], [4, 4]], "mean", (3, 2)),
        ("mean of three", [[0, 2, 2], [1, 2, 3]], "mean", (2, 2)),
        ("sum of contexts", [[0, 2], [1, 2], [4, 4]], "sum", (3, 2)),
        ("mean of one context", [1, 0, 1, 3], "mean", (2,)),
    ):
        inputs = {"w": numbers(3, 5, 2), "i": np.array(rows)}
        yield case("embedding", name, inputs, {}, {"pooled": pooled}, out)


def _interpolation():
    for name, x, y, shape, out, corners in (
        ("corners aligned", "NCHW", "NCPQ", (2, 2, 3, 3), (2, 2, 6, 6), True),
        ("cells", "NCHW", "NCPQ", (1, 2, 3, 4), (1, 2, 6, 8), False),
        ("channels last", "NHWC", "NPQC", (2, 3, 3, 2), (2, 5, 7, 2), True),
        ("one image", "HW", "PQ", (4, 3), (8, 6), False),
    ):
        size = tuple(n for n, letter in zip(out, y, strict=True) if letter in "PQ")
        yield case("bilinear upsampling", name, {"x": numbers(6, *shape)}, {"x": x, "y": y},
                   {"size": size, "corners": corners}, out)  # fmt: skip


CASES = [
    *_groups(),
    *_matrices(),
    *_transposed(),
    *_signals(),
    *_columns(),
    *_embeddings(),
    *_interpolation(),
]
