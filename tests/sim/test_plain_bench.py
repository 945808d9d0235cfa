"""The Verilog as others run it: under each standard, with each simulator, and read by each without a complaint."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.sim.plain_bench import CORES, IMAGES, NETWORK, STANDARDS, VERILATOR_CORE, answers, golden_answers, written
from xnorflow.hw.accelerator import Accelerator
from xnorflow.model import golden
from xnorflow.sim.simulators import VERILATOR, tool_environment


@pytest.fixture(scope="module", params=CORES)
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Accelerator]:
    folder = tmp_path_factory.mktemp("plain")
    return folder, written(request.param, folder)


def test_the_answers_differ() -> None:
    assert len(np.unique(golden.forward(NETWORK, IMAGES), axis=0)) > 3


@pytest.mark.parametrize("standard", STANDARDS)
def test_all_answers_come_under_each_standard(standard: str, bench: tuple[Path, Accelerator]) -> None:
    folder, core = bench
    assert golden_answers(core, answers(folder, standard))


def test_all_answers_come_on_verilator(tmp_path: Path) -> None:
    core = written(VERILATOR_CORE, tmp_path)
    assert golden_answers(core, answers(tmp_path, None))


def test_verilator_reads_it_without_options(bench: tuple[Path, Accelerator]) -> None:
    folder, _ = bench
    with tool_environment(VERILATOR):
        ran = subprocess.run(["verilator", "--lint-only", "core.v"], cwd=folder, capture_output=True, text=True)
    assert (ran.returncode, [line for line in ran.stderr.splitlines() if line.startswith("%")]) == (0, [])


def test_warnings_are_off_in_this_file_only(bench: tuple[Path, Accelerator]) -> None:
    folder, _ = bench
    (folder / "next.v").write_text("module next(input [7:0] i, output o); assign o = i; endmodule\n")
    command = ["verilator", "--lint-only", "core.v", "next.v", "--top-module", "next"]
    with tool_environment(VERILATOR):
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert "%Warning-WIDTHTRUNC: next.v:1" in ran.stderr


@pytest.mark.parametrize("standard", STANDARDS)
def test_icarus_reads_it_without_warnings(standard: str, bench: tuple[Path, Accelerator]) -> None:
    folder, _ = bench
    command = ["iverilog", "-Wall", "-Wno-timescale", standard, "-o", "core.vvp", "core.v"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")
