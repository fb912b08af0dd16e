"""The explorer's page: a graph and the files of `explorer/`, put together as one HTML file."""

import base64
import html
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import files
from ...colours import DARK, DARK_HEAT, LIGHT, LIGHT_HEAT
from ...numbers.kinds import UnknownNumberError
from ...tensor import Tensor
from ...value import Value
from ..read.graph import Graph
from .learning import carry, images_for, lesson_of
from .snapshot import Snapshot

SOURCES = resources.files(__package__)
FOLDERS = ("engine", "parts", "cards", "panes", "page")  # each imports from those before it
DTYPE_CODES = {"uint8": "u1", "int32": "i4", "float32": "f4", "float64": "f8"}
INLINE = 2_000_000  # characters: larger pages are not put into a notebook


class Page:
    """A self-contained HTML page; in a notebook it is shown in place, or linked to where large."""

    def __init__(self, html: str) -> None:
        self.html = html

    def save(self, path: str | PathLike[str]) -> "Page":
        """Write the page to a file."""
        files.write(path, self.html)
        return self

    def _repr_html_(self) -> str:
        if len(self.html) <= INLINE:
            source = html.escape(self.html)
            return f'<iframe srcdoc="{source}" width="100%" height="720" frameborder="0"></iframe>'
        checksum = zlib.crc32(self.html.encode(errors="replace"))
        name = f"explorer-{checksum:08x}.html"
        self.save(name)
        return f'The page has {len(self.html) / 1e6:.0f} MB: <a href="{name}">{name}</a>'

    def __repr__(self) -> str:
        return f"<Page of {len(self.html) / 1e6:.1f} MB; save(path) writes it>"


def explore(
    root: Any,
    path: str | PathLike[str] | None = None,
    *,
    program: Any = None,
    title: str = "",
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
    `autograd.compile` adds what it made of the layers. With a path the page is written there.

    A page that learns is made of a function of one sample, as `autograd.compile` takes it:
    `explore(lambda x, t: loss(model(x), t), samples=data, parameters=model.parameters())`. Samples
    are a data set, (X, Y), or a list of pairs; whole-number labels become one-hot rows. The page
    shows the sample at an `index`, chooses others, and trains. From those of `validation` (by
    default a fifth of all) it does not learn. The function returns a loss, or (loss, scores).
    Samples for a root that is recorded already are other images for its input.

    Raises TypeError for what is neither a Value nor a Tensor, and UnknownNumberError while a
    function is being recorded, or where it decides by numbers.
    """
    snapshot, root = explored(root, samples, validation, parameters, index)
    made = Page(page(snapshot, title or _title(root), _explained(program)))
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
    graph = Graph(_roots(root))
    if samples is not None and lesson is None:
        lesson = images_for(root, graph, samples)
    snapshot = Snapshot(graph)
    carry(snapshot, lesson, parameters)
    return snapshot, root


def _roots(root: Value | Tensor) -> list[Value]:
    """What a graph is explored from: each Value once."""
    if not isinstance(root, Value | Tensor):
        got = type(root).__name__
        hint = "; a function of one sample needs samples=" if callable(root) else ""
        raise TypeError(f"explore(root): root must be a Value or a Tensor, got a {got}{hint}")
    roots = [root] if isinstance(root, Value) else list(root.values)
    if not roots:
        raise ValueError("explore(root): the tensor has no entries")
    if any(v.unknown for v in roots):
        raise UnknownNumberError("explore() in a compiled function: there are no numbers yet")
    return list(dict.fromkeys(roots))


def _title(root: Value | Tensor) -> str:
    name = root.label if isinstance(root, Value) else ""
    return f"{name or 'The graph'} · Glassgrad"


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
    """The module `palette`: LIGHT and DARK, each with the colours of numbers as its `heat`."""
    light = LIGHT._asdict() | {"heat": LIGHT_HEAT._asdict()}
    dark = DARK._asdict() | {"heat": DARK_HEAT._asdict()}
    return f"export const LIGHT = {json.dumps(light)};\nexport const DARK = {json.dumps(dark)};\n"


def _variables() -> str:
    """The palette as variables of CSS: `var(--ink)`."""
    light, dark = (
        ":root{" + "".join(f"--{name}:{value};" for name, value in theme._asdict().items()) + "}"
        for theme in (LIGHT, DARK)
    )
    return f"{light}@media (prefers-color-scheme:dark){{{dark}}}\n"


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
