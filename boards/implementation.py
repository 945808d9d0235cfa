"""What place and route made of a design: area and clock, read back from nextpnr's report."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .families.family import FamilyTools
from .tools import ToolError

__all__ = ["Implementation", "read_implementation"]


@dataclass(frozen=True)
class Implementation:
    """Area and clock of a placed and routed design.

    Parameters
    ----------
    lut4 : :class:`int`
        Four-input look-up tables; on iCE40 logic cells, which may hold a flip-flop only.
    ff, bram, dsp : :class:`int`
        Flip-flops, block RAMs, multipliers.
    available : mapping of :class:`int`
        How many of each the device has.
    fmax_mhz : :class:`float`
        Fastest clock that meets timing.
    target_mhz : :class:`float`
        Clock that was asked for.
    seed : :class:`int`
        Seed of the placement.
    seconds : mapping of :class:`float`
        What each stage took.
    """

    lut4: int
    ff: int
    bram: int
    dsp: int
    available: Mapping[str, int]
    fmax_mhz: float
    target_mhz: float
    seed: int
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        """Whether the clock that was asked for is met."""
        return self.fmax_mhz >= self.target_mhz


def read_implementation(
    report: Path, statistics: Path, *, family: FamilyTools, target_mhz: float, seed: int, seconds: Mapping[str, float]
) -> Implementation:
    """Read nextpnr's ``--report``, and yosys' ``stat -json`` for the flip-flops that nextpnr does not count on iCE40.

    Raises
    ------
    ToolError
        When a file is not what these tools write.
    """
    try:
        data, cells = json.loads(report.read_text()), _cells(json.loads(statistics.read_text()))
        used = {key: data["utilization"].get(name, _NONE) for key, name in family.counted.items()}
        clocks = [clock["achieved"] for clock in data["fmax"].values()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ToolError(f"{report}: not a report of nextpnr ({type(error).__name__}: {error})") from None
    if not clocks:
        raise ToolError(f"{report}: has no clock, so the design must be without a path between flip-flops")
    # Where nextpnr counts them, it knows of those that were merged into block RAM.
    flip_flops = used["ff"]["used"] if "ff" in used else 0
    flip_flops = flip_flops or sum(count for name, count in cells.items() if name.startswith(family.flip_flops))
    available = {key: cell["available"] for key, cell in used.items()}
    return Implementation(
        lut4=used["lut4"]["used"],
        ff=flip_flops,
        bram=used["bram"]["used"],
        dsp=used["dsp"]["used"],
        # Where flip-flops are not counted apart, each logic cell has one.
        available={"ff": available["lut4"], **available},
        fmax_mhz=round(min(clocks), 2),
        target_mhz=target_mhz,
        seed=seed,
        seconds=dict(seconds),
    )


_NONE = {"used": 0, "available": 0}


def _cells(statistics: Any) -> dict[str, int]:
    counts: dict[str, int] = statistics["design"]["num_cells_by_type"]
    return counts
