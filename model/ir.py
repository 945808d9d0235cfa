"""The network as frozen data: the one truth that golden model, hardware and files share.

``docs/ir.md`` specifies each formula; :mod:`xnorflow.model.golden` executes it.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .bits import BitArray

__all__ = ["Dense", "Element", "Layer", "Matrix", "Network", "Scores", "Tensor", "Thermometer"]


class Element(enum.Enum):
    """What one element of a tensor is: a bit that stands for ±1, or an integer."""

    BIT = "bit"
    UINT = "uint"
    INT = "int"


@dataclass(frozen=True)
class Tensor:
    """Type of the values between two layers.

    Parameters
    ----------
    shape : tuple of :class:`int`
        ``(n,)`` or ``(height, width, channels)``; the last axis is innermost in every stream.
    element : :class:`Element`
        Kind of the elements.
    width : :class:`int`
        Bits per element, 1 for :attr:`Element.BIT`.
    """

    shape: tuple[int, ...]
    element: Element = Element.BIT
    width: int = 1

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def bits(self) -> int:
        """Number of bits."""
        return self.size * self.width


@dataclass(frozen=True)
class Thermometer:
    """Input quantization to bits: bit ``j`` of a pixel is ``pixel >= levels[j]``.

    With a single level this is the usual threshold at a grey level. The bits of one pixel are innermost.

    Parameters
    ----------
    shape : tuple of :class:`int`
        Shape of the raw image, of ``uint8``: ``(height, width)``, ``(height, width, channels)`` or ``(n,)``.
    levels : tuple of :class:`int`
        Ascending, each in 1..255.

    Raises
    ------
    ValueError
        When the shape is empty or the levels do not ascend within 1..255.
    """

    shape: tuple[int, ...]
    levels: tuple[int, ...]

    def __post_init__(self) -> None:
        _check_shape(self.shape)
        if not self.levels or list(self.levels) != sorted(set(self.levels)):
            raise ValueError(f"levels must be one or more ascending numbers, not {self.levels!r}")
        if not 1 <= self.levels[0] <= self.levels[-1] <= 255:
            raise ValueError(f"levels must be in 1..255, not {self.levels!r}")

    @property
    def output(self) -> Tensor:
        """Type of the quantized image."""
        channels = math.prod(self.shape[2:]) * len(self.levels)
        return Tensor((*self.shape[:2], channels) if len(self.shape) > 1 else (self.shape[0] * channels,))


@dataclass(frozen=True, eq=False)
class Dense:
    """Fully connected layer that ends in thresholds.

    On bits: output ``n`` is 1 when ``matches[n] >= thresholds[n]``, where ``matches[n]`` counts the inputs that
    equal ``weights[n]``. A threshold of 0 gives a constant 1, one of ``mw + 1`` a constant 0.

    Parameters
    ----------
    weights : array of shape ``(mh, mw)``
        Bits: 1 stands for +1, 0 for -1.
    thresholds : array of shape ``(mh,)``
        Integers in ``0..mw + 1``.

    Raises
    ------
    ValueError
        When a shape, a bit or a threshold is out of its range.
    """

    weights: BitArray
    thresholds: NDArray[np.int64]

    def __post_init__(self) -> None:
        _freeze(self, "weights", _bit_matrix(self.weights))
        _freeze(self, "thresholds", _integers("thresholds", self.thresholds, self.mh))
        if not ((self.thresholds >= 0) & (self.thresholds <= self.mw + 1)).all():
            raise ValueError(f"thresholds must be in 0..{self.mw + 1}, not {_span(self.thresholds)}")

    @property
    def mh(self) -> int:
        """Matrix height: neurons."""
        return int(self.weights.shape[0])

    @property
    def mw(self) -> int:
        """Matrix width: synapses of each neuron."""
        return int(self.weights.shape[1])

    def output(self, tensor: Tensor) -> Tensor:
        """Type of the result for an input of type ``tensor``; ValueError when it does not chain."""
        _check_chain(self, tensor)
        return Tensor((self.mh,))


@dataclass(frozen=True, eq=False)
class Scores:
    """Last layer: ``scores[n] = dot(x, weights[n]) + bias[n]``, with values of ±1; the class is the argmax.

    Ties go to the lowest index.

    Parameters
    ----------
    weights : array of shape ``(classes, mw)``
        Bits: 1 stands for +1, 0 for -1.
    bias : array of shape ``(classes,)``
        Integers of at most 31 bits.

    Raises
    ------
    ValueError
        When a shape, a bit or a bias is out of its range.
    """

    weights: BitArray
    bias: NDArray[np.int64]

    def __post_init__(self) -> None:
        _freeze(self, "weights", _bit_matrix(self.weights))
        _freeze(self, "bias", _integers("bias", self.bias, self.mh))
        if not (abs(self.bias) < 1 << 30).all():
            raise ValueError(f"bias must be within ±{(1 << 30) - 1}, not {_span(self.bias)}")

    @property
    def mh(self) -> int:
        """Matrix height: classes."""
        return int(self.weights.shape[0])

    @property
    def mw(self) -> int:
        """Matrix width: synapses of each class."""
        return int(self.weights.shape[1])

    @property
    def limit(self) -> int:
        """Largest magnitude that a score can have."""
        return self.mw + int(abs(self.bias).max())

    def output(self, tensor: Tensor) -> Tensor:
        """Type of the scores for an input of type ``tensor``; ValueError when it does not chain."""
        _check_chain(self, tensor)
        return Tensor((self.mh,), Element.INT, self.limit.bit_length() + 1)


Layer = Dense | Scores
Matrix = Dense | Scores
"""Layers whose work is a matrix-vector product."""


@dataclass(frozen=True)
class Network:
    """A binarized network: input quantization, then layers, the last of which is :class:`Scores`.

    Parameters
    ----------
    name : :class:`str`
        Name for files and reports.
    input : :class:`Thermometer`
        How a raw image becomes the bits of the first layer.
    layers : tuple of layers
        In the order of the data.
    dataset : :class:`str`
        Data set that the network was trained on, or empty.
    provenance : mapping of strings
        How the network was made: command, seed, accuracies.

    Raises
    ------
    ValueError
        When the layers do not chain or do not end in :class:`Scores`.
    """

    name: str
    input: Thermometer
    layers: tuple[Layer, ...]
    dataset: str = ""
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "provenance", MappingProxyType(dict(self.provenance)))
        if not self.layers or not isinstance(self.layers[-1], Scores):
            raise ValueError("the last layer must be Scores")
        if any(isinstance(layer, Scores) for layer in self.layers[:-1]):
            raise ValueError("only the last layer may be Scores")
        assert self.tensors

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Types of the values: the quantized input, then the output of each layer."""
        tensors = [self.input.output]
        for name, layer in zip(self.names, self.layers, strict=True):
            try:
                tensors.append(layer.output(tensors[-1]))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        return tuple(tensors)

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each layer: its kind and its position."""
        return tuple(f"{type(layer).__name__.lower()}{index}" for index, layer in enumerate(self.layers))

    @property
    def classes(self) -> int:
        """Number of classes."""
        return self.layers[-1].mh

    @property
    def weight_bits(self) -> int:
        """Number of weights, one bit each."""
        return sum(int(layer.weights.size) for layer in self.layers)


def _freeze(layer: object, name: str, array: NDArray[np.generic]) -> None:
    """Set a field of a frozen dataclass to an array that nobody can write to."""
    array.setflags(write=False)
    object.__setattr__(layer, name, array)


def _check_shape(shape: tuple[int, ...]) -> None:
    if not 1 <= len(shape) <= 3 or min(shape) < 1:
        raise ValueError(f"shape must be 1 to 3 positive numbers, not {shape!r}")


def _bit_matrix(weights: ArrayLike) -> BitArray:
    array = np.array(weights)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"weights must be a matrix of neurons by synapses, not of shape {array.shape}")
    if not np.isin(array, (0, 1)).all():
        raise ValueError("weights must be bits, 0 or 1")
    return array.astype(np.uint8)


def _integers(name: str, values: ArrayLike, count: int) -> NDArray[np.int64]:
    array = np.array(values)
    if array.shape != (count,):
        raise ValueError(f"{name} must have shape ({count},), not {array.shape}")
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name} must be integers, not {array.dtype}")
    return array.astype(np.int64)


def _span(values: NDArray[np.int64]) -> str:
    return f"{values.min()}..{values.max()}"


def _check_chain(layer: Matrix, tensor: Tensor) -> None:
    if tensor.size != layer.mw:
        raise ValueError(f"takes {layer.mw} inputs, but gets {tensor.size}")
