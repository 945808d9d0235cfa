"""Networks in files: safetensors for the arrays, JSON in its metadata for the rest; ``docs/ir.md`` has the format."""

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as serialize

from .bits import pack_bytes, unpack_bytes
from .ir import Dense, Layer, Network, Scores, Thermometer

__all__ = ["FORMAT_VERSION", "ModelError", "load", "save", "write_atomically"]

FORMAT_VERSION = 1

METADATA = "xnorflow"
"""The metadata's only key; its value is the description of the network, as JSON."""

LAYERS = {layer.__name__: layer for layer in (Dense, Scores)}
INTEGERS = {Dense: "thresholds", Scores: "bias"}
"""The integer array that goes with each layer's weights."""


class ModelError(ValueError):
    """A model file that cannot be used; the message says why."""


def save(network: Network, path: Path) -> None:
    """Write a network to a file; a file that was there is replaced only when the new one is whole.

    The same network gives the same bytes.
    """
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    for index, layer in enumerate(network.layers):
        integers = INTEGERS[type(layer)]
        arrays[f"{index}.weights"] = pack_bytes(layer.weights)
        arrays[f"{index}.{integers}"] = getattr(layer, integers).astype(np.int32)
    description = {
        "version": FORMAT_VERSION,
        "name": network.name,
        "dataset": network.dataset,
        "input": {"kind": "Thermometer", "shape": network.input.shape, "levels": network.input.levels},
        "layers": [{"kind": type(layer).__name__, "mw": layer.mw} for layer in network.layers],
        "provenance": dict(network.provenance),
    }
    # A single key, for safetensors writes several in random order.
    write_atomically(path, serialize(arrays, {METADATA: json.dumps(description)}))


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
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
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


def _network(description: dict[str, Any], arrays: dict[str, np.ndarray[Any, Any]]) -> Network:
    rule = description["input"]
    if rule["kind"] != "Thermometer":
        raise ValueError(f"input kind must be Thermometer, not {rule['kind']!r}")
    return Network(
        name=_string("name", description["name"]),
        input=Thermometer(_integers("shape", rule["shape"]), _integers("levels", rule["levels"])),
        layers=tuple(_layer(f"layer {index}", arrays, layer) for index, layer in enumerate(description["layers"])),
        dataset=_string("dataset", description["dataset"]),
        provenance={key: _string("provenance", value) for key, value in dict(description["provenance"]).items()},
    )


def _layer(name: str, arrays: dict[str, np.ndarray[Any, Any]], description: dict[str, Any]) -> Layer:
    if description["kind"] not in LAYERS:
        raise ValueError(f"{name}: kind must be one of {', '.join(LAYERS)}, not {description['kind']!r}")
    kind, index = LAYERS[description["kind"]], name.split()[1]
    packed, (count,) = arrays[f"{index}.weights"], _integers("mw", [description["mw"]])
    if packed.dtype != np.uint8 or packed.ndim != 2 or packed.shape[1] != -(-count // 8):
        raise ValueError(f"{name}: weights must be rows of {count} packed bits, not of shape {packed.shape}")
    try:
        return kind(unpack_bytes(packed, count), arrays[f"{index}.{INTEGERS[kind]}"])
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _string(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {value!r}")
    return value


def _integers(name: str, values: list[object]) -> tuple[int, ...]:
    # Not isinstance: bool is a kind of int in Python, but not in the format.
    integers = tuple(value for value in values if type(value) is int)
    if len(integers) != len(values):
        raise TypeError(f"{name} must be integers, not {values!r}")
    return integers


def _reason(error: Exception) -> str:
    return f"lacks {error}" if isinstance(error, KeyError) else str(error)
