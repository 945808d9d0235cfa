"""Lowering of matrix products, of batch norms on their own, and of the scores."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from .. import ir
from ..bits import BitArray, binarize
from ..numbers import integer, pair
from .export_norm import (
    NORMS,
    Activation,
    Norm,
    Sums,
    borders_of,
    check_averages,
    check_features,
    float64_array,
    fold_norm,
)
from .export_ranks import ranks_of
from .layers import BinaryConv2d, BinaryLinear, Levels, Scores, Sign
from .lowering import Value, Walk, check_exact, next_name, take
from .residual import Residual

__all__ = ["lower_product", "lower_scores", "lower_threshold"]

BIAS_LIMIT = 1 << 30
"""What the IR's biases stay below in magnitude; checked before the conversion to integers, which would wrap."""

INTEGERS: tuple[type[nn.Module], ...] = (Residual, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)
"""Modules that take the integers of a product."""

Product = Callable[[BitArray, ir.Ending], ir.Layer]
"""Makes a layer of weights and what ends them."""


def lower_product(walk: Walk, value: Value) -> Value:
    """A matrix product with the batch norm and the activation behind it; or alone, where integers go on."""
    module: Any = take(walk, (BinaryLinear, BinaryConv2d), "")
    image = isinstance(module, BinaryConv2d)
    name = walk.name("conv2d" if image else "dense")
    check_exact(name, value)
    weights, product = _conv2d(walk, module, name, value) if image else (_matrix(module, name, value), ir.Dense)
    if not (walk.modules and type(walk.modules[0]) in NORMS):
        if not (type(walk.modules[0]) in INTEGERS if walk.modules else walk.arm):
            expected = f"{name}: {type(module).__name__} must be followed by BatchNorm{'2d' if image else ''}"
            raise ValueError(f"{expected}, not {next_name(walk)}")
        return walk.add(name, product(weights, _no_bias(weights)), value)
    norm = take(walk, NORMS[2:] if image else NORMS[:2], f"{name}: {type(module).__name__} must be followed by")
    check_features(norm, name, len(weights))
    if walk.arm and not walk.modules:
        bare = walk.add(name, product(weights, _no_bias(weights)), value)
        return dataclasses.replace(bare, norm=norm, of=value.tensor)
    activation = take(walk, (Sign, Levels), f"{name}: {type(norm).__name__} must be followed by")
    return _ended(walk, name, value, norm, activation, weights, product)


def lower_threshold(walk: Walk, value: Value) -> Value:
    """An activation on integers, with a batch norm before it as a rule."""
    name = walk.name("threshold")
    if value.order is not None:
        raise ValueError(f"{name}: must get the stream's order; put StreamFlatten in place of Flatten")
    channels, limit = value.tensor.shape[-1], value.tensor.magnitude
    norm: Any = walk.modules.popleft() if type(walk.modules[0]) in NORMS else None
    if norm is None:
        activation = take(walk, (Sign, Levels), f"{name}: must begin with")
        low, high = value.tensor.span
        borders = borders_of(activation)
        check_averages(name, value.divisor, borders)
        least = [min(max(math.ceil(border * value.divisor), low), high + 1) for border in borders]
        thresholds = np.tile(np.array(least, np.int64), (channels, 1))
        return _whole(walk.add(name, ir.Threshold(thresholds), value))
    check_features(norm, name, channels)
    activation = take(walk, (Sign, Levels), f"{name}: {type(norm).__name__} must be followed by")
    flip, thresholds = fold_norm(norm, name, Sums(limit, divisor=value.divisor), borders_of(activation))
    if not flip.any():
        low, high = value.tensor.span
        return _whole(walk.add(name, ir.Threshold(thresholds.clip(low, high + 1)), value))
    if len(value.tensor.shape) == 1:
        raise ValueError(
            f"{name}: scale of neuron {int(flip.argmax())} must not be negative behind vectors that are no product"
        )
    # A convolution of one pixel and one channel changes signs, which thresholds alone do not.
    name = walk.name("conv2d")

    def product(weights: BitArray, ending: ir.Ending) -> ir.Conv2d:
        return ir.Conv2d(weights, ending, groups=channels)

    weights = np.ones((channels, 1, 1, 1), np.uint8)
    return _ended(walk, name, value, norm, activation, weights, product)


def lower_scores(walk: Walk, value: Value) -> Value:
    """The last product, with a batch norm of classes behind it or without."""
    name = walk.name("scores")
    head: Scores = take(walk, (Scores,), f"{name}: must begin with")
    check_exact(name, value)
    weights = _matrix(head, name, value)
    bias, shift = _bias(head, name, value)
    if not (walk.modules and type(walk.modules[0]) in NORMS):
        return walk.add(name, ir.Dense(weights, ir.Bias(bias, shift)), value)
    norm = take(walk, NORMS[:2], f"{name}: Scores must be followed by")
    check_features(norm, name, len(weights))
    if not head.rounded:
        raise ValueError(f"{name}: rounded must be True before {type(norm).__name__}, not False")
    limit = weights.shape[1] * value.tensor.magnitude
    sums = Sums(limit, 2 if value.tensor.element is ir.Element.BIT else 1, value.divisor)
    table = ranks_of(norm, name, bias, sums)
    return dataclasses.replace(walk.add(name, ir.Dense(weights, ir.Ranks(table)), value), divisor=0)


def _ended(
    walk: Walk, name: str, value: Value, norm: Norm, activation: Activation, weights: BitArray, product: Product
) -> Value:
    """Add a product that ends in thresholds."""
    blank: Any = product(weights, _no_bias(weights))
    # What the module takes is looked at first, for a batch norm of another product would be nonsense.
    try:
        blank.output(value.tensor)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    found = blank.sums(value.tensor)
    sums = Sums(found.limit, 2 if found.matches else 1, value.divisor)
    flip, thresholds = fold_norm(norm, name, sums, borders_of(activation))
    if found.matches:
        thresholds = (thresholds + found.limit) // 2
    turned = weights ^ flip.reshape(-1, *[1] * (weights.ndim - 1))
    return _whole(walk.add(name, product(turned, ir.Thresholds(thresholds)), value))


def _whole(value: Value) -> Value:
    """What an activation gives is divided by nothing."""
    return dataclasses.replace(value, divisor=1)


def _no_bias(weights: BitArray) -> ir.Bias:
    return ir.Bias(np.zeros(len(weights), np.int64))


def _conv2d(walk: Walk, convolution: BinaryConv2d, name: str, value: Value) -> tuple[BitArray, Product]:
    """Weights of a convolution, and what makes a layer of them."""
    # From torch's filters, channels, rows, columns.
    weights = _weight_bits(convolution, name).transpose(0, 2, 3, 1)
    if weights.shape[1:3] != pair("kernel", convolution.kernel):
        raise ValueError(f"{name}: kernel must be that of the weights, {weights.shape[1:3]}, not {convolution.kernel}")
    pad = _pad(walk, convolution, name, value.tensor)

    def product(weights: BitArray, ending: ir.Ending) -> ir.Conv2d:
        stride, padding = convolution.stride, convolution.padding
        return ir.Conv2d(weights, ending, stride, padding, pad, convolution.dilation, convolution.groups)

    return weights, product


def _pad(walk: Walk, convolution: BinaryConv2d, name: str, tensor: ir.Tensor) -> ir.Pad:
    """The IR's padding value; 0 where there is no padding."""
    if not any(pair("padding", convolution.padding)):
        return 0
    fill = integer("fill", convolution.fill)
    if tensor.element is not ir.Element.BIT:
        low, high = tensor.span
        if not low <= fill <= high:
            place = walk.places[convolution]
            raise ValueError(
                f"{name}: fill of module {place} must be in {low}..{high}, as what it gets, not {fill}; "
                f"write BinaryConv2d(..., fill={min(max(0, low), high)})"
            )
        return fill
    if fill not in (-1, 0, 1):
        raise ValueError(f"{name}: fill must be -1, 0 or 1, not {fill}")
    return (fill + 1) // 2 if fill else ir.ZERO


def _bias(head: Scores, name: str, value: Value) -> tuple[NDArray[np.int64], int]:
    """Integers that are added to the dot products, and by how much those are shifted before."""
    if not head.rounded:
        if value.divisor != 1:
            raise ValueError(f"{name}: rounded must be True behind averages, not False")
        _check_bias(float64_array(head.bias), name, BIAS_LIMIT >> 16)
        ordered, shift = head.ordered()
        return np.array(ordered, np.int64), shift
    bias = float64_array(head.bias.round())
    _check_bias(bias, name, BIAS_LIMIT)
    whole = bias.astype(np.int64) * value.divisor
    _check_bias(whole.astype(np.float64), name, BIAS_LIMIT)
    return whole, 0


def _check_bias(bias: NDArray[np.float64], name: str, limit: int) -> None:
    # Written so that a NaN fails too.
    wrong = ~(np.abs(bias) < limit)
    if wrong.any():
        raise ValueError(f"{name}: bias must be a number within ±{limit - 1}, not {bias[wrong][0]}")


def _matrix(linear: BinaryLinear, name: str, value: Value) -> BitArray:
    """Weights of a matrix product, in the order of the stream."""
    if len(value.tensor.shape) > 1:
        raise ValueError(f"{name}: {type(linear).__name__} must get vectors, not images; put StreamFlatten before it")
    weights = _weight_bits(linear, name)
    fits = value.order is not None and value.order.size == weights.shape[1]
    return weights[:, value.order] if fits else weights


def _weight_bits(layer: BinaryLinear | BinaryConv2d, name: str) -> BitArray:
    weights = float64_array(layer.weight)
    if not np.isfinite(weights).all():
        raise ValueError(f"{name}: latent weights must be finite, not {weights[~np.isfinite(weights)][0]}")
    return binarize(weights)
