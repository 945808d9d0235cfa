"""The host's end of ``bench.v``: beats in, events out."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..hw.accelerator import Accelerator
from ..hw.checksum import Checksum
from ..hw.loader import weights_file
from ..model.golden import quantize
from .simulators import Build, SimulationError, Simulator, build, run

__all__ = [
    "LOAD",
    "MODULE",
    "NO_STALLS",
    "WEIGHTS",
    "Bench",
    "Core",
    "Layered",
    "Recording",
    "Stalls",
    "build_bench",
    "frames",
    "pack_beats",
    "record",
]

BENCH = Path(__file__).with_name("bench.v")
MODULE = f"{__package__}.testbench"
TOPLEVEL = "xnorflow_bench"

LOAD = "XNORFLOW_LOAD"
"""Macro of the benches for a core that is loaded."""

WEIGHTS = "weights.bin"

Layered = Callable[[], tuple[Path, ...]] | None
"""Makes Verilog of a core by its layers."""

KINDS = ("in", "out", "error")
POLL_SECONDS = 0.5


@dataclass(frozen=True)
class Stalls:
    """Random stalls at both ends of the core.

    Parameters
    ----------
    percent : :class:`int`
        Share of the cycles in which the source, and independently the sink, does nothing.
    longest : :class:`int`
        Binary logarithm of the longest single stall in cycles; all lengths up to there are equally likely on a
        logarithmic scale.
    seed : :class:`int`
        Seed of both.
    """

    percent: int = 0
    longest: int = 0
    seed: int = 0


NO_STALLS = Stalls()


@dataclass(frozen=True)
class Recording:
    """What happened at the ports of the core; times are cycles since the reset.

    Parameters
    ----------
    answers : :class:`bytes`
        Data of the output beats.
    answered : array of shape ``(answers,)``
        When each of them was taken.
    sent : array of shape ``(frames,)``
        When the last beat of each input frame was taken.
    errors : array
        When ``error`` was high.
    broken : tuple of :class:`str`
        Rules of the protocol that the core broke.
    cycles : :class:`int`
        Length of the run.
    loaded : :class:`int` or None
        When the weights were right that had to be loaded.
    """

    answers: bytes
    answered: NDArray[np.int64]
    sent: NDArray[np.int64]
    errors: NDArray[np.int64]
    broken: tuple[str, ...]
    cycles: int
    loaded: int | None = None


@dataclass(frozen=True)
class Core:
    """A core to put on the bench.

    Parameters
    ----------
    sources : tuple of :class:`~pathlib.Path`
        Verilog of ``xnorflow_core`` and of what it needs.
    accelerator : :class:`Accelerator`
        What it should be.
    layered : callable or None
        Makes Verilog of the same core in which each layer is a module, where it is not so already.
    weights : :class:`~pathlib.Path` or None
        The file that it is loaded with, where it is another than the accelerator's own.
    """

    sources: tuple[Path, ...]
    accelerator: Accelerator
    layered: Layered = None
    weights: Path | None = None

    @property
    def file(self) -> bytes:
        """What it is loaded with before its first frame; nothing where that is not needed."""
        if not self.accelerator.loads:
            return b""
        return self.weights.read_bytes() if self.weights else weights_file(self.accelerator)

    @property
    def patience(self) -> int:
        """Cycles without a transfer, though both sides would, after which nothing more can come."""
        work = sum(stage.cycles for stages in self.accelerator.plan for stage in stages)
        # Twice the time that a frame needs, and a thousand cycles for the pipelines of any number of layers.
        return 2 * (work + self.accelerator.input_beats) + self.accelerator.startup_cycles + 1000

    @property
    def longest_stall(self) -> int:
        """Binary logarithm of the stalls that fill all buffers of the core: a few intervals."""
        return self.accelerator.interval.bit_length() + 1


@dataclass(frozen=True)
class Bench:
    """A core with the bench around it, compiled; :func:`build_bench` makes it.

    Parameters
    ----------
    core : :class:`Core`
        The core.
    build : :class:`Build`
        What the simulator made of it.
    """

    core: Core
    build: Build

    def run(
        self,
        beats: bytes,
        *,
        stalls: Stalls = NO_STALLS,
        testcase: str = "run_bench",
        plusargs: Sequence[str] = (),
        waves: Path | None = None,
        on_answers: Callable[[int], None] | None = None,
    ) -> Recording:
        """Send beats, as :func:`pack_beats` packs them, through the core until nothing moves any more.

        Raises
        ------
        SimulationError
            When the simulator fails.
        """
        file = self.core.file
        options = {
            "idle": self.core.patience,
            "stalls": stalls.percent,
            "longest": stalls.longest,
            "stall_seed": stalls.seed % (1 << 30),
            # Far above what any stalls cost: each beat may wait for one at either end.
            "limit": 1000
            + 4 * Checksum.INTERVAL * len(file)
            + (len(beats) + 100) * (self.core.patience + (4 << stalls.longest)),
        }
        if file:
            (self.build.folder / WEIGHTS).write_bytes(file)
            plusargs = (*plusargs, f"+weights={WEIGHTS}")
        return record(
            self.build, "beats", beats, options, testcase=testcase, plusargs=plusargs, waves=waves, on_count=on_answers
        )


def record(
    build: Build,
    name: str,
    data: bytes,
    options: Mapping[str, int],
    *,
    testcase: str,
    plusargs: Sequence[str],
    waves: Path | None,
    on_count: Callable[[int], None] | None,
    kind: str = "out",
) -> Recording:
    """Run a bench, of beats or of bytes, on what it reads; give the events that it wrote.

    Parameters
    ----------
    build : :class:`Build`
        The bench, compiled.
    name : :class:`str`
        What it reads, ``beats`` or ``bytes``, and the option that names the file.
    data : :class:`bytes`
        The file's contents.
    options : mapping of :class:`int`
        Its other options.
    testcase, plusargs, waves
        As for :func:`~.simulators.run`.
    on_count : callable or None
        Called now and then with the number of events of the kind ``kind``.

    Raises
    ------
    SimulationError
        When the simulator fails.
    """
    source, events = build.folder / f"{name}.bin", build.folder / "events.txt"
    source.write_bytes(data)
    events.unlink(missing_ok=True)
    # Names as seen from the bench.
    named = {name: source.name, "events": events.name, **options}
    with watching(events, on_count, kind=kind):
        run(
            build,
            module=MODULE,
            testcase=testcase,
            plusargs=[*(f"+{option}={value}" for option, value in named.items()), *plusargs],
            waves=waves and waves.absolute(),
        )
    return read_events(events)


def build_bench(core: Core, simulator: Simulator, *, folder: Path, visible: bool = False) -> Bench:
    """Compile a core with the bench around it; parameters and errors as for :func:`~.simulators.build`."""
    made = build(
        simulator,
        [*core.sources, BENCH],
        toplevel=TOPLEVEL,
        parameters={"INPUT_BYTES": core.accelerator.input_bytes, "OUTPUT_BYTES": core.accelerator.output_bytes},
        defines=(LOAD,) if core.accelerator.loads else (),
        folder=folder.absolute(),
        visible=visible,
    )
    return Bench(core, made)


def frames(accelerator: Accelerator, images: NDArray[np.uint8]) -> bytes:
    """Beats of raw images, with ``tlast`` on the last beat of each."""
    data = accelerator.encode(quantize(accelerator.network.input, images))
    beats = np.frombuffer(data, np.uint8).reshape(-1, accelerator.input_bytes)
    return pack_beats(beats, np.arange(1, len(beats) + 1) % accelerator.input_beats == 0)


def pack_beats(beats: NDArray[np.uint8], last: NDArray[np.bool_]) -> bytes:
    """Records for the bench of beats, of shape ``(count, input_bytes)``, and their ``tlast``, of shape ``(count,)``."""
    return np.concatenate([last[:, np.newaxis].astype(np.uint8), beats[:, ::-1]], axis=1).tobytes()


def read_events(path: Path) -> Recording:
    """Read what the bench wrote; SimulationError when it did not come to its end."""
    lines = [line.split(maxsplit=2) for line in path.read_text().splitlines()]
    if not lines or lines[-1][0] != "end":
        raise SimulationError(f"{path}: the bench did not come to its end; run it again")
    times = {kind: np.array([int(line[1]) for line in lines if line[0] == kind], np.int64) for kind in KINDS}
    answers = [line[2] for line in lines if line[0] == "out"]
    return Recording(
        # An unknown bit, which only Icarus has, is reported as a broken rule.
        answers=b"".join(bytes.fromhex(re.sub("[^0-9a-f]", "0", answer))[::-1] for answer in answers),
        answered=times["out"],
        sent=times["in"],
        errors=times["error"],
        broken=tuple(f"{line[2]} in cycle {line[1]}" for line in lines if line[0] == "broken"),
        cycles=int(lines[-1][1]),
        loaded=next((int(line[1]) for line in lines if line[0] == "loaded"), None),
    )


@contextmanager
def watching(events: Path, on_count: Callable[[int], None] | None, *, kind: str = "out") -> Iterator[None]:
    """Call back now and then with the number of events of a kind so far, from a thread of its own."""
    if on_count is None:
        yield
        return
    over = threading.Event()

    def watch() -> None:
        while not over.wait(POLL_SECONDS):
            if events.exists():
                on_count(events.read_bytes().count(f"{kind} ".encode()))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
