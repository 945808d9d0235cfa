"""Arrays from files that anybody may have made: ``.npy`` and ``.npz`` within limits, nothing unpickled.

What a header claims is compared with what the file has before memory is taken, and what is packed is unpacked in
pieces, never further than it may go.
"""

import contextlib
import io
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from .paths import StrPath
from .sources import DataError

__all__ = ["LIMIT", "read_npy", "read_npz"]

LIMIT = 1 << 31
"""Bytes that one array may have."""

ALWAYS = 1 << 28
"""Bytes that an archive of any size may unpack to."""

RATIO = 100
"""Beyond :data:`ALWAYS`, how many times its size; images pack to a tenth or so, bombs to a thousandth."""

_HEAD = 1 << 16
"""Bytes in which the header must end; numpy's own limit is 10,000 characters."""

_PIECE = 1 << 20

_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}

_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What numpy writes. Other methods may ask for gigabytes before they give a byte."""


def read_npy(path: StrPath) -> NDArray[Any]:
    """The array in a ``.npy`` file: numbers or text, of any shape.

    Raises
    ------
    DataError
        When the file is missing, is no such file, is not whole, holds Python objects, or is larger than
        :data:`LIMIT`.
    """
    path = Path(path)
    with _told(path, ".npy file"), path.open("rb") as file:
        return _parse(file, path.stat().st_size)


def read_npz(path: StrPath, *, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, NDArray[Any]]:
    """Some of the arrays in a ``.npz`` file, by name; the others are not looked at.

    Raises
    ------
    DataError
        As for :func:`read_npy`, and when a required array is missing, or the file unpacks to more than
        :data:`ALWAYS` and :data:`RATIO` times its size.
    """
    path = Path(path)
    allowed = max(ALWAYS, RATIO * path.stat().st_size) if path.is_file() else 0
    with _told(path, ".npz file"), zipfile.ZipFile(path) as archive:
        there = {name for name in (*required, *optional) if f"{name}.npy" in archive.NameToInfo}
        if missing := [name for name in required if name not in there]:
            raise ValueError(f"must hold the arrays {' and '.join(required)}, but has no {missing[0]}")
        arrays = {}
        for name in sorted(there):
            arrays[name] = _member(archive, f"{name}.npy", allowed)
            allowed -= arrays[name].nbytes
        return arrays


def _member(archive: zipfile.ZipFile, name: str, allowed: int) -> NDArray[Any]:
    """An array in an archive, which may have this many bytes."""
    info = archive.getinfo(name)
    if info.compress_type not in _PACKED or info.flag_bits & 1:
        raise ValueError(f"{name} must be stored or deflated, and not encrypted")
    if info.file_size > allowed:
        raise ValueError(f"{name} claims {info.file_size:,} bytes, more than the {allowed:,} that such a file may have")
    with archive.open(info) as member:
        array = _parse(member, info.file_size)
        # The check sum is compared at the very end.
        member.read(1)
    return array


def _parse(file: IO[bytes], size: int) -> NDArray[Any]:
    """The array in an open file of this many bytes."""
    head = io.BytesIO(file.read(_HEAD))
    shape, fortran, dtype = _header(head)
    claimed, held = math.prod(shape) * dtype.itemsize, size - head.tell()
    if claimed != held:
        raise ValueError(f"its header claims {claimed:,} bytes of numbers, but there are {held:,}")
    if claimed > LIMIT:
        raise ValueError(f"must have {LIMIT:,} bytes or less, not {claimed:,}")
    data = bytearray(head.read())
    while len(data) < claimed and (piece := file.read(min(_PIECE, claimed - len(data)))):
        data += piece
    if len(data) != claimed:
        raise ValueError(f"cut off after {len(data):,} of {claimed:,} bytes of numbers")
    array = np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
    return np.asarray(array, dtype.newbyteorder("="), order="C")


def _header(head: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether the first axis is innermost, and type, as the file claims them."""
    version = npy.read_magic(head)
    if version not in _READERS:
        raise ValueError(f"format version must be 1.0 or 2.0, not {'.'.join(map(str, version))}")
    shape, fortran, dtype = _READERS[version](head)
    if dtype.hasobject:
        raise ValueError("holds Python objects, which are not read; save it as numbers or text")
    if dtype.kind not in "biufU" or not dtype.itemsize:
        raise ValueError(f"must hold numbers or text, not {dtype.str!r}")
    if min(shape, default=0) < 0:
        raise ValueError(f"shape must not be negative, but is {shape}")
    return shape, fortran, dtype


@contextlib.contextmanager
def _told(path: Path, kind: str) -> Iterator[None]:
    """Make one line of whatever goes wrong with a file."""
    if not path.is_file():
        raise DataError(f"{path}: no such {kind}")
    try:
        yield
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from None
    # numpy evaluates a header as a literal, zipfile follows a directory of offsets: what broken ones make of that may
    # be any error.
    except Exception as error:
        raise DataError(f"{path}: not a {kind} that can be used: {_brief(error)}") from None


def _brief(error: Exception) -> str:
    """The beginning of a message, which may quote from the file."""
    text = " ".join(str(error.args[0] if error.args else type(error).__name__).split())
    return "".join(char if char.isprintable() else "?" for char in text)[:160]
