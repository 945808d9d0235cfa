"""The file of weights that SPRAM is filled from: words of 16 bits, lower byte first, and a check sum."""

import zlib
from collections.abc import Sequence

import numpy as np

__all__ = ["CHECK_BYTES", "pack_weights"]

CHECK_BYTES = 4


def pack_weights(words: Sequence[int], *, network: bytes) -> bytes:
    """The words, then the CRC-32 of ``network``, which is not in the file, and of them, lowest byte first."""
    data = np.array(words, "<u2").tobytes()
    return data + zlib.crc32(data, zlib.crc32(network)).to_bytes(CHECK_BYTES, "little")
