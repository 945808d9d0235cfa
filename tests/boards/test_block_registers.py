# amaranth: UnusedElaboratable=no
"""Registers of ECP5's block RAM: what is merged into them, and that the netlist still does the same."""

import copy
import json
import random
import shutil
import subprocess

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module, Signal
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from xnorflow.boards.block_registers import check_merged, merge_registers
from xnorflow.boards.families.ecp5 import ECP5_TOOLS
from xnorflow.boards.tools import ToolError, run_tool
from xnorflow.hw.cyclic_rom import CyclicRom
from xnorflow.hw.device import ECP5
from xnorflow.hw.memory import NO_COLLISIONS
from xnorflow.sim.cells import cell_models

CYCLES = 3000
# Of 36, of 18 and of one bit, of several blocks, and of several banks.
ROMS = [(36, 300), (18, 900), (1, 5000), (72, 40), (20, 1300), (9, 600)]


class Memories(wiring.Component):
    """Memories of weights, one that is written and goes on when it is told to, and one that nothing may be merged into."""

    def __init__(self):
        widths = {f"word{n}": Out(width) for n, (width, _) in enumerate(ROMS)}
        super().__init__({"step": In(1), "word": In(20), **widths, "queued": Out(20), "read": Out(20), "late": Out(20)})

    def elaborate(self, platform):
        m = Module()
        for n, (width, depth) in enumerate(ROMS):
            draw = random.Random(n)
            words = [draw.getrandbits(width) for _ in range(depth)]
            m.submodules[f"rom{n}"] = rom = CyclicRom(width=width, words=words, block=width, family=ECP5)
            m.d.comb += [rom.step.eq(self.step), getattr(self, f"word{n}").eq(rom.data)]
        place = Signal(6)
        m.d.sync += place.eq(place + 1)
        for name, data, enabled in (("queue", self.queued, True), ("both", self.late, False)):
            m.submodules[name] = block = memory.Memory(
                shape=20, depth=64, init=[], attrs={"ram_style": "block", **NO_COLLISIONS}
            )
            write, read = block.write_port(), block.read_port()
            m.d.comb += [
                write.addr.eq(place),
                write.data.eq(self.word),
                write.en.eq(self.step),
                read.addr.eq(place + 9),
            ]
            held = Signal(20, name=f"held_{name}", reset_less=True)
            m.d.comb += data.eq(held)
            if enabled:
                m.d.comb += read.en.eq(self.step)
                with m.If(self.step):
                    m.d.sync += held.eq(read.data)
            else:
                # Two read it, so that no register can stand for both.
                m.d.sync += held.eq(read.data)
                m.d.comb += self.read.eq(read.data)
        return m


@pytest.fixture(scope="module")
def netlist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("blocks")
    (folder / "top.il").write_text(rtlil.convert(Memories(), name="top", emit_src=False))
    for file in ECP5_TOOLS.maps:
        shutil.copyfile(file, folder / file.name)
    commands = [command.format(top="top") for command in ECP5_TOOLS.synthesis]
    (folder / "top.ys").write_text("\n".join(["read_rtlil top.il", *commands, "write_json top.json", ""]))
    run_tool("yosys", ["-q", "top.ys"], folder=folder, log="yosys.log")
    return json.loads((folder / "top.json").read_text())


def blocks_of(design):
    return {name: cell for name, cell in design["modules"]["top"]["cells"].items() if cell["type"] == "DP16KD"}


def merged(design):
    after = copy.deepcopy(design)
    return after, merge_registers(after)


def modes_of(block):
    return {block["parameters"][f"REGMODE_{side}"] for side in "AB"}


def test_all_bits_of_read_only_memories_are_merged_and_those_with_the_enable_of_the_block(netlist):
    after, count = merged(netlist)
    # Words side by side, where there are several banks: each bit that is read is registered.
    sizes = [
        (rom.width * rom.size.banks(ECP5))
        for rom in (CyclicRom(width=w, words=[0] * d, block=w, family=ECP5) for w, d in ROMS)
    ]
    assert count == sum(sizes) + 20
    modes = {name.split(".")[0]: modes_of(cell) for name, cell in blocks_of(after).items()}
    assert modes.pop("both") == {"NOREG"}
    assert len(modes) == len(ROMS) + 1
    assert all("OUTREG" in found for found in modes.values())
    check_merged(netlist, after)
    assert merge_registers(after) == 0


BENCH = """
module bench;
    reg clk = 0, rst = 1, step = 0;
    reg [19:0] word = 0;
    integer cycle, wrong = 0;
    wire [{high}:0] one, other;
    unmerged a (.clk(clk), .rst(rst), .step(step), .word(word), {one});
    merged b (.clk(clk), .rst(rst), .step(step), .word(word), {other});
    initial begin
        for (cycle = 0; cycle < {cycles}; cycle = cycle + 1) begin
            #1 clk = 1;
            #1 clk = 0;
            rst = 0;
            step = $random;
            word = $random;
            if (one !== other) wrong = wrong + 1;
        end
        $display("%0d wrong, %b", wrong, ^one);
        $finish;
    end
endmodule
"""


def test_merged_netlist_does_the_same_in_each_cycle(netlist, tmp_path):
    after, _ = merged(netlist)
    for name, design in (("unmerged", netlist), ("merged", after)):
        (tmp_path / f"{name}.json").write_text(json.dumps(design))
        (tmp_path / f"{name}.ys").write_text(
            f"read_json {name}.json\nrename top {name}\nwrite_verilog -noattr {name}.v\n"
        )
        run_tool("yosys", ["-q", f"{name}.ys"], folder=tmp_path, log="yosys.log")
    ports, high = [], -1
    for name, port in netlist["modules"]["top"]["ports"].items():
        if port["direction"] == "output":
            ports.append((name, high + 1, high + len(port["bits"])))
            high += len(port["bits"])
    one, other = (
        ", ".join(f".{name}({wire}[{last}:{first}])" for name, first, last in ports) for wire in ("one", "other")
    )
    (tmp_path / "bench.v").write_text(BENCH.format(high=high, one=one, other=other, cycles=CYCLES))
    sources = ["bench.v", "unmerged.v", "merged.v", *map(str, cell_models(ECP5, tmp_path))]
    subprocess.run(["iverilog", "-g2012", "-o", "bench", *sources], cwd=tmp_path, check=True)
    result = subprocess.run(["vvp", "-n", "bench"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert result.stdout.split() == ["0", "wrong,", result.stdout.split()[-1]]
    assert result.stdout.split()[-1] in "01"


def spoilt(netlist, change):
    after, _ = merged(netlist)
    blocks = blocks_of(after)
    change(after["modules"]["top"]["cells"], blocks[next(name for name in blocks if name.startswith("queue"))])
    return after


@pytest.mark.parametrize(
    "change",
    [
        lambda _cells, block: block["connections"].update(OCEB=["1"]),
        lambda _cells, block: block["connections"].update(RSTB=["1"]),
        lambda _cells, block: block["parameters"].update(WRITEMODE_A="WRITETHROUGH"),
        lambda _cells, block: block["connections"].update(DOB0=block["connections"]["DOB1"]),
        lambda _cells, block: block["parameters"].update(REGMODE_B="NOREG"),
    ],
)
def test_what_is_not_the_same_is_refused(netlist, change):
    with pytest.raises(ToolError, match=r"^queue\S*: must do what it did before registers of block RAM were merged$"):
        check_merged(netlist, spoilt(netlist, change))


def test_no_other_cell_may_be_gone(netlist):
    after = copy.deepcopy(netlist)
    cells = after["modules"]["top"]["cells"]
    name = next(name for name, cell in cells.items() if cell["type"] == "LUT4")
    del cells[name]
    with pytest.raises(ToolError, match=r": must be in the netlist with registers of block RAM, too$"):
        check_merged(netlist, after)
