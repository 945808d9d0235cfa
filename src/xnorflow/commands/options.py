"""What several commands take, and what they make of it."""

from pathlib import Path

import click

from ..boards.board import Board
from ..boards.catalogue import BOARDS, find_board
from ..boards.link.rate import RATES
from ..console import note
from ..design import Design, fold, read_foldings
from ..model.data.datasets import DATASETS
from ..model.ir import Network
from ..model.zoo import ZOO
from ..models import RANDOM, is_untrained, open_model
from .arguments import Choice, ImageCount, ModelName, Named, OneOf
from .destination import OutputFolder

__all__ = [
    "BAUD",
    "BOARD",
    "DATASET",
    "FOLDER",
    "FOLDING",
    "FPS",
    "IMAGES",
    "JSON",
    "MODEL",
    "REWEIGHTABLE",
    "SCORES",
    "SEED",
    "SIMULATOR",
    "chosen_board",
    "make_design",
    "warn_untrained",
]

SIMULATORS = ("verilator", "icarus")


MODEL = click.argument("model", type=ModelName(ZOO))
BOARD = click.option(
    "--board", type=Named("board", find_board, BOARDS), help="Board to build for; `xnorflow boards` lists them."
)
FPS = click.option("--fps", type=float, help="Frames per second to reach; the smallest design that does is taken.")
FOLDING = click.option("--folding", type=click.Path(path_type=Path), help="JSON file with pe and simd of each layer.")
FOLDER = click.option("-o", "folder", type=OutputFolder(), required=True, help="Folder for everything made.")
DATASET = click.option(
    "--dataset",
    type=OneOf("dataset", (*DATASETS, RANDOM)),
    help="Test images to use; without it those the network was trained on.",
)
IMAGES = click.option("--images", type=ImageCount(), default="all", help="How many images to use.", show_default=True)
SIMULATOR = click.option(
    "--simulator", type=Choice(SIMULATORS), default="verilator", show_default=True, help="Simulator to run."
)
SEED = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the random stalls."
)
SCORES = click.option("--scores", is_flag=True, help="Answer with all scores behind the class.")
BAUD = click.option("--baud", type=Choice(RATES), help="Highest rate of the link; else what the board does.")
REWEIGHTABLE = click.option("--reweightable", is_flag=True, help="Let `xnorflow reweight` replace the weights.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program to read.")


def chosen_board(board: Board | None) -> Board:
    """The board; an error of usage that lists all where none was named."""
    if board is None:
        raise click.UsageError(f"--board must be one of {', '.join(BOARDS)}")
    return board


def make_design(
    model: str, board: Board | None, fps: float | None, folding: Path | None, scores: bool, reweightable: bool = False
) -> Design:
    """The design that the options ask for."""
    network = open_model(model)
    wished = read_foldings(folding, network) if folding else None
    foldings = fold(network, board=board, fps=fps, foldings=wished, scores=scores, reweightable=reweightable)
    return Design(network, foldings, board, scores, reweightable)


def warn_untrained(network: Network) -> None:
    """Say that weights are random, where they are."""
    if is_untrained(network):
        note(f"{network.name}: {network.provenance['weights']}; only the hardware's figures mean anything")
