"""Files of a few megabytes that would unpack to gigabytes: one line, in bounded memory, whichever set they pose as."""

import io
import os
import re
import struct
import subprocess
import sys
import tarfile
import textwrap
import zlib

import numpy as np
import pytest
from scipy.io import savemat

from tests.model.downloads import md5_of, redirect
from xnorflow.model.bounded import gunzip, inflate, parse_json
from xnorflow.model.data import matlab
from xnorflow.model.data.datasets import DataError, load
from xnorflow.model.data.idx import parse, parse_compressed

MEBIBYTE = bytes(1 << 20)
ROOM = 700 << 20
"""Bytes that the process which reads a bomb may take, beside what it has when it begins."""


def bomb(mebibytes, *, gzip, begin=b""):
    """Zeros behind a beginning, compressed a thousand times; not closed with their check sum, which nobody gets to."""
    stream = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS + (16 if gzip else 0))
    head = stream.compress(begin) + stream.flush(zlib.Z_FULL_FLUSH)
    # After a full flush the same zeros become the same bytes.
    return head + mebibytes * (stream.compress(MEBIBYTE) + stream.flush(zlib.Z_FULL_FLUSH))


def matlab_bomb(mebibytes):
    contents = bomb(mebibytes, gzip=False, begin=struct.pack("<2I", 14, mebibytes << 20))
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + struct.pack("<2I", 15, len(contents)) + contents


def refusal_within_bounds(call, *, path):
    """What a call on the bytes of a file complains of, in a process that may take no more than the room."""
    program = f"""
        import resource, sys
        from pathlib import Path
        from xnorflow.model.data import matlab, sources
        from xnorflow.model.data.idx import parse_compressed
        data = Path(sys.argv[1]).read_bytes()
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + {ROOM}
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
        try:
            {call}
        except ValueError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), path],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.removesuffix("\n")


@pytest.mark.parametrize(
    ("data", "call", "message"),
    [
        (bomb(4096, gzip=True), "parse_compressed(data)", "gzip file must hold at most 67108864 bytes, not more"),
        (matlab_bomb(4000), "matlab.parse(data)", "MATLAB 5 file must hold at most 268435456 bytes, not more"),
        (
            bomb(4096, gzip=True),
            "from xnorflow.model.data.datasets import SOURCES; sources._unpack(data, SOURCES['cifar-10'])",
            "gzip file must hold at most 268435456 bytes, not more",
        ),
    ],
    ids=["idx", "matlab", "tar"],
)
def test_a_bomb_is_refused_in_bounded_memory(data, call, message, tmp_path):
    assert len(data) < 6 << 20
    path = tmp_path / "bomb"
    path.write_bytes(data)
    assert refusal_within_bounds(call, path=path) == message


def test_the_checksum_comes_first_where_it_is_known(folder, monkeypatch):
    path = folder / "mnist" / "train-images-idx3-ubyte.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(bomb(2, gzip=True))
    monkeypatch.setattr("xnorflow.model.data.idx.gunzip", pytest.fail)
    message = rf"^{re.escape(str(path))}: MD5 must be f68b3c2dcbeaaa9fbdd348bbdeb94873, not \w{{32}}; delete the file "
    with pytest.raises(DataError, match=message):
        load("mnist")


@pytest.mark.parametrize("name", ["mnist", "svhn", "cifar-10"])
def test_a_file_that_is_too_long_is_not_read(name, folder):
    file = {
        "mnist": "mnist/train-images-idx3-ubyte.gz",
        "svhn": "svhn/train_32x32.mat",
        "cifar-10": "cifar-10-batches-bin/data_batch_1.bin",
    }[name]
    path = folder / file
    path.parent.mkdir(parents=True)
    with path.open("wb") as empty:
        empty.truncate(1 << 40)
    message = f"{path}: must have at most 268435456 bytes, not 1099511627776; delete the file and get it again"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load(name)


def test_a_download_that_is_too_long_is_broken_off(folder, monkeypatch):
    svhn = folder / "svhn"
    svhn.mkdir(parents=True)
    (svhn / "train_32x32.mat").write_bytes(bytes(101))
    redirect(monkeypatch, "svhn", mirrors=(f"{svhn.as_uri()}/",), largest=100)
    monkeypatch.delenv("XNORFLOW_DATA")
    with pytest.raises(DataError, match=r"train_32x32.mat: must have at most 100 bytes, not more; connect to "):
        load("svhn")


def sparse(path):
    """An archive with a file of which 1 TiB is a hole."""
    member = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
    member.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[386:398] = b"%011o\0" % 0
    header[398:410] = b"%011o\0" % 0
    header[483:495] = tarfile.itn(1 << 40, 12, tarfile.GNU_FORMAT)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    path.write_bytes(gzipped(bytes(header) + bytes(10_240)))


def nested(path):
    """An archive of headers that each say the next has a longer name."""
    member = tarfile.TarInfo("././@LongLink")
    member.type, member.size = tarfile.GNUTYPE_LONGNAME, 2
    path.write_bytes(gzipped(5000 * (member.tobuf(tarfile.GNU_FORMAT) + b"x".ljust(512, b"\0"))))


def gzipped(data):
    stream = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS + 16)
    return stream.compress(data) + stream.flush()


@pytest.mark.parametrize(
    ("write", "problem"),
    [
        (sparse, "archive must have the file cifar-10-batches-bin/data_batch_1.bin; "),
        (nested, "damaged archive (maximum recursion depth exceeded"),
    ],
)
def test_a_hostile_archive_is_refused(write, problem, folder, monkeypatch):
    path = folder / "cifar-10-binary.tar.gz"
    folder.mkdir(parents=True)
    write(path)
    redirect(monkeypatch, "cifar-10", mirrors=(f"{folder.as_uri()}/",), md5={path.name: md5_of(path)})
    monkeypatch.delenv("XNORFLOW_DATA")
    with pytest.raises(DataError, match=re.escape(f"cifar-10: cannot download {path.as_uri()}: {problem}")) as error:
        load("cifar-10")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gunzip(gzipped(bytes(9)), largest=8), "gzip file must hold at most 8 bytes, not more"),
        (lambda: gunzip(gzipped(b"a") + gzipped(b"b"), largest=8), "damaged gzip file (21 bytes behind its end)"),
        (lambda: inflate(zlib.compress(bytes(9)), largest=8, what="x"), "x must hold at most 8 bytes, not more"),
        (lambda: inflate(zlib.compress(bytes(9))[:-1], largest=9, what="x"), "x cut off after 10 bytes"),
        (lambda: parse(b"\0\0\x08\xff" + 255 * b"\0\0\0\1" + b"x"), "IDX must have at most 8 dimensions, not 255"),
        (lambda: parse_compressed(gzipped(bytes(4))), "IDX element type must be 8 (unsigned byte), not 0"),
        (lambda: parse_json(" " * ((1 << 20) + 1)), "JSON must have at most 1048576 characters, not 1048577"),
        (lambda: parse_json("[" * 100_000), "not JSON, or nested too deeply"),
        (lambda: parse_json("nix"), "not JSON (Expecting value: line 1 column 1 (char 0))"),
    ],
)
def test_what_exceeds_its_bounds_is_refused(call, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call()


def test_what_is_just_within_bounds_is_taken():
    assert gunzip(gzipped(bytes(8)) + bytes(100), largest=8) == bytes(8)
    assert inflate(zlib.compress(bytes(8)), largest=8, what="x") == bytes(8)
    assert parse_json("[]" + " " * ((1 << 20) - 2)) == []


def matrix(*parts):
    contents = b"".join(struct.pack("<2I", kind, len(data)) + data + bytes(-len(data) % 8) for kind, data in parts)
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + struct.pack("<2I", 14, len(contents)) + contents


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            matrix((6, bytes(8)), (5, 9 * b"\1\0\0\0"), (1, b"x"), (2, b"x")),
            "damaged MATLAB 5 file (an array of 9 dimensions, with a name of 1 bytes)",
        ),
        (
            matrix((6, bytes(8)), (5, 2 * b"\1\0\0\0"), (1, b"x" * 64), (2, b"x")),
            "damaged MATLAB 5 file (an array of 2 dimensions, with a name of 64 bytes)",
        ),
        (
            matrix((6, bytes(8)), (5, 2 * b"\xff\xff\xff\x7f"), (1, b"x"), (2, b"x")),
            "damaged MATLAB 5 file (array of shape (2147483647, 2147483647) has 1 bytes of uint8)",
        ),
        (
            b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + bytes(8 * 1025),
            "MATLAB 5 file must have at most 1024 elements, not more",
        ),
    ],
)
def test_a_hostile_matlab_file_is_refused(data, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        matlab.parse(data)


def test_all_elements_of_a_matlab_file_share_its_bounds():
    data = io.BytesIO()
    savemat(data, {"x": np.zeros((100, 10), np.uint8), "y": np.zeros((100, 10), np.uint8)}, do_compression=True)
    assert list(matlab.parse(data.getvalue(), largest=2200)) == ["x", "y"]
    with pytest.raises(ValueError, match=r"^MATLAB 5 file must hold at most \d+ bytes, not more$"):
        matlab.parse(data.getvalue(), largest=2000)
