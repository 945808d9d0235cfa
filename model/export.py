"""Lowering: from a trained torch module to the IR, exactly.

A new kind of layer is one more entry of :data:`LOWER`.
"""

import copy
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from . import ir
from .bits import BitArray, binarize
from .layers import BatchNorm, BinaryLinear, Scores, Sign, Thermometer
from .thresholds import fold_batchnorm

__all__ = ["LOWER", "export"]

Modules = deque[nn.Module]
"""What is still to be lowered; a lowering takes what belongs to its layer from the left."""

BIAS_LIMIT = 1 << 30
"""What the IR's biases stay below in magnitude; checked before the conversion to integers, which would wrap."""


@torch.no_grad()
def export(
    module: nn.Sequential, *, name: str, dataset: str = "", provenance: Mapping[str, str] | None = None
) -> ir.Network:
    """The network that a torch module computes in eval mode.

    Parameters
    ----------
    module : :class:`torch.nn.Sequential`
        ``Thermometer``, then any number of ``BinaryLinear, BatchNorm, Sign``, then ``Scores``. Plain
        :class:`torch.nn.BatchNorm1d` is taken too; ``Flatten``, ``Dropout`` and ``Identity`` may stand anywhere, and
        one Sequential inside another. It is not changed and may be in either mode.
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
    rule = _take(modules, (Thermometer,), "the network must begin with")
    layers: list[ir.Layer] = []
    while modules:
        kind = type(modules[0])
        if kind not in LOWER:
            known = ", ".join(each.__name__ for each in LOWER)
            raise ValueError(f"layer {len(layers)}: must be one of {known}, not {kind.__name__}")
        layers.append(LOWER[kind](modules, len(layers)))
    return ir.Network(
        name=name, input=rule.rule, layers=tuple(layers), dataset=dataset, provenance=dict(provenance or {})
    )


def _significant(module: nn.Sequential) -> Iterator[nn.Module]:
    """The modules that do something in eval mode, without nesting."""
    for child in module:
        if isinstance(child, nn.Sequential):
            yield from _significant(child)
        elif type(child) is nn.Flatten:
            if (child.start_dim, child.end_dim) != (1, -1):
                raise ValueError(
                    f"Flatten must have start_dim=1 and end_dim=-1, not {child.start_dim} and {child.end_dim}"
                )
        elif type(child) not in (nn.Dropout, nn.Identity):
            yield child


def _take(modules: Modules, kinds: tuple[type[nn.Module], ...], where: str) -> Any:
    """The next module, when it is one of ``kinds``."""
    found = type(modules[0]).__name__ if modules else "the end"
    if not modules or type(modules[0]) not in kinds:
        raise ValueError(f"{where} {kinds[0].__name__}, not {found}")
    return modules.popleft()


def _dense(modules: Modules, index: int) -> ir.Dense:
    name = f"dense{index}"
    linear = _take(modules, (BinaryLinear,), f"{name}: must begin with")
    norm = _take(modules, (BatchNorm, nn.BatchNorm1d), f"{name}: BinaryLinear must be followed by")
    _take(modules, (Sign,), f"{name}: {type(norm).__name__} must be followed by")
    parameters = _parameters(norm, name)
    if norm.num_features != linear.mh:
        raise ValueError(f"{name}: {type(norm).__name__} must have {linear.mh} features, not {norm.num_features}")
    try:
        flip, thresholds = fold_batchnorm(**parameters, eps=norm.eps, mw=linear.mw)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    _check_ties(norm, name, linear.mw, flip, thresholds)
    return ir.Dense(_weight_bits(linear, name) ^ flip[:, np.newaxis].astype(np.uint8), thresholds)


def _scores(modules: Modules, index: int) -> ir.Scores:
    name = f"scores{index}"
    head = _take(modules, (Scores,), f"{name}: must begin with")
    bias = _array(head.bias.round())
    # Written so that a NaN fails too.
    wrong = ~(np.abs(bias) < BIAS_LIMIT)
    if wrong.any():
        raise ValueError(f"{name}: bias must be a number within ±{BIAS_LIMIT - 1}, not {bias[wrong][0]}")
    return ir.Scores(_weight_bits(head, name), bias.astype(np.int64))


LOWER: dict[type[nn.Module], Callable[[Modules, int], ir.Layer]] = {BinaryLinear: _dense, Scores: _scores}
"""How each module that begins a layer becomes one."""


def _weight_bits(linear: BinaryLinear, name: str) -> BitArray:
    weights = _array(linear.weight)
    if not np.isfinite(weights).all():
        raise ValueError(f"{name}: latent weights must be finite, not {weights[~np.isfinite(weights)][0]}")
    return binarize(weights)


def _parameters(norm: nn.BatchNorm1d, name: str) -> dict[str, NDArray[np.float64]]:
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError(f"{name}: {type(norm).__name__} must have track_running_stats=True, not False")
    ones = torch.ones_like(norm.running_mean)
    # Without affine=True there is neither scale nor shift.
    gamma = ones if norm.weight is None else norm.weight
    beta = 0 * ones if norm.bias is None else norm.bias
    tensors = {"gamma": gamma, "beta": beta, "mean": norm.running_mean, "var": norm.running_var}
    return {key: _array(tensor) for key, tensor in tensors.items()}


def _check_ties(
    norm: nn.BatchNorm1d, name: str, mw: int, flip: NDArray[np.bool_], thresholds: NDArray[np.int64]
) -> None:
    """Run the torch module on the two dots next to each threshold; it rises or falls steadily with the dot."""
    runnable = copy.deepcopy(norm).cpu().eval()
    for matches, expected in ((thresholds - 1, 0), (thresholds, 1)):
        dots = torch.from_numpy(np.where(flip, -1, 1) * (2 * matches - mw))
        bits = binarize(runnable(dots.to(runnable.running_mean).unsqueeze(0)).numpy()[0])
        wrong = np.flatnonzero((bits != expected) & (matches >= 0) & (matches <= mw))
        if wrong.size:
            raise ValueError(
                f"{name}: {type(norm).__name__} rounds neuron {wrong[0]} to the wrong sign "
                f"at a dot of {int(dots[wrong[0]])}; use xnorflow.model.layers.BatchNorm, which is exact"
            )


def _array(tensor: torch.Tensor) -> NDArray[np.float64]:
    # Every float32 is a float64 too, so nothing is rounded.
    return np.asarray(tensor.detach().cpu().double().numpy())
