"""Place and route the designs of the table, and write ``docs/results.md``.

python -m bench [--only tfc] [--device HX8K] [--interval 128] [--seeds 1] [--write]
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from bench.designs import DESIGNS, BenchDesign
from bench.measuring import SEEDS, Measured, measure
from bench.tables import read_table, table, write_table

PAGE = Path(__file__).parents[1] / "docs" / "results.md"

COLUMNS = (
    "network", "device", "at most", "folding", "interval", "LUT4", "estimated", "FF", "block RAM", "MHz", "of seeds",
    "frames/s", "must", "roofline", "cells per lane", "minutes", "GB",
)  # fmt: skip


def main() -> int:
    """Measure, print, and with ``--write`` keep; exit with 1 when a design misses what it must reach."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", default="", help="measure only networks whose name begins so")
    parser.add_argument("--device", default="", help="measure only on devices whose name begins so")
    parser.add_argument("--interval", type=int, help="measure only designs with at most so many cycles a frame")
    parser.add_argument("--seeds", type=int, default=len(SEEDS), help="only so many of the seeds 1 to 3")
    parser.add_argument("--write", action="store_true", help="write the table into docs/results.md")
    options = parser.parse_args()
    wanted = [
        design
        for design in DESIGNS
        if design.network.startswith(options.only)
        and design.device.startswith(options.device)
        and options.interval in (None, design.interval)
    ]
    console, missed = Console(stderr=True), False
    for design in wanted:
        console.print(name_of(design))
        measured = measure(design, name_of(design), SEEDS[: options.seeds], lambda stage: console.print(f"  {stage}"))
        missed |= not measured.reached
        # Rows that are not measured anew stay as they are in the page.
        kept = {tuple(row[:3]): row for row in read_table(PAGE)} | {key_of(design): cells_of(measured)}
        rows = [kept[key_of(one)] for one in DESIGNS if key_of(one) in kept]
        text = table([COLUMNS, ["---"] * len(COLUMNS), *rows])
        if options.write:
            write_table(PAGE, text)
        print(table([cells_of(measured)]), end="")
    return int(missed)


def key_of(design: BenchDesign) -> tuple[str, str, str]:
    """Network, device with its speed grade, and interval at most, as the table has them."""
    device = f"{design.device}, speed {design.speed}" if design.speed else design.device
    return design.network, device, str(design.interval)


def name_of(design: BenchDesign) -> str:
    """Name of the design's folder."""
    return f"{design.network}-{design.device.lower()}-{design.interval}"


def cells_of(measured: Measured) -> list[str]:
    """A row of the table, of the slowest seed."""
    design, slowest, seeds = measured.design, measured.slowest, measured.seeds
    return [
        *key_of(design),
        " ".join(f"{pe}x{simd}" for pe, simd in measured.foldings),
        f"{measured.interval}",
        f"{slowest.lut4:,}" + (f" (limit {design.lut4:,})" if design.lut4 else ""),
        f"{measured.lut4_estimated:,}",
        f"{slowest.ff:,}",
        f"{slowest.bram}",
        f"{slowest.fmax_mhz:.1f}",
        " ".join(f"{seed.fmax_mhz:.1f}" for seed in seeds),
        f"{measured.fps:,.0f}",
        f"{design.fps:,}",
        f"{measured.fps / (slowest.fmax_mhz * measured.roofline_fps_per_mhz):.0%}",
        f"{measured.lut4_per_lane:.2f}" + (f" (limit {design.lut4_per_lane:g})" if design.lut4_per_lane else ""),
        f"{sum(seed.seconds for seed in seeds) / 60:.1f}",
        f"{max(seed.kilobytes for seed in seeds) / 1e6:.1f}",
    ]


if __name__ == "__main__":
    sys.exit(main())
