"""The kinds of layers, as frozen data that is checked when it is made and when it gets its place in a network."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .arrays import bit_array, freeze, integer_array
from .bits import BitArray
from .numbers import integer, pair
from .tensors import Element, Tensor

__all__ = ["Conv2d", "Dense", "Layer", "Matrix", "MaxPool", "Scores"]

LARGEST_KERNEL = 7


@dataclass(frozen=True, eq=False)
class Dense:
    """Fully connected layer that ends in thresholds.

    On bits: output ``n`` is 1 when ``matches[n] >= thresholds[n]``, where ``matches[n]`` counts the inputs that
    equal ``weights[n]``. A threshold of 0 gives a constant 1, one of ``mw + 1`` a constant 0.
    On integers: output ``n`` is 1 when ``dot(x, weights[n]) >= thresholds[n]``, with weights of ±1.

    Parameters
    ----------
    weights : array of shape ``(mh, mw)``
        Bits: 1 stands for +1, 0 for -1.
    thresholds : array of shape ``(mh,)``
        Integers: on bits in ``0..mw + 1``, on integers between the smallest dot product and one above the largest.

    Raises
    ------
    ValueError
        When a shape or a bit is out of its range; a threshold, when the layer gets its place in a network.
    """

    weights: BitArray
    thresholds: NDArray[np.int64]

    def __post_init__(self) -> None:
        freeze(self, "weights", bit_array(self.weights, 2, "a matrix of neurons by synapses"))
        freeze(self, "thresholds", integer_array("thresholds", self.thresholds, self.mh))

    @property
    def matrix(self) -> BitArray:
        """Weights of shape ``(mh, mw)``."""
        return self.weights

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
        _check_size(self, tensor)
        _check_thresholds(self, tensor)
        return Tensor((self.mh,))


@dataclass(frozen=True, eq=False)
class Conv2d:
    """Convolution that ends in thresholds: a :class:`Dense` layer on each window of the image.

    A window is read row by row, each row pixel by pixel, each pixel channel by channel.

    Parameters
    ----------
    weights : array of shape ``(mh, kernel height, kernel width, channels)``
        Bits: 1 stands for +1, 0 for -1. Kernels are 1..7 in each direction.
    thresholds : array of shape ``(mh,)``
        As for :class:`Dense`.
    stride : pair of :class:`int`
        Rows and columns from one window to the next, at least 1. Rows and columns that no window reaches are ignored.
    padding : pair of :class:`int`
        Rows above and below, and columns left and right, less than the kernel.
    pad : :class:`int`
        Value of the padding: a bit, or an integer of the input's range.

    Raises
    ------
    TypeError
        When a number is not an integer; a single one is taken for rows and columns alike.
    ValueError
        When a shape or a number is out of its range; a threshold or the padding's value, when the layer gets its place.
    """

    weights: BitArray
    thresholds: NDArray[np.int64]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    pad: int = 0

    def __post_init__(self) -> None:
        freeze(self, "weights", bit_array(self.weights, 4, "neurons by kernel rows by kernel columns by channels"))
        freeze(self, "thresholds", integer_array("thresholds", self.thresholds, self.mh))
        for name in ("stride", "padding"):
            object.__setattr__(self, name, pair(name, getattr(self, name)))
        object.__setattr__(self, "pad", integer("pad", self.pad))
        if max(self.kernel) > LARGEST_KERNEL:
            raise ValueError(f"kernel must be 1..{LARGEST_KERNEL} in each direction, not {_times(self.kernel)}")
        if min(self.stride) < 1:
            raise ValueError(f"stride must be at least 1, not {self.stride!r}")
        if not all(0 <= size < kernel for size, kernel in zip(self.padding, self.kernel, strict=True)):
            raise ValueError(
                f"padding must be at least 0 and less than the kernel, {_times(self.kernel)}, not {self.padding!r}"
            )

    @property
    def kernel(self) -> tuple[int, int]:
        """Rows and columns of a window."""
        return int(self.weights.shape[1]), int(self.weights.shape[2])

    @property
    def channels(self) -> int:
        """Channels of the input."""
        return int(self.weights.shape[3])

    @property
    def matrix(self) -> BitArray:
        """Weights of shape ``(mh, mw)``, in the order of the window."""
        return self.weights.reshape(self.mh, self.mw)

    @property
    def mh(self) -> int:
        """Matrix height: output channels."""
        return int(self.weights.shape[0])

    @property
    def mw(self) -> int:
        """Matrix width: synapses of each output channel."""
        return int(self.weights[0].size)

    def output(self, tensor: Tensor) -> Tensor:
        """Type of the result for an input of type ``tensor``; ValueError when it does not chain."""
        if len(tensor.shape) != 3 or tensor.shape[2] != self.channels:
            raise ValueError(f"takes images of {self.channels} channels, but gets shape {tensor.shape}")
        low, high = (0, 1) if tensor.element is Element.BIT else tensor.span
        if not low <= self.pad <= high:
            raise ValueError(f"pad must be in {low}..{high}, not {self.pad!r}")
        _check_thresholds(self, tensor)
        return Tensor((*_windows(tensor, self.kernel, self.stride, self.padding), self.mh))


@dataclass(frozen=True)
class MaxPool:
    """Maximum of each window, channel by channel: on bits, whether one of them is 1.

    Parameters
    ----------
    kernel : pair of :class:`int`
        Rows and columns of a window, at least 1.
    stride : pair of :class:`int`
        Rows and columns from one window to the next, at least 1. Rows and columns that no window reaches are ignored.

    Raises
    ------
    TypeError
        When a number is not an integer; a single one is taken for rows and columns alike.
    ValueError
        When a number is below 1.
    """

    kernel: tuple[int, int] = (2, 2)
    stride: tuple[int, int] = (2, 2)

    def __post_init__(self) -> None:
        for name in ("kernel", "stride"):
            value = pair(name, getattr(self, name))
            if min(value) < 1:
                raise ValueError(f"{name} must be at least 1, not {value!r}")
            object.__setattr__(self, name, value)

    def output(self, tensor: Tensor) -> Tensor:
        """Type of the result for an input of type ``tensor``; ValueError when it does not chain."""
        if len(tensor.shape) != 3 or tensor.element is not Element.BIT:
            raise ValueError(f"takes an image of bits, but gets {tensor.element.value} of shape {tensor.shape}")
        return Tensor((*_windows(tensor, self.kernel, self.stride, (0, 0)), tensor.shape[2]))


@dataclass(frozen=True, eq=False)
class Scores:
    """Last layer: ``scores[n] = dot(x, weights[n]) + bias[n]``, with weights of ±1; the class is the argmax.

    Ties go to the lowest index.

    Parameters
    ----------
    weights : array of shape ``(classes, mw)``
        Bits: 1 stands for +1, 0 for -1.
    bias : array of shape ``(classes,)``
        Integers within ±(2**30 - 1).

    Raises
    ------
    ValueError
        When a shape, a bit or a bias is out of its range.
    """

    weights: BitArray
    bias: NDArray[np.int64]

    def __post_init__(self) -> None:
        freeze(self, "weights", bit_array(self.weights, 2, "a matrix of neurons by synapses"))
        freeze(self, "bias", integer_array("bias", self.bias, self.mh))

    @property
    def matrix(self) -> BitArray:
        """Weights of shape ``(mh, mw)``."""
        return self.weights

    @property
    def mh(self) -> int:
        """Matrix height: classes."""
        return int(self.weights.shape[0])

    @property
    def mw(self) -> int:
        """Matrix width: synapses of each class."""
        return int(self.weights.shape[1])

    def output(self, tensor: Tensor) -> Tensor:
        """Type of the scores for an input of type ``tensor``; ValueError when it does not chain."""
        _check_size(self, tensor)
        limit = self.mw * _magnitude(tensor) + int(abs(self.bias).max())
        return Tensor((self.mh,), Element.INT, limit.bit_length() + 1)


Layer = Dense | Conv2d | MaxPool | Scores
Matrix = Dense | Conv2d | Scores
"""Layers whose work is a matrix-vector product."""


def _magnitude(tensor: Tensor) -> int:
    """Largest magnitude of an element."""
    return max(map(abs, tensor.span))


def _check_size(layer: Dense | Scores, tensor: Tensor) -> None:
    if tensor.size != layer.mw:
        raise ValueError(f"takes {layer.mw} inputs, but gets {tensor.size}")


def _check_thresholds(layer: Dense | Conv2d, tensor: Tensor) -> None:
    """Thresholds count matches of bits, or compare a dot product of integers."""
    limit = layer.mw * _magnitude(tensor)
    low, high = (0, layer.mw + 1) if tensor.element is Element.BIT else (-limit, limit + 1)
    smallest, largest = layer.thresholds.min(), layer.thresholds.max()
    if not low <= smallest <= largest <= high:
        raise ValueError(f"thresholds must be in {low}..{high}, not {smallest}..{largest}")


def _windows(
    tensor: Tensor, kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]
) -> tuple[int, int]:
    """Rows and columns of windows on a padded image; ValueError when not even one fits."""
    padded = tensor.shape[0] + 2 * padding[0], tensor.shape[1] + 2 * padding[1]
    if kernel[0] > padded[0] or kernel[1] > padded[1]:
        raise ValueError(f"kernel must fit the padded image, {_times(padded)}, not be {_times(kernel)}")
    return (padded[0] - kernel[0]) // stride[0] + 1, (padded[1] - kernel[1]) // stride[1] + 1


def _times(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"
