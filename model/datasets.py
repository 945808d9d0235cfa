"""Data sets for training and tests: raw ``uint8`` images and their classes.

``digits`` comes with scikit-learn. The others are read from the folder that ``XNORFLOW_DATA`` names, or downloaded
once, with checksums, to the user's cache folder.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import cifar, idx, svhn
from .sources import DataError, Source, read

__all__ = ["CLASSES", "DARK", "DATASETS", "WHITE", "DataError", "Dataset", "load"]

_DIGITS = tuple("0123456789")

_GARMENTS = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip

_THINGS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with their classes, split into a part to train on and a part to test on.

    Parameters
    ----------
    name : :class:`str`
        Name that :func:`load` knows.
    train_images, test_images : array of ``uint8`` of shape ``(count, height, width)`` or ``(count, height, width, 3)``
        Raw images, grey or with red, green and blue.
    train_labels, test_labels : array of ``int64`` of shape ``(count,)``
        Index of each image's class.
    classes : tuple of :class:`str`
        Name of each class.
    """

    name: str
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    classes: tuple[str, ...]


_IDX_TRAIN = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
_IDX_TEST = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")

SOURCES = {
    source.name: source
    for source in (
        Source(
            name="mnist",
            folder="mnist",
            train=_IDX_TRAIN,
            test=_IDX_TEST,
            parse=idx.parse_compressed,
            classes=_DIGITS,
            mirrors=("https://ossci-datasets.s3.amazonaws.com/mnist/",),
            md5={
                "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
                "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
                "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
            },
            originals=True,
        ),
        Source(
            name="fashion-mnist",
            folder="fashion-mnist",
            train=_IDX_TRAIN,
            test=_IDX_TEST,
            parse=idx.parse_compressed,
            classes=_GARMENTS,
            mirrors=(
                "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            ),
            md5={
                "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
                "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
                "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
            },
            originals=True,
        ),
        Source(
            name="cifar-10",
            folder="cifar-10-batches-bin",
            train=tuple(f"data_batch_{number}.bin" for number in range(1, 6)),
            test=("test_batch.bin",),
            parse=cifar.parse,
            classes=_THINGS,
            mirrors=("https://www.cs.toronto.edu/~kriz/",),
            md5={"cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530"},
        ),
        Source(
            name="svhn",
            folder="svhn",
            train=("train_32x32.mat",),
            test=("test_32x32.mat",),
            parse=svhn.parse,
            classes=_DIGITS,
            mirrors=("https://ufldl.stanford.edu/housenumbers/", "http://ufldl.stanford.edu/housenumbers/"),
            md5={
                "train_32x32.mat": "e26dedcc434d2e4c54c9b2d4a06d8373",
                "test_32x32.mat": "eb5a983be6a315427106f1b164d9cef3",
            },
        ),
    )
}
"""Data sets that come in files, by name."""

DATASETS = ("digits", *SOURCES)
"""Names that :func:`load` knows."""

CLASSES = {"digits": _DIGITS, **{name: source.classes for name, source in SOURCES.items()}}
"""Name of each class of each data set."""

WHITE = {"digits": 16}
"""Brightest pixel of each data set for which that is not 255."""

DARK = ("digits", "mnist", "fashion-mnist")
"""Data sets whose grey images are bright on dark."""


def load(name: str, *, on_download: Callable[[str], None] | None = None) -> Dataset:
    """Read a data set, and download it first when it is neither in ``XNORFLOW_DATA`` nor in the cache.

    Parameters
    ----------
    name : :class:`str`
        One of :data:`DATASETS`.
    on_download : function
        Called with the address of each file before it is downloaded.

    Raises
    ------
    DataError
        When the name is unknown, or a file is missing, cut off or not the original.
    """
    if name not in DATASETS:
        raise DataError(f"dataset must be one of {', '.join(DATASETS)}, not {name!r}")
    if name == "digits":
        return _digits()
    source = SOURCES[name]
    train, test = (_part(source, files, on_download) for files in (source.train, source.test))
    return Dataset(name, *train, *test, source.classes)


def _part(
    source: Source, files: tuple[str, ...], on_download: Callable[[str], None] | None
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Images and classes in some files of a data set."""
    arrays = [array for file in files for array in read(source, file, on_download)]
    return np.concatenate(arrays[0::2]), np.concatenate(arrays[1::2]).astype(np.int64)


def _digits() -> Dataset:
    """The 1,797 images of 8x8 pixels, 0..16, in a fixed stratified split of 1,437 and 360."""
    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
    except ImportError:
        raise DataError("digits comes with scikit-learn; install it with: pip install 'xnorflow[train]'") from None
    bunch = load_digits()
    parts = train_test_split(
        bunch.images.astype(np.uint8),
        bunch.target.astype(np.int64),
        test_size=360,
        random_state=0,
        stratify=bunch.target,
    )
    train_images, test_images, train_labels, test_labels = parts
    return Dataset("digits", train_images, train_labels, test_images, test_labels, _DIGITS)
