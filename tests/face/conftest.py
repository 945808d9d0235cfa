"""The build that the tests of a module share, and a network that learnt a folder of pictures."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.face.builds import ODD, made
from tests.face.shapes import write_folder
from xnorflow.cli import main


@pytest.fixture(scope="module")
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of the module's ``DESIGN``, which nothing may change, in a folder that no tool may stumble over."""
    return made(request.module.DESIGN, tmp_path_factory.mktemp("built") / ODD)


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    """A build of one's own to spoil."""
    shutil.copytree(built, tmp_path / "out", ignore=shutil.ignore_patterns("verify"))
    return tmp_path / "out"


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 20 pictures of each shape, which nothing may change."""
    return write_folder(tmp_path_factory.mktemp("own") / "shapes")


@pytest.fixture(scope="session")
def trained(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that learnt the shapes."""
    path = tmp_path_factory.mktemp("trained") / "shapes.safetensors"
    words = ("train", "tfc", "--data", shapes, "--epochs", 30, "--batch", 12, "-o", path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["xnorflow", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
    assert stop.value.code == 0
    return path
