"""What a bitstream says of the device that it is for."""

import re
from pathlib import Path

from .board import Board
from .tools import ToolError

__all__ = ["check_device"]

ICE40 = re.compile(rb"\x7e\xaa\x99\x7e.{0,16}?\x62(..)(?:\x82..)?\x72(..)", re.DOTALL)
"""The preamble, then the first bank of configuration bits: its width less one, where it begins, its height."""

ECP5 = re.compile(rb"\xff\x00Part: (LFE5\w+-\w+)-")
"""The comment at its beginning."""

DIES = {(332, 144): "HX1K", (692, 336): "UP5K", (872, 272): "HX8K or LP8K"}
"""Devices whose first bank is so wide and high: those of a die are the same in another package."""

BEGINNING = 200
"""Bytes in which a bitstream says what it is."""


def check_device(bitstream: Path, board: Board) -> None:
    """Compare the device that a bitstream is for with a board's.

    Raises
    ------
    ToolError
        When it is for another device, or no bitstream of the board's family.
    """
    name, ice40 = board.device.name, board.device.family.name == "ice40"
    with bitstream.open("rb") as file:
        beginning = file.read(BEGINNING)
    found = _ice40(beginning) if ice40 else _ecp5(beginning)
    if found is None:
        family = "an iCE40" if ice40 else "an ECP5"
        raise ToolError(f"{bitstream}: is no bitstream for {family}, which {board.name} has; build again")
    if name not in found.split(" or "):
        raise ToolError(f"{bitstream}: is for {found}, but {board.name} has {name}; build again")


def _ice40(beginning: bytes) -> str | None:
    found = ICE40.search(beginning)
    if found is None:
        return None
    width, height = (int.from_bytes(number, "big") for number in found.groups())
    return DIES.get((width + 1, height), f"a die with banks of {width + 1} x {height} bits")


def _ecp5(beginning: bytes) -> str | None:
    found = ECP5.search(beginning)
    return found and found[1].decode().replace("LFE5U-", "ECP5-").replace("LFE5", "ECP5")
