"""The 8×8 handwritten digits that come with the package."""

import csv
import gzip
import zlib
from importlib.resources import files
from pathlib import Path

from .dataset import DataError, Dataset

SAMPLES, PIXELS, INK = 1797, 64, 16
CHARACTERS = SAMPLES * (PIXELS + 1) * len("16.0,")  # at most


def digits(path: str | Path | None = None) -> Dataset:
    """1,797 handwritten digits, images (1, 8, 8) with 0 (paper) to 1 (ink), ten classes.

    "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak (1998), UCI Machine
    Learning Repository, CC BY 4.0. `path` reads a copy of `digits.csv.gz` from elsewhere.

    Raises DataError for a file that is damaged, cut short or of another kind.
    """
    source = Path(path) if path else files(__package__).joinpath("digits.csv.gz")
    try:
        with source.open("rb") as file, gzip.GzipFile(fileobj=file) as unzipped:
            text = unzipped.read(CHARACTERS).decode("ascii")
        rows = [[int(float(cell)) for cell in row] for row in csv.reader(text.splitlines())]
    except (EOFError, ValueError, OverflowError, csv.Error, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{source}: not the digits file, or damaged: {error}") from error
    if len(rows) != SAMPLES or any(not _is_sample(row) for row in rows):
        raise DataError(f"{source}: {len(rows)} rows, not the {SAMPLES} digits of {PIXELS} pixels")
    images = [[_square([v / INK for v in row[:PIXELS]])] for row in rows]
    return Dataset(images, [row[PIXELS] for row in rows], [str(k) for k in range(10)])


def _is_sample(row: list[int]) -> bool:
    return len(row) == PIXELS + 1 and min(row) >= 0 and max(row) <= INK and row[PIXELS] < 10


def _square(pixels: list[float]) -> list[list[float]]:
    return [pixels[k : k + 8] for k in range(0, PIXELS, 8)]
