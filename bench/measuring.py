"""A design through synthesis, and through place and route with each seed."""

import hashlib
import json
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.designs import BenchDesign
from xnorflow.boards.chip import TOP, Chip, route
from xnorflow.boards.flow import synthesize_core
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.budget import Budget
from xnorflow.hw.core import AcceleratorCore
from xnorflow.hw.device import DEVICES
from xnorflow.hw.estimate import estimate, roofline_fps
from xnorflow.hw.search import smallest
from xnorflow.model.zoo import random_network

__all__ = ["SEEDS", "Measured", "measure"]

FOLDER = Path(__file__).parents[1] / "out" / "bench"
SEEDS = (1, 2, 3)


@dataclass(frozen=True)
class Seed:
    """What place and route made with one seed.

    ``seconds`` are those that passed; ``kilobytes`` are the most that it had in memory.
    """

    lut4: int
    ff: int
    bram: int
    fmax_mhz: float
    seconds: float
    kilobytes: int


@dataclass(frozen=True)
class Measured:
    """Figures of a design with random weights: they do not depend on what the weights are."""

    design: BenchDesign
    foldings: tuple[tuple[int, int], ...]
    interval: int
    lut4_estimated: int
    roofline_fps_per_mhz: float
    seeds: tuple[Seed, ...]

    @property
    def slowest(self) -> Seed:
        """The seed with the slowest clock."""
        return min(self.seeds, key=lambda seed: seed.fmax_mhz)

    @property
    def fps(self) -> float:
        """Frames per second with it."""
        return self.slowest.fmax_mhz * 1e6 / self.interval

    @property
    def lut4_per_lane(self) -> float:
        """Look-up tables for each multiplication in a cycle."""
        return self.slowest.lut4 / sum(pe * simd for pe, simd in self.foldings)

    @property
    def reached(self) -> bool:
        """Whether it is what it must be."""
        design, most = self.design, DEVICES[self.design.device].lut4
        return (
            self.fps >= design.fps
            and self.slowest.lut4 <= (design.lut4 or most)
            and self.lut4_per_lane <= (design.lut4_per_lane or most)
        )


def measure(design: BenchDesign, name: str, seeds: Sequence[int], on_stage: Callable[[str], None]) -> Measured:
    """Figures of one design with these seeds.

    What place and route has made of the same netlist before, in ``out/bench``, is not made again.
    """
    network, device = random_network(design.network), DEVICES[design.device]
    foldings = design.foldings or smallest(network, Budget(device), interval=design.interval)
    accelerator = Accelerator(network, foldings, family=device.family, brams=device.brams)
    folder = FOLDER / name
    on_stage("synthesize")
    chip, _ = synthesize_core(AcceleratorCore(accelerator), device, design.package, speed=design.speed, folder=folder)
    mhz = design.fps * accelerator.interval / 1e6
    made = []
    for number in seeds:
        on_stage(f"place and route, seed {number}")
        made.append(_seed(chip, folder, mhz, number))
    return Measured(
        design=design,
        foldings=tuple((folding.pe, folding.simd) for folding in foldings),
        interval=accelerator.interval,
        lut4_estimated=estimate(accelerator).cells,
        roofline_fps_per_mhz=roofline_fps(network, device, 1.0),
        seeds=tuple(made),
    )


def _seed(chip: Chip, folder: Path, mhz: float, number: int) -> Seed:
    """Figures of one seed, kept beside a digest of what they are of."""
    kept, netlist = folder / f"seed.{number}.json", (folder / f"{TOP}.json").read_bytes()
    digest = hashlib.sha256(netlist + f"{mhz} {chip}".encode()).hexdigest()
    if kept.is_file():
        found: dict[str, Any] = json.loads(kept.read_text())
        if found.pop("digest") == digest:
            return Seed(**found)
    # A process of its own, whose children are all that the system then counts.
    with ProcessPoolExecutor(1) as pool:
        made = pool.submit(_route, chip, folder, mhz, number).result()
    kept.write_text(json.dumps({"digest": digest, **asdict(made)}, indent=2) + "\n")
    return made


def _route(chip: Chip, folder: Path, mhz: float, number: int) -> Seed:
    began = time.monotonic()
    made = route(chip, folder, mhz=mhz, seed=number, constrained=False, seconds={})
    return Seed(
        lut4=made.lut4,
        ff=made.ff,
        bram=made.bram,
        fmax_mhz=made.fmax_mhz,
        seconds=round(time.monotonic() - began, 1),
        kilobytes=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
    )
