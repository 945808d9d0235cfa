"""What a machine cannot run is left out and told in the last lines, and fails where it must run."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.samples.layout import lay_out

ROOT = Path(__file__).parents[1]

MARKED = """
import pytest

@pytest.mark.data("mnist", "cifar-10")
def test_two_sets(): pass

@pytest.mark.data("mnist")
def test_one_set(): pass

@pytest.mark.models
def test_networks_of_others(): pass

def test_nothing(): pass
"""

UNTOOLED = """
import pytest
from xnorflow.boards.tools import ToolError, find_tool
from xnorflow.sim.simulators import SimulationError, find_simulator

@pytest.fixture(scope="module")
def simulator():
    return find_simulator("icarus")

def test_sees_the_error(): find_simulator("icarus")
def test_gets_a_fixture(simulator): pass
def test_gets_it_again(simulator): pass

def test_sees_only_that_it_failed():
    try:
        find_tool("icebox_vlog")
        status = 0
    except ToolError:
        status = 1
    assert status == 0

@pytest.mark.tools("lz4")
def test_is_marked(): pass

def test_wants_the_error():
    with pytest.raises(SimulationError): find_simulator("icarus")
"""

DOWNLOAD = "XNORFLOW_DATA=FOLDER, or python -m tests.fetch where there is a network"
MODELS = "left out: 1 test needs networks that others trained; to run: XNORFLOW_MODELS=FOLDER with qonnx/ and bnn-pynq/"


def run(tmp_path, text, *options, **variables):
    """Exit status of the tests in a text, the lines that say what was left out, and all lines."""
    (tmp_path / "test_it.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "tests.left_out", "-p", "no:cacheprovider", "-c", os.devnull]
    unset = {name: value for name, value in os.environ.items() if not name.startswith(("XNORFLOW", "PYTEST"))}
    done = subprocess.run(
        [*command, "--rootdir", tmp_path, tmp_path / "test_it.py", *options],
        cwd=ROOT,
        env=unset | {"XDG_CACHE_HOME": str(tmp_path / "cache")} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    return done.returncode, [line for line in lines if line.startswith("left out")], lines


@pytest.mark.parametrize("workers", [[], ["-n", "2", "--dist", "loadgroup"]])
def test_what_is_not_here_is_left_out_and_told(tmp_path, workers):
    status, told, lines = run(tmp_path, MARKED, *workers)
    assert told == [f"left out: 2 tests need all of mnist; to run: {DOWNLOAD}", MODELS]
    assert lines[-3:-1] == told
    assert status == 0
    assert "1 passed" in lines[-1]


def test_what_nobody_asked_for_is_not_told(tmp_path):
    assert run(tmp_path, MARKED, "-m", "not data", "-k", "nothing")[:2] == (0, [])


def test_where_it_must_run_it_fails(tmp_path):
    status, told, lines = run(tmp_path, MARKED, "--insist", "data")
    assert status == 1
    assert told == [MODELS]
    assert "1 passed" in lines[-1]
    assert "2 errors" in lines[-1]
    assert f"all of mnist: not here, but --insist data was given; {DOWNLOAD}" in lines


def test_what_skips_where_it_must_run_has_failed(tmp_path):
    text = "import pytest\ndef test_it(): pytest.skip('not today')"
    status, _, lines = run(tmp_path, text, "--insist", "data")
    assert (status, "1 failed" in lines[-1]) == (1, True)


def test_what_is_here_runs(tmp_path, monkeypatch):
    lay_out(tmp_path / "data", monkeypatch)
    (tmp_path / "models" / "qonnx").mkdir(parents=True)
    folders = {"XNORFLOW_DATA": str(tmp_path / "data"), "XNORFLOW_MODELS": str(tmp_path / "models")}
    status, told, lines = run(tmp_path, MARKED, "--insist", "data", "--insist", "models", **folders)
    assert (status, told) == (0, [])
    assert "4 passed" in lines[-1]


@pytest.mark.parametrize("workers", [[], ["-n", "2"]])
def test_what_fails_for_want_of_a_tool_is_left_out_and_told(tmp_path, workers):
    status, told, lines = run(tmp_path, UNTOOLED, *workers, PATH=str(tmp_path))
    assert told == [
        "left out: 1 test needs icebox_vlog; to run: apt-get install fpga-icestorm",
        "left out: 3 tests need iverilog; to run: apt-get install iverilog",
        "left out: 1 test needs lz4; to run: apt-get install liblz4-dev zlib1g-dev",
    ]
    assert lines[-4:-1] == told
    assert status == 0
    assert "1 passed, 4 skipped" in lines[-1]


def test_where_tools_must_be_it_fails(tmp_path):
    status, told, lines = run(tmp_path, UNTOOLED, "--insist", "tools", PATH=str(tmp_path))
    assert (status, told) == (1, [])
    assert "2 failed, 1 passed, 3 errors" in lines[-1]


def test_what_fails_for_another_reason_has_failed(tmp_path):
    status, told, lines = run(tmp_path, UNTOOLED + "\ndef test_wrong(): assert 1 == 2", PATH=str(tmp_path))
    assert (status, len(told)) == (1, 3)
    assert "1 failed, 1 passed, 4 skipped" in lines[-1]


def test_a_package_that_is_not_here_is_left_out_and_told(tmp_path):
    text = "import pytest\n@pytest.mark.packages('brevitas')\ndef test_it(): pass\ndef test_nothing(): pass"
    status, told, _ = run(tmp_path, text)
    expected = ["left out: 1 test needs brevitas; to run: pip install -e '.[dev,dev-brevitas]'"]
    assert (status, told) == (0, [] if find_spec("brevitas") else expected)
