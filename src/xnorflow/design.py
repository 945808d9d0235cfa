"""A design: a network, its foldings and its target; what a build folder is made of, and read back from."""

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from .boards.board import Board
from .boards.catalogue import find_board
from .boards.link.device import LOAD_CELLS
from .boards.top import board_cells
from .build_file import BUILD_FILE, read_build
from .build_record import BuildRecord, LayerRecord, Target
from .hw.accelerator import Accelerator
from .hw.bottleneck import find_bottleneck
from .hw.budget import Budget
from .hw.device import DEVICES, ICE40, Device
from .hw.estimate import estimate
from .hw.folding import Folding, check_foldings
from .hw.limits import check_hardware
from .hw.search import DoesNotFitError, check_fit, fastest, smallest
from .hw.verilog import VERILOG_FILE
from .integrity import check_files, hash_design
from .model.bounded import LARGEST_JSON, check_size, parse_json
from .model.ir import Matrix, Network
from .model.store import ModelError, load
from .rates import cycles_of_rate

__all__ = [
    "BUILD_FILE",
    "MODEL_FILE",
    "VERILOG_FILE",
    "Design",
    "describe",
    "describe_layers",
    "fold",
    "open_design",
    "read_foldings",
]

MODEL_FILE = "model.safetensors"

UNBOUND_INTERVAL = 1024
UNBOUND_LANES = 1 << 12
"""Cycles a frame, and multiplications a cycle, when there is neither a board nor a wish: small on any device."""


@dataclass(frozen=True)
class Design:
    """What to build.

    Parameters
    ----------
    network : :class:`Network`
        What it computes.
    foldings : tuple of :class:`Folding`
        Parallelism of each layer.
    board : :class:`Board` or None
        Where it is to run; None for Verilog that is bound to no board.
    scores : :class:`bool`
        Answer with all scores behind the class.
    reweightable : :class:`bool`
        Keep all that depends on weights in block RAM, so that they can be replaced in the bitstream.
    """

    network: Network
    foldings: tuple[Folding, ...]
    board: Board | None = None
    scores: bool = False
    reweightable: bool = False

    @property
    def device(self) -> Device | None:
        """The board's device."""
        return self.board.device if self.board else None

    def accelerator(self) -> Accelerator:
        """The hardware; without a board it keeps to what all families have, and waits as long as iCE40 must."""
        family = self.device.family if self.device else ICE40
        clock_mhz = self.board.clock_mhz if self.board else 100.0
        spram = self.board is not None and self._needs_spram(self.board)
        return Accelerator(
            self.network,
            self.foldings,
            scores=self.scores,
            startup_cycles=round(family.startup_us * clock_mhz),
            family=family,
            brams=_brams(self.device, self.reweightable, spram=spram) if self.device else None,
            reweightable=self.reweightable,
            sprams=self.device.sprams if self.device and spram else 0,
        )

    def _needs_spram(self, board: Board) -> bool:
        """Whether the board has SPRAM, and the design does not fit without: what needs none has nothing to load."""
        if not board.sprams:
            return False
        budget = _budget(self.network, board, self.scores, self.reweightable)
        return not budget.fits(estimate(budget.accelerator(self.network, self.foldings)))


def fold(
    network: Network,
    *,
    board: Board | None,
    fps: float | None = None,
    foldings: tuple[Folding, ...] | None = None,
    scores: bool = False,
    reweightable: bool = False,
) -> tuple[Folding, ...]:
    """The foldings that a user asked for, in any of the ways to ask; checked against the board's device.

    Raises
    ------
    ValueError
        When both ways are used at once, the rate is out of reach, or the design does not fit.
    """
    if fps is not None and foldings is not None:
        raise ValueError("--fps and --folding exclude each other; give one of them")
    if fps is not None and board is None:
        raise ValueError("--fps needs a board, whose clock it is counted in; give --board too")
    if board is None:
        if foldings is None:
            foldings = smallest(network, Budget(DEVICES["ECP5-85F"]), interval=_unbound_interval(network))
        check_foldings(network, foldings)
    else:
        interval = None if fps is None else cycles_of_rate(network, board, fps)
        plain = _budget(network, board, scores, reweightable)
        try:
            foldings = _fold_for(network, board, plain, interval, foldings)
        except DoesNotFitError:
            if not board.sprams:
                raise
            roomy = _budget(network, board, scores, reweightable, spram=True)
            foldings = _fold_for(network, board, roomy, interval, foldings)
    check_hardware(Design(network, foldings, board, scores, reweightable).accelerator())
    return foldings


def _fold_for(
    network: Network, board: Board, budget: Budget, interval: int | None, foldings: tuple[Folding, ...] | None
) -> tuple[Folding, ...]:
    """Those that were given, the smallest for an interval, or the fastest; they fit, or it is a DoesNotFitError."""
    if foldings is None:
        foldings = fastest(network, budget) if interval is None else smallest(network, budget, interval=interval)
    check_foldings(network, foldings)
    check_fit(network, foldings, budget, tuple(DEVICES.values()), clock_mhz=board.clock_mhz)
    return foldings


def _unbound_interval(network: Network) -> int:
    """Cycles a frame when there is neither a board nor a wish: as many as its slowest stage takes, or small ones do."""
    products = -(-network.multiplications // UNBOUND_LANES)
    return max(UNBOUND_INTERVAL, products, find_bottleneck(network).cycles)


def _budget(network: Network, board: Board, scores: bool, reweightable: bool, *, spram: bool = False) -> Budget:
    """The board's device, without what link and heartbeat take of it, and what reads the flash where that is needed."""
    device = replace(board.device, brams=_brams(board.device, reweightable, spram=spram))
    cells = _board_cells(network, board, scores) + (LOAD_CELLS if spram else 0)
    return Budget(device, reserved=cells, reweightable=reweightable, spram=spram)


def _brams(device: Device, reweightable: bool, *, spram: bool = False) -> int:
    """Block RAMs for the layers of a design, which is ``reweightable`` where what tells its network is in block RAM.

    The link says what the network is, and the check sum of what is loaded into SPRAM depends on it.
    """
    return device.brams - (1 + spram if reweightable else 0)


def _board_cells(network: Network, board: Board, scores: bool) -> int:
    """What link and heartbeat take of the board's cells, whatever the folding."""
    slowest = (Folding(1, 1),) * len(network.matrices)
    return board_cells(Accelerator(network, slowest, scores=scores, family=board.device.family), board)


def read_foldings(path: Path, network: Network) -> tuple[Folding, ...]:
    """Foldings from a JSON file: ``{"dense0": {"pe": 4, "simd": 98}, ...}``, one entry for each layer.

    Raises
    ------
    ValueError
        When the file is not of that form, or a folding is out of range.
    """
    if not path.is_file():
        raise ValueError(f"{path}: {'is a folder, not a' if path.is_dir() else 'no such'} folding file")
    try:
        check_size(path, LARGEST_JSON)
        entries = parse_json(path.read_text())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if not isinstance(entries, dict) or set(entries) != set(network.matrices):
        raise ValueError(f"{path}: must have the entries {', '.join(network.matrices)}, one for each layer")
    foldings = tuple(_folding(path, name, entries[name]) for name in network.matrices)
    check_foldings(network, foldings)
    return foldings


def _folding(path: Path, name: str, entry: object) -> Folding:
    if not isinstance(entry, dict) or set(entry) != {"pe", "simd"} or not all(type(v) is int for v in entry.values()):
        raise ValueError(f'{path}: {name} must be of the form {{"pe": 1, "simd": 1}}, not {_shortened(entry)}')
    return Folding(pe=entry["pe"], simd=entry["simd"])


def _shortened(entry: object) -> str:
    """What a stranger's file has, in a few words: it may have very many, inside of each other."""
    return reprlib.repr(entry).replace("'", '"')


def describe(design: Design) -> BuildRecord:
    """The parts of ``build.json`` that tell what is built, and from which :func:`open_design` makes it again."""
    return {
        "network": {
            "name": design.network.name,
            "dataset": design.network.dataset,
            "weight_bits": design.network.weight_bits,
            "provenance": dict(design.network.provenance),
            "layers": describe_layers(design.accelerator()),
        },
        "scores": design.scores,
        "reweightable": design.reweightable,
        "target": _target(design.board),
    }


def describe_layers(accelerator: Accelerator) -> list[LayerRecord]:
    """Each layer's kind, size, folding, cycles for a frame, and where its memories are."""
    network = accelerator.network
    foldings = dict(zip(network.matrices, accelerator.foldings, strict=True))
    rows = []
    for step, stages, places in zip(network.steps(), accelerator.plan, accelerator.places, strict=True):
        name, layer = step.name, step.layer
        row: dict[str, Any] = {"name": name, "kind": step.kind}
        if isinstance(layer, Matrix):
            row |= {"mw": layer.mw, "mh": layer.mh, "pe": foldings[name].pe, "simd": foldings[name].simd}
        row["interval"] = max(stage.cycles for stage in stages)
        row["memory"] = {name: place.value for name, place in places.items()}
        rows.append(cast(LayerRecord, row))
    return rows


def _target(board: Board | None) -> Target | None:
    if board is None:
        return None
    return {
        "board": board.name,
        "device": board.device.name,
        "family": board.device.family.name,
        "package": board.package,
        "clock_mhz": board.clock_mhz,
        "baud": board.baud,
    }


def open_design(folder: Path) -> tuple[Design, BuildRecord]:
    """The design in a build folder, and its ``build.json``.

    Raises
    ------
    ModelError
        When the folder is not one that ``xnorflow verilog`` or ``xnorflow build`` of this version made, or a file in
        it is not as it was made.
    """
    path, build = folder / BUILD_FILE, read_build(folder)
    unknown = set(build["files"].values()) - set(build["hashes"])
    if unknown:
        raise ModelError(f"{path}: has no hash of {min(unknown)}; build again")
    if build["design_hash"] != hash_design(build):
        raise ModelError(f"{path}: what it says of the design was changed after it was built; build again")
    check_files(folder, build["hashes"])
    try:
        return _design(folder, build), build
    except ModelError:
        raise
    except (ValueError, TypeError) as error:
        raise ModelError(f"{path}: {error}; build again") from None


def _design(folder: Path, build: Mapping[str, Any]) -> Design:
    network = load(folder / MODEL_FILE)
    foldings = tuple(
        Folding(pe=layer["pe"], simd=layer["simd"]) for layer in build["network"]["layers"] if "pe" in layer
    )
    check_foldings(network, foldings)
    target = build["target"]
    board = replace(find_board(target["board"]), baud=target["baud"]) if target else None
    return Design(network, foldings, board, build["scores"], build["reweightable"])
