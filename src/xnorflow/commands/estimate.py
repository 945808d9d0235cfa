"""The command ``xnorflow estimate``."""

from pathlib import Path

import click

from ..boards.board import Board
from ..console import say_json, show
from ..report import estimate_json, estimate_tables
from .options import BOARD, FOLDING, FPS, JSON, MODEL, chosen_board, make_design

__all__ = ["estimate"]


@click.command()
@MODEL
@BOARD
@FPS
@FOLDING
@JSON
def estimate(model: str, board: Board | None, fps: float | None, folding: Path | None, as_json: bool) -> None:
    """Estimate folding, cycles, memory and cells; no tool is run."""
    board = chosen_board(board)
    design = make_design(model, board, fps, folding, scores=False)
    data = estimate_json(design.accelerator(), board)
    if as_json:
        say_json(data)
        return
    for part in estimate_tables(data):
        show(part)
