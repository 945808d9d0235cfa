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
    fps : :class:`int`
        Frames a second that it must reach.
    lut4 : :class:`int` or None
        Look-up tables that it must not exceed.
    lut4_per_lane : :class:`float` or None
        The same for each lane: a multiplication in a cycle.
    foldings : tuple of :class:`Folding` or None
        Foldings by hand.
    """

    network: str
    device: str
    package: str
    interval: int
    fps: int
    speed: str = ""
    lut4: int | None = None
    lut4_per_lane: float | None = None
    foldings: tuple[Folding, ...] | None = None


DESIGNS = (
    BenchDesign("tfc", "HX8K", "ct256", interval=100, fps=1_400_000),
    BenchDesign("tfc", "UP5K", "sg48", interval=128, fps=450_000),
    BenchDesign("tfc", "ECP5-25F", "CABGA381", speed="6", interval=64, fps=1_562_500, lut4=7000),
    BenchDesign("tfc", "ECP5-25F", "CABGA381", speed="6", interval=14, fps=6_500_000),
    BenchDesign("sfc", "ECP5-25F", "CABGA381", speed="6", interval=256, fps=580_000, lut4_per_lane=3.6),
    BenchDesign("sfc", "ECP5-85F", "CABGA756", speed="6", interval=32, fps=3_000_000, lut4=52_000),
    BenchDesign("lfc", "ECP5-85F", "CABGA756", speed="6", interval=400, fps=257_000),
    BenchDesign("mnist-cnn", "UP5K", "sg48", interval=20_000, fps=1_378),
    BenchDesign("cnv", "ECP5-85F", "CABGA756", speed="6", interval=65_536, fps=763),
    BenchDesign("cnv", "ECP5-85F", "CABGA756", speed="6", interval=9_900, fps=8_500),
    BenchDesign("cnv-w1a2", "ECP5-85F", "CABGA756", speed="6", interval=65_536, fps=763),
)
