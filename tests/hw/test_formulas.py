"""Formulas for rows and words of any size give what going through all of their parts gives."""

import pytest

from xnorflow.hw.folding import Folding
from xnorflow.hw.grouping import FAN_OUT, group_runs, group_sizes
from xnorflow.hw.match_groups import cheapest_groups, count_cells
from xnorflow.hw.matches import count_latency

LOGIC = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 4, 7: 6}


def split(width, groups):
    return [width // groups + (n < width % groups) for n in range(groups)]


def tree(sizes):
    """Bits of the sums at each level, from the ranges of what is added."""
    bits = sizes[0].bit_length()
    ranges, levels = [(-(1 << bits - 1), size - (1 << bits - 1)) for size in sizes], []
    while len(ranges) > 1:
        pairs = [ranges[n : n + 2] for n in range(0, len(ranges), 2)]
        ranges = [(sum(low for low, _ in pair), sum(high for _, high in pair)) for pair in pairs]
        levels.append([max((~low).bit_length(), max(high, 0).bit_length()) + 1 for low, high in ranges])
    return levels


def cells(sizes):
    return sum(sizes) + sum(LOGIC[size] for size in sizes) + sum(map(sum, tree(sizes)))


@pytest.mark.parametrize("widths", [range(1, 130), range(250, 260), [392, 511, 512, 784, 1023]])
def test_groups_of_lanes_are_the_cheapest(widths):
    for width in widths:
        options = [split(width, groups) for groups in range(-(-width // 7), -(-width // 3) + 1)]
        best = min(options, key=lambda sizes: (cells(sizes), len(sizes)))
        assert cheapest_groups(width) == len(best)
        assert count_cells(width) == cells(best)
        assert count_latency(width) == 2 + len(tree(best))


@pytest.mark.parametrize("port", [16, 36])
@pytest.mark.parametrize("simd", [1, 4, 5, 9, 36, 98, 113, 1000])
def test_groups_of_elements_waste_the_fewest_ports(simd, port):
    for pe in range(1, 70):
        options = [[size] * (pe // size) + [pe % size] * (pe % size > 0) for size in range(1, min(FAN_OUT, pe) + 1)]
        best = min(options, key=lambda sizes: (sum(-(-size * simd // port) for size in sizes), -sizes[0]))
        assert group_sizes(Folding(pe, simd), port=port) == tuple(best)
        assert len(group_runs(Folding(pe, simd), port=port)) <= 2
