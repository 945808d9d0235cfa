"""Thresholds as a step of their own."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..arrays import freeze
from ..tensors import Tensor, levels_of
from .kind import Integers
from .levels import count_reached, rising_levels
from .products import values_of

__all__ = ["Threshold"]


@dataclass(frozen=True, eq=False)
class Threshold:
    """How many levels of its channel each integer reaches; a second tensor may choose among rows of levels.

    That second one is the short arm of a residual: it has few values, and for each of them the sum of both arms is
    compared with levels of the first arm alone.

    Parameters
    ----------
    thresholds : array of shape ``(channels, k)`` or ``(channels, values, k)``
        Integers that do not fall along ``k``, of which there are 1..15. With ``values`` it reads a second tensor, which
        has so many values; the row of its smallest comes first. Where there are as many channels as elements, each
        element has levels of its own.

    Raises
    ------
    ValueError
        When the shape is another, levels fall, or a number is too large for hardware; when it is out of its range, as
        the layer gets its place in a network.
    """

    thresholds: NDArray[np.int64]

    windowed: ClassVar[bool] = False

    def __post_init__(self) -> None:
        freeze(self, "thresholds", rising_levels(self.thresholds, dimensions=(2, 3)))

    @property
    def title(self) -> str:
        """Its kind."""
        return type(self).__name__

    @property
    def sources(self) -> tuple[int, ...]:
        """How many tensors it may read."""
        return (self.thresholds.ndim - 1,)

    @property
    def channels(self) -> int:
        """Channels, each with levels of its own."""
        return len(self.thresholds)

    @property
    def levels(self) -> NDArray[np.int64]:
        """The thresholds, of shape ``(channels, values, k)``: a single row where nothing chooses."""
        return self.thresholds.reshape(self.channels, -1, self.thresholds.shape[-1])

    def output(self, tensor: Tensor, chooser: Tensor | None = None) -> Tensor:
        """Type of the result for inputs of these types; ValueError when they do not fit."""
        if self.channels not in (tensor.shape[-1], tensor.size):
            raise ValueError(f"takes {self.channels} channels, but gets shape {tensor.shape}")
        (low, high), (smallest, largest) = tensor.span, (self.thresholds.min(), self.thresholds.max())
        if not low <= smallest <= largest <= high + 1:
            raise ValueError(f"thresholds must be in {low}..{high + 1}, not {smallest}..{largest}")
        if chooser is not None:
            if chooser.shape != tensor.shape:
                raise ValueError(f"takes two tensors of one shape, but gets {tensor.shape} and {chooser.shape}")
            if chooser.values != self.levels.shape[1]:
                raise ValueError(
                    f"thresholds must have a row for each of the {chooser.values} values of the second tensor, "
                    f"not {self.levels.shape[1]}"
                )
        return levels_of(tensor.shape, self.thresholds.shape[-1])

    def unfolded(self, tensor: Tensor) -> int:
        """Elements of the input, once for each level."""
        return tensor.size * int(self.thresholds.shape[-1])

    def apply(self, tensor: Tensor, *rest: Tensor | Integers) -> NDArray[np.uint8]:
        """The result for inputs of shape ``(count, *tensor.shape)``: types first, as many values behind them."""
        types, arrays = (tensor, *rest[: len(rest) // 2]), rest[len(rest) // 2 :]
        first = self._values(tensor, arrays[0])
        if len(types) == 1:
            return count_reached(first, self.thresholds).reshape(-1, *tensor.shape)
        chooser = types[1]
        assert isinstance(chooser, Tensor)
        rows = (self._values(chooser, arrays[1]) - chooser.span[0]) // chooser.step
        return count_reached(first, self.levels, rows).reshape(-1, *tensor.shape)

    def _values(self, tensor: Tensor, stored: Any) -> NDArray[np.int64]:
        """Values of shape ``(count, positions, channels)``."""
        values = values_of(tensor, np.asarray(stored)).astype(np.int64)
        return values.reshape(-1, tensor.size // self.channels, self.channels)
