"""Build every network that ships for the smallest board that it fits, with its test images through the Verilog.

python -m bench.zoo [--only tfc] [--write]
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.tables import table, write_table
from xnorflow.model.trained import accuracy, is_trained, load_trained
from xnorflow.model.zoo import ZOO
from xnorflow.report import images_text

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "out" / "bench" / "zoo"
PAGE = ROOT / "docs" / "results.md"

BUILDS = {
    "digits": ["--fps", "100000"],
    "tfc": ["--fps", "140000"],
    "sfc": ["--fps", "200000"],
    "lfc": ["--fps", "70000", "--images", "1000"],
    "mnist-cnn": ["--fps", "1500"],
    "fashion-cnn": ["--fps", "3000", "--images", "1000"],
    "cnv": ["--fps", "1000", "--images", "1000"],
    "cnv-w1a2": ["--fps", "1000", "--images", "100"],
    "resnet-w1a2": ["--fps", "500", "--images", "100"],
}
"""Options of each build, besides its board."""

COLUMNS = (
    "command", "test accuracy", "weight bits", "through the Verilog", "interval", "cells", "block RAM", "MHz", "must",
    "frames/s",
)  # fmt: skip


def main() -> None:
    """Build what was not built before, print, and with ``--write`` keep."""
    parser = argparse.ArgumentParser(prog="python -m bench.zoo", description=__doc__)
    parser.add_argument("--only", default="", help="build only networks whose name begins so, even if built before")
    parser.add_argument("--write", action="store_true", help="write the table into docs/results.md")
    options = parser.parse_args()
    rows: list[list[str]] = [list(COLUMNS), ["---"] * len(COLUMNS)]
    for name in filter(is_trained, BUILDS):
        folder = FOLDER / name
        # What was built by another command is no result of this one.
        made_by = FOLDER / f"{name}.json"
        built = made_by.is_file() and json.loads(made_by.read_text()) == command(name)
        if name.startswith(options.only) and (options.only or not built):
            made_by.unlink(missing_ok=True)
            subprocess.run([sys.executable, "-m", "xnorflow.cli", *command(name), "-o", str(folder)], check=True)
            made_by.write_text(json.dumps(command(name)))
            built = True
        if built:
            rows.append(row(name, json.loads((folder / "build.json").read_text())))
    text = table(rows)
    print(text)
    if options.write:
        write_table(PAGE, text, "zoo")


def command(name: str) -> list[str]:
    """Words of the command that builds a network."""
    return ["build", name, "--board", ZOO[name].board, *BUILDS[name]]


def row(name: str, built: dict[str, Any]) -> list[str]:
    """One row of the table, from what ``build.json`` says."""
    told = accuracy(load_trained(name))
    assert told is not None
    (rtl,) = (entry for entry in built["verify"] if entry["level"] == "rtl")
    cycles, resources, timing = built["cycles"], built["resources"], built["timing"]
    return [
        f"`xnorflow {' '.join(command(name))}`",
        f"{told.share:.2%} ({told.correct:,} of {told.images:,})",
        f"{built['network']['weight_bits']:,}",
        f"{images_text(rtl['images'], rtl['dataset'])}, {rtl['mismatches']} mismatches",
        f"{cycles['interval_measured']} (formula {cycles['interval_expected']})",
        f"{resources['lut4']:,} of {resources['available']['lut4']:,}",
        f"{resources['bram']} of {resources['available']['bram']}",
        f"{timing['fmax_mhz']:.1f}",
        f"{built['target']['clock_mhz']:g}",
        f"{built['throughput']['fps']:,.0f}",
    ]


if __name__ == "__main__":
    main()
