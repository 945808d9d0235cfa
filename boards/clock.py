"""The core's clock on a board."""

from typing import Any

from amaranth.hdl import ClockDomain, Instance, Module, Signal
from amaranth.lib import io
from amaranth.lib.cdc import ResetSynchronizer

from .board import Board, PllInput
from .pll import ecp5_pll, ice40_pll

__all__ = ["add_clock"]


def add_clock(m: Module, platform: Any, board: Board) -> None:
    """Make the domain ``sync`` run at the board's core clock, in reset until the PLL is locked.

    Without a PLL the platform makes that domain from the oscillator by itself.

    Raises
    ------
    ValueError
        When the PLL cannot make that clock.
    """
    if board.clock_mhz == board.oscillator_mhz:
        return
    pad = platform.request(platform.default_clk, dir="-")
    m.domains.sync = sync = ClockDomain()
    locked = Signal()
    m.submodules.pll = _PLL[board.device.family.name](m, pad, board, sync.clk, locked)
    m.submodules.reset = ResetSynchronizer(~locked, domain="sync")


def _ice40(m: Module, pad: io.SingleEndedPort, board: Board, clk: Signal, locked: Signal) -> Instance:
    pll = ice40_pll(reference_mhz=board.oscillator_mhz, mhz=board.clock_mhz)
    if board.pll_input is PllInput.PAD:
        cell, reference = "SB_PLL40_PAD", {"i_PACKAGEPIN": pad.io}
    else:
        cell, reference = "SB_PLL40_CORE", {"i_REFERENCECLK": _buffered(m, pad)}
    return Instance(
        cell,
        p_FEEDBACK_PATH="SIMPLE",
        p_DIVR=pll.divr,
        p_DIVF=pll.divf,
        p_DIVQ=pll.divq,
        p_FILTER_RANGE=pll.filter_range,
        i_RESETB=1,
        i_BYPASS=0,
        o_PLLOUTGLOBAL=clk,
        o_LOCK=locked,
        **reference,
    )


def _ecp5(m: Module, pad: io.SingleEndedPort, board: Board, clk: Signal, locked: Signal) -> Instance:
    pll = ecp5_pll(reference_mhz=board.oscillator_mhz, mhz=board.clock_mhz)
    return Instance(
        "EHXPLLL",
        # As ecppll sets them: loop filter and charge pump.
        a_ICP_CURRENT="12",
        a_LPF_RESISTOR="8",
        a_MFG_ENABLE_FILTEROPAMP="1",
        a_MFG_GMCREF_SEL="2",
        p_CLKI_DIV=pll.clki_div,
        p_CLKFB_DIV=pll.clkfb_div,
        p_CLKOP_DIV=pll.clkop_div,
        p_CLKOP_CPHASE=pll.clkop_div // 2,
        p_CLKOP_FPHASE=0,
        p_CLKOP_ENABLE="ENABLED",
        p_FEEDBK_PATH="CLKOP",
        i_CLKI=_buffered(m, pad),
        i_CLKFB=clk,
        i_RST=0,
        i_STDBY=0,
        o_CLKOP=clk,
        o_LOCK=locked,
    )


def _buffered(m: Module, pad: io.SingleEndedPort) -> Signal:
    m.submodules.clock_buffer = buffer = io.Buffer("i", pad)
    return buffer.i


_PLL = {"ice40": _ice40, "ecp5": _ecp5}
