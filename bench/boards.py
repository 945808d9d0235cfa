"""Make the bitstream of every board in the catalogue, and write the table of ``docs/boards.md``.

python -m bench.boards [--only ulx3s] [--write]
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.tables import table, write_table
from xnorflow.boards.board import Board
from xnorflow.boards.catalogue import BOARDS
from xnorflow.boards.flow import make_bitstream
from xnorflow.boards.link.rate import link_baud
from xnorflow.design import Design
from xnorflow.hw.budget import Budget
from xnorflow.hw.search import smallest
from xnorflow.model.zoo import random_network

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "out" / "bench" / "boards"
PAGE = ROOT / "docs" / "boards.md"
SEED = 1

INTERVAL = 20_000
"""Cycles a frame at most: the smallest cores are for this."""

COLUMNS = ("board", "cells", "of", "block RAM", "MHz", "must", "baud", "bitstream, bytes", "seconds")


def main() -> int:
    """Build, print, and with ``--write`` keep; exit with 1 when a board misses its clock."""
    parser = argparse.ArgumentParser(prog="python -m bench.boards", description=__doc__)
    parser.add_argument("--only", default="", help="build only for boards whose name begins so")
    parser.add_argument("--write", action="store_true", help="write the table into docs/boards.md")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    results = [row for board in BOARDS.values() if (row := result(board, board.name.startswith(options.only)))]
    text = markdown(results)
    print(text)
    if options.write:
        write_table(PAGE, text)
    return 0 if all(row["fmax_mhz"] >= row["clock_mhz"] for row in results) else 1


def result(board: Board, anew: bool) -> dict[str, Any] | None:
    """Figures of a board, measured anew or as they were measured last; None when they never were."""
    path = FOLDER / f"{board.name}.json"
    if anew:
        figures = measure(board)
        path.write_text(json.dumps(figures, indent=2) + "\n")
        return figures
    return json.loads(path.read_text()) if path.is_file() else None


def measure(board: Board) -> dict[str, Any]:
    """Figures of the smallest core of ``digits`` for a board, with random weights, all the way to the bitstream."""
    network = random_network("digits")
    foldings = smallest(network, Budget(board.device), interval=INTERVAL)
    accelerator = Design(network, foldings, board).accelerator()
    console = Console(stderr=True)
    made = make_bitstream(
        accelerator,
        board,
        FOLDER / board.name,
        seed=SEED,
        on_stage=lambda stage: console.print(f"{board.name}: {stage}"),
    )
    implementation = made.implementation
    return {
        "board": board.name,
        **{
            name: value
            for name, value in dataclasses.asdict(implementation).items()
            if name in ("lut4", "bram", "seed")
        },
        "available": board.device.lut4,
        "fmax_mhz": round(implementation.fmax_mhz, 1),
        "clock_mhz": board.clock_mhz,
        "baud": link_baud(accelerator, board),
        "bytes": made.bitstream.stat().st_size,
        "seconds": round(sum(implementation.seconds.values()), 1),
    }


def markdown(results: list[dict[str, Any]]) -> str:
    """The table."""
    rows: list[tuple[str, ...]] = [COLUMNS, ("---",) * len(COLUMNS)]
    rows += [
        (
            f"`{row['board']}`",
            f"{row['lut4']:,}",
            f"{row['available']:,}",
            f"{row['bram']}",
            f"{row['fmax_mhz']}",
            f"{row['clock_mhz']:g}",
            f"{row['baud']:,}",
            f"{row['bytes']:,}",
            f"{row['seconds']:.0f}",
        )
        for row in results
    ]
    return table(rows)


if __name__ == "__main__":
    sys.exit(main())
