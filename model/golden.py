"""The golden model: what a network computes, in exact integers, a whole test set in seconds.

What a layer of each kind computes stands beside its record, in ``model/kinds``.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .bits import BitArray
from .ir import IMAGE, Affine, Input, Network, Thermometer
from .kinds.kind import Integers
from .steps import held_elements, last_readers

__all__ = ["classify", "forward", "predict", "quantize", "trace"]

Scored = NDArray[np.int64]

BATCH = 1000
"""Images per matrix product, at most: large enough for BLAS, small enough for the cache."""

WORKSPACE = 1 << 26
"""Bytes that windows, or tensors that are held at once, may take; this many images make a batch, and at least one."""


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
    return np.concatenate(scores).astype(np.int64).reshape(-1, network.classes)


def trace(network: Network, images: NDArray[np.uint8]) -> list[NDArray[np.int64]]:
    """The quantized images, then the output of each layer: bits or integers, and at last the scores.

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
    steps = tuple(network.steps())
    widest = max(step.layer.unfolded(step.input) for step in steps)
    most = max(widest, held_elements(network.input.output, steps))
    batch = max(1, min(BATCH, WORKSPACE // (most * np.dtype(np.float32).itemsize)))
    for start in range(0, max(1, len(images)), batch):
        yield images[start : start + batch]


def _steps(network: Network, images: NDArray[np.uint8]) -> Iterator[Integers]:
    """The quantized images, then the output of each layer."""
    steps = tuple(network.steps())
    last = last_readers(steps)
    values = {IMAGE: quantize(network.input, images)}
    yield values[IMAGE]
    for index, step in enumerate(steps):
        # The types of all that it takes, then their elements.
        apply: Callable[..., Integers] = step.layer.apply
        rows = zip(step.inputs, step.sources, strict=True)
        values[index] = apply(*step.inputs, *(values[source].reshape(-1, *tensor.shape) for tensor, source in rows))
        yield values[index]
        # What nobody reads any more may go.
        values = {place: value for place, value in values.items() if last.get(place, -1) > index}


_QUANTIZE: dict[type[Input], Callable[[Any], Integers]] = {Thermometer: _thermometer, Affine: _affine}
