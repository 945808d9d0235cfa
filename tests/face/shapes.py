"""A small data set of one's own: folders of pictures of three shapes."""

import numpy as np
from PIL import Image

__all__ = ["SHAPES", "drawn", "write_folder"]

SHAPES = ("bar", "cross", "ring")


def drawn(name, rng, size):
    """A picture of a shape, bright on dark."""
    picture = rng.integers(0, 40, (size, size), np.uint8)
    third = size // 3
    if name == "ring":
        picture[third : 2 * third + 1, third : 2 * third + 1] = 230
        picture[third + 2 : 2 * third - 1, third + 2 : 2 * third - 1] = 10
    else:
        picture[size // 2 - 1 : size // 2 + 2, third : 2 * third] = 220
    if name == "cross":
        picture[third : 2 * third, size // 2 - 1 : size // 2 + 2] = 220
    return picture


def write_folder(folder, *, count=20, size=28, seed=0):
    """So many pictures of each shape, in a folder that is made; other seeds give other ones."""
    rng = np.random.default_rng(seed)
    for name in SHAPES:
        (folder / name).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(drawn(name, rng, size)).save(folder / name / f"{number:02}.png")
    return folder
