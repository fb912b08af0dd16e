"""C99 without extensions: how each primitive is spelled for one number, as people write it.

A formula becomes an expression with no more brackets than it needs. What was not chosen is not
computed: `?:` evaluates one branch. A primitive that C has no function for is a small one here.
"""

import re
from collections.abc import Callable

import numpy as np

from ..primitives import Primitive
from ..text import numbered
from ..value import Value
from .c import literal
from .expressions import (
    ARITHMETIC,
    ATOM,
    COMPARISON,
    PRODUCT,
    SIGN,
    SUM,
    Expression,
    Word,
    call,
)
from .expressions import Speller as Base

LIBRARY = {"abs": "fabs", "round": "rint"} | {
    name: name
    for name in ("floor", "ceil", "exp", "log", "sqrt", "sin", "cos", "tanh", "erf", "pow")
}
HELPERS = {  # {0} is the type of numbers, {1} the suffix of the library's functions for it
    "relu": "static {0} relu({0} x) {{ return x <= 0 ? 0 : x; }}",
    "leaky_relu": "static {0} leaky_relu({0} x, {0} slope) {{ return x > 0 ? x : slope * x; }}",
    "sigmoid": """\
static {0} sigmoid({0} x) {{
    const {0} e = exp{1}(-fabs{1}(x));
    return (x < 0 ? e : 1) / (1 + e);
}}""",
    "softplus": "static {0} softplus({0} x) "
    "{{ return (x < 0 ? 0 : x) + log1p{1}(exp{1}(-fabs{1}(x))); }}",
    "square": "static {0} square({0} x) {{ return x * x; }}",
    "maximum": "static {0} maximum({0} a, {0} b) {{ return b > a || b != b ? b : a; }}",
    "minimum": "static {0} minimum({0} a, {0} b) {{ return b < a || b != b ? b : a; }}",
    "equal": "static {0} equal({0} a, {0} b) {{ return a == b || (isnan(a) && isnan(b)); }}",
    "place": """\
static long place({0} i, long length) {{
    if (!(i >= -length && i < length) || i != (long)i) return -1;
    return (long)i + (i < 0 ? length : 0);
}}""",
}
WORDS = {
    **ARITHMETIC,
    "reciprocal": Word("1 / {0}", PRODUCT, (SIGN,)),
    **{name: call(name, text.partition(")")[0].count(",") + 1) for name, text in HELPERS.items()},
}
BY_TYPE = {
    dtype: WORDS
    | {name: call(f"{text}{suffix}", 1 + (name == "pow")) for name, text in LIBRARY.items()}
    for dtype, suffix in (("float32", "f"), ("float64", ""))
}
MATHS = frozenset([*LIBRARY, "sigmoid", "softplus", "equal"])  # words of <math.h>
POWERS = {2.0: "square", -1.0: "reciprocal"}  # 0.5 is no square root at -inf and -0


def number(x: float, dtype: str) -> str:
    """A number in as few digits as tell it from all others of its type."""
    with np.errstate(over="ignore"):
        return literal(float(str(np.dtype(dtype).type(x))), dtype)


def helpers(used: set[str], dtype: str) -> str:
    """The functions that expressions call and the library lacks."""
    kind, suffix = ("float", "f") if dtype == "float32" else ("double", "")
    return "\n".join(HELPERS[name].format(kind, suffix) for name in HELPERS if name in used)


class Speller(Base):
    """Spells formulas; `used` are the words met."""

    language = "C"

    def __init__(
        self, dtype: str, used: set[str], named: Callable[[Expression], Expression]
    ) -> None:
        super().__init__(named)
        self.dtype, self.used, self.words = dtype, used, BY_TYPE[dtype]

    def constant(self, x: Value) -> Expression:
        """A number in the digits of its type."""
        text = number(float(x.data), self.dtype)
        return Expression(text, SIGN if text.startswith("-") else ATOM)

    def primitive(self, op: Primitive, node: Value, operands: list[Expression]) -> Expression:
        """A row of the table; powers that have a word of their own, and numbers as conditions."""
        if op.name == "where" and not operands[0].truth:
            condition = Expression(f"{operands[0].within(SUM)} != 0", COMPARISON)
            operands = [condition, *operands[1:]]
        if op.name != "pow":
            return super().primitive(op, node, operands)
        exponent = _exponent(node)
        return operands[0] if exponent == 1 else self.word(POWERS.get(exponent, "pow"), *operands)

    def word(self, name: str, *operands: Expression) -> Expression:
        """A primitive, or another word, of operands."""
        self.used.add(name)
        return super().word(name, *operands)


def _exponent(node: Value) -> float:
    """The exponent of a power; nan where it is not a constant."""
    exponent = node.inputs[1]
    return float("nan") if exponent.unknown else float(exponent.data)


# --- names ----------------------------------------------------------------------------------------

KEYWORDS = """
auto break case char const continue default do double else enum extern float for goto if inline int
long register restrict return short signed sizeof static struct switch typedef union unsigned void
volatile while asm typeof main bool true false nullptr constexpr alignas alignof thread_local
static_assert linux unix
"""
MATHEMATICAL = """
acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp2 expm1 fabs
fdim floor fma fmax fmin fmod frexp gamma hypot ilogb j0 j1 jn ldexp lgamma llrint llround log log10
log1p log2 logb lrint lround modf nan nearbyint nextafter nexttoward pow remainder remquo rint round
scalb scalbln scalbn significand sin sinh sqrt tan tanh tgamma trunc y0 y1 yn drem pow10 exp10
"""  # each for floats, doubles and long doubles
LIBRARIES = """
fpclassify isfinite isgreater isgreaterequal isinf isless islessequal islessgreater isnan isnormal
isunordered signbit signgam abort abs atexit atof atoi atol atoll bsearch calloc div exit free
getenv labs ldiv llabs lldiv malloc qsort rand realloc srand strtod strtof strtol strtold strtoll
strtoul strtoull system memchr memcmp memcpy memmove memset strcat strchr strcmp strcoll strcpy
strcspn strerror strlen strncat strncmp strncpy strpbrk strrchr strspn strstr strtok strxfrm
isalnum isalpha isblank iscntrl isdigit isgraph islower isprint ispunct isspace isupper isxdigit
tolower toupper clearerr fclose feof ferror fflush fgetc fgetpos fgets fopen fprintf fputc fputs
fread freopen fscanf fseek fsetpos ftell fwrite getc getchar gets perror printf putc putchar puts
remove rename rewind scanf setbuf setvbuf snprintf sprintf sscanf stderr stdin stdout tmpfile tmpnam
ungetc vfprintf vfscanf vprintf vscanf vsnprintf vsprintf vsscanf clock time signal raise
NULL EOF NAN INFINITY HUGE_VAL HUGE_VALF HUGE_VALL
"""
RESERVED = frozenset(  # what compilers and linkers know, and what stands in the file anyway
    [
        *KEYWORDS.split(),
        *LIBRARIES.split(),
        *(name + end for name in MATHEMATICAL.split() for end in ("", "f", "l")),
        *HELPERS,
        "scratch",
    ]
)


def is_name(text: str) -> bool:
    """Whether a function of one's own may be called so in C."""
    return bool(re.fullmatch("[A-Za-z][A-Za-z0-9_]*", text)) and text not in RESERVED


def fresh(text: str, taken: set[str], instead: str) -> str:
    """A name like the text, after `instead` where it cannot stand alone, that is not taken."""
    base = re.sub("[^A-Za-z0-9_]+", "_", text).strip("_")
    if not is_name(base) or base[0].isupper():  # macros are upper case
        base = f"{instead}_{base}".strip("_")
    name = numbered(base, taken)
    taken.add(name)
    return name
