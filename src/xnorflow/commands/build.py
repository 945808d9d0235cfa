"""The command ``xnorflow build``."""

from dataclasses import replace
from pathlib import Path

import click

from ..boards.board import Board
from ..build import build as build_design
from ..console import complain, progress, say, show
from ..models import load_images_or_random
from ..own import Own
from ..report import build_table, savings_json
from ..workplace import working_in
from .options import (
    BAUD,
    BOARD,
    DATASET,
    FOLDER,
    FOLDING,
    FPS,
    IMAGES,
    MODEL,
    REWEIGHTABLE,
    SCORES,
    SEED,
    SIMULATOR,
    chosen_board,
    make_design,
    warn_untrained,
)
from .own_options import own_images

__all__ = ["build"]


@click.command()
@MODEL
@BOARD
@FPS
@FOLDING
@SCORES
@BAUD
@DATASET
@own_images
@IMAGES
@SIMULATOR
@SEED
@REWEIGHTABLE
@FOLDER
def build(
    model: str,
    board: Board | None,
    fps: float | None,
    folding: Path | None,
    scores: bool,
    baud: int | None,
    dataset: str | None,
    own: Own | None,
    images: int | None,
    simulator: str,
    seed: int,
    reweightable: bool,
    folder: Path,
) -> None:
    """Verilog, verification, bitstream and report for a board."""
    board = chosen_board(board)
    if baud is not None:
        board = replace(board, baud=baud)
    design = make_design(model, board, fps, folding, scores, reweightable)
    name, pixels, labels = load_images_or_random(design.network, dataset=dataset, own=own, count=images, say=complain)
    with working_in(folder, make=True), progress() as report:
        result = build_design(
            design,
            folder,
            images=pixels,
            labels=labels,
            dataset=name,
            simulator=simulator,
            seed=seed,
            on_progress=report,
        )
    warn_untrained(design.network)
    show(build_table(result, savings_json(design.network)))
    say(f"{folder / 'build.json'} has all of it; {folder / result['files']['bitstream']} is the bitstream")
