"""Layers on bits, 64 of them in a word: what their kinds in ``model/kinds`` compute, in a fraction of the time.

Where numba is installed and there is enough to do, products of bits are counts of the bits in which words differ:
``dot = mw - 2 * differences``. What ends them is the layers' own.
"""

import functools
import importlib.util
import math
import os
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .bits import BitArray, pack_words
from .ir import ZERO, Conv2d, Element, Network, Step, Tensor
from .kinds.kind import Integers
from .kinds.windows import padded_size, window_counts

if TYPE_CHECKING:
    from .kernels import Kernel

__all__ = ["KERNELS", "LARGE", "applies", "apply", "is_installed", "is_large", "kernel_for", "threads"]

KERNELS = "XNORFLOW_KERNELS"
"""Variable that says whether there are kernels: ``0`` for never, ``1`` for always, however little there is to do."""

LARGE = 1 << 36
"""Multiplications from which on numba is worth its import, or its compiler: NumPy takes some seconds for them."""

ENOUGH = 16
"""Channels for each word of a pixel from which on words are faster than floats."""


def kernel_for(network: Network, images: int) -> "Kernel | None":
    """The kernel, where it is worth while for so many images; else None, and NumPy does all.

    Raises
    ------
    ValueError
        When the variable that chooses is neither 0 nor 1, or 1 without numba.
    """
    chosen = os.environ.get(KERNELS, "")
    if chosen not in ("", "0", "1"):
        raise ValueError(f"{KERNELS} must be 0 or 1, not {chosen!r}")
    if chosen == "1" and _kernel() is None:
        raise ValueError(f"{KERNELS} must be 0 where numba does not run, not 1; pip install 'xnorflow[fast]'")
    if chosen == "0" or not (chosen or is_large(network, images) or _kernel.cache_info().currsize):
        return None
    return _kernel()


def is_installed() -> bool:
    """Whether there is numba, which the kernel takes."""
    return importlib.util.find_spec("numba") is not None


def is_large(network: Network, images: int) -> bool:
    """Whether so many images take long without a kernel."""
    return network.multiplications * images >= LARGE


def threads() -> int:
    """Processors that this process may use, or as many as ``OMP_NUM_THREADS`` says, as for NumPy's products."""
    told = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    if told.isdecimal() and int(told) > 0:
        return int(told)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def applies(step: Step) -> bool:
    """Whether a layer is one whose products are faster in words."""
    layer, tensor = step.matrix, step.input
    if layer is None or tensor.element is not Element.BIT:
        return False
    if isinstance(layer, Conv2d):
        return layer.groups == 1 and layer.channels >= ENOUGH * -(-layer.channels // 64)
    return layer.mw >= ENOUGH


def apply(kernel: "Kernel", step: Step, bits: BitArray) -> Integers:
    """What ``step.layer.apply`` gives for bits of shape ``(count, *step.input.shape)``."""
    layer = step.matrix
    assert layer is not None
    if isinstance(layer, Conv2d):
        dots = _convolution(kernel, layer, step.input, bits)
    else:
        rows = pack_words(bits.reshape(len(bits), layer.mw))
        places = np.arange(rows.shape[1])
        dots = _dots(kernel, rows, np.zeros(1, np.int64), places, pack_words(layer.matrix), layer.mw)
    results = layer.ending.apply(layer.sums(step.input), dots.reshape(-1, layer.mh))
    return results.reshape(len(bits), *step.output.shape)


def _convolution(kernel: "Kernel", layer: Conv2d, tensor: Tensor, bits: BitArray) -> NDArray[np.int32]:
    """Dot products, of shape ``(count, windows, mh)``."""
    above, left, below, right = layer.borders
    border = ((0, 0), (above, below), (left, right), (0, 0))
    # Where zeros are padded it is -1 at first.
    pad = 0 if layer.pad == ZERO else layer.pad
    padded = np.pad(bits, border, constant_values=pad) if max(layer.borders) else bits
    pixels = pack_words(padded)
    words, width = pixels.shape[3], pixels.shape[2]
    counts = window_counts(tensor, layer.kernel, layer.stride, layer.padding, layer.dilation)
    starts = _places(counts, layer.stride, width)
    offsets = _places(layer.kernel, layer.dilation, width)
    places = (words * offsets[:, np.newaxis] + np.arange(words)).reshape(-1)
    weights = pack_words(layer.weights).reshape(layer.mh, -1)
    # Not -1: there may be no images.
    rows = pixels.reshape(len(bits), math.prod(pixels.shape[1:]))
    dots = _dots(kernel, rows, words * starts, places, weights, layer.mw)
    return dots + _missed(layer, tensor, starts, offsets) if layer.pad == ZERO and max(layer.borders) else dots


def _places(counts: tuple[int, int], steps: tuple[int, int], width: int) -> NDArray[np.int64]:
    """Pixels of an image of that width, row by row, so many in each direction and so far from one to the next."""
    rows, columns = (np.arange(count) * step for count, step in zip(counts, steps, strict=True))
    return np.asarray((rows[:, np.newaxis] * width + columns).reshape(-1), np.int64)


def _missed(layer: Conv2d, tensor: Tensor, starts: NDArray[np.int64], offsets: NDArray[np.int64]) -> NDArray[np.int32]:
    """What is missing where -1 stands for padded zeros: sums of the weights there, of shape ``(windows, mh)``."""
    above, left, _, _ = layer.borders
    # In floats, whose products are fast; they are whole numbers far below 2**53.
    outside = np.ones(padded_size(tensor, layer.padding))
    outside[above : above + tensor.shape[0], left : left + tensor.shape[1]] = 0
    taps = 2 * layer.weights.sum(axis=3, dtype=np.float64).reshape(layer.mh, -1) - layer.channels
    return np.asarray(outside.reshape(-1)[starts[:, np.newaxis] + offsets] @ taps.T, np.int32)


def _dots(
    kernel: "Kernel",
    words: NDArray[np.uint64],
    starts: NDArray[np.int64],
    places: NDArray[np.int64],
    weights: NDArray[np.uint64],
    mw: int,
) -> NDArray[np.int32]:
    """Dot products of all vectors with all neurons' weights."""
    differences = np.empty((len(words), len(starts), len(weights)), np.int32)
    kernel(words, starts, places, np.ascontiguousarray(weights.T), differences)
    differences *= -2
    differences += mw
    return differences


@functools.cache
def _kernel() -> "Kernel | None":
    """The kernel; None where numba is missing, or does not run."""
    try:
        from .kernels import differences
    except (ImportError, OSError):
        # Not installed, or older than NumPy, or without its libraries.
        return None
    return differences
