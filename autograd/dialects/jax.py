"""JAX: how each primitive is spelled on arrays that are traced, for XLA to compile."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from ..graph import order
from ..primitives import PRIMITIVES
from ..value import Value
from .expressions import InexpressibleError, unfolded

POWERS: dict[float, Callable[[Any], Any]] = {
    1.0: lambda x: x,
    2.0: lambda x: x * x,
    -1.0: lambda x: 1 / x,
    0.5: lambda x: _square_root(x),
}


def spelled(formula: Value, known: dict[Value, Any], dtype: Any) -> Any:
    """The array (or number) of a formula whose leaves are known; what is computed on the way is
    known thereafter. Conditions are arrays of truths, and so is a formula that is one.

    InexpressibleError for an operation of the user's own that is not made of the table's.
    """
    for node in order(formula):
        if isinstance(node, Value) and node not in known and node.unknown:
            known[node] = _node(node, known, dtype)
    return _operand(formula, known)


def _node(node: Value, known: dict[Value, Any], dtype: Any) -> Any:
    op = node.op
    if op is None:
        raise InexpressibleError("a leaf without a name")
    if PRIMITIVES.get(op.name) is not op:
        made = unfolded(op, node, "JAX")
        return spelled(made, known, dtype) if isinstance(made, Value) else float(made)
    if op.name not in words():
        raise InexpressibleError(f"JAX has no word for {op.name} within a formula")
    x = [_operand(v, known) for v in node.inputs]
    if op.name == "where":
        return _where(*x)
    x = [number(v, dtype) for v in x]
    return words()[op.name](*x)


def _operand(x: Any, known: Mapping[Value, Any]) -> Any:
    return known[x] if x in known else float(x.data)


def number(x: Any, dtype: Any) -> Any:
    """Truths as 1 and 0: chosen, as XLA makes a choice of a product with what was converted, and
    would lose a nan there.
    """
    import jax.numpy as jnp

    return jnp.where(x, jnp.ones((), dtype), jnp.zeros((), dtype)) if _is_truth(x) else x


def _where(condition: Any, a: Any, b: Any) -> Any:
    import jax.numpy as jnp

    if isinstance(condition, float):
        return a if condition else b
    if not _is_truth(condition):
        condition = condition != 0
    a, b = (_truth(x) for x in (a, b)) if _are_truths(a, b) else (a, b)
    return jnp.where(condition, a, b)


def _are_truths(a: Any, b: Any) -> bool:
    """Whether a choice between them is a truth: at least one is, the other one or a 0 or 1."""
    kinds = [_is_truth(x) for x in (a, b)]
    return any(kinds) and all(
        is_truth or (isinstance(x, float) and x in (0.0, 1.0))
        for is_truth, x in zip(kinds, (a, b), strict=True)
    )


def _is_truth(x: Any) -> bool:
    return getattr(getattr(x, "dtype", None), "kind", "") == "b"


def _truth(x: Any) -> Any:
    return bool(x) if isinstance(x, float) else x


@cache
def words() -> dict[str, Callable[..., Any]]:
    """What each row of the table is called."""
    import jax.numpy as jnp
    from jax import lax, nn

    return {
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "div": lambda a, b: a / b,
        "neg": lambda x: -x,
        "pow": _power,
        "abs": jnp.abs,
        "floor": jnp.floor,
        "ceil": jnp.ceil,
        "round": jnp.rint,
        "exp": jnp.exp,
        "log": jnp.log,
        "sqrt": jnp.sqrt,
        "sin": jnp.sin,
        "cos": jnp.cos,
        "tanh": jnp.tanh,
        "sigmoid": nn.sigmoid,
        "softplus": lambda x: jnp.logaddexp(x, 0.0),
        "erf": lax.erf,
        "relu": lambda x: jnp.maximum(x, 0.0),
        "leaky_relu": lambda x, slope: jnp.where(x > 0, x, slope * x),
        # of a tie, as of 0 and -0, the first operand
        "maximum": lambda a, b: jnp.where((b > a) | (b != b), b, a),
        "minimum": lambda a, b: jnp.where((b < a) | (b != b), b, a),
        "where": _where,
        "greater": lambda a, b: a > b,
        "at_least": lambda a, b: a >= b,
        "equal": lambda a, b: (a == b) | ((a != a) & (b != b)),
        "stop": lax.stop_gradient,
    }


def _power(x: Any, n: Any) -> Any:
    import jax.numpy as jnp

    if isinstance(n, float) and n in POWERS:
        return POWERS[n](x)
    return jnp.power(x, n)


def _square_root(x: Any) -> Any:
    """x**0.5, a power, not a root: they differ at -inf and -0."""
    import jax.numpy as jnp

    return jnp.where(x == -jnp.inf, jnp.inf, jnp.sqrt(x + 0.0))
