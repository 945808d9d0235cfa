"""The core's clock on a board."""

from typing import Any

from amaranth.hdl import ClockDomain, Module, Signal
from amaranth.lib.cdc import ResetSynchronizer

from .board import Board
from .families.catalogue import tools_of
from .families.family import ClockRequest

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
    request = ClockRequest(pad, board.oscillator_mhz, board.clock_mhz, board.pll_input, sync.clk, locked)
    m.submodules.pll = tools_of(board.device.family).pll(m, request)
    m.submodules.reset = ResetSynchronizer(~locked, domain="sync")
