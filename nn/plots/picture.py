"""The figure that all plots give. Imported late: this module needs matplotlib."""

import io

from matplotlib.figure import Figure


class Picture(Figure):
    """A Figure that Jupyter shows, once, also where nobody has imported pyplot."""

    def _repr_png_(self) -> bytes:
        """What a notebook shows of the last line of a cell."""
        file = io.BytesIO()
        self.savefig(file, format="png", bbox_inches="tight")
        return file.getvalue()
