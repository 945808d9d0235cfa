"""Verification at the UART of a board: the bench of bytes, ``serial.v``, and what comes back compared."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..hw.accelerator import Accelerator
from ..model import golden
from ..model.progress import Progress, silence
from .bench import LOAD, WEIGHTS, Core, Recording, record
from .cells import spram_model
from .compare import Difference, wrong_answers
from .diagnose import layer_signals, search
from .simulators import Build, Simulator, build, find_simulator
from .verify import Report, VerificationError

__all__ = ["BOARD", "Flash", "Wire", "verify_serial"]

BENCH = Path(__file__).with_name("serial.v")
FLASH_MODEL = Path(__file__).with_name("flash.v")
TOPLEVEL = "xnorflow_serial_bench"
BOARD = "xnorflow_board"
"""Module with the ports ``clk``, ``rst``, ``rx`` and ``tx``."""

SETTLE = 100
"""Cycles in which a PLL locks, and reset passes; the core itself may still be waiting for its block RAM."""

FLIGHT = 2
"""Requests without their answers: one is on the wire while another is computed."""

ANSWER_BYTES = 100
"""More than an answer has beside the core's own bytes; for a time limit only."""

NO_END = 256
"""What the bench takes for no byte."""

Images = NDArray[np.uint8]


@dataclass(frozen=True)
class Flash:
    """The flash of a board that loads weights from it.

    Parameters
    ----------
    offset : :class:`int`
        Where they begin.
    contents : :class:`bytes`
        What is there.
    cycles : :class:`int`
        Clock cycles from the reset until they must be loaded.
    faults : mapping of :class:`int`
        What is wrong with it: options of ``flash.v``.
    """

    offset: int
    contents: bytes
    cycles: int
    faults: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Wire:
    """What is on the two lines of a board.

    Parameters
    ----------
    divisor : :class:`int`
        Clock cycles of a bit.
    request : callable
        Bytes to send for a frame, given its index and its beats.
    answers : callable
        The answers' beats, in order, in all the bytes that came back.
    answer_bytes : :class:`int`
        Bytes of an answer on the line, or how many bytes ``end`` it has, the last of them at its end.
    end : :class:`int` or None
        Byte that ends an answer, where its length differs from one to the next.
    flash : :class:`Flash` or None
        The board's flash, where something is read from it; then the first request begins when that must be over.
    """

    divisor: int
    request: Callable[[int, bytes], bytes]
    answers: Callable[[bytes], Sequence[bytes]]
    answer_bytes: int
    end: int | None = None
    flash: Flash | None = None

    @property
    def settle(self) -> int:
        """Cycles before the first request."""
        return max(SETTLE, self.flash.cycles if self.flash else 0)


def verify_serial(
    sources: Sequence[Path],
    accelerator: Accelerator,
    images: Images,
    *,
    wire: Wire,
    workdir: Path,
    level: str,
    simulator: str = "verilator",
    waves: bool = False,
    on_progress: Progress | None = None,
) -> Report:
    """Send images to a board's UART, bit by bit, and compare what it answers; sources and errors aside, parameters
    are those of :func:`~.verify.verify_verilog`.

    Parameters
    ----------
    sources : sequence of :class:`~pathlib.Path`
        Verilog of ``xnorflow_board`` and of what it needs.
    wire : :class:`Wire`
        What is on its lines.
    """
    started = time.monotonic()
    tool = find_simulator(simulator)
    golden.check_images(accelerator.network, images)
    if len(images) == 0:
        raise ValueError("images must be one or more, not none")
    report = on_progress or silence
    models = (spram_model(workdir),) if accelerator.loads else ()
    core = Core((*sources, *models), accelerator)

    report("compile the simulation", 0, 1)
    bench = _build(core, wire, tool, folder=workdir / f"{level}-bench", visible=waves)
    recording = bench.run(
        images,
        waves=workdir / f"waves{tool.waves}" if waves else None,
        on_requests=lambda count: report("simulate", count, len(images)),
    )
    answers = _answers(bench, images, recording)
    wrong = wrong_answers(accelerator, golden.forward(accelerator.network, images), answers)
    if wrong.size:
        report("locate the difference", 0, 1)
        place = _locate(bench, images, image=int(wrong[0]))
        text = f"{wrong.size} of {len(images)} images differ from the golden model, first {place}"
        raise VerificationError(text, mismatches=wrong.size)
    return Report(
        level=level,
        simulator=simulator,
        images=len(images),
        mismatches=0,
        stalls=False,
        seconds=round(time.monotonic() - started, 2),
        interval_expected=accelerator.interval,
        interval_measured=None,
        latency_measured=None,
        classes=accelerator.decode(answers)[0],
    )


@dataclass(frozen=True)
class _Bench:
    """A board with the bench around it, compiled."""

    core: Core
    wire: Wire
    build: Build

    def requests(self, images: Images) -> list[bytes]:
        """What to send for each image."""
        accelerator = self.core.accelerator
        data = np.frombuffer(accelerator.encode(golden.quantize(accelerator.network.input, images)), np.uint8)
        frames = data.reshape(len(images), -1)
        return [self.wire.request(index, frame.tobytes()) for index, frame in enumerate(frames)]

    def run(
        self,
        images: Images,
        *,
        testcase: str = "run_bench",
        plusargs: Sequence[str] = (),
        waves: Path | None = None,
        on_requests: Callable[[int], None] | None = None,
    ) -> Recording:
        """Send images until both lines are silent."""
        accelerator, requests = self.core.accelerator, self.requests(images)
        byte = 10 * self.wire.divisor
        idle = self.core.patience + 3 * byte
        sent, came = max(map(len, requests)), ANSWER_BYTES + accelerator.output_bytes
        options = {
            "answer": self.wire.answer_bytes,
            "end": NO_END if self.wire.end is None else self.wire.end,
            "flight": FLIGHT,
            "settle": self.wire.settle,
            "idle": idle,
            # Twice what each request and each answer, one after the other, can take.
            "limit": 2 * (self.wire.settle + (len(images) + 1) * (idle + byte * (sent + came))),
        }
        if self.wire.flash:
            (self.build.folder / WEIGHTS).write_bytes(self.wire.flash.contents)
            faults = (f"+{option}={value}" for option, value in self.wire.flash.faults.items())
            plusargs = (*plusargs, f"+weights={WEIGHTS}", *faults)
        return record(
            self.build,
            "bytes",
            b"".join(map(_records, requests)),
            options,
            testcase=testcase,
            plusargs=plusargs,
            waves=waves,
            on_count=on_requests,
            kind="in",
        )


def _build(core: Core, wire: Wire, simulator: Simulator, *, folder: Path, visible: bool) -> _Bench:
    flash = wire.flash
    sizes = {"FLASH_OFFSET": flash.offset, "FLASH_SIZE": len(flash.contents)} if flash else {}
    made = build(
        simulator,
        [*core.sources, *([FLASH_MODEL] if flash else []), BENCH],
        toplevel=TOPLEVEL,
        parameters={"DIVISOR": wire.divisor, **sizes},
        defines=(LOAD,) if flash else (),
        folder=folder.absolute(),
        visible=visible,
    )
    return _Bench(core, wire, made)


def _answers(bench: _Bench, images: Images, recording: Recording) -> bytes:
    """The core's answers in the bytes that came; VerificationError unless there is one for each image."""
    if recording.broken:
        raise VerificationError(f"the board's line tx is wrong: {recording.broken[0]}")
    answers = bench.wire.answers(recording.answers)
    if len(answers) != len(images):
        came = f"{len(answers)} answers came to {len(images)} images, in {len(recording.answers)} bytes"
        raise VerificationError(f"{came}; then tx was silent for {bench.core.patience} cycles")
    return b"".join(answers)


def _records(request: bytes) -> bytes:
    """A request as the bench reads it."""
    return b"".join(bytes((position == len(request), byte)) for position, byte in enumerate(request, start=1))


def _locate(bench: _Bench, images: Images, *, image: int) -> Difference:
    """Run again, with layers and lines recorded."""
    folder = bench.build.folder.with_name(f"{bench.build.folder.name}-diagnosis")
    visible = _build(bench.core, bench.wire, bench.build.simulator, folder=folder, visible=True)

    def record(some: Images, testcase: str, plusargs: Sequence[str], waves: Path) -> Recording:
        recording = visible.run(some, testcase=testcase, plusargs=plusargs, waves=waves)
        return replace(recording, answers=_answers(visible, some, recording))

    signals = layer_signals(bench.core, top=rf"{BOARD}\.core", path=("board", "core"))
    return search(record, images, image=image, build=visible.build, core=bench.core, signals=signals)
