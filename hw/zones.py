"""Where the windows of a padded image have which of their pixels in the padding."""

import functools
from dataclasses import dataclass

import numpy as np
from amaranth.hdl import Array, Module, Mux, Signal, Value
from numpy.typing import NDArray

from ..model.ir import ZERO, Conv2d, Matrix, Tensor

__all__ = ["Zones", "count_zones", "padded_weights", "zones_of"]


@dataclass(frozen=True)
class Zones:
    """Zones of windows: those of one zone have the same of their pixels in the padding.

    Parameters
    ----------
    rows, columns : tuple of :class:`int`
        For each row and for each column of windows which kind it is of; kinds are counted from 0.
    """

    rows: tuple[int, ...]
    columns: tuple[int, ...]

    @property
    def kinds(self) -> tuple[int, int]:
        """Kinds of rows, and of columns."""
        return max(self.rows) + 1, max(self.columns) + 1

    @property
    def count(self) -> int:
        """Zones: kinds of rows by kinds of columns."""
        return self.kinds[0] * self.kinds[1]


def zones_of(layer: Matrix, tensor: Tensor) -> Zones | None:
    """Zones of a layer's windows where zeros among bits pad them, and at least one reaches into the padding."""
    if not isinstance(layer, Conv2d) or layer.pad != ZERO or not any(layer.padding):
        return None
    rows, columns = (_kinds(list(map(frozenset, _outside(layer, tensor, axis)))) for axis in (0, 1))
    return Zones(rows, columns)


@functools.lru_cache(maxsize=1 << 10)
def padded_weights(layer: Conv2d, tensor: Tensor) -> NDArray[np.int64]:
    """Sum of the weights, as ±1, that each neuron has for padding, of shape ``(mh, zones)``."""
    zones = zones_of(layer, tensor)
    assert zones is not None
    signs = 2 * layer.weights.astype(np.int64) - 1
    # A window row and a window column for each kind.
    rows, columns = (
        [_outside(layer, tensor, axis)[kinds.index(kind)] for kind in range(max(kinds) + 1)]
        for axis, kinds in enumerate((zones.rows, zones.columns))
    )
    sums = []
    for outside_rows in rows:
        for outside_columns in columns:
            padded = np.zeros(layer.kernel, bool)
            padded[list(outside_rows)] = True
            padded[:, list(outside_columns)] = True
            sums.append(signs[:, padded].sum(axis=(1, 2)))
    return np.stack(sums, axis=1)


def count_zones(m: Module, zones: Zones, step: Value) -> Value:
    """The zone of this window; that of the next one after each step, round and round."""
    place = []
    for name, kinds in (("column", zones.columns), ("row", zones.rows)):
        index = Signal(range(len(kinds)), name=name)
        last = index == len(kinds) - 1
        with m.If(step):
            m.d.sync += index.eq(Mux(last, 0, index + 1))
        step = step & last
        place.append(index)
    column, row = place
    first = [kind * zones.kinds[1] for kind in zones.rows]
    return Array(first)[row] + Array(zones.columns)[column]


def _outside(layer: Conv2d, tensor: Tensor, axis: int) -> list[tuple[int, ...]]:
    """Rows, or columns, of the kernel that are in the padding, for each row or column of windows."""
    size, windows = tensor.shape[axis], layer.output(tensor).shape[axis]
    found = []
    for window in range(windows):
        begin = window * layer.stride[axis] - layer.padding[axis]
        places = [(tap, begin + tap * layer.dilation[axis]) for tap in range(layer.kernel[axis])]
        found.append(tuple(tap for tap, place in places if not 0 <= place < size))
    return found


def _kinds(sets: list[frozenset[int]]) -> tuple[int, ...]:
    """A number for each set, the same for equal ones, from 0 in the order in which they come."""
    numbers: dict[frozenset[int], int] = {}
    return tuple(numbers.setdefault(one, len(numbers)) for one in sets)
