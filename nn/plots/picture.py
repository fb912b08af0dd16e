"""The figure that all plots give. Imported late: this module needs matplotlib."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matplotlib import rcParams
from matplotlib.figure import Figure

from autograd import files


class Picture(Figure):
    """A Figure that Jupyter shows, once, also where nobody has imported pyplot."""

    @property
    def alt(self) -> str:
        """The words on the picture in one line, for those who cannot see it."""
        said = (" ".join(words.split()) for words in self._words())
        kept = dict.fromkeys(words for words in said if any(map(str.isalpha, words)))
        return ". ".join(kept) or "a picture without words"

    def _words(self) -> Iterator[str]:
        """What is written over the parts and on them; numbers at ticks are left out."""
        yield from (text.get_text() for text in self.texts)
        for axes in self.axes:
            yield from (axes.get_title("left"), axes.get_title(), axes.get_title("right"))
            yield from (axes.get_ylabel(), axes.get_xlabel())
            yield from axes.get_legend_handles_labels()[1]
            yield from (text.get_text() for text in axes.texts)

    def _repr_png_(self) -> tuple[bytes, dict[str, str]]:
        """What a notebook shows of the last line of a cell, and its alternative text."""
        return self._small(bbox_inches="tight"), {"alt": self.alt}

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
        files.write(path, self._small(**options))

    def _small(self, **options: Any) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", **options)
        if len(file.getvalue()) > 64_000:
            file = with_few_colours(file)
        return file.getvalue()


def with_few_colours(file: io.BytesIO) -> io.BytesIO:
    """A PNG with 256 colours in place of a PNG."""
    from PIL import Image  # which matplotlib needs itself

    small = io.BytesIO()
    with Image.open(file) as image:
        few = image.convert("RGB").quantize(256, kmeans=1, dither=Image.Dither.NONE)
    few.save(small, format="png", optimize=True)
    return small
