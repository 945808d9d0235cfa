"""What layers with weights share: their checks, and dot products in exact integers.

The matrix products run in BLAS, which is exact here: all terms are integers, and every partial sum stays below 2**24,
up to which single precision has each integer, or else below 2**53 in double precision.
"""

import numpy as np
from numpy.typing import NDArray

from ..bits import bipolar
from ..tensors import Element, Tensor
from .endings import Bias, Ending, Thresholds
from .kind import Integers, MatrixKind

__all__ = ["check_ending", "finish", "values_of"]


def check_ending(ending: object, mh: int) -> None:
    """Raise unless it is what can end the products of ``mh`` neurons."""
    if not isinstance(ending, Ending):
        raise TypeError(f"ending must be {Thresholds.__name__} or {Bias.__name__}, not {type(ending).__name__}")
    if ending.count != mh:
        name = "bias" if isinstance(ending, Bias) else "thresholds"
        raise ValueError(f"{name} must have shape ({mh},), not ({ending.count},)")


def values_of(tensor: Tensor, stored: Integers) -> Integers:
    """What the stored elements stand for: ±1 or themselves."""
    return bipolar(np.asarray(stored, np.uint8)) if tensor.element is Element.BIT else stored


def finish(layer: MatrixKind, tensor: Tensor, rows: Integers) -> Integers:
    """The results of a layer, one row of neurons for each row of inputs, which are values."""
    return layer.ending.apply(tensor, layer.mw, _dots(layer, tensor, rows))


def _dots(layer: MatrixKind, tensor: Tensor, rows: Integers) -> NDArray[np.floating]:
    """Dot products, whole numbers, one row of neurons for each row of inputs."""
    limit = layer.mw * tensor.magnitude
    single, double = 1 << 24, 1 << 53
    # Thresholds go up to one above the largest dot product, on bits to two above.
    assert limit + 2 <= double
    precision: type[np.floating] = np.float32 if limit + 2 <= single else np.float64
    products: NDArray[np.floating] = rows.astype(precision) @ bipolar(layer.matrix).astype(precision).T
    return products
