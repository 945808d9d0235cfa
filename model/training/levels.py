"""Activations of several bits: how many levels a value reaches."""

import torch
from torch import Tensor, nn

from ..numbers import integer
from .signs import levels_ste

__all__ = ["Levels"]

FEWEST_BITS, MOST_BITS = 2, 4
"""Of one bit is :class:`.layers.Sign`, whose values are -1 and +1; the IR's levels have four at most."""

FRACTIONS = 1 << 16
"""A scale is a multiple of one over this, so that borders are on the grid of :mod:`.batchnorm`."""

SMALLEST, LARGEST = 2.0**-10, 2.0**8
"""Between which a scale is."""


class Levels(nn.Module):
    """The level of each value, an integer 0..k with ``k = 2**bits - 1``: ``floor(x / scale + 1/2)``, cut to that range.

    Level ``j`` is reached where ``x >= (j - 1/2) * scale``. The gradient passes where ``x / scale`` is within 0..k and
    is cut elsewhere (learned step size quantization, Esser et al., arXiv 1902.08153). In eval mode the comparison is
    exact.

    Parameters
    ----------
    bits : :class:`int`
        Bits of a level, 2..4.
    scale : :class:`float`
        Distance from one level to the next, in 2**-10 to 256; it is rounded to a multiple of 2**-16.
    learn : :class:`bool`
        Learn the scale, from this one on. A batch norm before it has scales already, one for each channel.

    Members
    -------
    scale : tensor of one number
        The scale before it is rounded, a parameter where it is learnt.

    Raises
    ------
    TypeError
        When the bits are not an integer.
    ValueError
        When a number is out of its range.
    """

    def __init__(self, bits: int = 2, scale: float = 1.0, *, learn: bool = False) -> None:
        super().__init__()
        self.bits = integer("bits", bits)
        if not FEWEST_BITS <= self.bits <= MOST_BITS:
            raise ValueError(f"bits must be in {FEWEST_BITS}..{MOST_BITS}, not {bits}")
        # Written so that a NaN fails too.
        if not SMALLEST <= scale <= LARGEST:
            raise ValueError(f"scale must be in {SMALLEST:g} to {LARGEST:g}, not {scale}")
        self.scale: Tensor
        first = torch.tensor(scale, dtype=torch.get_default_dtype())
        if learn:
            self.scale = nn.Parameter(first)
        else:
            self.register_buffer("scale", first)

    @property
    def highest(self) -> int:
        """The highest level, k."""
        return (1 << self.bits) - 1

    @property
    def step(self) -> float:
        """The scale as it is in eval mode."""
        return round(float(self.scale.detach()) * FRACTIONS) / FRACTIONS

    def borders(self) -> list[float]:
        """The least value of each level from 1 on, exactly."""
        return [(level - 0.5) * self.step for level in range(1, self.highest + 1)]

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            # A fixed scale of 1 is what most have, and a division takes as long as all else here.
            one = not self.scale.requires_grad and float(self.scale) == 1
            return levels_ste(x if one else x / self.scale.to(x.dtype), self.highest)
        values, reached = x.double(), torch.zeros(x.shape, dtype=self.scale.dtype, device=x.device)
        for border in self.borders():
            reached += values >= border
        return reached

    @torch.no_grad()
    def clip_latent(self) -> None:
        """Keep the scale in its range."""
        self.scale.clamp_(SMALLEST, LARGEST)

    def extra_repr(self) -> str:
        return f"bits={self.bits}, scale={float(self.scale):g}, learn={isinstance(self.scale, nn.Parameter)}"
