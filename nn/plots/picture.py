"""The figure that all plots give. Imported late: this module needs matplotlib."""

import io
import os
from pathlib import Path
from typing import Any

from matplotlib import rcParams
from matplotlib.figure import Figure

from autograd import files


class Picture(Figure):
    """A Figure that Jupyter shows, once, also where nobody has imported pyplot."""

    def _repr_png_(self) -> bytes:
        """What a notebook shows of the last line of a cell."""
        file = io.BytesIO()
        self.savefig(file, format="png", bbox_inches="tight")
        return file.getvalue()

    def savefig(self, fname: Any, **options: Any) -> None:
        """Write a picture as matplotlib does; its file is replaced as a whole or not at all."""
        if not isinstance(fname, str | os.PathLike):
            return super().savefig(fname, **options)
        path = Path(fname)
        format = options.pop("format", None) or path.suffix[1:]
        if not format:
            format = rcParams["savefig.format"]
            path = path.with_name(f"{path.name}.{format}")
        file = io.BytesIO()
        super().savefig(file, format=format, **options)
        return files.write(path, file.getvalue())

    def save_small(self, path: str | os.PathLike[str], **options: Any) -> None:
        """Write a PNG; with 256 colours if it were over 64 kB, a third as large as by `savefig`."""
        file = io.BytesIO()
        self.savefig(file, format="png", **options)
        if len(file.getvalue()) > 64_000:
            file = _with_few_colours(file)
        files.write(path, file.getvalue())


def _with_few_colours(file: io.BytesIO) -> io.BytesIO:
    from PIL import Image  # which matplotlib needs itself

    small = io.BytesIO()
    with Image.open(file) as image:
        few = image.convert("RGB").quantize(256, kmeans=1, dither=Image.Dither.NONE)
    few.save(small, format="png", optimize=True)
    return small
