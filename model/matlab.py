"""MATLAB 5 files, as far as arrays of numbers need it, compressed or not.

A header of 128 bytes, then elements: a type and a length, 32 bits each, then the contents. A compressed element holds
another one. An array is an element that holds four: flags, dimensions, name and numbers, first dimension innermost;
each of these is padded to 8 bytes, and has a shorter form where it is of 4 bytes or less.

scipy's reader knows all of the format, but one wrong byte in a file can make it crash the process.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["parse"]

_MAGIC = b"MATLAB 5.0 MAT-file"
_HEADER = 128
_ORDERS = {b"IM": "<", b"MI": ">"}

_MATRIX = 14
_COMPRESSED = 15
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}


def parse(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of real numbers in a file, by name, and of text as numbers; what else it has is left out.

    Raises
    ------
    ValueError
        When it is no MATLAB 5 file, or is cut off or damaged; the message lacks only the file's name.
    """
    order = _ORDERS.get(data[_HEADER - 2 : _HEADER])
    if not data.startswith(_MAGIC) or order is None:
        raise ValueError(f"must be a MATLAB 5 file, not {len(data)} bytes that begin {data[:4]!r}")
    arrays: dict[str, NDArray[Any]] = {}
    for kind, contents in _elements(memoryview(data)[_HEADER:], order, padding=1):
        inner = _decompress(contents, order) if kind == _COMPRESSED else [(kind, contents)]
        arrays |= dict(array for kind, contents in inner if kind == _MATRIX for array in _array(contents, order))
    return arrays


def _elements(data: memoryview, order: str, *, padding: int) -> Iterator[tuple[int, memoryview]]:
    """Type and contents of each element in a row of them."""
    at = 0
    while at < len(data):
        if len(data) - at < 8:
            raise ValueError(f"MATLAB 5 file cut off, an element has {len(data) - at} of 8 bytes")
        kind, length = struct.unpack_from(f"{order}2I", data, at)
        start, behind = at + 8, at + 8 + -(-length // padding) * padding
        if kind >> 16:
            # The shorter form: length and type share 32 bits, and up to 4 bytes of contents follow at once.
            kind, length, start, behind = kind & 0xFFFF, min(kind >> 16, 4), at + 4, at + 8
        if start + length > len(data):
            raise ValueError(f"MATLAB 5 file cut off, an element has {len(data) - start} of {length} bytes")
        yield kind, data[start : start + length]
        at = behind


def _decompress(data: memoryview, order: str) -> Iterator[tuple[int, memoryview]]:
    try:
        return _elements(memoryview(zlib.decompress(data)), order, padding=1)
    except zlib.error as error:
        raise ValueError(f"damaged MATLAB 5 file ({error})") from None


def _array(data: memoryview, order: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """Name and numbers of an array, if it is one of real numbers."""
    parts = list(_elements(data, order, padding=8))
    if len(parts) != 4 or parts[3][0] not in _NUMBERS:
        return
    _, (_, dimensions), (_, name), (kind, numbers) = parts
    shape = tuple(length for (length,) in struct.iter_unpack(f"{order}I", dimensions[: len(dimensions) & ~3]))
    values = np.dtype(order + _NUMBERS[kind])
    if math.prod(shape) * values.itemsize != len(numbers):
        raise ValueError(f"damaged MATLAB 5 file (array of shape {shape} has {len(numbers)} bytes of {values.name})")
    yield bytes(name).decode("latin-1"), np.frombuffer(numbers, values).reshape(shape, order="F")
