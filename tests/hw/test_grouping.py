"""Groups of a row: no element is lost, none is too many, and few bits of the ports are unused."""

import itertools

import pytest

from xnorflow.hw.folding import Folding
from xnorflow.hw.grouping import FAN_OUT, group_sizes


@pytest.mark.parametrize(
    ("pe", "simd", "port", "sizes"),
    [
        (1, 1, 16, (1,)),
        (4, 98, 16, (4,)),
        (16, 49, 36, (8, 8)),
        (17, 1, 16, (8, 8, 1)),
        # Three words of 5 bits fill a port of 16 but for a bit, and six two of them; fewer groups have fewer hops.
        (9, 5, 16, (6, 3)),
        (7, 16, 16, (7,)),
        (10, 36, 36, (8, 2)),
    ],
)
def test_known_rows(pe, simd, port, sizes):
    assert group_sizes(Folding(pe, simd), port=port) == sizes


def lost(sizes, simd, port):
    """Bits of the ports that nothing reads."""
    return sum(-(-size * simd // port) * port - size * simd for size in sizes)


@pytest.mark.parametrize("port", [16, 36])
def test_no_even_split_loses_less(port):
    for pe, simd in itertools.product(range(1, 25), [1, 3, 7, 8, 16, 18, 49]):
        sizes = group_sizes(Folding(pe, simd), port=port)
        assert sum(sizes) == pe
        assert max(sizes) <= FAN_OUT
        for size in range(1, min(FAN_OUT, pe) + 1):
            other = (size,) * (pe // size) + (pe % size,) * (pe % size > 0)
            assert lost(sizes, simd, port) <= lost(other, simd, port)
