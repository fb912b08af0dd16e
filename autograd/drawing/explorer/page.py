"""The explorer's page: a graph and the files of `explorer/`, put together as one HTML file."""

import base64
import html
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...colours import DARK, DARK_HEAT, LIGHT, LIGHT_HEAT, ON_DARK, ON_LIGHT, ROLES, THIN, WIDE
from ...tensor import Tensor
from ...value import Value
from ..read import words
from ..read.graph import Graph
from .epochs import Epoch, moments
from .learning import carry, images_for, lesson_of
from .roots import roots_of
from .snapshot import Snapshot
from .written import Page

SOURCES = resources.files(__package__)
FOLDERS = ("engine", "parts", "cards", "panes", "page")  # each imports from those before it
DTYPE_CODES = {"uint8": "u1", "int32": "i4", "float32": "f4", "float64": "f8"}


def explore(
    root: Any,
    path: str | PathLike[str] | None = None,
    *,
    program: Any = None,
    title: str = "",
    at: Value | None = None,
    epochs: Sequence[Epoch] = (),
    samples: Any = None,
    validation: Any = None,
    parameters: Iterable[Tensor | Value] | None = None,
    index: int = 0,
) -> Page:
    """A page that shows how a number was computed and how its gradient flows back.

    Layers' results are heat maps, and so is every tensor with a name: `weights.rename("attention")`
    in a forward shows them. The page holds the whole graph behind a Value (or behind all entries of
    a Tensor): open it in a browser, no server or network is needed. Gradients are those of the
    root, computed for the page; `grad` of the nodes stays as it is. A `Program` of
    `autograd.compile` adds what it made of the layers. With a path the page is written there. It
    opens with the node `at` selected.

    `epochs` are the numbers of leaves at several moments, [(words, {parameter: numbers}), ...], as
    `nn.Epochs` keeps them during a training; a slider puts them into the graph.

    A page that learns is made of a function of one sample, as `autograd.compile` takes it:
    `explore(lambda x, t: loss(model(x), t), samples=data, parameters=model.parameters())`. Samples
    are a data set, (X, Y), or a list of pairs; whole-number labels become one-hot rows. The page
    shows the sample at an `index`, chooses others, and trains. From those of `validation` (by
    default a fifth of all) it does not learn. The function returns a loss, or (loss, scores).
    Samples for a root that is recorded already are other images for its input.

    Raises TypeError for what is neither a Value nor a Tensor, UnknownNumberError while a function
    is being recorded, or where it decides by numbers, and ValueError for epochs of other tensors,
    or a node of another graph.
    """
    snapshot, root = explored(root, samples, validation, parameters, index)
    if at is not None:
        snapshot.add({"at": _number(snapshot.graph, at)}, {})
    if epochs:
        snapshot.add(*moments(snapshot.graph, epochs, snapshot.float))
    made = Page(page(snapshot, title or _title(root), _explained(program)), _holds(snapshot))
    return made if path is None else made.save(path)


def explored(
    root: Any, samples: Any = None, validation: Any = None, parameters: Any = None, index: int = 0
) -> tuple[Snapshot, Value | Tensor]:
    """What a page carries of a root, or of a function and its samples; and the root."""
    lesson = None
    if isinstance(parameters, Iterator):
        parameters = list(parameters)
    if samples is not None and callable(root):
        lesson = lesson_of(root, samples, validation, parameters, index)
        root = lesson.root
    graph = Graph(roots_of(root))
    if samples is not None and lesson is None:
        lesson = images_for(root, graph, samples)
    snapshot = Snapshot(graph)
    carry(snapshot, lesson, parameters)
    return snapshot, root


def _number(graph: Graph, at: Value) -> int:
    """A node's number; ValueError for one of another graph."""
    if at not in graph.number:
        raise ValueError(f"explore(at=...): {at!r} is not in the graph of the root")
    return graph.number[at]


def _title(root: Value | Tensor) -> str:
    name = root.label if isinstance(root, Value) else ""
    return f"{name or 'The graph'} · Glassgrad"


def _holds(snapshot: Snapshot) -> str:
    """How much a page holds, in words."""
    header = snapshot.header
    sizes = {
        "node": len(snapshot.graph.nodes),
        "layer": sum(bool(stage.kind or stage.call) for stage in snapshot.stages),
        "sample": header["samples"]["count"] if "samples" in header else 0,
        "epoch": len(header.get("epochs", ())),
    }
    return ", ".join(f"{n:,} {what}{'s' * (n != 1)}" for what, n in sizes.items() if n)


def _explained(program: Any) -> dict[str, str]:
    """{scope: what a compiled program made of it}."""
    if program is None:
        return {}
    scopes = dict.fromkeys(str(kernel.scope) for kernel in program.plan.forward if kernel.scope)
    return {scope: program.explain(scope) for scope in scopes}


def page(snapshot: Snapshot, title: str, programs: Mapping[str, str]) -> str:
    """One self-contained HTML page; `programs` explains layers as they were compiled, by path."""
    header = {**snapshot.header, "programs": dict(programs)}
    text = _read("page.html")
    for marker, part in [
        ("/*{{style}}*/", _variables() + _styles()),
        ("{{graph}}", _packed(_blob(header, snapshot.arrays))),
        ("{{viz}}", _viz()),
        ("{{worker}}", _read("cards/layout.worker.js")),
        ('"{{modules}}"', json.dumps(_modules(snapshot.primitives))),
        ("{{title}}", html.escape(title)),  # last: a title may look like a marker
    ]:
        text = text.replace(marker, part)
    return text


def _read(name: str) -> str:
    return (SOURCES / name).read_text(encoding="utf-8")


def _packed(data: bytes) -> str:
    """Deflated, in base64: it can hold no markup, and browsers inflate it themselves."""
    return base64.b64encode(zlib.compress(data, 6)).decode("ascii")


@cache
def _viz() -> str:
    return _packed((SOURCES / "vendor" / "viz-global.js").read_bytes())


def _sources(suffix: str) -> dict[str, str]:
    """The page's own files of one kind, by their paths: `engine/graph.js`."""
    return {
        f"{folder}/{entry.name}": entry.read_text(encoding="utf-8")
        for folder in FOLDERS
        for entry in sorted((SOURCES / folder).iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(suffix)
    }


def _styles() -> str:
    return "\n".join(_sources(".css").values())


def _modules(primitives: str) -> dict[str, str]:
    """An import map: every module of the page by its path, as a data URL."""
    texts = {**_sources(".js"), "palette.js": palette(), "primitives.js": primitives}
    return {
        name.removesuffix(".js"): _module(name, text)
        for name, text in texts.items()
        if not name.endswith(".worker.js")
    }


def palette() -> str:
    """The module `palette`: what colours, widths and signs mean, here as in drawings."""
    light = LIGHT._asdict() | {"heat": LIGHT_HEAT._asdict()}
    dark = DARK._asdict() | {"heat": DARK_HEAT._asdict()}
    arrows = {"positive": words.POSITIVE, "negative": words.NEGATIVE, "nothing": words.NOTHING,
              "large": words.LARGE, "rule": words.AT_ARROWS}  # fmt: skip
    constants = {
        **{"LIGHT": light, "DARK": dark, "ON_LIGHT": ON_LIGHT, "ON_DARK": ON_DARK},
        **{"THIN": THIN, "WIDE": WIDE, "ROLE_WORDS": words.ROLE_WORDS, "ARROW_WORDS": arrows},
    }
    return "".join(f"export const {name} = {json.dumps(x)};\n" for name, x in constants.items())


def _variables() -> str:
    """The palette as variables of CSS: `var(--ink)`, `var(--input)`, `var(--input-border)`."""
    light = LIGHT._asdict() | {name: role.fill for name, role in ROLES.items()}
    light |= {f"{name}-border": role.border for name, role in ROLES.items()}
    dark = DARK._asdict() | {name: role.dark for name, role in ROLES.items()}
    rules = (
        ":root{" + "".join(f"--{name}:{value};" for name, value in theme.items()) + "}"
        for theme in (light, dark)
    )
    return "{}@media (prefers-color-scheme:dark){{{}}}\n".format(*rules)


def _module(name: str, text: str) -> str:
    """A module as a data URL; browsers' tools call it by its name."""
    text = f"{text}\n//# sourceURL=explorer/{name}\n"
    return "data:text/javascript;base64," + base64.b64encode(text.encode()).decode("ascii")


def _blob(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The header's length, the header as JSON, and the arrays as planes of bytes."""
    listed = [[name, DTYPE_CODES[a.dtype.name], len(a)] for name, a in arrays.items()]
    text = json.dumps({**header, "arrays": listed}).encode()
    return b"".join([len(text).to_bytes(4, "little"), text, *map(_planes, arrays.values())])


def _planes(array: NDArray[Any]) -> bytes:
    """All first bytes, all second bytes, ...; of integers, of their differences."""
    if array.dtype == np.int32:
        array = np.diff(array, prepend=np.int32(0)).astype(np.int32)
    little = array.astype(array.dtype.newbyteorder("<"))
    return little.view(np.uint8).reshape(len(array), array.itemsize).T.tobytes()
