"""`draw`: a computation graph or a model as a Graphviz drawing."""

import os
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..value import Value
from .choose import choose
from .outline import Outline
from .render.dot import dot
from .render.engines import SECONDS, LayoutError, layout
from .render.svg import themed

try:
    import graphviz
except ImportError as missing:
    raise ImportError("drawings need the package graphviz: pip install graphviz") from missing

FORMATS = {".svg": "svg", ".png": "png", ".pdf": "pdf", ".dot": "dot", ".gv": "dot"}


class Drawing(graphviz.Digraph):
    """A `graphviz.Digraph` that is laid out by `dot` or, where there is none, by graphviz-pure.

    `source` is DOT, `pipe(format)` a picture, `render(path, format=...)` and `view()` write one.
    Its SVG follows light and dark pages. `outline` is what is drawn as plain data, and `seconds`
    how long a layout may take.
    """

    outline: Outline | None = None
    seconds: float = SECONDS

    def pipe(
        self,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        *,
        engine: str | None = None,
        encoding: str | None = None,
    ) -> Any:
        """The picture as bytes, or as text where an encoding is given; LayoutError if it fails."""
        wanted = format or self._format or "svg"
        try:
            made = layout(self.source, wanted, engine or self.engine or "dot", self.seconds)
        except LayoutError as error:
            raise LayoutError(self._advised(str(error))) from None
        if wanted == "svg":
            made = themed(made, self.outline.title if self.outline else "graph")
        return made.decode(encoding) if encoding else made

    def _advised(self, said: str) -> str:
        """An error with the size of the drawing, and how to get a smaller one."""
        if "did not finish" not in said or not self.outline:
            return said
        boxes, arrows = len(self.outline.boxes), len(self.outline.arrows)
        return (
            f"{said} for {boxes:,} boxes and {arrows:,} arrows: draw(root) without expand, depth "
            f"and limit collapses the drawing to layers; limit=100 bounds it"
        )

    def render(
        self,
        filename: Any = None,
        directory: Any = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        quiet_view: bool = False,
        *,
        outfile: Any = None,
        engine: str | None = None,
        raise_if_result_exists: bool = False,
        overwrite_source: bool = False,
    ) -> str:
        """Write the DOT source and the picture beside it; the picture's path."""
        if outfile is not None:
            format = format or Path(outfile).suffix.lstrip(".") or None
            filename = filename or Path(outfile).with_suffix(".gv")
        wanted = format or self._format or "svg"
        source = self.save(filename, directory=directory)
        target = Path(outfile) if outfile is not None else Path(f"{source}.{wanted}")
        if raise_if_result_exists and target.exists():
            raise graphviz.FileExistsError(f"output file exists: {str(target)!r}")
        target.write_bytes(self.pipe(wanted, engine=engine))
        if cleanup:
            os.remove(source)
        if view or quiet_view:
            webbrowser.open(target.resolve().as_uri())
        return str(target)

    def write(self, path: Any) -> None:
        """Write a file by its suffix, one of FORMATS; ValueError for others."""
        target = Path(path)
        format = FORMATS.get(target.suffix.lower())
        if format is None:
            known = ", ".join(FORMATS)
            raise ValueError(f"draw(..., {str(path)!r}): the suffix must be one of {known}")
        if format == "dot":
            target.write_text(self.source, encoding="utf-8")
        else:
            target.write_bytes(self.pipe(format))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> Any:
        """What Jupyter shows: the SVG, or the reason why there is none."""
        if not include and not exclude:
            try:
                return {
                    "image/svg+xml": self.pipe("svg", encoding="utf-8"),
                    "text/plain": repr(self),
                }
            except LayoutError as error:
                return {"text/plain": f"{self!r}: {error}"}
        return super()._repr_mimebundle_(include, exclude)

    def __repr__(self) -> str:
        if self.outline is None:
            return super().__repr__()
        boxes, arrows = len(self.outline.boxes), len(self.outline.arrows)
        return f"<Drawing of the {self.outline.title}: {boxes} boxes, {arrows} arrows>"


def draw(
    root: Any,
    path: Any = None,
    *,
    depth: int | None = None,
    expand: str | Sequence[str] = (),
    slice: Value | None = None,
    values: bool = True,
    gradients: bool = True,
    rankdir: str = "LR",
    limit: int = 500,
    paths: int = 8,
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
    left out. With a path the drawing is written there by its suffix: .svg, .png, .dot, .gv, and
    .pdf where Graphviz itself is installed.

    >>> from autograd import Value
    >>> a = Value(2.0, label="a")
    >>> len(draw(a * a + 1).outline.arrows)
    4

    Raises ValueError for names that are not there, LayoutError where a picture cannot be made.
    """
    if rankdir not in ("LR", "TB", "RL", "BT"):
        raise ValueError(f"rankdir={rankdir!r}: must be LR, TB, RL or BT")
    outline = choose(
        root, depth=depth, expand=expand, slice=slice, values=values, gradients=gradients,
        limit=limit, paths=paths,
    )  # fmt: skip
    drawing = Drawing("glassgrad", body=dot(outline, rankdir))
    drawing.outline = outline
    if path is not None:
        drawing.write(path)
    return drawing
