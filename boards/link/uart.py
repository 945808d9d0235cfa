"""UART: eight data bits, no parity, one stop bit; lowest bit first, idle line high."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import enum, stream, wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

__all__ = ["UartReceiver", "UartTransmitter", "byte_cycles", "uart_divisor"]

MIN_DIVISOR = 4
"""Cycles of a bit: with fewer, a sample in the middle of a bit is not safely inside it."""

ROUNDING = 0.01
"""Error of the rate that rounding may cause: half of what the receiver stands, the other half is the sender's."""


def uart_divisor(*, clock_mhz: float, baud: int) -> int:
    """Clock cycles of a bit.

    Raises
    ------
    ValueError
        When the clock is too slow for the rate, or does not divide into it closely enough.
    """
    cycles = clock_mhz * 1e6 / baud
    divisor = round(cycles)
    if divisor < MIN_DIVISOR or abs(divisor - cycles) > ROUNDING * cycles:
        raise ValueError(
            f"baud must be a clock of {clock_mhz:g} MHz divided by a whole number from {MIN_DIVISOR} up, not {baud}"
        )
    return divisor


def byte_cycles(divisor: int) -> int:
    """Clock cycles of a byte on the line: a start bit, eight of data, a stop bit."""
    return 10 * divisor


def _check_divisor(divisor: int) -> None:
    if divisor < MIN_DIVISOR:
        raise ValueError(f"divisor must be at least {MIN_DIVISOR}, not {divisor!r}")


class Line(enum.Enum):
    """What the receiver sees on its line."""

    IDLE = 0
    BYTE = 1
    BREAK = 2


class UartReceiver(wiring.Component):
    """Bytes from a line.

    A byte is given in the cycle after the middle of its stop bit. It waits until it is taken, but the line does not:
    a byte that comes before the last one was taken is lost, and this is reported.

    Parameters
    ----------
    divisor : :class:`int`
        Clock cycles of a bit, at least 4; the sender's rate may be off by 2 %.

    Members
    -------
    rx : 1, in
        The line, not synchronized.
    o : stream of 8 bits, out
        Bytes.
    error : 1, out
        High for a cycle when a byte was lost or had no stop bit.

    Raises
    ------
    ValueError
        When the divisor is too small.
    """

    def __init__(self, *, divisor: int) -> None:
        _check_divisor(divisor)
        self.divisor = divisor
        super().__init__({"rx": In(1, init=1), "o": Out(stream.Signature(8)), "error": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        line = Signal(init=1)
        m.submodules.synchronizer = FFSynchronizer(self.rx, line, init=1)
        state = Signal(Line)
        timer = Signal(range(self.divisor))
        bit = Signal(range(10))
        byte = Signal(8, reset_less=True)

        m.d.sync += self.error.eq(0)
        with m.If(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        with m.Switch(state):
            with m.Case(Line.IDLE), m.If(~line):
                # The edge came up to a cycle ago, so the middle of the bit is a little less than half of it away.
                m.d.sync += [state.eq(Line.BYTE), timer.eq((self.divisor - 1) // 2 - 1), bit.eq(0)]
            with m.Case(Line.BYTE):
                m.d.sync += timer.eq(timer - 1)
                with m.If(timer == 0):
                    m.d.sync += [timer.eq(self.divisor - 1), bit.eq(bit + 1), byte.eq(Cat(byte, line)[1:])]
                    with m.If((bit == 0) & line):
                        # A spike, not a start bit.
                        m.d.sync += state.eq(Line.IDLE)
                    with m.If(bit == 9):
                        self._finish(m, state, line, byte)
            with m.Case(Line.BREAK), m.If(line):
                m.d.sync += state.eq(Line.IDLE)
        return m

    def _finish(self, m: Module, state: Signal, line: Signal, byte: Signal) -> None:
        """Give the byte in the middle of its stop bit; the rest of that bit is room for a sender that is too fast."""
        with m.If(~line):
            m.d.sync += [state.eq(Line.BREAK), self.error.eq(1)]
        with m.Else():
            m.d.sync += state.eq(Line.IDLE)
            with m.If(self.o.valid & ~self.o.ready):
                m.d.sync += self.error.eq(1)
            with m.Else():
                m.d.sync += [self.o.valid.eq(1), self.o.payload.eq(byte)]


class UartTransmitter(wiring.Component):
    """Bytes to a line, one every ``10 * divisor`` cycles when they come as fast.

    Parameters
    ----------
    divisor : :class:`int`
        Clock cycles of a bit, at least 4.

    Members
    -------
    i : stream of 8 bits, in
        Bytes.
    tx : 1, out
        The line.

    Raises
    ------
    ValueError
        When the divisor is too small.
    """

    def __init__(self, *, divisor: int) -> None:
        _check_divisor(divisor)
        self.divisor = divisor
        super().__init__({"i": In(stream.Signature(8)), "tx": Out(1, init=1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        timer = Signal(range(self.divisor))
        left = Signal(range(11))
        bits = Signal(9, init=~0)
        m.d.comb += self.i.ready.eq((left == 0) | ((left == 1) & (timer == 0)))

        with m.If(left != 0):
            m.d.sync += timer.eq(timer - 1)
            with m.If(timer == 0):
                m.d.sync += [timer.eq(self.divisor - 1), left.eq(left - 1), Cat(self.tx, bits).eq(Cat(bits, 1))]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [self.tx.eq(0), bits.eq(Cat(self.i.payload, 1)), timer.eq(self.divisor - 1), left.eq(10)]
        return m
