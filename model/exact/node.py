"""An operation of a file that is imported, as plain data; errors name it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST_TENSOR", "Array", "Attribute", "ImportRefused", "Node", "RealWeights", "Whole"]

LARGEST_TENSOR = 1 << 24
"""Elements of a tensor of a file: far above any that fits."""

LARGEST_LIST = 64
"""Numbers in an attribute."""

Array = NDArray[np.generic]
Attribute = int | float | str | tuple[int, ...] | tuple[float, ...] | Array


class ImportRefused(ValueError):
    """A file that cannot be imported; the message names the node and says what would be needed."""


class RealWeights(ImportRefused):
    """Weights that are no multiples of ±1, and not even few numbers."""


@dataclass(frozen=True)
class Whole:
    """An integer type: its name in messages, and its range."""

    name: str
    low: int
    high: int


@dataclass(frozen=True, eq=False)
class Node:
    """One operator of a graph.

    Parameters
    ----------
    name, operator : :class:`str`
        As in the file; a node without a name is called by its first output.
    inputs, outputs : tuple of :class:`str`
        Names of tensors; an empty name is an input that was left out.
    attributes : mapping
        Plain values.
    whole : :class:`Whole` or None
        The integer type of what it gives; None where that are floats or booleans.
    """

    name: str
    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Attribute]
    whole: Whole | None = None

    def error(self, text: str) -> ImportRefused:
        """An error that names this node."""
        return ImportRefused(f"{self.name} ({self.operator}): {text}")

    def integer(self, name: str, default: int) -> int:
        """An attribute that is an integer."""
        value = self.attributes.get(name, default)
        if not isinstance(value, int):
            raise self.error(f"{name} must be an integer, not {value!r}")
        return value

    def integers(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        """An attribute that is a list of integers."""
        value = self.attributes.get(name, default)
        if not isinstance(value, tuple) or not all(isinstance(entry, int) for entry in value):
            raise self.error(f"{name} must be integers, not {value!r}")
        if len(value) > LARGEST_LIST:
            raise self.error(f"{name} must be at most {LARGEST_LIST} integers, not {len(value)}")
        return tuple(int(entry) for entry in value)

    def number(self, name: str, default: float) -> float:
        """An attribute that is a finite number."""
        value = self.attributes.get(name, default)
        if not isinstance(value, int | float) or not np.isfinite(value):
            raise self.error(f"{name} must be a finite number, not {value!r}")
        return float(value)

    def text(self, name: str, default: str) -> str:
        """An attribute that is a string."""
        value = self.attributes.get(name, default)
        if not isinstance(value, str):
            raise self.error(f"{name} must be a string, not {value!r}")
        return value
