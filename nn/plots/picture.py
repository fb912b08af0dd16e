"""The figure that all plots give. Imported late: this module needs matplotlib."""

import io
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure


class Picture(Figure):
    """A Figure that Jupyter shows, once, also where nobody has imported pyplot."""

    def _repr_png_(self) -> bytes:
        """What a notebook shows of the last line of a cell."""
        file = io.BytesIO()
        self.savefig(file, format="png", bbox_inches="tight")
        return file.getvalue()

    def save_small(self, path: str | Path, **options: Any) -> None:
        """Write a PNG of 256 colours, about a third as large as that of `savefig`."""
        from PIL import Image  # which matplotlib needs itself

        file = io.BytesIO()
        self.savefig(file, format="png", **options)
        with Image.open(file) as image:
            few = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        few.save(path, format="png", optimize=True)
