"""`draw`: a computation graph or a model as a Graphviz drawing."""

import os
import webbrowser
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, overload

from .. import files
from ..value import Value
from .compose.modules import model_outline
from .compose.outlines import compose
from .outline import Outline
from .render.dot import dot
from .render.engines import SECONDS, LayoutError, layout
from .render.extent import direction
from .render.legend import legend as explained
from .render.svg import themed
from .select.choose import choose, request

try:
    import graphviz
except ImportError as missing:
    raise ImportError("drawings need the package graphviz: pip install graphviz") from missing

FORMATS = {".svg": "svg", ".png": "png", ".pdf": "pdf", ".dot": "dot", ".gv": "dot"}
MIME_TYPES = {"image/svg+xml": "svg", "image/png": "png"}
AnyPath = str | PathLike[str]


@dataclass(repr=False)
class Drawing:
    """A `graphviz.Digraph` that is laid out by `dot` or, where there is none, by graphviz-pure.

    `source` is DOT, `pipe(format)` a picture, `save`, `render` and `view` write one; `digraph` is
    the Digraph itself, to which `node`, `edge` and `attr` add. SVG follows light and dark pages.
    `outline` is what is drawn as plain data, and `seconds` how long a layout may take.
    """

    outline: Outline
    digraph: Any  # a graphviz.Digraph, which has no types
    format: str = "svg"
    engine: str = "dot"
    seconds: float = SECONDS

    @property
    def source(self) -> str:
        """The drawing in DOT, Graphviz's language."""
        return str(self.digraph.source)

    @property
    def body(self) -> list[str]:
        """The lines of the source between the braces; appending to them adds to the drawing."""
        lines: list[str] = self.digraph.body
        return lines

    def node(self, name: str, label: str | None = None, **attributes: str) -> None:
        """Add a box of one's own."""
        self.digraph.node(name, label, **attributes)

    def edge(self, tail: str, head: str, label: str | None = None, **attributes: str) -> None:
        """Add an arrow, for instance from a box of one's own to `n0`."""
        self.digraph.edge(tail, head, label, **attributes)

    def attr(self, kind: str | None = None, **attributes: str) -> None:
        """Set attributes of the "graph", of each "node" or "edge" that follows, as Digraph does."""
        self.digraph.attr(kind, **attributes)

    def copy(self) -> "Drawing":
        """A drawing of its own with the same contents."""
        return replace(self, digraph=self.digraph.copy())

    @overload
    def pipe(
        self, format: str | None = None, *, engine: str | None = None, encoding: None = None
    ) -> bytes: ...
    @overload
    def pipe(
        self, format: str | None = None, *, engine: str | None = None, encoding: str
    ) -> str: ...
    def pipe(
        self,
        format: str | None = None,
        *,
        engine: str | None = None,
        encoding: str | None = None,
    ) -> bytes | str:
        """The picture as bytes, or as text where an encoding is given; LayoutError if it fails."""
        format = format or self.format
        try:
            made = layout(self.source, format, engine or self.engine, self.seconds)
        except LayoutError as error:
            raise LayoutError(self._advised(str(error))) from None
        if format == "svg":
            made = themed(made, self.outline.title)
        return made.decode(encoding) if encoding else made

    def _advised(self, said: str) -> str:
        """An error with the size of the drawing, and how to get a smaller one."""
        if "did not finish" not in said:
            return said
        boxes, arrows = len(self.outline.boxes), len(self.outline.arrows)
        return (
            f"{said} for {boxes:,} boxes and {arrows:,} arrows: draw(root) without expand, depth "
            f"and limit collapses the drawing to layers; limit=100 bounds it"
        )

    def save(self, filename: AnyPath | None = None, directory: AnyPath | None = None) -> str:
        """Write the DOT source; its path, `glassgrad.gv` unless a name is given."""
        digraph = self.digraph
        digraph.filename = digraph.filename if filename is None else os.fspath(filename)
        digraph.directory = digraph.directory if directory is None else os.fspath(directory)
        Path(digraph.filepath).parent.mkdir(parents=True, exist_ok=True)
        files.write(digraph.filepath, self.source)
        return str(digraph.filepath)

    def render(
        self,
        filename: AnyPath | None = None,
        directory: AnyPath | None = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        *,
        outfile: AnyPath | None = None,
        engine: str | None = None,
        raise_if_result_exists: bool = False,
    ) -> str:
        """Write the DOT source and the picture beside it; the picture's path.

        `outfile` names the picture, `cleanup` removes the source, `view` opens the picture.
        """
        if outfile is not None:
            format = format or Path(outfile).suffix.lstrip(".") or None
            filename = filename or Path(outfile).with_suffix(".gv")
        format = format or self.format
        source = self.save(filename, directory)
        target = Path(outfile) if outfile is not None else Path(f"{source}.{format}")
        if raise_if_result_exists and target.exists():
            raise graphviz.FileExistsError(f"output file exists: {str(target)!r}")
        files.write(target, self.pipe(format, engine=engine))
        if cleanup:
            os.remove(source)
        if view:
            webbrowser.open(target.resolve().as_uri())
        return str(target)

    def view(
        self,
        filename: AnyPath | None = None,
        directory: AnyPath | None = None,
        cleanup: bool = False,
    ) -> str:
        """Write the picture and open it; its path."""
        return self.render(filename, directory, view=True, cleanup=cleanup)

    def write(self, path: AnyPath) -> None:
        """Write a file by its suffix, one of FORMATS; ValueError for others."""
        format = FORMATS.get(Path(path).suffix.lower())
        if format is None:
            known = ", ".join(FORMATS)
            raise ValueError(f"draw(..., {str(path)!r}): the suffix must be one of {known}")
        files.write(path, self.source if format == "dot" else self.pipe(format))

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, str | bytes]:
        """What Jupyter shows: the SVG and a line of text, or the reason why there is no picture."""
        shown: dict[str, str | bytes] = {"text/plain": repr(self)}
        for mime in {*(include or ["image/svg+xml"])} & MIME_TYPES.keys() - {*(exclude or ())}:
            try:
                made = self.pipe(MIME_TYPES[mime])
            except LayoutError as error:
                shown["text/plain"] = f"{self!r}: {error}"
            else:
                shown[mime] = made.decode() if mime == "image/svg+xml" else made
        return shown

    def __repr__(self) -> str:
        boxes, arrows = len(self.outline.boxes), len(self.outline.arrows)
        return f"<Drawing of the {self.outline.title}: {boxes} boxes, {arrows} arrows>"


def draw(
    root: Any,
    path: AnyPath | None = None,
    *,
    depth: int | None = None,
    expand: str | Sequence[str] = (),
    slice: Value | None = None,
    values: bool = True,
    gradients: bool = True,
    rankdir: str | None = None,
    limit: int = 500,
    paths: int = 8,
    legend: bool = True,
) -> Drawing:
    """Draw the graph behind a Value or a Tensor, or the modules of a model.

    A small graph is drawn scalar by scalar: data, gradient, and on each arrow the chain rule
    `upstream · partial = contribution`. A large one is collapsed to its layers, and one entry of
    a layer's output, `activation[3, 4, 5]`, is drawn with its arithmetic in that layer. A gradient
    is — until `backward()` has run; an exponent without a label, as in `x ** 2`, shows none.

    `expand` opens a layer to its channels ("conv1"), a channel ("conv1[3]"; of a batch
    "conv1[0,3]"), or one entry down to its scalars ("conv1[3,4,5]"). `slice` is a node, and draws
    the strongest `paths` from it to the root. `depth` counts the levels of modules that are opened,
    or of operations behind the root. `limit` caps the boxes; a note in the drawing says what was
    left out. `rankdir` is LR, TB, RL or BT; by default arrows go to the right, or down where the
    drawing would be wider than a page. `legend=False` leaves away what explains the colours. With
    a path the drawing is written there by its suffix: .svg, .png, .dot, .gv, and .pdf where
    Graphviz itself is installed.

    >>> from autograd import Value
    >>> a = Value(2.0, label="a")
    >>> len(draw(a * a + 1).outline.arrows)
    4

    Raises ValueError for names that are not there, LayoutError where a picture cannot be made.
    """
    if rankdir not in (None, "LR", "TB", "RL", "BT"):
        raise ValueError(f"rankdir={rankdir!r}: must be LR, TB, RL, BT or None")
    asked = request(root, depth, expand, slice, limit, paths)
    outline = compose(choose(asked), values, gradients) if asked else model_outline(root, depth)
    below = explained(outline) if legend else ()
    body = dot(outline, rankdir or direction(outline), below)
    drawing = Drawing(outline, graphviz.Digraph("glassgrad", body=body))
    if path is not None:
        drawing.write(path)
    return drawing
