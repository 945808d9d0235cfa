"""Data sets: from a folder, from the network, from scikit-learn, and what is said where that fails."""

import gzip
import hashlib
import http.server
import re
import struct
import sys
import threading

import numpy as np
import pytest

from tests.model.downloads import md5_of, redirect
from xnorflow.model.data.datasets import DATASETS, DataError, load

FILES = tuple(f"{part}-{kind}-ubyte.gz" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1"))


def compressed(array):
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(header + array.tobytes(), mtime=0)


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


def test_digits_are_split_once_and_for_all(digits):
    assert (digits.train_images.shape, digits.test_images.shape) == ((1437, 8, 8), (360, 8, 8))
    assert (digits.train_images.dtype, digits.train_labels.dtype) == (np.uint8, np.int64)
    assert (digits.train_images.min(), digits.train_images.max()) == (0, 16)
    assert np.bincount(digits.test_labels).tolist() == [36, 36, 35, 37, 36, 37, 36, 36, 35, 36]
    digest = hashlib.sha256(digits.test_images.tobytes() + digits.test_labels.tobytes()).hexdigest()
    assert digest == "3ea49a6c5c1f0810a1e9f1178f9d79a4469c14576fbaaec2880a46a2f2a8928b"


@pytest.mark.data("mnist")
def test_mnist_is_the_original():
    mnist = load("mnist")
    assert (mnist.train_images.shape, mnist.test_images.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert np.bincount(mnist.train_labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(mnist.test_labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert (mnist.test_labels.dtype, mnist.classes) == (np.int64, tuple("0123456789"))


@pytest.mark.data("fashion-mnist")
def test_fashion_mnist_is_the_original():
    fashion = load("fashion-mnist")
    assert (fashion.train_images.shape, fashion.test_images.shape) == ((60_000, 28, 28), (10_000, 28, 28))
    assert np.bincount(fashion.test_labels).tolist() == [1000] * 10
    assert (len(fashion.classes), fashion.classes[-1]) == (10, "ankle boot")


@pytest.mark.data("cifar-10")
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
        (lambda data: data[:-9], r"MD5 must be \w{32}, not \w{32}"),
        (lambda _: b"<html>", r"MD5 must be \w{32}, not \w{32}"),
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


def test_unknown_names_are_refused():
    with pytest.raises(DataError, match=rf"^dataset must be one of {', '.join(DATASETS)}, not 'nix'$"):
        load("nix")


def test_digits_without_sklearn_say_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    message = "digits comes with scikit-learn; install it with: pip install 'xnorflow[train]'"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        load("digits")
