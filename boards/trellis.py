"""A routed ECP5 design as a netlist to simulate: what nextpnr wrote after routing, with the bitstream's block RAM.

nextpnr leaves out of a routed netlist what it tied to a constant, and says how in a cell's parameters (its files
``ecp5/pack.cc`` and ``ecp5/bitstream.cc``). :func:`_tied` puts the constants back; any cell that is used in a way that
``sim/trellis.v`` does not know is refused by name.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .board import Board
from .chip import Chip, pack, unpack
from .contents import read_sections, write_sections
from .families.family import Layout
from .netlist import RX, TX, read_clock, write_wrapper
from .roms import Bits
from .tools import ToolError, run_tool

__all__ = ["routed_netlist"]

Cell = dict[str, Any]

CLOCKS_AND_RESETS = ("CLK", "RST", "WE", "CS")
"""Inputs of block RAM that are low where nothing is said of them; clock enables are high, data and addresses low."""

SELECTS = ("CLKAMUX", "CLKBMUX")
"""Selections at connected inputs of block RAM that its model knows."""


def routed_netlist(
    netlist: Path, routed: Path, bitstream: Path, board: Board, *, chip: Chip, top: str, folder: Path
) -> tuple[Path, ...]:
    """Verilog of a routed design in ECP5's cells, and of a module ``top`` with the ports of a UART.

    The clock's pin is ``clk`` there, which the model of the PLL passes on, so that it is the core's clock; ``rst`` is
    without effect: a chip is reset by its configuration.

    Parameters
    ----------
    netlist, routed : :class:`~pathlib.Path`
        What nextpnr wrote: the netlist with places, and the configuration.
    bitstream : :class:`~pathlib.Path`
        The very file that is loaded into the board: contents of block RAM are taken from it, and the rest of it must
        be what ``routed`` packs to.
    board : :class:`Board`
        Which must have an ECP5.
    chip : :class:`Chip`
        Its device.
    top : :class:`str`
        Name of the module with the UART.
    folder : :class:`~pathlib.Path`
        Where all files go.

    Raises
    ------
    ToolError
        When a tool is missing or fails, the bitstream is not of the routed design, or a cell has no model.
    """
    folder.mkdir(parents=True, exist_ok=True)
    design = json.loads(netlist.read_text())
    module = design["modules"]["top"]
    _check_clock(module["cells"], board)
    module["cells"] = cells = _cells(module["cells"])
    layout = chip.tools.contents
    contents = _contents(layout, routed, bitstream, chip=chip, folder=folder)
    for cell in cells.values():
        if cell["type"] == layout.cell:
            cell["parameters"] |= _initial(contents[layout.block(cell).section])
    (folder / "chip.json").write_text(json.dumps(design))
    (folder / "chip.ys").write_text("read_json chip.json\nwrite_verilog -noattr chip.v\n")
    run_tool("yosys", ["-q", "chip.ys"], folder=folder, log="yosys.log")
    clk = read_clock(bitstream.with_name(chip.constraints))
    return folder / "chip.v", write_wrapper(folder, top=top, chip="top", clk=clk, rx=RX, tx=TX)


def _contents(layout: Layout, routed: Path, bitstream: Path, *, chip: Chip, folder: Path) -> dict[str, Bits]:
    """Bits of each block RAM in the bitstream, all the rest of which must be the routed design's."""
    whole = bitstream.read_bytes()
    copy = folder / bitstream.name
    copy.write_bytes(whole)
    contents = read_sections(layout, unpack(chip, copy).read_text())
    (folder / routed.name).write_text(write_sections(layout, routed.read_text(), contents))
    pack(chip, folder, routed=routed.name)
    if copy.read_bytes() != whole:
        raise ToolError(f"{bitstream}: is not what {routed.name} packs to; build again")
    return contents


def _check_clock(cells: Mapping[str, Cell], board: Board) -> None:
    """Refuse a PLL that makes another clock than the board's."""
    for cell in cells.values():
        if cell["type"] == "EHXPLLL":
            feedback, divider = (int(cell["parameters"][name], 2) for name in ("CLKFB_DIV", "CLKI_DIV"))
            mhz = board.oscillator_mhz * feedback / divider
            if abs(mhz - board.clock_mhz) > 0.01 * board.clock_mhz:
                raise ToolError(f"the routed PLL makes {mhz:g} MHz, expected {board.clock_mhz:g} MHz; build again")


def _cells(cells: Mapping[str, Cell]) -> dict[str, Cell]:
    """The cells as their models take them, but for the contents of block RAM."""
    # Without what takes the place beside the way into a distributed memory, and does nothing.
    return {name: _cell(name, cell) for name, cell in cells.items() if cell["parameters"].get("MODE") != "RAMW_BLOCK"}


def _cell(name: str, cell: Cell) -> Cell:
    kind, parameters, connections = cell["type"], dict(cell["parameters"]), dict(cell["connections"])
    if kind == "TRELLIS_IO":
        kind = f"{kind}_{parameters.pop('DIR')}"
    if kind not in MODELLED:
        raise ToolError(f"{name}: is a {kind}, of which there is no model")
    for port, direction in cell["port_directions"].items():
        if direction == "input" and not connections[port]:
            connections[port] = [MODELLED[kind](port, parameters)]
    if any(cell["connections"].get(port) for port in ("OFX", "FXA", "FXB")):
        raise ToolError(f"{name}: is a look-up table of more than four inputs, of which there is no model")
    if kind == "DP16KD":
        parameters = _selected(name, cell)
    return {**cell, "type": kind, "parameters": parameters, "connections": connections}


def _selected(name: str, cell: Cell) -> dict[str, str]:
    """Parameters of a block RAM but for its contents, and for what is selected at its inputs by wiring alone."""
    kept = {}
    for key, value in cell["parameters"].items():
        port = key.removesuffix("MUX")
        if key in SELECTS or (port == key and not key.startswith("INITVAL_")):
            kept[key] = value
        elif port != key and cell["connections"][port] and value != port:
            raise ToolError(f"{name}: inverts {port}, of which there is no model")
    return kept


def _initial(bits: Bits) -> dict[str, str]:
    """Parameters with the contents of a block RAM: 64 numbers of 16 rows each, in 20 bits the 18 of a row."""
    rows = ["00" + "".join(map(str, row[::-1])) for row in bits.reshape(1024, 18)]
    return {f"INITVAL_{n:02X}": "".join(reversed(rows[16 * n : 16 * n + 16])) for n in range(64)}


def _unknown(_port: str, _parameters: Mapping[str, str]) -> str:
    return "x"


def _lut_input(port: str, _parameters: Mapping[str, str]) -> str:
    """Inputs of a table that nothing drives are high; no other may matter."""
    return "1" if port in ("A", "B", "C", "D") else "x"


def _flip_flop_input(port: str, parameters: Mapping[str, str]) -> str:
    """A reset that nothing drives is off."""
    if port != "LSR":
        return "x"
    return "1" if parameters["LSRMUX"] == "INV" else "0"


def _block_ram_input(port: str, parameters: Mapping[str, str]) -> str:
    selected = parameters.get(f"{port}MUX")
    if selected is None:
        return "1" if port in ("CEA", "CEB", "OCEA", "OCEB") else "0"
    # A string of digits has a space behind it, to tell it from a number.
    return {"INV": "0", port: "1"}.get(selected, selected.strip())


def _low(_port: str, _parameters: Mapping[str, str]) -> str:
    return "0"


def _high(_port: str, _parameters: Mapping[str, str]) -> str:
    return "1"


MODELLED: dict[str, Callable[[str, Mapping[str, str]], str]] = {
    "TRELLIS_COMB": _lut_input,
    "TRELLIS_FF": _flip_flop_input,
    "TRELLIS_RAMW": _unknown,
    "TRELLIS_IO_INPUT": _low,
    "TRELLIS_IO_OUTPUT": _low,
    "DP16KD": _block_ram_input,
    "DCCA": _high,
    "EHXPLLL": _low,
}
"""Cells that have a model, and what an input is that nothing drives."""
