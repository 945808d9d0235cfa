"""A file in a board's SPI flash, byte by byte."""

import math

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.wiring import In, Out

from ..hw.accelerator import Accelerator
from ..hw.loader import load_cycles

__all__ = ["FlashReader", "flash_cycles", "flash_pause"]

PAUSE_US = 30
"""Microseconds that a flash gets to wake up in: some take so long, those of Winbond 3."""

WAKE, READ = 0xAB, 0x03
"""Commands: release from power-down, into which an iCE40 sends its flash once it is configured, and read."""

BYTE_CYCLES = 16
"""Clock cycles of a byte on the wire: the flash's clock is half as fast."""


class State(enum.Enum):
    """What goes on at the flash."""

    PAUSE = 0
    COMMAND = 1
    DATA = 2


class FlashReader(wiring.Component):
    """Wake the flash up and read from a place on, as far as bytes are taken; begin again when told to.

    SPI mode 0. A bit is looked at when the clock falls, a whole period after the flash was told to give it.

    Parameters
    ----------
    offset : :class:`int`
        Where the file begins in the flash.
    pause : :class:`int`
        Clock cycles before each command, in which the flash is not selected.

    Members
    -------
    clk, cs, copi, cipo : 1, out, out, out, in
        The flash's pins; it is selected while ``cs`` is high.
    o : stream of 8 bits, out
        Bytes of the file, and of what is behind it.
    again : 1, in
        High for a cycle to begin again.
    done : 1, in
        High when no more is wanted.
    """

    def __init__(self, *, offset: int, pause: int) -> None:
        self.offset = offset
        self.pause = pause
        super().__init__(
            {
                "clk": Out(1),
                "cs": Out(1),
                "copi": Out(1),
                "cipo": In(1),
                "o": Out(stream.Signature(8)),
                "again": In(1),
                "done": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        state, awake, timer = Signal(State), Signal(), Signal(range(self.pause))
        out, left, came = Signal(32, reset_less=True), Signal(range(32)), Signal(8, reset_less=True)
        waits = (state == State.DATA) & (left == 7) & ~self.clk & self.o.valid & ~self.o.ready
        m.d.comb += [self.cs.eq(state != State.PAUSE), self.copi.eq(out[-1])]
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)

        with m.If(state == State.PAUSE):
            with m.If(timer != self.pause - 1):
                m.d.sync += timer.eq(timer + 1)
            with m.Elif(~self.done):
                m.d.sync += [
                    timer.eq(0),
                    state.eq(State.COMMAND),
                    out.eq(Mux(awake, READ << 24 | self.offset, WAKE << 24)),
                    left.eq(Mux(awake, 31, 7)),
                ]
        # A byte begins when there is a place for it.
        with m.Elif(~waits):
            m.d.sync += self.clk.eq(~self.clk)
            with m.If(self.clk):
                m.d.sync += [out.eq(out << 1), came.eq(Cat(self.cipo, came)), left.eq(left - 1)]
                with m.If(left == 0):
                    m.d.sync += [left.eq(7), awake.eq(1), state.eq(Mux(awake, State.DATA, State.PAUSE))]
                with m.If((left == 0) & (state == State.DATA)):
                    m.d.sync += [self.o.payload.eq(Cat(self.cipo, came)), self.o.valid.eq(1)]
        with m.If(self.again | self.done):
            m.d.sync += [state.eq(State.PAUSE), awake.eq(0), timer.eq(0), self.clk.eq(0), self.o.valid.eq(0)]
        return m


def flash_pause(clock_mhz: float) -> int:
    """Clock cycles before each command."""
    return math.ceil(PAUSE_US * clock_mhz)


def flash_cycles(accelerator: Accelerator, clock_mhz: float) -> int:
    """Clock cycles from the reset to when the core takes frames, where the flash has what it should."""
    commands = 2 * (8 + 32)
    # The first byte has come whole when it is handed over.
    return 2 * flash_pause(clock_mhz) + commands + BYTE_CYCLES + load_cycles(accelerator, byte=BYTE_CYCLES)
