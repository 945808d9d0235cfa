"""What is known of a board."""

import importlib
from dataclasses import dataclass
from typing import Any

from amaranth.build import Attrs

from ..hw.device import Device
from .families.catalogue import tools_of
from .families.family import PllInput

__all__ = ["Board", "Flash"]


@dataclass(frozen=True)
class Flash:
    """A board's flash, where it has room for what a design loads by itself.

    Parameters
    ----------
    resource : :class:`str`
        Resource with its pins: ``cs``, ``clk``, ``copi``, ``cipo``, ``wp``, ``hold``.
    offset : :class:`int`
        Where the weights begin in it: behind the bitstream.
    program : tuple of :class:`str`
        Command that writes a file there, whose path is appended.
    """

    resource: str
    offset: int
    program: tuple[str, ...]


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
        Highest rate of the UART, in bits per second.
    wiring : :class:`str`
        Where the UART is, in words.
    uart : tuple of :class:`str`, or None
        Pins that receive and send, on boards for which amaranth-boards knows no UART.
    oscillator : :class:`str`
        Resource with the oscillator where it is not the platform's ``default_clk``.
    leds : :class:`str`
        Resources for class and heartbeat: ``led``, or ``rgb_led`` with three each; empty where there is none to spare.
    more_leds : :class:`str`
        Attribute of the platform with further such resources, as for a part of the board that can be broken off.
    flash : :class:`Flash` or None
        Its flash, for weights in SPRAM; None where those are not possible.
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
    wiring: str = "USB port"
    uart: tuple[str, str] | None = None
    oscillator: str = ""
    leds: str = "led"
    more_leds: str = ""
    flash: Flash | None = None

    @property
    def sprams(self) -> int:
        """SPRAMs that weights may be in: none where there is nothing to load them from."""
        return self.device.sprams if self.flash else 0

    @property
    def link(self) -> str:
        """How the board is talked to."""
        return f"UART at {self.wiring}, up to {self.baud} baud"

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
        platform = getattr(importlib.import_module(module), name)()
        if self.oscillator:
            platform.default_clk = self.oscillator
        if self.more_leds:
            platform.add_resources(getattr(platform, self.more_leds))
        if self.uart:
            platform.add_resources([self._uart_resource(*self.uart)])
        return platform

    def _uart_resource(self, rx: str, tx: str) -> Any:
        resources = importlib.import_module("amaranth_boards.resources")
        return resources.UARTResource(0, rx=rx, tx=tx, attrs=Attrs(**tools_of(self.device.family).uart_attributes))
