"""Carry chains of ECP5 in a netlist of yosys: what stands before them taken into them, and their ends left open.

A half of a ``CCU2C`` has a look-up table ``P`` of four inputs. Its sum is ``P ^ carry in``; its carry out is the carry
in where ``P`` is 1, and elsewhere ``G``, which is the lowest quarter of the same table and so knows the inputs A and B
alone. yosys uses it for plain sums of two bits, with look-up tables before it for whatever these bits are; but most of
those fit into it. And nextpnr takes two look-up tables for each chain with a carry in, constant or not, and two for
each with a carry out, read or not.
"""

import functools
import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .loads import Bit, count_loads

__all__ = ["Table", "fit", "open_ends", "take_in_tables"]

Netlist = dict[str, Any]
Cell = dict[str, Any]

PINS = "ABCD"


@dataclass(frozen=True)
class Table:
    """A look-up table: 16 bits, and what is at its inputs A, B, C and D, the lowest bit of the address first."""

    bits: int
    pins: tuple[Bit, ...]

    def row(self, values: Mapping[Bit, int]) -> int:
        """Which bit the values of its inputs choose."""
        return sum(values[bit] << n for n, bit in enumerate(self.pins))


@functools.lru_cache(maxsize=1 << 12)
def fit(count: int, p: int, g: int) -> Table | None:
    """A table whose ``P`` is ``p``, and whose ``G`` is ``g`` wherever ``p`` is 0; None when there is none.

    Parameters
    ----------
    count : :class:`int`
        How many inputs they have, at most four; at the table's own, these are numbers from 0 on, or constants.
    p, g : :class:`int`
        Their tables.
    """
    for places in itertools.permutations(range(4), count):
        # What nothing drives is 1; a 0 would need a wire.
        for constants in itertools.product("10", repeat=4 - count):
            rest = iter(constants)
            pins = tuple(places.index(pin) if pin in places else next(rest) for pin in range(4))
            bits = _filled(count, p, g, pins)
            if bits is not None:
                return Table(bits, pins)
    return None


def _filled(count: int, p: int, g: int, pins: tuple[Bit, ...]) -> int | None:
    """The table's bits for these inputs; None when two of its uses contradict each other."""
    entries: dict[int, int] = {}
    for row in range(1 << count):
        place = Table(0, pins).row(_values(range(count), row))
        wanted = [(place, p >> row & 1), *([] if p >> row & 1 else [(place & 3, g >> row & 1)])]
        if any(entries.setdefault(at, bit) != bit for at, bit in wanted):
            return None
    return sum(bit << at for at, bit in entries.items())


def take_in_tables(netlist: Netlist) -> None:
    """Take each look-up table into a carry chain that alone reads it, where it fits."""
    for module in _modules(netlist):
        cells, loads = module["cells"], count_loads(module)
        names = {cell["connections"]["Z"][0]: name for name, cell in cells.items() if cell["type"] == "LUT4"}
        for cell in _pairs(module):
            for number in "01":
                half, found = _half(cell, number), True
                while found:
                    before = {net: _lut(cells[names[net]]) for net in half.pins if net in names}
                    better, taken = _taken_in(half, before, loads)
                    loads.subtract([*half.pins, *(bit for net in taken for bit in before[net].pins)])
                    loads.update(better.pins)
                    for net in taken:
                        del cells[names.pop(net)]
                    half, found = better, bool(taken)
                cell["parameters"][f"INIT{number}"] = f"{half.bits:016b}"
                cell["connections"] |= {f"{pin}{number}": [bit] for pin, bit in zip(PINS, half.pins, strict=True)}


def _taken_in(half: Table, before: Mapping[Bit, Table], loads: Counter[Bit]) -> tuple[Table, tuple[Bit, ...]]:
    """A half with as many of the tables before it in it as fit, and their outputs."""
    own = [net for net in before if loads[net] == half.pins.count(net)]
    # Also where there is nothing to take in: its constants become others.
    for size in range(len(own), -1, -1):
        for nets in itertools.combinations(own, size):
            joined = _joined(half, {net: before[net] for net in nets})
            if joined is not None:
                return joined, nets
    return half, ()


def _joined(half: Table, within: Mapping[Bit, Table]) -> Table | None:
    """One table that does what a half does with these tables before it; None when there is none."""
    inputs = _inputs(half, within)
    found = fit(len(inputs), *_functions(half, within, inputs)) if len(inputs) <= 4 else None
    return found and Table(found.bits, tuple(inputs[pin] if isinstance(pin, int) else pin for pin in found.pins))


def _inputs(half: Table, within: Mapping[Bit, Table]) -> tuple[int, ...]:
    """The nets at its inputs, or at those of the tables before it."""
    bits = [bit for pin in half.pins for bit in (within[pin].pins if pin in within else (pin,))]
    return tuple(bit for bit in dict.fromkeys(bits) if isinstance(bit, int))


def _functions(half: Table, within: Mapping[Bit, Table], inputs: tuple[int, ...]) -> tuple[int, int]:
    """``P`` and ``G`` as tables of these inputs."""
    p = g = 0
    for row in range(1 << len(inputs)):
        values = _values(inputs, row)
        values |= {net: table.bits >> table.row(values) & 1 for net, table in within.items()}
        place = half.row(values)
        p |= (half.bits >> place & 1) << row
        g |= (half.bits >> (place & 3) & 1) << row
    return p, g


def _values(inputs: range | tuple[int, ...], row: int) -> dict[Bit, int]:
    """What each input is, and constants are, in a row of a table."""
    return {"0": 0, "1": 1, "x": 0, **{net: row >> n & 1 for n, net in enumerate(inputs)}}


def open_ends(netlist: Netlist) -> None:
    """Leave a carry in open that has no effect, and a carry out that nobody reads, in the way that nextpnr knows."""
    for module in _modules(netlist):
        loads = count_loads(module)
        for cell in _pairs(module):
            connections, first = cell["connections"], _half(cell, "0")
            passed, _ = _functions(first, {}, _inputs(first, {}))
            if isinstance(connections["CIN"][0], str) and not passed and not loads[connections["S0"][0]]:
                connections["CIN"] = ["x"]
            if not loads[connections["COUT"][0]]:
                connections["COUT"] = ["x"]


def _half(cell: Cell, number: str) -> Table:
    """A half of a pair."""
    return _table(cell, f"INIT{number}", [f"{pin}{number}" for pin in PINS])


def _lut(cell: Cell) -> Table:
    return _table(cell, "INIT", list(PINS))


def _table(cell: Cell, parameter: str, pins: list[str]) -> Table:
    return Table(int(cell["parameters"][parameter], 2), tuple(cell["connections"][pin][0] for pin in pins))


def _modules(netlist: Netlist) -> Iterator[dict[str, Any]]:
    """Those that are not cells of the family."""
    for module in netlist["modules"].values():
        if not {"blackbox", "whitebox"} & set(module["attributes"]):
            yield module


def _pairs(module: dict[str, Any]) -> list[Cell]:
    """Cells of its carry chains, in which each half takes the carry of the one before."""
    plain = {"INJECT1_0": "NO", "INJECT1_1": "NO"}.items()
    return [
        cell for cell in module["cells"].values() if cell["type"] == "CCU2C" and plain <= cell["parameters"].items()
    ]
