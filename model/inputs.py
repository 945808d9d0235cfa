"""Input quantization: how a raw image becomes the values of the first layer."""

import math
from dataclasses import dataclass

from .numbers import flag, integer, integers
from .tensors import Element, Tensor

__all__ = ["Affine", "Input", "Thermometer"]


@dataclass(frozen=True)
class Thermometer:
    """Input quantization to bits: bit ``j`` of a pixel is ``pixel >= levels[j]``.

    With a single level this is the usual threshold at a grey level. The bits of one pixel are innermost.

    Parameters
    ----------
    shape : tuple of :class:`int`
        Shape of the raw image, of ``uint8``: ``(height, width)``, ``(height, width, channels)`` or ``(n,)``.
    levels : tuple of :class:`int`
        Ascending, each in 1..255.

    Raises
    ------
    TypeError
        When a number is not an integer.
    ValueError
        When the shape is empty or the levels do not ascend within 1..255.
    """

    shape: tuple[int, ...]
    levels: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", _shape(self.shape))
        object.__setattr__(self, "levels", integers("levels", self.levels))
        if not self.levels or list(self.levels) != sorted(set(self.levels)):
            raise ValueError(f"levels must be one or more ascending numbers, not {self.levels!r}")
        if not 1 <= self.levels[0] <= self.levels[-1] <= 255:
            raise ValueError(f"levels must be in 1..255, not {self.levels!r}")

    @property
    def output(self) -> Tensor:
        """Type of the quantized image."""
        channels = math.prod(self.shape[2:]) * len(self.levels)
        return Tensor((*self.shape[:2], channels) if len(self.shape) > 1 else (self.shape[0] * channels,))


@dataclass(frozen=True)
class Affine:
    """Input quantization to integers: ``floor((multiplier * pixel + offset) / divisor)``, cut to the range.

    Parameters
    ----------
    shape : tuple of :class:`int`
        Shape of the raw image, of ``uint8``: ``(height, width)``, ``(height, width, channels)`` or ``(n,)``.
    multiplier, offset, divisor : :class:`int`
        The line; the divisor is positive.
    width : :class:`int`
        Bits of a value, 2..8.
    signed : :class:`bool`
        Whether values are cut to ``-2**(width - 1)..2**(width - 1) - 1`` or to ``0..2**width - 1``.

    Raises
    ------
    TypeError
        When a number is not an integer, or ``signed`` neither True nor False.
    ValueError
        When the shape is empty, the divisor is not positive, or a number is out of its range.
    """

    shape: tuple[int, ...]
    multiplier: int = 1
    offset: int = 0
    divisor: int = 1
    width: int = 8
    signed: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", _shape(self.shape))
        for name in ("multiplier", "offset", "divisor", "width"):
            object.__setattr__(self, name, integer(name, getattr(self, name)))
        object.__setattr__(self, "signed", flag("signed", self.signed))
        if not 2 <= self.width <= 8:
            raise ValueError(f"width must be in 2..8, not {self.width!r}")
        if not 1 <= self.divisor < LIMIT:
            raise ValueError(f"divisor must be in 1..{LIMIT - 1}, not {self.divisor!r}")
        for name, value in (("multiplier", self.multiplier), ("offset", self.offset)):
            if not -LIMIT < value < LIMIT:
                raise ValueError(f"{name} must be within ±{LIMIT - 1}, not {value!r}")

    @property
    def output(self) -> Tensor:
        """Type of the quantized image."""
        shape = (*self.shape, 1) if len(self.shape) == 2 else self.shape
        return Tensor(shape, Element.INT if self.signed else Element.UINT, self.width)


Input = Thermometer | Affine

LIMIT = 1 << 31
"""Numbers of a line stay below this, so that the sum fits 64 bits for any pixel."""


def _shape(values: object) -> tuple[int, ...]:
    shape = integers("shape", values)
    if not 1 <= len(shape) <= 3 or min(shape) < 1:
        raise ValueError(f"shape must be 1 to 3 positive numbers, not {shape!r}")
    return shape
