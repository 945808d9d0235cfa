"""The folder in which the blocks of one page run, one after the other."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.boards.simulated import simulated_board
from tests.docs.commands import Command, check_output, commands, looks_like_a_command, split
from tests.docs.pages import ROOT, Block, PageError
from tests.docs.parsing import parse, xnorflow_words
from xnorflow.boards.top import SerialAccelerator
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.budget import Budget
from xnorflow.hw.device import DEVICES
from xnorflow.hw.search import smallest
from xnorflow.prediction import open_predicted

__all__ = ["Workshop"]

PORT = "/dev/ttyUSB1"
TIMEOUT = 600.0
PREPARE = "from tests.docs import child\nchild.prepare()"
PROGRAMS = {
    "python": (sys.executable,),
    "xnorflow": (sys.executable, "-c", "from tests.docs.child import run\nrun()"),
}
ALLOWED = {
    "python": {"setup", "check", "build", "board"},
    "console": {"setup", "build", "board", "parse", "add", "figures"},
    "sh": {"setup", "build", "board", "parse", "add"},
    "json": set(),
    "text": set(),
}


class Workshop:
    """A folder, and what the blocks before have made in it.

    Parameters
    ----------
    folder : Path
        Empty at first.
    build : function
        Gives the folder of a small build to copy.
    data : Path
        Where samples are laid out as whole data sets.
    """

    def __init__(self, folder: Path, *, build: Callable[[], Path], data: Path) -> None:
        self.folder, self.build, self.data = folder, build, data
        self.made: set[str] = set()

    def run(self, block: Block) -> None:
        """Do what the language and the comments of a block say.

        Raises
        ------
        PageError
            When it fails.
        """
        if block.language not in ALLOWED:
            raise PageError(f"the language of a block must be one of {', '.join(ALLOWED)}, not {block.language!r}")
        for note in block.notes:
            if note.verb not in ALLOWED[block.language]:
                raise PageError(f"a comment {note.verb!r} has no meaning before a block of {block.language}")
        for note in block.noted("build"):
            shutil.copytree(self.build(), self.folder / note.spans[0], dirs_exist_ok=True)
        if block.language == "python":
            self._run_python(block)
        elif block.language == "json":
            try:
                json.loads(block.text)
            except json.JSONDecodeError as error:
                raise PageError(f"is no JSON: {error}") from error
        elif block.language == "text":
            if looks_like_a_command(block.text):
                raise PageError("a block of text must hold no command; a block of console, or an indented one, runs it")
        else:
            self._run_commands(block)

    def _run_python(self, block: Block) -> None:
        setup, check = ("\n".join(note.text for note in block.noted(verb)) for verb in ("setup", "check"))
        with self._board(block) as port:
            program = "\n".join((PREPARE, setup, block.text.replace(PORT, port), check))
            self._call((sys.executable, "-c", program), "the block")

    def _run_commands(self, block: Block) -> None:
        found = commands(block)
        for note in (*block.noted("parse"), *block.noted("add")):
            prefix = note.spans[-1] if len(note.spans) > (note.verb == "add") else ""
            if not any(command.begins_with(prefix) for command in found):
                raise PageError(f"a comment {note.verb!r} is for {prefix!r}, which no command begins with")
        if setup := block.noted("setup"):
            self._call((sys.executable, "-c", f"{PREPARE}\n{setup[0].text}"), "the setup")
        with contextlib.ExitStack() as stack:
            port = None
            for command in found:
                if any(command.begins_with(note.spans[0] if note.spans else "") for note in block.noted("parse")):
                    parse(command.words, folder=self.folder, made=self.made)
                    continue
                # Started late: the command before may make what the board holds.
                port = port or stack.enter_context(self._board(block))
                self._run_command(command, block, port)

    def _run_command(self, command: Command, block: Block, port: str) -> None:
        words = [word.replace(PORT, port) for word in command.words]
        for note in block.noted("add"):
            if command.begins_with(note.spans[1] if len(note.spans) > 1 else ""):
                words += split(note.spans[0])
        ours = xnorflow_words(tuple(words))
        if ours is not None:
            words = ["xnorflow", *ours]
        elif words[0] != "python" or len(words) < 2 or words[1] == "-m":
            raise PageError(f"line {command.line}: {words[0]} is never run here; mark it with 'test parse'")
        elif (ROOT / words[1]).is_file():
            words[1] = str(ROOT / words[1])
        output = self._call((*PROGRAMS[words[0]], *words[1:]), f"line {command.line}")
        if command.output is not None:
            check_output(command.output, output, figures=not block.noted("figures"))

    @contextlib.contextmanager
    def _board(self, block: Block) -> Iterator[str]:
        """The port of the simulated board that a block speaks to, or the one that it names, where it has none."""
        notes = block.noted("board")
        if not notes:
            yield PORT
            return
        if PORT not in block.text:
            raise PageError(f"a block with a simulated board must speak to {PORT}")
        network, _ = open_predicted(str(self.folder / notes[0].spans[0]))
        device = DEVICES["UP5K"]
        accelerator = Accelerator(network, smallest(network, Budget(device), interval=1000), family=device.family)
        # Few cycles for a bit, for the simulator counts each.
        dut = SerialAccelerator(accelerator, divisor=4, clock_hz=12_000_000)
        with simulated_board(dut, patience=5000) as port:
            yield port

    def _call(self, words: tuple[str, ...], what: str) -> str:
        """What a command warns of and prints, when it succeeds."""
        # Comments may use what the tests are made with, too.
        here = {"XNORFLOW_DATA": str(self.data), "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            words,
            cwd=self.folder,
            env={**os.environ, **here},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT,
        )
        if done.returncode:
            raise PageError(f"{what}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        warnings = (line for line in done.stderr.splitlines() if line.startswith("xnorflow: "))
        return "\n".join((*warnings, done.stdout))
