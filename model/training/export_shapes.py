"""Lowering of what moves or collects values: flattening, the largest of windows, and their averages."""

import dataclasses
import math
from typing import Any

import numpy as np
from torch import nn

from .. import ir
from ..numbers import pair
from .layers import StreamFlatten
from .lowering import Value, Walk, take

__all__ = ["lower_average", "lower_flatten", "lower_largest"]

SINGLE = 1 << 24
"""Up to which single precision has each integer; torch's averages are of sums in it."""


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
    if area & (area - 1):
        raise ValueError(f"{name}: averages must be of a power of 2 numbers, for others are rounded, not of {area}")
    if (largest := area * value.tensor.magnitude) > SINGLE or value.divisor * area > SINGLE:
        raise ValueError(f"{name}: sums must be within ±{SINGLE}, up to which torch has each, not ±{largest}")
    summed = walk.add(name, ir.SumPool(kernel, stride), value)
    return dataclasses.replace(summed, divisor=value.divisor * area)


def _check_flags(name: str, pool: nn.Module, **expected: object) -> None:
    for key, value in expected.items():
        if getattr(pool, key) != value:
            raise ValueError(f"{name}: {key} must be {value}, not {getattr(pool, key)}")
