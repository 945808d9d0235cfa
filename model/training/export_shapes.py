"""Lowering of what moves or collects values: flattening, the largest of windows, and their averages."""

import dataclasses
import math
from typing import Any

import numpy as np
import torch
from torch import nn

from .. import ir
from ..numbers import pair
from .export_norm import ROUNDING, SINGLE
from .layers import StreamFlatten
from .lowering import Value, Walk, check_exact, take

__all__ = ["lower_average", "lower_flatten", "lower_largest"]

MOST_SUMS = 1 << 12
"""Different sums of a window whose average is rounded: each is looked at."""


def lower_flatten(walk: Walk, value: Value) -> Value:
    """No layer: images and vectors are the same stream."""
    module: Any = take(walk, (nn.Flatten, StreamFlatten), "")
    if type(module) is nn.Flatten and (module.start_dim, module.end_dim) != (1, -1):
        raise ValueError(f"Flatten must have start_dim=1 and end_dim=-1, not {module.start_dim} and {module.end_dim}")
    if len(value.tensor.shape) == 1:
        return value
    height, width, channels = value.tensor.shape
    flat = dataclasses.replace(value, tensor=dataclasses.replace(value.tensor, shape=(value.tensor.size,)))
    if type(module) is StreamFlatten or height * width == 1:
        return flat
    # In torch's order channels are outermost.
    positions = np.arange(flat.tensor.size).reshape(channels, height, width)
    return dataclasses.replace(flat, order=positions.transpose(1, 2, 0).flatten())


def lower_largest(walk: Walk, value: Value) -> Value:
    """Max-pooling."""
    name = walk.name("maxpool")
    pool: nn.MaxPool2d = take(walk, (nn.MaxPool2d,), f"{name}: must begin with")
    if pair("dilation", pool.dilation) != (1, 1):
        raise ValueError(f"{name}: dilation must be 1, not {pool.dilation}")
    _check_flags(name, pool, return_indices=False)
    kernel, stride = pair("kernel_size", pool.kernel_size), pair("stride", pool.stride)
    layer = ir.MaxPool(kernel, stride, pair("padding", pool.padding))
    return walk.add(
        name, layer.filled(value.tensor) if pool.ceil_mode and len(value.tensor.shape) == 3 else layer, value
    )


def lower_average(walk: Walk, value: Value) -> Value:
    """Average pooling, as sums; what follows takes the division into account."""
    name = walk.name("sumpool")
    pool: Any = take(walk, (nn.AvgPool2d, nn.AdaptiveAvgPool2d), "")
    if len(value.tensor.shape) != 3:
        raise ValueError(f"{name}: takes an image, but gets shape {value.tensor.shape}")
    if type(pool) is nn.AvgPool2d:
        if pair("padding", pool.padding) != (0, 0):
            raise ValueError(f"{name}: padding must be 0, not {pool.padding}")
        _check_flags(name, pool, ceil_mode=False, divisor_override=None)
        kernel, stride = pair("kernel_size", pool.kernel_size), pair("stride", pool.stride)
    else:
        if pool.output_size not in (1, (1, 1)):
            raise ValueError(f"{name}: output_size must be 1, not {pool.output_size}")
        kernel = stride = (value.tensor.shape[0], value.tensor.shape[1])
    area = math.prod(kernel)
    check_exact(name, value)
    if area & (area - 1):
        _check_rounding(name, pool, value, kernel)
    if (largest := area * value.tensor.magnitude) > SINGLE or value.divisor * area > SINGLE:
        raise ValueError(f"{name}: sums must be within ±{SINGLE}, up to which torch has each, not ±{largest}")
    summed = walk.add(name, ir.SumPool(kernel, stride), value)
    return dataclasses.replace(summed, divisor=value.divisor * area)


def _check_rounding(name: str, pool: nn.Module, value: Value, kernel: tuple[int, ...]) -> None:
    """Raise ValueError unless a pool divides sums once, whatever the memory format: then what follows can be checked.

    Behind averages that are rounded no sum may follow, but comparisons may.
    """
    area, (low, high) = math.prod(kernel), value.tensor.span
    if value.divisor != 1 or (high - low) * area > MOST_SUMS:
        raise ValueError(
            f"{name}: averages must be of a power of 2 numbers, for others are rounded, not of {area}, "
            "unless they are of bits or levels"
        )
    sums = np.arange(low * area, high * area + 1, value.tensor.step)
    # As many of a window's numbers as it takes are the highest, one is between, all others are the lowest.
    rises = np.clip(sums[:, np.newaxis] - low * area - (high - low) * np.arange(area), 0, high - low) + low
    for kind in ROUNDING:
        windows = torch.from_numpy(rises.reshape(-1, 1, *kernel)).to(kind)
        expected = torch.from_numpy(sums).to(kind) / area
        for images in (windows, windows.repeat(1, 11, 1, 1).to(memory_format=torch.channels_last)):
            found = pool(images)
            if not (found.reshape(len(sums), -1) == expected[:, np.newaxis]).all():
                raise ValueError(
                    f"{name}: averages must be of a power of 2 numbers, for others are rounded, not of {area}"
                )


def _check_flags(name: str, pool: nn.Module, **expected: object) -> None:
    for key, value in expected.items():
        if getattr(pool, key) != value:
            raise ValueError(f"{name}: {key} must be {value}, not {getattr(pool, key)}")
