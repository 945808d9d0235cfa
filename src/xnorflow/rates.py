"""Frames per second: what a board's clock makes of an interval, and what to say when a rate is out of reach."""

import math
from fractions import Fraction

from .boards.board import Board
from .boards.catalogue import BOARDS
from .hw.bottleneck import find_bottleneck
from .model.ir import Network

__all__ = ["cycles_of_rate"]


def cycles_of_rate(network: Network, board: Board, fps: float) -> int:
    """Cycles that a frame may take for ``fps`` frames per second at a board's clock.

    Raises
    ------
    ValueError
        When the rate is not a positive number, or a stage of the network is too slow for it at any folding.
    """
    clock = round(board.clock_mhz * 1e6)
    # Above a clock of 1 EHz nothing is left to tell.
    if not 0 < fps < 1e18:
        raise ValueError(f"--fps must be a number above 0, not {fps:g}")
    # In exact numbers: a rounded quotient could be a cycle too many.
    cycles = int(clock / Fraction(fps))
    slowest = find_bottleneck(network)
    if cycles < slowest.cycles:
        raise ValueError(
            f"--fps must be at most {_rate(clock, slowest.cycles)} for {network.name} at the {board.clock_mhz:g} MHz "
            f"of {board.name}, not {fps:.15g}: {slowest}; {_advice(slowest.cycles, fps)}"
        )
    return cycles


def _advice(cycles: int, fps: float) -> str:
    """Which clock that rate needs, and the slowest board that has it, or that none has."""
    needed = math.ceil(cycles * Fraction(fps))
    quick = [board for board in BOARDS.values() if board.clock_mhz * 1e6 >= needed]
    text = f"that rate needs a clock of {math.ceil(needed / 1e5) / 10:.15g} MHz"
    if not quick:
        return f"{text}, which no board has"
    best = min(quick, key=lambda board: board.clock_mhz)
    return f"{text}, and {best.name} has {best.clock_mhz:g} MHz"


def _rate(clock: int, cycles: int) -> str:
    """Frames per second, rounded down: what is printed can be asked for."""
    scale = 1 if clock >= 1000 * cycles else 1000
    return f"{clock * scale // cycles / scale:.15g}"
