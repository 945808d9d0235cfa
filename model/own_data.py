"""Images of one's own, with their classes: what is tested on is never trained on, whatever a file is called.

Which images are for tests follows from their contents alone: of each class the fifth with the lowest SHA-256. Nobody
has to keep a list, a copy of a folder gives the same parts, and images that are the same to the byte stay together.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .class_names import check_labels
from .datasets import DataError, Dataset
from .npy import read_npz
from .paths import StrPath

__all__ = ["PARTS", "OwnData", "dataset_of", "read_own_npz"]

PARTS = ("test", "train", "all")
"""What of own data to take."""

TEST_SHARE = 5
"""One image in so many is for tests."""


@dataclass(frozen=True, eq=False)
class OwnData:
    """Images of one's own, whose pixels are read when it is known which.

    Parameters
    ----------
    name : :class:`str`
        For reports: a file's name, or a folder's with a slash, which no data set of :mod:`.datasets` has.
    keys : tuple of :class:`str`
        Name of each image: its row, or its path in the folder.
    labels : array of ``int64`` of shape ``(count,)``
        Index of each image's class.
    digests : tuple of :class:`bytes`
        SHA-256 of each image.
    classes : tuple of :class:`str`
        Name of each class; empty where they have numbers only.
    read : function
        Gives the pixels of the images of some indices, ``uint8`` of shape ``(count, *shape)``.
    tests : array of :class:`bool` or None
        Which images are for tests where that is said; else :meth:`part` chooses.
    white : :class:`int`
        Brightest pixel there can be: 255, but for arrays that are dark throughout.
    """

    name: str
    keys: tuple[str, ...]
    labels: NDArray[np.int64]
    digests: tuple[bytes, ...]
    classes: tuple[str, ...]
    read: Callable[[NDArray[np.int64]], NDArray[np.uint8]]
    tests: NDArray[np.bool_] | None = None
    white: int = 255

    def part(self, name: str) -> NDArray[np.int64]:
        """Indices of the images of a part, one of :data:`PARTS`, in an order that mixes the classes."""
        chosen = np.ones(len(self.keys), bool)
        if name != "all":
            tests = self._fifth() if self.tests is None else self.tests
            chosen = tests if name == "test" else ~tests
        order = sorted(np.flatnonzero(chosen).tolist(), key=lambda index: (self.digests[index], self.keys[index]))
        return np.array(order, np.int64)

    def inverted(self) -> "OwnData":
        """The same with dark and bright exchanged; the parts stay."""
        return replace(self, read=lambda indices: self.white - self.read(indices))

    def _fifth(self) -> NDArray[np.bool_]:
        """Of each class the lowest fifth by digest, at least one; and what is the same in another class."""
        classes: defaultdict[int, set[bytes]] = defaultdict(set)
        for label, digest in zip(self.labels.tolist(), self.digests, strict=True):
            classes[label].add(digest)
        lowest: set[bytes] = set()
        for ours in classes.values():
            lowest.update(sorted(ours)[: max(1, round(len(ours) / TEST_SHARE))])
        return np.array([digest in lowest for digest in self.digests])


def read_own_npz(path: StrPath) -> OwnData:
    """The images in a ``.npz`` file: ``images``, ``labels`` and, if it likes, ``classes``.

    Raises
    ------
    DataError
        When the file cannot be used: see :func:`xnorflow.model.npy.read_npz`, or an array is not of its kind.
    """
    path = Path(path)
    arrays = read_npz(path, required=("images", "labels"), optional=("classes",))
    images, labels, classes = arrays["images"], arrays["labels"], arrays.get("classes")
    try:
        if images.dtype != np.uint8:
            raise ValueError(f"images must be uint8 from 0 to 255, not {images.dtype}")
        if not 2 <= images.ndim <= 4 or not images.size:
            raise ValueError(f"images must be of shape (n, height, width) or (n, height, width, c), not {images.shape}")
        names = _names(classes)
        numbers = _numbers(labels, len(images), len(names) or None)
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: {error}") from None
    digests = tuple(hashlib.sha256(image.tobytes()).digest() for image in images)
    keys = tuple(map(str, range(len(images))))
    brightest = int(images.max())

    def read(indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        return np.asarray(images[indices], np.uint8)

    return OwnData(path.name, keys, numbers, digests, names, read, white=brightest if 0 < brightest < 128 else 255)


def _names(classes: NDArray[np.generic] | None) -> tuple[str, ...]:
    if classes is None:
        return ()
    if classes.dtype.kind != "U" or classes.ndim != 1 or not len(classes):
        raise ValueError(f"classes must be a list of names as text, not {classes.dtype} of shape {classes.shape}")
    return check_labels([str(name) for name in classes], len(classes))


def _numbers(labels: NDArray[np.generic], images: int, classes: int | None) -> NDArray[np.int64]:
    """Labels that are the index of a class each."""
    if labels.dtype.kind not in "iu" or labels.shape != (images,):
        raise ValueError(
            f"labels must be {images} integers, one for each image, not {labels.dtype} of shape {labels.shape}"
        )
    # No class may be without an image in training, so that there are no more classes than images.
    low, high, most = int(labels.min()), int(labels.max()), classes or images
    if low < 0 or high >= most:
        raise ValueError(f"labels must be in 0..{most - 1}, not {low if low < 0 else high}")
    return labels.astype(np.int64)


def dataset_of(own: OwnData) -> Dataset:
    """Own data to train on.

    Raises
    ------
    DataError
        When there are fewer than two classes, a class has no image in one of the parts, or an image is in both.
    """
    count = len(own.classes) or int(own.labels.max()) + 1
    classes = own.classes or tuple(map(str, range(count)))
    if count < 2:
        raise DataError(f"{own.name}: must have 2 classes or more to learn from, not only {classes[0]!r}")
    train, test = own.part("train"), own.part("test")
    _check_present(own, train, classes, "learn from")
    # Where somebody chose them, classes without tests are none of our business.
    if own.tests is None:
        _check_present(own, test, classes, "test on")
    _check_apart(own, train, test)
    parts = ((own.read(indices), own.labels[indices]) for indices in (train, test))
    (train_images, train_labels), (test_images, test_labels) = parts
    return Dataset(own.name, train_images, train_labels, test_images, test_labels, classes)


def _check_present(own: OwnData, part: NDArray[np.int64], classes: tuple[str, ...], purpose: str) -> None:
    """Refuse a part without an image of a class."""
    for label in np.flatnonzero(np.bincount(own.labels[part], minlength=len(classes)) == 0)[:1]:
        held = int((own.labels == label).sum())
        images = f"{held} image{'s' * (held != 1)}, none of them to {purpose}"
        raise DataError(f"{own.name}: the class {classes[label]!r} has {images}; it must have 2 different ones or more")


def _check_apart(own: OwnData, train: NDArray[np.int64], test: NDArray[np.int64]) -> None:
    """Refuse tests on what was learnt."""
    learnt = {own.digests[index]: own.keys[index] for index in train}
    for index in test:
        if (twin := learnt.get(own.digests[index])) is not None:
            raise DataError(f"{own.name}: {own.keys[index]} is the same as {twin}; keep it in one of the two parts")
