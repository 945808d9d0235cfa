"""Residuals: sums of two arms."""

import torch
from torch import Tensor, nn

from ..kinds.add import Add
from .batchnorm import GRID

__all__ = ["Residual", "on_grid"]


class Residual(nn.Module):
    """The sum of two arms, ``main(x) * 2**shifts[0] + shortcut(x) * 2**shifts[1]``.

    Both arms end in integers: in a matrix product, or in what they begin with. Then their sum is one, and batch
    normalization, :class:`.layers.Sign` or :class:`.levels.Levels` may follow, or another residual. Or one of them ends
    in a batch norm, not shifted, and the other one in bits or levels; then a ``Sign`` or ``Levels`` follows.

    Parameters
    ----------
    main : module
        The long arm, a :class:`torch.nn.Sequential` as a rule.
    shortcut : module or None
        The short arm; None for the input itself.
    shifts : pair of :class:`int`
        Powers of 2 that the arms are multiplied by, 0..16.

    Members
    -------
    exact : :class:`bool`
        Whether eval mode is exact, at the cost of time; see :func:`xnorflow.model.training.layers.approximate`.

    Raises
    ------
    TypeError
        When a shift is not an integer.
    ValueError
        When there are not two, or one is out of its range; from ``forward``, when the arms give other shapes.
    """

    def __init__(self, main: nn.Module, shortcut: nn.Module | None = None, shifts: tuple[int, int] = (0, 0)) -> None:
        super().__init__()
        self.main, self.shortcut = main, nn.Identity() if shortcut is None else shortcut
        # A record that checks the same.
        self.shifts, self.exact = Add(shifts).shifts, True

    def forward(self, x: Tensor) -> Tensor:
        left: Tensor = self.main(x)
        right: Tensor = self.shortcut(x)
        if left.shape != right.shape:
            raise ValueError(f"arms must give one shape, not {tuple(left.shape)} and {tuple(right.shape)}")
        if self.training or not self.exact:
            return self._sum(left, right)
        total = self._sum(on_grid(left), on_grid(right))
        # Torch's own batch norms take single precision only, which holds most integers.
        single = total.float()
        return single if torch.equal(single.double(), total) else total

    def _sum(self, left: Tensor, right: Tensor) -> Tensor:
        first, second = self.shifts
        # A shift of nothing is most frequent, and takes no time then.
        return (left * (1 << first) if first else left) + (right * (1 << second) if second else right)

    def extra_repr(self) -> str:
        return f"shifts={self.shifts}"


def on_grid(arm: Tensor) -> Tensor:
    """The multiple of the grid at or below each number: its sum with integers is exact, and compares as it would."""
    return torch.floor(arm.double() / GRID) * GRID
