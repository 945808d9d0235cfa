"""What several tests of the model need."""

import pytest
import torch

from xnorflow.model.data.datasets import Dataset, load


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Torch on one thread: on small products several only wait for each other, long where tests run side by side."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """The digits that come with scikit-learn."""
    return load("digits")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder that is XNORFLOW_DATA, with the cache beside it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XNORFLOW_DATA", str(tmp_path / "data"))
    return tmp_path / "data"
