"""A folder in which one command works at a time, and whose full disk is told as such."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from .build_file import BUILD_FILE
from .disk import watching_disk

__all__ = ["LOCK_FILE", "working_in"]

LOCK_FILE = ".lock"
"""Locked while a command writes to the folder; the system unlocks it when that ends, in whatever way."""


@contextlib.contextmanager
def working_in(folder: Path, *, make: bool = False) -> Iterator[None]:
    """Keep other commands out of a build folder for as long as the block runs.

    Parameters
    ----------
    folder : :class:`~pathlib.Path`
        The folder. One that is not there, or no build, is left so, without a lock, unless it is to be made.
    make : :class:`bool`
        Make it.

    Raises
    ------
    RuntimeError
        When another command works there, or the disk is full.
    """
    with watching_disk(folder):
        if make:
            folder.mkdir(parents=True, exist_ok=True)
        # Other people's folders get no lock: whoever comes refuses what is no build.
        if not make and not (folder / BUILD_FILE).is_file():
            yield
            return
        lock = FileLock(folder / LOCK_FILE, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise RuntimeError(
                f"{folder}: another xnorflow is at work in this folder; wait until it is done, or name another folder"
            ) from None
        try:
            yield
        finally:
            lock.release()
