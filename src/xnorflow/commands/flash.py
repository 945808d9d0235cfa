"""The command ``xnorflow flash``."""

from pathlib import Path

import click

from ..boards.flash import flash as flash_board
from ..design import open_design

__all__ = ["flash"]


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def flash(folder: Path) -> None:
    """Load the bitstream of a build folder into its board."""
    design, result = open_design(folder)
    if design.board is None or "bitstream" not in result["files"]:
        raise ValueError(f"{folder}: has no bitstream; make it with xnorflow build --board")
    weights = folder / result["files"]["weights"] if "weights" in result["files"] else None
    flash_board(folder / result["files"]["bitstream"], design.board, weights=weights)
