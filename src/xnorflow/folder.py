"""A folder with a folder of pictures for each class, as own data."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .model.class_names import check_label
from .model.npy import LIMIT
from .model.own_data import OwnData
from .model.sources import DataError
from .pictures import Reading, decode_picture, picture_size, read_file

__all__ = ["first_size", "read_folder"]

PARTS = ("train", "test")
"""Folders on top of those of the classes, where somebody has chosen what to test on."""

OnPicture = Callable[[int, int], None]
"""Called with how many pictures are read, and how many there are."""


def read_folder(folder: Path, reading: Reading, *, on_picture: OnPicture = lambda _done, _all: None) -> OwnData:
    """The pictures in a folder, read as ``reading`` says when their part is asked for.

    The classes are the folders in it, in the order of their names; where all of these are numbers, in theirs. What is
    hidden is left alone, and so are files beside the folders.

    Raises
    ------
    DataError
        When there is no class, a class is empty, or something in it is no file or leads out of the folder.
    """
    classes, pictures = _list(folder)
    paths = [path for path, _, _ in pictures]
    labels = np.array([label for _, label, _ in pictures], np.int64)
    digests = tuple(hashlib.sha256(read_file(path)).digest() for path in paths)

    def read(indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        count = len(indices) * int(np.prod(reading.shape))
        if count > LIMIT:
            raise DataError(
                f"{folder}: must have {LIMIT:,} bytes of pixels or fewer, not {count:,}; take a smaller size"
            )
        images = np.empty((len(indices), *reading.shape), np.uint8)
        for place, index in enumerate(indices):
            on_picture(place, len(indices))
            data = read_file(paths[index])
            # What is tested on is chosen by these.
            if hashlib.sha256(data).digest() != digests[index]:
                raise DataError(f"{paths[index]}: was changed while it was read; try again")
            images[place] = decode_picture(data, paths[index], reading)
        return images

    return OwnData(
        name=f"{folder.resolve().name}/",
        keys=tuple(path.relative_to(folder).as_posix() for path in paths),
        labels=labels,
        digests=digests,
        classes=classes,
        read=read,
        tests=np.array([part == "test" for _, _, part in pictures]) if pictures[0][2] else None,
    )


def first_size(folder: Path) -> tuple[Path, tuple[int, int]]:
    """The first picture of a folder, and its rows and columns."""
    path = _list(folder)[1][0][0]
    return path, picture_size(path)


def _list(folder: Path) -> tuple[tuple[str, ...], list[tuple[Path, int, str]]]:
    """Names of the classes; and path, class and part of each picture."""
    tops = {name: folder / name for name in PARTS if any(map(Path.is_dir, _entries(folder / name)))}
    if len(tops) < len(PARTS):
        tops = {"": folder}
    names = {name for top in tops.values() for name in _classes(top)}
    numbers = all(name.isdecimal() for name in names)
    classes = tuple(sorted(names, key=lambda name: (int(name) if numbers else 0, name)))
    if not classes:
        raise DataError(f"{folder}: has no folders with pictures; make one for each class")
    inside = folder.resolve()
    pictures = [
        (path, label, part)
        for part, top in tops.items()
        for label, name in enumerate(classes)
        if (top / name).is_dir()
        for path in _pictures(top / name, inside)
    ]
    return classes, pictures


def _entries(folder: Path) -> list[Path]:
    """What is in a folder and not hidden, by name; nothing where there is no folder."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _classes(folder: Path) -> list[str]:
    names = [path.name for path in _entries(folder) if path.is_dir()]
    for name in names:
        try:
            check_label(name)
        except ValueError as error:
            raise DataError(f"{folder}: a folder has the name of a class, and {error}") from None
    return names


def _pictures(folder: Path, inside: Path) -> list[Path]:
    """The files of a class, none of which leads elsewhere."""
    paths = _entries(folder)
    if not paths:
        raise DataError(f"{folder}: has no pictures; put some in, or take the folder away")
    for path in (folder, *paths):
        if not path.resolve().is_relative_to(inside):
            raise DataError(f"{path}: leads out of {inside}; put a copy there")
        if path is not folder and not path.is_file():
            raise DataError(f"{path}: not a picture; a class has files only")
    return paths
