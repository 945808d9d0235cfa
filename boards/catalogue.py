"""The boards: what is on them, and what is needed to build for them."""

import enum
import importlib
from dataclasses import dataclass
from typing import Any

from ..hw.device import DEVICES, Device

__all__ = ["BOARDS", "Board", "PllInput", "find_board"]


class PllInput(enum.Enum):
    """Where the PLL takes its reference from: the pad beside it, which no one else can use then, or any net."""

    PAD = "pad"
    NET = "net"


@dataclass(frozen=True)
class Board:
    """One board.

    Parameters
    ----------
    name : :class:`str`
        Name on the command line.
    title : :class:`str`
        Name as its maker writes it.
    device : :class:`Device`
        The FPGA.
    package : :class:`str`
        Its package, as nextpnr calls it.
    platform : :class:`str`
        Class in :mod:`amaranth_boards`, as ``module:class``. A name, because importing it needs the extra ``boards``.
    oscillator_mhz, clock_mhz : :class:`float`
        Frequency of the oscillator, and the one at which the core runs; a PLL makes the latter where they differ.
    program : tuple of :class:`str`
        Command that loads a bitstream, whose path is appended.
    speed : :class:`str`
        Speed grade as nextpnr takes it; empty for iCE40, whose grade is in the device's name.
    pll_input : :class:`PllInput`
        How the oscillator reaches the PLL.
    baud : :class:`int`
        Highest rate of the UART at the board's USB port, in bits per second.
    """

    name: str
    title: str
    device: Device
    package: str
    platform: str
    oscillator_mhz: float
    clock_mhz: float
    program: tuple[str, ...]
    speed: str = ""
    pll_input: PllInput = PllInput.NET
    baud: int = 3_000_000

    @property
    def link(self) -> str:
        """How the board is talked to."""
        return f"UART, up to {self.baud} baud"

    @property
    def programmer(self) -> str:
        """Program that loads a bitstream."""
        return self.program[0]

    def load_platform(self) -> Any:
        """A new platform of :mod:`amaranth_boards`; each serves one build.

        Raises
        ------
        ImportError
            When ``amaranth-boards`` is missing.
        """
        module, name = self.platform.split(":")
        return getattr(importlib.import_module(module), name)()


def find_board(name: str) -> Board:
    """The board of that name.

    Raises
    ------
    ValueError
        When there is none.
    """
    if name not in BOARDS:
        raise ValueError(f"board must be one of {', '.join(BOARDS)}, not {name!r}")
    return BOARDS[name]


# Clocks are whole MHz, so that the UART's rate divides them, and leave room to the fastest that designs reach.
BOARDS = {
    board.name: board
    for board in (
        Board(
            name="icebreaker",
            title="iCEBreaker",
            device=DEVICES["UP5K"],
            package="sg48",
            platform="amaranth_boards.icebreaker:ICEBreakerPlatform",
            oscillator_mhz=12.0,
            clock_mhz=36.0,
            # The oscillator is at the pad of the only PLL.
            pll_input=PllInput.PAD,
            program=("iceprog",),
        ),
        Board(
            name="hx8k-breakout",
            title="iCE40HX8K-B-EVN",
            device=DEVICES["HX8K"],
            package="ct256",
            platform="amaranth_boards.ice40_hx8k_b_evn:ICE40HX8KBEVNPlatform",
            oscillator_mhz=12.0,
            clock_mhz=72.0,
            # Into the FPGA's own memory, as the jumpers are set on delivery; the flash keeps what it has.
            program=("iceprog", "-S"),
        ),
        Board(
            name="ulx3s-25f",
            title="ULX3S-25F",
            device=DEVICES["ECP5-25F"],
            package="CABGA381",
            platform="amaranth_boards.ulx3s:ULX3S_25F_Platform",
            oscillator_mhz=25.0,
            clock_mhz=75.0,
            program=("openFPGALoader", "-b", "ulx3s", "-m"),
            speed="6",
        ),
        Board(
            name="ulx3s-85f",
            title="ULX3S-85F",
            device=DEVICES["ECP5-85F"],
            package="CABGA381",
            platform="amaranth_boards.ulx3s:ULX3S_85F_Platform",
            oscillator_mhz=25.0,
            clock_mhz=75.0,
            program=("openFPGALoader", "-b", "ulx3s", "-m"),
            speed="6",
        ),
    )
}
