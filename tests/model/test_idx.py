"""The IDX format, whole and broken."""

import gzip
import re
import struct

import numpy as np
import pytest

from xnorflow.model.bounded import gunzip
from xnorflow.model.data.idx import parse


def encode(array, kind=8):
    return bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.mark.parametrize("shape", [(), (0,), (5,), (3, 2), (4, 28, 28), (2, 3, 4, 5)])
def test_arrays_come_back(shape):
    array = np.random.default_rng(seed=0).integers(0, 256, shape, np.uint8)
    parsed = parse(encode(array))
    assert parsed.dtype == np.uint8
    assert np.array_equal(parsed, array)
    assert parsed.shape == shape


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "IDX must begin with two zero bytes, a type and a rank, not b''"),
        (b"\0\0\x08", "IDX must begin with two zero bytes, a type and a rank, not b'\\x00\\x00\\x08'"),
        (b"PNG\0\0\0\0\0", "IDX must begin with two zero bytes, a type and a rank, not b'PNG\\x00'"),
        (encode(np.zeros(2), kind=14), "IDX element type must be 8 (unsigned byte), not 14"),
        (b"\0\0\x08\x03\0\0\0\x05", "IDX header must have 16 bytes, not 8"),
        (encode(np.zeros((3, 2), np.uint8))[:-1], "IDX of shape (3, 2) must have 18 bytes, not 17"),
        (encode(np.zeros((3, 2), np.uint8)) + b"x", "IDX of shape (3, 2) must have 18 bytes, not 19"),
        (
            b"\0\0\x08\x02" + b"\xff" * 8,
            "IDX of shape (4294967295, 4294967295) must have 18446744065119617037 bytes, not 12",
        ),
    ],
)
def test_broken_files_are_refused(data, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        parse(data)


def test_gzip_is_undone_and_every_truncation_refused():
    data = gzip.compress(bytes(range(256)), mtime=0)
    assert gunzip(data, largest=256) == bytes(range(256))
    for length in range(2, len(data)):
        with pytest.raises(ValueError, match=rf"^gzip file cut off after {length} bytes$"):
            gunzip(data[:length], largest=1000)


@pytest.mark.parametrize("data", [b"<html>", b"\x1f", b""])
def test_what_is_no_gzip_is_refused(data):
    message = f"must be a gzip file, not {len(data)} bytes that begin {data[:4]!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        gunzip(data, largest=1000)


@pytest.mark.parametrize("position", [2, 12, -5])
def test_damaged_contents_are_refused(position):
    data = bytearray(gzip.compress(bytes(1000), mtime=0))
    data[position] ^= 0xFF
    with pytest.raises(ValueError, match=r"^damaged gzip file \(.*\)$"):
        gunzip(bytes(data), largest=1000)
