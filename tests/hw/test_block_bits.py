import pytest

from xnorflow.hw.block_bits import block_bits
from xnorflow.hw.device import ECP5, ICE40
from xnorflow.hw.memory import MemorySize
from xnorflow.hw.stage import Divided, Place


@pytest.mark.parametrize(
    ("width", "depth", "count", "place", "family", "bits"),
    [
        (40, 256, 3, Place.BLOCK, ICE40, [40, 40, 40]),
        (40, 256, 3, Place.LUT, ICE40, [0, 0, 0]),
        (40, 256, 3, Divided(5), ICE40, [40, 32, 0]),
        (40, 256, 3, Divided(6), ICE40, [40, 40, 0]),
        (40, 257, 2, Divided(5), ICE40, [40, 0]),
        (40, 512, 2, Divided(9), ICE40, [40, 32]),
        (100, 400, 2, Divided(4), ECP5, [100, 36]),
    ],
)
def test_blocks_are_filled_one_group_after_the_other(width, depth, count, place, family, bits):
    memories = [MemorySize(width, depth)] * count
    assert block_bits(memories, place, family) == bits
    if isinstance(place, Divided):
        assert sum(MemorySize(n, depth).blocks(family) for n in bits if n) <= place.blocks
