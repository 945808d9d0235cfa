"""Products of bits in machine code, by numba: differences of words, whose bits a processor counts all at once.

Only this file knows numba, which takes its time to be imported; so only those import it who have work for it.
"""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic
from numpy.typing import NDArray

__all__ = ["Kernel", "differences"]

Words = NDArray[np.uint64]
Places = NDArray[np.int64]

Kernel = Callable[[Words, Places, Places, Words, NDArray[np.int32]], None]

SIGNATURE = "void(uint64[:,::1], int64[::1], int64[::1], uint64[:,::1], int32[:,:,::1])"


def _popcount(_context: Any, _word: Any) -> tuple[Any, Any]:
    """The processor's own instruction, or many of them at once."""

    def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), code


popcount: Any = intrinsic(_popcount)


def _differences(words: Words, starts: Places, offsets: Places, weights: Words, counts: NDArray[np.int32]) -> None:
    """Bits in which vectors and the weights of neurons differ, into ``counts`` of shape ``(count, vectors, neurons)``.

    Takes the words of each image, shape ``(count, words)``; where its vectors begin, and where their words are from
    there; the words of the weights, shape ``(words of a vector, neurons)``.
    """
    sums = np.empty(weights.shape[1], np.uint64)
    for image in range(words.shape[0]):
        for vector in range(starts.shape[0]):
            sums[:] = 0
            for place in range(offsets.shape[0]):
                word = words[image, starts[vector] + offsets[place]]
                # Neurons innermost: they are what the processor has several of in a register.
                for neuron in range(weights.shape[1]):
                    sums[neuron] += popcount(word ^ weights[place, neuron])
            for neuron in range(weights.shape[1]):
                counts[image, vector, neuron] = sums[neuron]


def _compiled() -> Kernel:
    """The function in machine code, which numba keeps in a file where it can."""
    try:
        kernel: Kernel = numba.njit(SIGNATURE, nogil=True, cache=True)(_differences)
    except (OSError, RuntimeError):
        # There is no folder for the file.
        kernel = numba.njit(SIGNATURE, nogil=True)(_differences)
    return kernel


differences = _compiled()
