"""The tools of the flow, run as programs: where they are, what they wrote, why they failed."""

import contextlib
import os
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["ToolError", "find_tool", "run_tool"]


DEBIAN = {"icebox_vlog": "fpga-icestorm"}
"""Tools that are not on PyPI, and the Debian package of each."""


class ToolError(RuntimeError):
    """A tool that is missing or has failed; the message is one line."""


def find_tool(name: str) -> str:
    """Path of ``yosys``, ``nextpnr-ice40``, ``icepack``, ...

    The environment variable of that name in capitals (``NEXTPNR_ICE40``) names another program to run instead of the
    one from pip.

    Raises
    ------
    ToolError
        When it is not installed.
    """
    variable = name.upper().replace("-", "_")
    program = os.environ.get(variable) or (name if name in DEBIAN else f"yowasp-{name}")
    # The environment that this Python belongs to need not be the active one.
    found = shutil.which(program) or shutil.which(program, path=sysconfig.get_path("scripts"))
    if found is None and name in DEBIAN:
        raise ToolError(f"{program} is not installed; apt-get install {DEBIAN[name]} brings it")
    if found is None:
        raise ToolError(f"{program} is not installed; pip install 'xnorflow[boards]' brings it")
    return found


def run_tool(name: str, arguments: Sequence[str], *, folder: Path, log: str, output: str | None = None) -> float:
    """Run a tool in ``folder``, with all it prints in the file ``log`` there; give the seconds that it took.

    What it prints on its standard output goes to the file ``output`` instead, where one is named.

    Raises
    ------
    ToolError
        When it is not installed, or fails: with the last error that it printed.
    """
    program = find_tool(name)
    began = time.monotonic()
    with contextlib.ExitStack() as files:
        printed = files.enter_context((folder / (output or log)).open("wb"))
        complaints = files.enter_context((folder / log).open("wb")) if output else subprocess.STDOUT
        result = subprocess.run(
            [program, *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=complaints,
            check=False,
        )
    if result.returncode:
        reason = _last_error((folder / log).read_text(errors="replace")) or f"exit code {result.returncode}"
        raise ToolError(f"{Path(program).name} failed: {reason}; its log is {folder / log}")
    return time.monotonic() - began


def _last_error(log: str) -> str:
    """The last line of a log that looks like an error, or else its last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "fatal"))]
    return (errors or lines or [""])[-1]
