"""The IDX format that MNIST and its relatives come in: unsigned bytes of any number of dimensions, inside gzip.

Four bytes of header (two zeros, the element type, the number of dimensions), each dimension as a big-endian 32-bit
number, then the elements, last dimension innermost.
"""

import math
import struct

import numpy as np
from numpy.typing import NDArray

from ..bounded import gunzip

__all__ = ["LARGEST", "parse", "parse_compressed"]

LARGEST = 1 << 26
"""Bytes that a compressed file may hold: MNIST's 60,000 images of training are 47,040,016."""

_UNSIGNED_BYTE = 8

_LARGEST_RANK = 8
"""Dimensions: images have three, classes one."""


def parse(data: bytes) -> NDArray[np.uint8]:
    """The array in an IDX file.

    >>> parse(bytes([0, 0, 8, 1, 0, 0, 0, 2, 5, 7])).tolist()
    [5, 7]

    Raises
    ------
    ValueError
        When it is not IDX, not of unsigned bytes, or its length is not what its dimensions say; the message lacks
        only the file's name.
    """
    if len(data) < 4 or data[:2] != b"\0\0":
        raise ValueError(f"IDX must begin with two zero bytes, a type and a rank, not {data[:4]!r}")
    kind, rank = data[2], data[3]
    if kind != _UNSIGNED_BYTE:
        raise ValueError(f"IDX element type must be {_UNSIGNED_BYTE} (unsigned byte), not {kind}")
    if rank > _LARGEST_RANK:
        raise ValueError(f"IDX must have at most {_LARGEST_RANK} dimensions, not {rank}")
    start = 4 + 4 * rank
    if len(data) < start:
        raise ValueError(f"IDX header must have {start} bytes, not {len(data)}")
    shape = struct.unpack(f">{rank}I", data[4:start])
    expected = start + math.prod(shape)
    if len(data) != expected:
        raise ValueError(f"IDX of shape {shape} must have {expected} bytes, not {len(data)}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def parse_compressed(data: bytes, *, largest: int = LARGEST) -> tuple[NDArray[np.uint8]]:
    """The only array in a compressed IDX file.

    Raises
    ------
    ValueError
        When the file holds more than ``largest`` bytes, of which no more are made, is not whole, or is none that
        :func:`parse` takes; the message lacks only the file's name.
    """
    return (parse(gunzip(data, largest=largest)),)
