"""Images that the command line names one by one: files, or numbers of test images."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .model.data.expected import background, background_of
from .model.data.npy import read_npy, read_npz
from .model.ir import Network
from .models import load_test_images
from .pictures import Reading, read_picture

__all__ = ["NamedImages", "read_images"]

ONE_OF_MANY = re.compile(r"(.+\.np[yz])\[(.*)\]")
"""A file of arrays, and which of its images."""


@dataclass(frozen=True)
class NamedImages:
    """Images for a network.

    Parameters
    ----------
    names : list of :class:`str`
        Name of each.
    images : array of ``uint8`` of shape ``(count, *network.input.shape)``
        Raw images.
    labels : list of :class:`int` or None
        Class of each; None where nobody knows.
    hints : list of :class:`str`
        What may be wrong with them.
    """

    names: list[str]
    images: NDArray[np.uint8]
    labels: list[int | None]
    hints: list[str]


def read_images(network: Network, names: Sequence[str], *, dataset: str | None = None, reading: Reading) -> NamedImages:
    """The images that the names stand for.

    A number is that image of the test set. A file ``.npy`` holds ``uint8``, an image or many, and so does the array
    ``images`` of a ``.npz``; a number in brackets behind its name chooses one of them. Any other file is a picture, and
    read as ``reading`` says.

    Raises
    ------
    ValueError
        When a file cannot be read, or an image is not of the size that the network takes.
    """
    keys: list[str] = []
    parts: list[NDArray[np.uint8]] = []
    labels: list[int | None] = []
    hints: list[str] = []
    for name in names:
        label: int | None = None
        if name.isdecimal():
            found, label = _numbered(network, int(name), dataset)
        else:
            found = _read(network, name, reading)
            hints += _hint(network, name, found, reading)
        keys += [name] if len(found) == 1 else [f"{name}[{n}]" for n in range(len(found))]
        labels += [label] * len(found)
        parts.append(found)
    return NamedImages(keys, np.concatenate(parts), labels, hints)


def _numbered(network: Network, number: int, dataset: str | None) -> tuple[NDArray[np.uint8], int | None]:
    name, images, labels = load_test_images(network, dataset=dataset)
    if number >= len(images):
        raise ValueError(f"image of {name} must be in 0..{len(images) - 1}, not {number}")
    return images[number : number + 1], None if labels is None else int(labels[number])


def _read(network: Network, name: str, reading: Reading) -> NDArray[np.uint8]:
    """The images of a file, or the one that is chosen of them."""
    chosen = None if Path(name).exists() else ONE_OF_MANY.fullmatch(name)
    if chosen is None:
        return _read_file(network, Path(name), reading)
    images, number = _read_file(network, Path(chosen[1]), reading), chosen[2]
    if not number.isdecimal() or int(number) >= len(images):
        raise ValueError(f"{chosen[1]}: image must be in 0..{len(images) - 1}, not {number!r}")
    return images[int(number) : int(number) + 1]


def _read_file(network: Network, path: Path, reading: Reading) -> NDArray[np.uint8]:
    if path.is_dir():
        raise ValueError(f"{path}: is a folder, not an image; give --data a folder of pictures")
    if not path.is_file():
        raise ValueError(f"{path}: no such image; give a file, or the number of a test image")
    if path.suffix not in (".npy", ".npz"):
        return read_picture(path, reading)[np.newaxis]
    shape = network.input.shape
    images = read_npy(path) if path.suffix == ".npy" else read_npz(path, required=("images",))["images"]
    if images.dtype != np.uint8:
        raise ValueError(f"{path}: images must be uint8, not {images.dtype}")
    if images.shape == shape:
        images = images[np.newaxis]
    if images.shape[1:] != shape or not len(images):
        raise ValueError(f"{path}: has the shape {images.shape}, but {network.name} takes {shape}; resize the image")
    return np.asarray(reading.white - images if reading.invert else images, np.uint8)


def _hint(network: Network, name: str, images: NDArray[np.uint8], reading: Reading) -> list[str]:
    """A word about images that look like the negatives of those that the network was trained on."""
    expected, found = background_of(network), background(images, reading.white)
    if not expected or not found or expected == found:
        return []
    try_ = "try without --invert" if reading.invert else "try --invert"
    return [
        f"{name}: {found} at its border, but {network.name} was trained on images that are {expected} there; {try_}"
    ]
