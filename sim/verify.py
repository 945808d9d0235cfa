"""Verification: every image through the hardware, each answer equal to the golden model's, each cycle accounted for."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..hw.accelerator import Accelerator
from ..hw.loader import load_cycles, mark_cycles
from ..hw.verilog import write_core
from ..model import golden
from ..model.paths import StrPath
from ..model.progress import Progress, silence
from .bench import NO_STALLS, Bench, Core, Layered, Recording, Stalls, build_bench, frames
from .cells import spram_model
from .compare import wrong_answers
from .diagnose import locate
from .simulators import find_simulator

__all__ = ["Report", "VerificationError", "verify", "verify_verilog"]

Images = NDArray[np.uint8]
Scored = NDArray[np.int64]

STALL_PERCENT = 50
"""Share of the cycles in which either side stalls: each state of the flow control comes up all the time."""

TIMED_FRAMES = 64
"""Frames of the run that measures the interval; an interval that holds for these holds."""

FIRST_BYTE = 1
"""Cycle behind the reset in which the bench offers the first byte of a file of weights."""


@dataclass(frozen=True)
class Report:
    """What a verification found; the fields are those of ``build.json``.

    Parameters
    ----------
    level : :class:`str`
        What ran: ``rtl`` or another level.
    simulator : :class:`str`
        On what.
    images : :class:`int`
        How many images.
    mismatches : :class:`int`
        How many answers were not the golden model's.
    stalls : :class:`bool`
        Whether both sides stalled at random.
    seconds : :class:`float`
        Compilation included.
    interval_expected, interval_measured : :class:`int`
        Cycles between two answers without stalls, by the formula and in the simulation; None where a slow link
        keeps the core from its interval.
    latency_measured : :class:`int`
        Cycles from the last input beat of a frame to its answer, in an empty pipeline; None as above.
    classes : array of ``int64`` of shape ``(images,)``
        The core's own answers; not a field of ``build.json``.
    """

    level: str
    simulator: str
    images: int
    mismatches: int
    stalls: bool
    seconds: float
    interval_expected: int
    interval_measured: int | None
    latency_measured: int | None
    classes: NDArray[np.int64] = field(repr=False, compare=False)


class VerificationError(RuntimeError):
    """Hardware that does not do what the golden model or the formula says; the message is one line.

    Parameters
    ----------
    message : :class:`str`
        What differs first, and where.
    mismatches : :class:`int`
        How many answers were not the golden model's.
    """

    def __init__(self, message: str, *, mismatches: int = 0) -> None:
        self.mismatches = mismatches
        super().__init__(message)


def verify(
    accelerator: Accelerator,
    images: Images,
    *,
    workdir: StrPath,
    simulator: str = "verilator",
    seed: int = 0,
    stalls: bool = True,
    waves: bool = False,
    on_progress: Progress | None = None,
) -> Report:
    """Verify the Verilog that is generated for an accelerator; as :func:`verify_verilog`."""
    # Before the Verilog, which may take a while.
    find_simulator(simulator)
    verilog, *_ = write_core(accelerator, Path(workdir))
    return verify_verilog(
        [verilog],
        accelerator,
        images,
        workdir=workdir,
        simulator=simulator,
        seed=seed,
        stalls=stalls,
        waves=waves,
        on_progress=on_progress,
    )


def verify_verilog(
    sources: Sequence[Path],
    accelerator: Accelerator,
    images: Images,
    *,
    workdir: StrPath,
    level: str = "rtl",
    simulator: str = "verilator",
    seed: int = 0,
    stalls: bool = True,
    waves: bool = False,
    layered: Layered = None,
    scores: Scored | None = None,
    weights: Path | None = None,
    on_progress: Progress | None = None,
) -> Report:
    """Send all images through a core, once, and some of them again without stalls, to measure its cycles.

    Parameters
    ----------
    sources : sequence of :class:`~pathlib.Path`
        Verilog of ``xnorflow_core`` and of what it needs.
    accelerator : :class:`Accelerator`
        What the core should be: its ports, its network, its interval.
    images : array of ``uint8`` of shape ``(count, *network.input.shape)``
        Raw images.
    workdir : :class:`~pathlib.Path`
        Folder for everything that is made on the way.
    level : :class:`str`
        Name for the report.
    simulator : :class:`str`
        ``verilator`` or ``icarus``.
    seed : :class:`int`
        Seed of the stalls.
    stalls : :class:`bool`
        Stall at random on both sides.
    waves : :class:`bool`
        Write a waveform of the run without stalls, ``waves.fst``, or ``waves.vcd`` where Verilator can write no other.
    layered : callable or None
        Makes Verilog of the same core in which each layer is a module, to name the layer that is wrong.
    scores : array of ``int64`` of shape ``(count, classes)``, or None
        What :func:`golden.forward <xnorflow.model.golden.forward>` gives for the images, where somebody has computed
        it already; it takes minutes for large networks.
    weights : :class:`~pathlib.Path` or None
        The file to load a core with SPRAM with, where it is another than the accelerator's own.
    on_progress : callable or None
        Told what runs, and how much of it is done.

    Raises
    ------
    ValueError
        When there is no such simulator, or no image.
    TypeError
        When the images are not ``uint8``.
    VerificationError
        When the core does something else than it should.
    SimulationError
        When the simulator is missing or fails.
    """
    started = time.monotonic()
    tool, workdir = find_simulator(simulator), Path(workdir)
    golden.check_images(accelerator.network, images)
    if len(images) == 0:
        raise ValueError("images must be one or more, not none")
    report = on_progress or silence
    expected = golden.forward(accelerator.network, images) if scores is None else scores
    if expected.shape != (len(images), accelerator.network.classes):
        raise ValueError(f"scores must be of shape {(len(images), accelerator.network.classes)}, not {expected.shape}")
    models = (spram_model(workdir),) if accelerator.loads and level == "rtl" else ()
    core = Core((*sources, *models), accelerator, layered, weights)

    report("compile the simulation", 0, 1)
    bench = build_bench(core, tool, folder=workdir / "bench", visible=waves)

    pattern = Stalls(STALL_PERCENT, core.longest_stall, seed) if stalls else NO_STALLS
    recording = bench.run(
        frames(accelerator, images), stalls=pattern, on_answers=lambda count: report("simulate", count, len(images))
    )
    _check(bench, images, expected, recording, stalls=pattern, report=report)

    report("measure the interval", 0, 1)
    count = max(_fill(accelerator) + 4, min(len(images), TIMED_FRAMES))
    # The same images again, as often as it takes.
    rows = np.arange(count) % len(images)
    timed = images[rows]
    timing = bench.run(frames(accelerator, timed), waves=workdir / f"waves{tool.waves}" if waves else None)
    _check(bench, timed, expected[rows], timing, stalls=NO_STALLS, report=report)
    return Report(
        level=level,
        simulator=simulator,
        images=len(images),
        mismatches=0,
        stalls=stalls,
        seconds=round(time.monotonic() - started, 2),
        interval_expected=accelerator.interval,
        interval_measured=_interval(accelerator, timing),
        latency_measured=int(timing.answered[0] - timing.sent[0]),
        classes=accelerator.decode(recording.answers)[0],
    )


def _fill(accelerator: Accelerator) -> int:
    """Answers that may come before the pipeline is full: each layer holds two frames."""
    return 2 * len(accelerator.network.layers) + 2


def _check(
    bench: Bench, images: Images, scores: Scored, recording: Recording, *, stalls: Stalls, report: Progress
) -> None:
    """Raise VerificationError unless each image got the answer of its scores and no rule was broken."""
    if recording.broken:
        raise VerificationError(f"the core broke the stream protocol: {recording.broken[0]}")
    if recording.errors.size:
        raise VerificationError(f"error rose in cycle {recording.errors[0]}, but tlast was in its place")
    _check_loading(bench, recording)
    count, came = len(images), len(recording.answered)
    if came < count:
        raise VerificationError(f"{came} of {count} answers came, then nothing moved for {bench.core.patience} cycles")
    if came > count:
        raise VerificationError(f"{came} answers came to {count} images")
    wrong = wrong_answers(bench.core.accelerator, scores, recording.answers)
    if wrong.size:
        report("locate the difference", 0, 1)
        place = locate(bench, images, image=int(wrong[0]), stalls=stalls)
        text = f"{wrong.size} of {count} images differ from the golden model, first {place}"
        raise VerificationError(text, mismatches=wrong.size)


def _check_loading(bench: Bench, recording: Recording) -> None:
    """Raise VerificationError unless the weights were loaded, in the cycles of the formula."""
    if not bench.core.accelerator.loads:
        return
    if recording.loaded is None:
        raise VerificationError("the core took no frame, for the check sum of the weights that it was given is wrong")
    first = max(FIRST_BYTE, mark_cycles(bench.core.accelerator))
    expected = first + load_cycles(bench.core.accelerator)
    if recording.loaded != expected:
        raise VerificationError(f"loading the weights must take {expected} cycles, measured {recording.loaded}")


def _interval(accelerator: Accelerator, timing: Recording) -> int:
    """Cycles between two answers once the pipeline is full: the same each time, and what the formula says."""
    gaps = np.diff(timing.answered)[_fill(accelerator) :]
    if not (gaps == accelerator.interval).all():
        raise VerificationError(
            f"the interval must be {accelerator.interval} cycles, measured {gaps.min()}..{gaps.max()}"
        )
    return int(gaps[0])
