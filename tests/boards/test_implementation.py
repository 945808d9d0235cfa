import json
import re

import pytest

from xnorflow.boards.families.ecp5 import ECP5_TOOLS
from xnorflow.boards.families.ice40 import ICE40_TOOLS
from xnorflow.boards.implementation import Implementation, read_implementation
from xnorflow.boards.tools import ToolError

# From the reports of nextpnr 0.11.1 and yosys 0.70 on a TFC, shortened.
ICE40 = {
    "critical_paths": [{"from": "posedge clk", "path": [], "to": "posedge clk"}],
    "fmax": {"clk": {"achieved": 49.33155059814453, "constraint": 36.00230407714844}},
    "utilization": {
        "ICESTORM_DSP": {"available": 8, "used": 0},
        "ICESTORM_LC": {"available": 5280, "used": 3907},
        "ICESTORM_RAM": {"available": 30, "used": 25},
        "SB_IO": {"available": 39, "used": 5},
    },
}
ECP5 = {
    "fmax": {
        "$glbnet$clk": {"achieved": 93.97613525390625, "constraint": 75.00187683105469},
        "$glbnet$slow": {"achieved": 210.5, "constraint": 25.0},
    },
    "utilization": {
        "DP16KD": {"available": 56, "used": 11},
        "MULT18X18D": {"available": 28, "used": 0},
        "TRELLIS_COMB": {"available": 24288, "used": 1353},
        "TRELLIS_FF": {"available": 24288, "used": 1087},
    },
}
HX8K = {
    "fmax": {"clk": {"achieved": 111.0, "constraint": 72.0}},
    "utilization": {"ICESTORM_LC": {"available": 7680, "used": 9}, "ICESTORM_RAM": {"available": 32, "used": 1}},
}
STATISTICS = {
    "ice40": {"SB_CARRY": 311, "SB_DFF": 868, "SB_DFFE": 142, "SB_DFFESR": 8, "SB_DFFSR": 19, "SB_LUT4": 1071},
    "ecp5": {"CCU2C": 140, "DP16KD": 11, "LUT4": 923, "TRELLIS_FF": 1087},
}


def read(folder, report, family, **parameters):
    (folder / "report.json").write_text(report if isinstance(report, str) else json.dumps(report))
    (folder / "stat.json").write_text(json.dumps({"design": {"num_cells_by_type": STATISTICS[family.family.name]}}))
    return read_implementation(
        folder / "report.json", folder / "stat.json", family=family, seed=2, seconds={"pack": 1.0}, **parameters
    )


def test_ice40(tmp_path):
    result = read(tmp_path, ICE40, ICE40_TOOLS, target_mhz=36.0)
    assert result == Implementation(
        lut4=3907,
        ff=1037,
        bram=25,
        dsp=0,
        available={"lut4": 5280, "ff": 5280, "bram": 30, "dsp": 8},
        fmax_mhz=49.33,
        target_mhz=36.0,
        seed=2,
        seconds={"pack": 1.0},
    )
    assert result.met


def test_ecp5_and_its_slowest_clock(tmp_path):
    result = read(tmp_path, ECP5, ECP5_TOOLS, target_mhz=100.0)
    assert (result.lut4, result.ff, result.bram, result.dsp) == (1353, 1087, 11, 0)
    assert result.available == {"lut4": 24288, "ff": 24288, "bram": 56, "dsp": 28}
    assert result.fmax_mhz == 93.98
    assert not result.met


def test_kinds_of_cells_that_a_device_lacks(tmp_path):
    result = read(tmp_path, HX8K, ICE40_TOOLS, target_mhz=111.0)
    assert (result.dsp, result.available["dsp"]) == (0, 0)
    assert result.met


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        ("{", "JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ("[]", "TypeError: list indices must be integers or slices, not str"),
        ({"fmax": {}}, "KeyError: 'utilization'"),
        ({"fmax": {}, "utilization": []}, "AttributeError: 'list' object has no attribute 'get'"),
    ],
)
def test_report_that_is_none(report, reason, tmp_path):
    message = f"^{re.escape(f'{tmp_path}/report.json: not a report of nextpnr ({reason})')}$"
    with pytest.raises(ToolError, match=message):
        read(tmp_path, report, ICE40_TOOLS, target_mhz=1.0)


def test_design_without_a_clock(tmp_path):
    message = "has no clock, so the design must be without a path between flip-flops"
    with pytest.raises(ToolError, match=f"^{re.escape(f'{tmp_path}/report.json: {message}')}$"):
        read(tmp_path, {**ICE40, "fmax": {}}, ICE40_TOOLS, target_mhz=1.0)
