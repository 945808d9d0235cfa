"""Which families the flow knows."""

from ...hw.device import Family
from .ecp5 import ECP5_TOOLS
from .family import FamilyTools
from .ice40 import ICE40_TOOLS

__all__ = ["FAMILIES", "tools_of"]

FAMILIES = {tools.family: tools for tools in (ICE40_TOOLS, ECP5_TOOLS)}
"""The flow's record of each family."""


def tools_of(family: Family) -> FamilyTools:
    """The flow's record of a family.

    Raises
    ------
    ValueError
        When it has none.
    """
    if family not in FAMILIES:
        known = ", ".join(known.name for known in FAMILIES)
        raise ValueError(f"family must be one of {known}, which have a record in boards/families, not {family.name}")
    return FAMILIES[family]
