"""SVHN: house numbers as MATLAB files."""

import re

import numpy as np
import pytest
from scipy.io import savemat

from tests.model.downloads import md5_of, redirect
from xnorflow.model.data.datasets import DataError, load

HOUSES = ("train_32x32.mat", "test_32x32.mat")


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
