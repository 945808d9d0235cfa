"""Place and route the networks that need SPRAM, with three seeds each, and write ``docs/spram.md``.

python -m bench.spram [--only sfc] [--write]
"""

import argparse
import sys
from pathlib import Path

from bench.tables import read_table, table, write_table
from xnorflow.boards.chip import route
from xnorflow.boards.flow import synthesize_core
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.core import AcceleratorCore
from xnorflow.hw.device import DEVICES
from xnorflow.hw.estimate import estimate
from xnorflow.hw.folding import Folding
from xnorflow.models import open_model

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "out" / "bench-spram"
PAGE = ROOT / "docs" / "spram.md"
DEVICE, PACKAGE, MHZ, SEEDS = DEVICES["UP5K"], "sg48", 52.0, (1, 2, 3)

STARTUP = round(DEVICE.family.startup_us * 36)

DESIGNS = {
    "sfc": ((7, 8), (1, 32), (1, 19), (1, 1)),
    "fashion-cnn": ((1, 1), (3, 16), (1, 16), (1, 16), (1, 32), (1, 1)),
}
"""Foldings; the slowest of three seeds counts."""

COLUMNS = (
    "network", "folding", "interval", "cells", "FF", "block RAM", "SPRAM", "MHz, seeds 1 2 3", "slowest, frames/s",
)  # fmt: skip


def main() -> int:
    """Measure and print, and with ``--write`` keep."""
    parser = argparse.ArgumentParser(prog="python -m bench.spram", description=__doc__)
    parser.add_argument("--only", default="", help="measure only networks whose name begins so")
    parser.add_argument("--write", action="store_true", help="write the table into docs/spram.md")
    options = parser.parse_args()
    # Rows that are not measured anew stay as they are in the page.
    kept = {found[0]: found for found in read_table(PAGE)}
    rows = [row(name) if name.startswith(options.only) else kept.get(name) for name in DESIGNS]
    text = table([COLUMNS, ["---"] * len(COLUMNS), *(found for found in rows if found)])
    print(text)
    if options.write:
        write_table(PAGE, text)
    return 0


def row(name: str) -> list[str]:
    """The figures of a design, which waits for its block RAM as on a board."""
    family, foldings = DEVICE.family, tuple(Folding(*folding) for folding in DESIGNS[name])
    core = Accelerator(
        open_model(name),
        foldings,
        family=family,
        brams=DEVICE.brams,
        sprams=DEVICE.sprams,
        startup_cycles=STARTUP,
    )
    folder = FOLDER / name
    chip, _ = synthesize_core(AcceleratorCore(core), DEVICE, PACKAGE, folder=folder)
    made = [route(chip, folder, mhz=MHZ, seed=seed, constrained=False, seconds={}) for seed in SEEDS]
    slowest = min(found.fmax_mhz for found in made)
    return [
        name,
        " ".join(f"{folding.pe}x{folding.simd}" for folding in foldings),
        f"{core.interval:,}",
        f"{made[0].lut4:,}",
        f"{made[0].ff:,}",
        f"{made[0].bram}",
        f"{estimate(core).sprams}",
        " ".join(f"{found.fmax_mhz:.1f}" for found in made),
        f"{slowest * 1e6 / core.interval:,.0f}",
    ]


if __name__ == "__main__":
    sys.exit(main())
