"""The foldings of a layer that are worth a look."""

import bisect
import functools
from collections.abc import Iterator

from ..model.ir import Conv2d, Matrix
from .folding import Folding

__all__ = ["folding_options"]


def folding_options(layer: Matrix, interval: int, width_in: int) -> Iterator[Folding]:
    """Foldings within the interval of a vector: for each number of neuron groups the fewest elements and synapses.

    More synapses may be cheaper when they are whole beats of the input, which are ``width_in`` elements; in a
    convolution, when they divide a pixel.
    """
    for pe in _elements(layer.mh, interval):
        neuron_fold = -(-layer.mh // pe)
        simd = -(-layer.mw // min(layer.mw, interval // neuron_fold))
        rounded = _multiple(simd, width_in)
        wider = [rounded] if rounded <= layer.mw else []
        if isinstance(layer, Conv2d):
            wider += _whole_parts(layer.channels, simd)
            pixels = _multiple(simd, layer.channels)
            wider += [pixels] if pixels <= layer.mw else []
        if pe == 1:
            # A wide memory is less deep.
            wider += [simd << shift for shift in range(1, (layer.mw // simd).bit_length())]
        yield from (Folding(pe, width) for width in (simd, *wider))


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


def _whole_parts(channels: int, simd: int) -> list[int]:
    """The two smallest divisors of a pixel's channels that are not below ``simd``."""
    divisors = _divisors(channels)
    return list(divisors[bisect.bisect_left(divisors, simd) :][:2])


@functools.lru_cache(maxsize=1 << 10)
def _divisors(number: int) -> tuple[int, ...]:
    """All divisors, ascending."""
    return tuple(divisor for divisor in range(1, number + 1) if number % divisor == 0)


def _multiple(number: int, step: int) -> int:
    """The smallest multiple of ``step`` that is not below ``number``."""
    return -(-number // step) * step
