"""Full disks: what fails because of one is told as that, whatever a tool made of it."""

import contextlib
import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from .sim.verify import VerificationError

__all__ = ["DiskFullError", "is_full", "watching_disk"]

FULL = (errno.ENOSPC, errno.EDQUOT)

SPARE_BYTES = 1 << 20
"""With less room than this, a tool that failed has most likely failed for want of room."""

LOG_BYTES = 1 << 16
"""How much of a log is read, from its end."""


class DiskFullError(RuntimeError):
    """A disk without room; the message names it."""


def is_full(error: BaseException) -> bool:
    """Whether this is the system's own word for a full disk, or for a used-up quota."""
    return isinstance(error, OSError) and error.errno in FULL


@contextlib.contextmanager
def watching_disk(folder: Path) -> Iterator[None]:
    """Raise a :class:`DiskFullError` in place of what goes wrong in the block because a disk is full.

    That is the disk of the folder, or the one of temporary files. What a verification finds is never replaced.
    """
    began = time.time()
    try:
        yield
    except VerificationError:
        raise
    except (OSError, RuntimeError) as error:
        place = _full_place(error, folder, began)
        if place is None:
            raise
        full = f"the disk at {_mount(place)} is full, {shutil.disk_usage(place).free:,} bytes are not enough"
        raise DiskFullError(f"{full}; make room there, or name another folder") from error


def _full_place(error: Exception, folder: Path, began: float) -> Path | None:
    """A folder on the full disk; None when this error has nothing to do with one."""
    place, temporary = _existing(folder), _existing(Path(tempfile.gettempdir()))
    if is_full(error):
        return _existing(Path(name)) if isinstance(name := getattr(error, "filename", None), str) else place
    if isinstance(error, OSError):
        return None
    for disk in (place, temporary):
        if shutil.disk_usage(disk).free < SPARE_BYTES:
            return disk
    # A tool may have removed what it could not finish, and with it the evidence.
    return place if any(_tells(log, began) for log in place.rglob("*.log")) else None


def _tells(log: Path, began: float) -> bool:
    """Whether a log that was written since then speaks of a full disk."""
    with contextlib.suppress(OSError), log.open("rb") as file:
        # Some file systems keep times in whole seconds.
        if os.fstat(file.fileno()).st_mtime < began - 1:
            return False
        file.seek(max(0, os.fstat(file.fileno()).st_size - LOG_BYTES))
        return any(os.strerror(number).encode() in file.read() for number in FULL)
    return False


def _existing(path: Path) -> Path:
    """The path, or the nearest folder around it that is there."""
    path = path.absolute()
    return next(part for part in (path, *path.parents) if part.exists())


def _mount(path: Path) -> Path:
    """Where the disk with this path is mounted."""
    path = path.resolve()
    return next(part for part in (path, *path.parents) if part.is_mount() or part == part.parent)
