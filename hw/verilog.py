"""Verilog of an accelerator."""

import contextlib
import gc
import os
from collections.abc import Container, Iterator
from pathlib import Path

from amaranth.back import verilog
from amaranth.lib import wiring

from ..model.store import write_atomically
from .accelerator import Accelerator
from .core import AcceleratorCore
from .memory_files import SUFFIX, memory_files
from .memory_words import only_first_words, with_all_words
from .text import tidy

__all__ = ["CORE", "VERILOG_FILE", "YOSYS", "convert", "remove_stale", "to_verilog", "write_core", "write_verilog"]

CORE = "xnorflow_core"
"""Name of the top module."""

VERILOG_FILE = "core.v"
"""Its file."""

YOSYS = "AMARANTH_USE_YOSYS"
"""Variable that tells Amaranth which yosys to take; without it, any that the machine has."""


def to_verilog(accelerator: Accelerator, *, name: str = CORE) -> str:
    """Verilog of the accelerator, with ports ``clk`` and ``rst`` (synchronous, active high) beside its members.

    All is in this one text, contents of memories included; :func:`write_core` puts them in files of their own.
    """
    return convert(AcceleratorCore(accelerator), name=name)


def write_core(accelerator: Accelerator, folder: Path | str, *, inline: bool = False) -> list[Path]:
    """Write the Verilog of an accelerator and the contents of its memories; as :func:`write_verilog`.

    Parameters
    ----------
    accelerator : :class:`Accelerator`
        What to write.
    folder : :class:`~pathlib.Path`
        Where ``core.v`` is to be; it is made where it is missing.
    inline : :class:`bool`
        Put the contents into ``core.v``, too.
    """
    return write_verilog(to_verilog(accelerator), Path(folder) / VERILOG_FILE, top=CORE, inline=inline)


def write_verilog(text: str, path: Path, *, top: str, inline: bool = False) -> list[Path]:
    """Write Verilog, and beside it a file for each memory with contents; give all files, the Verilog first.

    The Verilog names those files by their bare names, so tools must run where they are, or copy them to where they run.
    Files of memories that an older Verilog of this name had are removed.

    Parameters
    ----------
    text : :class:`str`
        As :func:`convert` gives it.
    path : :class:`~pathlib.Path`
        The Verilog's file; ``core.v`` gets memories ``core.*.mem``.
    top : :class:`str`
        Top module.
    inline : :class:`bool`
        Leave the contents in the Verilog, which has no other files then.

    Raises
    ------
    TextError
        When the text is none of :func:`convert`.
    """
    files: dict[str, str] = {}
    if not inline:
        text, files = memory_files(text, top=top, prefix=path.stem)
    # Where the Verilog is, all that it reads is, too, and of the same design.
    path.unlink(missing_ok=True)
    for name, contents in files.items():
        write_atomically(path.with_name(name), contents.encode())
    write_atomically(path, text.encode())
    remove_stale(path, files)
    return [path, *(path.with_name(name) for name in files)]


def remove_stale(path: Path, kept: Container[str]) -> None:
    """Remove files of memories of a Verilog file, but for these."""
    for file in path.parent.iterdir():
        if file.name.startswith(f"{path.stem}.") and file.suffix == SUFFIX and file.name not in kept:
            file.unlink()


def convert(component: wiring.Component, *, name: str) -> str:
    """Verilog of a component, right in Verilog-2001 and later, SystemVerilog and Verilator; the same for the same.

    Parameters
    ----------
    component : component
        Its ports become the module's.
    name : :class:`str`
        Name of the top module.

    Raises
    ------
    TextError
        When yosys writes something else than it is known to.
    """
    with _own_yosys(), _no_collection(), only_first_words() as words:
        text = verilog.convert(component, name=name, emit_src=False, strip_internal_attrs=True)
    return with_all_words(tidy(text), words)


@contextlib.contextmanager
def _own_yosys() -> Iterator[None]:
    """Let Amaranth take the yosys that is installed with it, unless the user chose another."""
    chosen = YOSYS in os.environ
    os.environ.setdefault(YOSYS, "builtin")
    try:
        yield
    finally:
        if not chosen:
            del os.environ[YOSYS]


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """Put off the search for cycles among objects: Amaranth makes millions that stay, half of its time otherwise."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
