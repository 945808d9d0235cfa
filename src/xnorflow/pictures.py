"""Images that the command line names: files, or numbers of test images."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .model.ir import Network
from .models import load_test_images

__all__ = ["read_images"]


def read_images(
    network: Network, names: Sequence[str], *, dataset: str | None = None
) -> tuple[list[str], NDArray[np.uint8]]:
    """The images that the names stand for, and a name for each.

    A number is that image of the test set. A file ``.npy`` holds ``uint8``, an image or many. Any other file is read
    with Pillow, as grey or as RGB, whichever the network takes.

    Raises
    ------
    ValueError
        When a file cannot be read, or an image is not of the size that the network takes.
    """
    labels: list[str] = []
    parts: list[NDArray[np.uint8]] = []
    for name in names:
        found = _numbered(network, int(name), dataset) if name.isdecimal() else _read(network, Path(name))
        labels += [name] if len(found) == 1 else [f"{name}[{n}]" for n in range(len(found))]
        parts.append(found)
    return labels, np.concatenate(parts)


def _numbered(network: Network, number: int, dataset: str | None) -> NDArray[np.uint8]:
    name, images, _ = load_test_images(network, dataset=dataset)
    if number >= len(images):
        raise ValueError(f"image of {name} must be in 0..{len(images) - 1}, not {number}")
    return images[number : number + 1]


def _read(network: Network, path: Path) -> NDArray[np.uint8]:
    if path.is_dir():
        raise ValueError(f"{path}: is a folder, not an image")
    if not path.is_file():
        raise ValueError(f"{path}: no such image; give a file, or the number of a test image")
    shape = network.input.shape
    image = _array(path) if path.suffix == ".npy" else _picture(path, shape)
    if image.dtype != np.uint8:
        raise ValueError(f"{path}: images must be uint8, not {image.dtype}")
    if image.shape == shape:
        return image[np.newaxis]
    if image.shape[1:] == shape and len(image):
        return image
    raise ValueError(f"{path}: has the shape {image.shape}, but {network.name} takes {shape}; resize the image")


def _array(path: Path) -> NDArray[np.uint8]:
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f"{path}: not a .npy file of numbers ({' '.join(str(error).split())})") from None


def _picture(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    # Pillow is in an extra, and golden predictions of arrays need none of it.
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            mode = "RGB" if len(shape) == 3 and shape[2] == 3 else "L"
            pixels = np.asarray(picture.convert(mode), np.uint8)
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        raise ValueError(f"{path}: not a picture that Pillow can read; save it as PNG") from None
    # A network may take a grey image as rows and columns, with one channel, or as a list of pixels.
    return pixels.reshape(shape) if pixels.size == np.prod(shape) and pixels.ndim != len(shape) else pixels
