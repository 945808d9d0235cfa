"""Data sets for training and tests: raw ``uint8`` images and their classes.

``digits`` comes with scikit-learn. The others are read from the folder that ``XNORFLOW_DATA`` names, or downloaded
once, with checksums, to the user's cache folder.
"""

import hashlib
import http.client
import os
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import idx
from .store import write_atomically

__all__ = ["DATASETS", "DataError", "Dataset", "load"]

_FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)

_GARMENTS = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip


class DataError(ValueError):
    """A data set that cannot be had; the message says why and what to do."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images with their classes, split into a part to train on and a part to test on.

    Parameters
    ----------
    name : :class:`str`
        Name that :func:`load` knows.
    train_images, test_images : array of ``uint8`` of shape ``(count, height, width)``
        Raw images.
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


@dataclass(frozen=True)
class Download:
    """Where the four files of a data set come from.

    Parameters
    ----------
    mirrors : tuple of :class:`str`
        Addresses that end in a slash, tried in this order.
    md5 : tuple of :class:`str`
        Checksum of each file, in the order training images, training labels, test images, test labels.
    classes : tuple of :class:`str`
        Name of each class.
    """

    mirrors: tuple[str, ...]
    md5: tuple[str, ...]
    classes: tuple[str, ...]


DOWNLOADS = {
    "mnist": Download(
        mirrors=("https://ossci-datasets.s3.amazonaws.com/mnist/",),
        md5=(
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "d53e105ee54ea40749a09fcbcd1e9432",
            "9fb629c4189551a2d022fa330f9573f3",
            "ec29112dd5afa0611ce80d1b7f02629c",
        ),
        classes=tuple("0123456789"),
    ),
    "fashion-mnist": Download(
        mirrors=(
            "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        md5=(
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "25c81989df183df01b3e8a0aad5dffbe",
            "bef4ecab320f06d8554ea6380940ec79",
            "bb300cfdad3c16e7a12a480ee83cd310",
        ),
        classes=_GARMENTS,
    ),
}

DATASETS = ("digits", *DOWNLOADS)
"""Names that :func:`load` knows."""


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
    download = DOWNLOADS[name]
    arrays = [
        _array(_locate(name, file, md5, on_download), md5) for file, md5 in zip(_FILES, download.md5, strict=True)
    ]
    images, labels = arrays[0::2], [array.astype(np.int64) for array in arrays[1::2]]
    return Dataset(name, images[0], labels[0], images[1], labels[1], download.classes)


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
    return Dataset("digits", train_images, train_labels, test_images, test_labels, tuple("0123456789"))


def _locate(name: str, file: str, md5: str, on_download: Callable[[str], None] | None) -> Path:
    """Path of one file, which is there afterwards."""
    folder = os.environ.get("XNORFLOW_DATA")
    if folder:
        path = Path(folder, name, file)
        if not path.is_file():
            raise DataError(f"{path}: no such file; put it there, or unset XNORFLOW_DATA to download it")
        return path
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    path = cache / "xnorflow" / name / file
    if not path.is_file():
        write_atomically(path, _download(name, file, md5, on_download))
    return path


def _download(name: str, file: str, md5: str, on_download: Callable[[str], None] | None) -> bytes:
    problems = []
    for mirror in DOWNLOADS[name].mirrors:
        if on_download is not None:
            on_download(mirror + file)
        try:
            # The addresses are constants of this module, all https.
            with urllib.request.urlopen(mirror + file, timeout=30) as response:  # noqa: S310
                data: bytes = response.read()
            _check_md5(data, md5)
            return data
        except (OSError, http.client.HTTPException, ValueError) as error:
            problems.append(f"{mirror}{file}: {error}")
    raise DataError(
        f"{name}: cannot download {'; '.join(problems)}; "
        f"connect to the network, or set XNORFLOW_DATA to a folder that has {name}/{file}"
    )


def _array(path: Path, md5: str) -> NDArray[np.uint8]:
    """The array in one file, whose checksum must be ``md5``."""
    data = path.read_bytes()
    try:
        contents = idx.decompress(data)
        _check_md5(data, md5)
        return idx.parse(contents)
    except ValueError as error:
        raise DataError(f"{path}: {error}; delete the file and get it again") from None


def _check_md5(data: bytes, md5: str) -> None:
    # Not for security: it is the sum that the originals are published with.
    found = hashlib.md5(data, usedforsecurity=False).hexdigest()
    if found != md5:
        raise ValueError(f"MD5 must be {md5}, not {found}")
