"""MNIST and the set in its form, Fashion-MNIST: whole, or a small part that is always here."""

from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import as_file, files
from pathlib import Path

from .dataset import Dataset
from .download import Source, fetch
from .idx import idx

MNIST = Source(
    "MNIST",
    {
        "train-images-idx3-ubyte.gz": (
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
        ),
        "train-labels-idx1-ubyte.gz": (
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
        ),
    },
    (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
)
FASHION = Source(
    "FashionMNIST",
    {
        "train-images-idx3-ubyte.gz": (
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
        ),
        "train-labels-idx1-ubyte.gz": (
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
        ),
    },
    (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
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


def mnist(
    root: str | Path | None = None,
    *,
    mirrors: Sequence[str] | None = None,
    cache: str | Path | None = None,
) -> tuple[Dataset, Dataset]:
    """60,000 handwritten digits to learn from and 10,000 to test: images (1, 28, 28), 1 is ink.

    `root` is a folder with the four files, plain or gzip; nothing is downloaded then. Without it
    they come from the web once (extra `glassgrad[data]`), checked by their SHA-256, and stay in
    the folder `cache`. `mirrors` are addresses of other folders that have them.

    Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits" (1998).

    FileNotFoundError where `root` lacks a file, ConnectionError where no mirror gives one,
    DataError for a damaged file.
    """
    return both(MNIST, DIGITS, root, mirrors, cache)


def fashion_mnist(
    root: str | Path | None = None,
    *,
    mirrors: Sequence[str] | None = None,
    cache: str | Path | None = None,
) -> tuple[Dataset, Dataset]:
    """60,000 pictures of clothes to learn from and 10,000 to test, read as those of `mnist`.

    H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST" (2017), https://arxiv.org/abs/1708.07747.
    """
    return both(FASHION, CLOTHES, root, mirrors, cache)


def fashion_mini() -> tuple[Dataset, Dataset]:
    """600 pictures of clothes to learn from and 300 to test, out of `fashion_mnist`, equally many
    of each class; they come with the package.
    """
    with as_file(files(__package__).joinpath("fashion-mini")) as folder:
        return both(FASHION, CLOTHES, folder)


def both(
    source: Source,
    class_names: Sequence[str],
    root: str | Path | None = None,
    mirrors: Sequence[str] | None = None,
    cache: str | Path | None = None,
) -> tuple[Dataset, Dataset]:
    """The training and the test part of a source, from a folder or from its mirrors."""
    if root is None:
        paths = fetch(replace(source, mirrors=mirrors or source.mirrors), cache)
    else:
        paths = _on_disk(Path(root).expanduser(), source)
    train_images, train_labels, test_images, test_labels = paths
    return idx(train_images, train_labels, class_names), idx(test_images, test_labels, class_names)


def _on_disk(root: Path, source: Source) -> list[Path]:
    """A source's files in a folder; with or without .gz, and where other libraries leave them."""
    found = []
    for file in source.files:
        plain = file.removesuffix(".gz")
        names = [file, plain, plain.replace("-idx", ".idx")]
        paths = [folder / name for folder in (root, root / source.name / "raw") for name in names]
        found += [path for path in paths if path.is_file()][:1]
    if len(found) < len(source.files):
        needed = f"{', '.join(source.files)} (plain or gzip), it has {len(found)} of them"
        raise FileNotFoundError(f"{source.name}: the folder {root} must hold {needed}")
    return found
