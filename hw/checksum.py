"""The check sum of the link's messages and of loaded weights: CRC-32 as in Ethernet, HDLC and zlib."""

import zlib

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring
from amaranth.lib.crc import Algorithm
from amaranth.lib.wiring import In, Out

__all__ = ["Checksum"]

ONES = 0xFFFFFFFF


class Checksum(wiring.Component):
    """CRC-32 of bytes, a bit per cycle: a UART's byte takes many more, and eight bits at once take many more cells.

    Takes a byte every ``INTERVAL`` cycles; what it gives holds while it is idle.

    Parameters
    ----------
    before : :class:`bytes`
        Counts as if it came first.

    Members
    -------
    data : 8, in
        A byte.
    load : 1, in
        Take the byte; only while idle.
    start : 1, in
        Begin anew; only while idle.
    idle : 1, out
        High when all bits of the last byte went in.
    crc : 32, out
        The check sum.
    match : 1, out
        Whether the last four bytes were the check sum of those before, lowest byte first.
    """

    INTERVAL = 10

    def __init__(self, *, before: bytes = b"") -> None:
        self.before = before
        super().__init__(
            {"data": In(8), "load": In(1), "start": In(1), "idle": Out(1), "crc": Out(32), "match": Out(1)}
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # As in the catalogue (CRC-32/ISO-HDLC), but for where it begins.
        state = zlib.crc32(self.before) ^ ONES
        m.submodules.crc = crc = Algorithm(
            crc_width=32,
            polynomial=0x04C11DB7,
            initial_crc=int(f"{state:032b}"[::-1], 2),
            reflect_input=True,
            reflect_output=True,
            xor_output=ONES,
        )(1).create()
        # A one follows the byte's last bit, and marks the end without a counter.
        bits = Signal(9)
        m.d.comb += [
            self.idle.eq(bits == 0),
            crc.data.eq(bits[0]),
            crc.valid.eq(bits[1:].any()),
            crc.start.eq(self.start),
            self.crc.eq(crc.crc),
        ]
        # Registered, for it is a long path; the cycle after the last bit is for this.
        m.d.sync += self.match.eq(crc.match_detected)
        with m.If(self.load):
            m.d.sync += bits.eq(Cat(self.data, 1))
        with m.Elif(~self.idle):
            m.d.sync += bits.eq(bits >> 1)
        return m
