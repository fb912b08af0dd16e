"""MNIST and the set in its form, Fashion-MNIST: whole, or a small part that is always here."""

from importlib.resources import as_file, files
from pathlib import Path

from .dataset import Dataset
from .idx import idx

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
DIGITS = tuple("0123456789")
CLOTHES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


def mnist(root: str | Path) -> tuple[Dataset, Dataset]:
    """60,000 handwritten digits to learn from and 10,000 to test: images (1, 28, 28), 1 is ink.

    Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits" (1998). `root` is
    a folder with the four files, plain or gzip.

    FileNotFoundError where the folder lacks one, DataError for a damaged file.
    """
    return _read(_on_disk(root, "MNIST"), DIGITS)


def fashion_mnist(root: str | Path) -> tuple[Dataset, Dataset]:
    """60,000 pictures of clothes to learn from and 10,000 to test, in the form of `mnist`.

    H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST" (2017), https://arxiv.org/abs/1708.07747, MIT.
    """
    return _read(_on_disk(root, "FashionMNIST"), CLOTHES)


def fashion_mini() -> tuple[Dataset, Dataset]:
    """900 images of Fashion-MNIST that come with the package: of each class 60 to learn from, 30
    to test.
    """
    with as_file(files(__package__).joinpath("fashion-mini")) as folder:
        return _read(_on_disk(folder, "FashionMNIST"), CLOTHES)


def _on_disk(root: str | Path, name: str) -> list[Path]:
    """The four files in a folder; with or without .gz, and where other libraries leave them."""
    found = []
    for file in FILES:
        places = [Path(root), Path(root, name, "raw")]
        names = [file + ".gz", file, file.replace("-idx", ".idx")]
        paths = [place / name for place in places for name in names]
        found += [path for path in paths if path.is_file()][:1]
    if len(found) < len(FILES):
        needed = ", ".join(FILES)
        raise FileNotFoundError(f"{root}: it must hold {needed} (each may end in .gz)")
    return found


def _read(paths: list[Path], class_names: tuple[str, ...]) -> tuple[Dataset, Dataset]:
    train_images, train_labels, test_images, test_labels = paths
    return idx(train_images, train_labels, class_names), idx(test_images, test_labels, class_names)
