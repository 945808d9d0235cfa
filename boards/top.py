"""What runs on a board: the core behind its UART, with class and heartbeat on the LEDs."""

from typing import Any

from amaranth.hdl import C, Elaboratable, Module, Mux, Signal
from amaranth.lib import io, wiring
from amaranth.lib.wiring import In, Out

from ..hw.accelerator import Accelerator
from ..hw.core import AcceleratorCore
from ..hw.verilog import convert
from .board import Board
from .clock import add_clock
from .flash_reader import FlashReader, flash_pause
from .leds import add_leds, heartbeat_bits
from .link.device import Link, link_cells
from .link.protocol import Load
from .link.rate import link_baud
from .link.uart import UartReceiver, UartTransmitter, byte_cycles, uart_divisor

__all__ = ["BoardTop", "SerialAccelerator", "board_cells", "serial_verilog"]

FLASH_PORTS = {"flash_clk": Out(1), "flash_cs": Out(1), "flash_copi": Out(1), "flash_cipo": In(1)}


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
    flash_offset : :class:`int`
        Where in the board's flash the weights are of a core that loads them.

    Members
    -------
    rx, tx : 1, in and out
        The lines from and to the host.
    answer : ``range(classes)``, out
        Class of the last answer.
    error : 1, out
        High for a cycle when a message was not intact.
    flash_clk, flash_cs, flash_copi, flash_cipo : 1, out, out, out, in
        The flash's pins, where the core loads weights; it is selected while ``flash_cs`` is high.

    Raises
    ------
    ValueError
        When the divisor is too small.
    """

    def __init__(self, accelerator: Accelerator, *, divisor: int, clock_hz: int, flash_offset: int = 0) -> None:
        self.accelerator = accelerator
        self.reader = FlashReader(offset=flash_offset, pause=flash_pause(clock_hz / 1e6)) if accelerator.loads else None
        self.divisor = divisor
        self.receiver = UartReceiver(divisor=divisor)
        self.transmitter = UartTransmitter(divisor=divisor)
        self.link = Link(accelerator, byte_cycles=byte_cycles(divisor), clock_hz=clock_hz)
        classes = accelerator.network.classes
        super().__init__(
            {
                "rx": In(1, init=1),
                "tx": Out(1, init=1),
                "answer": Out(range(classes)),
                "error": Out(1),
                **(FLASH_PORTS if accelerator.loads else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.core = core = AcceleratorCore(self.accelerator)
        m.submodules.link = link = self.link
        m.submodules.receiver = receiver = self.receiver
        m.submodules.transmitter = transmitter = self.transmitter
        wiring.connect(m, receiver.o, link.i)
        wiring.connect(m, link.o, transmitter.i)
        m.d.comb += [
            receiver.rx.eq(self.rx),
            self.tx.eq(transmitter.tx),
            link.broken.eq(receiver.error),
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
        if self.reader:
            self._load(m, self.reader, core)
        return m

    def _load(self, m: Module, reader: FlashReader, core: AcceleratorCore) -> None:
        """Weights from the flash into the core, again and again until they are right."""
        m.submodules.reader = reader
        wrong = Signal()
        with m.If(core.load_error):
            m.d.sync += wrong.eq(1)
        m.d.comb += [
            self.flash_clk.eq(reader.clk),
            self.flash_cs.eq(reader.cs),
            self.flash_copi.eq(reader.copi),
            reader.cipo.eq(self.flash_cipo),
            core.load_tdata.eq(reader.o.payload),
            core.load_tvalid.eq(reader.o.valid),
            reader.o.ready.eq(core.load_tready),
            reader.again.eq(core.load_error),
            reader.done.eq(core.loaded),
            self.link.load.eq(Mux(core.loaded, Load.LOADED, Mux(wrong, Load.WRONG, Load.LOADING))),
        ]


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
        if serial.reader:
            self._connect_flash(m, platform, serial)

        add_leds(m, platform, self.board, serial.answer)
        return m

    def _connect_flash(self, m: Module, platform: Any, serial: SerialAccelerator) -> None:
        """Pins of the flash; those that are for four bits at a time are idle, which is high."""
        assert self.board.flash is not None
        flash = platform.request(self.board.flash.resource, 0, dir="-")
        outputs = {"clk": serial.flash_clk, "cs": serial.flash_cs, "copi": serial.flash_copi, "wp": C(0), "hold": C(0)}
        for name, value in outputs.items():
            m.submodules[f"flash_{name}"] = output = io.Buffer("o", getattr(flash, name))
            m.d.comb += output.o.eq(value)
        m.submodules.flash_cipo = cipo = io.Buffer("i", flash.cipo)
        m.d.comb += serial.flash_cipo.eq(cipo.i)


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
        flash_offset=board.flash.offset if board.flash else 0,
    )
