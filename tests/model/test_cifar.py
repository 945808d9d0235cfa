"""CIFAR-10: from a folder of its batches, and from an archive."""

import gzip
import io
import re
import tarfile

import numpy as np
import pytest

from tests.model.downloads import md5_of, redirect
from xnorflow.model.data import cifar
from xnorflow.model.data.datasets import DataError, load

BATCHES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")


@pytest.fixture
def batches(folder, monkeypatch):
    """A folder with a small data set under the name of CIFAR-10: three images to a file."""
    monkeypatch.setattr(cifar, "IMAGES", 3)
    rng = np.random.default_rng(seed=0)
    cifar_10 = folder / "cifar-10-batches-bin"
    cifar_10.mkdir(parents=True)
    for number, file in enumerate(BATCHES):
        records = rng.integers(0, 256, (3, 3073), np.uint8)
        records[:, 0] = number, number + 1, number + 2
        (cifar_10 / file).write_bytes(records.tobytes())
    return cifar_10


@pytest.fixture
def archive(batches, tmp_path, monkeypatch):
    """The only place that CIFAR-10 can come from: an archive with the small one, and with more than that."""
    path = tmp_path / "server" / "cifar-10-binary.tar.gz"
    path.parent.mkdir()
    with tarfile.open(path, "w:gz") as tar:
        tar.add(batches, "cifar-10-batches-bin")
        for name in ("../../outside", "cifar-10-batches-bin/readme.html"):
            tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    redirect(monkeypatch, "cifar-10", mirrors=(f"{path.parent.as_uri()}/",), md5={path.name: md5_of(path)})
    monkeypatch.delenv("XNORFLOW_DATA")
    return path


def test_planes_become_pixels(batches):
    data = load("cifar-10")
    assert (data.train_images.shape, data.test_images.shape) == ((15, 32, 32, 3), (3, 32, 32, 3))
    assert data.train_labels.tolist() == [0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 5, 4, 5, 6]
    assert data.test_labels.tolist() == [5, 6, 7]
    raw = (batches / BATCHES[1]).read_bytes()
    for channel, row, column in [(0, 0, 0), (1, 2, 3), (2, 31, 30)]:
        assert data.train_images[4, row, column, channel] == raw[3073 + 1 + 1024 * channel + 32 * row + column]


def test_an_archive_is_downloaded_once(archive, tmp_path):
    addresses = []
    for _ in range(2):
        assert load("cifar-10", on_download=addresses.append).test_labels.tolist() == [5, 6, 7]
    assert addresses == [archive.as_uri()]
    kept = sorted(path.relative_to(tmp_path / "cache").as_posix() for path in (tmp_path / "cache").rglob("*.*"))
    assert kept == [f"xnorflow/cifar-10-batches-bin/{file}" for file in BATCHES]
    assert not list(tmp_path.rglob("outside"))


def tar_of_folders(*names):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.type = tarfile.DIRTYPE
            tar.addfile(member)
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"<html>", "must be a gzip file, not 6 bytes that begin b'<htm'; "),
        (gzip.compress(b"<html>" * 100), "damaged archive ("),
        (tar_of_folders(), "archive must have the file cifar-10-batches-bin/data_batch_1.bin; "),
        (
            tar_of_folders("cifar-10-batches-bin/data_batch_1.bin"),
            "archive must have the file cifar-10-batches-bin/data_batch_1.bin; ",
        ),
    ],
    # Not the bytes: an archive has its time in it, and each of several workers makes its own.
    ids=["text", "compressed text", "empty", "folder"],
)
def test_a_broken_archive_is_refused(archive, tmp_path, monkeypatch, data, problem):
    archive.write_bytes(data)
    redirect(monkeypatch, "cifar-10", md5={archive.name: md5_of(archive)})
    with pytest.raises(DataError, match=re.escape(f"cifar-10: cannot download {archive.as_uri()}: {problem}")) as error:
        load("cifar-10")
    assert str(error.value).endswith("set XNORFLOW_DATA to a folder that has cifar-10-batches-bin/data_batch_1.bin")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-3073], "CIFAR-10 file must have 9219 bytes, 3 records of 3073, not 6146"),
        (lambda _: b"", "CIFAR-10 file must have 9219 bytes, 3 records of 3073, not 0"),
        (lambda data: data[:3073] + b"\n" + data[3074:], "class of image 1 must be in 0..9, not 10"),
    ],
)
@pytest.mark.parametrize("file", [BATCHES[0], BATCHES[-1]])
def test_a_broken_batch_is_refused(batches, change, message, file):
    path = batches / file
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match=f"^{re.escape(f'{path}: {message}; delete the file and get it again')}$"):
        load("cifar-10")
