"""The command line, as a test calls it, and the build that the tests of a module share."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.face.builds import ODD, made
from xnorflow.cli import main


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Exit status, standard output and standard error of a command."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["xnorflow", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        assert isinstance(stop.value.code, int)
        return stop.value.code, out, err

    return run


@pytest.fixture(scope="module")
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build of the module's ``DESIGN``, which nothing may change, in a folder that no tool may stumble over."""
    return made(request.module.DESIGN, tmp_path_factory.mktemp("built") / ODD)


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    """A build of one's own to spoil."""
    shutil.copytree(built, tmp_path / "out", ignore=shutil.ignore_patterns("verify"))
    return tmp_path / "out"
