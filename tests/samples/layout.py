"""The samples in the layout of the official downloads, so that commands find them where whole data sets would be."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.model.downloads import md5_of, redirect
from tests.samples import COUNTS, sample
from xnorflow.model.data import cifar
from xnorflow.model.data.datasets import SOURCES

__all__ = ["lay_out"]


def lay_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ``folder`` the one that ``XNORFLOW_DATA`` names, in which each data set is its sample, to train on and for the
    test alike.
    """
    monkeypatch.setenv("XNORFLOW_DATA", str(folder))
    for name in COUNTS:
        source = SOURCES[name]
        (folder / source.folder).mkdir(parents=True)
        images, labels = sample(name)
        for file in (*source.train, *source.test):
            path = folder / source.folder / file
            path.write_bytes(_records(images, labels) if name == "cifar-10" else _idx(file, images, labels))
        if source.originals:
            redirect(monkeypatch, name, md5={path.name: md5_of(path) for path in (folder / source.folder).iterdir()})
    monkeypatch.setattr(cifar, "IMAGES", COUNTS["cifar-10"])


def _idx(file: str, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> bytes:
    array = images if "images" in file else labels.astype(np.uint8)
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(header + array.tobytes(), mtime=0)


def _records(images: NDArray[np.uint8], labels: NDArray[np.int64]) -> bytes:
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    return np.hstack([labels[:, np.newaxis].astype(np.uint8), planes]).tobytes()
