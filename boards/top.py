"""What runs on a board: the core behind its UART, with class and heartbeat on the LEDs."""

from typing import Any

from amaranth.hdl import Elaboratable, Module
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In, Out

from ..hw.accelerator import Accelerator
from ..hw.core import AcceleratorCore
from ..hw.verilog import convert
from .board import Board
from .clock import add_clock
from .leds import add_leds, heartbeat_bits
from .link import Link, link_cells
from .rate import link_baud
from .uart import uart_divisor

__all__ = ["BoardTop", "SerialAccelerator", "board_cells", "serial_verilog"]


class SerialAccelerator(wiring.Component):
    """An accelerator behind a UART: everything of the board top that needs no board.

    Parameters
    ----------
    accelerator : :class:`Accelerator`
        The core.
    divisor : :class:`int`
        Clock cycles of a bit.
    clock_hz : :class:`int`
        The clock, which the host is told.

    Members
    -------
    rx, tx : 1, in and out
        The lines from and to the host.
    answer : ``range(classes)``, out
        Class of the last answer.
    error : 1, out
        High for a cycle when a message was not intact.

    Raises
    ------
    ValueError
        As for :class:`Link`.
    """

    def __init__(self, accelerator: Accelerator, *, divisor: int, clock_hz: int) -> None:
        self.accelerator = accelerator
        self.link = Link(accelerator, divisor=divisor, clock_hz=clock_hz)
        classes = accelerator.network.classes
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1), "answer": Out(range(classes)), "error": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.core = core = AcceleratorCore(self.accelerator)
        m.submodules.link = link = self.link
        m.d.comb += [
            link.rx.eq(self.rx),
            self.tx.eq(link.tx),
            self.error.eq(link.error),
            core.s_axis_tdata.eq(link.frames.tdata),
            core.s_axis_tvalid.eq(link.frames.tvalid),
            core.s_axis_tlast.eq(link.frames.tlast),
            link.frames.tready.eq(core.s_axis_tready),
            link.answers.tdata.eq(core.m_axis_tdata),
            link.answers.tvalid.eq(core.m_axis_tvalid),
            link.answers.tlast.eq(core.m_axis_tlast),
            core.m_axis_tready.eq(link.answers.tready),
        ]
        with m.If(link.answered):
            m.d.sync += self.answer.eq(link.answers.tdata)
        return m


class BoardTop(Elaboratable):
    """The top of a board: asks the platform for clock, UART and LEDs, and connects them.

    Parameters
    ----------
    accelerator : :class:`Accelerator`
        The core.
    board : :class:`Board`
        The board.

    Raises
    ------
    ValueError
        When the board's clock suits no rate of its UART, or the core is too slow for the slowest.
    """

    def __init__(self, accelerator: Accelerator, board: Board) -> None:
        self.board = board
        self.serial = _serial(accelerator, board)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        add_clock(m, platform, self.board)
        m.submodules.serial = serial = self.serial
        uart = platform.request("uart", 0, dir="-")
        m.submodules.rx = rx = io.Buffer("i", uart.rx)
        m.submodules.tx = tx = io.Buffer("o", uart.tx)
        m.d.comb += [serial.rx.eq(rx.i), tx.o.eq(serial.tx)]

        add_leds(m, platform, self.board, serial.answer)
        return m


def board_cells(accelerator: Accelerator, board: Board) -> int:
    """Logic cells of a board's top beside its core; no folding changes them."""
    return link_cells(accelerator) + heartbeat_bits(board)


def serial_verilog(accelerator: Accelerator, board: Board, *, name: str) -> str:
    """Verilog of what is behind a board's UART, at the board's own rate; with ports ``clk`` and ``rst``.

    Raises
    ------
    ValueError
        When the board's clock suits no rate of its UART, or the core is too slow for the slowest.
    """
    return convert(_serial(accelerator, board), name=name)


def _serial(accelerator: Accelerator, board: Board) -> SerialAccelerator:
    return SerialAccelerator(
        accelerator,
        divisor=uart_divisor(clock_mhz=board.clock_mhz, baud=link_baud(accelerator, board)),
        clock_hz=round(board.clock_mhz * 1e6),
    )
