"""From real-valued pre-processing to the input quantization of a network: checked on all 256 values of a pixel."""

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from ..inputs import LIMIT, Affine, Thermometer
from ..ir import Threshold
from ..tensors import levels_of
from .curve import Curve, runs, single_line, value_at
from .levels import MOST_LEVELS, Runs, ladder
from .node import Node
from .signal import Indices, Made, Pixels, Signal
from .surd import ZERO, Surd

__all__ = ["fit", "image_signal", "settle_pixels", "table"]

PIXELS = range(256)


def image_signal(image: tuple[int, ...], order: Indices, scale: Fraction) -> Signal:
    """The raw image, where a pixel of 1 stands for ``scale``, in the order of a file."""
    curve = Curve((0,), ((Surd(scale), ZERO),))
    return Signal(Pixels(image), Affine(image).output, order, (curve,))


def table(rule: Affine) -> list[int]:
    """The integer that a rule makes of each raw pixel."""
    low, high = rule.output.span
    return [min(max((rule.multiplier * pixel + rule.offset) // rule.divisor, low), high) for pixel in PIXELS]


def settle_pixels(node: Node, signal: Signal, shape: tuple[int, ...]) -> Signal:
    """The same elements as lines of integers or bits that an input rule makes of raw pixels, or levels behind it."""
    raw = Made(Affine(shape))
    lines = [single_line(curve) for curve in signal.curves]
    if None not in lines and any(line is not None and line[0] != ZERO for line in lines):
        return replace(signal, source=raw)
    known = {curve: _steps(node, curve) for curve in dict.fromkeys(signal.curves)}
    table = [known[curve] for curve in signal.curves]
    if all(len(found) == 1 for found in table):
        raise node.error("gives all 256 values of a pixel the same number; check input_scale")
    levels = {tuple(place for place, _ in found) for found in table}
    if len(levels) == 1 and len(table[0]) == 2:
        return _threshold(signal, shape, table)
    if len(known) == 1:
        quantized = _quantize(node, signal, shape, signal.curves[0])
        if quantized is not None:
            return quantized
    count = max(len(table), signal.channels)
    steps = ladder(node, [[table[place % len(table)]] for place in range(count)], len(PIXELS), signal.origin)
    # A level that is never reached lies above all pixels.
    made = Made(Threshold(steps.places[:, 0]), (raw,))
    return replace(signal, source=made, tensor=levels_of(signal.tensor.shape, steps.count)).with_curves(steps.curves)


def _steps(node: Node, curve: Curve) -> Runs:
    found = runs(PIXELS, curve)
    if found is None:
        raise node.error("must get the image quantized, not cut to a part of its values; put Quant between")
    return found


def _threshold(signal: Signal, shape: tuple[int, ...], table: Sequence[Runs]) -> Signal:
    """A bit at the grey level where the two numbers of each channel change."""
    rule = Thermometer(shape, (table[0][1][0],))
    half = Surd(Fraction(1, 2))
    curves = tuple(Curve((0,), (((high - low) * half, (high + low) * half),)) for (_, low), (_, high) in table)
    return replace(signal, source=Made(rule), tensor=rule.output).with_curves(curves)


def _quantize(node: Node, signal: Signal, shape: tuple[int, ...], curve: Curve) -> Signal | None:
    """Integers that are the numbers of all 256 pixels, but for a scale and an offset; None where levels may do it."""
    values = [value_at(PIXELS, curve, pixel).rational for pixel in PIXELS]
    step, offset = _lattice(values)
    wanted = [int((value - offset) / step) for value in values]
    for signed in (False, True):
        for width in range(2, 9):
            low = -(1 << width - 1) if signed else 0
            if low <= min(wanted) and max(wanted) < low + (1 << width):
                rule = fit(shape, wanted, width=width, signed=signed)
                if rule is not None:
                    line = Curve((0,), ((Surd(step), Surd(offset)),))
                    return replace(signal, source=Made(rule), tensor=rule.output, curves=(line,))
    if max(wanted) - min(wanted) > PIXELS[-1]:
        raise node.error("must have 1 to 8 bits on the image, not more; quantize it to 8")
    if len(set(wanted)) <= MOST_LEVELS + 1:
        return None
    raise node.error("rounds the 256 values of a pixel as no single line does; use another rounding_mode or scale")


def _lattice(values: Sequence[Fraction]) -> tuple[Fraction, Fraction]:
    """A step and an offset, which is 0 where it can be, such that all values are ``step * integer + offset``."""
    common = math.lcm(*(value.denominator for value in values))
    whole = [int(value * common) for value in values]
    step = math.gcd(*(value - whole[0] for value in whole))
    start = 0 if whole[0] % step == 0 and -128 * step <= min(whole) and max(whole) <= 255 * step else min(whole)
    if start == 0 and min(whole) < 0 and max(whole) > 127 * step:
        start = min(whole)
    return Fraction(step, common), Fraction(start, common)


def fit(shape: tuple[int, ...], wanted: Sequence[int], *, width: int, signed: bool) -> Affine | None:
    """The rule that gives these integers for the 256 raw pixels, with the smallest divisor; None where no line does."""
    low = -(1 << width - 1) if signed else 0
    high = low + (1 << width) - 1
    # The line is at least the integer and below the next one; where it is cut, only one of both.
    least = [(pixel, value) for pixel, value in enumerate(wanted) if value > low]
    most = [(pixel, value + 1) for pixel, value in enumerate(wanted) if value < high]
    slope = _slope(least, most)
    if slope is None:
        return None
    multiplier, divisor = slope.as_integer_ratio()
    first = max(value * divisor - multiplier * pixel for pixel, value in least)
    last = min(value * divisor - multiplier * pixel for pixel, value in most) - 1
    # Zero where it may be, for the eye.
    offset = min(max(first, 0), last)
    if max(abs(multiplier), abs(offset), divisor) >= LIMIT:
        return None
    rule = Affine(shape, multiplier, offset, divisor, width, signed)
    assert table(rule) == list(wanted)
    return rule


def _slope(least: Sequence[tuple[int, int]], most: Sequence[tuple[int, int]]) -> Fraction | None:
    """The simplest slope of a line that is nowhere below ``least``, and everywhere below ``most``."""
    bounds = {(above - below, at - start) for at, above in least for start, below in most if at != start}
    above = max((Fraction(rise, run) for rise, run in bounds if run > 0), default=None)
    below = min((Fraction(rise, run) for rise, run in bounds if run < 0), default=None)
    if above is None or below is None:
        # A line that is cut on one side as soon as it begins, as steep as one likes.
        if above is None and below is None:
            return None
        return Fraction(math.ceil(below) - 1 if below is not None else math.floor(above or 0) + 1)
    if above >= below:
        return None
    return -_simplest(-below, -above) if below <= 0 else _simplest(above, below)


def _simplest(low: Fraction, high: Fraction | None) -> Fraction:
    """The fraction with the smallest denominator between two numbers that are not negative; None is beyond all."""
    whole = math.floor(low)
    if high is None or whole + 1 < high:
        return Fraction(whole + 1)
    rest = low - whole
    return whole + 1 / _simplest(1 / (high - whole), 1 / rest if rest else None)
