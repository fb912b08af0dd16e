"""Operations on given inputs, with their right backward passes and every wrong one: `CASES`."""

import numpy as np
from mutant_cases import case, chances, numbers, onehot, windows
from mutants_of_kernels import CASES as OF_KERNELS


def _dense():
    for name, x, w, b, y, shapes in (
        ("square", "NI", "IO", "O", "NO", [(4, 4), (4, 4), (4,)]),
        ("samples in columns", "IN", "OI", "O1", "ON", [(3, 5), (2, 3), (2, 1)]),
        ("weights (out, in)", "NI", "OI", "1O", "NO", [(5, 3), (4, 3), (1, 4)]),
        ("square by three", "NI", "OI", "O", "NO", [(3, 3), (3, 3), (3,)]),
        ("one sample", "I", "OI", "O", "O", [(3,), (4, 3), (4,)]),
        ("square in columns", "IN", "OI", "O1", "ON", [(3, 3), (3, 3), (3, 1)]),
    ):
        inputs = {r: numbers(k, *s) for k, (r, s) in enumerate(zip("xwb", shapes, strict=True))}
        axes = {"x": x, "w": w, "b": b, "y": y}
        lengths = {**dict(zip(x, shapes[0], strict=True)), **dict(zip(w, shapes[1], strict=True))}
        shape = tuple(lengths[letter] for letter in y)
        for kind in ("dense", "dense and relu", "dense and sigmoid", "dense and tanh"):
            yield case(kind, name, inputs, axes, {}, shape)
    inputs = {"x": numbers(1, 4, 3), "w": numbers(2, 3, 2)}
    yield case("dense", "no bias", inputs, {"x": "NI", "w": "IO", "y": "NO"}, {}, (4, 2))


def _convolution():
    one, two = ((1, 1), (1, 1)), ((1, 1), (2, 2))
    for name, x, w, b, y, shapes, out, options in (
        ("square channels", "NCHW", "OCUV", "O", "NOPQ", [(2, 2, 5, 5), (2, 2, 3, 3), (2,)],
         (2, 2, 3, 3), windows((3, 3), 2, one)),
        ("stride that does not divide", "NCHW", "OCUV", "O", "NOPQ",
         [(3, 2, 6, 8), (2, 2, 3, 3), (2,)], (3, 2, 3, 4), windows((3, 3), 2, one)),
        ("rectangles", "NHWC", "UVCO", "O", "NPQO", [(2, 6, 7, 3), (2, 3, 3, 3), (3,)],
         (2, 3, 4, 3), windows((2, 3), 2, ((0, 0), (1, 1)))),
        ("wide margins, dilated", "NCHW", "OCUV", "1O11", "NOPQ",
         [(2, 3, 7, 6), (3, 3, 3, 3), (1, 3, 1, 1)], (2, 3, 3, 3),
         windows((3, 3), 2, two, 2)),
        ("dilated", "NCHW", "OCUV", "O", "NOPQ", [(2, 2, 7, 7), (2, 2, 3, 3), (2,)],
         (2, 2, 5, 5), windows((3, 3), 1, one, 2)),
        ("one image, a bias for each entry", "CHW", "OCUV", "OPQ", "OPQ",
         [(3, 5, 5), (2, 3, 3, 3), (2, 3, 3)], (2, 3, 3), windows((3, 3))),
        ("dilated by 2, strides of 2", "NHWC", "OUVC", "O", "NPQO",
         [(2, 8, 8, 2), (2, 3, 3, 2), (2,)], (2, 3, 3, 2), windows((3, 3), 2, one, 2)),
        ("rotated", "NCHW", "OCUV", "O", "NOPQ", [(2, 2, 5, 6), (2, 2, 3, 3), (2,)],
         (2, 2, 5, 6), windows((3, 3), 1, one, rotated=True)),
    ):  # fmt: skip
        inputs = {r: numbers(k, *s) for k, (r, s) in enumerate(zip("xwb", shapes, strict=True))}
        axes, options = {"x": x, "w": w, "b": b, "y": y}, {"rotated": False, **options}
        for kind in ("convolution", *(f"convolution and {f}" for f in ("relu", "sigmoid", "tanh"))):
            yield case(kind, name, inputs, axes, options, out)
    yield from _grey()


def _grey():
    inputs = {"x": numbers(1, 6, 5), "w": numbers(2, 3, 2)}
    yield case("convolution", "one grey image", inputs, {"x": "HW", "w": "UV", "y": "PQ"},
               windows((3, 2), rotated=False), (4, 4))  # fmt: skip
    inputs = {"x": numbers(3, 6, 6), "w": numbers(4, 3, 3)}
    yield case("convolution", "one grey image, rotated", inputs, {"x": "HW", "w": "UV", "y": "PQ"},
               windows((3, 3), rotated=True), (4, 4))  # fmt: skip


def _pooling():
    one = ((1, 1), (1, 1))
    for name, x, y, shape, out, options in (
        ("overlapping", "NCHW", "NCPQ", (2, 3, 5, 5), (2, 3, 2, 2), windows((3, 3), 2)),
        ("with margins", "NCHW", "NCPQ", (3, 2, 5, 5), (3, 2, 3, 3), windows((3, 3), 2, one)),
        ("stride that does not divide", "NHWC", "NPQC", (2, 7, 7, 2), (2, 3, 3, 2),
         windows((2, 2), 2)),
        ("rectangles", "CHW", "CPQ", (3, 6, 6), (3, 3, 2), windows((2, 3), 2)),
        ("margins, channels last", "NHWC", "NPQC", (2, 6, 6, 2), (2, 4, 4, 2),
         windows((2, 2), 2, one)),
        ("all overlap", "NCHW", "NCPQ", (2, 2, 4, 4), (2, 2, 3, 3), windows((2, 2), 1)),
        ("by three, margins", "NCHW", "NCPQ", (2, 2, 8, 8), (2, 2, 4, 4), windows((3, 3), 2, one)),
        ("square windows", "NCHW", "NCPQ", (2, 2, 6, 6), (2, 2, 3, 3), windows((2, 2), 2)),
    ):  # fmt: skip
        x_values = {"x": numbers(7, *shape)}
        for kind, fill in (("max pooling", -np.inf), ("average pooling", 0.0)):
            yield case(kind, name, x_values, {"x": x, "y": y}, {**options, "fill": fill}, out)
    yield from _ties(one)
    for name, x, y, shape, out in (
        ("images", "NCHW", "NC", (2, 3, 4, 5), (2, 3)),
        ("channels last", "NHWC", "NC", (3, 4, 3, 2), (3, 2)),
        ("shape kept", "NCHW", "NC11", (2, 2, 3, 3), (2, 2, 1, 1)),
        ("one image", "CHW", "C", (3, 4, 5), (3,)),
    ):
        x_values = {"x": numbers(3, *shape)}
        yield case("global average pooling", name, x_values, {"x": x, "y": y}, {}, out)


def _ties(one):
    ties = {"x": np.random.default_rng(8).integers(0, 4, (2, 3, 5, 5)) - 1.5}
    yield case("max pooling", "ties, overlapping, with margins", ties, {"x": "NCHW", "y": "NCPQ"},
               windows((3, 3), 2, one, fill=-np.inf), (2, 3, 3, 3))  # fmt: skip
    for n, shape in enumerate([(2, 2, 4, 4), (1, 2, 6, 6), (3, 1, 5, 5)]):
        ties = {"x": np.random.default_rng(n).integers(0, 3, shape) * 1.0}
        count = (shape[2] - 2) // 2 + 1
        yield case("max pooling", f"ties {n}", ties, {"x": "NCHW", "y": "NCPQ"},
                   windows((2, 2), 2, fill=-np.inf), (*shape[:2], count, count))  # fmt: skip


def _activations():
    for n, shape in enumerate([(4, 3), (2, 3, 3), (5,), (2, 2, 2, 3)]):
        x = {"x": 1.4 * numbers(n, *shape)}
        for kind in ("relu", "sigmoid", "tanh", "softplus", "swish", "gelu"):
            yield case(kind, f"shape {shape}", x, {}, {}, shape)
        for kind, slope in (("leaky relu", 0.1), ("leaky relu", 0.01), ("elu", 0.7)):
            yield case(kind, f"shape {shape}, {slope}", x, {}, {"slope": slope}, shape)
    for name, shape, axis in (
        ("rows", (4, 3), 1), ("columns", (3, 4), 0), ("square", (3, 3), 1), ("deep", (2, 3, 4), 2),
        ("one", (5,), 0),
    ):  # fmt: skip
        for kind in ("softmax", "log softmax"):
            yield case(kind, name, {"x": numbers(2, *shape)}, {}, {"axis": axis}, shape)


def _entry_losses():
    for name, axes, shape, over, each in (
        ("rows", "NK", (4, 3), "entries", False),
        ("rows by samples", "NK", (5, 2), "samples", False),
        ("columns", "KN", (3, 4), "samples", False),
        ("images", "NKLM", (2, 3, 2, 2), "entries", False),
        ("summed", "NK", (3, 4), "nothing", False),
        ("each", "NK", (3, 2), "nothing", True),
        ("vector", "N", (5,), "samples", False),
    ):
        y, out = (axes, shape) if each else ("", ())
        layout = {"p": axes, "t": axes, "y": y}
        options = {"over": over, "each": each, "scale": 1.0, "eps": 0.0}
        plain = {"p": numbers(1, *shape), "t": 0.8 * numbers(2, *shape)}
        likely = {"p": chances(1, *shape), "t": np.round(chances(2, *shape))}
        yield case("squared error", name, plain, layout, options, out)
        yield case("absolute error", name, plain, layout, options, out)
        yield case("log cosh", name, plain, layout, options, out)
        for kind in ("huber", "smooth absolute error"):
            yield case(kind, name, plain, layout, {**options, "eps": 0.5}, out)
        signs = {"p": plain["p"], "t": np.sign(plain["t"])}
        yield case("hinge", name, signs, layout, {**options, "eps": 0.5}, out)
        half = {**options, "scale": 0.5}
        for f in ("sigmoid", "tanh", "softmax") if axes == "NK" else ():
            yield case(f"squared error of {f}", name, plain, layout, options, out)
        yield case("squared error", f"{name}, half", plain, layout, half, out)
        yield case("binary cross-entropy", name, likely, layout, options, out)
        logits = {"p": plain["p"], "t": likely["t"]}
        yield case("binary cross-entropy of logits", name, logits, layout, options, out)


BY_ROWS = ("softmax and binary cross-entropy of each class", "hinge of classes")


def _row_losses():
    for n, (name, axes, shape, over, base, eps) in enumerate(
        (
            ("rows", "NK", (4, 3), "samples", "e", 0.0),
            ("columns", "KN", (3, 5), "samples", "e", 0.0),
            ("rows, base 2", "NK", (5, 4), "samples", "2", 0.0),
            ("rows, base 10, summed", "NK", (5, 3), "nothing", "10", 0.0),
            ("all entries, base 2", "NK", (3, 4), "entries", "2", 0.0),
            ("with ε", "NK", (4, 5), "samples", "e", 1e-7),
        )
    ):
        labels = np.arange(shape[axes.index("N")]) * 2 % shape[axes.index("K")]
        t = onehot(labels, shape[axes.index("K")])
        options = {"over": over, "each": False, "scale": 1.0, "base": base, "eps": eps}
        targets = [(name, t if axes == "NK" else t.T, axes), (f"{name}, classes", labels, "N")]
        for kind, p in (
            ("softmax and cross-entropy", 2 * numbers(4, *shape)),
            ("cross-entropy of probabilities", chances(4, *shape)),
        ):
            for title, target, letters in targets:
                layout = {"p": axes, "t": letters, "y": ""}
                yield case(kind, title, {"p": p, "t": target}, layout, options, ())
        for kind in BY_ROWS:
            more, wide = {**options, "margin": 1.0}, 2 - ("hinge" in kind)
            for title, target, letters in targets:
                yield case(kind, title, {"p": wide * numbers(4, *shape), "t": target},
                           {"p": axes, "t": letters, "y": ""}, more, ())  # fmt: skip
        shares = chances(n, *shape) * (chances(n + 9, *shape) > 0.3)  # rows do not sum to 1
        yield case("softmax and cross-entropy", f"{name}, shares", {"p": 2 * numbers(4, *shape),
                   "t": shares}, {"p": axes, "t": axes, "y": ""}, options, ())  # fmt: skip


def _normalisations():
    for kind, name, x, over, affine, shape, g_shape in (
        ("batch normalisation", "features", "NC", (0,), "C", (5, 3), (3,)),
        ("batch normalisation", "images", "NCHW", (0, 2, 3), "1C11", (2, 3, 3, 2), (1, 3, 1, 1)),
        ("batch normalisation", "channels last", "NHWC", (0, 2, 3), "C", (3, 2, 2, 2), (2,)),
        ("batch normalisation", "signals", "NCH", (0, 2), "C", (3, 2, 4), (2,)),
        ("batch normalisation", "in columns", "CN", (0,), "C1", (3, 4), (3, 1)),
        ("layer normalisation", "features", "NC", (1,), "C", (4, 5), (5,)),
        ("layer normalisation", "words", "NHC", (1,), "C", (2, 3, 4), (4,)),
        ("layer normalisation", "images", "NCHW", (1, 2, 3), "CHW", (3, 2, 2, 2), (2, 2, 2)),
        ("layer normalisation", "each channel", "NCHW", (2, 3), "C", (3, 2, 2, 3), (2,)),
    ):
        inputs = {"x": 2 * numbers(1, *shape), "gamma": 1.5 + numbers(2, *g_shape),
                  "beta": numbers(3, *g_shape)}  # fmt: skip
        options = {"over": over, "eps": 1e-3, "less": 0, "inside": True}
        axes = {"x": x, "y": x, "g": affine, "b": affine}
        roles = {"x": "x", "g": "gamma", "b": "beta"}
        yield case(kind, name, inputs, axes, options, shape, roles)
    axes, inputs = {"x": "NC", "y": "NC"}, {"x": numbers(9, 5, 2)}
    options = {"over": (0,), "eps": 1e-5, "less": 1, "inside": True}
    yield case("batch normalisation", "unbiased, no γ", inputs, axes, options, (5, 2))
    options = {"over": (0,), "eps": 1e-2, "less": 0, "inside": False}
    yield case("batch normalisation", "ε outside", inputs, axes, options, (5, 2))


def _arrangements():
    for n, (shape, rate) in enumerate([((4, 3), 0.4), ((2, 3, 3), 0.3), ((12,), 0.2)]):
        mask = (chances(n, *shape) > 0.4) * 1.0
        inputs = {"x": numbers(n, *shape), "m": mask}
        yield case("dropout", f"rate {rate}", inputs, {}, {"scale": 1 / (1 - rate)}, shape)
        scaled = {"x": inputs["x"], "m": mask / (1 - rate)}
        yield case("dropout", f"rate {rate}, in the mask", scaled, {}, {"scale": 1.0}, shape)
        hidden = {"scale": 1 / (1 - rate), "mask": mask}
        yield case("dropout", f"rate {rate}, hidden", {"x": inputs["x"]}, {}, hidden, shape)
    for name, x, y, shape, factors, out in (
        ("doubled", "NCHW", "NCPQ", (2, 2, 3, 3), (2, 2), (2, 2, 6, 6)),
        ("channels last", "NHWC", "NPQC", (2, 2, 2, 3), (3, 2), (2, 6, 4, 3)),
        ("one image", "CHW", "CPQ", (2, 3, 4), (2, 3), (2, 6, 12)),
        ("square", "NCHW", "NCPQ", (1, 2, 4, 4), (2, 2), (1, 2, 8, 8)),
    ):
        inputs, axes = {"x": numbers(1, *shape)}, {"x": x, "y": y}
        yield case("nearest upsampling", name, inputs, axes, {"factors": factors}, out)
    for name, shape, moved, out in (
        ("images", (2, 3, 3, 4), (0, 1, 2, 3), (2, 36)),
        ("one image", (2, 3, 4), (0, 1, 2), (24,)),
        ("channels last", (3, 2, 4, 4), (0, 2, 3, 1), (3, 32)),
        ("samples in columns", (2, 3, 2, 2), (1, 2, 3, 0), (12, 2)),
        ("moved", (3, 2, 2, 3), (0, 3, 1, 2), (3, 12)),
    ):
        options = {"moved": moved, "shape": out}
        yield case("reshape", name, {"x": numbers(1, *shape)}, {}, options, out)


CASES = [
    *_dense(),
    *_convolution(),
    *_pooling(),
    *_activations(),
    *_entry_losses(),
    *_row_losses(),
    *_normalisations(),
    *_arrangements(),
    *OF_KERNELS,
]
