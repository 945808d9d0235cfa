"""Random distortions of training images, so that a network learns shapes rather than pixels."""

import math

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate

from ..recipe import Distortion

__all__ = ["distort"]

BEND_KNOTS = 5
"""Points along each axis at which an elastic distortion is drawn."""


def distort(images: Tensor, distortion: Distortion, *, generator: torch.Generator) -> Tensor:
    """Distort each image by amounts of its own; what moves between pixels is interpolated linearly.

    Parameters
    ----------
    images : ``uint8`` tensor of shape ``(count, height, width)`` or ``(count, height, width, channels)``
        Images; what moves in at the border is 0.
    distortion : :class:`xnorflow.model.recipe.Distortion`
        Limits of the amounts, each drawn evenly.
    generator : :class:`torch.Generator`
        Source of the random amounts.

    Returns
    -------
    ``uint8`` tensor of the same shape.
    """
    if distortion.flip:
        images = _flip(images, generator)
    if distortion.crop:
        images = _crop(images, distortion.crop, generator)
    if distortion.shift or distortion.rotation or distortion.scale or distortion.elastic:
        images = _warp(images, distortion, generator)
    return images


def _flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Half of the images mirrored."""
    chosen = (torch.rand(len(images), generator=generator) < 0.5).to(images.device)
    return torch.where(chosen.reshape(-1, *[1] * (images.ndim - 1)), images.flip(2), images)


def _crop(images: Tensor, limit: int, generator: torch.Generator) -> Tensor:
    """Images shifted by whole pixels."""
    count, height, width = images.shape[:3]
    wide = images.new_zeros(count, height + 2 * limit, width + 2 * limit, *images.shape[3:])
    wide[:, limit : limit + height, limit : limit + width] = images
    starts = torch.randint(2 * limit + 1, (2, count, 1), generator=generator).to(images.device)
    rows, columns = (
        start + torch.arange(size, device=images.device) for start, size in zip(starts, (height, width), strict=True)
    )
    numbers = torch.arange(count, device=images.device)
    return wide[numbers[:, None, None], rows[:, :, None], columns[:, None, :]]


def _warp(images: Tensor, distortion: Distortion, generator: torch.Generator) -> Tensor:
    """Images shifted, rotated, scaled and bent, with bilinear interpolation."""
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
    if distortion.elastic:
        grid = grid + _bend(distortion.elastic, (count, height, width), generator).to(images.device)
    planes = images.reshape(count, height, width, -1).permute(0, 3, 1, 2)
    moved = grid_sample(planes.float(), grid, align_corners=False).permute(0, 2, 3, 1)
    return moved.reshape(images.shape).round().to(torch.uint8)


def _bend(limit: float, shape: tuple[int, int, int], generator: torch.Generator) -> Tensor:
    """A smooth random displacement of each pixel of each image, in half images; shape ``(*shape, 2)``."""
    count, height, width = shape
    knots = 2 * torch.rand(count, 2, BEND_KNOTS, BEND_KNOTS, generator=generator) - 1
    # Between the knots it is smooth, as Simard's fields are after their Gaussian filter.
    smooth = interpolate(knots, (height, width), mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
    return smooth * torch.tensor([2 * limit / width, 2 * limit / height])
