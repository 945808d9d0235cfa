"""What several tests of the importer need."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of networks that others trained; for tests that are marked ``models``."""
    return Path(os.environ["XNORFLOW_MODELS"])
