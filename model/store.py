"""Networks in files: safetensors for the arrays, JSON in its metadata for the rest; ``docs/ir.md`` has the format."""

import contextlib
import dataclasses
import hashlib
import json
import math
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as serialize

from .bits import BitArray, pack_bytes, unpack_bytes
from .ir import Affine, Conv2d, Dense, Input, Layer, MaxPool, Network, Scores, Thermometer

__all__ = ["FORMAT_VERSION", "ModelError", "fingerprint", "load", "save", "write_atomically"]

FORMAT_VERSION = 1

METADATA = "xnorflow"
"""The metadata's only key; its value is the description of the network, as JSON."""

INPUTS: dict[str, type[Input]] = {kind.__name__: kind for kind in (Thermometer, Affine)}
LAYERS: dict[str, type[Layer]] = {kind.__name__: kind for kind in (Dense, Conv2d, MaxPool, Scores)}

Arrays = dict[str, NDArray[Any]]
Record = TypeVar("Record", Input, Layer)


class ModelError(ValueError):
    """A model file that cannot be used; the message says why."""


def save(network: Network, path: Path) -> None:
    """Write a network to a file; a file that was there is replaced only when the new one is whole.

    The same network gives the same bytes.
    """
    write_atomically(path, _serialize(network))


def fingerprint(network: Network) -> bytes:
    """SHA-256 of what a network computes: names, its data set and how it was made do not count."""
    nameless = dataclasses.replace(network, name="", dataset="", provenance={}, labels=())
    return hashlib.sha256(_serialize(nameless)).digest()


def _serialize(network: Network) -> bytes:
    arrays: Arrays = {}
    description = {
        "version": FORMAT_VERSION,
        "name": network.name,
        "dataset": network.dataset,
        "input": _describe(network.input, "input", arrays),
        "layers": [_describe(layer, str(index), arrays) for index, layer in enumerate(network.layers)],
        "provenance": dict(network.provenance),
    }
    # Networks without them keep the bytes that they had before there were any.
    if network.labels:
        description["labels"] = list(network.labels)
    # A single key, for safetensors writes several in random order.
    return bytes(serialize(arrays, {METADATA: json.dumps(description)}))


def load(path: Path) -> Network:
    """Read a network from a file.

    Raises
    ------
    ModelError
        When the file is missing, is not a model, is cut off, is of another version, or holds layers that do not chain.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such model file")
    try:
        with safe_open(path, framework="numpy") as file:
            description = _description(path, file.metadata() or {})
            arrays: Arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError, TypeError, json.JSONDecodeError) as error:
        raise ModelError(f"{path}: not a whole model file ({error}); save or download it again") from None
    try:
        return _network(description, arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path}: {_reason(error)}") from None


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: into a temporary file beside it, then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        # mkstemp makes files that only their owner can read.
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _description(path: Path, metadata: dict[str, str]) -> dict[str, Any]:
    if METADATA not in metadata:
        raise ModelError(f"{path}: a safetensors file, but not an xnorflow model")
    description = json.loads(metadata[METADATA])
    version = description.get("version") if isinstance(description, dict) else None
    if version != FORMAT_VERSION:
        raise ModelError(f"{path}: format version {version}, expected {FORMAT_VERSION}; use the xnorflow that made it")
    return dict(description)


def _describe(record: Input | Layer, prefix: str, arrays: Arrays) -> dict[str, Any]:
    """Kind and numbers of a record; its arrays go to ``arrays``, the weights as packed bits with their shape here."""
    description: dict[str, Any] = {"kind": type(record).__name__}
    for name in _fields(type(record)):
        value = getattr(record, name)
        if name == "weights":
            description["shape"] = value.shape
            arrays[f"{prefix}.{name}"] = pack_bytes(value.reshape(len(value), -1))
        elif isinstance(value, np.ndarray):
            arrays[f"{prefix}.{name}"] = value.astype(np.int32)
        else:
            description[name] = value
    return description


def _network(description: dict[str, Any], arrays: Arrays) -> Network:
    layers = enumerate(description["layers"])
    return Network(
        name=_string("name", description["name"]),
        input=_record(INPUTS, description["input"], "input", arrays),
        layers=tuple(_record(LAYERS, layer, str(index), arrays) for index, layer in layers),
        dataset=_string("dataset", description["dataset"]),
        provenance={key: _string("provenance", value) for key, value in dict(description["provenance"]).items()},
        labels=_strings("labels", description.get("labels", [])),
    )


def _record(kinds: Mapping[str, type[Record]], description: Any, prefix: str, arrays: Arrays) -> Record:
    """The inverse of :func:`_describe`; ValueError when a record cannot be."""
    place = f"layer {prefix}" if prefix.isdecimal() else prefix
    if not isinstance(description, dict) or description.get("kind") not in kinds:
        found = description.get("kind") if isinstance(description, dict) else description
        raise ValueError(f"{place}: kind must be one of {', '.join(kinds)}, not {found!r}")
    kind = kinds[description["kind"]]
    try:
        values = {name: _value(name, hint, description, prefix, arrays) for name, hint in _fields(kind).items()}
        return kind(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{place}: {_reason(error)}") from None


def _fields(kind: type[Any]) -> dict[str, Any]:
    """Type of each field of a record, by name."""
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _value(name: str, hint: Any, description: dict[str, Any], prefix: str, arrays: Arrays) -> Any:
    """What a field of a record gets."""
    if name == "weights":
        return _weights(arrays[f"{prefix}.{name}"], _integers("shape", description["shape"]))
    if get_origin(hint) is np.ndarray:
        return arrays[f"{prefix}.{name}"]
    value = description[name]
    if get_origin(hint) is tuple:
        # A pair of integers, or any number of them.
        count = None if ... in get_args(hint) else len(get_args(hint))
        return _integers(name, value, count)
    # Not isinstance: bool is a kind of int in Python, but not in the format.
    if type(value) is not hint:
        raise TypeError(f"{name} must be {'true or false' if hint is bool else 'an integer'}, not {value!r}")
    return value


def _weights(packed: NDArray[Any], shape: tuple[int, ...]) -> BitArray:
    mw = math.prod(shape[1:])
    if packed.dtype != np.uint8 or min(shape, default=0) < 1 or packed.shape != (shape[0], -(-mw // 8)):
        raise ValueError(f"weights must be {list(shape)} bits, each neuron's packed, not of shape {packed.shape}")
    return unpack_bytes(packed, mw).reshape(shape)


def _string(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {value!r}")
    return value


def _strings(name: str, values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError(f"{name} must be a list of strings, not {values!r}")
    return tuple(_string(name, value) for value in values)


def _integers(name: str, values: Any, count: int | None = None) -> tuple[int, ...]:
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        raise TypeError(f"{name} must be integers, not {values!r}")
    if count not in (None, len(values)):
        raise ValueError(f"{name} must be {count} integers, not {values!r}")
    return tuple(values)


def _reason(error: Exception) -> str:
    return f"lacks {error}" if isinstance(error, KeyError) else str(error)
