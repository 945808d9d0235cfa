"""Netlists to simulate: of a synthesized core, and what the netlists of whole chips share."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from .families.family import FamilyTools
from .synthesis import synthesize_verilog
from .tools import ToolError

__all__ = ["RX", "TX", "read_clock", "seen_from", "synthesize_netlist", "write_wrapper"]

NETLIST = "netlist.v"

RX, TX = "uart_0__rx__io", "uart_0__tx__io"
"""Ports of the UART, as Amaranth names them in the constraints."""

CLOCK = re.compile(r'^set_frequency (\S+)|^FREQUENCY PORT "(\S+)"', re.MULTILINE)


def synthesize_netlist(verilog: Path, *, top: str, family: FamilyTools, folder: Path, kept: Sequence[str] = ()) -> Path:
    """The netlist of a core in cells of a family, synthesized as for a bitstream; modules that are kept stay apart.

    Raises
    ------
    ToolError
        When yosys is missing or fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    read = [
        f'read_verilog "{seen_from(folder, verilog)}"',
        *(f"setattr -mod -set keep_hierarchy 1 {module}" for module in kept),
    ]
    synthesize_verilog(read, top=top, family=family, folder=folder, netlist=NETLIST)
    return folder / NETLIST


def read_clock(constraints: Path) -> str:
    """The port of the clock in a PCF or LPF file.

    Raises
    ------
    ToolError
        When it has no clock.
    """
    clock = CLOCK.search(constraints.read_text())
    if clock is None:
        raise ToolError(f"{constraints}: has no frequency, which names the clock; build again")
    return clock[1] or clock[2]


def write_wrapper(folder: Path, *, top: str, chip: str, clk: str, rx: str, tx: str) -> Path:
    """Verilog of a module ``top`` with the ports of a UART, around a module ``chip`` with these ports of its own."""
    wrapper = folder / "board.v"
    wrapper.write_text(
        f"module {top} (input wire clk, input wire rst, input wire rx, output wire tx);\n"
        f"    {chip} chip (.\\{clk} (clk), .\\{rx} (rx), .\\{tx} (tx));\n"
        "endmodule\n"
    )
    return wrapper


def seen_from(folder: Path, path: Path) -> str:
    """A path for tools that run in the folder; those from pip, in WebAssembly, do not see all absolute ones."""
    return os.path.relpath(path, folder)
