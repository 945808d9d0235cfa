"""The rate of the link: the highest of the usual ones at which the core is faster than the wire."""

from ..hw.accelerator import Accelerator
from .board import Board
from .link import link_cycles, reply_cycles
from .uart import uart_divisor

__all__ = ["RATES", "link_baud", "link_fps"]

RATES = (3_000_000, 2_000_000, 1_000_000, 500_000, 115_200)
"""Bits per second, in the order in which they are tried."""

SPARE = 1.25
"""By how much the core must be faster than the wire: a convolution does not take its pixels evenly."""


def link_baud(accelerator: Accelerator, board: Board) -> int:
    """Bits per second of the link of a design on a board.

    The wire cannot be told to wait, so it must not be faster than the core.

    Raises
    ------
    ValueError
        When no rate suits.
    """
    for baud in RATES:
        try:
            divisor = uart_divisor(clock_mhz=board.clock_mhz, baud=baud)
        except ValueError:
            continue
        if baud <= board.baud and link_cycles(accelerator, divisor) >= SPARE * accelerator.interval:
            return baud
    rates = ", ".join(map(str, RATES))
    raise ValueError(
        f"one of {rates} baud must divide the clock of {board.name}, {board.clock_mhz:g} MHz, and be slower than "
        f"the core, which takes {accelerator.interval} cycles a frame; give another folding"
    )


def link_fps(accelerator: Accelerator, board: Board) -> float:
    """Frames per second that the link of a design on a board can carry, whatever the core could do.

    Requests and answers each have a wire of their own, and the fuller one limits. What is escaped, one byte in 128 of
    random ones, and pauses of the host cost some of it.

    Raises
    ------
    ValueError
        When no rate suits.
    """
    divisor = uart_divisor(clock_mhz=board.clock_mhz, baud=link_baud(accelerator, board))
    return board.clock_mhz * 1e6 / max(link_cycles(accelerator, divisor), reply_cycles(accelerator, divisor))
