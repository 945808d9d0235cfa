"""What a bitstream says of the device that it is for."""

from pathlib import Path

from .board import Board
from .families.catalogue import tools_of
from .tools import ToolError

__all__ = ["check_device"]

BEGINNING = 200
"""Bytes in which a bitstream says what it is."""


def check_device(bitstream: Path, board: Board) -> None:
    """Compare the device that a bitstream is for with a board's.

    Raises
    ------
    ToolError
        When it is for another device, or no bitstream of the board's family.
    """
    name, tools = board.device.name, tools_of(board.device.family)
    with bitstream.open("rb") as file:
        found = tools.identify(file.read(BEGINNING))
    if found is None:
        raise ToolError(f"{bitstream}: is no bitstream for {tools.title}, which {board.name} has; build again")
    if name not in found.split(" or "):
        raise ToolError(f"{bitstream}: is for {found}, but {board.name} has {name}; build again")
