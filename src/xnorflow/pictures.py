"""Pictures in files, as any program saves them, to the pixels that a network takes."""

import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from .framing import Frame, frame
from .model.sources import DataError

__all__ = ["Reading", "decode_picture", "picture_size", "read_file", "read_picture"]

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
"""What Pillow may read. Others, of which some start foreign programs, nobody needs for this."""

LARGEST_FILE = 1 << 26
"""Bytes of a file."""

LARGEST = 1 << 26
"""Pixels of a picture: what a file of a few kilobytes may claim, and memory is taken for."""


@dataclass(frozen=True)
class Reading:
    """How pictures are read.

    Parameters
    ----------
    shape : tuple of :class:`int`
        What the network takes: ``(height, width)`` or ``(height, width, 1)`` for grey, ``(height, width, 3)`` for red,
        green and blue, or ``(n,)`` for the grey pixels row by row.
    invert : :class:`bool`
        Turn dark into bright. What is transparent becomes black, with or without.
    frame : :class:`Frame` or None
        How pictures of other sizes are brought to this one; None for not at all.
    white : :class:`int`
        What a white pixel becomes.
    """

    shape: tuple[int, ...]
    invert: bool = False
    frame: Frame | None = None
    white: int = 255


def read_picture(path: Path, reading: Reading) -> NDArray[np.uint8]:
    """The pixels of a picture, of the shape that is wished for.

    Raises
    ------
    DataError
        When the file is no picture, is too large, or has another size.
    """
    return decode_picture(read_file(path), path, reading)


def read_file(path: Path) -> bytes:
    """The bytes of a picture; DataError when there are too many."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST_FILE:
                raise DataError(f"{path}: must have {LARGEST_FILE:,} bytes or less; save it smaller")
            return file.read(size)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None


def decode_picture(data: bytes, path: Path, reading: Reading) -> NDArray[np.uint8]:
    """As :func:`read_picture`, of the bytes of a file; the path is for messages."""
    shape = reading.shape
    if len(shape) == 3 and shape[2] not in (1, 3):
        raise DataError(f"{path}: no picture has {shape[2]} channels, which the network takes; give a .npy file")
    pixels = _pixels(_decoded(data, path), path, colour=shape[2:] == (3,), invert=reading.invert)
    if reading.frame is not None and len(shape) > 1:
        pixels = frame(pixels, (shape[0], shape[1]), reading.frame)
    if pixels.size != np.prod(shape) or (len(shape) > 1 and pixels.shape[:2] != shape[:2]):
        has, takes = (_times(size) for size in (pixels.shape[:2], shape[:2]))
        hint = "; --fit resizes it" if len(shape) > 1 else ""
        raise DataError(f"{path}: has {has} pixels, but {takes} are wanted{hint}")
    if reading.white != 255:
        pixels = (pixels.astype(np.float32) * (reading.white / 255)).round().astype(np.uint8)
    return pixels.reshape(shape)


def picture_size(path: Path) -> tuple[int, int]:
    """Rows and columns of a picture as it is looked at."""
    picture = _decoded(read_file(path), path)
    return picture.height, picture.width


def _decoded(data: bytes, path: Path) -> Image.Image:
    """A picture, the way up that the camera says."""
    try:
        with warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning):
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
        if picture.width * picture.height > LARGEST:
            raise Image.DecompressionBombError
        picture.load()
        return ImageOps.exif_transpose(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(f"{path}: must have {LARGEST:,} pixels or fewer; save it smaller") from None
    # What Pillow's many readers make of a broken file may be any error.
    except Exception:
        raise DataError(f"{path}: not a picture that Pillow can read; save it as PNG") from None


def _pixels(picture: Image.Image, path: Path, *, colour: bool, invert: bool) -> NDArray[np.uint8]:
    """Grey or coloured pixels; transparent ones become black, behind an inversion too."""
    if picture.mode[0] in "IF":
        picture = Image.fromarray(_eight_bits(picture, path))
    mode = "RGB" if colour else "L"
    try:
        if picture.has_transparency_data:
            seen = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", seen.size, "white" if invert else "black"), seen)
        pixels = np.asarray(picture.convert(mode), np.uint8)
    except ValueError:
        raise DataError(f"{path}: has colours of the kind {picture.mode}; save it as RGB or grey") from None
    return 255 - pixels if invert else pixels


def _eight_bits(picture: Image.Image, path: Path) -> NDArray[np.uint8]:
    """Grey of 16 bits to 8: the upper ones, as Pillow takes of 16-bit colours itself."""
    numbers: NDArray[Any] = np.asarray(picture)
    if picture.mode == "F" or numbers.min() < 0 or numbers.max() > 0xFFFF:
        raise DataError(f"{path}: has pixels of 32 bits; save it with 8 or 16")
    return np.asarray(numbers.astype(np.int64) >> 8, np.uint8)


def _times(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
