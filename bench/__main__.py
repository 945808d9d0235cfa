"""Place and route the designs of the table, and write ``docs/results.md``.

python -m bench [--only tfc] [--device HX8K] [--write]
"""

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.designs import DESIGNS, BenchDesign
from bench.tables import read_table, table, write_table
from xnorflow.boards.flow import implement_core
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.budget import Budget
from xnorflow.hw.core import AcceleratorCore
from xnorflow.hw.device import DEVICES
from xnorflow.hw.estimate import estimate, roofline_fps
from xnorflow.hw.search import smallest
from xnorflow.model.zoo import random_network

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "out" / "bench"
PAGE = ROOT / "docs" / "results.md"
SEEDS = (1, 2, 3)

COLUMNS = (
    "network", "device", "folding", "interval", "LUT4", "estimated", "FF", "block RAM", "MHz", "of seeds", "must",
    "frames/s", "roofline", "cells per lane",
)  # fmt: skip


def main() -> int:
    """Measure, print, and with ``--write`` keep; exit with 1 when a design misses what it must reach."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", default="", help="measure only networks whose name begins so")
    parser.add_argument("--device", default="", help="measure only on devices whose name begins so")
    parser.add_argument("--write", action="store_true", help="write the table into docs/results.md")
    options = parser.parse_args()
    wanted = [
        design
        for design in DESIGNS
        if design.network.startswith(options.only) and design.device.startswith(options.device)
    ]
    measured = {design: measure(design) for design in wanted}
    # Rows that are not measured anew stay as they are in the page.
    kept = {tuple(row[:2]): row for row in read_table(PAGE)}
    rows = [cells_of(measured[one]) if one in measured else kept.get((one.network, title(one))) for one in DESIGNS]
    text = table([COLUMNS, ["---"] * len(COLUMNS), *(row for row in rows if row)])
    print(text)
    if options.write:
        write_table(PAGE, text)
    return 0 if all(figures["reached"] for figures in measured.values()) else 1


def title(design: BenchDesign) -> str:
    """Device and speed grade, as the table has them."""
    return f"{design.device}, speed {design.speed}" if design.speed else design.device


def name_of(design: BenchDesign) -> str:
    """Name of the design's folder."""
    return f"{design.network}-{design.device.lower()}-{design.interval}"


def measure(design: BenchDesign) -> dict[str, Any]:
    """Figures of one design, of the slowest seed, with random weights: they do not depend on what the weights are."""
    began = time.monotonic()
    network, device = random_network(design.network), DEVICES[design.device]
    foldings = design.foldings or smallest(network, Budget(device), interval=design.interval)
    core = Accelerator(network, foldings, family=device.family, brams=device.brams)
    console = Console(stderr=True)
    seeds = implement_core(
        AcceleratorCore(core),
        device,
        design.package,
        speed=design.speed,
        freq_mhz=design.mhz,
        folder=FOLDER / name_of(design),
        seeds=SEEDS,
        on_stage=lambda stage: console.print(f"{design.network} on {design.device}: {stage}"),
    )
    made = min(seeds, key=lambda one: one.fmax_mhz)
    fps = made.fmax_mhz * 1e6 / core.interval
    lanes = sum(folding.pe * folding.simd for folding in foldings)
    figures = {
        **dataclasses.asdict(design),
        "foldings": [[folding.pe, folding.simd] for folding in foldings],
        "interval": core.interval,
        "lut4": made.lut4,
        "lut4_limit": design.lut4,
        "lut4_estimated": estimate(core).cells,
        "lut4_available": device.lut4,
        "ff": made.ff,
        "bram": made.bram,
        "fmax_mhz": round(made.fmax_mhz, 1),
        "fmax_mhz_of_seeds": [round(one.fmax_mhz, 1) for one in seeds],
        "fps": round(fps),
        "roofline_share": round(fps / roofline_fps(network, device, made.fmax_mhz), 3),
        "cells_per_lane": round(made.lut4 / lanes, 2),
        "seeds": list(SEEDS),
        "reached": made.fmax_mhz >= design.mhz and made.lut4 <= (design.lut4 or device.lut4),
        "seconds": round(time.monotonic() - began, 1),
    }
    (FOLDER / f"{name_of(design)}.json").write_text(json.dumps(figures, indent=2) + "\n")
    return figures


def cells_of(row: dict[str, Any]) -> list[str]:
    """A row of the table."""
    return [
        row["network"],
        f"{row['device']}{', speed ' + row['speed'] if row['speed'] else ''}",
        " ".join(f"{pe}x{simd}" for pe, simd in row["foldings"]),
        f"{row['interval']}",
        f"{row['lut4']:,}{' (limit ' + format(row['lut4_limit'], ',') + ')' if row['lut4_limit'] else ''}",
        f"{row['lut4_estimated']:,}",
        f"{row['ff']:,}",
        f"{row['bram']}",
        f"{row['fmax_mhz']}",
        " ".join(str(mhz) for mhz in row["fmax_mhz_of_seeds"]),
        f"{row['mhz']:g}",
        f"{row['fps']:,}",
        f"{row['roofline_share']:.0%}",
        f"{row['cells_per_lane']}",
    ]


if __name__ == "__main__":
    sys.exit(main())
