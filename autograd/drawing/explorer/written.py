"""What `explore` returns: a page to be saved, opened in a browser or shown in a notebook."""

import html
import tempfile
import webbrowser
import zlib
from os import PathLike
from pathlib import Path

from ... import files

INLINE = 2_000_000  # characters: larger pages are not put into a notebook


class Page:
    """A self-contained HTML page; in a notebook it is shown in place, or linked to where large.

    `html` is its text, `path` the file in which it was saved last, `holds` says what is in it.
    """

    def __init__(self, html: str, holds: str = "") -> None:
        self.html, self.holds = html, holds
        self.path: Path | None = None

    def save(self, path: str | PathLike[str]) -> "Page":
        """Write the page to a file."""
        files.write(path, self.html)
        self.path = Path(path)
        return self

    def open(self) -> "Page":
        """Show the page in the browser; a temporary file is written where it was not saved.

        Where there is no browser, a line says which file to open elsewhere.
        """
        if self.path is None or not self.path.exists():
            self.save(Path(tempfile.mkdtemp(prefix="glassgrad-")) / "explorer.html")
        assert self.path is not None
        if not webbrowser.open(self.path.resolve().as_uri()):
            print(f"no browser was found here; this is the page to open in one: {self.path}")
        return self

    def _repr_html_(self) -> str:
        if len(self.html) <= INLINE:
            source = html.escape(self.html)
            return f'<iframe srcdoc="{source}" width="100%" height="720" frameborder="0"></iframe>'
        checksum = zlib.crc32(self.html.encode(errors="replace"))
        name = f"explorer-{checksum:08x}.html"
        files.write(name, self.html)
        return f'The page has {len(self.html) / 1e6:.0f} MB: <a href="{name}">{name}</a>'

    def __repr__(self) -> str:
        size = f"{len(self.html) / 1e6:.1f} MB"
        holds = f"{self.holds}, {size}" if self.holds else size
        if self.path is None:
            return f"<Page of {holds}; .save(path) writes it, .open() shows it in a browser>"
        return f"<Page {self.path}: {holds}; open it in a browser, or by .open()>"
