"""Networks in files: safetensors for the arrays, JSON in its metadata for the rest; ``docs/ir.md`` has the format."""

import contextlib
import dataclasses
import hashlib
import json
import os
import reprlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as serialize

from .bounded import parse_json
from .ir import Network
from .limits import LARGEST_FILE, check_claims
from .paths import StrPath
from .records import Arrays, check_whole, describe, network_of, reason_of, upgrade
from .witness import check_witness, witness_of

__all__ = ["FORMAT_VERSION", "ModelError", "fingerprint", "load", "save", "write_atomically"]

FORMAT_VERSION = 2
"""Written; version 1 is read, too."""

METADATA = "xnorflow"
"""The metadata's only key; its value is the description of the network, as JSON."""

BESIDE = ("version", "witness", "sha256")
"""What the description has beside the network itself."""


class ModelError(ValueError):
    """A model file that cannot be used; the message says why."""


def save(network: Network, path: StrPath) -> None:
    """Write a network to a file; a file that was there is replaced only when the new one is whole and right.

    The same network gives the same bytes. They are read again before the old file goes, and compared with the network.

    Raises
    ------
    ModelError
        When what was written is not this network.
    OSError
        When it cannot be written.
    """
    data = _serialize(network, {"witness": witness_of(network), "sha256": fingerprint(network).hex()})
    write_atomically(path, data, check=partial(_check_written, network, Path(path)))


def fingerprint(network: Network) -> bytes:
    """SHA-256 of what a network computes: names, its data set and how it was made do not count."""
    nameless = dataclasses.replace(network, name="", dataset="", provenance={}, labels=())
    return hashlib.sha256(_serialize(nameless)).digest()


def load(path: StrPath) -> Network:
    """Read a network from a file.

    Raises
    ------
    ModelError
        When the file is missing, is not a model, is cut off, is of another version, holds layers that do not chain, or
        holds another network than its witness was made by.
    """
    try:
        return _read(Path(path))
    except ModelError as error:
        raise ModelError(f"{Path(path)}: {error}") from None


def write_atomically(path: StrPath, data: bytes, *, check: Callable[[Path], None] | None = None) -> None:
    """Write a file whole or not at all: into a temporary file beside it, then renamed.

    Parameters
    ----------
    path : path
        The file; its folder is made where there is none.
    data : :class:`bytes`
        What it shall hold.
    check : function
        Called with the temporary file before the old one is replaced; what it raises leaves that as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if check is not None:
            check(Path(name))
        # mkstemp makes files that only their owner can read.
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _serialize(network: Network, proofs: Mapping[str, Any] | None = None) -> bytes:
    """The bytes of a file; ``proofs`` of what it holds are entries of its description, without those that are None."""
    arrays: Arrays = {}
    description = {"version": FORMAT_VERSION, **describe(network, arrays)}
    description |= {name: proof for name, proof in (proofs or {}).items() if proof is not None}
    # The only place where arrays leave: safetensors writes their memory as it is, whatever the order of the axes.
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    # A single key, for safetensors writes several in random order.
    return bytes(serialize(arrays, {METADATA: json.dumps(description)}))


def _read(path: Path) -> Network:
    """The network in a file; the ModelErrors do not name it."""
    if not path.is_file():
        raise ModelError("no such model file")
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise ModelError(f"must have at most {LARGEST_FILE} bytes, not {size}")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays: Arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        description: Any = parse_json(metadata[METADATA]) if METADATA in metadata else None
    except (SafetensorError, OSError, TypeError, ValueError, RecursionError) as error:
        raise ModelError(f"not a whole model file ({error}); save or download it again") from None
    if METADATA not in metadata:
        raise ModelError("a safetensors file, but not an xnorflow model")
    version = description.get("version") if isinstance(description, dict) else None
    if type(version) is not int or not 1 <= version <= FORMAT_VERSION:
        found = reprlib.repr(version)
        raise ModelError(f"format version {found}, expected 1..{FORMAT_VERSION}; use the xnorflow that made it")
    try:
        check_claims(description)
        told = upgrade(description) if version == 1 else description
        network = network_of(told, arrays)
        check_whole(network, {name: entry for name, entry in told.items() if name not in BESIDE}, arrays)
        if "witness" in description:
            check_witness(network, description["witness"])
        if "sha256" in description and description["sha256"] != fingerprint(network).hex():
            raise ValueError("sha256: the file holds another network than was saved; save or download it again")
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(reason_of(error)) from None
    return network


def _check_written(network: Network, path: Path, written: Path) -> None:
    """Raise ModelError when a file that was just written is not the network."""
    try:
        difference = _difference(network, _read(written))
    except ModelError as error:
        difference = str(error)
    if difference is not None:
        raise ModelError(f"{path}: not saved, for what was written is not the network ({difference})")


def _difference(network: Network, other: Network) -> str | None:
    """Where two networks differ; None when they are the same."""
    for name in ("name", "dataset", "provenance", "labels"):
        if getattr(network, name) != getattr(other, name):
            return f"another {name}"
    if network.sources != other.sources:
        return "layers that read others"
    if len(network.layers) != len(other.layers):
        return f"{len(other.layers)} layers instead of {len(network.layers)}"
    names = ("input", *network.names)
    for place, ours, theirs in zip(names, (network.input, *network.layers), (other.input, *other.layers), strict=True):
        if type(ours) is not type(theirs):
            return f"{place}: another kind"
        for (name, mine), (_, its) in zip(_numbers(ours), _numbers(theirs), strict=True):
            if not np.array_equal(mine, its):
                return f"{place}: other {name}"
    return None


def _numbers(record: Any) -> Iterator[tuple[str, Any]]:
    """Name and value of each field of a record, and of the records in it, which begin with their kinds."""
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        if dataclasses.is_dataclass(value):
            yield field.name, type(value).__name__
            yield from _numbers(value)
        else:
            yield field.name, value
