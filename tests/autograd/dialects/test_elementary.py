"""Elementary functions in C are exact to 2 ulp in float32 and to 4 ulp in float64, everywhere."""

import ctypes
import itertools
import math
import re
import shutil
import subprocess

import mpmath
import numpy as np
import pytest

from autograd.dialects.elementary import elementary
from autograd.numbers import smooth

COMPILERS = [name for name in ("cc", "clang") if shutil.which(name)]
compiled = pytest.mark.skipif(not COMPILERS, reason="there is no C compiler here")
EXTENDED = np.finfo(np.longdouble).nmant > 60
FLAGS = [
    "-O3",
    "-march=native",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fPIC",
    "-shared",
    "-Wno-psabi",
]
PRELUDE = """
#include <math.h>
#include <stdint.h>
#include <string.h>
#define LANES {lanes}
typedef {number} number;
typedef {integer} integer;
typedef number vector __attribute__((vector_size(LANES * sizeof(number))));
typedef integer mask __attribute__((vector_size(LANES * sizeof(number))));
static inline vector splat(number x) {{ return (vector){{}} + x; }}
static inline vector choose(mask m, vector a, vector b) {{
    return (vector)(((mask)a & m) | ((mask)b & ~m));
}}
"""
LOOP = """
void {name}(long count, number *y, const number *x, const number *n) {{
    for (long i = 0; i < count; i += LANES) {{
        vector a, b;
        memcpy(&a, x + i, sizeof a);
        memcpy(&b, n + i, sizeof b);
        a = {call};
        memcpy(y + i, &a, sizeof a);
    }}
}}
"""
C_TYPES = {"float32": ("float", "int32_t"), "float64": ("double", "int64_t")}
BAR = {"float32": 2, "float64": 4}
LANES = {"float32": (4, 8, 16), "float64": (2, 4, 8)}
UNARY = ["exp", "log", "tanh", "sigmoid", "softplus", "erf", "sin", "cos", "sqrt"]
UNARY += ["floor", "ceil", "round"]
NAMES = [*UNARY, "pow"]


# --- in C ---------------------------------------------------------------------------------------


def build(folder, text, dtype, names=NAMES, lanes=8, contract="fast", compiler=None):
    """Compile the functions of a text, each over whole arrays: a function of (name, x, ...)."""
    number, integer = C_TYPES[dtype]
    source, library = folder / "functions.c", folder / "functions.so"
    loops = [
        LOOP.format(name=f"all_{name}", call=f"{name}_(a, b)" if name == "pow" else f"{name}_(a)")
        for name in names
    ]
    prelude = PRELUDE.format(lanes=lanes, number=number, integer=integer)
    source.write_text(prelude + text + "".join(loops), encoding="utf-8")
    command = [
        compiler or COMPILERS[0],
        *FLAGS,
        f"-ffp-contract={contract}",
        source,
        "-o",
        library,
        "-lm",
    ]
    subprocess.run(command, check=True)
    functions = ctypes.CDLL(str(library))

    def run(name, *arguments):
        room = -len(arguments[0]) % lanes
        arrays = [np.pad(values, (0, room)).astype(dtype) for values in arguments]
        y = np.empty_like(arrays[0])
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in (y, arrays[0], arrays[-1])]
        getattr(functions, f"all_{name}")(ctypes.c_long(len(y)), *pointers)
        return y[: len(y) - room]

    return run


@pytest.fixture(scope="module", params=BAR)
def libraries(request, tmp_path_factory):
    """The functions of a dtype with fused multiply-adds and, in wider vectors, without."""
    dtype, folder = request.param, tmp_path_factory.mktemp
    text, (_, *lanes) = elementary(NAMES, dtype), LANES[dtype]
    return dtype, [
        build(folder(contract), text, dtype, lanes=width, contract=contract)
        for contract, width in zip(("fast", "off"), lanes, strict=True)
    ]


# --- the truth ----------------------------------------------------------------------------------


def wider(dtype):
    """A kind of float whose own errors do not count: 29 bits more than float32, 11 than float64."""
    return np.float64 if dtype == "float32" else np.longdouble


def truth(name, x, *n):
    """The function in the precision of its arguments, by NumPy (erf by Python's math)."""
    small = np.exp(-abs(x))
    if name == "sigmoid":
        return np.where(x < 0, small, 1) / (1 + small)
    if name == "softplus":
        return np.where(x < 0, 0, x) + np.log1p(small)
    if name == "erf":
        return np.array([*map(math.erf, x.tolist())]).astype(x.dtype)
    return getattr(np, "power" if name == "pow" else name)(x, *n)


def ulps(y, exact):
    """The errors of y in units in the last place, as if the exponent had no upper bound.

    What must be equal and is not has an infinite error: signs, nan, and infinities, where a number
    from 2**maxexp on rounds to an infinity.
    """
    info = np.finfo(y.dtype)
    limit = exact.dtype.type(2) ** info.maxexp
    bounded, got = (np.clip(v.astype(exact.dtype), -limit, limit) for v in (exact, y))
    _, exponent = np.frexp(np.where(np.isnan(bounded), 1, bounded))
    unit = np.ldexp(exact.dtype.type(1), np.maximum(exponent - 1, info.minexp) - info.nmant)
    error = np.where(got == bounded, 0, abs(got - bounded) / unit)
    wrong = (np.signbit(y) != np.signbit(exact)) | (np.isfinite(y) & (abs(exact) >= limit))
    both = np.isnan(y) & np.isnan(exact)
    return np.where(both, 0, np.where(wrong | np.isnan(error), np.inf, error))


@np.errstate(all="ignore")
def special(dtype):
    """0, inf, nan, the ends of normal and denormal numbers, where results overflow; neighbours."""
    info = np.finfo(dtype)
    top, low = info.maxexp * math.log(2), (info.minexp - info.nmant) * math.log(2)
    sizes = [
        0,
        1,
        2,
        0.5,
        1.5,
        3,
        1 / 3,
        math.pi,
        math.inf,
        2.0**info.nmant,
        2.0 ** (info.nmant + 1),
    ]
    sizes += [info.max, info.tiny, info.smallest_subnormal, top, low, low - math.log(2), top / 2]
    sizes += [info.minexp * math.log(2), 524288, 1e10, 0.6, math.sqrt(2), math.sqrt(0.5), 4, 6]
    sizes = np.array(sizes, dtype)
    sizes = np.concatenate(
        [sizes, np.nextafter(sizes, dtype(0)), np.nextafter(sizes, dtype(np.inf))]
    )
    return np.concatenate([sizes, -sizes, [dtype(np.nan)]]).astype(dtype)


DENSE = {
    "log": (0.3, 3),
    "tanh": (-20, 20),
    "sigmoid": (-60, 40),
    "softplus": (-60, 40),
    "erf": (-6.5, 6.5),
    "sin": (-50, 50),
    "cos": (-50, 50),
    "sqrt": (0, 4),
    "floor": (-9, 9),
    "ceil": (-9, 9),
    "round": (-9, 9),
    "pow": (0, 4),
}


def points(name, dtype, count):
    """Half of them spread over all exponents, half where the function is not yet constant.

    And those nearest to multiples of π/2, where a sine or cosine is as good as 0.
    """
    random = np.random.default_rng(NAMES.index(name))
    kind, info = np.dtype(dtype).type, np.finfo(dtype)
    bits = random.integers(0, 256, (count // 2, kind().itemsize), np.uint8)
    borders = math.log(info.smallest_subnormal) - 9, math.log(info.max) + 9
    dense = random.uniform(*DENSE.get(name, borders), count // 2)
    turns = random.integers(-333_000, 333_000, 1000) * (math.pi / 2)
    values = [bits.view(kind)[:, 0], dense, turns, special(kind)]
    values = np.concatenate([v.astype(kind) for v in values])
    return np.where(np.isnan(values), kind(np.nan), values)  # none that signals


def arguments(name, dtype, count):
    """Points; for powers also exponents, half of them such that the power is neither 0 nor inf."""
    x = points(name, dtype, count)
    if name != "pow":
        return (x,)
    random = np.random.default_rng(0)
    specials = np.array([*itertools.product(special(x.dtype.type), repeat=2)], dtype).T
    reach = np.finfo(dtype).maxexp * 1.2 / np.log2(abs(x).astype(wider(dtype)))
    n = (random.uniform(-1, 1, len(x)) * reach).astype(dtype)
    whole = random.integers(-9, 9, len(x)).astype(dtype)
    n = np.where(random.random(len(x)) < 0.8, n, whole)
    return np.concatenate([x, specials[0]]), np.concatenate([n, specials[1]])


@np.errstate(all="ignore")
def worst(run, name, dtype, count=10**4):
    """The greatest error in ulps, and where it is."""
    x = arguments(name, dtype, count)
    return greatest(run, name, x, truth(name, *(v.astype(wider(dtype)) for v in x)))


@np.errstate(all="ignore")
def greatest(run, name, x, exact):
    y = run(name, *x)
    errors = ulps(y, exact)
    k = np.argmax(errors)
    return errors[k], f"{name}{tuple(float(v[k]) for v in x)} = {y[k]!r}"


# --- tests --------------------------------------------------------------------------------------


@compiled
@pytest.mark.parametrize("name", NAMES)
def test_a_million_points_are_exact_to_the_bar(libraries, name):
    dtype, both = libraries
    bar = BAR[dtype] - (name == "erf" and dtype == "float64")  # math.erf errs by one ulp itself
    with np.errstate(all="ignore"):
        x = arguments(name, dtype, 10**6)
        exact = truth(name, *(v.astype(wider(dtype)) for v in x))
    for run in both:
        error, where = greatest(run, name, x, exact)
        print(f"{dtype} {name}: {error:.2f} ulp at {where}")
        assert error <= bar, where


@compiled
@np.errstate(all="ignore")
@pytest.mark.parametrize("name", NAMES)
def test_edges_are_those_of_eager_mode(libraries, name):
    """Zeros, infinities, nan, overflow: as in `numbers.smooth`."""
    dtype, both = libraries
    edges = special(np.dtype(dtype).type)
    x = np.array([*itertools.product(edges, repeat=2 if name == "pow" else 1)])
    function = getattr(smooth, {"pow": "power", "round": "rounded"}.get(name, name))
    eager = np.array([function(*map(float, v)) for v in x])
    for run in both:
        error, where = greatest(run, name, x.T, eager)
        assert error <= 4, where


DIGITS = {
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "round": mpmath.nint,  # half to even, as everywhere
}


@compiled
def test_a_few_doubles_agree_with_mpmath(tmp_path):
    run = build(tmp_path, elementary(UNARY, "float64"), "float64", UNARY)
    for name in UNARY:
        x = points(name, "float64", 300)
        x = x[np.isfinite(x) & ((x > 0) | (name not in ("log", "sqrt")))]
        function = DIGITS.get(name) or getattr(mpmath, name)
        with mpmath.workdps(40):
            for v, y in zip(x.tolist(), run(name, x).tolist(), strict=True):
                exact = function(mpmath.mpf(v))
                near = y == float(exact) or abs(y - exact) <= 4 * math.ulp(float(exact))
                assert near, f"{name}({v}) = {y}"


@compiled
@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("dtype", BAR)
def test_narrow_vectors_and_every_compiler(tmp_path, compiler, dtype):
    text, lanes = elementary(NAMES, dtype), LANES[dtype][0]
    run = build(tmp_path, text, dtype, lanes=lanes, compiler=compiler)
    for name in NAMES:
        error, where = worst(run, name, dtype)
        assert error <= BAR[dtype], where


@compiled
@pytest.mark.parametrize(
    ("name", "dtype", "right", "wrong"),
    [
        ("exp", "float32", "4.166789e-02f", "4.167789e-02f"),
        ("sin", "float32", "8.332160118555764e-03", "8.333160118555764e-03"),
        ("log", "float64", "3.9999999999409347e-01", "3.9999999999909347e-01"),
        ("erf", "float64", "1.02747254177", "1.02747254187"),
    ],
)
def test_a_wrong_digit_is_found(tmp_path, name, dtype, right, wrong):
    text = elementary([name], dtype)
    assert text.count(right) == 1
    run = build(tmp_path, text.replace(right, wrong), dtype, [name])
    assert worst(run, name, dtype)[0] > BAR[dtype]


@pytest.mark.parametrize("dtype", BAR)
def test_nothing_but_what_is_asked_for_and_needed(dtype):
    """The sigmoid needs the exponential, that needs Horner's rule; each once, the needed first."""

    def defined(*names):
        text = elementary(iter(names), dtype)
        return re.findall(r"^static inline \w+ (\w+)", text, re.MULTILINE)

    assert defined("sigmoid", "exp") == ["magnitude_", "polynomial_", "exp_", "sigmoid_"]
    assert defined("log", "log") == ["polynomial_", "log1p_tail_", "log_"]
    assert not {"exp_", "log_", "sin_"} & set(defined("cos", "pow"))
    assert defined() == []


def test_an_unknown_function_is_named():
    with pytest.raises(ValueError, match="no elementary function in C: gamma_"):
        elementary(["exp", "gamma"], "float32")
