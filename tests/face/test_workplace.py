"""One command at a time in a folder; a full disk told as that, whatever fails because of it."""

import errno
import os
import shutil
import signal
import subprocess
import sys

import pytest

from tests.face.builds import quiet
from tests.networks import random_network
from xnorflow import disk
from xnorflow.boards.tools import ToolError, run_tool
from xnorflow.build import write_verilog
from xnorflow.design import Design
from xnorflow.disk import DiskFullError, watching_disk
from xnorflow.hw.folding import Folding
from xnorflow.model import store
from xnorflow.model.store import save
from xnorflow.sim.simulators import SimulationError
from xnorflow.sim.verify import VerificationError
from xnorflow.workplace import LOCK_FILE, working_in

HOLD = """
import sys, time
from pathlib import Path
from xnorflow.workplace import working_in
with working_in(Path(sys.argv[1])):
    print("holds", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def model(tmp_path):
    save(random_network((16, 8, 4)), tmp_path / "model")
    return tmp_path / "model"


@pytest.fixture
def folder(tmp_path):
    design = Design(random_network((16, 8, 4)), (Folding(1, 4), Folding(1, 4)))
    write_verilog(design, tmp_path / "out", on_progress=quiet)
    return tmp_path / "out"


@pytest.fixture
def holder(folder):
    """Another process that works in the folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, folder], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "holds\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_command_in_a_folder_is_refused_until_the_first_ends_even_by_a_crash(command, model, folder, holder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for words in (
        ["verilog", model, "-o", folder],
        ["build", model, "--board", "icebreaker", "--dataset", "random", "-o", folder],
        ["verify", folder],
        ["reweight", folder, model],
    ):
        status, out, err = command(*words)
        message = f"{folder}: another xnorflow is at work in this folder; wait until it is done, or name another folder"
        assert (status, out, err) == (1, "", f"xnorflow: {message}\n")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert command("verilog", model, "-o", folder)[0] == 0


def test_a_failure_ends_the_work(folder):
    with pytest.raises(ValueError, match=r"^wrong$"), working_in(folder):
        raise ValueError("wrong")
    with working_in(folder):
        assert (folder / LOCK_FILE).is_file()


def test_a_folder_that_is_not_there_is_left_so(tmp_path):
    with working_in(tmp_path / "none"):
        pass
    assert not (tmp_path / "none").exists()


def test_a_folder_that_is_no_build_gets_no_lock(command, tmp_path):
    assert command("verify", tmp_path)[0] == 1
    assert command("reweight", tmp_path, "digits")[0] == 1
    assert list(tmp_path.iterdir()) == []


def full_disk(folder, room=0):
    """The message about the disk with this folder."""
    mount = folder
    while not mount.is_mount():
        mount = mount.parent
    return rf"^the disk at {mount} is full, {room} bytes are not enough; make room there, or name another folder$"


def usage(monkeypatch, free):
    """Let the disk of each folder have as many bytes free as the function says."""
    total = shutil.disk_usage("/").total
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda place: type("", (), {"free": free(place), "total": total}))


def no_room(*_words, **_options):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_the_word_of_the_system_is_enough(tmp_path, monkeypatch, number):
    usage(monkeypatch, lambda _place: 1 << 20)
    with pytest.raises(DiskFullError, match=full_disk(tmp_path, "1,048,576")), watching_disk(tmp_path / "new" / "out"):
        raise OSError(number, os.strerror(number))


@pytest.mark.parametrize("error", [ToolError("nextpnr-ice40 failed: exit code 1"), SimulationError("broke off")])
def test_a_tool_that_fails_without_room_failed_for_want_of_it(tmp_path, monkeypatch, error):
    usage(monkeypatch, lambda _place: 4095)
    with pytest.raises(DiskFullError, match=full_disk(tmp_path, "4,095")), watching_disk(tmp_path):
        raise error


def test_the_disk_of_temporary_files_may_be_the_full_one(tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(disk.tempfile, "gettempdir", lambda: str(temporary))
    usage(monkeypatch, lambda place: 0 if place == temporary else 1 << 30)
    with pytest.raises(DiskFullError, match=full_disk(tmp_path)), watching_disk(tmp_path):
        raise ToolError("yosys failed")


def test_a_tool_may_have_made_room_when_it_gave_up(tmp_path, monkeypatch):
    """As compilers do, which remove what they have not finished."""
    script = tmp_path / "yosys"
    script.write_text("#!/bin/sh\necho 'cannot write: No space left on device'\necho 'ERROR: giving up'\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setenv("YOSYS", str(script))
    usage(monkeypatch, lambda _place: 1 << 30)
    with pytest.raises(DiskFullError, match=full_disk(tmp_path, "1,073,741,824")), watching_disk(tmp_path):
        run_tool("yosys", [], folder=tmp_path, log="yosys.log")
    # That of an earlier run says nothing of this one.
    os.utime(tmp_path / "yosys.log", (0, 0))
    with pytest.raises(ToolError, match=r"^other$"), watching_disk(tmp_path):
        raise ToolError("other")


@pytest.mark.parametrize(
    "error", [ToolError("failed"), PermissionError(13, "Permission denied", "x"), ValueError("pe must be 1")]
)
def test_what_has_another_reason_stays(tmp_path, monkeypatch, error):
    usage(monkeypatch, lambda _place: (1 << 20) if isinstance(error, ToolError) else 0)
    with pytest.raises(type(error)) as found, watching_disk(tmp_path):
        raise error
    assert found.value is error


def test_a_mismatch_is_never_taken_for_a_full_disk(tmp_path, monkeypatch):
    usage(monkeypatch, lambda _place: 0)
    with pytest.raises(VerificationError, match=r"^1 of 3 images differ$"), watching_disk(tmp_path):
        raise VerificationError("1 of 3 images differ")


def test_commands_name_the_disk(command, model, folder, tmp_path, monkeypatch):
    usage(monkeypatch, lambda _place: 0)
    expected = f"xnorflow: {full_disk(tmp_path)[1:-1]}\n"
    words = ["--images", "2", "--dataset", "random", "--simulator", "icarus"]
    monkeypatch.setattr(
        "xnorflow.build.make_bitstream",
        lambda *_words, **_options: run_tool("false", [], folder=folder, log="false.log"),
    )
    monkeypatch.setenv("FALSE", "false")
    status, out, err = command("build", model, "--board", "icebreaker", *words, "-o", tmp_path / "new")
    assert (status, out, f"xnorflow: {err.split('xnorflow: ')[1]}") == (1, "", expected)
    assert not (tmp_path / "new" / "build.json").exists()
    monkeypatch.setattr("xnorflow.commands.verify.write_build", no_room)
    status, out, err = command("verify", folder, *words)
    assert (status, out, f"xnorflow: {err.split('xnorflow: ')[1]}") == (1, "", expected)
    monkeypatch.setattr(store.os, "fdopen", no_room)
    status, out, err = command("verilog", model, "-o", tmp_path / "out")
    assert (status, out, f"xnorflow: {err.split('xnorflow: ')[1]}") == (1, "", expected)
