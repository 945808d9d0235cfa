"""Input quantization as torch modules: raw images to the values of the first layer.

Images of two or three dimensions become ``(count, channels, height, width)``, as torch's convolutions take them.
"""

import numpy as np
import torch
from torch import Tensor, nn

from . import golden, ir

__all__ = ["Affine", "Thermometer"]


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

    Raises
    ------
    ValueError
        As :class:`xnorflow.model.ir.Thermometer`; from ``forward``, when images have another shape.
    TypeError
        From ``forward``, when images are not ``uint8``.
    """

    levels: Tensor

    def __init__(self, *, shape: tuple[int, ...], levels: tuple[int, ...]) -> None:
        super().__init__()
        self.rule = ir.Thermometer(shape, levels)
        self.register_buffer("levels", torch.tensor(levels, dtype=torch.uint8), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        _check(self.rule, images)
        bits = images.unsqueeze(-1) >= self.levels
        return _channels_first(self.rule, bits.to(torch.get_default_dtype()) * 2 - 1)


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
    ValueError
        As :class:`xnorflow.model.ir.Affine`; from ``forward``, when images have another shape.
    TypeError
        From ``forward``, when images are not ``uint8``.
    """

    table: Tensor

    def __init__(
        self,
        *,
        shape: tuple[int, ...],
        multiplier: int = 1,
        offset: int = 0,
        divisor: int = 1,
        width: int = 8,
        signed: bool = False,
    ) -> None:
        super().__init__()
        self.rule = ir.Affine(shape, multiplier, offset, divisor, width, signed)
        # A pixel has only 256 values, and the golden model says what becomes of each.
        line = ir.Affine((256,), multiplier, offset, divisor, width, signed)
        values = golden.quantize(line, np.arange(256, dtype=np.uint8)[np.newaxis])[0]
        self.register_buffer("table", torch.tensor(values, dtype=torch.get_default_dtype()), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        _check(self.rule, images)
        return _channels_first(self.rule, self.table[images.long()])


def _check(rule: ir.Input, images: Tensor) -> None:
    """Raise what the modules say they raise."""
    if images.dtype != torch.uint8:
        raise TypeError(f"images must be uint8, not {images.dtype}".replace("torch.", ""))
    if tuple(images.shape[1:]) != rule.shape:
        expected = ", ".join(map(str, rule.shape))
        raise ValueError(f"images must have shape (count, {expected}), not {tuple(images.shape)}")


def _channels_first(rule: ir.Input, values: Tensor) -> Tensor:
    values = values.reshape(len(values), *rule.output.shape)
    return values.permute(0, 3, 1, 2) if values.ndim == 4 else values
