"""Where a recorded function met a number that is not known: the line, the layer, the Value."""

import linecache
import re
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from types import TracebackType
from typing import Any

from ...numbers.kinds import UnknownNumberError, is_unknown
from ...tensor import Tensor
from ...value import Value

_OURS = ("autograd", "nn")
_SHIFT = (
    "; a softmax needs no shift by hand: autograd.softmax, log_softmax and logsumexp take lists of "
    "Values, and subtract the maximum themselves"
)


@contextmanager
def placed() -> Iterator[None]:
    """Say of an `UnknownNumberError` where the number entered."""
    try:
        yield
    except UnknownNumberError as error:
        line = _line(error.__traceback__)
        if line:
            text, named, place = line
            layer = f" in {error.scope}" if error.scope else ""
            values = "".join(f"; {value}" for value in named)
            shift = _SHIFT * bool(re.search(r"\bmax\b|softmax|logit", text))
            error.args = (f"{place}{layer}: {text}{values}: {error}{shift}",)
        raise


def _line(tracebacks: TracebackType | None) -> tuple[str, list[str], str] | None:
    """The text of the user's innermost line, the unknown Values that it names, and its place."""
    frames = [(f, n) for f, n in traceback.walk_tb(tracebacks) if not _is_ours(f.f_globals)]
    if not frames:
        return None
    frame, number = frames[-1]
    file = frame.f_code.co_filename
    text = linecache.getline(file, number, frame.f_globals).strip()
    names = dict.fromkeys(re.findall(r"[A-Za-z_][\w.]*", text))
    variables = {**frame.f_globals, **frame.f_locals}
    said = (_said(name, _found(name, variables)) for name in names)
    return text, list(islice(filter(None, said), 2)), f"{file}:{number}"


def _is_ours(variables: dict[str, Any]) -> bool:
    return str(variables.get("__name__")).partition(".")[0] in _OURS


def _found(name: str, variables: dict[str, Any]) -> Any:
    """What a name such as `self.weight` stands for, as far as it is no property."""
    first, *rest = name.split(".")
    x = variables.get(first)
    for part in rest:
        if isinstance(x, Value | Tensor):
            break
        x = getattr(x, "__dict__", {}).get(part)
    return x


def _said(name: str, x: Any) -> str:
    """How an unknown Value was made, or the first of several."""
    several: Iterable[Any] = x.values if isinstance(x, Tensor) else x
    if isinstance(several, list | tuple):
        x = next((v for v in several if is_unknown(v)), None)
        name = f"an entry of {name}"
    if not isinstance(x, Value) or not x.unknown:
        return ""
    label = f" {x.label}" if x.label else ""
    made = f", made by {x.op.name}" + f" in {x.scope}" * bool(x.scope) if x.op else ", an input"
    return f"{name.partition('.data')[0].partition('.item')[0]} is{label or ' a Value'}{made}"
