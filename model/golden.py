"""The golden model: what a network computes, in exact integers, a whole test set in seconds.

The matrix products run in single-precision BLAS, which is exact here: all terms are integers and every partial sum
stays below 2**24.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bits import BitArray, bipolar
from .ir import Dense, Layer, Matrix, Network, Scores, Thermometer

__all__ = ["classify", "forward", "predict", "quantize", "trace"]

Scored = NDArray[np.int64]

BATCH = 1000
"""Images per matrix product: large enough for BLAS, small enough for the cache and for memory."""


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
    parts = [list(_steps(network, images[start : start + BATCH]))[-1] for start in range(0, len(images), BATCH)]
    return np.concatenate(parts) if parts else np.zeros((0, network.classes), np.int64)


def trace(network: Network, images: NDArray[np.uint8]) -> list[NDArray[np.int64]]:
    """The quantized images, then the output of each layer: bits, and at last the scores."""
    check_images(network, images)
    return [values.astype(np.int64) for values in _steps(network, images)]


def quantize(rule: Thermometer, images: NDArray[np.uint8]) -> BitArray:
    """Input bits of each image, of shape ``(count, *rule.output.shape)``."""
    bits = images[..., np.newaxis] >= np.array(rule.levels)
    return bits.reshape(len(images), *rule.output.shape).astype(np.uint8)


def check_images(network: Network, images: NDArray[np.uint8]) -> None:
    """Raise what :func:`predict` says it raises."""
    if images.dtype != np.uint8:
        raise TypeError(f"images must be uint8, not {images.dtype}")
    if images.shape[1:] != network.input.shape:
        raise ValueError(
            f"images must have shape (count, {', '.join(map(str, network.input.shape))}), not {images.shape}"
        )


def _steps(network: Network, images: NDArray[np.uint8]) -> Iterator[NDArray[np.generic]]:
    values: NDArray[np.generic] = quantize(network.input, images)
    yield values
    for layer in network.layers:
        values = _LAYER[type(layer)](layer, values)
        yield values


def _dense(layer: Dense, bits: BitArray) -> BitArray:
    matches = (_dot(layer, bits) + layer.mw) // 2
    return (matches >= layer.thresholds).astype(np.uint8)


def _scores(layer: Scores, bits: BitArray) -> Scored:
    return _dot(layer, bits) + layer.bias


def _dot(layer: Matrix, bits: BitArray) -> NDArray[np.int64]:
    values = bipolar(bits.reshape(len(bits), -1)).astype(np.float32)
    assert layer.mw < 1 << 24
    return np.asarray(values @ bipolar(layer.weights).astype(np.float32).T).astype(np.int64)


_LAYER: dict[type[Layer], Callable[[Any, Any], NDArray[np.generic]]] = {Dense: _dense, Scores: _scores}
