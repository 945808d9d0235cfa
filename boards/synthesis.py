"""Synthesis by yosys, with what a family adds to it: techmaps of ours, and passes over the netlist."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from .families.family import FamilyTools, NetlistPass
from .tools import run_tool

__all__ = ["synthesize_cells", "synthesize_verilog"]


def synthesize_cells(read: Sequence[str], *, top: str, family: FamilyTools, folder: Path) -> float:
    """Synthesize what the commands ``read`` read, for nextpnr; give the seconds that yosys took.

    The netlist is in ``top.json``, by the top module's name, and how many cells there are of each kind in
    ``top.stat.json``.

    Raises
    ------
    ToolError
        When yosys is missing or fails.
    """
    write = [f"write_json {top}.json", f"tee -q -o {top}.stat.json stat -json"]
    seconds = _run([*read, *_synthesis(family, top, folder), *write], name=top, folder=folder)
    _pass_over(folder / f"{top}.json", (*family.passes, *family.last_passes))
    return seconds


def synthesize_verilog(read: Sequence[str], *, top: str, family: FamilyTools, folder: Path, netlist: str) -> None:
    """Synthesize the same to a netlist in Verilog.

    Raises
    ------
    ToolError
        When yosys is missing or fails.
    """
    lines = [*read, *_synthesis(family, top, folder)]
    if family.passes:
        _run([*lines, "write_json cells.json"], name="cells", folder=folder)
        _pass_over(folder / "cells.json", family.passes)
        lines = ["read_json cells.json"]
    _run([*lines, f"write_verilog -noattr {netlist}"], name="netlist", folder=folder)


def _synthesis(family: FamilyTools, top: str, folder: Path) -> list[str]:
    for file in family.maps:
        shutil.copyfile(file, folder / file.name)
    return [command.format(top=top) for command in family.synthesis]


def _run(lines: Sequence[str], *, name: str, folder: Path) -> float:
    (folder / f"{name}.ys").write_text("\n".join([*lines, ""]))
    return run_tool("yosys", ["-q", f"{name}.ys"], folder=folder, log="yosys.log")


def _pass_over(path: Path, passes: Sequence[NetlistPass]) -> None:
    if passes:
        netlist = json.loads(path.read_text())
        for change in passes:
            change(netlist)
        path.write_text(json.dumps(netlist))
