"""IDX files, the format of MNIST and the sets made after it: unsigned bytes, plain or gzip."""

import gzip
import math
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from .dataset import DataError, Dataset

ENTRIES = 2**30  # the largest set in use, EMNIST by class, has 547 million
RATIO = 1032  # deflate codes at most 258 bytes in 2 bits
CHUNK = 2**20
UNSIGNED_BYTE = 0x08
AXES = {1: "labels", 3: "images"}


def idx(images_path: str | Path, labels_path: str | Path, class_names: Sequence[str]) -> Dataset:
    """The images and labels of two IDX files: an array (N, 1, H, W) of float32 from 0 to 1.

    `class_names[label]` names a class; labels start at 0. EMNIST's images lie on their side:
    swap their last two axes.

    DataError where a file is of another kind, damaged, cut short, or claims more than it holds;
    its size is checked before memory is taken.
    """
    images, labels = read(images_path, 3), read(labels_path, 1)
    if len(images) != len(labels):
        counts = f"{len(images)} images, and {labels_path} has {len(labels)} labels"
        raise DataError(f"{images_path} has {counts}")
    numbers = labels.tolist()
    for k, label in enumerate(numbers):
        if label >= len(class_names):
            needed = f"there are {len(class_names)} classes"
            raise DataError(f"{labels_path}: label {label} of sample {k}; {needed}")
    return Dataset(_from_0_to_1(images[:, None]), numbers, class_names)


def _from_0_to_1(pixels: Any) -> Any:
    import numpy as np

    return np.divide(pixels, 255, dtype=np.float32)


def read(path: str | Path, ndim: int) -> Any:
    """An array of unsigned bytes with this number of axes; DataError for any other file."""
    import numpy as np

    path = Path(path)
    if path.is_dir():
        raise DataError(f"{path}: a folder, not a file of {AXES[ndim]}")
    with open(path, "rb") as file:
        try:
            shape, entries = _entries(file, ndim)
        except (DataError, EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise DataError(f"{path}: not a file of {AXES[ndim]}, or damaged: {error}") from error
    return np.frombuffer(entries, np.uint8).reshape(shape)


def _entries(file: BinaryIO, ndim: int) -> tuple[tuple[int, ...], bytearray]:
    """Shape and entries; they are read as they come, and never more than one byte too many."""
    size = os.fstat(file.fileno()).st_size
    zipped = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    stream: Any = gzip.GzipFile(fileobj=file) if zipped else file
    shape = _shape(stream, ndim)
    expected = math.prod(shape)
    _check_size(expected, size, size * RATIO if zipped else size)
    entries = bytearray()
    while len(entries) <= expected:
        chunk = stream.read(min(CHUNK, expected + 1 - len(entries)))
        if not chunk:
            break
        entries += chunk
    if len(entries) != expected:
        held = "more" if len(entries) > expected else len(entries)
        raise DataError(f"its header promises {expected} entries {shape}, it has {held}")
    return shape, entries


def _shape(stream: BinaryIO, ndim: int) -> tuple[int, ...]:
    """The sizes of the axes: zero, zero, type, number of axes, then a big-endian int each."""
    header = stream.read(4 + 4 * ndim)
    magic = bytes([0, 0, UNSIGNED_BYTE, ndim])
    if header[:4] != magic:
        start = header[:4].hex(" ") or "nothing"
        raise DataError(f"it starts with {start}, it should with {magic.hex(' ')}")
    if len(header) < 4 + 4 * ndim:
        raise DataError(f"its header ends after {len(header)} bytes")
    shape = struct.unpack(f">{ndim}I", header[4:])
    if 0 in shape:
        raise DataError(f"its shape {shape} is empty")
    return shape


def _check_size(expected: int, size: int, possible: int) -> None:
    """A file of `size` bytes can hold what its header promises."""
    if expected > min(ENTRIES, possible):
        limit = f"at most {ENTRIES} are read" if expected > ENTRIES else f"in {size} bytes"
        raise DataError(f"its header promises {expected} entries; {limit}")
