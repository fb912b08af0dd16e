"""A PyTorch module for what was recorded: it carries out a graph of operations."""

from typing import Any

from ..nests import formed
from .torch_operations import run


def make(torch: Any) -> Any:
    """The class `Recorded` of PyTorch's modules."""
    base: Any = torch.nn.Module

    class Recorded(base):
        """What a module did whose forward is its own, in evaluation: `operations` on tensors.

        Parameters are those of the module, by its paths; the constants are no part of the state.
        """

        def __init__(self, graph: Any) -> None:
            super().__init__()
            self._graph = graph
            for k, numbers in enumerate(graph.constants.values()):
                self.register_buffer(f"_constant{k}", _constant(torch, numbers), persistent=False)

        def forward(self, *inputs: Any) -> Any:
            graph = self._graph
            known = dict(zip((name for name, _ in graph.inputs), inputs, strict=True))
            known |= {path: _at(self, path) for path, _ in graph.parameters}
            known |= {x: getattr(self, f"_constant{k}") for k, x in enumerate(graph.constants)}
            for operation in graph.operations:
                x = [known[x] if isinstance(x, str) else x for x in operation.inputs]
                known[operation.name] = run(torch, operation, *x)
            return formed(graph.results, known.__getitem__)

        def extra_repr(self) -> str:
            return f"{len(self._graph.operations)} operations"

    return Recorded


def _constant(torch: Any, numbers: Any) -> Any:
    made = torch.as_tensor(numbers)
    return made.to(torch.get_default_dtype()) if made.is_floating_point() else made


def _at(module: Any, path: str) -> Any:
    for name in path.split("."):
        module = getattr(module, name)
    return module
