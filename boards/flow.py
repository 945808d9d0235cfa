"""From a design to a bitstream, or to its area and clock, with the tools from pip."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from amaranth.back import rtlil
from amaranth.lib import wiring

from ..hw.accelerator import Accelerator
from ..hw.device import Device
from .board import Board
from .chip import TOP, Chip, pack, route, synthesize, unpack
from .contents import check_sections, fill
from .harness import Harness, port_bits
from .implementation import Implementation
from .roms import check_same, mark, roms
from .top import BoardTop

__all__ = [
    "Bitstream",
    "OnStage",
    "board_chip",
    "board_files",
    "implement_core",
    "make_bitstream",
    "refill",
    "synthesize_core",
]

OnStage = Callable[[str], None]
"""Called with the name of each stage when it begins."""

PINS = 36
"""Bits of ports that fit the smallest package, beside clock and reset."""

CLOSE = 0.85
"""Share of the clock above which another seed may still meet it."""


@dataclass(frozen=True)
class Bitstream:
    """A bitstream, and what it is made of.

    Parameters
    ----------
    bitstream : :class:`~pathlib.Path`
        The file to load into the board.
    implementation : :class:`Implementation`
        Area and clock.
    """

    bitstream: Path
    implementation: Implementation


def make_bitstream(
    accelerator: Accelerator,
    board: Board,
    folder: Path,
    *,
    seed: int = 1,
    attempts: int = 3,
    on_stage: OnStage = lambda _stage: None,
) -> Bitstream:
    """Build a board's bitstream in ``folder``, where all that the tools write stays, their logs included.

    When the board's clock is just missed, up to ``attempts`` seeds are tried from ``seed`` on, and the best one is
    taken; the result says whether it met the clock.

    Raises
    ------
    ImportError
        When ``amaranth-boards`` is missing.
    ToolError
        When a tool is missing or fails, as it does when the design does not fit.
    ValueError
        When the board's clock suits neither its PLL nor its UART.
    """
    chip = board_chip(board)
    files = board_files(accelerator, board)
    if accelerator.reweightable:
        # Not the network's own, from which yosys would make gateware for it alone.
        files[f"{TOP}.il"] = mark(files[f"{TOP}.il"])
    _write(folder, files)

    on_stage("synthesize")
    seconds = {"synthesize": synthesize(f"read_rtlil {TOP}.il", chip, folder)}
    tried: list[Implementation] = []
    for attempt in range(seed, seed + attempts):
        on_stage(f"place and route, seed {attempt}")
        tried.append(route(chip, folder, mhz=board.clock_mhz, seed=attempt, constrained=True, seconds=seconds))
        seconds = dict(tried[-1].seconds)
        if tried[-1].met or tried[-1].fmax_mhz < CLOSE * board.clock_mhz:
            break
    best = max(tried, key=lambda result: result.fmax_mhz)

    on_stage("pack")
    if accelerator.reweightable:
        began = time.monotonic()
        bitstream = refill(accelerator, board, folder, seed=best.seed, output=folder)
        seconds["pack"] = time.monotonic() - began
    else:
        bitstream, seconds["pack"] = pack(chip, folder, routed=chip.routed(best.seed))
    return Bitstream(bitstream, replace(best, seconds=seconds))


def refill(accelerator: Accelerator, board: Board, folder: Path, *, seed: int, output: Path) -> Path:
    """Put the weights of an accelerator into the routed design of one of the same shape; give the bitstream's file.

    Nothing is changed in ``folder``, where that design was made reweightable; all files go to ``output``.

    Raises
    ------
    ContentsError
        When the designs differ in more than the contents of block RAM, or these are not where they should be.
    ToolError
        When a tool is missing or fails.
    """
    chip = board_chip(board)
    layout = chip.tools.contents
    wanted = board_files(accelerator, board)[f"{TOP}.il"]
    marked = (folder / f"{TOP}.il").read_text()
    check_same(marked, wanted)
    blocks = layout.blocks(json.loads((folder / chip.placed(seed)).read_text()))
    filled = fill(layout, (folder / chip.routed(seed)).read_text(), blocks, old=roms(marked), new=roms(wanted))
    _write(output, {chip.refilled: filled})
    bitstream, _ = pack(chip, output, routed=chip.refilled)
    unpacked = unpack(chip, bitstream)
    check_sections(layout, filled, unpacked.read_text())
    unpacked.unlink()
    return bitstream


def board_chip(board: Board) -> Chip:
    """A board's device in its package."""
    return Chip(board.device, board.package, board.speed)


def board_files(accelerator: Accelerator, board: Board) -> dict[str, str]:
    """What the tools get: the board's top as RTLIL, and its constraints."""
    plan = board.load_platform().prepare(BoardTop(accelerator, board), TOP, emit_src=False)
    names = (f"{TOP}.il", board_chip(board).constraints)
    return {name: _text(plan.files[name]) for name in names}


def _text(content: str | bytes) -> str:
    return content if isinstance(content, str) else content.decode()


def implement_core(
    core: wiring.Component,
    device: Device,
    package: str,
    *,
    speed: str = "",
    freq_mhz: float,
    folder: Path,
    seed: int = 1,
    on_stage: OnStage = lambda _stage: None,
) -> Implementation:
    """Place and route a core by itself in ``folder``, to know its area and clock.

    Parameters
    ----------
    core, device, package, speed, folder
        As of :func:`synthesize_core`.
    freq_mhz : :class:`float`
        Clock to strive for.
    seed : :class:`int`
        Seed of the placement.
    on_stage : callable
        Called with the name of each stage when it begins.

    Raises
    ------
    ToolError
        When a tool is missing or fails, as it does when the design does not fit.
    """
    on_stage("synthesize")
    chip, seconds = synthesize_core(core, device, package, speed=speed, folder=folder)
    on_stage(f"place and route, seed {seed}")
    return route(chip, folder, mhz=freq_mhz, seed=seed, constrained=False, seconds=seconds)


def synthesize_core(
    core: wiring.Component, device: Device, package: str, *, speed: str = "", folder: Path
) -> tuple[Chip, dict[str, float]]:
    """Synthesize a core by itself in ``folder``; give the chip to route it for, and the seconds that it took.

    A core with more ports than small packages have pins gets shift registers around it, which count too.

    Parameters
    ----------
    core : component
        Its ports are flat, as those of :class:`Accelerator` are.
    device, package, speed
        Where to place it.
    folder : :class:`~pathlib.Path`
        Where all files go.

    Raises
    ------
    ToolError
        When yosys is missing or fails.
    """
    chip = Chip(device, package, speed)
    top = core if port_bits(core) <= PINS else Harness(core)
    # RTLIL is what Amaranth makes, contents of memories included; Verilog would be a detour through another yosys.
    _write(folder, {f"{TOP}.il": rtlil.convert(top, name=TOP, emit_src=False)})
    return chip, {"synthesize": synthesize(f"read_rtlil {TOP}.il", chip, folder)}


def _write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content.encode())
