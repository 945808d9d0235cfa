"""The only place that converts between values and bits, and that knows their order.

A value of +1 is the bit 1, a value of -1 is the bit 0. Element 0 of a vector is bit 0 of its word.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["BitArray", "binarize", "bipolar", "pack", "pack_bytes", "pack_rows", "pack_words", "unpack", "unpack_bytes"]

BitArray = NDArray[np.uint8]


def binarize(values: ArrayLike) -> BitArray:
    """Sign of each value as a bit; sign(0) is +1.

    >>> binarize([-3, 0, 2]).tolist()
    [0, 1, 1]
    """
    return (np.asarray(values) >= 0).astype(np.uint8)


def bipolar(bits: BitArray) -> NDArray[np.int8]:
    """Value, +1 or -1, of each bit.

    >>> bipolar(np.array([0, 1], np.uint8)).tolist()
    [-1, 1]
    """
    return (2 * bits.astype(np.int8) - 1).astype(np.int8)


def pack(bits: Iterable[int]) -> int:
    """Word with element 0 in bit 0.

    >>> bin(pack([1, 0, 1, 1]))
    '0b1101'
    """
    return sum(int(bit) << index for index, bit in enumerate(bits))


def unpack(word: int, count: int) -> BitArray:
    """The ``count`` lowest bits of a word, element 0 first.

    >>> unpack(0b1101, 4).tolist()
    [1, 0, 1, 1]
    """
    return np.array([word >> index & 1 for index in range(count)], np.uint8)


def pack_rows(rows: BitArray) -> list[int]:
    """One word for each row of a 2-d array of bits."""
    return [int.from_bytes(row.tobytes(), "little") for row in pack_bytes(rows)]


def pack_bytes(bits: BitArray) -> BitArray:
    """Bits along the last axis into bytes, bit 0 of byte 0 first; the last byte is filled up with zeros."""
    return np.packbits(bits, axis=-1, bitorder="little")


def pack_words(bits: BitArray) -> NDArray[np.uint64]:
    """Bits along the last axis into words of 64 bits, for :func:`~.packed.apply`; zeros fill up the last one.

    Which bit of a word an element is depends on the machine, and is the same for all.
    """
    *shape, size = bits.shape
    if size % 64:
        filled = np.zeros((*shape, -(-size // 64) * 8), np.uint8)
        filled[..., : -(-size // 8)] = pack_bytes(bits)
        return filled.view(np.uint64)
    # One row: that is packed faster than many short ones.
    return pack_bytes(bits.reshape(-1)).view(np.uint64).reshape(*shape, size // 64)


def unpack_bytes(data: BitArray, count: int) -> BitArray:
    """The first ``count`` bits along the last axis of packed bytes: the inverse of :func:`pack_bytes`."""
    return np.unpackbits(data, axis=-1, count=count, bitorder="little")
