"""The IDX format that MNIST and its relatives come in: unsigned bytes of any number of dimensions, inside gzip.

Four bytes of header (two zeros, the element type, the number of dimensions), each dimension as a big-endian 32-bit
number, then the elements, last dimension innermost.
"""

import gzip
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["decompress", "parse", "parse_compressed"]

_GZIP = b"\x1f\x8b"
_UNSIGNED_BYTE = 8


def decompress(data: bytes) -> bytes:
    """Contents of a gzip file; ValueError, with a message that lacks only the file's name, when they are not whole."""
    if data[:2] != _GZIP:
        raise ValueError(f"must be a gzip file, not {len(data)} bytes that begin {data[:4]!r}")
    try:
        return gzip.decompress(data)
    except EOFError:
        raise ValueError(f"gzip file cut off after {len(data)} bytes") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"damaged gzip file ({error})") from None


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
    start = 4 + 4 * rank
    if len(data) < start:
        raise ValueError(f"IDX header must have {start} bytes, not {len(data)}")
    shape = struct.unpack(f">{rank}I", data[4:start])
    expected = start + int(np.prod(np.array(shape, object)))
    if len(data) != expected:
        raise ValueError(f"IDX of shape {shape} must have {expected} bytes, not {len(data)}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def parse_compressed(data: bytes) -> tuple[NDArray[np.uint8]]:
    """The only array in a compressed IDX file; ValueError as of :func:`decompress` and :func:`parse`."""
    return (parse(decompress(data)),)
