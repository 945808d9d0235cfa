"""What some tests need and not every machine has: whether it is here, and how to get it."""

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from find_libpython import find_libpython

from xnorflow.model.data.datasets import SOURCES
from xnorflow.sim.simulators import ICARUS, VERILATOR, can_compile

__all__ = ["ABSENT", "CASES", "DATA", "MODELS", "PACKAGES", "TOOLS", "Need", "is_complete", "missing", "missing_tool"]

CASES, DATA, MODELS, PACKAGES, TOOLS = "cases", "data", "models", "packages", "tools"
"""Marks of tests, and kinds of what they need."""


@dataclass(frozen=True)
class Need:
    """Something that tests need.

    Parameters
    ----------
    kind : :class:`str`
        :data:`CASES`, :data:`DATA`, :data:`MODELS`, :data:`PACKAGES` or :data:`TOOLS`.
    what : :class:`str`
        What it is.
    remedy : :class:`str`
        How to run the tests that need it.
    """

    kind: str
    what: str
    remedy: str


_DOWNLOAD = "XNORFLOW_DATA=FOLDER, or python -m tests.fetch where there is a network"
_CASES = Need(CASES, "small networks as other tools write them", "XNORFLOW_CASES=FOLDER with .onnx and .npz files")
_OTHERS = Need(MODELS, "networks that others trained", "XNORFLOW_MODELS=FOLDER with qonnx/ and bnn-pynq/")

_TOOLS = {
    "iverilog": "apt-get install iverilog",
    "icebox_vlog": "apt-get install fpga-icestorm",
    "lz4": "apt-get install liblz4-dev zlib1g-dev",
    "libpython": "a Python with its shared library, such as apt-get install libpython3-dev",
}

# Packages that are no part of the extra "dev", or not for every Python.
_PACKAGES = {"brevitas": "pip install -e '.[dev,dev-brevitas]'", "numba": "pip install 'xnorflow[fast]'"}

# What the simulators and the tool flow say when one of these is missing.
_SAID = {
    "iverilog": r"icarus needs (iverilog|vvp), which is missing",
    "icebox_vlog": r"icebox_vlog is not installed",
    "libpython": r"cocotb needs libpython[\d.]+so, which is missing",
}


def missing(item: pytest.Item) -> list[Need]:
    """What a test is marked to need and this machine lacks."""
    names = [name for mark in item.iter_markers(DATA) for name in mark.args]
    needs = [Need(DATA, f"all of {name}", _DOWNLOAD) for name in names if not is_complete(name)]
    if item.get_closest_marker(MODELS) and not _models_are_here():
        needs.append(_OTHERS)
    if item.get_closest_marker(CASES) and not _cases_are_here():
        needs.append(_CASES)
    packages = [package for mark in item.iter_markers(PACKAGES) for package in mark.args]
    needs += [Need(PACKAGES, package, _PACKAGES[package]) for package in packages if find_spec(package) is None]
    tools = [tool for mark in item.iter_markers(TOOLS) for tool in mark.args]
    return needs + [Need(TOOLS, tool, _TOOLS[tool]) for tool in tools if not _is_installed(tool)]


def missing_tool(texts: Iterable[str]) -> Need | None:
    """The tool that an error speaks of, unless it is here and the error was made on purpose."""
    for text in texts:
        for tool, said in _SAID.items():
            if tool in ABSENT and re.search(said, text):
                return Need(TOOLS, tool, _TOOLS[tool])
    return None


def is_complete(name: str) -> bool:
    """Whether all files of a data set are in ``XNORFLOW_DATA`` or, where that is not set, in the cache."""
    source = SOURCES[name]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "xnorflow"
    folder = Path(os.environ.get("XNORFLOW_DATA") or cache, source.folder)
    return all((folder / file).is_file() for file in (*source.train, *source.test))


def _cases_are_here() -> bool:
    folder = os.environ.get("XNORFLOW_CASES")
    return bool(folder) and any(Path(str(folder)).glob("*.npz"))


def _models_are_here() -> bool:
    folder = os.environ.get("XNORFLOW_MODELS")
    return bool(folder) and Path(str(folder), "qonnx").is_dir()


def _is_installed(tool: str) -> bool:
    if tool == "lz4":
        return shutil.which("c++") is not None and can_compile(VERILATOR.headers)
    if tool == "libpython":
        return find_libpython() is not None
    return all(shutil.which(program) for program in (ICARUS.programs if tool == "iverilog" else [tool]))


# Looked for once: later a test may have another PATH.
ABSENT = frozenset(tool for tool in _SAID if not _is_installed(tool))
"""Tools of which errors speak that are not on this machine."""
