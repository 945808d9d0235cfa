"""Hashes of a build folder's files: what was verified there is what is used later."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .model.store import ModelError

__all__ = ["check_files", "hash_design", "hash_files"]

DESIGN = ("network", "scores", "reweightable", "target", "interface", "files", "timing")
"""What in ``build.json`` later commands go by; what is verified later is put beside it."""


def hash_files(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of each of these files, in hexadecimal."""
    return {name: _sha256(folder / name) for name in names}


def hash_design(build: Mapping[str, Any]) -> str:
    """SHA-256 of what ``build.json`` says of the design, in hexadecimal."""
    described = {name: build.get(name) for name in DESIGN}
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


def check_files(folder: Path, hashes: Mapping[str, str]) -> None:
    """Compare files with their hashes.

    Raises
    ------
    ModelError
        When a file is missing, was edited, or is none of the folder's; the message names it.
    """
    for name, expected in hashes.items():
        path = folder / name
        # The names come from a file that anyone may have written.
        if not path.resolve().is_relative_to(folder.resolve()):
            raise ModelError(f"{path}: not within the build folder; build again")
        if not path.is_file():
            raise ModelError(f"{path}: missing, though it was built; build again")
        found = _sha256(path)
        if found != expected:
            raise ModelError(
                f"{path}: was changed after it was built (SHA-256 {found[:8]}, expected {expected[:8]}); "
                "put the built file back, or build again"
            )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
