"""Which Python ``make test-newest`` takes."""

import re
import sys
import tomllib

import pytest

from tests import newest
from tests.newest import ROOT, find_python, main, named_versions


@pytest.fixture
def python(tmp_path, monkeypatch):
    """Make a Python that answers so, in a folder of the path or of pyenv; there are no others."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.delenv("PYTHON_NEWEST", raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path / "others" / "3.12.1"))

    def make(path, answer):
        program = tmp_path / path
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\n{answer}\n")
        program.chmod(0o755)
        return str(program)

    return make


# What pyenv leaves on the path for versions that it has but that are not chosen.
SHIM = "echo 'pyenv: command not found' >&2; exit 127"


@pytest.mark.parametrize(
    ("files", "taken"),
    [
        ({"bin/python3.13": "echo 3.13", "bin/python3.12": "echo 3.12"}, ("bin/python3.13", "3.13")),
        ({"bin/python3.13": SHIM, "bin/python3.12": "echo 3.12"}, ("bin/python3.12", "3.12")),
        ({"bin/python3.13": SHIM, "pyenv/versions/3.13.0/bin/python": "echo 3.13"}, ("pyenv/versions/3.13.0/bin/python", "3.13")),
        (
            {f"pyenv/versions/3.13.{patch}/bin/python": "echo 3.13" for patch in (9, 10)},
            ("pyenv/versions/3.13.10/bin/python", "3.13"),
        ),
        ({"others/3.13.1/bin/python": "echo 3.13"}, ("others/3.13.1/bin/python", "3.13")),
        # The project does not name it.
        ({"bin/python3.14": "echo 3.14", "bin/python3.11": "echo 3.11"}, ("bin/python3.11", "3.11")),
        ({"bin/python3.13": "echo 3.14"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_the_newest_that_is_named_and_works_is_taken(python, tmp_path, files, taken):
    for path, answer in files.items():
        python(path, answer)
    assert find_python() == (taken and (str(tmp_path / taken[0]), taken[1]))


def test_another_can_be_asked_for(python, monkeypatch):
    python("bin/python3.13", "echo 3.13")
    older = python("older", "echo 3.12")
    monkeypatch.setenv("PYTHON_NEWEST", older)
    assert find_python() == (older, "3.12")


@pytest.mark.parametrize("answer", ["echo 3.10", "exit 1"])
def test_what_was_asked_for_and_is_none_is_refused(python, monkeypatch, answer):
    asked = python("old", answer)
    monkeypatch.setenv("PYTHON_NEWEST", asked)
    message = f"test-newest: PYTHON_NEWEST must be a Python of 3.11 or 3.12 or 3.13, not {asked!r}"
    with pytest.raises(SystemExit, match=f"^{re.escape(message)}$"):
        main([])


@pytest.mark.usefixtures("python")
def test_where_there_is_none_it_is_told(capsys):
    assert main([]) == 0
    assert capsys.readouterr().out == (
        "left out: all of them, as no Python of 3.11 or 3.12 or 3.13 is here; "
        "to run: install it, or make test-newest PYTHON_NEWEST=PATH\n"
    )


def test_an_older_one_is_told(python, monkeypatch, capsys, tmp_path):
    python("bin/python3.12", "echo 3.12")
    python("venv/bin/python", 'case "$*" in *importlib*) echo numpy 2.5.5;; *pytest*) exit 1;; *) echo 3.12;; esac')
    monkeypatch.setattr(newest, "VENV", tmp_path / "venv")
    assert main([]) == 1
    assert capsys.readouterr().out == (
        "test-newest: ran on Python 3.12 with numpy 2.5.5\n"
        "left out: Python 3.13, which is not here; to run: install it, or make test-newest PYTHON_NEWEST=PATH\n"
    )


def test_the_oldest_that_is_named_is_what_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={named_versions()[0]}"
    assert named_versions() == ["3.11", "3.12", "3.13"]
