"""Random distortions of training images, so that a network learns shapes rather than pixels."""

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from .recipe import Distortion

__all__ = ["distort"]


def distort(images: Tensor, distortion: Distortion, *, generator: torch.Generator) -> Tensor:
    """Shift, rotate and scale each image by an amount of its own, with bilinear interpolation.

    Parameters
    ----------
    images : ``uint8`` tensor of shape ``(count, height, width)`` or ``(count, height, width, channels)``
        Images; what moves in at the border is 0.
    distortion : :class:`xnorflow.model.recipe.Distortion`
        Limits of the three amounts, each drawn evenly.
    generator : :class:`torch.Generator`
        Source of the random amounts.

    Returns
    -------
    ``uint8`` tensor of the same shape.
    """
    count, height, width = images.shape[:3]
    # Drawn on the CPU whatever the device is, so that the amounts are the same on each.
    uniform = (2 * torch.rand(4, count, generator=generator) - 1).to(images.device)
    angle = math.radians(distortion.rotation) * uniform[0]
    scale = 1 + distortion.scale * uniform[1]
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    # The grid's unit is half an image; along each axis it has another length in pixels.
    aspect = height / width
    right, down = (
        2 * distortion.shift / size * along for size, along in zip((width, height), uniform[2:], strict=True)
    )
    rows = (cosine, -sine * aspect, right), (sine / aspect, cosine, down)
    matrices = torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)
    grid = affine_grid(matrices, [count, 1, height, width], align_corners=False)
    planes = images.reshape(count, height, width, -1).permute(0, 3, 1, 2)
    moved = grid_sample(planes.float(), grid, align_corners=False).permute(0, 2, 3, 1)
    return moved.reshape(images.shape).round().to(torch.uint8)
