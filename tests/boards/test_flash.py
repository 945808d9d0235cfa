import re

import pytest

from tests.boards.designs import bitstream_of
from xnorflow.boards.catalogue import BOARDS, find_board
from xnorflow.boards.flash import INSTALL, flash
from xnorflow.boards.tools import ToolError


@pytest.fixture
def made(tmp_path):
    """Makes a bitstream for a board."""

    def make(board):
        path = tmp_path / "top.bin"
        path.write_bytes(bitstream_of(board))
        return path

    return make


def programmer(folder, name, *, status=0):
    """A stand-in that writes its arguments to a file."""
    path = folder / name
    path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {folder}/arguments\nexit {status}\n')
    path.chmod(0o755)


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_programmer_gets_its_options_and_the_bitstream(board, made, tmp_path, monkeypatch):
    programmer(tmp_path, board.programmer)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    flash(made(board), board)
    assert (tmp_path / "arguments").read_text().splitlines() == [*board.program[1:], str(tmp_path / "top.bin")]


def test_weights_are_written_behind_the_bitstream_and_before_it(made, tmp_path, monkeypatch):
    path = tmp_path / "iceprog"
    path.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"1234")
    board = find_board("icebreaker")
    flash(made(board), board, weights=weights)
    assert (tmp_path / "calls").read_text().splitlines() == [f"-o 1M {weights}", str(tmp_path / "top.bin")]
    # The bitstream of an UP5K ends long before that.
    assert board.flash.offset == 1 << 20


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_missing_programmer_says_how_to_get_it(board, made, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    how = INSTALL[board.programmer]
    message = f"{board.programmer} is not installed; {how} to load bitstreams into {board.title}"
    with pytest.raises(ToolError, match=f"^{re.escape(message)}$"):
        flash(made(board), board)


def test_failing_programmer(made, tmp_path, monkeypatch):
    programmer(tmp_path, "iceprog", status=2)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    message = (
        r"^iceprog failed with exit code 2; "
        r"check that the iCEBreaker is plugged in and that you may use its USB port$"
    )
    with pytest.raises(ToolError, match=message):
        flash(made(find_board("icebreaker")), find_board("icebreaker"))


def test_missing_bitstream(tmp_path):
    message = f"{tmp_path}/no.bin: no such bitstream; make it with xnorflow build --board icebreaker"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        flash(tmp_path / "no.bin", find_board("icebreaker"))


@pytest.mark.parametrize(
    ("built", "board", "message"),
    [
        ("hx8k-breakout", "icebreaker", "is for HX8K or LP8K, but icebreaker has UP5K; build again"),
        ("icebreaker", "tinyfpga-bx", "is for UP5K, but tinyfpga-bx has LP8K; build again"),
        ("ulx3s-25f", "ulx3s-12f", "is for ECP5-25F, but ulx3s-12f has ECP5-12F; build again"),
        ("versa-ecp5-5g", "versa-ecp5", "is for ECP5UM5G-45F, but versa-ecp5 has ECP5UM-45F; build again"),
        ("ulx3s-25f", "icebreaker", "is no bitstream for an iCE40, which icebreaker has; build again"),
        ("icebreaker", "ulx3s-25f", "is no bitstream for an ECP5, which ulx3s-25f has; build again"),
    ],
)
def test_bitstream_for_another_board(built, board, message, made):
    path = made(find_board(built))
    with pytest.raises(ToolError, match=f"^{re.escape(f'{path}: {message}')}$"):
        flash(path, find_board(board))


def test_die_that_no_board_has(tmp_path):
    path = tmp_path / "top.bin"
    path.write_bytes(bytes.fromhex("7eaa997e6200b5720050"))
    message = "is for a die with banks of 182 x 80 bits, but icebreaker has UP5K; build again"
    with pytest.raises(ToolError, match=f"^{re.escape(f'{path}: {message}')}$"):
        flash(path, find_board("icebreaker"))
