"""From a design to a folder that proves it: Verilog, verification, bitstream, and ``build.json`` at the very end."""

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import __version__
from .design import BUILD_FILE, MODEL_FILE, SCHEMA, VERILOG_FILE, Design, describe
from .hw.accelerator import Accelerator
from .hw.estimate import estimate, roofline_fps
from .hw.verilog import to_verilog
from .model import golden
from .model.store import save, write_atomically

__all__ = ["Progress", "build", "record_verification", "write_verilog"]

Progress = Callable[[str, int, int], None]
"""Called with what runs, how much of it is done, and how much there is."""


def write_verilog(design: Design, folder: Path, *, on_progress: Progress) -> dict[str, Any]:
    """Write the Verilog, the network and ``build.json`` of a design; give what is in the latter."""
    start(folder)
    result = _verilog(design, design.accelerator(), folder, on_progress)
    finish(folder, result)
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
) -> dict[str, Any]:
    """Verilog, verification on every image, bitstream and report for a design that is bound to a board.

    Raises
    ------
    ValueError, OSError, RuntimeError
        What a step raises; there is no ``build.json`` then.
    """
    # Both need their extras, which somebody who only writes Verilog has no use for.
    from .boards.flow import make_bitstream
    from .sim.verify import verify_verilog

    assert design.board is not None
    start(folder)
    accelerator = design.accelerator()
    result = _verilog(design, accelerator, folder, on_progress)
    result["accuracy"] = _accuracy(design, images, labels, dataset)

    began = time.monotonic()
    report = verify_verilog(
        [folder / VERILOG_FILE],
        accelerator,
        images,
        workdir=folder / "verify",
        simulator=simulator,
        seed=seed,
        on_progress=on_progress,
    )
    record_verification(result, dataclasses.asdict(report))
    result["seconds"]["verify"] = round(time.monotonic() - began, 2)

    made = make_bitstream(
        accelerator,
        design.board,
        folder / "bitstream",
        seed=seed,
        on_stage=lambda stage: on_progress(stage, 0, 1),
    )
    _record_implementation(result, design, made)
    result["files"]["bitstream"] = str(made.bitstream.relative_to(folder))
    finish(folder, result)
    return result


def start(folder: Path) -> None:
    """Make the folder and take an older ``build.json`` away: it would make a half-finished build look whole."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / BUILD_FILE).unlink(missing_ok=True)


def finish(folder: Path, result: dict[str, Any]) -> None:
    """Write ``build.json``."""
    write_atomically(folder / BUILD_FILE, (json.dumps(result, indent=2) + "\n").encode())


def record_verification(result: dict[str, Any], report: dict[str, Any]) -> None:
    """Put what a verification found into what will be ``build.json``, in place of an earlier one of its kind."""
    cycles = {key: report.pop(key) for key in ("interval_expected", "interval_measured", "latency_measured")}
    others = [
        entry
        for entry in result["verify"]
        if (entry["level"], entry["simulator"]) != (report["level"], report["simulator"])
    ]
    result["verify"] = [*others, report]
    result["cycles"].update(cycles)


def _verilog(design: Design, accelerator: Accelerator, folder: Path, on_progress: Progress) -> dict[str, Any]:
    began = time.monotonic()
    on_progress("write Verilog", 0, 1)
    write_atomically(folder / VERILOG_FILE, to_verilog(accelerator).encode())
    save(design.network, folder / MODEL_FILE)
    result = {"schema": SCHEMA, "xnorflow": __version__, **describe(design)}
    for layer, memories in zip(result["network"]["layers"], accelerator.memories, strict=True):
        layer["memory"] = {field.name: getattr(memories, field.name).value for field in dataclasses.fields(memories)}
    result["cycles"]["interval_expected"] = accelerator.interval
    result["interface"] = {
        "input_bytes": accelerator.input_bytes,
        "input_beats": accelerator.input_beats,
        "output_bytes": accelerator.output_bytes,
        "startup_cycles": accelerator.startup_cycles,
    }
    result["verify"] = []
    result["files"] = {"verilog": VERILOG_FILE, "model": MODEL_FILE}
    result["seconds"] = {"verilog": round(time.monotonic() - began, 2)}
    return result


def _accuracy(
    design: Design, images: NDArray[np.uint8], labels: NDArray[np.int64] | None, dataset: str
) -> dict[str, Any] | None:
    """Accuracy on labelled images; torch's own count comes from the model file, where training put it."""
    if labels is None:
        return None
    correct = int((golden.predict(design.network, images) == labels).sum())
    torch_correct = design.network.provenance.get("test_correct")
    return {
        "dataset": dataset,
        "images": len(images),
        "golden": correct,
        "torch": int(torch_correct)
        if torch_correct and int(design.network.provenance["test_images"]) == len(images)
        else None,
    }
