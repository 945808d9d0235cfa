"""Functions of few steps as levels: at which integers they take the next number, and what the count stands for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .curve import Curve, Line
from .node import ImportRefused, Node
from .surd import ONE, InexactError, Surd

__all__ = ["MOST_LEVELS", "Ladder", "Runs", "direction", "ladder", "reversed_runs"]

Runs = list[tuple[int, Surd]]
"""Where a function takes another number, and which; the first place is 0."""

MOST_LEVELS = 15
"""As many as four bits can count."""

SHOWN = 5
"""Different numbers that a refusal shows."""

HALF = Surd(Fraction(1, 2))


@dataclass(frozen=True, eq=False)
class Ladder:
    """Levels of each channel.

    Parameters
    ----------
    places : array of shape ``(channels, rows, k)``
        The first place from which on a level is reached; the number of places where it never is.
    curves : list of :class:`Curve`
        For each channel what the number of levels that are reached stands for; with one level that is a bit, ±1.
    """

    places: NDArray[np.int64]
    curves: list[Curve]

    @property
    def count(self) -> int:
        """Levels of each channel."""
        return int(self.places.shape[2])


def ladder(node: Node, table: Sequence[Sequence[Runs]], count: int, origin: ImportRefused | None = None) -> Ladder:
    """Levels of the functions of each channel, one row of them for each value of a second tensor."""
    values = [{value for runs in rows for _, value in runs} for rows in table]
    if origin is not None and any(len(found) > 2 for found in values):
        raise origin
    falls = [direction(node, rows) < 0 for rows in table]
    ends = _lattice(values)
    if ends is None:
        channel = max(range(len(values)), key=lambda place: len(values[place]))
        raise _too_many(node, channel, [value for runs in table[channel] for _, value in runs])
    steps, bases, most = ends
    places = np.array(
        [
            [_places(runs, steps[channel], bases[channel], most, falls[channel], count) for runs in rows]
            for channel, rows in enumerate(table)
        ],
        np.int64,
    )
    lines = [_line(*entry, most) for entry in zip(steps, bases, falls, strict=True)]
    return Ladder(places, [Curve((0,), (line,)) for line in lines])


def direction(node: Node, rows: Sequence[Runs]) -> int:
    """Whether functions rise (+1), fall (-1) or are constant (0)."""
    signs = {(second - first).sign for runs in rows for (_, first), (_, second) in pairwise(runs)}
    if len(signs) > 1:
        raise node.error("must get what rises or falls steadily with the product, not what does both")
    return signs.pop() if signs else 0


def reversed_runs(runs: Runs, count: int) -> Runs:
    """The same function of the negative."""
    starts = [0, *(count - place for place, _ in reversed(runs[1:]))]
    return list(zip(starts, (value for _, value in reversed(runs)), strict=True))


def _lattice(values: Sequence[set[Surd]]) -> tuple[list[Surd], list[Surd], int] | None:
    """For each channel a step and a smallest number, and how many steps there are at most; alike if that can be."""
    try:
        low = [_smallest(found) for found in values]
        together = set().union(*values)
        step = _common_step(together)
        spans = [_steps_to(found, base, step) for found, base in zip(values, low, strict=True)]
        lowest = _smallest(together)
        most = _steps_to(together, lowest, step)
        if most <= MOST_LEVELS:
            return [step] * len(values), [lowest] * len(values), most
        if max(spans) <= MOST_LEVELS:
            return [step] * len(values), low, max(spans)
    except InexactError:
        # Numbers with roots: they are compared within a channel only.
        low = [_smallest(found) for found in values]
    own = [_common_step(found) for found in values]
    spans = [_steps_to(found, base, step) for found, base, step in zip(values, low, own, strict=True)]
    if max(spans) > MOST_LEVELS:
        return None
    some = next((step for found, step in zip(values, own, strict=True) if len(found) > 1), ONE)
    steps = [step if len(found) > 1 else some for found, step in zip(values, own, strict=True)]
    return steps, low, max(spans)


def _smallest(values: set[Surd]) -> Surd:
    first, *others = values
    for value in others:
        if (value - first).sign < 0:
            first = value
    return first


def _common_step(values: set[Surd]) -> Surd:
    """The largest number of which all differences are multiples."""
    first, *others = values
    if not others:
        return ONE + ONE
    unit = abs(others[0] - first)
    ratios = [((value - first) / unit).rational for value in others]
    common = math.lcm(*(ratio.denominator for ratio in ratios))
    return unit * Surd(Fraction(math.gcd(*(int(ratio * common) for ratio in ratios)), common))


def _steps_to(values: set[Surd], base: Surd, step: Surd) -> int:
    return max(1, *(int(((value - base) / step).rational) for value in values))


def _places(runs: Runs, step: Surd, base: Surd, most: int, falls: bool, count: int) -> list[int]:
    """Where each level is reached first; of a function that falls, the levels are counted from above."""
    heights = [(place, int(((value - base) / step).rational)) for place, value in runs]
    if falls:
        heights = [(place, most - height) for place, height in heights]
    return [next((place for place, height in heights if height >= level), count) for level in range(1, most + 1)]


def _line(step: Surd, base: Surd, falls: bool, most: int) -> Line:
    if falls:
        step, base = -step, base + step * Surd(Fraction(most))
    return (step, base) if most > 1 else (step * HALF, base + step * HALF)


def _too_many(node: Node, channel: int, values: Sequence[Surd]) -> ImportRefused:
    shown = ", ".join(map(str, values[:SHOWN])) + ", ..." * (len(values) > SHOWN)
    return node.error(
        f"must get at most {MOST_LEVELS + 1} numbers at equal distances in channel {channel}, not {shown}; "
        "quantize to 1 to 4 bits"
    )
