"""Small real samples of data sets, which come with the tests: the first images of each test set, with their classes.

``NAME.png`` has the images in rows of 20, ``NAME.txt`` their classes, a digit each. README.md beside them says whose
they are. ``python -m tests.samples`` makes them from the whole sets.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["COUNTS", "sample", "write_sample"]

HERE = Path(__file__).parent

COUNTS = {"mnist": 1000, "fashion-mnist": 300, "cifar-10": 300}
"""How many images there are of each data set."""

COLUMNS = 20


def sample(name: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The first test images of a data set, and their classes, as :func:`xnorflow.model.data.datasets.load` has them."""
    labels = np.array([*(HERE / f"{name}.txt").read_text().strip()], np.int64)
    with Image.open(HERE / f"{name}.png") as picture:
        sheet = np.asarray(picture)
    height, width = (
        length // parts for length, parts in zip(sheet.shape, (len(labels) // COLUMNS, COLUMNS), strict=False)
    )
    grid = sheet.reshape(-1, height, COLUMNS, width, *sheet.shape[2:]).swapaxes(1, 2)
    return np.ascontiguousarray(grid).reshape(len(labels), height, width, *sheet.shape[2:]), labels


def write_sample(name: str, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
    """Write what :func:`sample` reads; the same images give the same bytes with the same Pillow."""
    count, height, width, *colours = images.shape
    grid = images.reshape(count // COLUMNS, COLUMNS, height, width, *colours).swapaxes(1, 2)
    sheet = grid.reshape(count // COLUMNS * height, COLUMNS * width, *colours)
    Image.fromarray(sheet).save(HERE / f"{name}.png", optimize=True)
    (HERE / f"{name}.txt").write_text("".join(map(str, labels)) + "\n")
