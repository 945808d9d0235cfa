"""The stages of the flow, one tool each; all files are in one folder, under the same name."""

from dataclasses import dataclass
from pathlib import Path

from ..hw.device import Device
from .implementation import Implementation, read_implementation
from .tools import run_tool

__all__ = ["ROUTED", "TOP", "Chip", "pack", "route", "synthesize", "unpack"]

TOP = "top"
"""Name of the files and of the top module."""

SYNTHESIS = {
    # yosys 0.70 maps with abc9 by default; -dff costs cells and clock on both families (docs/boards.md).
    "ice40": "synth_ice40",
    # Sums in LUT5 and wider, which are made of several LUT4, take twice as many of those.
    "ecp5": "synth_ecp5 -nowidelut",
}
NEXTPNR_DEVICE = {
    "HX1K": "--hx1k",
    "HX8K": "--hx8k",
    "LP8K": "--lp8k",
    "UP5K": "--up5k",
    "ECP5-12F": "--12k",
    "ECP5-25F": "--25k",
    "ECP5-45F": "--45k",
    "ECP5-85F": "--85k",
    "ECP5UM-45F": "--um-45k",
    "ECP5UM5G-45F": "--um5g-45k",
    "ECP5UM5G-85F": "--um5g-85k",
}
CONSTRAINTS = {"ice40": "pcf", "ecp5": "lpf"}
ROUTED = {"ice40": ("asc", "--asc"), "ecp5": ("config", "--textcfg")}


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
    def family(self) -> str:
        """Name of the family."""
        return self.device.family.name

    @property
    def constraints(self) -> str:
        """File with the pins of a board."""
        return f"{TOP}.{CONSTRAINTS[self.family]}"

    def routed(self, seed: int) -> str:
        """File with the routed design."""
        return f"{TOP}.{seed}.{ROUTED[self.family][0]}"

    def placed(self, seed: int) -> str:
        """File with the netlist and the place of each of its cells."""
        return f"{TOP}.{seed}.routed.json"


def synthesize(read: str, chip: Chip, folder: Path) -> float:
    """Synthesize what the yosys command ``read`` reads; give the seconds it took."""
    script = (
        f"{read}\n{SYNTHESIS[chip.family]} -top {TOP}\nwrite_json {TOP}.json\ntee -q -o {TOP}.stat.json stat -json\n"
    )
    (folder / f"{TOP}.ys").write_text(script)
    return run_tool("yosys", ["-q", f"{TOP}.ys"], folder=folder, log="yosys.log")


def route(
    chip: Chip, folder: Path, *, mhz: float, seed: int, constrained: bool, seconds: dict[str, float]
) -> Implementation:
    """Place and route; without constraints each port gets some pin. The time is added to ``seconds``."""
    kind = CONSTRAINTS[chip.family]
    pins = [f"--{kind}", chip.constraints] if constrained else [f"--{kind}-allow-unconstrained"]
    report = f"{TOP}.{seed}.report.json"
    took = run_tool(
        f"nextpnr-{chip.family}",
        [
            *(NEXTPNR_DEVICE[chip.device.name], "--package", chip.package),
            *(("--speed", chip.speed) if chip.speed else ()),
            *("--json", f"{TOP}.json", *pins),
            *("--freq", f"{mhz:g}", "--timing-allow-fail", "--seed", str(seed)),
            *("--write", chip.placed(seed)),
            *("--report", report, ROUTED[chip.family][1], chip.routed(seed)),
        ],
        folder=folder,
        log=f"nextpnr.{seed}.log",
    )
    return read_implementation(
        folder / report,
        folder / f"{TOP}.stat.json",
        family=chip.family,
        target_mhz=mhz,
        seed=seed,
        seconds={**seconds, "place and route": seconds.get("place and route", 0.0) + took},
    )


def pack(chip: Chip, folder: Path, *, routed: str) -> tuple[Path, float]:
    """Make the bitstream of the routed design in this file; give its file, and the seconds it took."""
    if chip.family == "ice40":
        bitstream = folder / f"{TOP}.bin"
        return bitstream, run_tool("icepack", [routed, bitstream.name], folder=folder, log="icepack.log")
    bitstream = folder / f"{TOP}.bit"
    arguments = ["--compress", "--input", routed, "--bit", bitstream.name]
    return bitstream, run_tool("ecppack", arguments, folder=folder, log="ecppack.log")


def unpack(chip: Chip, bitstream: Path) -> Path:
    """The routed design in a bitstream, in a file beside it."""
    folder, routed = bitstream.parent, bitstream.with_suffix(f".unpacked.{ROUTED[chip.family][0]}")
    if chip.family == "ice40":
        run_tool("iceunpack", [bitstream.name, routed.name], folder=folder, log="iceunpack.log")
    else:
        arguments = ["--input", bitstream.name, "--textcfg", routed.name]
        run_tool("ecpunpack", arguments, folder=folder, log="ecpunpack.log")
    return routed
