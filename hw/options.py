"""The foldings of a layer that are worth a look."""

import bisect
import functools
import math
from collections.abc import Iterator

from ..model.ir import Conv2d, Matrix
from .folding import Folding, is_depthwise, largest_folding, turns

__all__ = ["divisors", "folding_options", "word_options"]


def folding_options(layer: Matrix, interval: int, width_in: int) -> Iterator[Folding]:
    """Foldings within the interval of a vector: for each number of neuron groups the fewest elements and synapses.

    More synapses may be cheaper when they are whole beats of the input, which are ``width_in`` elements; in a
    convolution, when they divide a pixel.
    """
    rounds, most = turns(layer), max(1, interval // turns(layer))
    for pe in _elements(layer.mh // rounds, most):
        neuron_fold = rounds * -(-layer.mh // rounds // pe)
        simd = -(-layer.mw // min(layer.mw, max(1, interval // neuron_fold)))
        wider = list(_wider(layer, simd, width_in))
        if pe == 1:
            # A wide memory is less deep.
            wider += [simd << shift for shift in range(1, (layer.mw // simd).bit_length())]
        yield from (Folding(pe, width) for width in (simd, *wider))


def word_options(layer: Matrix, interval: int, width: int, most: int) -> Iterator[Folding]:
    """Foldings within the interval of a vector whose weights of a cycle are 1 to ``most`` words of ``width`` bits."""
    whole = largest_folding(layer)
    for bits in range(width, width * most + 1, width):
        for pe in divisors(bits):
            folding = Folding(pe, bits // pe)
            if pe <= whole.pe and folding.simd <= whole.simd and folding.interval(layer) <= interval:
                yield folding


def _wider(layer: Matrix, simd: int, width_in: int) -> Iterator[int]:
    """Numbers of synapses above ``simd`` that fit what comes."""
    if is_depthwise(layer):
        yield from _whole_parts(layer.mw, simd)
        return
    widths = [_multiple(simd, width_in)]
    if isinstance(layer, Conv2d):
        # The channels that a neuron reads.
        channels = layer.channels // layer.groups
        yield from _whole_parts(channels, simd)
        widths.append(_multiple(simd, channels))
    yield from (width for width in widths if width <= layer.mw)


def _elements(mh: int, most: int) -> Iterator[int]:
    """The fewest processing elements for each number of neuron groups up to ``most`` that there can be.

    >>> list(_elements(10, 5))
    [10, 5, 4, 3, 2]
    """
    groups = 1
    while groups <= min(mh, most):
        pe = -(-mh // groups)
        yield pe
        # The next number of groups for which fewer elements do.
        groups = -(-mh // (pe - 1)) if pe > 1 else mh + 1


def _whole_parts(number: int, simd: int) -> tuple[int, ...]:
    """Its two smallest divisors that are not below ``simd``."""
    found = divisors(number)
    return found[bisect.bisect_left(found, simd) :][:2]


@functools.lru_cache(maxsize=1 << 10)
def divisors(number: int) -> tuple[int, ...]:
    """All divisors, ascending."""
    small = [divisor for divisor in range(1, math.isqrt(number) + 1) if number % divisor == 0]
    return tuple(sorted({*small, *(number // divisor for divisor in small)}))


def _multiple(number: int, step: int) -> int:
    """The smallest multiple of ``step`` that is not below ``number``."""
    return -(-number // step) * step
