"""Lines of a board that no one drives: found where a simulator knows of such bits."""

from pathlib import Path

import pytest

from tests.networks import random_images, random_network
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.folding import Folding
from xnorflow.sim.serial import Wire, verify_serial
from xnorflow.sim.verify import VerificationError

NETWORK = random_network((8, 3))
ACCELERATOR = Accelerator(NETWORK, (Folding(1, 1),))
WIRE = Wire(divisor=4, request=lambda _index, frame: frame, answers=lambda data: [data[:1]], answer_bytes=1)


@pytest.mark.parametrize("value", ["1'bx", "1'bz"])
def test_an_unknown_bit_is_caught_on_icarus(value: str, tmp_path: Path) -> None:
    board = tmp_path / "board.v"
    board.write_text(
        "module xnorflow_board(input clk, input rst, input rx, output tx);\n"
        "    reg [5:0] cycle = 0;\n"
        "    always @(posedge clk) if (rst) cycle <= 0; else if (!(&cycle)) cycle <= cycle + 1;\n"
        f"    assign tx = cycle == 20 ? {value} : 1'b1;\n"
        "endmodule\n"
    )
    message = r"^the board's line tx is wrong: tx is unknown in cycle 20$"
    with pytest.raises(VerificationError, match=message):
        verify_serial(
            [board],
            ACCELERATOR,
            random_images(NETWORK, 1),
            wire=WIRE,
            workdir=tmp_path,
            level="pins",
            simulator="icarus",
        )
