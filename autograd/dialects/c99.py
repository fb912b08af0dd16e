"""C99 without extensions: how each primitive is spelled for one number, as people write it.

A formula becomes an expression with no more brackets than it needs. What was not chosen is not
computed: `?:` evaluates one branch. A primitive that C has no function for is a small one here.
"""

import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..graph import order
from ..primitives import PRIMITIVES
from ..value import Value
from .c import InexpressibleError, literal, numbered, unfolded

CHOICE, COMPARISON, SUM, PRODUCT, SIGN, ATOM = range(6)  # from loose to tight


class Expression(NamedTuple):
    """A text, and how tightly its outermost operator binds."""

    text: str
    rank: int = ATOM

    def within(self, rank: int) -> str:
        """The text as the operand of an operator that asks for this rank."""
        return self.text if self.rank >= rank else f"({self.text})"


class Word(NamedTuple):
    """How a primitive is spelled: its operands' places, its rank, and what it asks of operands."""

    text: str
    rank: int
    operands: tuple[int, ...]


def _infix(sign: str, rank: int, left: int, right: int) -> Word:
    return Word(f"{{0}} {sign} {{1}}", rank, (left, right))


def _call(name: str, operands: int = 1) -> Word:
    places = ", ".join(f"{{{k}}}" for k in range(operands))
    return Word(f"{name}({places})", ATOM, (CHOICE,) * operands)


LIBRARY = {"abs": "fabs"} | {
    name: name for name in ("exp", "log", "sqrt", "sin", "cos", "tanh", "erf", "pow")
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
}
WORDS = {
    "add": _infix("+", SUM, SUM, PRODUCT),
    "sub": _infix("-", SUM, SUM, PRODUCT),
    "mul": _infix("*", PRODUCT, PRODUCT, SIGN),
    "div": _infix("/", PRODUCT, PRODUCT, SIGN),
    "neg": Word("-{0}", SIGN, (ATOM,)),
    "greater": _infix(">", COMPARISON, SUM, SUM),
    "at_least": _infix(">=", COMPARISON, SUM, SUM),
    "where": Word("{0} ? {1} : {2}", CHOICE, (COMPARISON, COMPARISON, CHOICE)),
    "reciprocal": Word("1 / {0}", PRODUCT, (SIGN,)),
    **{name: _call(name, text.partition(")")[0].count(",") + 1) for name, text in HELPERS.items()},
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


class Speller:
    """Spells formulas; what they use several times is a name, which `named(expression)` gives.

    `used` are the words met. Raises InexpressibleError for an operation of the user's own that is
    not made of the table's.
    """

    def __init__(
        self, dtype: str, used: set[str], named: Callable[[Expression], Expression]
    ) -> None:
        self.dtype, self.used, self.named = dtype, used, named

    def spell(self, formula: Value, known: dict[Value, Expression]) -> Expression:
        """The expression of a formula whose leaves are known."""
        nodes = [node for node in order(formula) if isinstance(node, Value)]
        uses = Counter(x for node in nodes if node.unknown for x in node.inputs)
        for node in nodes:
            if node in known:
                continue
            made = self._node(node, known)
            known[node] = self.named(made) if uses[node] > 1 and node.unknown else made
        return known[formula] if formula in known else self._constant(formula)

    def _constant(self, x: Value) -> Expression:
        text = number(float(x.data), self.dtype)
        return Expression(text, SIGN if text.startswith("-") else ATOM)

    def _node(self, node: Value, known: dict[Value, Expression]) -> Expression:
        if not node.unknown:
            return self._constant(node)
        op = node.op
        if op is None:
            raise InexpressibleError("a leaf without a name")
        if PRIMITIVES.get(op.name) is not op:
            made = unfolded(op, node)
            return self.spell(made if isinstance(made, Value) else Value(made), known)
        operands = [known[x] if x in known else self._constant(x) for x in node.inputs]
        if op.name == "stop" or (op.name == "pow" and _exponent(node) == 1):
            return operands[0]
        name = op.name if op.name != "pow" else POWERS.get(_exponent(node), "pow")
        return self.word(name, *operands)

    def word(self, name: str, *operands: Expression) -> Expression:
        """A primitive, or another word, of operands."""
        self.used.add(name)
        if name in LIBRARY:
            suffix = "f" if self.dtype == "float32" else ""
            word = _call(LIBRARY[name] + suffix, 1 + (name == "pow"))
        elif name in WORDS:
            word = WORDS[name]
        else:
            raise InexpressibleError(f"C has no word for {name}")
        texts = [x.within(rank) for x, rank in zip(operands, word.operands, strict=False)]
        return Expression(word.text.format(*texts), word.rank)


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
