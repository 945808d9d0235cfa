"""The read-only memories in block RAM of a design in RTLIL, and what the design is apart from their contents."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["BlockRom", "ContentsError", "check_same", "mark", "roms"]

Bits = NDArray[np.uint8]

ROM = re.compile(
    r'^module \\top\.(?P<name>\S+)\n\n  attribute \\rom_style "block"\n  attribute \\ram_style "block"\n'
    r"  memory width (?P<width>\d+) size (?P<depth>\d+) \\words\n.*?^    connect \\DATA \d+'(?P<data>[01]+)$",
    re.MULTILINE | re.DOTALL,
)
"""A memory as Amaranth writes a :class:`~xnorflow.hw.memory.Rom`; its contents are one number."""

MODULE = re.compile(r"^module \\(\S+)$", re.MULTILINE)


class ContentsError(RuntimeError):
    """Contents of memories that cannot be replaced; the message is one line."""


@dataclass(frozen=True)
class BlockRom:
    """A memory in block RAM.

    Parameters
    ----------
    name : :class:`str`
        Its place in the hierarchy.
    bits : array of shape ``(depth, width)``
        Its contents, the lowest bit of a word first.
    """

    name: str
    bits: Bits

    @property
    def title(self) -> str:
        """The name for a message: layer and memory, or what it is of the link."""
        parts = self.name.split(".")
        return f"{parts[2]}, {parts[-2]}.{parts[-1]}" if parts[1] == "core" else "the link's hello"


def roms(rtlil: str) -> dict[str, BlockRom]:
    """The memories of a design, by name."""
    return {found["name"]: _rom(found) for found in ROM.finditer(rtlil)}


def mark(rtlil: str, *, seed: int = 0) -> str:
    """The design with other contents, in which no column of a memory is constant.

    They look random, so that each bit has to be where it belongs when they are found again, but are always the same
    for a seed; yosys would leave out a constant column, and with it the place of what other contents have there.
    """
    rng = np.random.default_rng(seed)

    def marked(found: re.Match[str]) -> str:
        bits = rng.integers(0, 2, _rom(found).bits.shape, np.uint8)
        bits[1] = 1 - bits[0]
        return found[0].removesuffix(found["data"]) + "".join(map(str, bits.ravel()[::-1]))

    return ROM.sub(marked, rtlil)


def check_same(built: str, wanted: str) -> None:
    """Compare two designs without the contents of their memories.

    Raises
    ------
    ContentsError
        When they differ; the message names the module where they do.
    """
    one, other = (ROM.sub(lambda found: found[0].removesuffix(found["data"]), rtlil) for rtlil in (built, wanted))
    if one == other:
        return
    pieces = zip(MODULE.split(one), MODULE.split(other), strict=False)
    module = ""
    for number, (mine, its) in enumerate(pieces):
        module = mine if number % 2 else module
        if mine != its:
            break
    raise ContentsError(
        f"the network needs other hardware than was built: {module or 'top'} differs in more than contents of block "
        "RAM; build it with --reweightable by itself"
    )


def _rom(found: re.Match[str]) -> BlockRom:
    bits = np.frombuffer(found["data"].encode(), np.uint8)[::-1] - ord("0")
    return BlockRom(found["name"], bits.reshape(int(found["depth"]), int(found["width"])))
