"""ECP5: the open tools of Project Trellis.

Dividers of its PLL: limits and the search are those of ``ecppll``, so that the results are its own.
"""

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from amaranth.hdl import Instance, Module

from ...hw.device import ECP5
from ..block_registers import check_merged, merge_registers
from ..carry_chains import open_ends, take_in_tables
from ..roms import Bits
from .family import Block, ClockRequest, FamilyTools, Indices, Layout, buffered, check_clock

__all__ = ["ECP5_TOOLS", "Ecp5Pll", "ecp5_pll"]

ADDERS = Path(__file__).with_name("ecp5_alu.v")

IDENTITY = re.compile(rb"\xff\x00Part: (LFE5\w+-\w+)-")
"""The comment at its beginning."""


@dataclass(frozen=True)
class Ecp5Pll:
    """Parameters of ``EHXPLLL`` with feedback from its output: output is reference * clkfb_div / clki_div."""

    clki_div: int
    clkfb_div: int
    clkop_div: int
    mhz: float


def ecp5_pll(*, reference_mhz: float, mhz: float) -> Ecp5Pll:
    """The dividers that come closest, and of those the oscillator frequency in the middle of its range.

    Raises
    ------
    ValueError
        When not even they come close.
    """
    best = min(_ecp5_plls(reference_mhz), key=lambda pll: (abs(pll.mhz - mhz), _off_middle(pll)), default=None)
    check_clock("ECP5", reference_mhz, mhz, best.mhz if best else None)
    assert best is not None
    return best


def _ecp5_plls(reference: float) -> Iterator[Ecp5Pll]:
    for clki_div in range(1, 129):
        compared = reference / clki_div
        if not 3.125 <= compared <= 400:
            continue
        for clkfb_div in range(1, 81):
            output = compared * clkfb_div
            if not 10 <= output <= 400:
                continue
            yield from (
                Ecp5Pll(clki_div, clkfb_div, clkop_div, output)
                for clkop_div in range(1, 129)
                if 400 <= output * clkop_div <= 800
            )


def _off_middle(pll: Ecp5Pll) -> float:
    return abs(pll.mhz * pll.clkop_div - 600)


def _pll(m: Module, request: ClockRequest) -> Instance:
    pll = ecp5_pll(reference_mhz=request.reference_mhz, mhz=request.mhz)
    return Instance(
        "EHXPLLL",
        # As ecppll sets them: loop filter and charge pump.
        a_ICP_CURRENT="12",
        a_LPF_RESISTOR="8",
        a_MFG_ENABLE_FILTEROPAMP="1",
        a_MFG_GMCREF_SEL="2",
        p_CLKI_DIV=pll.clki_div,
        p_CLKFB_DIV=pll.clkfb_div,
        p_CLKOP_DIV=pll.clkop_div,
        p_CLKOP_CPHASE=pll.clkop_div // 2,
        p_CLKOP_FPHASE=0,
        p_CLKOP_ENABLE="ENABLED",
        p_FEEDBK_PATH="CLKOP",
        i_CLKI=buffered(m, request.pad),
        i_CLKFB=request.clk,
        i_RST=0,
        i_STDBY=0,
        o_CLKOP=request.clk,
        o_LOCK=request.locked,
    )


def _identify(beginning: bytes) -> str | None:
    found = IDENTITY.search(beginning)
    return found and found[1].decode().replace("LFE5U-", "ECP5-").replace("LFE5", "ECP5")


def _merge_registers(netlist: dict[str, Any]) -> None:
    before = copy.deepcopy(netlist)
    if merge_registers(netlist):
        check_merged(before, netlist)


class _Contents(Layout):
    """2,048 words of nine bits; narrow ports leave the ninth out."""

    cell = "DP16KD"
    suffix = ""
    section = re.compile(r"^\.bram_init (\d+)\n((?:[0-9a-f ]+\n)+)", re.MULTILINE)

    def block(self, cell: Mapping[str, Any]) -> Block:
        return Block(int(cell["parameters"]["DATA_WIDTH_A"], 2), str(int(cell["attributes"]["WID"], 2)))

    def rows(self, port: int) -> int:
        return (2048 * 9 if port >= 9 else 2048 * 8) // port

    def places(self, port: int, rows: Indices, columns: Indices) -> Indices:
        bits = rows * port + columns
        places: Indices = bits if port >= 9 else bits // 8 * 9 + bits % 8
        return places

    def read(self, text: str) -> Bits:
        words = np.array([int(word, 16) for word in text.split()])
        return (words[:, None] >> np.arange(9) & 1).astype(np.uint8).ravel()

    def write(self, bits: Bits) -> str:
        words = [f"{word:03x}" for word in bits.reshape(-1, 9) @ (1 << np.arange(9))]
        return "".join(f"{' '.join(words[n : n + 8])}\n" for n in range(0, len(words), 8))


ECP5_TOOLS = FamilyTools(
    family=ECP5,
    title="an ECP5",
    # Memories that Amaranth reads by a clock are read again by what heeds :data:`~...hw.memory.NO_COLLISIONS`.
    # Sums in LUT5 and wider, which are made of several LUT4, take twice as many of those.
    synthesis=(
        "memory_nordff */a:no_rw_check",
        "synth_ecp5 -nowidelut -run begin:map_gates -top {top}",
        f"techmap -map {ADDERS.name}",
        "synth_ecp5 -nowidelut -run map_gates: -top {top}",
    ),
    maps=(ADDERS,),
    passes=(_merge_registers, take_in_tables),
    last_passes=(open_ends,),
    nextpnr="nextpnr-ecp5",
    device_options={
        "ECP5-12F": "--12k",
        "ECP5-25F": "--25k",
        "ECP5-45F": "--45k",
        "ECP5-85F": "--85k",
        "ECP5UM-45F": "--um-45k",
        "ECP5UM5G-45F": "--um5g-45k",
        "ECP5UM5G-85F": "--um5g-85k",
    },
    constraints="lpf",
    routed="config",
    routed_option="--textcfg",
    bitstream="bit",
    pack=lambda routed, bitstream: ("ecppack", ["--compress", "--input", routed, "--bit", bitstream]),
    unpack=lambda bitstream, routed: ("ecpunpack", ["--input", bitstream, "--textcfg", routed]),
    counted={"lut4": "TRELLIS_COMB", "ff": "TRELLIS_FF", "bram": "DP16KD", "dsp": "MULT18X18D"},
    flip_flops="TRELLIS_FF",
    uart_attributes={"IO_TYPE": "LVCMOS33", "PULLMODE": "UP"},
    pll=_pll,
    contents=_Contents(),
    identify=_identify,
    link_cells=530,
    level="routed",
)
"""All that the flow knows of ECP5."""
