"""One image from a file, and as a model takes it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..optional import needs
from .dataset import DataError

MODES = {1: "L", 3: "RGB", 4: "RGBA"}  # Pillow's names for so many channels


def read(path: Path, channels: int | None = None) -> Any:
    """An image file as an array (C, H, W): of bytes, or of a .npy file as it stands.

    Grey or colour as `channels` asks, by default as the file has it; where it is transparent, it is
    white. DataError for a file that is none, or damaged.
    """
    import numpy as np

    if path.suffix == ".npy":
        array = _of_numpy(path)
    else:
        array = np.asarray(_of_pillow(path, channels))
        array = array if array.ndim == 2 else array.transpose(2, 0, 1)
    return array[None] if array.ndim == 2 else array


def _of_numpy(path: Path) -> Any:
    import numpy as np

    with open(path, "rb") as file:
        try:
            array = np.load(file, allow_pickle=False)
        except (EOFError, ValueError) as error:
            raise DataError(f"{path}: not a .npy file, or damaged") from error
    if getattr(array, "dtype", np.dtype(object)).kind not in "buif":
        raise DataError(f"{path}: holds no array of numbers")
    return array


def _of_pillow(path: Path, channels: int | None) -> Any:
    """Pillow's image with one byte a channel."""
    import numpy as np

    pillow = needs("PIL.Image", f"reading {path.name}", "glassgrad[plots]")
    with open(path, "rb") as file:
        try:
            image = pillow.open(file)
            image.load()
        except Exception as error:  # whatever a decoder says of a damaged file
            raise DataError(f"{path}: not an image, or damaged: {error}") from error
    if image.mode.startswith("I"):  # two bytes a channel
        image = pillow.fromarray((np.asarray(image) // 257).astype(np.uint8))
    grey = image.mode in ("1", "L", "LA")
    if channels != 4 and image.has_transparency_data:
        paper = pillow.new("RGBA", image.size, "white")
        image = pillow.alpha_composite(paper, image.convert("RGBA"))
    return image.convert(MODES.get(channels or 0) or ("L" if grey else "RGB"))


def prepared(
    pixels: Any,
    scale: float = 255,
    invert: bool = False,
    mean: float | Sequence[float] = 0,
    std: float | Sequence[float] = 1,
) -> Any:
    """Bytes (C, H, W) as a model takes them: (x - mean) / std of x = pixels / scale, or 1 - that.

    `mean` and `std` are numbers, or one a channel.
    """
    import numpy as np

    x = pixels / scale
    x = 1 - x if invert else x
    return (x - np.reshape(mean, (-1, 1, 1))) / np.reshape(std, (-1, 1, 1))
