"""MATLAB files: what scipy writes is read, either byte order too, and damage gives ValueError, never a crash."""

import contextlib
import io
import struct

import numpy as np
import pytest
from scipy.io import savemat

from xnorflow.model.data import matlab


def saved(arrays, *, compressed=False):
    data = io.BytesIO()
    savemat(data, arrays, do_compression=compressed)
    return data.getvalue()


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8", "i8", "u8"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (2, 3), (4, 3, 2, 5)])
def test_reads_what_scipy_writes(compressed, kind, shape):
    array = np.random.default_rng(seed=0).integers(0, 100, shape).astype(kind)
    found = matlab.parse(saved({"a": array, "longer_name": array + 1}, compressed=compressed))
    assert list(found) == ["a", "longer_name"]
    assert found["a"].dtype == array.dtype
    assert np.array_equal(found["a"], array)
    assert np.array_equal(found["longer_name"], array + 1)


@pytest.mark.parametrize("compressed", [False, True])
def test_leaves_out_what_is_no_array_of_numbers(compressed):
    others = {"cell": np.array([1, "a"], object), "struct": {"a": 1, "b": np.eye(3)}, "complex": 1j * np.ones(3)}
    assert list(matlab.parse(saved(others | {"x": np.eye(2)}, compressed=compressed))) == ["x"]


def test_reads_the_other_byte_order():
    def element(kind, contents):
        return struct.pack(">2I", kind, len(contents)) + contents + bytes(-len(contents) % 8)

    array = element(6, struct.pack(">2I", 11, 0)) + element(5, struct.pack(">2i", 2, 1))
    array += struct.pack(">2H4s", 1, 1, b"y") + element(4, struct.pack(">2H", 3, 500))
    header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\1\0MI"
    assert matlab.parse(header + element(14, array))["y"].tolist() == [[3], [500]]


@pytest.mark.parametrize("compressed", [False, True])
def test_a_cut_is_noticed(compressed):
    data = saved({"x": np.arange(40)}, compressed=compressed)
    for length in range(129, len(data)):
        with pytest.raises(ValueError, match=r"^MATLAB 5 file cut off, an element has \d+ of \d+ bytes$"):
            matlab.parse(data[:length])


@pytest.mark.parametrize("compressed", [False, True])
def test_any_wrong_byte_is_survived(compressed):
    data = saved({"x": np.arange(4, dtype=np.uint8)}, compressed=compressed)
    for position in range(len(data)):
        for value in (0, 1, 127, 170, 255):
            # Some are noticed and some make another array: no other error, and no crash.
            with contextlib.suppress(ValueError):
                matlab.parse(data[:position] + bytes([value]) + data[position + 1 :])
