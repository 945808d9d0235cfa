"""Lowering: from a trained torch module to the IR, exactly.

A new kind of layer is one more entry of :data:`LOWER`.
"""

import copy
import dataclasses
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from . import ir
from .bits import BitArray, binarize
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
from .thresholds import count_matches, fold_dots

__all__ = ["LOWER", "export"]

Modules = deque[nn.Module]
"""What is still to be lowered; a lowering takes what belongs to its layer from the left."""

Norm = nn.BatchNorm1d | nn.BatchNorm2d

BIAS_LIMIT = 1 << 30
"""What the IR's biases stay below in magnitude; checked before the conversion to integers, which would wrap."""


@dataclass(frozen=True)
class Place:
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
        When the module is not a Sequential.
    ValueError
        When a module has no meaning in the IR or stands in the wrong place, layers do not chain, a number is not
        finite, or a plain batch norm rounds so badly that torch would answer otherwise than the exact arithmetic.
    """
    if not isinstance(module, nn.Sequential):
        raise TypeError(f"module must be a torch.nn.Sequential, not {type(module).__name__}")
    modules = Modules(_significant(module))
    rule = _take(modules, (Thermometer, Affine), "the network must begin with Affine or").rule
    layers = tuple(_layers(modules, rule.output))
    return ir.Network(name=name, input=rule, layers=layers, dataset=dataset, provenance=dict(provenance or {}))


def _layers(modules: Modules, tensor: ir.Tensor) -> Iterator[ir.Layer]:
    """The layers that the modules are, for an input of type ``tensor``."""
    place = Place(0, tensor)
    while modules:
        kind = type(modules[0])
        if kind in (nn.Flatten, StreamFlatten):
            place = _flatten(modules.popleft(), place)
            continue
        if kind not in LOWER:
            known = ", ".join(each.__name__ for each in LOWER)
            raise ValueError(f"layer {place.index}: must be one of {known}, not {kind.__name__}")
        layer = LOWER[kind](modules, place)
        yield layer
        try:
            place = Place(place.index + 1, layer.output(place.tensor))
        except ValueError as error:
            raise ValueError(f"{type(layer).__name__.lower()}{place.index}: {error}") from None


def _significant(module: nn.Sequential) -> Iterator[nn.Module]:
    """The modules that do something in eval mode, without nesting."""
    for child in module:
        if isinstance(child, nn.Sequential):
            yield from _significant(child)
        elif type(child) not in (nn.Dropout, nn.Dropout2d, nn.Identity):
            yield child


def _take(modules: Modules, kinds: tuple[type[nn.Module], ...], where: str) -> Any:
    """The next module, when it is one of ``kinds``."""
    found = type(modules[0]).__name__ if modules else "the end"
    if not modules or type(modules[0]) not in kinds:
        raise ValueError(f"{where} {kinds[0].__name__}, not {found}")
    return modules.popleft()


def _flatten(module: nn.Module, place: Place) -> Place:
    if type(module) is nn.Flatten and (module.start_dim, module.end_dim) != (1, -1):
        raise ValueError(f"Flatten must have start_dim=1 and end_dim=-1, not {module.start_dim} and {module.end_dim}")
    if len(place.tensor.shape) == 1:
        return place
    height, width, channels = place.tensor.shape
    flat = dataclasses.replace(place.tensor, shape=(place.tensor.size,))
    if type(module) is StreamFlatten:
        return Place(place.index, flat)
    # In torch's order channels are outermost.
    positions = np.arange(flat.size).reshape(channels, height, width)
    return Place(place.index, flat, positions.transpose(1, 2, 0).flatten())


def _dense(modules: Modules, place: Place) -> ir.Dense:
    name = f"dense{place.index}"
    linear = _take(modules, (BinaryLinear,), f"{name}: must begin with")
    norm = _take(modules, (BatchNorm, nn.BatchNorm1d), f"{name}: BinaryLinear must be followed by")
    _take(modules, (Sign,), f"{name}: {type(norm).__name__} must be followed by")
    weights = _matrix(linear, name, place)
    flip, thresholds = _fold(norm, name, weights, place.tensor)
    return ir.Dense(weights ^ flip[:, np.newaxis], thresholds)


def _conv2d(modules: Modules, place: Place) -> ir.Conv2d:
    name = f"conv2d{place.index}"
    convolution = _take(modules, (BinaryConv2d,), f"{name}: must begin with")
    norm = _take(modules, (BatchNorm2d, nn.BatchNorm2d), f"{name}: BinaryConv2d must be followed by")
    _take(modules, (Sign,), f"{name}: {type(norm).__name__} must be followed by")
    # From torch's filters, channels, rows, columns.
    weights = _weight_bits(convolution, name).transpose(0, 2, 3, 1)
    flip, thresholds = _fold(norm, name, weights, place.tensor)
    return ir.Conv2d(
        weights ^ flip[:, np.newaxis, np.newaxis, np.newaxis],
        thresholds,
        convolution.stride,
        convolution.padding,
        _pad(convolution, name, place.tensor),
    )


def _pad(convolution: BinaryConv2d, name: str, tensor: ir.Tensor) -> int:
    """The IR's padding value; 0 where there is no padding."""
    if not any(convolution.padding):
        return 0
    if tensor.element is not ir.Element.BIT:
        return convolution.fill
    if convolution.fill not in (-1, 1):
        raise ValueError(f"{name}: fill must be -1 or 1, not {convolution.fill}")
    return (convolution.fill + 1) // 2


def _max_pool(modules: Modules, place: Place) -> ir.MaxPool:
    name = f"maxpool{place.index}"
    pool = _take(modules, (nn.MaxPool2d,), f"{name}: must begin with")
    for key, expected in (("padding", 0), ("dilation", 1)):
        if _pair(getattr(pool, key)) != _pair(expected):
            raise ValueError(f"{name}: {key} must be {expected}, not {getattr(pool, key)}")
    if pool.ceil_mode:
        raise ValueError(f"{name}: ceil_mode must be False, not True")
    return ir.MaxPool(_pair(pool.kernel_size), _pair(pool.stride))


def _scores(modules: Modules, place: Place) -> ir.Scores:
    name = f"scores{place.index}"
    head = _take(modules, (Scores,), f"{name}: must begin with")
    bias = _array(head.bias.round())
    # Written so that a NaN fails too.
    wrong = ~(np.abs(bias) < BIAS_LIMIT)
    if wrong.any():
        raise ValueError(f"{name}: bias must be a number within ±{BIAS_LIMIT - 1}, not {bias[wrong][0]}")
    return ir.Scores(_matrix(head, name, place), bias.astype(np.int64))


LOWER: dict[type[nn.Module], Callable[[Modules, Place], ir.Layer]] = {
    BinaryLinear: _dense,
    BinaryConv2d: _conv2d,
    nn.MaxPool2d: _max_pool,
    Scores: _scores,
}
"""How each module that begins a layer becomes one."""


def _matrix(linear: BinaryLinear, name: str, place: Place) -> BitArray:
    """Weights of a matrix product, in the order of the stream."""
    if len(place.tensor.shape) > 1:
        raise ValueError(f"{name}: {type(linear).__name__} must get vectors, not images; put StreamFlatten before it")
    weights = _weight_bits(linear, name)
    fits = place.order is not None and place.order.size == linear.mw
    return weights[:, place.order] if fits else weights


def _weight_bits(layer: BinaryLinear | BinaryConv2d, name: str) -> BitArray:
    weights = _array(layer.weight)
    if not np.isfinite(weights).all():
        raise ValueError(f"{name}: latent weights must be finite, not {weights[~np.isfinite(weights)][0]}")
    return binarize(weights)


def _fold(norm: Norm, name: str, weights: BitArray, tensor: ir.Tensor) -> tuple[BitArray, NDArray[np.int64]]:
    """Which neurons' weights to invert, as bits, and the threshold of each, for an input of type ``tensor``."""
    mh, limit = len(weights), weights[0].size * tensor.magnitude
    if norm.num_features != mh:
        raise ValueError(f"{name}: {type(norm).__name__} must have {mh} features, not {norm.num_features}")
    parameters = _parameters(norm, name)
    bits = tensor.element is ir.Element.BIT
    try:
        flip, thresholds = fold_dots(**parameters, eps=norm.eps, limit=limit)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    if bits:
        thresholds = count_matches(thresholds, limit)
    # From counts back to dots, which for bits are the multiples of 2 from -limit.
    rising, step = (2 * thresholds - limit, 2) if bits else (thresholds, 1)
    for dots, expected in ((rising - step, 0), (rising, 1)):
        _check_ties(norm, name, np.where(flip, -dots, dots), expected, limit)
    return flip.astype(np.uint8), thresholds


def _parameters(norm: Norm, name: str) -> dict[str, NDArray[np.float64]]:
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError(f"{name}: {type(norm).__name__} must have track_running_stats=True, not False")
    ones = torch.ones_like(norm.running_mean)
    # Without affine=True there is neither scale nor shift.
    gamma = ones if norm.weight is None else norm.weight
    beta = 0 * ones if norm.bias is None else norm.bias
    tensors = {"gamma": gamma, "beta": beta, "mean": norm.running_mean, "var": norm.running_var}
    return {key: _array(tensor) for key, tensor in tensors.items()}


def _check_ties(norm: Norm, name: str, dots: NDArray[np.int64], expected: int, limit: int) -> None:
    """Run the torch module on a dot next to each threshold; it rises or falls steadily with the dot."""
    runnable = copy.deepcopy(norm).cpu().eval()
    values = torch.from_numpy(dots).to(runnable.running_mean).reshape(1, -1)
    batches, exact = [values], "BatchNorm"
    if isinstance(norm, nn.BatchNorm2d):
        # Torch has a loop for each memory format, and each has a vectorized part and a rest.
        images, exact = values.reshape(1, -1, 1, 1).repeat(1, 1, 3, 11), "BatchNorm2d"
        batches = [images, images.to(memory_format=torch.channels_last)]
    bits = binarize(np.concatenate([runnable(batch)[0].reshape(len(dots), -1).numpy() for batch in batches], axis=1))
    wrong = np.flatnonzero((bits != expected).any(axis=1) & (abs(dots) <= limit))
    if wrong.size:
        raise ValueError(
            f"{name}: {type(norm).__name__} rounds neuron {wrong[0]} to the wrong sign "
            f"at a dot of {int(dots[wrong[0]])}; use xnorflow.model.layers.{exact}, which is exact"
        )


def _pair(size: Any) -> tuple[int, int]:
    """Rows and columns of what torch takes as one number or as two."""
    return (size, size) if isinstance(size, int) else tuple(size)


def _array(tensor: torch.Tensor) -> NDArray[np.float64]:
    # Every float32 is a float64 too, so nothing is rounded.
    return np.asarray(tensor.detach().cpu().double().numpy())
