"""What layers with weights share: their checks, and dot products in exact integers.

The matrix products run in BLAS, which is exact here: all terms are integers, and every partial sum stays below 2**24,
up to which single precision has each integer, or else below 2**53 in double precision.
"""

import numpy as np
from numpy.typing import NDArray

from ..bits import BitArray, bipolar
from ..tensors import Element, Tensor, integers_in
from .endings import Bias, Ending, Ranks, Sums, Thresholds
from .kind import Integers

__all__ = ["check_ending", "dot_products", "sums_of", "values_of"]


def check_ending(ending: object, mh: int) -> None:
    """Raise unless it is what can end the products of ``mh`` neurons."""
    if not isinstance(ending, Ending):
        raise TypeError(
            f"ending must be {Thresholds.__name__}, {Bias.__name__} or {Ranks.__name__}, not {type(ending).__name__}"
        )
    if ending.count != mh:
        name = {Bias: "bias", Thresholds: "thresholds", Ranks: "table"}[type(ending)]
        raise ValueError(f"{name} must have shape ({mh},), not ({ending.count},)")


def sums_of(tensor: Tensor, mw: int) -> Sums:
    """What products with ``mw`` elements of such a tensor can give; ValueError when that is too wide for hardware."""
    limit = mw * tensor.magnitude
    integers_in((mw,), -limit, limit)
    return Sums(limit, matches=tensor.element is Element.BIT)


def values_of(tensor: Tensor, stored: Integers) -> Integers:
    """What the stored elements stand for: ±1 or themselves."""
    return bipolar(np.asarray(stored, np.uint8)) if tensor.element is Element.BIT else stored


def dot_products(matrix: BitArray, sums: Sums, rows: Integers) -> NDArray[np.floating]:
    """Dot products of a matrix of ±1, as bits, with rows of values: whole numbers, a row of neurons for each row.

    Both may have more axes in front, along which there is a product each.
    """
    single, double = 1 << 24, 1 << 53
    # Thresholds go up to one above the largest dot product, on bits to two above.
    assert sums.limit + 2 <= double
    precision: type[np.floating] = np.float32 if sums.limit + 2 <= single else np.float64
    products: NDArray[np.floating] = rows.astype(precision) @ bipolar(matrix).astype(precision).swapaxes(-1, -2)
    return products
