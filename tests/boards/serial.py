"""The host's end of a UART in simulation: a line driven and read at a rate of its own."""

from collections.abc import Iterable
from itertools import pairwise

__all__ = ["Line", "read_bytes", "send_bytes"]

Line = list[int]
"""Level of a line in each clock cycle."""


def send_bytes(data: Iterable[int], *, divisor: float, gap: float = 0.0) -> Line:
    """Levels of a line with bytes on it, a bit every ``divisor`` cycles and idle for ``gap`` cycles between bytes."""
    levels, start = [], 1.0
    edges = [(0.0, 1)]
    for byte in data:
        edges += [(start + n * divisor, byte << 1 >> n & 1) for n in range(9)]
        edges.append((start + 9 * divisor, 1))
        start += 10 * divisor + gap
    edges.append((start, 1))
    for (begin, level), (end, _) in pairwise(edges):
        # A level counts from the first clock edge after it began.
        levels += [level] * (int(end) - int(begin))
    return levels


def read_bytes(levels: Line, *, divisor: float) -> list[int]:
    """Bytes on a line, sampled in the middle of each bit."""
    found, now = [], 0
    while now < len(levels):
        if levels[now]:
            now += 1
            continue
        bits = [levels[int(now + (n + 0.5) * divisor)] for n in range(10)]
        assert bits[0] == 0, "spike on the line"
        assert bits[9] == 1, "no stop bit"
        found.append(sum(bit << n for n, bit in enumerate(bits[1:9])))
        now = int(now + 9.5 * divisor)
    return found
