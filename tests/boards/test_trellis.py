"""Cells of a routed ECP5 netlist as their models take them: constants that nextpnr left out are put back."""

import numpy as np
import pytest

from xnorflow.boards.tools import ToolError
from xnorflow.boards.trellis import MODELLED, _cell, _cells, _initial


def cell(kind, *, inputs=(), connected=(), outputs=(), **parameters):
    ports = {port: [7] if port in connected else [] for port in inputs}
    return {
        "type": kind,
        "parameters": parameters,
        "port_directions": {**dict.fromkeys(inputs, "input"), **dict.fromkeys(outputs, "output")},
        "connections": {**ports, **{port: [] for port in outputs}},
    }


@pytest.mark.parametrize(
    ("kind", "port", "parameters", "value"),
    [
        ("TRELLIS_COMB", "A", {}, "1"),
        ("TRELLIS_COMB", "FCI", {}, "x"),
        ("TRELLIS_FF", "LSR", {"LSRMUX": "LSR"}, "0"),
        ("TRELLIS_FF", "LSR", {"LSRMUX": "INV"}, "1"),
        ("TRELLIS_FF", "M", {"LSRMUX": "LSR"}, "x"),
        ("DP16KD", "CEA", {}, "1"),
        ("DP16KD", "WEA", {}, "0"),
        ("DP16KD", "WEA", {"WEAMUX": "INV"}, "0"),
        ("DP16KD", "RSTA", {"RSTAMUX": "RSTA"}, "1"),
        ("DP16KD", "ADA0", {"ADA0MUX": "1 "}, "1"),
        ("DCCA", "CE", {}, "1"),
        ("EHXPLLL", "STDBY", {}, "0"),
    ],
)
def test_what_nothing_drives(kind, port, parameters, value):
    assert MODELLED[kind](port, parameters) == value


def test_only_open_inputs_are_tied():
    made = _cell("f", cell("TRELLIS_FF", inputs=("DI", "LSR"), connected=("DI",), outputs=("Q",), LSRMUX="INV"))
    assert made["connections"] == {"DI": [7], "LSR": ["1"], "Q": []}


def test_pads_are_told_apart_by_their_direction():
    made = _cell("p", cell("TRELLIS_IO", inputs=("B",), connected=("B",), DIR="INPUT", DATAMUX="PADDO"))
    assert made["type"] == "TRELLIS_IO_INPUT"
    assert made["parameters"] == {"DATAMUX": "PADDO"}


def test_what_only_fills_a_place_is_left_out():
    cells = {"w": cell("TRELLIS_COMB", MODE="RAMW_BLOCK"), "l": cell("TRELLIS_COMB", MODE="LOGIC")}
    assert list(_cells(cells)) == ["l"]


def test_a_clock_input_that_is_selected_by_wiring_alone_keeps_its_parameters():
    ram = cell(
        "DP16KD",
        inputs=("CLKA", "WEA"),
        connected=("CLKA", "WEA"),
        CLKAMUX="INV",
        WEAMUX="WEA",
        DATA_WIDTH_A="9",
        INITVAL_00="0",
    )
    assert _cell("r", ram)["parameters"] == {"CLKAMUX": "INV", "DATA_WIDTH_A": "9"}


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (cell("DCSC"), r"^c: is a DCSC, of which there is no model$"),
        (cell("TRELLIS_IO", DIR="BIDIR"), r"^c: is a TRELLIS_IO_BIDIR, of which there is no model$"),
        (
            cell("DP16KD", inputs=("WEA",), connected=("WEA",), WEAMUX="INV"),
            r"^c: inverts WEA, of which there is no model$",
        ),
    ],
)
def test_what_has_no_model_is_refused_by_name(made, message):
    with pytest.raises(ToolError, match=message):
        _cell("c", made)


def test_contents_are_rows_of_eighteen_bits_in_twenty():
    bits = np.zeros(1024 * 18, np.uint8)
    bits[0] = bits[18 * 17 + 3] = 1
    values = {name: int(text, 2) for name, text in _initial(bits).items()}
    assert len(values) == 64
    assert values["INITVAL_00"] == 1
    assert values["INITVAL_01"] == 1 << 20 + 3
    assert not any(value for name, value in values.items() if name not in ("INITVAL_00", "INITVAL_01"))
