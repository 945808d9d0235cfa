"""The reader of a board's flash, against a flash in Python."""

from itertools import pairwise

import pytest
from amaranth.sim import Simulator

from tests.networks import random_network
from xnorflow.boards.flash_reader import BYTE_CYCLES, FlashReader, flash_cycles, flash_pause
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.folding import Folding
from xnorflow.hw.loader import weights_file

OFFSET, PAUSE = 0x012345, 7
FILE = bytes(range(7, 250, 9))


class Flash:
    """SPI mode 0: takes a bit when the clock rises, gives one when it falls; asleep at first."""

    def __init__(self):
        self.awake, self.commands = False, []
        self.bits, self.out, self.clk = [], [], 0

    def cycle(self, cs, clk, copi):
        if not cs:
            if self.bits:
                self.commands.append(int("".join(map(str, self.bits[:32])), 2))
                self.awake |= self.commands[-1] == 0xAB
            self.bits, self.out, self.clk = [], [], 0
            return 1
        if clk and not self.clk:
            self.bits.append(copi)
            if len(self.bits) == 32 and self.awake:
                self.out = [int(bit) for byte in FILE for bit in f"{byte:08b}"]
        level = self.level
        if self.clk and not clk and len(self.bits) >= 32 and self.out:
            level = self.out.pop(0)
        self.clk, self.level = clk, level
        return level

    level = 1


def read(count, *, slow=1, again=None):
    """Bytes, and the cycles in which they were taken, by one who needs ``slow`` cycles for each."""
    dut, flash = FlashReader(offset=OFFSET, pause=PAUSE), Flash()
    came, cycles = [], []

    async def bench(ctx):
        busy = 0
        for cycle in range(20_000):
            ctx.set(dut.cipo, flash.cycle(ctx.get(dut.cs), ctx.get(dut.clk), ctx.get(dut.copi)))
            ctx.set(dut.again, cycle == again)
            ctx.set(dut.o.ready, busy == 0)
            if busy == 0 and ctx.get(dut.o.valid):
                came.append(ctx.get(dut.o.payload))
                cycles.append(cycle)
                busy = slow
            busy = max(0, busy - 1)
            if len(came) == count:
                ctx.set(dut.done, 1)
                await ctx.tick().repeat(2)
                assert (ctx.get(dut.cs), ctx.get(dut.clk)) == (0, 0)
                return
            await ctx.tick()
        raise AssertionError(came)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return bytes(came), cycles, flash


@pytest.mark.parametrize("slow", [1, 10, 16, 23])
def test_file_is_read_however_slow_it_is_taken(slow):
    came, cycles, flash = read(len(FILE), slow=slow)
    assert came == FILE
    assert flash.commands[0] == 0xAB
    gaps = {later - earlier for earlier, later in pairwise(cycles)}
    assert gaps == {BYTE_CYCLES} if slow <= BYTE_CYCLES else min(gaps) >= slow


def test_first_byte_comes_when_the_formula_says():
    _, cycles, _ = read(1)
    assert cycles == [2 * PAUSE + 2 * (8 + 32) + BYTE_CYCLES]


def test_it_begins_again_when_it_is_told_to():
    came, _, flash = read(20, again=300)
    first = came.rindex(FILE[0])
    assert 0 < first < 20
    assert came == FILE[:first] + FILE[: 20 - first]
    # The last one is still under way.
    assert flash.commands == [0xAB, 0x03 << 24 | OFFSET, 0xAB]


def test_start_up_is_a_formula_of_the_file():
    accelerator = Accelerator(random_network((64, 36, 10)), (Folding(3, 8), Folding(2, 9)), brams=2, sprams=4)
    commands = 2 * flash_pause(36.0) + 80 + BYTE_CYCLES
    assert flash_cycles(accelerator, 36.0) == commands + BYTE_CYCLES * (len(weights_file(accelerator)) - 1) + 12
    assert flash_pause(36.0) == 1080
