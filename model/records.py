"""The network's records in files: each as JSON and arrays, and back; ``docs/ir.md`` has the format."""

import dataclasses
import json
import math
import reprlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .bits import BitArray, pack_bytes, unpack_bytes
from .ir import (
    ZERO,
    Add,
    Affine,
    Bias,
    Conv2d,
    Dense,
    Ending,
    Input,
    Layer,
    MaxPool,
    Network,
    Ranks,
    SumPool,
    Thermometer,
    Threshold,
    Thresholds,
)
from .limits import check_numbers

__all__ = ["Arrays", "check_whole", "describe", "network_of", "reason_of", "upgrade"]

INPUTS: dict[str, type[Input]] = {kind.__name__: kind for kind in (Thermometer, Affine)}
LAYERS: dict[str, type[Layer]] = {kind.__name__: kind for kind in (Dense, Conv2d, MaxPool, SumPool, Threshold, Add)}
ENDINGS: dict[str, type[Ending]] = {kind.__name__: kind for kind in (Thresholds, Bias, Ranks)}

ARRAYS = ("thresholds", "bias", "table")
"""Fields that are arrays of integers; ``weights`` are packed bits, and all others are in the JSON."""

LATER: dict[tuple[type, str], Any] = {
    (Conv2d, "dilation"): (1, 1),
    (Conv2d, "groups"): 1,
    (Bias, "shift"): 0,
    (MaxPool, "padding"): (0, 0),
}
"""Numbers that files lack where they are these, so that a network keeps the bytes that it had before there were any."""

LATER_KINDS = ("SumPool", "Threshold", "Add")
"""Layers that files of version 1 do not have."""

Arrays = dict[str, NDArray[Any]]
Record = TypeVar("Record", Input, Layer, Ending)


def describe(network: Network, arrays: Arrays) -> dict[str, Any]:
    """What JSON holds of a network; its arrays go to ``arrays``."""
    description = {
        "name": network.name,
        "dataset": network.dataset,
        "input": _describe(network.input, "input", arrays),
        "layers": [_describe_layer(network, index, arrays) for index in range(len(network.layers))],
        "provenance": dict(network.provenance),
    }
    # Networks without them keep the bytes that they had before there were any.
    return description | {"labels": list(network.labels)} if network.labels else description


def network_of(description: Mapping[str, Any], arrays: Arrays) -> Network:
    """The inverse of :func:`describe`.

    Raises
    ------
    KeyError, TypeError, ValueError
        When it cannot be; :func:`reason_of` says why.
    """
    layers, provenance = description["layers"], description["provenance"]
    if not isinstance(layers, list):
        raise TypeError(f"layers must be a list, not {reprlib.repr(layers)}")
    if not isinstance(provenance, dict):
        raise TypeError(f"provenance must be an object of strings, not {reprlib.repr(provenance)}")
    return Network(
        name=_string("name", description["name"]),
        input=_record(INPUTS, description["input"], "input", arrays),
        layers=tuple(_record(LAYERS, layer, str(index), arrays) for index, layer in enumerate(layers)),
        dataset=_string("dataset", description["dataset"]),
        provenance={key: _string("provenance", value) for key, value in provenance.items()},
        labels=_strings("labels", description.get("labels", [])),
        sources=tuple(_sources(layer, index) for index, layer in enumerate(layers)),
    )


def check_whole(network: Network, description: Mapping[str, Any], arrays: Arrays) -> None:
    """Raise ValueError where a file says more of a network than is in it: nothing in a file may be passed over."""
    needed: Arrays = {}
    # As JSON gives it back, with lists for tuples.
    wanted = json.loads(json.dumps(describe(network, needed)))
    if unknown := set(description) - {*wanted, "labels"}:
        raise ValueError(f"must not have {reprlib.repr(min(unknown))}")
    for name, entry in wanted.items():
        if description[name] != entry:
            raise ValueError(
                f"{name} must have what its kind has and nothing else, not {reprlib.repr(description[name])}"
            )
    if unused := set(arrays) - set(needed):
        raise ValueError(f"must not have the array {reprlib.repr(min(unused))}, which no layer has")


def upgrade(description: dict[str, Any]) -> dict[str, Any]:
    """What JSON of version 1 holds, as version 2 has it: there the kind of a layer told how it ends."""
    layers = description.get("layers")
    if not isinstance(layers, list):
        return description
    return {**description, "layers": [_upgrade_layer(layer) for layer in layers]}


def _upgrade_layer(layer: Any) -> Any:
    kind = layer.get("kind") if isinstance(layer, dict) else None
    if isinstance(layer, dict) and "ending" in layer:
        raise ValueError("a layer of version 1 must not have an ending")
    if isinstance(layer, dict) and _came_later(layer):
        raise ValueError("a layer of version 1 must not have what came with version 2")
    if kind == "Scores":
        return {**layer, "kind": "Dense", "ending": {"kind": "Bias"}}
    return {**layer, "ending": {"kind": "Thresholds"}} if kind in ("Dense", "Conv2d") else layer


def _came_later(layer: Mapping[str, Any]) -> bool:
    """Whether a layer has what files of version 1 do not."""
    padding = layer.get("padding")
    four, kind = isinstance(padding, list) and len(padding) == 4, layer.get("kind")
    later = {"sources", *(name for _, name in LATER)} - ({"padding"} if kind == "Conv2d" else set())
    return kind in LATER_KINDS or layer.get("pad") == ZERO or four or not later.isdisjoint(layer)


def reason_of(error: Exception) -> str:
    """What was wrong, in one line."""
    return f"lacks {error}" if isinstance(error, KeyError) else str(error)


def _describe_layer(network: Network, index: int, arrays: Arrays) -> dict[str, Any]:
    """A layer with what it reads, where that is not the one before it."""
    description = _describe(network.layers[index], str(index), arrays)
    sources = network.sources[index] if network.sources else (index - 1,)
    return description if sources == (index - 1,) else description | {"sources": sources}


def _sources(layer: Mapping[str, Any], index: int) -> tuple[int, ...]:
    try:
        return _integers("sources", layer["sources"]) if "sources" in layer else (index - 1,)
    except TypeError as error:
        raise TypeError(f"layer {index}: {error}") from None


def _describe(record: Input | Layer | Ending, prefix: str, arrays: Arrays) -> dict[str, Any]:
    """Kind and numbers of a record, the weights as packed bits with their shape here."""
    description: dict[str, Any] = {"kind": type(record).__name__}
    for field in dataclasses.fields(record):
        name, value = field.name, getattr(record, field.name)
        if name == "weights":
            description["shape"] = value.shape
            arrays[f"{prefix}.{name}"] = pack_bytes(value.reshape(len(value), -1))
        elif name in ARRAYS:
            # Thresholds have a row for each neuron, also of a single one.
            columns = value[:, np.newaxis] if name == "thresholds" and value.ndim == 1 else value
            arrays[f"{prefix}.{name}"] = columns.astype(np.int32)
        elif name == "ending":
            description[name] = _describe(value, prefix, arrays)
        elif value != LATER.get((type(record), name)):
            description[name] = value
    return description


def _record(kinds: Mapping[str, type[Record]], description: Any, prefix: str, arrays: Arrays) -> Record:
    """The inverse of :func:`_describe`; ValueError when a record cannot be."""
    place = f"layer {prefix}" if prefix.isdecimal() else prefix
    # Not a string, it may be what no dictionary can look up.
    found = description.get("kind") if isinstance(description, dict) else description
    kind = kinds.get(found) if isinstance(found, str) else None
    if kind is None:
        raise ValueError(f"{place}: kind must be one of {', '.join(kinds)}, not {reprlib.repr(found)}")
    try:
        return _fields(kind, description, prefix, arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{place}: {reason_of(error)}") from None


def _fields(kind: type[Record], description: Mapping[str, Any], prefix: str, arrays: Arrays) -> Record:
    """A record from its fields; what came later is left out where it is as it always was."""
    fields = [field.name for field in dataclasses.fields(kind)]
    present = [name for name in fields if (kind, name) not in LATER or name in description]
    return kind(**{name: _value(name, description, prefix, arrays) for name in present})


def _value(name: str, description: Mapping[str, Any], prefix: str, arrays: Arrays) -> Any:
    """What a field of a record gets."""
    if name == "weights":
        return _weights(arrays[f"{prefix}.{name}"], _integers("shape", description["shape"]))
    if name == "ending":
        return _ending(description[name], prefix, arrays)
    if name in ARRAYS:
        array = arrays[f"{prefix}.{name}"]
        check_numbers(array.size)
        return array
    return READ[name](name, description[name])


def _ending(description: Any, prefix: str, arrays: Arrays) -> Ending:
    found = description.get("kind") if isinstance(description, dict) else description
    kind = ENDINGS.get(found) if isinstance(found, str) else None
    if kind is None:
        raise ValueError(f"ending must be of the kind {' or '.join(ENDINGS)}, not {reprlib.repr(found)}")
    return _fields(kind, description, prefix, arrays)


def _weights(packed: NDArray[Any], shape: tuple[int, ...]) -> BitArray:
    mw = math.prod(shape[1:])
    if packed.dtype != np.uint8 or min(shape, default=0) < 1 or packed.shape != (shape[0], -(-mw // 8)):
        brief = reprlib.repr(list(shape))
        raise ValueError(f"weights must be {brief} bits, each neuron's packed, not of shape {packed.shape}")
    return unpack_bytes(packed, mw).reshape(shape)


def _string(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {reprlib.repr(value)}")
    return value


def _strings(name: str, values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError(f"{name} must be a list of strings, not {reprlib.repr(values)}")
    return tuple(_string(name, value) for value in values)


# Not isinstance in the following: bool is a kind of int in Python, but not in the format.
def _integer(name: str, value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"{name} must be an integer, not {reprlib.repr(value)}")
    return value


def _flag(name: str, value: object) -> bool:
    if type(value) is not bool:
        raise TypeError(f"{name} must be true or false, not {reprlib.repr(value)}")
    return value


def _integers(name: str, values: object) -> tuple[int, ...]:
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        raise TypeError(f"{name} must be integers, not {reprlib.repr(values)}")
    return tuple(values)


def _padding(name: str, values: object) -> tuple[int, ...]:
    padding = _integers(name, values)
    if len(padding) not in (2, 4):
        raise ValueError(f"{name} must be 2 or 4 integers, not {reprlib.repr(values)}")
    return padding


def _pad(name: str, value: object) -> int | str:
    return ZERO if value == ZERO else _integer(name, value)


def _pair(name: str, values: object) -> tuple[int, ...]:
    pair = _integers(name, values)
    if len(pair) != 2:
        raise ValueError(f"{name} must be 2 integers, not {reprlib.repr(values)}")
    return pair


READ: dict[str, Callable[[str, object], Any]] = {
    "shape": _integers,
    "levels": _integers,
    "multiplier": _integer,
    "offset": _integer,
    "divisor": _integer,
    "width": _integer,
    "signed": _flag,
    "kernel": _pair,
    "stride": _pair,
    "padding": _padding,
    "pad": _pad,
    "dilation": _pair,
    "groups": _integer,
    "shift": _integer,
    "shifts": _pair,
}
"""How each number is read. Written down, not asked of the records' annotations: those are for type checkers, and what
they are when a program runs changes with Python and numpy."""
