"""Flip-flops behind ECP5's block RAM, merged into the registers that each block has at its outputs.

yosys makes blocks without them. A block's outputs are merged where flip-flops are all that reads them, one for each
output, on the block's clock, without a reset, and with no enable or the block's own. Then the register does what the
flip-flops did, cycle by cycle, and a block with it answers two nanoseconds earlier.

:func:`check_merged` holds the result against what it was made of, whatever merged it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .loads import Bit, count_loads
from .tools import ToolError

__all__ = ["check_merged", "merge_registers"]

Cell = dict[str, Any]

BLOCK, FLIP_FLOP = "DP16KD", "TRELLIS_FF"
DATA_BITS = 18


@dataclass(frozen=True)
class _Port:
    """What reads a block: its outputs by name, and the port whose clock and enable they have."""

    outputs: tuple[str, ...]
    clock: str
    sides: tuple[str, ...]


def merge_registers(design: Mapping[str, Any]) -> int:
    """Merge what can be in a netlist as yosys writes it in JSON; give how many flip-flops that were."""
    return sum(_merge_in(module) for module in design["modules"].values())


def _merge_in(module: dict[str, Any]) -> int:
    cells: dict[str, Cell] = module["cells"]
    blocks = [cell for cell in cells.values() if cell["type"] == BLOCK]
    if not blocks:
        return 0
    loads = count_loads(module)
    readers = {
        cell["connections"]["DI"][0]: name
        for name, cell in cells.items()
        if cell["type"] == FLIP_FLOP and cell["connections"].get("DI")
    }
    merged = 0
    for block in blocks:
        for port in _ports(block):
            driven = {output: bits[0] for output, bits in _outputs(block, port) if loads[bits[0]]}
            names = {output: readers.get(bit) for output, bit in driven.items()}
            flip_flops = {output: cells[name] for output, name in names.items() if name is not None}
            if not driven or any(loads[bit] > 1 for bit in driven.values()) or len(flip_flops) < len(driven):
                continue
            if not all(_fits(block, port, cell) for cell in flip_flops.values()):
                continue
            _register(block, port, flip_flops)
            for name in names.values():
                del cells[str(name)]
            merged += len(names)
    _drop_dangling(module)
    return merged


def _ports(block: Cell) -> tuple[_Port, ...]:
    """The ports of a block that can read: of 36 bits a single one, whose lower half leaves at A."""
    names = {side: tuple(f"DO{side}{n}" for n in range(DATA_BITS)) for side in "AB"}
    if _width(block, "B") == 2 * DATA_BITS:
        return (_Port(names["A"] + names["B"], "B", ("A", "B")),)
    return tuple(_Port(names[side], side, (side,)) for side in "AB")


def _width(block: Cell, side: str) -> int:
    return int(block["parameters"][f"DATA_WIDTH_{side}"], 2)


def _outputs(block: Cell, port: _Port) -> Iterator[tuple[str, list[Bit]]]:
    """The outputs of a port that are connected."""
    for output in port.outputs:
        bits = block["connections"].get(output)
        if bits:
            yield output, bits


def _fits(block: Cell, port: _Port, flip_flop: Cell) -> bool:
    """Whether a flip-flop does what the block's register would."""
    parameters = flip_flop["parameters"]
    plain = {"CLKMUX": "CLK", "LSRMUX": "LSR", "REGSET": "RESET"}
    return (
        all(parameters.get(name, value) == value for name, value in plain.items())
        and _bit(flip_flop, "LSR", "0") == "0"
        and all(_bit(block, f"RST{side}", "0") == "0" for side in port.sides)
        and block["parameters"].get(f"CLK{port.clock}MUX", f"CLK{port.clock}") == f"CLK{port.clock}"
        and block["parameters"].get(f"REGMODE_{port.clock}", "NOREG") == "NOREG"
        and _bit(flip_flop, "CLK", "") == _bit(block, f"CLK{port.clock}", "x")
        and _enable(flip_flop) == _bit(block, f"CE{port.clock}", "1")
    )


def _enable(flip_flop: Cell) -> Bit:
    """What enables a flip-flop; another word where that is inverted."""
    selected = flip_flop["parameters"].get("CEMUX", "CE").strip()
    return {"1": "1", "CE": _bit(flip_flop, "CE", "1")}.get(selected, "inverted")


def _bit(cell: Cell, port: str, default: Bit) -> Bit:
    bits = cell["connections"].get(port)
    return bits[0] if bits else default


def _register(block: Cell, port: _Port, flip_flops: Mapping[str, Cell]) -> None:
    """Turn a port's registers on; its outputs are what the flip-flops' were."""
    for output, flip_flop in flip_flops.items():
        block["connections"][output] = list(flip_flop["connections"]["Q"])
    for side in port.sides:
        block["parameters"][f"REGMODE_{side}"] = "OUTREG"
        block["connections"][f"OCE{side}"] = [_bit(block, f"CE{port.clock}", "1")]


def _drop_dangling(module: dict[str, Any]) -> None:
    """Forget the names of nets that nothing drives any more."""
    alive: set[Bit] = {bit for port in module["ports"].values() for bit in port["bits"]}
    alive |= {bit for cell in module["cells"].values() for bits in cell["connections"].values() for bit in bits}
    names = module["netnames"]
    module["netnames"] = {name: net for name, net in names.items() if any(bit in alive for bit in net["bits"])}


def check_merged(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Compare a netlist with what it was before registers were merged.

    All else must be the same, cell by cell. What is gone must be a flip-flop between an output of a block and what that
    output drives now, with the clock and the enable that the block's register has.

    Raises
    ------
    ToolError
        When they are not equal; the message names the cell.
    """
    for name, module in before["modules"].items():
        _check_module(module, after["modules"][name])


def _check_module(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    old, new = before["cells"], after["cells"]
    gone = {name: cell for name, cell in old.items() if name not in new}
    by_output = {cell["connections"]["Q"][0]: (name, cell) for name, cell in gone.items() if cell["type"] == FLIP_FLOP}
    explained, loads = set[str](), count_loads(before)
    for name, cell in new.items():
        if cell != old.get(name):
            explained |= _check_block(name, old.get(name), cell, by_output, loads)
    for name in gone:
        if name not in explained:
            raise ToolError(f"{name}: must be in the netlist with registers of block RAM, too")
    if before["ports"] != after["ports"]:
        raise ToolError("the ports of the netlist with registers of block RAM must be those that it had without")
    for name in explained:
        if loads[old[name]["connections"]["DI"][0]] != 1:
            raise ToolError(f"{name}: must be all that reads an output of block RAM")


def _check_block(
    name: str, old: Cell | None, new: Cell, gone: Mapping[Bit, tuple[str, Cell]], loads: Mapping[Bit, int]
) -> set[str]:
    """The flip-flops that a block's registers stand for."""
    wrong = ToolError(f"{name}: must do what it did before registers of block RAM were merged")
    if old is None or old["type"] != BLOCK or new["type"] != BLOCK:
        raise wrong
    found: set[str] = set()
    restored = {**new, "parameters": dict(new["parameters"]), "connections": dict(new["connections"])}
    for side in "AB":
        if new["parameters"].get(f"REGMODE_{side}") == old["parameters"].get(f"REGMODE_{side}"):
            continue
        for output, bits in _side_outputs(new, side):
            flip_flop, cell = gone.get(bits[0], ("", None))
            if cell is None and loads[bits[0]]:
                raise wrong
            if cell is not None:
                if _controls(cell) != _side_controls(new, side):
                    raise wrong
                restored["connections"][output] = list(cell["connections"]["DI"])
                found.add(flip_flop)
        restored["parameters"][f"REGMODE_{side}"] = old["parameters"][f"REGMODE_{side}"]
        restored["connections"][f"OCE{side}"] = old["connections"][f"OCE{side}"]
    if restored != old:
        raise wrong
    return found


def _side_outputs(block: Cell, side: str) -> list[tuple[str, list[Bit]]]:
    outputs = ((f"DO{side}{n}", block["connections"].get(f"DO{side}{n}")) for n in range(DATA_BITS))
    return [(output, bits) for output, bits in outputs if bits]


def _controls(flip_flop: Cell) -> list[Bit]:
    """Clock, enable and reset."""
    return [_bit(flip_flop, "CLK", ""), _enable(flip_flop), _bit(flip_flop, "LSR", "0")]


def _side_controls(block: Cell, side: str) -> list[Bit]:
    """The same of a side's register, which holds as long as the block itself does; those of 36 bits are all at B."""
    clock = "B" if _width(block, "B") == 2 * DATA_BITS else side
    enable, own = _bit(block, f"CE{clock}", "1"), _bit(block, f"OCE{side}", "1")
    return [_bit(block, f"CLK{clock}", "x"), enable if enable == own else "none", _bit(block, f"RST{side}", "0")]
