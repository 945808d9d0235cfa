"""Loading a bitstream into a board."""

import shutil
import subprocess
from pathlib import Path

from .board import Board
from .identity import check_device
from .tools import ToolError

__all__ = ["flash"]

INSTALL = {
    "iceprog": "install fpga-icestorm (Debian: apt install fpga-icestorm)",
    "icesprog": "install icesprog (github.com/wuxx/icesugar, folder tools)",
    "tinyprog": "install tinyprog (pip install tinyprog)",
    "dfu-util": "install dfu-util (Debian: apt install dfu-util)",
    "openFPGALoader": "install openFPGALoader (Debian: apt install openfpgaloader)",
}


def flash(bitstream: Path, board: Board) -> None:
    """Load a bitstream with the board's programmer, which prints to the terminal.

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
    program, *options = board.program
    found = shutil.which(program)
    if found is None:
        raise ToolError(f"{program} is not installed; {INSTALL[program]} to load bitstreams into {board.title}")
    result = subprocess.run([found, *options, str(bitstream)], check=False)
    if result.returncode:
        raise ToolError(
            f"{program} failed with exit code {result.returncode}; "
            f"check that the {board.title} is plugged in and that you may use its USB port"
        )
