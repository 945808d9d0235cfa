"""Arrays in files: what numpy writes is read, and what claims more than it has is refused before memory is taken."""

import contextlib
import io
import re
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from xnorflow.model import npy
from xnorflow.model.npy import read_npy, read_npz
from xnorflow.model.sources import DataError

IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def header(text, version=1):
    """A header of these words, as the format has it."""
    words = text.encode() if isinstance(text, str) else text
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(words)) + words


def claim(shape, kind="|u1"):
    return header(f"{{'descr': {kind!r}, 'fortran_order': False, 'shape': {shape}, }}\n")


def packed(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize(
    "array",
    [
        IMAGES,
        np.asfortranarray(IMAGES),
        np.arange(3, dtype=">i4"),
        np.array(["a", "longer"]),
        np.array(7),
        np.zeros((0, 3)),
        np.zeros((300, 300)),
    ],
    ids=str,
)
def test_reads_what_numpy_writes(array, tmp_path):
    np.save(tmp_path / "x.npy", array)
    np.savez(tmp_path / "plain.npz", a=array, b=IMAGES)
    np.savez_compressed(tmp_path / "small.npz", a=array)
    found = [
        read_npy(tmp_path / "x.npy"),
        *(read_npz(tmp_path / f"{name}.npz", required=("a",), optional=("c",))["a"] for name in ("plain", "small")),
    ]
    for one in found:
        assert (one.shape, one.dtype) == (array.shape, array.dtype.newbyteorder("="))
        assert one.flags.c_contiguous
        assert (one == array).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (claim("(8589934592,)") + b"abc", "its header claims 8,589,934,592 bytes of numbers, but there are 3"),
        (claim(f"({2**62}, {2**62})"), f"its header claims {2**124:,} bytes of numbers, but there are 0"),
        (claim("(2, -3, -4)") + bytes(24), "shape must not be negative, but is (2, -3, -4)"),
        (claim("(2, 3)") + bytes(7), "its header claims 6 bytes of numbers, but there are 7"),
        (claim("(8589934592,)", "<U0"), "must hold numbers or text, not '<U0'"),
        (claim("(1,)", "|V8") + bytes(8), "must hold numbers or text, not '|V8'"),
        (claim("(1,)", "|O") + bytes(8), "holds Python objects, which are not read; save it as numbers or text"),
        (claim("3"), None),
        # numpy's own words, which change.
        (header("{"), None),
        (header("(" * 90), None),
        (header(b"\xff\xfe"), None),
        (header("{}"), None),
        (header(" " * 65000), None),
        (header("{}", version=3), "format version must be 1.0 or 2.0, not 3.0"),
        (header("{}", version=2)[:12] + b"\xff\xff\xff\xff", None),
        (b"", None),
        (b"nix, and not an array", None),
        (packed(IMAGES)[:-1], "its header claims 24 bytes of numbers, but there are 23"),
    ],
)
def test_broken_arrays_are_told_in_one_line_before_memory_is_taken(content, message, tmp_path):
    path = tmp_path / "x.npy"
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(DataError, match=rf"^{re.escape(str(path))}: not a \.npy file that can be used: .+$") as told:
        read_npy(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20
    assert "\n" not in str(told.value)
    if message is not None:
        assert str(told.value).partition("used: ")[2] == message


def archive(path, members, *, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)


def refused(path):
    """The one line about an archive, and how much memory was taken for it."""
    tracemalloc.start()
    with pytest.raises(DataError, match=rf"^{re.escape(str(path))}: not a \.npz file that can be used: ") as told:
        read_npz(path, required=("a", "b"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "\n" not in str(told.value)
    return str(told.value).partition("used: ")[2], peak


@pytest.mark.parametrize(
    ("members", "method", "message"),
    [
        ({"a": packed(IMAGES)}, 8, "must hold the arrays a and b, but has no b"),
        (
            {"a": claim("(8589934592,)"), "b": packed(IMAGES)},
            8,
            "its header claims 8,589,934,592 bytes of numbers, but there are 0",
        ),
        ({"a": packed(IMAGES)[:-1], "b": b""}, 8, "its header claims 24 bytes of numbers, but there are 23"),
        (
            {"a": packed(np.array([None])), "b": b""},
            8,
            "holds Python objects, which are not read; save it as numbers or text",
        ),
        (
            {"a": packed(IMAGES), "b": packed(IMAGES)},
            zipfile.ZIP_LZMA,
            "a.npy must be stored or deflated, and not encrypted",
        ),
    ],
)
def test_broken_members_are_told_in_one_line(members, method, message, tmp_path):
    archive(tmp_path / "x.npz", members, method=method)
    told, peak = refused(tmp_path / "x.npz")
    assert told == message
    assert peak < 1 << 20


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(npy, "ALWAYS", 1 << 20)
    size = 1 << 24
    archive(tmp_path / "x.npz", {"a": claim(f"({size},)") + bytes(size), "b": packed(IMAGES)})
    assert (tmp_path / "x.npz").stat().st_size * npy.RATIO < size * 2
    told, peak = refused(tmp_path / "x.npz")
    assert re.match(r"^a\.npy claims 16,777,\d+ bytes, more than the [\d,]+ that such a file may have$", told)
    assert peak < 1 << 20


def test_many_arrays_share_what_a_file_may_have(tmp_path, monkeypatch):
    monkeypatch.setattr(npy, "ALWAYS", 5000)
    monkeypatch.setattr(npy, "RATIO", 1)
    part = claim("(3000,)") + bytes(3000)
    archive(tmp_path / "x.npz", {"a": part, "b": part})
    assert (
        refused(tmp_path / "x.npz")[0]
        == f"b.npy claims {len(part):,} bytes, more than the 2,000 that such a file may have"
    )


@pytest.mark.parametrize("real", [1000, 3_000_000])
def test_a_size_that_the_directory_makes_up_is_found(real, tmp_path):
    """The directory and the array's header say one size, the packed data has another."""
    path = tmp_path / "x.npz"
    archive(path, {"a": claim("(2000,)") + bytes(real), "b": packed(IMAGES)})
    size, told = len(claim("(2000,)")) + real, len(claim("(2000,)")) + 2000
    data = path.read_bytes()
    assert data.count(struct.pack("<I", size)) == 2
    path.write_bytes(data.replace(struct.pack("<I", size), struct.pack("<I", told)))
    message, peak = refused(path)
    assert message == {1000: "cut off after 1,000 of 2,000 bytes of numbers"}.get(real, "Bad CRC-32 for file 'a.npy'")
    assert peak < 1 << 21


def test_every_broken_byte_of_an_archive_is_one_line_or_harmless(tmp_path):
    path, images = tmp_path / "x.npz", IMAGES
    archive(path, {"a": packed(images), "b": packed(images)})
    data = path.read_bytes()
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
        with contextlib.suppress(DataError):
            found = read_npz(path, required=("a", "b"))
            assert all((array == images).all() for array in found.values())
        path.write_bytes(data[:place])
        with pytest.raises(DataError, match=r"^[^\n]+$"):
            read_npz(path, required=("a", "b"))


def test_missing_files_are_told(tmp_path):
    with pytest.raises(DataError, match=rf"^{tmp_path}/x\.npy: no such \.npy file$"):
        read_npy(tmp_path / "x.npy")
    with pytest.raises(DataError, match=rf"^{tmp_path}: no such \.npz file$"):
        read_npz(tmp_path, required=("a",))
