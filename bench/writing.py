"""Seconds of a processor that ``xnorflow verilog`` takes.

python -m bench.writing [--write]
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from bench.tables import table, write_table

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "out" / "bench" / "writing"
PAGE = ROOT / "docs" / "results.md"

NETWORKS = ("tfc", "lfc", "cnv")
LIMIT = 3
"""Seconds that each may take, on a machine that does nothing else."""

REPEATS = 3


def main() -> int:
    """Measure, print, and with ``--write`` keep; exit with 1 when one takes longer than it may."""
    parser = argparse.ArgumentParser(prog="python -m bench.writing", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into docs/results.md")
    options = parser.parse_args()
    taken = {name: min(seconds(name) for _ in range(REPEATS)) for name in NETWORKS}
    rows = [(f"`xnorflow verilog {name} -o {name}`", f"{value:.1f}") for name, value in taken.items()]
    text = table([("command", "seconds"), ("---", "---"), *rows])
    print(text)
    if options.write:
        write_table(PAGE, text, "writing")
    return int(max(taken.values()) >= LIMIT)


def seconds(name: str) -> float:
    """Of a processor, user and system, the command's yosys included."""
    before = os.times()
    command = [sys.executable, "-m", "xnorflow", "verilog", name, "-o", str(FOLDER / name)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    return sum(after[2:4]) - sum(before[2:4])


if __name__ == "__main__":
    raise SystemExit(main())
