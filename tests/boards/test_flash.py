import re

import pytest

from xnorflow.boards.catalogue import BOARDS, find_board
from xnorflow.boards.flash import INSTALL, flash
from xnorflow.boards.tools import ToolError


@pytest.fixture
def bitstream(tmp_path):
    path = tmp_path / "top.bin"
    path.write_bytes(b"bits")
    return path


def programmer(folder, name, *, status=0):
    """A stand-in that writes its arguments to a file."""
    path = folder / name
    path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {folder}/arguments\nexit {status}\n')
    path.chmod(0o755)


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_programmer_gets_its_options_and_the_bitstream(board, bitstream, tmp_path, monkeypatch):
    programmer(tmp_path, board.programmer)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    flash(bitstream, board)
    assert (tmp_path / "arguments").read_text().splitlines() == [*board.program[1:], str(bitstream)]


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_missing_programmer_says_how_to_get_it(board, bitstream, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    how = INSTALL[board.programmer]
    message = f"{board.programmer} is not installed; {how} to load bitstreams into {board.title}"
    with pytest.raises(ToolError, match=f"^{re.escape(message)}$"):
        flash(bitstream, board)


def test_failing_programmer(bitstream, tmp_path, monkeypatch):
    programmer(tmp_path, "iceprog", status=2)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    message = (
        r"^iceprog failed with exit code 2; "
        r"check that the iCEBreaker is plugged in and that you may use its USB port$"
    )
    with pytest.raises(ToolError, match=message):
        flash(bitstream, find_board("icebreaker"))


def test_missing_bitstream(tmp_path):
    message = f"{tmp_path}/no.bin: no such bitstream; make it with xnorflow build --board icebreaker"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        flash(tmp_path / "no.bin", find_board("icebreaker"))
