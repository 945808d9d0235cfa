"""iCE40: the open tools of Project IceStorm.

Dividers of its PLL: limits and the search are those of ``icepll``, so that the results are its own.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from amaranth.hdl import Instance, Module

from ...hw.device import ICE40
from ..roms import Bits
from .family import Block, ClockRequest, FamilyTools, Indices, Layout, PllInput, buffered, check_clock

__all__ = ["ICE40_TOOLS", "Ice40Pll", "ice40_pll"]

IDENTITY = re.compile(rb"\x7e\xaa\x99\x7e.{0,16}?\x62(..)(?:\x82..)?\x72(..)", re.DOTALL)
"""The preamble, then the first bank of configuration bits: its width less one, where it begins, its height."""

DIES = {(332, 144): "HX1K", (692, 336): "UP5K", (872, 272): "HX8K or LP8K"}
"""Devices whose first bank is so wide and high: those of a die are the same in another package."""


@dataclass(frozen=True)
class Ice40Pll:
    """Parameters of ``SB_PLL40_*`` with simple feedback: output is reference * (divf + 1) / (divr + 1) / 2**divq."""

    divr: int
    divf: int
    divq: int
    filter_range: int
    mhz: float


def ice40_pll(*, reference_mhz: float, mhz: float) -> Ice40Pll:
    """The dividers that come closest.

    Raises
    ------
    ValueError
        When not even they come close.
    """
    best = min(_ice40_plls(reference_mhz), key=lambda pll: abs(pll.mhz - mhz), default=None)
    check_clock("iCE40", reference_mhz, mhz, best.mhz if best else None)
    assert best is not None
    return best


def _ice40_plls(reference: float) -> Iterator[Ice40Pll]:
    for divr in range(16):
        compared = reference / (divr + 1)
        if not 10 <= compared <= 133:
            continue
        filter_range = 1 + sum(compared >= limit for limit in (17, 26, 44, 66, 101))
        for divf in range(128):
            oscillator = compared * (divf + 1)
            if 533 <= oscillator <= 1066:
                yield from (
                    Ice40Pll(divr, divf, divq, filter_range, oscillator / (1 << divq))
                    for divq in range(1, 7)
                    if 16 <= oscillator / (1 << divq) <= 275
                )


def _pll(m: Module, request: ClockRequest) -> Instance:
    pll = ice40_pll(reference_mhz=request.reference_mhz, mhz=request.mhz)
    if request.source is PllInput.PAD:
        cell, reference = "SB_PLL40_PAD", {"i_PACKAGEPIN": request.pad.io}
    else:
        cell, reference = "SB_PLL40_CORE", {"i_REFERENCECLK": buffered(m, request.pad)}
    return Instance(
        cell,
        p_FEEDBACK_PATH="SIMPLE",
        p_DIVR=pll.divr,
        p_DIVF=pll.divf,
        p_DIVQ=pll.divq,
        p_FILTER_RANGE=pll.filter_range,
        i_RESETB=1,
        i_BYPASS=0,
        o_PLLOUTGLOBAL=request.clk,
        o_LOCK=request.locked,
        **reference,
    )


def _identify(beginning: bytes) -> str | None:
    found = IDENTITY.search(beginning)
    if found is None:
        return None
    width, height = (int.from_bytes(number, "big") for number in found.groups())
    return DIES.get((width + 1, height), f"a die with banks of {width + 1} x {height} bits")


class _Contents(Layout):
    """16 lines of 64 hexadecimal digits; the bits of a word are in reverse order of their number's bits."""

    cell = "ICESTORM_RAM"
    suffix = "_RAM"
    section = re.compile(r"^\.ram_data (\d+ \d+)\n((?:[0-9a-f]{64}\n){16})", re.MULTILINE)

    def block(self, cell: Mapping[str, Any]) -> Block:
        x, y = re.findall(r"\d+", cell["attributes"]["NEXTPNR_BEL"])
        return Block(16 >> int(cell["parameters"]["READ_MODE"], 2), f"{x} {y}")

    def rows(self, port: int) -> int:
        return 4096 // port

    def places(self, port: int, rows: Indices, columns: Indices) -> Indices:
        bits = rows * port + columns
        reverse = np.array([int(f"{n:04b}"[::-1], 2) for n in range(16)])
        places: Indices = bits // 16 * 16 + reverse[bits % 16]
        return places

    def read(self, text: str) -> Bits:
        rows = np.array([list(bytes.fromhex(line)[::-1]) for line in text.split()], np.uint8)
        return np.unpackbits(rows.ravel(), bitorder="little")

    def write(self, bits: Bits) -> str:
        rows = np.packbits(bits, bitorder="little").reshape(16, 32)
        return "".join(f"{row.tobytes()[::-1].hex()}\n" for row in rows)


ICE40_TOOLS = FamilyTools(
    family=ICE40,
    title="an iCE40",
    # yosys 0.70 maps with abc9 by default; -dff costs cells and clock on both families (docs/boards.md).
    synthesis=("synth_ice40 -top {top}",),
    maps=(),
    passes=(),
    last_passes=(),
    nextpnr="nextpnr-ice40",
    device_options={"HX1K": "--hx1k", "HX8K": "--hx8k", "LP8K": "--lp8k", "UP5K": "--up5k"},
    constraints="pcf",
    routed="asc",
    routed_option="--asc",
    bitstream="bin",
    pack=lambda routed, bitstream: ("icepack", [routed, bitstream]),
    unpack=lambda bitstream, routed: ("iceunpack", [bitstream, routed]),
    # A logic cell is a look-up table, a flip-flop, or both.
    counted={"lut4": "ICESTORM_LC", "bram": "ICESTORM_RAM", "dsp": "ICESTORM_DSP"},
    flip_flops="SB_DFF",
    uart_attributes={"IO_STANDARD": "SB_LVCMOS", "PULLUP": 1},
    pll=_pll,
    contents=_Contents(),
    identify=_identify,
    link_cells=680,
    level="bitstream",
)
"""All that the flow knows of iCE40."""
