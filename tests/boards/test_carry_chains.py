"""ECP5's carry chains: our adders are yosys' by SAT, and a netlist computes the same when tables are taken into them."""

import itertools
import json
import random
from collections import Counter

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from xnorflow.boards.carry_chains import fit, open_ends, take_in_tables
from xnorflow.boards.families.ecp5 import ADDERS, ECP5_TOOLS
from xnorflow.boards.synthesis import synthesize_cells
from xnorflow.boards.tools import run_tool
from xnorflow.hw.chained_sum import ChainedSum, Lanes

WIDTHS = range(5, 13)
CARRIES = ["1'b0", "1'b1", "ci"]
INVERTS = ["1'b0", "1'b1", "bi"]

ADDER = r"""
module {name} (input [{width}-1:0] a, input [{narrow}-1:0] b, input ci, bi, output [{width}-1:0] x, y, co);
    \$alu #(.A_SIGNED({signed}), .B_SIGNED({signed}), .A_WIDTH({width}), .B_WIDTH({narrow}), .Y_WIDTH({width}))
        adder (.A(a), .B(b), .CI({carry}), .BI({invert}), .X(x), .Y(y), .CO(co));
endmodule
"""


def run(lines, folder):
    (folder / "run.ys").write_text("\n".join([*lines, ""]))
    run_tool("yosys", ["-q", "run.ys"], folder=folder, log="yosys.log")


@pytest.mark.parametrize("width", WIDTHS)
def test_adders_equal_those_of_yosys(width, tmp_path):
    """What an open carry in is makes no difference: the solver may choose it."""
    (tmp_path / ADDERS.name).write_text(ADDERS.read_text())
    text, lines = "", ["read_verilog -icells adders.v"]
    for number, (carry, invert) in enumerate(itertools.product(CARRIES, INVERTS)):
        # Operands of one width, and a narrower one of either sign.
        narrow, signed = [(width, 0), (width - 2, 1), (width - 3, 0)][number % 3]
        fields = {"width": width, "narrow": narrow, "signed": signed, "carry": carry, "invert": invert}
        text += "".join(ADDER.format(name=f"{kind}{number}", **fields) for kind in ("gold", "gate"))
        lines += [
            f"techmap -map {ADDERS.name} gate{number}",
            f"select -assert-none gate{number}/t:$alu",
            f"techmap -map +/ecp5/cells_sim.v gate{number}",
            f"miter -equiv -make_assert -flatten gold{number} gate{number} miter{number}",
            f"sat -verify -prove-asserts miter{number}",
        ]
    (tmp_path / "adders.v").write_text(text)
    run(lines, tmp_path)


def outputs(table, values):
    place = table.row({"0": 0, "1": 1, **values})
    passes = table.bits >> place & 1
    return passes, None if passes else table.bits >> (place & 3) & 1


@pytest.mark.parametrize("count", range(5))
def test_a_table_that_fits_does_what_is_asked_of_it(count):
    rng, found = random.Random(count), 0
    rows = 1 << count
    for _ in range(300):
        p, g = rng.getrandbits(rows), rng.getrandbits(rows)
        table = fit(count, p, g)
        found += table is not None
        for row in range(rows if table else 0):
            values = {n: row >> n & 1 for n in range(count)}
            assert outputs(table, values) == (p >> row & 1, None if p >> row & 1 else g >> row & 1)
    assert found == 300 if count < 2 else found


@pytest.mark.parametrize(
    ("count", "p", "g"),
    [
        pytest.param(2, 0b0110, 0b1010, id="sum of two bits"),
        pytest.param(3, 0x96, 0xAA, id="sum of a bit and a parity"),
        pytest.param(4, 0x6996, 0x6666, id="sum of two parities"),
        pytest.param(2, 0b0000, 0b0110, id="a parity as carry"),
        pytest.param(3, 0xA6, 0xAA, id="sum of a bit and of one that a third turns off"),
        pytest.param(4, 0x53AC, 0xFF00, id="sum of a bit and of one of two"),
    ],
)
def test_what_sums_are_of_fits(count, p, g):
    assert fit(count, p, g)


def test_a_carry_of_three_inputs_does_not_fit():
    assert fit(3, 0, 0x96) is None


DESIGN = """
module top (
    input [8:0] a, b, w, v, input [3:0] p, q, r, s, input [10:0] count, level, total, input first,
    output [9:0] plain, both, output [6:0] separate, output [10:0] sum, output below, output [6:0] up
);
    assign plain = a + b;
    assign both = (a ^ w) + (b ^ v);
    assign sum = (first ? level : total) + count;
    assign below = a < v;
    assign up = a[6:0] + first;
    // Sums of three bits, one behind the other: a bit beside itself makes the carry, and gets that of the sum before.
    wire c = a[0] ^ v[0], d = b[1] ^ w[1];
    wire [7:0] whole = {1'b0, p[0] ^ q[0], d, p[1] ^ q[1], first, p[2] ^ q[2], c}
        + {1'b0, r[0] ^ s[0], d, r[1] ^ s[1], first, r[2] ^ s[2], c};
    assign separate = whole[6:1];
endmodule
"""


def loads(cells):
    return Counter(
        bit
        for cell in cells
        for port, bits in cell["connections"].items()
        for bit in bits
        if cell["port_directions"][port] == "input"
    )


class Alone(wiring.Component):
    """Sums of an element of 104 lanes, with ports that are no arrays."""

    def __init__(self):
        super().__init__({"a": In(104), "b": In(104), "sum": Out(7), "carry": Out(1)})

    def elaborate(self, platform):
        m = Module()
        m.submodules.sums = sums = ChainedSum(lanes=Lanes(104, None), elements=1, apart=False)
        m.d.comb += [sums.a.eq(self.a), sums.b.eq(self.b), self.sum.eq(sums.sums[0]), self.carry.eq(sums.carries)]
        return m


def test_chained_sums_take_what_docs_say_and_nearly_what_is_estimated(tmp_path):
    (tmp_path / "top.il").write_text(rtlil.convert(Alone(), name="top"))
    synthesize_cells(["read_rtlil top.il"], top="top", family=ECP5_TOOLS, folder=tmp_path)
    cells = json.loads((tmp_path / "top.json").read_text())["modules"]["top"]["cells"].values()
    kinds = Counter(cell["type"] for cell in cells)
    assert (kinds["LUT4"], 2 * kinds["CCU2C"]) == (26, 162)
    assert Lanes(104, None).cells(1) == 187


def synthesized(folder):
    """The design's netlist before and after each pass."""
    folder.joinpath("design.v").write_text(DESIGN)
    folder.joinpath(ADDERS.name).write_text(ADDERS.read_text())
    commands = [command.format(top="top") for command in ECP5_TOOLS.synthesis]
    run(["read_verilog design.v", *commands, "write_json before.json"], folder)
    netlist = json.loads((folder / "before.json").read_text())
    take_in_tables(netlist)
    (folder / "after.json").write_text(json.dumps(netlist))
    open_ends(netlist)
    (folder / "open.json").write_text(json.dumps(netlist))
    return netlist["modules"]["top"]["cells"].values()


def test_a_netlist_computes_the_same(tmp_path):
    synthesized(tmp_path)
    lines = []
    for name in ("before", "after"):
        lines += [
            "design -reset",
            f"read_json {name}.json",
            "delete =A:blackbox =A:whitebox",
            "techmap -map +/ecp5/cells_sim.v",
            f"rename top {name}",
            f"design -stash {name}",
        ]
    lines += [
        "design -reset",
        "read_verilog design.v",
        "proc",
        "design -copy-from before -as before before",
        "design -copy-from after -as after after",
    ]
    for number, (gold, gate) in enumerate([("before", "after"), ("top", "after")]):
        lines += [
            f"miter -equiv -make_assert -flatten {gold} {gate} miter{number}",
            f"sat -verify -prove-asserts miter{number}",
        ]
    run(lines, tmp_path)


def test_tables_are_in_the_chains_and_ends_are_open(tmp_path):
    cells = list(synthesized(tmp_path))
    read = loads(cells)
    for cell in cells:
        if cell["type"] == "CCU2C":
            assert cell["connections"]["CIN"] not in (["0"], ["1"])
            assert cell["connections"]["COUT"] == ["x"] or read[cell["connections"]["COUT"][0]]
    # Of a chain of even width the lowest sum is outside, and so is what is read twice.
    assert Counter(cell["type"] for cell in cells) == {"CCU2C": 29, "LUT4": 5}
