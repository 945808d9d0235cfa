"""What several tests of the importer need."""

import os
from pathlib import Path

import numpy as np
import pytest

from xnorflow.model.datasets import Dataset, load


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of networks that others trained."""
    folder = os.environ.get("XNORFLOW_MODELS")
    if not folder or not Path(folder, "qonnx").is_dir():
        pytest.fail(
            "XNORFLOW_MODELS must be the folder of networks that others trained, with qonnx/TFC_1W1A.onnx and "
            f"bnn-pynq/mnist_lfcW1A1.npz, not {folder!r}"
        )
    return Path(folder)


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    """MNIST from XNORFLOW_DATA, or else downloaded."""
    return load("mnist")


@pytest.fixture(scope="session")
def cifar() -> tuple[np.ndarray, np.ndarray]:
    """Test images of CIFAR-10, channels innermost, and their classes."""
    path = Path(os.environ.get("XNORFLOW_DATA", ""), "cifar-10-batches-bin", "test_batch.bin")
    if not path.is_file():
        pytest.fail(f"XNORFLOW_DATA must be a folder with {path.parent.name}/{path.name}, which {path} is not")
    rows = np.fromfile(path, np.uint8).reshape(-1, 1 + 3 * 32 * 32)
    return np.ascontiguousarray(rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)), rows[:, 0]
