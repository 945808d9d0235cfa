"""From real-valued pre-processing to the input quantization of a network: checked on all 256 values of a pixel."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from ..inputs import LIMIT, Affine, Input, Thermometer
from .node import ImportRefused, Node
from .rounding import Quantizer
from .signal import Pixels, Signal
from .surd import Surd

__all__ = ["image_signal", "quantize_pixels", "table", "threshold_pixels"]

PIXELS = range(256)


def image_signal(name: str, shape: tuple[int, ...], scale: Fraction) -> Signal:
    """The image, of a batch of 1 with channels first, where a raw pixel of 1 stands for ``scale``."""
    if len(shape) == 4:
        channels, rows, columns = shape[1:]
        image: tuple[int, ...] = (rows, columns) if channels == 1 else (rows, columns, channels)
        order = np.arange(rows * columns * channels).reshape(1, rows, columns, channels).transpose(0, 3, 1, 2)
    elif len(shape) == 2:
        image, order = shape[1:], np.arange(shape[1]).reshape(shape)
    else:
        raise ImportRefused(f"input {name!r}: must be a batch of vectors or of images, not of shape {shape}")
    rule = Affine(image)
    return Signal(Pixels(rule), rule.output, order, (Surd(scale),))


def table(rule: Affine) -> list[int]:
    """The integer that a rule makes of each raw pixel."""
    low, high = rule.output.span
    return [min(max((rule.multiplier * pixel + rule.offset) // rule.divisor, low), high) for pixel in PIXELS]


def threshold_pixels(node: Node, rule: Affine, holds: Sequence[Callable[[int], bool]]) -> tuple[Input, list[int]]:
    """The threshold at which each channel's condition changes, and for each channel +1, or -1 where it holds below."""
    pixels = table(rule)
    integers, levels, signs = sorted(set(pixels)), set(), []
    for channel, condition in enumerate(holds):
        rises = condition(integers[-1])
        if condition(integers[0]) == rises:
            raise node.error(f"gives all 256 values of a pixel of channel {channel} the same bit; check input_scale")
        border = integers[bisect_left(integers, True, key=lambda integer: condition(integer) == rises)]
        levels.add(next(pixel for pixel in PIXELS if (pixels[pixel] >= border) != (pixels[0] >= border)))
        signs.append(1 if rises == (pixels[-1] > pixels[0]) else -1)
    if len(levels) != 1:
        found = ", ".join(map(str, sorted(levels)[:8]))
        raise node.error(f"needs the same grey level for all channels, not {found}")
    return Thermometer(rule.shape, (levels.pop(),)), signs


def quantize_pixels(node: Node, rule: Affine, quantizer: Quantizer, scale: Surd, offset: Surd) -> Affine:
    """The rule that gives ``quantizer(scale * rule(pixel) + offset)`` for each raw pixel."""
    if not 2 <= quantizer.width <= 8:
        raise node.error(f"must have 1 to 8 bits on the image, not {quantizer.width}")
    wanted = [quantizer(scale * Surd(Fraction(integer)) + offset) for integer in table(rule)]
    slope = scale.rational * Fraction(rule.multiplier, rule.divisor)
    for divisor in (slope.denominator, 2 * slope.denominator, *(1 << power for power in range(23))):
        for multiplier in (int(slope * divisor) + step for step in (0, 1, -1)):
            start = _offset(wanted, multiplier, divisor, quantizer)
            if start is None or max(abs(multiplier), abs(start), divisor) >= LIMIT:
                continue
            fitted = Affine(rule.shape, multiplier, start, divisor, quantizer.width, quantizer.signed)
            if table(fitted) == wanted:
                return fitted
    raise node.error("rounds the 256 values of a pixel as no single line does; use another rounding_mode or scale")


def _offset(wanted: list[int], multiplier: int, divisor: int, quantizer: Quantizer) -> int | None:
    """An offset that puts the line between each wanted integer and the next one; where it is cut, beyond the end."""
    low = -(1 << quantizer.width - 1) if quantizer.signed else 0
    high = low + (1 << quantizer.width) - 1
    least = [value * divisor - multiplier * pixel for pixel, value in enumerate(wanted) if value > low]
    most = [(value + 1) * divisor - multiplier * pixel - 1 for pixel, value in enumerate(wanted) if value < high]
    first, last = max(least, default=-LIMIT), min(most, default=LIMIT)
    if first > last:
        return None
    # Zero where it may be, for the eye.
    return min(max(first, 0), last)
