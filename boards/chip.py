"""The stages of the flow, one tool each; all files are in one folder, under the same name."""

from dataclasses import dataclass
from pathlib import Path

from ..hw.device import Device
from .families.catalogue import tools_of
from .families.family import FamilyTools
from .implementation import Implementation, read_implementation
from .synthesis import synthesize_cells
from .tools import run_tool

__all__ = ["TOP", "Chip", "pack", "route", "synthesize", "unpack"]

TOP = "top"
"""Name of the files and of the top module."""


@dataclass(frozen=True)
class Chip:
    """A device in its package.

    Parameters
    ----------
    device : :class:`Device`
        The device.
    package : :class:`str`
        The package, as nextpnr calls it.
    speed : :class:`str`
        Speed grade; empty for iCE40.
    """

    device: Device
    package: str
    speed: str = ""

    @property
    def tools(self) -> FamilyTools:
        """The flow's record of its family."""
        return tools_of(self.device.family)

    @property
    def constraints(self) -> str:
        """File with the pins of a board."""
        return f"{TOP}.{self.tools.constraints}"

    def routed(self, seed: int) -> str:
        """File with the routed design."""
        return f"{TOP}.{seed}.{self.tools.routed}"

    @property
    def refilled(self) -> str:
        """File with the routed design and other contents of block RAM."""
        return f"{TOP}.filled.{self.tools.routed}"

    def placed(self, seed: int) -> str:
        """File with the netlist and the place of each of its cells."""
        return f"{TOP}.{seed}.routed.json"


def synthesize(read: str, chip: Chip, folder: Path) -> float:
    """Synthesize what the yosys command ``read`` reads, for nextpnr; give the seconds it took."""
    return synthesize_cells([read], top=TOP, family=chip.tools, folder=folder)


def route(
    chip: Chip, folder: Path, *, mhz: float, seed: int, constrained: bool, seconds: dict[str, float]
) -> Implementation:
    """Place and route; without constraints each port gets some pin. The time is added to ``seconds``."""
    tools = chip.tools
    kind = tools.constraints
    pins = [f"--{kind}", chip.constraints] if constrained else [f"--{kind}-allow-unconstrained"]
    report = f"{TOP}.{seed}.report.json"
    took = run_tool(
        tools.nextpnr,
        [
            *(tools.device_options[chip.device.name], "--package", chip.package),
            *(("--speed", chip.speed) if chip.speed else ()),
            *("--json", f"{TOP}.json", *pins),
            *("--freq", f"{mhz:g}", "--timing-allow-fail", "--seed", str(seed)),
            *("--write", chip.placed(seed)),
            *("--report", report, tools.routed_option, chip.routed(seed)),
        ],
        folder=folder,
        log=f"nextpnr.{seed}.log",
    )
    return read_implementation(
        folder / report,
        folder / f"{TOP}.stat.json",
        family=tools,
        target_mhz=mhz,
        seed=seed,
        seconds={**seconds, "place and route": seconds.get("place and route", 0.0) + took},
    )


def pack(chip: Chip, folder: Path, *, routed: str) -> tuple[Path, float]:
    """Make the bitstream of the routed design in this file; give its file, and the seconds it took."""
    bitstream = folder / f"{TOP}.{chip.tools.bitstream}"
    tool, arguments = chip.tools.pack(routed, bitstream.name)
    return bitstream, run_tool(tool, arguments, folder=folder, log=f"{tool}.log")


def unpack(chip: Chip, bitstream: Path) -> Path:
    """The routed design in a bitstream, in a file beside it."""
    routed = bitstream.with_suffix(f".unpacked.{chip.tools.routed}")
    tool, arguments = chip.tools.unpack(bitstream.name, routed.name)
    run_tool(tool, arguments, folder=bitstream.parent, log=f"{tool}.log")
    return routed
