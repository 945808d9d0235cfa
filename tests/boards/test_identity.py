"""What a bitstream says of the device that it is for."""

import re

import pytest

from xnorflow.boards.catalogue import find_board
from xnorflow.boards.identity import check_device
from xnorflow.boards.tools import ToolError


def ice40(width, height):
    """The beginning of an iCE40's bitstream: a comment, the preamble, the size of the first bank."""
    banks = b"\x62" + (width - 1).to_bytes(2, "big") + b"\x72" + height.to_bytes(2, "big")
    return b"\xff\x00\x00\xff\x7e\xaa\x99\x7e\x51\x00\x01\x05\x92\x00\x20" + banks


def ecp5(part):
    return b"\xff\x00Part: " + part + b"-6CABGA381\x00\xff\xff\xbd\xb3"


@pytest.mark.parametrize(
    ("board", "beginning"),
    [
        ("icebreaker", ice40(692, 336)),
        ("hx8k-breakout", ice40(872, 272)),
        ("tinyfpga-bx", ice40(872, 272)),
        ("ulx3s-85f", ecp5(b"LFE5U-85F")),
        ("versa-ecp5-5g", ecp5(b"LFE5UM5G-45F")),
    ],
)
def test_a_bitstream_of_the_boards_device_is_taken(board, beginning, tmp_path):
    (tmp_path / "top.bin").write_bytes(beginning + bytes(1000))
    check_device(tmp_path / "top.bin", find_board(board))


@pytest.mark.parametrize(
    ("board", "beginning", "message"),
    [
        ("icebreaker", ice40(872, 272), "is for HX8K or LP8K, but icebreaker has UP5K"),
        ("icebreaker", ice40(100, 7), "is for a die with banks of 100 x 7 bits, but icebreaker has UP5K"),
        ("icebreaker", ecp5(b"LFE5U-25F"), "is no bitstream for an iCE40, which icebreaker has"),
        ("icebreaker", b"", "is no bitstream for an iCE40, which icebreaker has"),
        ("ulx3s-85f", ecp5(b"LFE5U-25F"), "is for ECP5-25F, but ulx3s-85f has ECP5-85F"),
        ("ulx3s-85f", ice40(692, 336), "is no bitstream for an ECP5, which ulx3s-85f has"),
    ],
)
def test_any_other_is_refused(board, beginning, message, tmp_path):
    path = tmp_path / "top.bin"
    path.write_bytes(beginning)
    with pytest.raises(ToolError, match=f"^{re.escape(f'{path}: {message}')}; build again$"):
        check_device(path, find_board(board))


def test_only_the_beginning_counts(tmp_path):
    path = tmp_path / "top.bin"
    path.write_bytes(bytes(1000) + ice40(692, 336))
    with pytest.raises(ToolError, match="is no bitstream for an iCE40"):
        check_device(path, find_board("icebreaker"))
