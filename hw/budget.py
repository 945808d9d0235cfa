"""What a design may take of a device."""

from dataclasses import dataclass, replace

from ..model.ir import Network
from .accelerator import Accelerator
from .device import Device
from .estimate import Estimate
from .folding import Folding

__all__ = ["ROOM", "Budget"]

ROOM = 0.8
"""Share of a device's logic cells that a core may take: beyond it placement is slow and clocks are low."""


@dataclass(frozen=True)
class Budget:
    """What automatic folding has to do with.

    Parameters
    ----------
    device : :class:`Device`
        Whose logic cells and block RAMs there are.
    reserved : :class:`int`
        Logic cells that others take.
    reweightable : :class:`bool`
        All that depends on weights and levels is in block RAM.
    spram : :class:`bool`
        The device's SPRAMs may be used.
    """

    device: Device
    reserved: int = 0
    reweightable: bool = False
    spram: bool = False

    @property
    def sprams(self) -> int:
        """SPRAMs that may be used."""
        return self.device.sprams if self.spram else 0

    def on(self, device: Device) -> "Budget":
        """The same on another device."""
        return replace(self, device=device)

    def accelerator(self, network: Network, foldings: tuple[Folding, ...]) -> Accelerator:
        """A network with these foldings, its memories placed as the device's block RAMs allow."""
        return Accelerator(
            network,
            foldings,
            family=self.device.family,
            brams=self.device.brams,
            reweightable=self.reweightable,
            sprams=self.sprams,
        )

    def fits(self, design: Estimate) -> bool:
        """Whether the device has the memories, and the cells with room for placement, beside those of others."""
        cells = design.cells + self.reserved
        memories = design.brams <= self.device.brams and design.sprams <= self.sprams
        return cells <= ROOM * self.device.lut4 and memories
