"""Pictures of models, their training and their mistakes: each function gives a matplotlib Figure.

Nothing is global and no window opens: `figure.savefig("picture.png")` writes a file, and as the
last line of a Jupyter cell a figure is shown. They need the extra `glassgrad[plots]`.
"""

from .curves import confusion, history
from .look import COLOURS, figure
from .maps import feature_maps
from .pixels import images, saliency
from .plane import boundary
from .weights import kernels

__all__ = [
    "COLOURS",
    "boundary",
    "confusion",
    "feature_maps",
    "figure",
    "history",
    "images",
    "kernels",
    "saliency",
]
