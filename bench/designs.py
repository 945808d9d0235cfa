"""The designs whose figures are kept, and what they must reach."""

from dataclasses import dataclass

from xnorflow.hw.folding import Folding

__all__ = ["DESIGNS", "BenchDesign"]


@dataclass(frozen=True)
class BenchDesign:
    """One row of the table.

    Parameters
    ----------
    network : :class:`str`
        Name in the zoo.
    device, package, speed : :class:`str`
        Part, as nextpnr takes it.
    interval : :class:`int`
        Cycles a frame at most; the automatic folding is taken unless ``foldings`` says otherwise.
    mhz : :class:`float`
        Clock that it must reach.
    lut4 : :class:`int` or None
        Look-up tables that it must not exceed.
    foldings : tuple of :class:`Folding` or None
        Foldings by hand.
    """

    network: str
    device: str
    package: str
    interval: int
    mhz: float
    speed: str = ""
    lut4: int | None = None
    foldings: tuple[Folding, ...] | None = None


DESIGNS = (
    BenchDesign("tfc", "HX8K", "ct256", interval=128, mhz=110),
    BenchDesign("tfc", "UP5K", "sg48", interval=128, mhz=42),
    BenchDesign("tfc", "ECP5-25F", "CABGA381", speed="6", interval=64, mhz=100, lut4=7000),
    BenchDesign("sfc", "ECP5-25F", "CABGA381", speed="6", interval=256, mhz=90),
    BenchDesign("mnist-cnn", "UP5K", "sg48", interval=20_000, mhz=24),
    BenchDesign("cnv", "ECP5-85F", "CABGA756", speed="6", interval=65_536, mhz=50),
    BenchDesign("cnv-w1a2", "ECP5-85F", "CABGA756", speed="6", interval=65_536, mhz=50),
    BenchDesign("lfc", "ECP5-85F", "CABGA756", speed="6", interval=1024, mhz=50),
)
