"""How large a network, or what a file claims, may be: far above what fits a device, and a bound on memory and time.

``docs/ir.md`` lists them; those of the importer, in ``docs/import.md``, are the same where they are of the same thing.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .steps import Layer, Step, held_elements
from .tensors import Tensor

__all__ = [
    "LARGEST_CLASSES",
    "LARGEST_DEPTH",
    "LARGEST_FILE",
    "LARGEST_HELD",
    "LARGEST_INPUT",
    "LARGEST_LAYER",
    "LARGEST_NETWORK",
    "LARGEST_NUMBERS",
    "LARGEST_STRIDE",
    "LARGEST_TENSOR",
    "LARGEST_WEIGHTS",
    "LARGEST_WINDOWS",
    "LARGEST_WORK",
    "check_claims",
    "check_limits",
    "check_numbers",
]

LARGEST_FILE = 1 << 26
"""Bytes of a model file."""

LARGEST_DEPTH = 1 << 8
"""Layers."""

LARGEST_INPUT = 1 << 20
"""Numbers of a raw image."""

LARGEST_TENSOR = 1 << 22
"""Elements between two layers, the quantized image among them."""

LARGEST_LAYER = 1 << 16
"""Neurons of a layer, or filters."""

LARGEST_CLASSES = (1 << 16) - 1
"""Classes: the link tells their number in two bytes."""

LARGEST_WEIGHTS = 1 << 24
"""Weights of a layer."""

LARGEST_NETWORK = 1 << 26
"""Weights of all layers."""

LARGEST_STRIDE = 1 << 20
"""Rows or columns from one window to the next."""

LARGEST_NUMBERS = 1 << 22
"""Levels of a layer, or ranks."""

LARGEST_WINDOWS = 1 << 27
"""Elements of all windows of a layer, each window's own; the golden model holds those of an image at once."""

LARGEST_HELD = 1 << 24
"""Elements of tensors that are there at once, while layers run in their order: two of a chain."""

LARGEST_WORK = 1 << 36
"""Multiplications for an image."""


def check_limits(shape: Sequence[int], image: Tensor, steps: Sequence[Step]) -> None:
    """Refuse a network that is too large.

    Parameters
    ----------
    shape : sequence of :class:`int`
        Shape of the raw image.
    image : :class:`Tensor`
        The quantized image.
    steps : sequence of :class:`~.steps.Step`
        The layers in their places.

    Raises
    ------
    ValueError
        When one of the limits is exceeded; the message says which, and by whom.
    """
    _check("layers", len(steps), LARGEST_DEPTH)
    _check("input: numbers of an image", math.prod(shape), LARGEST_INPUT)
    _check("input: bits of an image", image.size, LARGEST_TENSOR)
    weights, work = 0, 0
    for step in steps:
        name, layer = step.name, step.layer
        if step.matrix is not None:
            _check(f"{name}: neurons", step.matrix.mh, LARGEST_LAYER)
            _check(f"{name}: weights", step.matrix.weights.size, LARGEST_WEIGHTS)
            weights, work = weights + step.matrix.weights.size, work + step.matrix.mw * step.output.size
        _check(f"{name}: elements of all windows", layer.unfolded(step.input), LARGEST_WINDOWS)
        _check(f"{name}: stride", max(getattr(layer, "stride", (1,))), LARGEST_STRIDE)
        _check(f"{name}: dilation", max(getattr(layer, "dilation", (1,))), LARGEST_STRIDE)
        _check(f"{name}: levels and ranks", _numbers(layer), LARGEST_NUMBERS)
        _check(f"{name}: elements of the output", step.output.size, LARGEST_TENSOR)
    _check("elements held at once", held_elements(image, steps), LARGEST_HELD)
    _check(f"{steps[-1].name}: classes", steps[-1].output.size, LARGEST_CLASSES)
    _check("weights of all layers", weights, LARGEST_NETWORK)
    _check("multiplications for an image", work, LARGEST_WORK)


def _numbers(layer: Layer) -> int:
    """Levels or ranks of a layer: whatever arrays its ending has, or it has itself."""
    record = getattr(layer, "ending", layer)
    return sum(value.size for value in vars(record).values() if isinstance(value, np.ndarray))


def check_numbers(count: int) -> None:
    """ValueError when a file has more levels or ranks for a layer than there may be."""
    _check("levels and ranks", count, LARGEST_NUMBERS)


def check_claims(description: dict[str, Any]) -> None:
    """ValueError when a model file's description claims more than there may be; called before arrays are made of it.

    What is not of the right kind is left to those who read it.
    """
    layers = description.get("layers")
    if not isinstance(layers, list):
        return
    _check("layers", len(layers), LARGEST_DEPTH)
    for index, layer in enumerate(layers):
        shape = layer.get("shape") if isinstance(layer, dict) else None
        if isinstance(shape, list) and all(type(size) is int for size in shape):
            _check(f"layer {index}: weights", math.prod(map(abs, shape)), LARGEST_WEIGHTS)
    _check_integers(description)


def _check_integers(description: dict[str, Any]) -> None:
    """Numbers of thousands of digits would come back in messages, and multiplied with each other."""
    rest: list[Any] = [description]
    while rest:
        entry = rest.pop()
        if isinstance(entry, dict | list):
            rest += entry.values() if isinstance(entry, dict) else entry
        elif isinstance(entry, int):
            _check("numbers", abs(entry), (1 << 63) - 1)


def _check(what: str, count: int, most: int) -> None:
    if count > most:
        # A file may claim numbers of thousands of digits, which Python does not print.
        raise ValueError(f"{what} must be at most {most}, not {count if count < 1 << 64 else 'above 2**64'}")
