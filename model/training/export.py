"""Lowering: from a trained torch module to the IR, exactly.

A new kind of layer is one more entry of :data:`LOWER`.
"""

import dataclasses
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from .. import ir
from ..bits import BitArray, binarize
from ..numbers import integer, pair
from .agreement import check_agreement
from .export_checks import IDLE, check_code
from .export_norm import float64_array, fold_norm
from .layers import (
    Affine,
    BatchNorm,
    BatchNorm2d,
    BinaryConv2d,
    BinaryLinear,
    Scores,
    Sign,
    StreamFlatten,
    Thermometer,
)

__all__ = ["LOWER", "export"]

Modules = deque[nn.Module]
"""What is still to be lowered; a lowering takes what belongs to its layer from the left."""

BIAS_LIMIT = 1 << 30
"""What the IR's biases stay below in magnitude; checked before the conversion to integers, which would wrap."""


@dataclass(frozen=True)
class Position:
    """Where a layer stands in the network.

    Parameters
    ----------
    index : :class:`int`
        Position, from 0.
    tensor : :class:`xnorflow.model.ir.Tensor`
        Type of its input.
    order : array of :class:`int` or None
        Position, in torch's vector, of each element of the stream; None where they are the same.
    """

    index: int
    tensor: ir.Tensor
    order: NDArray[np.int64] | None = None


@torch.no_grad()
def export(
    module: nn.Sequential, *, name: str, dataset: str = "", provenance: Mapping[str, str] | None = None
) -> ir.Network:
    """The network that a torch module computes in eval mode.

    At last both run on a few random images, and must give the same scores.

    Parameters
    ----------
    module : :class:`torch.nn.Sequential`
        ``Thermometer`` or ``Affine``; then any number of ``BinaryLinear, BatchNorm, Sign`` on vectors, and on images
        of ``BinaryConv2d, BatchNorm2d, Sign`` and :class:`torch.nn.MaxPool2d`, with ``StreamFlatten`` in between;
        then ``Scores``. Torch's own batch norms and ``Flatten`` are taken too; ``Dropout`` and ``Identity`` may stand
        anywhere, and one Sequential inside another. It is not changed and may be in either mode.
    name, dataset, provenance
        As of :class:`xnorflow.model.ir.Network`.

    Raises
    ------
    TypeError
        When the module is not a Sequential, or a number that must be an integer is none.
    ValueError
        When a module has no meaning in the IR or stands in the wrong position, layers do not chain, a number is not
        finite, or a plain batch norm rounds so badly that torch would answer otherwise than the exact arithmetic; when
        there is code that export does not read (a ``forward`` of one's own, a hook, a parametrization); when torch and
        the exported network differ on an image.
    """
    if not isinstance(module, nn.Sequential):
        raise TypeError(f"module must be a torch.nn.Sequential, not {type(module).__name__}")
    check_code(module)
    modules = Modules(_significant(module))
    rule = _take(modules, (Thermometer, Affine), "the network must begin with Affine or").rule
    layers = tuple(_layers(modules, rule.output))
    network = ir.Network(name=name, input=rule, layers=layers, dataset=dataset, provenance=dict(provenance or {}))
    check_agreement(module, network)
    return network


def _layers(modules: Modules, tensor: ir.Tensor) -> Iterator[ir.Layer]:
    """The layers that the modules are, for an input of type ``tensor``."""
    position = Position(0, tensor)
    while modules:
        kind = type(modules[0])
        if kind in (nn.Flatten, StreamFlatten):
            position = _flatten(modules.popleft(), position)
            continue
        if kind not in LOWER:
            known = ", ".join(each.__name__ for each in LOWER)
            raise ValueError(f"layer {position.index}: must be one of {known}, not {kind.__name__}")
        layer = LOWER[kind](modules, position)
        yield layer
        try:
            output: Callable[..., ir.Tensor] = layer.output
            position = Position(position.index + 1, output(position.tensor))
        except ValueError as error:
            raise ValueError(f"{layer.title.lower()}{position.index}: {error}") from None


def _significant(module: nn.Sequential) -> Iterator[nn.Module]:
    """The modules that do something in eval mode, without nesting."""
    for child in module:
        if isinstance(child, nn.Sequential):
            yield from _significant(child)
        elif type(child) not in IDLE:
            yield child


def _take(modules: Modules, kinds: tuple[type[nn.Module], ...], where: str) -> Any:
    """The next module, when it is one of ``kinds``."""
    found = type(modules[0]).__name__ if modules else "the end"
    if not modules or type(modules[0]) not in kinds:
        raise ValueError(f"{where} {kinds[0].__name__}, not {found}")
    return modules.popleft()


def _flatten(module: nn.Module, position: Position) -> Position:
    if type(module) is nn.Flatten and (module.start_dim, module.end_dim) != (1, -1):
        raise ValueError(f"Flatten must have start_dim=1 and end_dim=-1, not {module.start_dim} and {module.end_dim}")
    if len(position.tensor.shape) == 1:
        return position
    height, width, channels = position.tensor.shape
    flat = dataclasses.replace(position.tensor, shape=(position.tensor.size,))
    if type(module) is StreamFlatten:
        return Position(position.index, flat)
    # In torch's order channels are outermost.
    positions = np.arange(flat.size).reshape(channels, height, width)
    return Position(position.index, flat, positions.transpose(1, 2, 0).flatten())


def _dense(modules: Modules, position: Position) -> ir.Dense:
    name = f"dense{position.index}"
    linear = _take(modules, (BinaryLinear,), f"{name}: must begin with")
    norm = _take(modules, (BatchNorm, nn.BatchNorm1d), f"{name}: BinaryLinear must be followed by")
    _take(modules, (Sign,), f"{name}: {type(norm).__name__} must be followed by")
    weights = _matrix(linear, name, position)
    flip, thresholds = fold_norm(norm, name, weights, position.tensor)
    return ir.Dense(weights ^ flip[:, np.newaxis], ir.Thresholds(thresholds))


def _conv2d(modules: Modules, position: Position) -> ir.Conv2d:
    name = f"conv2d{position.index}"
    convolution = _take(modules, (BinaryConv2d,), f"{name}: must begin with")
    norm = _take(modules, (BatchNorm2d, nn.BatchNorm2d), f"{name}: BinaryConv2d must be followed by")
    _take(modules, (Sign,), f"{name}: {type(norm).__name__} must be followed by")
    # From torch's filters, channels, rows, columns.
    weights = _weight_bits(convolution, name).transpose(0, 2, 3, 1)
    flip, thresholds = fold_norm(norm, name, weights, position.tensor)
    if weights.shape[1:3] != pair("kernel", convolution.kernel):
        raise ValueError(f"{name}: kernel must be that of the weights, {weights.shape[1:3]}, not {convolution.kernel}")
    return ir.Conv2d(
        weights ^ flip[:, np.newaxis, np.newaxis, np.newaxis],
        ir.Thresholds(thresholds),
        convolution.stride,
        convolution.padding,
        _pad(convolution, name, position.tensor),
    )


def _pad(convolution: BinaryConv2d, name: str, tensor: ir.Tensor) -> int:
    """The IR's padding value; 0 where there is no padding."""
    if not any(pair("padding", convolution.padding)):
        return 0
    fill = integer("fill", convolution.fill)
    if tensor.element is not ir.Element.BIT:
        return fill
    if fill not in (-1, 1):
        raise ValueError(f"{name}: fill must be -1 or 1, not {fill}")
    return (fill + 1) // 2


def _max_pool(modules: Modules, position: Position) -> ir.MaxPool:
    name = f"maxpool{position.index}"
    pool = _take(modules, (nn.MaxPool2d,), f"{name}: must begin with")
    for key, expected in (("padding", 0), ("dilation", 1)):
        if pair(key, getattr(pool, key)) != (expected, expected):
            raise ValueError(f"{name}: {key} must be {expected}, not {getattr(pool, key)}")
    for key in ("ceil_mode", "return_indices"):
        if getattr(pool, key):
            raise ValueError(f"{name}: {key} must be False, not {getattr(pool, key)}")
    return ir.MaxPool(pair("kernel_size", pool.kernel_size), pair("stride", pool.stride))


def _scores(modules: Modules, position: Position) -> ir.Dense:
    name = f"scores{position.index}"
    head = _take(modules, (Scores,), f"{name}: must begin with")
    bias = float64_array(head.bias.round())
    # Written so that a NaN fails too.
    wrong = ~(np.abs(bias) < BIAS_LIMIT)
    if wrong.any():
        raise ValueError(f"{name}: bias must be a number within ±{BIAS_LIMIT - 1}, not {bias[wrong][0]}")
    return ir.Dense(_matrix(head, name, position), ir.Bias(bias.astype(np.int64)))


LOWER: dict[type[nn.Module], Callable[[Modules, Position], ir.Layer]] = {
    BinaryLinear: _dense,
    BinaryConv2d: _conv2d,
    nn.MaxPool2d: _max_pool,
    Scores: _scores,
}
"""How each module that begins a layer becomes one."""


def _matrix(linear: BinaryLinear, name: str, position: Position) -> BitArray:
    """Weights of a matrix product, in the order of the stream."""
    if len(position.tensor.shape) > 1:
        raise ValueError(f"{name}: {type(linear).__name__} must get vectors, not images; put StreamFlatten before it")
    weights = _weight_bits(linear, name)
    fits = position.order is not None and position.order.size == weights.shape[1]
    return weights[:, position.order] if fits else weights


def _weight_bits(layer: BinaryLinear | BinaryConv2d, name: str) -> BitArray:
    weights = float64_array(layer.weight)
    if not np.isfinite(weights).all():
        raise ValueError(f"{name}: latent weights must be finite, not {weights[~np.isfinite(weights)][0]}")
    return binarize(weights)
