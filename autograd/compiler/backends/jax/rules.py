"""Update rules as formulas: an optimiser's rule runs on unknown Values, as rows of the table do."""

from collections.abc import Iterator, Sequence
from typing import Any

from ....dialects.expressions import InexpressibleError
from ....dialects.jax import number, spelled
from ....graph import AnyNode, order
from ....primitives import PRIMITIVES
from ....scopes import tracing
from ....value import Value, unknown

POW = PRIMITIVES["pow"]


class Rule:
    """The new parameters and states as formulas of p, g and the states, the `leaves`.

    Numbers that a rule knows, such as a learning rate, differ from step to step: they are its
    `settings`, and `structure` is what the formulas are without these. Exponents belong to it.
    InexpressibleError for a rule that is not made of the table's operations.
    """

    def __init__(self, rule: Any, slots: int) -> None:
        try:
            with tracing([]):
                self.leaves = [unknown() for _ in range(2 + slots)]
                p, *state = rule(*self.leaves)
                self.roots = [x if isinstance(x, Value) else Value(x) for x in (p, *state)]
            if len(state) != slots:
                raise InexpressibleError(f"{len(state)} states of {slots}")
            self.names = {leaf: k for k, leaf in enumerate(self.leaves)}
            self.settings: dict[Value, float] = {}
            asked = [x for x in order(*self.roots) if getattr(x, "unknown", True)]
            said = tuple([self._said(x) for x in asked if x not in self.names])
            self.structure = (*said, tuple([self._name(root) for root in self.roots]))
        except Exception as error:  # whatever goes wrong in a rule of the user's own
            raise InexpressibleError(str(error)) from error

    def _said(self, node: AnyNode) -> tuple[Any, ...]:
        """A node's operation, and the names of its operands."""
        inputs, op = node.inputs, PRIMITIVES.get(getattr(node.op, "name", ""))
        if op is None or op is not node.op:
            raise InexpressibleError(f"{node.op} may hold numbers of its own")
        if op is POW and not inputs[1].unknown:
            said: tuple[Any, ...] = (op.name, self._name(inputs[0]), float(inputs[1].data))
        else:
            said = (op.name, *map(self._name, inputs))
        self.names[node] = len(self.names)
        return said

    def _name(self, x: Value) -> int:
        """The number of a node or a leaf; of a setting, a negative one."""
        if not x.unknown and x not in self.names:
            self.names[x] = ~len(self.settings)
            self.settings[x] = float(x.data)
        return self.names[x]

    def of(self, columns: Sequence[Any], settings: Iterator[Any], dtype: Any) -> list[Any]:
        """The new columns, of traced ones and of the rule's settings."""
        import jax.numpy as jnp

        known = dict(zip(self.leaves, columns, strict=True))
        known.update((x, next(settings)) for x in self.settings)
        new = [number(spelled(root, known, dtype), dtype) for root in self.roots]
        return [jnp.broadcast_to(x, columns[0].shape) for x in new]


class Rules:
    """The rules of an optimiser, each for a slice of its parameters."""

    def __init__(self, optimizer: Any, dtype: Any) -> None:
        rules = optimizer.rules()
        self.dtype = dtype
        self.rules = [Rule(rule, len(optimizer.state)) for rule, _ in rules]
        self.slices = [part for _, part in rules]
        self.settings = [x for rule in self.rules for x in rule.settings.values()]
        slices = tuple((part.start, part.stop) for part in self.slices)
        self.structure = (*[rule.structure for rule in self.rules], slices)

    def of(self, columns: Sequence[Any], settings: Any) -> list[Any]:
        """The new parameters and states, of traced columns and settings."""
        import jax.numpy as jnp

        numbers = iter(settings)
        parts = [
            rule.of([column[part] for column in columns], numbers, self.dtype)
            for rule, part in zip(self.rules, self.slices, strict=True)
        ]
        return parts[0] if len(parts) == 1 else [*map(jnp.concatenate, zip(*parts, strict=True))]
