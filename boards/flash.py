"""Loading a bitstream into a board."""

import shutil
import subprocess
from pathlib import Path

from .board import Board
from .identity import check_device
from .tools import ToolError

__all__ = ["flash", "flash_weights"]

INSTALL = {
    "iceprog": "install fpga-icestorm (Debian: apt install fpga-icestorm)",
    "icesprog": "install icesprog (github.com/wuxx/icesugar, folder tools)",
    "tinyprog": "install tinyprog (pip install tinyprog)",
    "dfu-util": "install dfu-util (Debian: apt install dfu-util)",
    "openFPGALoader": "install openFPGALoader (Debian: apt install openfpgaloader)",
}


def flash(bitstream: Path, board: Board, *, weights: Path | None = None) -> None:
    """Load a bitstream with the board's programmer, which prints to the terminal; before it the weights, if any.

    They are first, because a board that is configured begins to read them.

    Raises
    ------
    ValueError
        When there is no such bitstream.
    ToolError
        When the bitstream is for another device, or the programmer is missing or fails.
    """
    if not bitstream.is_file():
        raise ValueError(f"{bitstream}: no such bitstream; make it with xnorflow build --board {board.name}")
    check_device(bitstream, board)
    if weights is not None:
        flash_weights(weights, board)
    _run(board.program, bitstream, board)


def flash_weights(weights: Path, board: Board) -> None:
    """Write weights to their place in the board's flash; what else is there stays.

    Raises
    ------
    ToolError
        When the programmer is missing or fails.
    """
    assert board.flash is not None
    _run(board.flash.program, weights, board)


def _run(command: tuple[str, ...], file: Path, board: Board) -> None:
    program, *options = command
    found = shutil.which(program)
    if found is None:
        raise ToolError(f"{program} is not installed; {INSTALL[program]} to load bitstreams into {board.title}")
    result = subprocess.run([found, *options, str(file)], check=False)
    if result.returncode:
        raise ToolError(
            f"{program} failed with exit code {result.returncode}; "
            f"check that the {board.title} is plugged in and that you may use its USB port"
        )
