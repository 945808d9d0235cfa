"""Small cores for the tool flow."""

from amaranth.hdl import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from tests.networks import random_network
from xnorflow.boards.board import Board
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.folding import Folding

__all__ = ["Adder", "bitstream_of", "tiny_accelerator"]


class Adder(wiring.Component):
    """The sum of ``a`` and ``b`` one cycle later, and the sum of all sums."""

    def __init__(self, *, width: int) -> None:
        super().__init__({"a": In(width), "b": In(width), "o": Out(width + 1), "total": Out(2 * width)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        total = Signal(2 * len(self.a))
        m.d.sync += [self.o.eq(self.a + self.b), total.eq(total + self.o)]
        m.d.comb += self.total.eq(total)
        return m


def tiny_accelerator(board: Board) -> Accelerator:
    """A network of two layers for a board."""
    family = board.device.family
    return Accelerator(
        random_network((16, 8, 10)),
        (Folding(pe=1, simd=8), Folding(pe=1, simd=8)),
        family=family,
        startup_cycles=round(family.startup_us * board.clock_mhz),
    )


def bitstream_of(board: Board) -> bytes:
    """How a bitstream for a board begins."""
    name = board.device.name
    if board.device.family.name == "ecp5":
        part = name.replace("ECP5-", "LFE5U-").replace("ECP5", "LFE5")
        return f"\xff\0Part: {part}-{board.speed}{board.package}\0\xff".encode("latin-1")
    width, height = {"UP5K": (692, 336), "HX8K": (872, 272), "LP8K": (872, 272)}[name]
    preamble = bytes.fromhex("ff0000ff7eaa997e5100010592002062")
    offset = b"\x82\x00\x00" if name == "UP5K" else b""
    return preamble + (width - 1).to_bytes(2, "big") + offset + b"\x72" + height.to_bytes(2, "big") + bytes(20)
