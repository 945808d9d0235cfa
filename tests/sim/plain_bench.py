"""A user's own bench of a few lines, without cocotb, around a core with every kind of stage: all answers must come.

python tests/sim/plain_bench.py
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.device import ECP5, ICE40, Family
from xnorflow.hw.folding import Folding
from xnorflow.hw.placement import Place
from xnorflow.hw.verilog import write_core
from xnorflow.model import golden
from xnorflow.model.ir import Affine, Bias, Dense, MaxPool, Network
from xnorflow.model.outlines import Filters, Neurons, chain
from xnorflow.model.random_networks import random_layer
from xnorflow.sim.simulators import VERILATOR, tool_environment

__all__ = ["CORES", "STANDARDS", "VERILATOR_CORE", "answers", "golden_answers", "written"]

STANDARDS = ("-g2001", "-g2005", "-g2009", "-g2012")
"""Of Icarus; the last two are SystemVerilog."""

CORES = {"ice40": (ICE40, False), "ecp5": (ECP5, False), "ecp5, inline": (ECP5, True)}
"""Family, and whether the contents of memories are in the Verilog itself."""

VERILATOR_CORE = "ecp5"
"""The one that Verilator, which takes long to compile, gets: the others' Verilog differs in attributes only."""

INPUT = Affine((6, 6, 3), 256, -255 * 128, 255, 8, signed=True)
PLANS = (Filters(4, padding=(1, 1)), MaxPool((2, 2), (2, 2)), Filters(6, padding=(1, 1)), Neurons(12))
FOLDINGS = (Folding(2, 3), Folding(1, 4), Folding(3, 8), Folding(1, 4))
CLASSES = 3


def network() -> Network:
    """Random weights in layers of every kind."""
    rng = np.random.default_rng(seed=0)
    *hidden, (_, last) = chain(PLANS, INPUT.output)
    layers = [random_layer(plan, tensor, rng) for plan, tensor in hidden if plan is not None]
    scores = Dense(rng.integers(0, 2, (CLASSES, last.size)), Bias(rng.integers(-4, 5, CLASSES)))
    return Network("plain", INPUT, (*layers, scores))


NETWORK = network()
IMAGES = np.random.default_rng(seed=1).integers(0, 256, (8, *INPUT.shape), np.uint8)

BENCH = """\
`timescale 1ns / 1ps
module bench;
    reg clk = 0, rst = 1;
    reg [{width}-1:0] beats[0:{beats}-1];
    reg [31:0] sent = 0, came = 0;
    wire ready, valid, last, error;
    wire [{answer}-1:0] answer;
    xnorflow_core core (
        .clk(clk), .rst(rst), .error(error),
        .s_axis_tdata(beats[sent]), .s_axis_tvalid(sent < {beats}), .s_axis_tready(ready),
        .s_axis_tlast(sent % {frame} == {frame} - 1),
        .m_axis_tdata(answer), .m_axis_tvalid(valid), .m_axis_tready(1'b1), .m_axis_tlast(last)
    );
    always #5 clk = !clk;
    initial begin
        $readmemh("beats.mem", beats);
        #100 rst = 0;
        #{limit} $display("the end");
        $finish;
    end
    always @(posedge clk) if (!rst) begin
        if (ready && sent < {beats}) sent <= sent + 1;
        if (error || valid && !last) $display("wrong");
        if (valid) begin
            $display("answer %h", answer);
            came <= came + 1;
            if (came == {images} - 1) $finish;
        end
    end
endmodule
"""


def accelerator(family: Family) -> Accelerator:
    """The core, with memories of all kinds that a family has."""
    made = Accelerator(NETWORK, FOLDINGS, scores=True, family=family)
    places = {place for layer in made.places for place in layer.values()}
    assert places >= {Place.BLOCK, Place.LUT, Place.REGISTERS, *({Place.DISTRIBUTED} if family is ECP5 else ())}
    return made


def written(name: str, folder: Path) -> Accelerator:
    """One of the cores, written into a folder, with the bench."""
    family, inline = CORES[name]
    core = accelerator(family)
    write_core(core, folder, inline=inline)
    data = np.frombuffer(core.encode(golden.quantize(NETWORK.input, IMAGES)), np.uint8)
    beats = data.reshape(-1, core.input_bytes)[:, ::-1]
    (folder / "beats.mem").write_text("".join(f"{beat.tobytes().hex()}\n" for beat in beats))
    sizes = {
        "width": 8 * core.input_bytes,
        "beats": len(beats),
        "frame": core.input_beats,
        "answer": 8 * core.output_bytes,
        "images": len(IMAGES),
        # Nanoseconds, ten in a cycle: twice what all frames take.
        "limit": 20 * (len(IMAGES) + 10) * core.interval,
    }
    (folder / "bench.v").write_text(BENCH.format(**sizes))
    return core


def answers(folder: Path, standard: str | None) -> list[str]:
    """What the bench prints on Icarus under a standard, or on Verilator without one; nothing is switched off."""
    if standard is None:
        with tool_environment(VERILATOR, optimize="-O0"):
            command = ["verilator", "--binary", "--quiet", "--top-module", "bench", "bench.v", "core.v"]
            subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        program = ["obj_dir/Vbench"]
    else:
        subprocess.run(["iverilog", standard, "-o", "bench.vvp", "bench.v", "core.v"], cwd=folder, check=True)
        program = ["vvp", "-n", "bench.vvp"]
    ran = subprocess.run(program, cwd=folder, check=True, capture_output=True, text=True)
    # Simulators say, too, that they have finished.
    return [line for line in ran.stdout.splitlines() if line.startswith(("answer", "wrong", "the end"))]


def golden_answers(core: Accelerator, lines: list[str]) -> bool:
    """Whether these lines are the golden model's answers, class and scores, and nothing else."""
    words = [line.removeprefix("answer ") for line in lines]
    if len(words) != len(IMAGES) or any(set(word) - set("0123456789abcdef") for word in words):
        return False
    classes, scores = core.decode(b"".join(bytes.fromhex(word)[::-1] for word in words))
    expected = golden.forward(NETWORK, IMAGES)
    return scores is not None and (scores == expected).all() and (classes == golden.classify(expected)).all()


def main() -> int:
    """Run all; exit with 1 when an answer is missing or wrong."""
    failed = 0
    for name in CORES:
        with tempfile.TemporaryDirectory() as folder:
            core = written(name, Path(folder))
            for standard in (*STANDARDS, *([None] if name == VERILATOR_CORE else [])):
                right = golden_answers(core, answers(Path(folder), standard))
                failed += not right
                print(f"{name}, {standard or 'verilator'}: {'all' if right else 'NOT all'} {len(IMAGES)} answers right")
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
