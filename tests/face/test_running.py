"""How a run ends: whatever happens is told in one line, with the traceback only where it was asked for."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from xnorflow.errors import explain
from xnorflow.model.zoo import ZOO

NOT_A_MODEL = f"xnorflow: MODEL must be a file or one of {', '.join(ZOO)}, not 'nix'"


def lay(error):
    def fail(*_words, **_options):
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (TypeError("no \x1b[31mred\nlines"), r"internal error: TypeError: no \x1b[31mred\nlines"),
        (KeyError("verify"), "internal error: KeyError: 'verify'"),
        (AssertionError(), "internal error: AssertionError: "),
        (NotImplementedError("not yet"), "internal error: NotImplementedError: not yet"),
        (RecursionError("maximum depth"), "internal error: RecursionError: maximum depth"),
        (ZeroDivisionError("division by zero"), "internal error: ZeroDivisionError: division by zero"),
    ],
)
def test_what_nobody_foresaw_is_one_line(command, monkeypatch, error, message):
    monkeypatch.setattr("xnorflow.commands.evaluate.open_predicted", lay(error))
    expected = f"xnorflow: {message}; run again with --debug for the traceback\n"
    assert command("eval", "tfc") == (1, "", expected)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "out of memory; take fewer images, a smaller network or a larger machine"),
        (
            MemoryError("Unable to allocate 8.00 EiB"),
            "out of memory: Unable to allocate 8.00 EiB; take fewer images, a smaller network or a larger machine",
        ),
        (ValueError(), "ValueError"),
        (ValueError("a\r\nb"), r"a\r\nb"),
        (OSError(28, "No space left on device"), "No space left on device; make room there"),
        (OSError(28, "No space left on device", "x\n"), r"x\n: No space left on device; make room there"),
        (PermissionError(13, "Permission denied", "x"), "x: Permission denied"),
        (OSError("of a library"), "of a library"),
        (ModuleNotFoundError("", name="torch.nn"), "torch is not installed; pip install 'xnorflow[train]'"),
        (ModuleNotFoundError("", name="rich"), "rich is not installed; install xnorflow again"),
    ],
)
def test_what_was_foreseen_is_explained(error, message):
    assert explain(error) == message


@pytest.mark.parametrize("place", range(4))
def test_debug_may_stand_anywhere(command, place):
    words = ["eval", "nix", "--images=3"]
    words.insert(place, "--debug")
    status, out, err = command(*words)
    first, *_, reason, last = err.splitlines()
    assert (status, out, first) == (1, "", "Traceback (most recent call last):")
    assert (f"xnorflow: {reason.removeprefix('ValueError: ')}", last) == (NOT_A_MODEL, NOT_A_MODEL)


def test_behind_two_dashes_debug_is_a_name(command):
    status, _, err = command("eval", "--", "--debug")
    assert (status, err) == (1, NOT_A_MODEL.replace("nix", "--debug") + "\n")


def test_a_traceback_is_escaped(command):
    _, _, err = command("--debug", "eval", "\x1b[31m")
    assert r"\x1b[31m" in err
    assert "\x1b" not in err


def test_a_mistake_in_usage_has_no_traceback(command):
    assert command("eval", "--debug") == (2, "", "xnorflow: Missing argument 'MODEL|DIR'.\n")


def start(*words, **options):
    return subprocess.run(
        [sys.executable, "-m", "xnorflow", *words],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
        check=False,
        **options,
    )


def test_python_m():
    done = start("estimate", "digits", "--board", "icebreaker", stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "digits on icebreaker (UP5K), estimated" in done.stdout
    # As the program, not as a file, so that a user may type what it says.
    assert start("--help", stdout=subprocess.PIPE).stdout.startswith("Usage: xnorflow [OPTIONS] COMMAND [ARGS]...\n")


def test_without_words_there_is_help(command):
    status, out, err = command()
    assert (status, out, err) == command("--help")
    assert status == 0


@pytest.mark.parametrize("words", [("boards",), ("zoo", "--json"), ("--help",), ("eval", "--help")])
def test_a_reader_who_has_enough_is_no_error(words):
    reader, writer = os.pipe()
    os.close(reader)
    done = start(*words, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_nobody_who_reads_errors_either():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "xnorflow", "eval", "nix"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=writer, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stdout) == (1, "")


def test_output_to_a_full_disk_is_told():
    with Path("/dev/full").open("w") as full:
        done = start("boards", "--json", stdout=full)
    assert (done.returncode, done.stderr) == (1, "xnorflow: No space left on device; make room there\n")
