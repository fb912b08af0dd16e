"""Differential operators: of a function they give the function of its derivative.

`grad(f)` takes what f takes: numbers, arrays, lists of numbers, Values, Tensors, and lists, tuples
and dicts of these. It gives derivatives in the same form: arrays for arrays, floats for floats.
Within a function that is differentiated itself, or compiled, they are Values and Tensors, so that
`grad(grad(f))` and what closures know of outer variables is right.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from typing import Any, overload

from . import derivatives, graph
from .numbers.kinds import AnyNumber, numpy
from .scalar import is_number
from .scopes import differentiated, is_compiling, is_differentiated, uncollected
from .shapes import indexing
from .shapes.indexing import Shape
from .tensor import Arrays, Tensor, _tensor, operand
from .value import Value

Function = Callable[..., Any]
Argnum = int | Sequence[int]


@overload
def grad(y: Value, xs: Iterable[Value]) -> list[Value]: ...
@overload
def grad(y: Value, xs: Iterable[Tensor]) -> list[Tensor]: ...
@overload
def grad(y: Value, xs: Iterable[Value | Tensor]) -> list[Any]: ...
@overload
def grad(y: Function, argnum: Argnum = 0, /, *, has_aux: bool = False) -> Function: ...
@overload
def grad(y: Function, /, *, argnum: Argnum, has_aux: bool = False) -> Function: ...
def grad(y: Any, xs: Any = None, *, argnum: Argnum = 0, has_aux: bool = False) -> Any:
    """[∂y/∂x for x in xs] of a Value, as Values and Tensors that can be differentiated again; or of
    a function the function that gives its gradient, as in HIPS's autograd and JAX.

    Of a Value y, `xs` are Values and Tensors; what y does not depend on gets a constant 0, and
    `.grad` is left alone. Of a function f, grad(f, argnum)(*arguments) is ∂f/∂arguments[argnum], a
    tuple for several. With has_aux, f returns (y, more), and so does its gradient.

    >>> x = Value(3.0)
    >>> (dx,) = grad(x**3, [x])
    >>> (ddx,) = grad(dx, [x])
    >>> dx.data, ddx.data
    (27.0, 18.0)
    >>> grad(lambda x: x**3)(3.0), grad(grad(lambda x: x**3))(3.0)
    (27.0, 18.0)
    """
    if not callable(y):
        return derivatives.grad(y, xs)
    argnum = argnum if xs is None else xs
    _check("grad", y, argnum)
    pair = value_and_grad(y, argnum, has_aux=has_aux)

    @wraps(y)
    def gradient(*arguments: Any, **options: Any) -> Any:
        value, found = pair(*arguments, **options)
        return (found, value[1]) if has_aux else found

    return gradient


def value_and_grad(f: Function, argnum: Argnum = 0, *, has_aux: bool = False) -> Function:
    """The function that gives f's value and its gradient: see `grad`."""
    _check("value_and_grad", f, argnum)

    @wraps(f)
    def pair(*arguments: Any, **options: Any) -> Any:
        call = _Call(f, argnum, arguments)
        output = call.output(options)
        y, *aux = output if has_aux else [output]
        y = call.only(y)
        found = call.results(call.derivatives([y]), ())
        value = y.data if call.plain else y
        return ((value, *aux) if has_aux else value), found

    return pair


def elementwise_grad(f: Function, argnum: Argnum = 0) -> Function:
    """The function that gives the gradient of the sum of f's entries: where each entry of f depends
    on one of the argument, the derivative of each.
    """
    _check("elementwise_grad", f, argnum)

    @wraps(f)
    def gradient(*arguments: Any, **options: Any) -> Any:
        call = _Call(f, argnum, arguments)
        shape, outputs = call.entries(call.output(options))
        y = _tensor(shape, outputs).sum() if shape else outputs[0]
        return call.results(call.derivatives([y]), ())

    return gradient


@overload
def jacobian(ys: Function, argnum: Argnum = 0, /) -> Function: ...
@overload
def jacobian(ys: Function, /, *, argnum: Argnum) -> Function: ...
@overload
def jacobian(ys: Arrays, xs: Arrays) -> Tensor: ...
def jacobian(ys: Any, xs: Any = None, *, argnum: Argnum = 0) -> Any:
    """∂y/∂x for each y and x: a Tensor of shape (*ys.shape, *xs.shape), differentiable again; or of
    a function the function that gives this, in the form of its argument.

    `ys` and `xs` are Tensors or sequences of Values.
    """
    if not callable(ys):
        return derivatives.jacobian(ys, () if xs is None else xs)
    f, argnum = ys, argnum if xs is None else xs
    _check("jacobian", f, argnum)

    @wraps(f)
    def matrix(*arguments: Any, **options: Any) -> Any:
        call = _Call(f, argnum, arguments)
        shape, outputs = call.entries(call.output(options))
        return call.results(call.derivatives(outputs), shape)

    return matrix


@overload
def hessian(y: Function, argnum: int = 0, /) -> Function: ...
@overload
def hessian(y: Function, /, *, argnum: int) -> Function: ...
@overload
def hessian(y: Value, xs: Arrays) -> Tensor: ...
def hessian(y: Any, xs: Any = None, *, argnum: int = 0) -> Any:
    """∂²y/∂x∂x': a Tensor of shape (*xs.shape, *xs.shape), differentiable again; or of a function
    the function that gives this, in the form of its argument.
    """
    if not callable(y):
        return derivatives.hessian(y, () if xs is None else xs)
    argnum = argnum if xs is None else xs
    return jacobian(grad(y, argnum), argnum)


def hessian_vector_product(f: Function, argnum: int = 0) -> Function:
    """The function of f's arguments and a vector v that gives Σ ∂²f/∂x∂x'·v', of x's shape, without
    the matrix.
    """
    gradient = grad(f, argnum)

    @wraps(f)
    def product(*arguments: Any, **options: Any) -> Any:
        *given, vector = arguments

        def along(*x: Any) -> Any:
            return Tensor([operand(gradient(*x, **options)) * operand(vector)]).sum()

        return grad(along, argnum)(*given)

    return product


def _check(name: str, f: Any, argnum: Any) -> None:
    """TypeError for what is no function, and no place of an argument."""
    if not callable(f):
        raise TypeError(f"{name}(f): f must be a function, got {f!r:.60}")
    places = argnum if isinstance(argnum, list | tuple) else [argnum]
    if not places or not all(isinstance(k, int) and not isinstance(k, bool) for k in places):
        raise TypeError(
            f"{name}(f, argnum): argnum must be the place of an argument, or several, got "
            f"{argnum!r:.60}; of what a function returned it is {name}(y, [x]) with y = f(x)"
        )


class _Call:
    """One call of a function with some arguments as Values and Tensors of their own: `leaves`.

    It is `plain` where numbers are wanted: arguments are numbers, and nothing around is
    differentiated or compiled.
    """

    def __init__(self, f: Function, argnum: Argnum, arguments: Sequence[Any]) -> None:
        self.f, self.argnum, self.name = f, argnum, getattr(f, "__name__", type(f).__name__)
        self.plain = not is_differentiated() and not is_compiling()
        self.leaves: list[Value | Tensor] = []
        self.arguments, self.given = list(arguments), []
        for k in [argnum] if isinstance(argnum, int) else argnum:
            if not -len(arguments) <= k < len(arguments):
                raise TypeError(
                    f"argnum {k}: {self.name} was called with {len(arguments)} positional arguments"
                )
            self.given.append(arguments[k])
            self.arguments[k] = mapped(arguments[k], self._variable)

    def _variable(self, x: Any) -> Value | Tensor:
        """A Value or Tensor of the same numbers. One that was given stays what it depends on, and
        is another node, since f may know the given one too.
        """
        known = isinstance(x, Value | Tensor) or str(getattr(x, "dtype", "")) == "object"
        if not (known or is_number(x) or hasattr(x, "tolist") or isinstance(x, list)):
            raise TypeError(
                f"{self.name}: derivatives are by numbers, arrays, Values and Tensors, in lists, "
                f"tuples and dicts; argument {self.argnum} holds {x!r:.60}"
            )
        self.plain &= not known
        made: Any = operand(x)
        self.leaves.append(made * 1 if known else made)
        return self.leaves[-1]

    def output(self, options: dict[str, Any]) -> Any:
        """What the function returns."""
        with differentiated(), uncollected():
            return self.f(*self.arguments, **options)

    def entries(self, output: Any) -> tuple[Shape, list[Value]]:
        """The shape and the Values of an output; TypeError where it is no number or array."""
        made = operand(output)
        if made is NotImplemented:
            raise TypeError(f"{self.name} must return numbers or arrays, got {output!r:.60}")
        return ((), [made]) if isinstance(made, Value) else (made.shape, list(made.values))

    def only(self, output: Any) -> Value:
        """The output, where it is one number; TypeError where it is not."""
        shape, values = self.entries(output)
        if len(values) != 1:
            raise TypeError(
                f"grad({self.name}): {self.name} must return one number, and its result has shape "
                f"{shape}: jacobian has the derivatives of each entry, elementwise_grad those of "
                "their sum"
            )
        return values[0]

    def derivatives(self, outputs: Sequence[Value]) -> list[list[Any]]:
        """For each leaf the derivatives of the outputs by its entries, one after the other."""
        rows = [self._sweep(y) if self.plain else self._again(y) for y in outputs]
        return [[d for row in rows for d in row[k]] for k in range(len(self.leaves))]

    def _sweep(self, y: Value) -> list[list[AnyNumber]]:
        seed = 1.0 if isinstance(y.data, float) else 1
        adjoint = graph.adjoints(graph.order(y), {y: seed})
        return [[adjoint.get(v, 0 * seed) for v in _values(x)] for x in self.leaves]

    def _again(self, y: Value) -> list[Sequence[Value]]:
        """Derivatives that can be differentiated again."""
        return [_values(d) for d in derivatives.grad(y, self.leaves)]

    def results(self, found: Sequence[list[Any]], shape: Shape) -> Any:
        """Derivatives of outputs of a shape in the form of the arguments."""
        each = zip(self.leaves, found, strict=True)
        made = [mapped(x, lambda y: self._result(y, shape, each)) for x in self.given]
        return made[0] if isinstance(self.argnum, int) else tuple(made)

    def _result(self, given: Any, shape: Shape, each: Iterator[Any]) -> Any:
        leaf, found = next(each)
        whole = (*shape, *getattr(leaf, "shape", ()))
        if not self.plain:
            return _tensor(whole, found) if whole else found[0]
        if not whole:
            return found[0]
        if isinstance(given, list):
            return indexing.nested(found, whole)
        array = numpy().array(found).reshape(whole)
        kind = getattr(given, "dtype", array.dtype)
        return array.astype(kind) if kind.kind == "f" else array


def _values(x: Value | Tensor) -> Sequence[Value]:
    return [x] if isinstance(x, Value) else x.values


def mapped(x: Any, leaf: Callable[[Any], Any]) -> Any:
    """What holds numbers and arrays, with another thing for each: dicts, tuples, and lists of more
    than numbers keep their form.
    """
    if isinstance(x, dict):
        return {k: mapped(part, leaf) for k, part in x.items()}
    if isinstance(x, tuple) or (isinstance(x, list) and not _is_array(x)):
        parts = [mapped(part, leaf) for part in x]
        return x._make(parts) if hasattr(x, "_make") else type(x)(parts)
    return x if x is None else leaf(x)


def _is_array(x: list[Any]) -> bool:
    """Whether nested lists hold numbers alone."""
    return len(x) > 0 and all(_is_array(y) if isinstance(y, list) else is_number(y) for y in x)
