"""From a design to a folder that proves it: Verilog, verification, bitstream, and ``build.json`` at the very end."""

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from . import __version__
from .boards.flash_reader import flash_cycles
from .boards.flow import make_bitstream
from .boards.implementation import Implementation
from .boards.link.rate import link_baud, link_fps
from .build_file import BUILD_FILE, SCHEMA, write_build
from .build_record import Accuracy, BuildRecord, Verification
from .design import MODEL_FILE, VERILOG_FILE, Design, describe
from .hw.accelerator import Accelerator
from .hw.estimate import estimate, roofline_fps
from .hw.loader import weights_file
from .hw.verilog import write_core
from .integrity import hash_design, hash_files
from .model import golden
from .model.ir import Network
from .model.progress import Progress
from .model.store import save, write_atomically
from .sim.verify import Report, verify_verilog
from .tested import is_tested_on

__all__ = ["TOOLS_FOLDER", "WEIGHTS_FILE", "build", "record_hashes", "record_verification", "start", "write_verilog"]

WEIGHTS_FILE = "weights.bin"
"""What is loaded into SPRAM before the first frame."""

TOOLS_FOLDER = "bitstream"
"""Where in a build folder the bitstream is, and all that it is made of."""


def write_verilog(design: Design, folder: Path, *, inline: bool = False, on_progress: Progress) -> BuildRecord:
    """Write the Verilog, the network and ``build.json`` of a design; give what is in the latter.

    The contents of memories are in files of their own, or with ``inline`` in the Verilog.
    """
    start(folder)
    result = _verilog(design, design.accelerator(), folder, on_progress, inline=inline)
    record_hashes(result, folder)
    write_build(folder, result)
    return result


def build(
    design: Design,
    folder: Path,
    *,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64] | None,
    dataset: str,
    simulator: str,
    seed: int,
    on_progress: Progress,
) -> BuildRecord:
    """Verilog, verification on every image, bitstream and report for a design that is bound to a board.

    Raises
    ------
    ValueError, OSError, RuntimeError
        What a step raises; there is no ``build.json`` then.
    """
    assert design.board is not None
    start(folder)
    accelerator = design.accelerator()
    # Now, not behind the simulation: there may be no rate for the link.
    baud = link_baud(accelerator, design.board)
    result = _verilog(design, accelerator, folder, on_progress)

    began = time.monotonic()
    on_progress("golden model", 0, 1)
    scores = golden.forward(design.network, images)
    report = verify_verilog(
        [folder / VERILOG_FILE],
        accelerator,
        images,
        workdir=folder / "verify",
        simulator=simulator,
        seed=seed,
        scores=scores,
        weights=folder / WEIGHTS_FILE if accelerator.loads else None,
        on_progress=on_progress,
    )
    record_verification(result, report, dataset=dataset)
    result["accuracy"] = _accuracy(design.network, images, scores, labels, dataset, report)
    result["seconds"]["verify"] = round(time.monotonic() - began, 2)

    made = make_bitstream(
        accelerator,
        design.board,
        folder / TOOLS_FOLDER,
        on_stage=lambda stage: on_progress(stage, 0, 1),
    )
    _record_implementation(result, design, made.implementation, baud, link_fps(accelerator, design.board))
    result["files"]["bitstream"] = str(made.bitstream.relative_to(folder))
    record_hashes(result, folder)
    write_build(folder, result)
    return result


def start(folder: Path) -> None:
    """Make the folder and take an older ``build.json`` away: it would make a half-finished build look whole."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / BUILD_FILE).unlink(missing_ok=True)


def record_hashes(result: BuildRecord, folder: Path) -> None:
    """Put the hashes of all files that later commands read, and of the design, into what will be ``build.json``."""
    names = set(result["files"].values())
    if "bitstream" in result["files"]:
        tools = [path for path in (folder / TOOLS_FOLDER).iterdir() if path.is_file() and path.suffix != ".log"]
        names.update(path.relative_to(folder).as_posix() for path in tools)
    result["hashes"] = hash_files(folder, sorted(names))
    result["design_hash"] = hash_design(result)


def record_verification(result: BuildRecord, report: Report, *, dataset: str) -> None:
    """Put what a verification on images of this name found into what will be ``build.json``, in place of an earlier
    one of its kind.
    """
    kind = (report.level, report.simulator, dataset)
    others = [entry for entry in result["verify"] if (entry["level"], entry["simulator"], entry["dataset"]) != kind]
    found = Verification(
        level=report.level,
        simulator=report.simulator,
        dataset=dataset,
        images=report.images,
        mismatches=report.mismatches,
        stalls=report.stalls,
        seconds=report.seconds,
    )
    result["verify"] = [*others, found]
    cycles = ("interval_expected", "interval_measured", "latency_measured")
    # A board's UART is too slow to measure them.
    measured = {name: getattr(report, name) for name in cycles}
    result["cycles"].update({name: value for name, value in measured.items() if value is not None})


def _verilog(
    design: Design, accelerator: Accelerator, folder: Path, on_progress: Progress, *, inline: bool = False
) -> BuildRecord:
    began = time.monotonic()
    on_progress("write Verilog", 0, 1)
    _, *memories = write_core(accelerator, folder, inline=inline)
    save(design.network, folder / MODEL_FILE)
    result: BuildRecord = {"schema": SCHEMA, "xnorflow": __version__, **describe(design)}
    result["cycles"] = {"interval_expected": accelerator.interval}
    result["interface"] = {
        "input_bytes": accelerator.input_bytes,
        "input_beats": accelerator.input_beats,
        "output_bytes": accelerator.output_bytes,
        "startup_cycles": accelerator.startup_cycles,
    }
    result["verify"] = []
    names = {f"memory {file.stem.partition('.')[2]}": file.name for file in memories}
    result["files"] = {"verilog": VERILOG_FILE, **names, "model": MODEL_FILE}
    if accelerator.loads:
        write_atomically(folder / WEIGHTS_FILE, weights_file(accelerator))
        result["files"]["weights"] = WEIGHTS_FILE
        assert design.board is not None
        result["cycles"]["load_expected"] = flash_cycles(accelerator, design.board.clock_mhz)
    result["seconds"] = {"verilog": round(time.monotonic() - began, 2)}
    return result


def _accuracy(
    network: Network,
    images: NDArray[np.uint8],
    scores: NDArray[np.int64],
    labels: NDArray[np.int64] | None,
    dataset: str,
    report: Report,
) -> Accuracy | None:
    """Correct answers of torch, the golden model and the RTL; None for images without labels.

    Torch's count comes from the model file, where training put it, and only counts for the same images.
    """
    if labels is None:
        return None
    recorded = is_tested_on(network, images, labels, dataset)
    return {
        "dataset": dataset,
        "images": len(scores),
        "torch": int(network.provenance["test_correct"]) if recorded else None,
        "golden": int((golden.classify(scores) == labels).sum()),
        "rtl": int((report.classes == labels).sum()),
    }


def _record_implementation(
    result: BuildRecord, design: Design, made: Implementation, baud: int, carried: float
) -> None:
    """Resources, timing and throughput, as the tools report them for the whole board top."""
    assert design.board is not None
    clock_mhz = design.board.clock_mhz
    fps = clock_mhz * 1e6 / result["cycles"]["interval_measured"]
    roofline = roofline_fps(design.network, design.board.device, clock_mhz, spram="weights" in result["files"])
    result["resources"] = {
        "lut4": made.lut4,
        "ff": made.ff,
        "bram": made.bram,
        "dsp": made.dsp,
        "available": dict(made.available),
    }
    if "weights" in result["files"]:
        result["resources"]["spram"] = estimate(design.accelerator()).sprams
        result["resources"]["available"]["spram"] = design.board.sprams
    result["timing"] = {"fmax_mhz": round(made.fmax_mhz, 2), "met": made.met, "seed": made.seed}
    result["throughput"] = {
        "fps": round(fps, 1),
        "roofline_fps": round(roofline, 1),
        "roofline_share": round(fps / roofline, 4),
        "link_baud": baud,
        "link_fps": round(carried, 1),
    }
    result["seconds"].update({stage: round(seconds, 2) for stage, seconds in made.seconds.items()})
