"""What the flow must know of a family of FPGAs: one record for each, in a file of its own beside this one.

No other file asks for a family's name: what differs is a field here. What the *hardware* must know of a family,
the shapes of block RAM, is :class:`xnorflow.hw.device.Family`.
"""

import enum
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.hdl import Instance, Module, Signal
from amaranth.lib import io
from numpy.typing import NDArray

from ...hw.device import Family
from ..roms import Bits, ContentsError

__all__ = [
    "Block",
    "ClockRequest",
    "FamilyTools",
    "Indices",
    "Layout",
    "NetlistPass",
    "PllInput",
    "buffered",
    "check_clock",
]

TOLERANCE = 0.01
"""How far the frequency of a PLL may be from what was asked for: the UART's rate comes from it."""

Indices = NDArray[np.int64]

NetlistPass = Callable[[dict[str, Any]], None]
"""Changes a netlist of yosys, read from its JSON."""

Command = Callable[[str, str], tuple[str, list[str]]]
"""A tool and its arguments, for the file that it reads and the file that it writes."""


class PllInput(enum.Enum):
    """Where the PLL takes its reference from: the pad beside it, which no one else can use then, or any net."""

    PAD = "pad"
    NET = "net"


@dataclass(frozen=True)
class ClockRequest:
    """What a PLL shall do.

    Parameters
    ----------
    pad : port
        Where the oscillator comes in.
    reference_mhz, mhz : :class:`float`
        The oscillator's frequency, and the one to make.
    source : :class:`PllInput`
        How the oscillator reaches the PLL.
    clk, locked : :class:`~amaranth.hdl.Signal`
        What the PLL drives: the clock, and whether it is steady.
    """

    pad: io.SingleEndedPort
    reference_mhz: float
    mhz: float
    source: PllInput
    clk: Signal
    locked: Signal


@dataclass(frozen=True)
class Block:
    """A block RAM: the bits that it reads at once, and the name of its contents in the routed design."""

    port: int
    section: str


class Layout(ABC):
    """How a family's block RAM is named and filled, in nextpnr's netlist and in its routed design."""

    cell: str
    suffix: str
    section: re.Pattern[str]

    def blocks(self, netlist: Mapping[str, Any]) -> dict[str, Block]:
        """The block RAMs of a netlist with places, by name.

        Raises
        ------
        ContentsError
            When it is not such a netlist.
        """
        try:
            cells = netlist["modules"]["top"]["cells"].items()
            return {
                name.removesuffix(self.suffix): self.block(cell) for name, cell in cells if cell["type"] == self.cell
            }
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ContentsError(
                f"the routed netlist is not one of nextpnr's ({type(error).__name__}: {error})"
            ) from None

    @abstractmethod
    def block(self, cell: Mapping[str, Any]) -> Block:
        """A cell's port and section."""

    @abstractmethod
    def rows(self, port: int) -> int:
        """Words of a block whose port is so wide."""

    @abstractmethod
    def places(self, port: int, rows: Indices, columns: Indices) -> Indices:
        """Which bits of a section a block's rows and columns are."""

    @abstractmethod
    def read(self, text: str) -> Bits:
        """The bits of a section."""

    @abstractmethod
    def write(self, bits: Bits) -> str:
        """The section with these bits."""


@dataclass(frozen=True)
class FamilyTools:
    """A family, as the flow from a design to a bitstream and back meets it.

    Parameters
    ----------
    family : :class:`Family`
        What the hardware knows of it.
    title : :class:`str`
        What a part of it is called, with its article.
    synthesis : tuple of :class:`str`
        The commands of yosys, with ``{top}`` where the top module's name goes.
    maps : tuple of :class:`~pathlib.Path`
        Techmaps that they name, without a folder.
    passes : tuple of callables
        What is done to the netlist then, each of which leaves what it computes.
    last_passes : tuple of callables
        The same where it goes to nextpnr, for whom some ports are to be left open.
    nextpnr : :class:`str`
        The program that places and routes.
    device_options : mapping of :class:`str`
        Its option for each device.
    constraints : :class:`str`
        Suffix of the file with a board's pins, and option of nextpnr that takes it.
    routed : :class:`str`
        Suffix of the routed design.
    routed_option : :class:`str`
        Option of nextpnr that takes its file.
    bitstream : :class:`str`
        Suffix of the bitstream.
    pack, unpack : callables
        The tools between the two.
    counted : mapping of :class:`str`
        What nextpnr calls the cells that are counted, by ``lut4``, ``ff``, ``bram`` and ``dsp``.
    flip_flops : :class:`str`
        How the names of yosys' flip-flops begin.
    uart_attributes : mapping
        Of the pins of a UART that amaranth-boards does not know: with a pull-up, so that the line is idle while nothing
        is connected.
    pll : callable
        Instantiates the PLL; ValueError when it cannot make the clock.
    contents : :class:`Layout`
        How its block RAM is named and filled.
    identify : callable
        The device that a bitstream is for, from its beginning; several are separated by ``or``. None when it is none.
    link_cells : :class:`int`
        Logic cells of a link whose answer is a byte, as ``docs/link.md`` measures them.
    level : :class:`str`
        The level of verification that goes furthest for it (``docs/verification.md``).
    """

    family: Family
    title: str
    synthesis: tuple[str, ...]
    maps: tuple[Path, ...]
    passes: tuple[NetlistPass, ...]
    last_passes: tuple[NetlistPass, ...]
    nextpnr: str
    device_options: Mapping[str, str]
    constraints: str
    routed: str
    routed_option: str
    bitstream: str
    pack: Command
    unpack: Command
    counted: Mapping[str, str]
    flip_flops: str
    uart_attributes: Mapping[str, str | int]
    pll: Callable[[Module, ClockRequest], Instance]
    contents: Layout
    identify: Callable[[bytes], str | None]
    link_cells: int
    level: str


def check_clock(family: str, reference: float, wanted: float, nearest: float | None) -> None:
    """Raise ValueError unless the nearest clock that a PLL makes is close to what is wanted."""
    if nearest is None:
        raise ValueError(
            f"the reference of an {family} PLL must be of a frequency that it takes, not {reference:g} MHz"
        )
    if abs(nearest - wanted) > TOLERANCE * wanted:
        raise ValueError(
            f"clock must be one that an {family} PLL makes from {reference:g} MHz, not {wanted:g} MHz; "
            f"the nearest is {nearest:.2f}"
        )


def buffered(m: Module, pad: io.SingleEndedPort) -> Signal:
    """What comes in at a pad."""
    m.submodules.clock_buffer = buffer = io.Buffer("i", pad)
    return buffer.i
