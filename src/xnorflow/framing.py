"""Pictures of any size to the size that a network takes."""

import enum

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["Frame", "frame"]

INK = 64
"""Difference from the background from which on a pixel belongs to what is drawn."""

INK_SHARE = 20 / 28
"""Of MNIST's images of 28x28 pixels, digits take 20x20 at most."""


class Frame(enum.Enum):
    """How a picture is brought to another size; its proportions stay, and what is left of the frame is background."""

    WHOLE = "whole"
    """The whole picture, as large as it can be, in the middle."""

    INK = "ink"
    """As MNIST was made: what is drawn, its longer side 20 of 28 pixels, its centre of mass in the middle."""


def frame(pixels: NDArray[np.uint8], size: tuple[int, int], rule: Frame) -> NDArray[np.uint8]:
    """A picture brought to a size; one that has it is left as it is.

    The background is the median of the picture's border.

    Parameters
    ----------
    pixels : array of ``uint8`` of shape ``(height, width)`` or ``(height, width, 3)``
        The picture.
    size : pair of :class:`int`
        Rows and columns of the result.
    rule : :class:`Frame`
        How.
    """
    if pixels.shape[:2] == size:
        return pixels
    border = np.concatenate((pixels[[0, -1]], pixels[:, [0, -1]].swapaxes(0, 1)), axis=1)
    ground = np.median(border, axis=(0, 1)).astype(np.uint8)
    drawn = np.abs(pixels.astype(np.int16) - ground)
    drawn = drawn if drawn.ndim == 2 else drawn.max(axis=2)
    if rule is Frame.INK and drawn.max() > INK:
        return _centre(pixels, drawn, ground, size)
    resized = _resize(pixels, min(long / short for long, short in zip(size, pixels.shape[:2], strict=True)), size)
    start = [(room - taken) // 2 for room, taken in zip(size, resized.shape[:2], strict=True)]
    return _paste(resized, start, ground, size)


def _centre(
    pixels: NDArray[np.uint8], drawn: NDArray[np.int16], ground: NDArray[np.uint8], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """What is drawn, by its centre of mass."""
    inked = drawn > INK
    spans = [np.flatnonzero(inked.any(axis=axis)) for axis in (1, 0)]
    box = tuple(slice(span[0], span[-1] + 1) for span in spans)
    pixels, mass = pixels[box], np.where(inked, drawn, 0)[box].astype(np.float64)
    scale = min(round(room * INK_SHARE) / taken for room, taken in zip(size, pixels.shape[:2], strict=True))
    resized = _resize(pixels, scale, size)
    start = []
    for axis, (room, taken) in enumerate(zip(size, resized.shape[:2], strict=True)):
        along = mass.sum(axis=1 - axis)
        centre = (along @ (np.arange(len(along)) + 0.5)) / along.sum() / len(along) * taken
        start.append(min(room - taken, max(0, round(room / 2 - centre))))
    return _paste(resized, start, ground, size)


def _resize(pixels: NDArray[np.uint8], scale: float, limit: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture scaled, and not larger than the limit; pixels are averaged where it shrinks."""
    rows, columns = (
        min(most, max(1, round(length * scale))) for length, most in zip(pixels.shape[:2], limit, strict=True)
    )
    return np.asarray(Image.fromarray(pixels).resize((columns, rows), Image.Resampling.BICUBIC), np.uint8)


def _paste(
    pixels: NDArray[np.uint8], start: list[int], ground: NDArray[np.uint8], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """A picture on its background."""
    result = np.empty((*size, *pixels.shape[2:]), np.uint8)
    result[:] = ground
    result[start[0] : start[0] + pixels.shape[0], start[1] : start[1] + pixels.shape[1]] = pixels
    return result
