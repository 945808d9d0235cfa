"""Input quantization as torch modules: raw images to the values of the first layer.

Images of two or three dimensions become ``(count, channels, height, width)``, as torch's convolutions take them.
"""

import dataclasses

import numpy as np
import torch
from torch import Tensor, nn

from .. import golden, ir
from .signs import sign_ste

__all__ = ["Affine", "Thermometer"]

PASSING_WIDTH = 64
"""Pixel levels either way of a learnt level within which a pixel's gradient reaches it."""


class Thermometer(nn.Module):
    """Raw images to ±1: the same as :class:`xnorflow.model.ir.Thermometer`.

    Takes ``uint8`` of shape ``(count, *shape)``, gives float of shape ``(count, channels, height, width)``, or
    ``(count, values)`` where the shape is a single number.

    Parameters
    ----------
    shape : tuple of :class:`int`
        Shape of one image.
    levels : tuple of :class:`int`
        Value ``j`` of a pixel is +1 when ``pixel >= levels[j]``.
    learn : :class:`bool`
        Learn the levels, from these on. In eval mode they are rounded.

    Raises
    ------
    TypeError
        As :class:`xnorflow.model.ir.Thermometer`; from ``forward``, when images are not ``uint8``.
    ValueError
        As :class:`xnorflow.model.ir.Thermometer`; from ``forward``, when images have another shape.
    """

    def __init__(self, shape: tuple[int, ...], levels: tuple[int, ...], *, learn: bool = False) -> None:
        super().__init__()
        rule = ir.Thermometer(shape, levels)
        self.shape = rule.shape
        # In units of the width at which a gradient still passes, so that one learning rate suits them and weights.
        latent = torch.tensor(rule.levels, dtype=torch.get_default_dtype()) / PASSING_WIDTH
        self.latent: Tensor
        if learn:
            self.latent = nn.Parameter(latent)
        else:
            self.register_buffer("latent", latent, persistent=False)

    @property
    def rule(self) -> ir.Thermometer:
        """What it computes in eval mode."""
        return ir.Thermometer(self.shape, tuple(self._levels().tolist()))

    @torch.no_grad()
    def set_levels(self, levels: tuple[int, ...]) -> None:
        """Put other levels in place of as many; ValueError when there are more or fewer, or they do not ascend."""
        found = ir.Thermometer(self.shape, levels).levels
        if len(found) != len(self.latent):
            raise ValueError(f"levels must be {len(self.latent)} integers, as before, not {found}")
        self.latent.copy_(torch.tensor(found).to(self.latent) / PASSING_WIDTH)

    def _levels(self) -> Tensor:
        return (self.latent.detach() * PASSING_WIDTH).round().long()

    def forward(self, images: Tensor) -> Tensor:
        _check(self.shape, images)
        pixels = images.unsqueeze(-1)
        if self.training and self.latent.requires_grad:
            values = sign_ste(pixels / PASSING_WIDTH - self.latent)
        else:
            values = (pixels >= self._levels()).to(self.latent.dtype) * 2 - 1
        return _channels_first(self.rule, values)

    @torch.no_grad()
    def clip_latent(self) -> None:
        """Keep the levels in 1..255, each at least 1 above the one before."""
        steps = torch.arange(len(self.latent), device=self.latent.device)
        levels = (self.latent * PASSING_WIDTH - steps).clamp(1, 256 - len(self.latent)).cummax(0).values + steps
        self.latent.copy_(levels / PASSING_WIDTH)


class Affine(nn.Module):
    """Raw images to integers: the same as :class:`xnorflow.model.ir.Affine`.

    Takes ``uint8`` of shape ``(count, *shape)``, gives float of shape ``(count, channels, height, width)``, or
    ``(count, values)`` where the shape is a single number.

    Parameters
    ----------
    shape : tuple of :class:`int`
        Shape of one image.
    multiplier, offset, divisor : :class:`int`
        The line.
    width : :class:`int`
        Bits of a value.
    signed : :class:`bool`
        Whether values are signed.

    Raises
    ------
    TypeError
        As :class:`xnorflow.model.ir.Affine`; from ``forward``, when images are not ``uint8``.
    ValueError
        As :class:`xnorflow.model.ir.Affine`; from ``forward``, when images have another shape.
    """

    table: Tensor

    def __init__(
        self,
        shape: tuple[int, ...],
        multiplier: int = 1,
        offset: int = 0,
        divisor: int = 1,
        width: int = 8,
        signed: bool = False,
    ) -> None:
        super().__init__()
        self.rule = ir.Affine(shape, multiplier, offset, divisor, width, signed)
        self.register_buffer("table", self.values().to(torch.get_default_dtype()), persistent=False)

    def values(self) -> Tensor:
        """What each of a pixel's 256 values becomes, as the golden model says; ``table`` has it for the forward."""
        line = dataclasses.replace(self.rule, shape=(256,))
        return torch.tensor(golden.quantize(line, np.arange(256, dtype=np.uint8)[np.newaxis])[0])

    def forward(self, images: Tensor) -> Tensor:
        _check(self.rule.shape, images)
        return _channels_first(self.rule, self.table[images.long()])


def _check(shape: tuple[int, ...], images: Tensor) -> None:
    """Raise what the modules say they raise."""
    if images.dtype != torch.uint8:
        raise TypeError(f"images must be uint8, not {images.dtype}".replace("torch.", ""))
    if tuple(images.shape[1:]) != shape:
        expected = ", ".join(map(str, shape))
        raise ValueError(f"images must have shape (count, {expected}), not {tuple(images.shape)}")


def _channels_first(rule: ir.Input, values: Tensor) -> Tensor:
    values = values.reshape(len(values), *rule.output.shape)
    return values.permute(0, 3, 1, 2) if values.ndim == 4 else values
