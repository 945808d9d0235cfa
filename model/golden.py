"""The golden model: what a network computes, in exact integers, a whole test set in seconds.

The matrix products run in BLAS, which is exact here: all terms are integers, and every partial sum stays below 2**24,
up to which single precision has each integer, or else below 2**53 in double precision.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .bits import BitArray, bipolar
from .ir import Affine, Conv2d, Dense, Element, Input, Layer, Matrix, MaxPool, Network, Scores, Tensor, Thermometer

__all__ = ["classify", "forward", "predict", "quantize", "trace"]

Scored = NDArray[np.int64]

Integers = NDArray[np.integer]

BATCH = 1000
"""Images per matrix product, at most: large enough for BLAS, small enough for the cache."""

WORKSPACE = 1 << 26
"""Bytes that the windows of a convolution's images may take; this many images make a batch, and at least one."""


def predict(network: Network, images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Class of each image.

    Parameters
    ----------
    network : :class:`Network`
        The network.
    images : array of ``uint8`` of shape ``(count, *network.input.shape)``
        Raw images.

    Raises
    ------
    TypeError
        When the images are not ``uint8``.
    ValueError
        When their shape is not the network's.
    """
    return classify(forward(network, images))


def classify(scores: Scored) -> NDArray[np.int64]:
    """Index of the highest score of each row; ties go to the lowest index."""
    return np.asarray(scores.argmax(axis=-1), np.int64)


def forward(network: Network, images: NDArray[np.uint8]) -> Scored:
    """Scores of each image, of shape ``(count, classes)``; parameters and errors as for :func:`predict`."""
    check_images(network, images)
    # Only the scores of a batch are kept, so that the rest may go.
    scores = [deque(_steps(network, part), maxlen=1).pop() for part in _batches(network, images)]
    return np.concatenate(scores).astype(np.int64)


def trace(network: Network, images: NDArray[np.uint8]) -> list[NDArray[np.int64]]:
    """The quantized images, then the output of each layer: bits, and at last the scores.

    Each is of shape ``(count, *tensor.shape)``, with the tensors that ``network.tensors`` names; parameters and errors
    are as for :func:`predict`.
    """
    check_images(network, images)
    parts = [list(_steps(network, part)) for part in _batches(network, images)]
    return [np.concatenate(steps).astype(np.int64) for steps in zip(*parts, strict=True)]


def quantize(rule: Input, images: NDArray[np.uint8]) -> Integers:
    """Input values of each image, of shape ``(count, *rule.output.shape)``.

    Bits are ``uint8``, as are unsigned integers; signed ones are ``int8``.
    """
    # A pixel has only 256 values: the rule is applied to each of them once.
    return _QUANTIZE[type(rule)](rule)[images].reshape(len(images), *rule.output.shape)


def check_images(network: Network, images: NDArray[np.uint8]) -> None:
    """Raise what :func:`predict` says it raises."""
    if images.dtype != np.uint8:
        raise TypeError(f"images must be uint8, not {images.dtype}")
    if images.shape[1:] != network.input.shape:
        raise ValueError(
            f"images must have shape (count, {', '.join(map(str, network.input.shape))}), not {images.shape}"
        )


def _thermometer(rule: Thermometer) -> BitArray:
    """Bits of every pixel value, one row for each."""
    return (np.arange(256)[:, np.newaxis] >= np.array(rule.levels)).astype(np.uint8)


def _affine(rule: Affine) -> Integers:
    """Integer of every pixel value."""
    values = (rule.multiplier * np.arange(256, dtype=np.int64) + rule.offset) // rule.divisor
    return values.clip(*rule.output.span).astype(np.int8 if rule.signed else np.uint8)


def _batches(network: Network, images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """The images in parts that keep within :data:`WORKSPACE`; where there are none, one part that is empty."""
    matrices = network.matrices
    # Each window of a layer is a row of mw numbers, and gives mh results.
    widest = max(step.vectors * matrices[step.name].mw for step in network.steps() if step.name in matrices)
    batch = max(1, min(BATCH, WORKSPACE // (widest * np.dtype(np.float32).itemsize)))
    for start in range(0, max(1, len(images)), batch):
        yield images[start : start + batch]


def _steps(network: Network, images: NDArray[np.uint8]) -> Iterator[Integers]:
    """The quantized images, then the output of each layer."""
    values = quantize(network.input, images)
    yield values
    for step in network.steps():
        values = _LAYER[type(step.layer)](step.layer, step.input, values)
        yield values


def _dense(layer: Dense, tensor: Tensor, values: Integers) -> BitArray:
    return _compare(layer, tensor, _values(tensor, values).reshape(-1, layer.mw))


def _conv2d(layer: Conv2d, tensor: Tensor, values: Integers) -> BitArray:
    above, left = layer.padding
    padded = np.pad(values, ((0, 0), (above, above), (left, left), (0, 0)), constant_values=layer.pad)
    # A window is read row by row, channels innermost.
    rows = _windows(layer, _values(tensor, padded)).transpose(0, 1, 2, 4, 5, 3)
    return _compare(layer, tensor, rows.reshape(-1, layer.mw)).reshape(*rows.shape[:3], layer.mh)


def _max_pool(layer: MaxPool, tensor: Tensor, bits: BitArray) -> BitArray:
    assert tensor.element is Element.BIT
    return np.asarray(_windows(layer, bits).max(axis=(-2, -1)))


def _windows(layer: Conv2d | MaxPool, images: Integers) -> Integers:
    """A view of shape ``(count, rows, columns, channels, kernel rows, kernel columns)``."""
    down, right = layer.stride
    return sliding_window_view(images, layer.kernel, axis=(1, 2))[:, ::down, ::right]


def _scores(layer: Scores, tensor: Tensor, values: Integers) -> Scored:
    return _dots(layer, tensor, _values(tensor, values).reshape(-1, layer.mw)).astype(np.int64) + layer.bias


def _values(tensor: Tensor, stored: Integers) -> Integers:
    """What the stored elements stand for: ±1 or themselves."""
    return bipolar(np.asarray(stored, np.uint8)) if tensor.element is Element.BIT else stored


def _compare(layer: Dense | Conv2d, tensor: Tensor, rows: Integers) -> BitArray:
    """Bit of each neuron, one row for each row of inputs."""
    bits = tensor.element is Element.BIT
    # On bits the threshold counts matches: matches >= t where dot = 2 * matches - mw >= 2 * t - mw.
    levels = 2 * layer.thresholds - layer.mw if bits else layer.thresholds
    dots = _dots(layer, tensor, rows)
    return (dots >= levels.astype(dots.dtype)).astype(np.uint8)


def _dots(layer: Matrix, tensor: Tensor, rows: Integers) -> NDArray[np.floating]:
    """Dot products, whole numbers, one row of neurons for each row of inputs."""
    limit = layer.mw * tensor.magnitude
    single, double = 1 << 24, 1 << 53
    # Thresholds go up to one above the largest dot product, on bits to two above.
    assert limit + 2 <= double
    precision: type[np.floating] = np.float32 if limit + 2 <= single else np.float64
    products: NDArray[np.floating] = rows.astype(precision) @ bipolar(layer.matrix).astype(precision).T
    return products


_QUANTIZE: dict[type[Input], Callable[[Any], Integers]] = {Thermometer: _thermometer, Affine: _affine}

_LAYER: dict[type[Layer], Callable[[Any, Tensor, Any], Integers]] = {
    Dense: _dense,
    Conv2d: _conv2d,
    MaxPool: _max_pool,
    Scores: _scores,
}
