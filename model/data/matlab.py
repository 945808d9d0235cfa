"""MATLAB 5 files, as far as arrays of numbers need it, compressed or not.

A header of 128 bytes, then elements: a type and a length, 32 bits each, then the contents. A compressed element holds
another one. An array is an element that holds four: flags, dimensions, name and numbers, first dimension innermost;
each of these is padded to 8 bytes, and has a shorter form where it is of 4 bytes or less.

scipy's reader knows all of the format, but one wrong byte in a file can make it crash the process.
"""

import itertools
import math
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bounded import inflate

__all__ = ["LARGEST", "parse"]

_MAGIC = b"MATLAB 5.0 MAT-file"
_HEADER = 128
_ORDERS = {b"IM": "<", b"MI": ">"}

_MATRIX = 14
_COMPRESSED = 15
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}


LARGEST = 1 << 28
"""Bytes that a file's compressed elements may hold in all: SVHN's 73,257 images of training are 225,045,504."""

_LARGEST_FILE = 1 << 10
_LARGEST_RANK = 8
_LARGEST_NAME = 63
"""Elements of a file, dimensions of an array, characters of a name, of which MATLAB takes no more."""


def parse(data: bytes, *, largest: int = LARGEST) -> dict[str, NDArray[Any]]:
    """The arrays of real numbers in a file, by name, and of text as numbers; what else it has is left out.

    Raises
    ------
    ValueError
        When it is no MATLAB 5 file, is cut off or damaged, or holds more than ``largest`` bytes; the message lacks
        only the file's name.
    """
    order = _ORDERS.get(data[_HEADER - 2 : _HEADER])
    if not data.startswith(_MAGIC) or order is None:
        raise ValueError(f"must be a MATLAB 5 file, not {len(data)} bytes that begin {data[:4]!r}")
    arrays: dict[str, NDArray[Any]] = {}
    left = largest
    for number, (kind, contents) in enumerate(_elements(memoryview(data)[_HEADER:], order, padding=1)):
        if number == _LARGEST_FILE:
            raise ValueError(f"MATLAB 5 file must have at most {_LARGEST_FILE} elements, not more")
        inner = [(kind, contents)]
        if kind == _COMPRESSED:
            unpacked = inflate(contents, largest=left, what="MATLAB 5 file")
            left -= len(unpacked)
            # A compressed element holds a single one.
            inner = list(itertools.islice(_elements(memoryview(unpacked), order, padding=1), 1))
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


def _array(data: memoryview, order: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """Name and numbers of an array, if it is one of real numbers."""
    parts = list(itertools.islice(_elements(data, order, padding=8), 5))
    if len(parts) != 4 or parts[3][0] not in _NUMBERS:
        return
    _, (_, dimensions), (_, name), (kind, numbers) = parts
    if len(dimensions) > 4 * _LARGEST_RANK or len(name) > _LARGEST_NAME:
        raise ValueError(
            f"damaged MATLAB 5 file (an array of {len(dimensions) // 4} dimensions, with a name of {len(name)} bytes)"
        )
    shape = tuple(length for (length,) in struct.iter_unpack(f"{order}I", dimensions[: len(dimensions) & ~3]))
    values = np.dtype(order + _NUMBERS[kind])
    if math.prod(shape) * values.itemsize != len(numbers):
        raise ValueError(f"damaged MATLAB 5 file (array of shape {shape} has {len(numbers)} bytes of {values.name})")
    yield bytes(name).decode("latin-1"), np.frombuffer(numbers, values).reshape(shape, order="F")
