"""Images of one's own for each command: what ``--data`` names, read for a network or for one to be trained."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .folder import OnPicture, first_size, read_folder
from .framing import Frame
from .model.data.datasets import DATASETS, Dataset
from .model.data.expected import adapt, label_for, white_of
from .model.data.own_data import OwnData, dataset_of, read_own_npz
from .model.data.sources import DataError
from .model.ir import Network
from .model.zoo import Definition
from .pictures import Reading

__all__ = ["LARGEST_SIDE", "Own", "OwnImages", "reading_for"]

LARGEST_SIDE = 256
"""Rows and columns of pictures that a network follows; larger ones are resized, or there would be no end of them."""


@dataclass(frozen=True)
class OwnImages:
    """Some of one's own images, for a network.

    Parameters
    ----------
    name : :class:`str`
        For reports: where they are from, and which part of it.
    keys : tuple of :class:`str`
        Name of each image.
    images : array of ``uint8`` of shape ``(count, *network.input.shape)``
        Raw images.
    labels : array of ``int64`` of shape ``(count,)``
        The network's number for each image's class.
    """

    name: str
    keys: tuple[str, ...]
    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Own:
    """Data of one's own, as the command line names it.

    Parameters
    ----------
    path : :class:`pathlib.Path`
        A ``.npz`` file, or a folder with a folder of pictures for each class.
    fit : :class:`bool`
        Bring pictures of other sizes to that of the network.
    invert : :class:`bool`
        Turn dark into bright.
    part : :class:`str`
        One of :data:`xnorflow.model.data.own_data.PARTS`.
    """

    path: Path
    fit: bool = False
    invert: bool = False
    part: str = "test"

    def images(self, network: Network, count: int | None = None) -> OwnImages:
        """The images of the part, or the first so many of them, for a network.

        Raises
        ------
        DataError
            When they cannot be read, or do not fit the network.
        """
        own = self._open(reading_for(network, fit=self.fit, invert=self.invert))
        indices = own.part(self.part)[:count]
        if not len(indices):
            raise DataError(f"{self.path}: has no images in the part {self.part}; choose another with --part")
        # Numbers alone are the classes of a network without names, or of a known data set.
        known = not own.classes and (network.dataset in DATASETS or not network.labels)
        names = own.classes or tuple(map(str, range(int(own.labels.max()) + 1)))
        classes = np.arange(network.classes) if known else label_for(network, names, str(self.path))
        if (highest := int(own.labels.max())) >= len(classes):
            raise DataError(f"{self.path}: has labels up to {highest}, but {network.name} has {len(classes)} classes")
        pixels = self._shaped(own, indices, network.input.shape)
        keys = tuple(own.keys[index] for index in indices)
        return OwnImages(f"{own.name} ({self.part})", keys, pixels, classes[own.labels[indices]])

    def training(
        self,
        definition: Definition,
        *,
        size: tuple[int, int] | None = None,
        on_picture: OnPicture = lambda _done, _all: None,
    ) -> tuple[Definition, Dataset, int]:
        """A definition brought to this data, the data to train it on, and its brightest pixel.

        Pictures get the size that is asked for, or with ``fit`` that of the definition; without either, all must have
        the same, and the definition follows. An array's images are followed as they are.

        Raises
        ------
        DataError, ValueError
            When the data cannot be used, or the network's layers do not take images of its size.
        """
        if self.path.is_dir():
            own = self._open(self._pictures_of(definition, size), on_picture)
        elif size is not None:
            raise DataError(f"{self.path}: --size is for pictures; arrays have the size that they have")
        else:
            own = self._open(Reading((), invert=self.invert))
        data = dataset_of(own)
        if data.train_images.shape[3:] == (1,):
            data = Dataset(
                data.name,
                *(data.train_images[..., 0], data.train_labels),
                *(data.test_images[..., 0], data.test_labels),
                data.classes,
            )
        shape, classes = data.train_images.shape[1:], len(data.classes)
        return adapt(definition, shape=shape, classes=classes, white=own.white), data, own.white

    def _pictures_of(self, definition: Definition, size: tuple[int, int] | None) -> Reading:
        """How to read pictures to train on."""
        usual = definition.input.shape
        if size is None and not self.fit:
            path, size = first_size(self.path)
            if max(size) > LARGEST_SIDE:
                has, takes = ("x".join(map(str, shape)) for shape in (size, usual[:2]))
                raise DataError(f"{path}: has {has} pixels, too many for a network; --fit resizes them to {takes}")
            return Reading((*size, *usual[2:]), self.invert)
        return Reading((*(size or usual[:2]), *usual[2:]), self.invert, Frame.WHOLE)

    def _open(self, reading: Reading, on_picture: OnPicture = lambda _done, _all: None) -> OwnData:
        if self.path.is_dir():
            return read_folder(self.path, reading, on_picture=on_picture)
        if not self.path.exists():
            raise DataError(f"{self.path}: no such data; give a .npz file, or a folder with one for each class")
        if self.fit:
            raise DataError(f"{self.path}: --fit is for pictures; arrays have the size that they have")
        own = read_own_npz(self.path)
        return own.inverted() if self.invert else own

    def _shaped(self, own: OwnData, indices: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.uint8]:
        """Images of a network's shape; one channel more or less is none."""
        images = own.read(indices)
        found = images.shape[1:]
        if found != shape and found != (*shape, 1) and (*found, 1) != shape:
            has, takes = ("x".join(map(str, size)) for size in (found, shape))
            raise DataError(f"{self.path}: has images of {has}, but the network takes {takes}")
        return images.reshape(len(images), *shape)


def reading_for(network: Network, *, fit: bool, invert: bool) -> Reading:
    """How pictures are read for a network."""
    rule = Frame.INK if network.dataset == "mnist" else Frame.WHOLE
    return Reading(network.input.shape, invert, rule if fit else None, white_of(network))
