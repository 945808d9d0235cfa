"""An iCE40 bitstream turned back into Verilog, with Project IceStorm's tools."""

import re
from pathlib import Path

from .board import Board
from .netlist import RX, TX, read_clock, seen_from, write_wrapper
from .tools import ToolError, run_tool

__all__ = ["read_pins", "unpack_bitstream"]

WIRES = re.compile(r"^wire ([\w, ]+);$", re.MULTILINE)
PLL = re.compile(r"^SB_PLL40_(CORE|PAD) #\((.*?)^\) \w+ \((.*?)^\);", re.MULTILINE | re.DOTALL)


def read_pins(constraints: Path) -> dict[str, str]:
    """Pin of each port in a PCF file."""
    return dict(re.findall(r"^set_io (\S+) (\S+)", constraints.read_text(), re.MULTILINE))


def unpack_bitstream(bitstream: Path, constraints: Path, board: Board, *, top: str, folder: Path) -> tuple[Path, ...]:
    """Turn an iCE40 bitstream back into Verilog: the chip with its pins, and a module with the ports of a UART.

    The clock's pin is ``clk`` there; a PLL becomes ``xnorflow_pll``, whose output is its reference, so that ``clk`` is
    the core's clock. ``rst`` is without effect: a chip is reset by its configuration.

    Parameters
    ----------
    bitstream : :class:`~pathlib.Path`
        The very file that is loaded into the board.
    constraints : :class:`~pathlib.Path`
        PCF with the board's pins.
    board : :class:`Board`
        Which must have an iCE40.
    top : :class:`str`
        Name of the module with the UART.
    folder : :class:`~pathlib.Path`
        Where all files go.

    Raises
    ------
    ToolError
        When a tool is missing or fails, or the PLL is set to another clock than the board's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    run_tool("iceunpack", [seen_from(folder, bitstream), "chip.asc"], folder=folder, log="iceunpack.log")
    chip = folder / "chip.v"
    arguments = ["-s", "-l", "-P", seen_from(folder, constraints), "chip.asc"]
    run_tool("icebox_vlog", arguments, folder=folder, log="icebox_vlog.log", output=chip.name)

    pins = read_pins(constraints)
    clk, rx, tx = (f"pin_{pins[port]}" for port in (read_clock(constraints), RX, TX))
    text = WIRES.sub(_without_pins, chip.read_text())
    chip.write_text(_reachable_clock(text, clk, board))
    return chip, write_wrapper(folder, top=top, chip="chip", clk=clk, rx=rx, tx=tx)


def _without_pins(wires: re.Match[str]) -> str:
    """Wires of the chip without its pins, which icebox_vlog declares twice; Verilator does not take that."""
    names = [name for name in wires[1].split(", ") if not name.startswith("pin_")]
    return f"wire {', '.join(names)};" if names else ""


def _reachable_clock(text: str, pin: str, board: Board) -> str:
    """The chip's Verilog with a PLL that can be simulated; icebox_vlog leaves out the pad in front of a PLL."""
    found = PLL.search(text)
    if found is None:
        return text
    kind, parameters, ports = found.groups()
    values = {name: int(value, 2) for name, value in re.findall(r"\.(DIV[RFQ])\(\d+'b([01]+)\)", parameters)}
    mhz = board.oscillator_mhz * (values["DIVF"] + 1) / (values["DIVR"] + 1) / 2 ** values["DIVQ"]
    if abs(mhz - board.clock_mhz) > 0.01 * board.clock_mhz:
        raise ToolError(f"the bitstream's PLL makes {mhz:g} MHz, expected {board.clock_mhz:g} MHz; build again")
    if kind == "PAD":
        ports = re.sub(r"\.PACKAGEPIN\(\w*\)", f".REFERENCECLK({pin})", ports)
        text = text.replace("module chip (", f"module chip (input {pin}, ", 1)
    cell = f"xnorflow_pll #({parameters}) pll ({ports});"
    return text.replace(found[0], cell, 1)
