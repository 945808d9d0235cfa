"""A place to compile in, whatever the names of the folders are."""

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..hw.memory_files import read_names

__all__ = ["bring_memories", "is_plain", "staged"]

# Verilator's makefiles stumble over blanks, quotes, #, :, ; and $, and commas end an option of the linker.
PLAIN = re.compile(r"[A-Za-z0-9_./+@-]*")


def is_plain(path: Path | str) -> bool:
    """Whether all tools can take this path, links followed."""
    return PLAIN.fullmatch(str(Path(path).resolve())) is not None


@contextlib.contextmanager
def staged(folder: Path, sources: Sequence[Path]) -> Iterator[tuple[Path, list[Path]]]:
    """A folder to compile in and the sources; what is made is in ``folder`` afterwards.

    They are the same where their names are plain. Else they are copies for the time being.

    Raises
    ------
    ValueError
        When the folder for temporary files is not plain, either.
    """
    if all(map(is_plain, (folder, *sources))):
        yield folder, list(sources)
        return
    if not is_plain(tempfile.gettempdir()):
        raise ValueError(
            f"TMPDIR must be a folder whose name is of plain letters and digits, not {tempfile.gettempdir()}: "
            f"simulators cannot compile in {folder} itself"
        )
    with tempfile.TemporaryDirectory(prefix="xnorflow-") as name:
        made, copies = Path(name, "build"), [Path(name, f"{n}.v") for n in range(len(sources))]
        for source, copy in zip(sources, copies, strict=True):
            shutil.copyfile(source, copy)
        yield made, copies
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(made, folder)


def bring_memories(sources: Sequence[Path], folder: Path) -> None:
    """Copy what sources read into memories, by names that are meant to be beside them, to where they run.

    Raises
    ------
    FileNotFoundError
        When such a file is missing.
    """
    for source in sources:
        for name in read_names(source.read_text(errors="replace")):
            if Path(name).name == name:
                shutil.copyfile(source.with_name(name), folder / name)
