"""The command ``xnorflow verilog``."""

from pathlib import Path

import click

from ..boards.board import Board
from ..build import write_verilog
from ..console import progress, say
from ..workplace import working_in
from .options import BOARD, FOLDER, FOLDING, FPS, MODEL, SCORES, make_design, warn_untrained

__all__ = ["verilog"]


@click.command()
@MODEL
@BOARD
@FPS
@FOLDING
@SCORES
@click.option("--inline", is_flag=True, help="Put the contents of memories into core.v, not into files beside it.")
@FOLDER
def verilog(
    model: str, board: Board | None, fps: float | None, folding: Path | None, scores: bool, inline: bool, folder: Path
) -> None:
    """Write the Verilog of a network: core.v, and a file for each of its memories."""
    design = make_design(model, board, fps, folding, scores)
    with working_in(folder, make=True), progress() as report:
        result = write_verilog(design, folder, inline=inline, on_progress=report)
    warn_untrained(design.network)
    say(
        f"{folder / result['files']['verilog']}: {design.network.name}, a frame every "
        f"{result['cycles']['interval_expected']} cycles"
    )
