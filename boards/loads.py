"""What reads the nets of a netlist that yosys wrote in JSON."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

__all__ = ["Bit", "count_loads"]

Bit = int | str
"""A net, by its number, or ``0``, ``1`` or ``x``."""


def count_loads(module: Mapping[str, Any]) -> Counter[Bit]:
    """How many inputs of cells, and outputs of the module, read each net."""
    loads: Counter[Bit] = Counter()
    for cell in module["cells"].values():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] != "output":
                loads.update(bits)
    for port in module["ports"].values():
        if port["direction"] != "input":
            loads.update(port["bits"])
    return loads
