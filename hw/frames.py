"""How the quantized image becomes the bytes of the input stream."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..model.bits import pack_bytes
from ..model.ir import IMAGE, Dense, Element, Network, Tensor
from .stage import Beats

__all__ = ["FrameFormat", "frame_format"]


@dataclass(frozen=True)
class FrameFormat:
    """Bytes of a frame.

    Bits are packed, the first one in bit 0 of byte 0; integers take a byte each, in two's complement. Each unit begins
    a new beat, and the last beat of a unit is filled up with zeros.

    Parameters
    ----------
    tensor : :class:`Tensor`
        The quantized image.
    input_bytes : :class:`int`
        Bytes of a beat.
    unit : :class:`int`
        Elements of a unit: all of them, or those of a pixel.
    """

    tensor: Tensor
    input_bytes: int
    unit: int

    @property
    def element_bits(self) -> int:
        """Bits that an element takes in the stream."""
        return 1 if self.tensor.element is Element.BIT else 8

    @property
    def source(self) -> Beats:
        """The beats."""
        return Beats(8 * self.input_bytes // self.element_bits, self.unit)

    @property
    def unit_beats(self) -> int:
        """Beats of a unit."""
        return -(-self.unit // self.source.width)

    @property
    def input_beats(self) -> int:
        """Beats of a frame."""
        return self.unit_beats * (self.tensor.size // self.unit)

    def encode(self, values: NDArray[np.generic]) -> bytes:
        """Bytes of quantized images, of shape ``(count, *tensor.shape)``."""
        units = values.reshape(len(values), -1, self.unit)
        data = pack_bytes(units.astype(np.uint8)) if self.element_bits == 1 else units.astype(np.int16).astype(np.uint8)
        padded = np.zeros((*units.shape[:2], self.unit_beats * self.input_bytes), np.uint8)
        padded[..., : data.shape[-1]] = data
        return padded.tobytes()


def frame_format(network: Network, *, interval: int, input_bytes: int | None = None) -> FrameFormat:
    """The format with the fewest bytes in a beat that does not take more than ``interval`` cycles a frame.

    What matrices take whole is one unit, of any width. An image that anything else reads is one unit where its pixels
    fill bytes evenly; the pixels of all others are units, and come a pixel a beat.

    Raises
    ------
    ValueError
        When ``input_bytes`` is given and is out of its range.
    """
    readers = [step for step in network.steps() if IMAGE in step.sources]
    # A convolution may read a vector as an image.
    images = {tensor for step in readers for tensor in step.inputs[:1] if len(tensor.shape) == 3}
    tensor = images.pop() if len(images) == 1 else network.input.output
    bits = 1 if tensor.element is Element.BIT else 8
    if len(tensor.shape) == 1 or all(isinstance(step.layer, Dense) for step in readers):
        most = -(-tensor.size * bits // 8)
        size = -(-most // interval) if input_bytes is None else input_bytes
        if not 1 <= size <= most:
            raise ValueError(f"input_bytes must be in 1..{most}, not {input_bytes!r}")
        return FrameFormat(tensor, size, tensor.size)
    channels = tensor.shape[2]
    even = bits == 1 and 8 % channels == 0 and tensor.size % 8 == 0
    size = 1 if even else -(-channels * bits // 8)
    if input_bytes not in (None, size):
        raise ValueError(f"input_bytes must be {size} for images of {channels} channels, not {input_bytes!r}")
    return FrameFormat(tensor, size, tensor.size if even else channels)
