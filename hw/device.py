"""What the parts offer: logic cells, block RAM and its ports.

Sources: Lattice iCE40 LP/HX family data sheet DS1040, iCE40 UltraPlus family data sheet DS1056, ECP5 family data
sheet DS1044; counts as nextpnr reports them.
"""

from dataclasses import dataclass

__all__ = ["DEVICES", "Device", "Family"]


@dataclass(frozen=True)
class Family:
    """What the parts of one family share.

    Parameters
    ----------
    name : :class:`str`
        ``ice40`` or ``ecp5``.
    bram_width : :class:`int`
        Bits that one block RAM reads per cycle at its widest port.
    bram_depth : :class:`int`
        Words of a block at that width.
    bram_ratios : :class:`int`
        Shapes that a block can have, each half as wide, rounded down, and twice as deep as the one before.
    bram_cost : :class:`int`
        Look-up tables that yosys thinks a block worth, in its ``brams.txt``.
    bram_byte : :class:`int`
        Bits of a word that are written together: a memory that is written takes a multiple of those.
    startup_us : :class:`float`
        Microseconds after configuration in which block RAM must not be read (iCE40 reads zero; icestorm issue 76).
    distributed : :class:`bool`
        Whether look-up tables can be small memories.
    bram_register : :class:`bool`
        Whether a block has registers at its outputs, which cost nothing.
    table_adders : :class:`bool`
        Whether each bit of an adder has a table of four inputs before it, which does what is to be done to the bits.
    spram : :class:`bool`
        Whether some of its parts have single-port RAMs of 256 kbit.
    ff_cell : :class:`int`
        Cells that a flip-flop without a look-up table of its own takes: 0 where an unrelated one can share its cell.
    """

    name: str
    bram_width: int
    bram_depth: int
    bram_ratios: int
    bram_cost: int
    bram_byte: int
    startup_us: float = 0.0
    distributed: bool = False
    bram_register: bool = False
    table_adders: bool = False
    spram: bool = False
    ff_cell: int = 1


@dataclass(frozen=True)
class Device:
    """One part.

    Parameters
    ----------
    name : :class:`str`
        Name as the data sheet has it, shortened.
    family : :class:`Family`
        Its family.
    lut4, brams, dsps, sprams : :class:`int`
        Four-input look-up tables (each with a flip-flop), block RAMs, multipliers, single-port RAMs of 256 kbit.
    """

    name: str
    family: Family
    lut4: int
    brams: int
    dsps: int = 0
    sprams: int = 0

    @property
    def bram_kbit(self) -> float:
        """Size of all block RAMs in units of 1,024 bits."""
        return self.brams * self.family.bram_width * self.family.bram_depth / 1024

    @property
    def bram_bits_per_cycle(self) -> int:
        """Bits that all block RAMs together read in a cycle."""
        return self.brams * self.family.bram_width


ICE40 = Family(
    "ice40", bram_width=16, bram_depth=256, bram_ratios=4, bram_cost=64, bram_byte=1, startup_us=15.0, spram=True
)
ECP5 = Family(
    "ecp5",
    bram_width=36,
    bram_depth=512,
    bram_ratios=6,
    bram_cost=128,
    bram_byte=9,
    distributed=True,
    bram_register=True,
    table_adders=True,
    ff_cell=0,
)

DEVICES = {
    device.name: device
    for device in (
        Device("HX1K", ICE40, lut4=1280, brams=16),
        Device("HX8K", ICE40, lut4=7680, brams=32),
        Device("LP8K", ICE40, lut4=7680, brams=32),
        Device("UP5K", ICE40, lut4=5280, brams=30, dsps=8, sprams=4),
        # The die of the 25F, all of which the tools use.
        Device("ECP5-12F", ECP5, lut4=24288, brams=56, dsps=28),
        Device("ECP5-25F", ECP5, lut4=24288, brams=56, dsps=28),
        Device("ECP5-45F", ECP5, lut4=43848, brams=108, dsps=72),
        Device("ECP5-85F", ECP5, lut4=83640, brams=208, dsps=156),
        # With serial transceivers, which nothing uses here.
        Device("ECP5UM-45F", ECP5, lut4=43848, brams=108, dsps=72),
        Device("ECP5UM5G-45F", ECP5, lut4=43848, brams=108, dsps=72),
        Device("ECP5UM5G-85F", ECP5, lut4=83640, brams=208, dsps=156),
    )
}
