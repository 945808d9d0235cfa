"""Verification of a build folder at each level: what to simulate, made from what the folder holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .boards.board import Board
from .boards.families.catalogue import FAMILIES, tools_of
from .boards.flash_reader import flash_cycles
from .boards.flow import board_chip
from .boards.icebox import unpack_bitstream
from .boards.identity import check_device
from .boards.link.protocol import FLAG, REPLY, REQUEST, Decoder, Kind, Message, encode_message
from .boards.link.rate import link_baud
from .boards.link.uart import uart_divisor
from .boards.netlist import synthesize_netlist
from .boards.top import serial_verilog
from .boards.trellis import routed_netlist
from .build_record import BuildRecord
from .design import Design
from .hw.accelerator import Accelerator
from .hw.device import ICE40
from .hw.verilog import CORE, write_verilog
from .model.progress import Progress
from .sim.bench import Layered
from .sim.cells import PLL_MODEL, ROUTED_MODELS, cell_models
from .sim.serial import BOARD, Flash, Wire, verify_serial
from .sim.simulators import find_simulator
from .sim.verify import Report, verify_verilog

__all__ = ["LEVELS", "SERIAL_IMAGES", "SERIAL_LEVELS", "board_wire", "verify_level"]

SERIAL_LEVELS = ("routed", "bitstream", "pins")
"""Levels at which images go through a UART, some thousand cycles for each."""

BETTER = {"bitstream": "bitstream, which is further", "routed": "routed"}
"""What to use in place of a level that a family has not."""

SERIAL_IMAGES = 20
"""Images that these levels take when nobody says how many."""


@dataclass(frozen=True)
class _Task:
    """What there is to verify, and how."""

    folder: Path
    result: BuildRecord
    design: Design
    accelerator: Accelerator
    images: NDArray[np.uint8]
    options: dict[str, Any]
    seed: int
    on_progress: Progress

    @property
    def workdir(self) -> Path:
        return self.folder / "verify"

    @property
    def verilog(self) -> Path:
        return self._file("verilog")

    @property
    def board(self) -> Board:
        if self.design.board is None:
            raise ValueError(f"{self.folder}: is bound to no board; make it with xnorflow build --board")
        return self.design.board

    @property
    def bitstream(self) -> Path:
        if "bitstream" not in self.result["files"]:
            raise ValueError(f"{self.folder}: has no bitstream; make it with xnorflow build --board")
        path = self._file("bitstream")
        check_device(path, self.board)
        return path

    @property
    def weights(self) -> Path | None:
        """What is loaded from the flash, as it was made."""
        return self._file("weights") if "weights" in self.result["files"] else None

    def _file(self, kind: str) -> Path:
        name: str = self.result["files"][kind]
        return self.folder / name


def verify_level(
    folder: Path,
    design: Design,
    result: BuildRecord,
    images: NDArray[np.uint8],
    *,
    level: str,
    simulator: str,
    seed: int,
    waves: bool,
    on_progress: Progress,
) -> Report:
    """Simulate a build at one of the :data:`LEVELS` and compare each answer with the golden model's.

    Parameters
    ----------
    folder : :class:`~pathlib.Path`
        The build; all that is made goes to its folder ``verify``.
    design, result
        As :func:`~.design.open_design` gives them.
    images : array of ``uint8``
        Raw images.
    level, simulator : :class:`str`
        What to simulate, and on what.
    seed : :class:`int`
        Seed of the stalls.
    waves : :class:`bool`
        Write a waveform.
    on_progress : callable
        Told what runs, and how much of it is done.

    Raises
    ------
    ValueError
        When the build has nothing to verify at this level.
    VerificationError
        When an answer, or anything else that is checked, is wrong.
    RuntimeError
        When a tool or a simulator is missing or fails.
    """
    # Before the tools, which may take a while.
    find_simulator(simulator)
    options = {"level": level, "simulator": simulator, "waves": waves, "on_progress": on_progress}
    accelerator = design.accelerator()
    return LEVELS[level](
        _Task(folder, result, design, accelerator, images, options, seed=seed, on_progress=on_progress)
    )


def _rtl(task: _Task) -> Report:
    return _verify_core(task, task.verilog)


def _netlist(task: _Task) -> Report:
    """The core, synthesized for the family of the board, or for iCE40 where there is none."""
    family = task.design.device.family if task.design.device else ICE40
    models = cell_models(family, task.workdir, asleep=task.accelerator.startup_cycles)
    task.on_progress("synthesize", 0, 1)

    def synthesize(name: str, kept: Sequence[str] = ()) -> tuple[Path, ...]:
        folder = task.workdir / name
        return synthesize_netlist(task.verilog, top=CORE, family=tools_of(family), folder=folder, kept=kept), *models

    layers = [f"{CORE}.{name}" for name in task.accelerator.network.names]
    return _verify_core(task, *synthesize("netlist"), layered=lambda: synthesize("netlist-layers", layers))


def _routed(task: _Task) -> Report:
    """What nextpnr made for an ECP5, with the contents of block RAM in the file that is loaded into the board."""
    board = _board_of_level(task)
    bitstream, chip, seed = task.bitstream, board_chip(board), task.result["timing"]["seed"]
    task.on_progress("unpack the bitstream", 0, 1)
    netlist = routed_netlist(
        bitstream.with_name(chip.placed(seed)),
        bitstream.with_name(chip.routed(seed)),
        bitstream,
        board,
        chip=chip,
        top=BOARD,
        folder=task.workdir / "routed",
    )
    return _verify_board(task, *netlist, *ROUTED_MODELS)


def _bitstream(task: _Task) -> Report:
    """The file that is loaded into the board, turned back into cells."""
    board = _board_of_level(task)
    bitstream = task.bitstream
    if task.weights:
        raise ValueError(
            f"{task.folder}: has weights in SPRAM, of which icebox_vlog makes no Verilog; use pins or netlist"
        )
    models = cell_models(board.device.family, task.workdir, asleep=task.accelerator.startup_cycles)
    task.on_progress("unpack the bitstream", 0, 1)
    constraints = bitstream.with_name(board_chip(board).constraints)
    chip = unpack_bitstream(bitstream, constraints, board, top=BOARD, folder=task.workdir / "bitstream")
    return _verify_board(task, *chip, *models, PLL_MODEL)


def _pins(task: _Task) -> Report:
    """The board's top, as far as it is the same on all boards."""
    task.on_progress("write Verilog", 0, 1)
    text = serial_verilog(task.accelerator, task.board, name=BOARD)
    verilog, *_ = write_verilog(text, task.workdir / "pins.v", top=BOARD)
    return _verify_board(task, verilog)


LEVELS: dict[str, Callable[[_Task], Report]] = {
    "rtl": _rtl,
    "netlist": _netlist,
    "routed": _routed,
    "bitstream": _bitstream,
    "pins": _pins,
}


def _board_of_level(task: _Task) -> Board:
    """The board, whose family must be one that has this level."""
    board, level = task.board, task.options["level"]
    tools = tools_of(board.device.family)
    if tools.level != level:
        titles = " or ".join(each.title for each in FAMILIES.values() if each.level == level)
        raise ValueError(f"level {level} must be of {titles}, not of {board.name}; use {BETTER[tools.level]}")
    return board


def _verify_core(task: _Task, *sources: Path, layered: Layered = None) -> Report:
    options = {"workdir": task.workdir, "seed": task.seed, "layered": layered, "weights": task.weights, **task.options}
    return verify_verilog(sources, task.accelerator, task.images, **options)


def _verify_board(task: _Task, *sources: Path) -> Report:
    wire = board_wire(task.accelerator, task.board)
    if task.weights:
        assert task.board.flash is not None
        cycles = flash_cycles(task.accelerator, task.board.clock_mhz)
        wire = replace(wire, flash=Flash(task.board.flash.offset, task.weights.read_bytes(), cycles))
    return verify_serial(sources, task.accelerator, task.images, wire=wire, workdir=task.workdir, **task.options)


def board_wire(accelerator: Accelerator, board: Board) -> Wire:
    """What is on the two lines of a board, at its own rate."""
    kind = Kind.SCORES if accelerator.scores else Kind.CLASS
    return Wire(
        divisor=uart_divisor(clock_mhz=board.clock_mhz, baud=link_baud(accelerator, board)),
        request=lambda index, frame: encode_message(Message(REQUEST + kind, index % 256, frame)),
        answers=lambda data: [
            message.body
            for index, message in enumerate(Decoder().feed(data))
            if (message.type, message.tag) == (REPLY + kind, index % 256)
        ],
        # A flag at either end.
        answer_bytes=2,
        end=FLAG,
    )
