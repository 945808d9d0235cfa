"""What several tests of the model need."""

import pytest

from xnorflow.model.datasets import Dataset, load


@pytest.fixture(scope="session")
def digits() -> Dataset:
    """The digits that come with scikit-learn."""
    return load("digits")


@pytest.fixture(scope="session")
def mnist() -> Dataset:
    """MNIST from XNORFLOW_DATA, or else downloaded; where neither is possible the test fails and says so."""
    return load("mnist")
