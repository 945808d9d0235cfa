"""The golden model: what a network computes, in exact integers, a whole test set in seconds.

What a layer of each kind computes stands beside its record, in ``model/kinds``.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import packed
from .bits import BitArray
from .ir import IMAGE, Affine, Input, Network, Thermometer
from .kinds.kind import Integers
from .steps import Step, held_elements, last_readers

if TYPE_CHECKING:
    from .kernels import Kernel

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
    # Only the scores of a batch are kept, so that the rest may go.
    scores = _of_batches(network, images, lambda steps: deque(steps, maxlen=1).pop())
    return np.concatenate(scores).astype(np.int64).reshape(-1, network.classes)


def trace(network: Network, images: NDArray[np.uint8]) -> list[NDArray[np.int64]]:
    """The quantized images, then the output of each layer: bits or integers, and at last the scores.

    Each is of shape ``(count, *tensor.shape)``, with the tensors that ``network.tensors`` names; parameters and errors
    are as for :func:`predict`.
    """
    parts = _of_batches(network, images, list)
    return [np.concatenate(steps).astype(np.int64) for steps in zip(*parts, strict=True)]


def quantize(rule: Input, images: NDArray[np.uint8]) -> Integers:
    """Input values of each image, of shape ``(count, *rule.output.shape)``.

    Bits are ``uint8``, as are unsigned integers; signed ones are ``int8``.
    """
    return _QUANTIZE[type(rule)](rule, images).reshape(len(images), *rule.output.shape)


def check_images(network: Network, images: NDArray[np.uint8]) -> None:
    """Raise what :func:`predict` says it raises."""
    if images.dtype != np.uint8:
        raise TypeError(f"images must be uint8, not {images.dtype}")
    if images.shape[1:] != network.input.shape:
        raise ValueError(
            f"images must have shape (count, {', '.join(map(str, network.input.shape))}), not {images.shape}"
        )


def _thermometer(rule: Thermometer, images: NDArray[np.uint8]) -> BitArray:
    """Bits of every pixel, innermost."""
    bits = np.empty((*images.shape, len(rule.levels)), np.bool_)
    for index, level in enumerate(rule.levels):
        np.greater_equal(images, level, out=bits[..., index])
    return bits.view(np.uint8)


def _affine(rule: Affine, images: NDArray[np.uint8]) -> Integers:
    """Integer of every pixel."""
    # A pixel has only 256 values: the rule is applied to each of them once.
    values = (rule.multiplier * np.arange(256, dtype=np.int64) + rule.offset) // rule.divisor
    return values.clip(*rule.output.span).astype(np.int8 if rule.signed else np.uint8)[images]


def _of_batches(network: Network, images: NDArray[np.uint8], take: Callable[[Iterable[Integers]], Any]) -> list[Any]:
    """What is taken of the steps of each batch: several batches at once where a kernel leaves Python to others."""
    check_images(network, images)
    batches, kernel = tuple(_batches(network, images)), packed.kernel_for(network, len(images))
    steps = tuple(network.steps())

    def run(batch: NDArray[np.uint8]) -> Any:
        return take(_steps(network.input, steps, batch, kernel))

    workers = 1 if kernel is None else min(packed.threads(), len(batches))
    if workers == 1:
        return [run(batch) for batch in batches]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(run, batches))


def _batches(network: Network, images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """The images in parts that keep within :data:`WORKSPACE`; where there are none, one part that is empty."""
    steps = tuple(network.steps())
    widest = max(step.layer.unfolded(step.input) for step in steps)
    most = max(widest, held_elements(network.input.output, steps))
    batch = max(1, min(BATCH, WORKSPACE // (most * np.dtype(np.float32).itemsize)))
    for start in range(0, max(1, len(images)), batch):
        yield images[start : start + batch]


def _steps(
    rule: Input, steps: tuple[Step, ...], images: NDArray[np.uint8], kernel: "Kernel | None"
) -> Iterator[Integers]:
    """The quantized images, then the output of each layer; with the kernel where that is faster."""
    last = last_readers(steps)
    values = {IMAGE: quantize(rule, images)}
    yield values[IMAGE]
    for index, step in enumerate(steps):
        # The types of all that it takes, then their elements.
        apply: Callable[..., Integers] = step.layer.apply
        rows = [
            values[source].reshape(-1, *tensor.shape) for tensor, source in zip(step.inputs, step.sources, strict=True)
        ]
        if kernel is not None and packed.applies(step):
            values[index] = packed.apply(kernel, step, np.asarray(rows[0], np.uint8))
        else:
            values[index] = apply(*step.inputs, *rows)
        yield values[index]
        # What nobody reads any more may go.
        values = {place: value for place, value in values.items() if last.get(place, -1) > index}


_QUANTIZE: dict[type[Input], Callable[[Any, NDArray[np.uint8]], Integers]] = {
    Thermometer: _thermometer,
    Affine: _affine,
}
