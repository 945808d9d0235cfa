"""Weights as planes: integers as sums of ±1, each times a power of two, so that their products are sums of products.

All odd integers below ``2**count`` are sums of ``1, 2, 4 .. 2**(count - 1)``, each with a sign. Of even ones, and of
zero, the double is such a sum and one more ±1.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..bits import BitArray
from .constant import LARGEST_PALETTE, Constant
from .node import ImportRefused, Node, RealWeights
from .surd import ZERO, InexactError, Surd

__all__ = ["Planes", "planes_of", "some", "whole_numbers"]

SHOWN = 5
"""Different weights that a refusal shows."""

LARGEST_LAYER = 1 << 16
"""Neurons: far above any network that fits the devices."""

MOST_BITS = 8
"""Bits of a weight."""

MOST_VALUES = (1 << MOST_BITS) + 1
"""Different weights of a neuron: 8 bits with or without zero in their middle."""

LARGEST_WORK = 1 << 19
"""Different weights of all neurons together, where each neuron has a scale of its own."""

MEANT_BITS = 16
"""Bits of an integer weight that somebody can have meant: any float is an integer of many more bits times a scale."""

MOST_LISTED = 1 << 12
"""Different weights of a neuron that are looked at to tell why they are refused."""

NEAR = 2.0**-21
"""How far from an integer, relative to it, a few roundings to float32 can leave a number."""

ADVICE = "train with 1-bit weights"

HALF = Surd(Fraction(1, 2))


@dataclass(frozen=True, eq=False)
class Planes:
    """Weights of neurons, the first axis.

    Parameters
    ----------
    bits : tuple of :class:`BitArray`
        The planes, which stand for ±1.
    exponents : tuple of :class:`int`
        The power of two of each, rising from 0.
    magnitudes : list of :class:`Surd`
        What the sum of the planes is to be multiplied by, for each neuron; 0 where all weights are.
    values : :class:`str`
        The integers that weights are, where there is more than one plane.
    refusal : :class:`ImportRefused` or None
        What to say of it where that is not wanted.
    """

    bits: tuple[BitArray, ...]
    exponents: tuple[int, ...]
    magnitudes: list[Surd]
    values: str = ""
    refusal: ImportRefused | None = None


def planes_of(node: Node, weights: Constant) -> Planes:
    """Planes of real weights; one where each neuron has ±1 times a scale."""
    if len(weights.palette) > LARGEST_PALETTE:
        error = node.error(
            f"weights must be ±1, or integers of up to {MOST_BITS} bits, times one scale for each neuron, "
            f"not {len(weights.palette)} different numbers; {ADVICE}"
        )
        raise RealWeights(str(error))
    values = weights.values(node)
    if len(weights.index) > LARGEST_LAYER:
        raise node.error(f"must have at most {LARGEST_LAYER} neurons, not {len(weights.index)}")
    places = {magnitude: place for place, magnitude in enumerate(dict.fromkeys(map(abs, values)))}
    rows = np.array([places[abs(value)] for value in values])[weights.index].reshape(len(weights.index), -1)
    wrong = np.flatnonzero((rows != rows[:, :1]).any(axis=1))
    if not wrong.size and list(places) != [ZERO]:
        magnitudes = list(places)
        bits = np.array([value.sign > 0 for value in values], np.uint8)[weights.index]
        return Planes((bits,), (0,), [magnitudes[place] for place in rows[:, 0]])
    found = _integers(values, weights.index)
    first = int(wrong[0]) if wrong.size else 0
    if found is None:
        first = _first_other(values, weights.index, wrong)
        _check_whole(node, first, [values[place] for place in np.unique(weights.index[first])])
    shown = [values[place] for place in np.unique(weights.index[first])]
    kinds = f"±1, or integers of up to {MOST_BITS} bits," if found is None else "±1"
    error = node.error(f"weights of neuron {first} must be {kinds} times one scale, not {some(shown)}; {ADVICE}")
    if found is None:
        raise RealWeights(str(error)) if len(shown) > SHOWN else error
    if list(places) == [ZERO]:
        raise error
    return replace(_split(*found), refusal=error)


def _first_other(values: Sequence[Surd], index: NDArray[np.int64], wrong: NDArray[np.int64]) -> int:
    """The first neuron whose weights are no integers of few bits."""
    for row in wrong.tolist():
        places = np.unique(index[row])
        if len(places) > MOST_VALUES or _multiples([values[place] for place in places]) is None:
            return int(row)
    return int(wrong[0])


def _check_whole(node: Node, neuron: int, values: Sequence[Surd]) -> None:
    """Refuse integers of too many bits, and numbers that only rounding keeps from being integers, by name."""
    found = whole_numbers(values) if len(values) <= MOST_LISTED else None
    if found is not None:
        raise node.error(
            f"weights of neuron {neuron} must be integers of up to {MOST_BITS} bits times one scale, but need "
            f"{_bits(found[0])} bits, once a zero point is subtracted; "
            f"quantize to {MOST_BITS} bits with the zero point 0"
        )
    near = nearly_whole(values)
    if near is not None:
        numbers, scale = near
        raise node.error(
            f"weights of neuron {neuron} must be integers times one scale exactly, but are {_named(np.array(numbers))} "
            f"times {scale:g} rounded to float32, as an exporter folds a batch normalization into them; keep "
            "the two apart, or quantize what is exported"
        )


def some(values: Iterable[Surd]) -> str:
    """Different numbers in their order, or the first of them."""
    rising = sorted({str(value) for value in values}, key=float)
    return ", ".join(rising[:SHOWN] + ["..."] * (len(rising) > SHOWN))


def _integers(values: Sequence[Surd], index: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[Surd]] | None:
    """Integers of few bits and the scale of each neuron, alike if that can be; None where there are none."""
    common = _multiples(values)
    if common is not None:
        numbers, scale = common
        return np.array(numbers, np.int64)[index], [scale] * len(index)
    numbers_of: list[NDArray[np.int64]] = []
    scales: list[Surd] = []
    work = 0
    for row in index:
        places, back = np.unique(row, return_inverse=True)
        work += len(places)
        found = None if len(places) > MOST_VALUES or work > LARGEST_WORK else _multiples([values[n] for n in places])
        if found is None:
            return None
        numbers_of.append(np.array(found[0], np.int64)[back.reshape(row.shape)])
        scales.append(found[1])
    return np.array(numbers_of), scales


def _multiples(values: Sequence[Surd]) -> tuple[list[int], Surd] | None:
    """Numbers as small multiples of one; None where they are not."""
    if len(values) > MOST_VALUES:
        return None
    found = _ratios(values)
    return found if found is not None and _bits(found[0]) <= MOST_BITS else None


def _ratios(values: Sequence[Surd]) -> tuple[list[int], Surd] | None:
    """Numbers as integers times one; None where they have none in common."""
    unit = next((abs(value) for value in values if value != ZERO), None)
    if unit is None:
        return [0] * len(values), Surd(Fraction(1))
    try:
        ratios = [(value / unit).rational for value in values]
    except InexactError:
        return None
    below = math.lcm(*(ratio.denominator for ratio in ratios))
    above = math.gcd(*(int(ratio * below) for ratio in ratios))
    return [int(ratio * below) // above for ratio in ratios], unit * Surd(Fraction(above, below))


def _bits(numbers: Sequence[int]) -> int:
    """Bits of these weights; all odd ones go from -2**n to 2**n, others to half of it."""
    largest = max(map(abs, numbers))
    return largest.bit_length() if all(number & 1 for number in numbers) else (max(largest, 1) - 1).bit_length() + 1


def whole_numbers(values: Sequence[Surd]) -> tuple[list[int], Surd] | None:
    """Numbers as integers that somebody can have meant times one scale; None where they are real numbers."""
    found = _ratios(values)
    return found if found is not None and _bits(found[0]) <= MEANT_BITS else None


def nearly_whole(values: Sequence[Surd]) -> tuple[list[int], float] | None:
    """Integers of few bits and a scale, of which these are products but for roundings to float32."""
    numbers = np.array([float(value) for value in values])
    largest = float(np.abs(numbers).max())
    if len({abs(number) for number in numbers.tolist()} - {0.0}) < 2 or len(numbers) > MOST_VALUES:
        return None
    for top in range(2, 1 << MOST_BITS):
        whole = np.round(numbers * (top / largest))
        close = np.abs(numbers * (top / largest) - whole) <= NEAR * np.maximum(np.abs(whole), 1)
        if close.all() and (whole[numbers != 0] != 0).all():
            return whole.astype(np.int64).tolist(), largest / top
    return None


def _named(numbers: NDArray[np.int64]) -> str:
    """Few integers one by one, else from where to where they go."""
    found = np.unique(numbers).tolist()
    return ", ".join(map(str, found)) if len(found) <= SHOWN else f"{found[0]}..{found[-1]}"


def _split(numbers: NDArray[np.int64], scales: Sequence[Surd]) -> Planes:
    if (numbers & 1).all():
        bits = _odd(numbers, int(np.abs(numbers).max()).bit_length())
        return Planes(bits, tuple(range(len(bits))), list(scales), _named(numbers))
    doubled = 2 * numbers
    count = (int(np.abs(doubled).max()) - 1).bit_length()
    # One plane is the same everywhere where that leaves few enough: among scores it makes no difference, and goes.
    if doubled.max() < 1 << count:
        one = np.zeros_like(numbers)
    elif doubled.min() > -1 << count:
        one = np.ones_like(numbers)
    else:
        one = (numbers > 0).astype(np.int64)
    bits = (one.astype(np.uint8), *_odd(doubled - (2 * one - 1), count))
    return Planes(bits, (0, *range(count)), [scale * HALF for scale in scales], _named(numbers))


def _odd(numbers: NDArray[np.int64], count: int) -> tuple[BitArray, ...]:
    """Planes of odd numbers, from that of 1 on."""
    halves = numbers + (1 << count) - 1 >> 1
    return tuple((halves >> place & 1).astype(np.uint8) for place in range(count))
