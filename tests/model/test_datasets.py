"""Data sets: from a folder, from the network, from scikit-learn, and what is said where that fails."""

import gzip
import hashlib
import http.server
import io
import re
import struct
import sys
import tarfile
import threading
from dataclasses import replace

import numpy as np
import pytest
from scipy.io import savemat

from xnorflow.model import cifar, datasets
from xnorflow.model.datasets import DATASETS, DataError, load

FILES = tuple(f"{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1"))
BATCHES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
HOUSES = ("train_32x32.mat", "test_32x32.mat")


def compressed(array):
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(header + array.tobytes(), mtime=0)


def md5_of(path):
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def redirect(monkeypatch, name, **fields):
    """Let a data set come from elsewhere, or have other checksums."""
    monkeypatch.setitem(datasets.SOURCES, name, replace(datasets.SOURCES[name], **fields))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder that is XNORFLOW_DATA, with the cache beside it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XNORFLOW_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def files(folder, monkeypatch):
    """A folder with a small data set under the name of MNIST, whose checksums are the expected ones."""
    rng = np.random.default_rng(seed=0)
    mnist = folder / "mnist"
    mnist.mkdir(parents=True)
    for file, shape in zip(FILES, [(7, 28, 28), (7,), (3, 28, 28), (3,)], strict=True):
        (mnist / file).write_bytes(compressed(rng.integers(0, 10, shape, np.uint8)))
    md5 = {file: md5_of(mnist / file) for file in FILES}
    redirect(monkeypatch, "mnist", mirrors=(f"{mnist.as_uri()}/",), md5=md5)
    return mnist


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


def write_svhn(path, **arrays):
    """A file as SVHN has it, of three images of 3, 0 and 9, with other arrays where they are given."""
    images = np.random.default_rng(seed=0).integers(0, 256, (32, 32, 3, 3), np.uint8)
    savemat(path, {"X": images, "y": np.array([[3], [10], [9]], np.uint8)} | arrays, do_compression=True)
    return images


@pytest.fixture
def house_numbers(folder, monkeypatch):
    """A folder with a small SVHN, which is also where it is downloaded from."""
    svhn = folder / "svhn"
    svhn.mkdir(parents=True)
    for file in HOUSES:
        write_svhn(svhn / file)
    redirect(monkeypatch, "svhn", mirrors=(f"{svhn.as_uri()}/",), md5={file: md5_of(svhn / file) for file in HOUSES})
    return svhn


def test_digits_are_split_once_and_for_all(digits):
    assert (digits.train_images.shape, digits.test_images.shape) == ((1437, 8, 8), (360, 8, 8))
    assert (digits.train_images.dtype, digits.train_labels.dtype) == (np.uint8, np.int64)
    assert (digits.train_images.min(), digits.train_images.max()) == (0, 16)
    assert np.bincount(digits.test_labels).tolist() == [36, 36, 35, 37, 36, 37, 36, 36, 35, 36]
    digest = hashlib.sha256(digits.test_images.tobytes() + digits.test_labels.tobytes()).hexdigest()
    assert digest == "3ea49a6c5c1f0810a1e9f1178f9d79a4469c14576fbaaec2880a46a2f2a8928b"


def test_mnist_is_the_original(mnist):
    assert (mnist.train_images.shape, mnist.test_images.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert np.bincount(mnist.train_labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(mnist.test_labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert (mnist.test_labels.dtype, mnist.classes) == (np.int64, tuple("0123456789"))


def test_fashion_mnist_is_the_original():
    fashion = load("fashion-mnist")
    assert (fashion.train_images.shape, fashion.test_images.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert np.bincount(fashion.test_labels).tolist() == [1000] * 10
    assert (len(fashion.classes), fashion.classes[-1]) == (10, "ankle boot")


def test_cifar_10_has_its_images():
    data = load("cifar-10")
    assert (data.train_images.shape, data.test_images.shape) == ((50_000, 32, 32, 3), (10_000, 32, 32, 3))
    assert (data.train_images.dtype, data.train_labels.dtype) == (np.uint8, np.int64)
    assert np.bincount(data.train_labels).tolist() == [5000] * 10
    assert np.bincount(data.test_labels).tolist() == [1000] * 10
    assert [data.classes[label] for label in data.train_labels[:4]] == ["frog", "truck", "truck", "deer"]
    # Skies are bluest, and ground is under them: red, green, blue, and the first row on top.
    ships = data.train_images[data.train_labels == data.classes.index("ship")]
    assert ships.mean(axis=(0, 1, 2)).argmax() == 2
    assert ships[:, 0].mean() > ships[:, -1].mean()


def test_the_folder_is_used(files):
    data = load("mnist")
    assert (data.name, data.train_images.shape, data.test_labels.shape) == ("mnist", (7, 28, 28), (3,))
    assert not (files.parents[1] / "cache").exists()


def test_what_was_downloaded_is_kept(files, monkeypatch):
    original, addresses = load("mnist"), []
    monkeypatch.delenv("XNORFLOW_DATA")
    downloaded = load("mnist", on_download=addresses.append)
    assert addresses == [f"{files.as_uri()}/{file}" for file in FILES]
    redirect(monkeypatch, "mnist", mirrors=("http://127.0.0.1:9/",))
    for data in (downloaded, load("mnist", on_download=addresses.append)):
        assert np.array_equal(data.train_images, original.train_images)
        assert np.array_equal(data.test_labels, original.test_labels)
    assert len(addresses) == 4
    kept = sorted(path.name for path in (files.parents[1] / "cache" / "xnorflow" / "mnist").iterdir())
    assert kept == sorted(FILES)


def test_the_next_mirror_is_tried(files, monkeypatch):
    monkeypatch.delenv("XNORFLOW_DATA")
    redirect(monkeypatch, "mnist", mirrors=("http://127.0.0.1:9/", f"{files.as_uri()}/"))
    assert len(load("mnist").train_images) == 7


def test_without_a_network_the_message_says_what_to_do(files, monkeypatch):
    monkeypatch.delenv("XNORFLOW_DATA")
    redirect(monkeypatch, "mnist", mirrors=("http://127.0.0.1:9/",))
    message = (
        r"^mnist: cannot download http://127.0.0.1:9/train-images-idx3-ubyte.gz: .*; connect to the network, "
        r"or set XNORFLOW_DATA to a folder that has mnist/train-images-idx3-ubyte.gz$"
    )
    with pytest.raises(DataError, match=message):
        load("mnist")
    assert not (files.parents[1] / "cache").exists()


class _Short(http.server.BaseHTTPRequestHandler):
    """A server that breaks off in the middle of a file."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"half")

    def log_message(self, *arguments):
        pass


def test_a_download_that_breaks_off_is_not_kept(files, monkeypatch):
    monkeypatch.delenv("XNORFLOW_DATA")
    with http.server.HTTPServer(("127.0.0.1", 0), _Short) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        redirect(monkeypatch, "mnist", mirrors=(f"http://127.0.0.1:{server.server_port}/",))
        with pytest.raises(
            DataError, match=r"train-images-idx3-ubyte.gz: IncompleteRead\(.*\); connect to the network, "
        ):
            load("mnist")
        server.shutdown()
    assert not (files.parents[1] / "cache").exists()


def test_a_download_with_a_wrong_checksum_is_not_kept(files, monkeypatch):
    monkeypatch.delenv("XNORFLOW_DATA")
    (files / FILES[0]).write_bytes(b"other")
    with pytest.raises(DataError, match=rf"{FILES[0]}: MD5 must be \w{{32}}, not \w{{32}}; connect to the network, "):
        load("mnist")
    assert not (files.parents[1] / "cache").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-9], r"gzip file cut off after \d+ bytes"),
        (lambda _: b"<html>", r"must be a gzip file, not 6 bytes that begin b'<htm'"),
        (lambda _: compressed(np.zeros(3, np.uint8)), r"MD5 must be \w{32}, not \w{32}"),
    ],
)
def test_a_broken_file_is_refused(files, change, message):
    path = files / FILES[3]
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match=rf"^{re.escape(str(path))}: {message}; delete the file and get it again$"):
        load("mnist")


def test_a_missing_file_is_named(files):
    (files / FILES[2]).unlink()
    message = f"{files / FILES[2]}: no such file; put it there, or unset XNORFLOW_DATA to download it"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load("mnist")


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
        (b"<html>", "damaged archive (file could not be opened successfully"),
        (tar_of_folders(), "archive must have the file cifar-10-batches-bin/data_batch_1.bin; "),
        (
            tar_of_folders("cifar-10-batches-bin/data_batch_1.bin"),
            "archive must have the file cifar-10-batches-bin/data_batch_1.bin; ",
        ),
    ],
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


def test_house_numbers_are_digits(house_numbers):
    images = write_svhn(house_numbers / HOUSES[0])
    data = load("svhn")
    assert (data.train_images.shape, data.train_images.dtype) == ((3, 32, 32, 3), np.uint8)
    assert (data.train_labels.tolist(), data.test_labels.dtype) == ([3, 0, 9], np.int64)
    assert data.classes == tuple("0123456789")
    assert np.array_equal(data.train_images[1], images[..., 1])


def test_house_numbers_are_downloaded(house_numbers, tmp_path, monkeypatch):
    monkeypatch.delenv("XNORFLOW_DATA")
    addresses = []
    for _ in range(2):
        assert load("svhn", on_download=addresses.append).test_labels.tolist() == [3, 0, 9]
    assert addresses == [f"{house_numbers.as_uri()}/{file}" for file in HOUSES]
    assert sorted(path.name for path in (tmp_path / "cache" / "xnorflow" / "svhn").iterdir()) == sorted(HOUSES)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"X": np.zeros((32, 32, 3), np.uint8)},
            "X must be uint8 of shape (32, 32, 3, count), not uint8 of (32, 32, 3)",
        ),
        (
            {"X": np.zeros((32, 32, 3, 3))},
            "X must be uint8 of shape (32, 32, 3, count), not float64 of (32, 32, 3, 3)",
        ),
        (
            {"X": np.zeros((3, 32, 32, 3), np.uint8)},
            "X must be uint8 of shape (32, 32, 3, count), not uint8 of (3, 32, 32, 3)",
        ),
        ({"X": np.array([1, "a"], object)}, "must have the arrays X and y, not 'y'"),
        ({"y": {"digit": 1}}, "must have the arrays X and y, not 'X'"),
        ({"y": np.ones((1, 3))}, "y must be of shape (3, 1), a digit for each image, not (1, 3)"),
        ({"y": np.ones((4, 1))}, "y must be of shape (3, 1), a digit for each image, not (4, 1)"),
        ({"y": np.array([[1], [0], [2]])}, "digit of image 1 must be in 1..10, not 0"),
        ({"y": np.array([[1], [2], [11]], np.uint8)}, "digit of image 2 must be in 1..10, not 11"),
        ({"y": np.array([[1.5], [2], [3]])}, "digit of image 0 must be in 1..10, not 1.5"),
    ],
)
def test_wrong_house_numbers_are_refused(house_numbers, arrays, message):
    path = house_numbers / HOUSES[1]
    write_svhn(path, **arrays)
    with pytest.raises(DataError, match=f"^{re.escape(f'{path}: {message}; delete the file and get it again')}$"):
        load("svhn")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-9], r"MATLAB 5 file cut off, an element has \d+ of \d+ bytes"),
        (lambda _: b"<html>", r"must be a MATLAB 5 file, not 6 bytes that begin b'<htm'"),
        (lambda data: data[:-9] + bytes(9), r"damaged MATLAB 5 file \(.*\)"),
    ],
)
def test_broken_house_numbers_are_refused(house_numbers, change, message):
    path = house_numbers / HOUSES[0]
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(DataError, match=rf"^{re.escape(str(path))}: {message}; delete the file and get it again$"):
        load("svhn")


def test_unknown_names_are_refused():
    with pytest.raises(DataError, match=rf"^dataset must be one of {', '.join(DATASETS)}, not 'nix'$"):
        load("nix")


def test_digits_without_sklearn_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    message = "digits comes with scikit-learn; install it with: pip install 'xnorflow[train]'"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load("digits")
