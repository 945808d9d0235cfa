"""Lowering of a batch norm and the sign behind it to thresholds, checked against what torch's own rounds to."""

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from .. import ir
from ..bits import BitArray, binarize
from ..exact.batchnorm import count_matches, fold_dots
from .batchnorm import BatchNorm, BatchNorm2d, check_numbers

__all__ = ["Norm", "float64_array", "fold_norm"]

Norm = nn.BatchNorm1d | nn.BatchNorm2d

ROUNDING = (torch.float32, torch.float64)
"""Types in which torch's own batch norms take dot products, and in which their rounding is looked at."""


def fold_norm(norm: Norm, name: str, weights: BitArray, tensor: ir.Tensor) -> tuple[BitArray, NDArray[np.int64]]:
    """Which neurons' weights to invert, as bits, and the threshold of each, for an input of type ``tensor``.

    Raises
    ------
    ValueError
        When the batch norm has no thresholds, or torch's own would answer otherwise than they; begins with ``name``.
    """
    mh, limit = len(weights), weights[0].size * tensor.magnitude
    if norm.num_features != mh:
        raise ValueError(f"{name}: {type(norm).__name__} must have {mh} features, not {norm.num_features}")
    try:
        check_numbers(norm)
        parameters = _parameters(norm)
        flip, thresholds = fold_dots(**parameters, eps=norm.eps, limit=limit)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None
    bits = tensor.element is ir.Element.BIT
    if bits:
        thresholds = count_matches(thresholds, limit)
    # From counts back to dots, which for bits are the multiples of 2 from -limit.
    rising, step = (2 * thresholds - limit, 2) if bits else (thresholds, 1)
    for dots, expected in ((rising - step, 0), (rising, 1)):
        _check_ties(norm, name, np.where(flip, -dots, dots), expected, limit)
    return flip.astype(np.uint8), thresholds


def float64_array(tensor: torch.Tensor) -> NDArray[np.float64]:
    """The numbers of a tensor; those of any shorter type are float64 too, so nothing is rounded."""
    return np.asarray(tensor.detach().cpu().double().numpy())


def _parameters(norm: Norm) -> dict[str, NDArray[np.float64]]:
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError(f"{type(norm).__name__} must have track_running_stats=True, not False")
    ones = torch.ones_like(norm.running_mean)
    # Without affine=True there is neither scale nor shift.
    gamma = ones if norm.weight is None else norm.weight
    beta = 0 * ones if norm.bias is None else norm.bias
    tensors = {"gamma": gamma, "beta": beta, "mean": norm.running_mean, "var": norm.running_var}
    for tensor in tensors.values():
        if type(norm) not in (BatchNorm, BatchNorm2d) and tensor.dtype not in ROUNDING:
            found = str(tensor.dtype).removeprefix("torch.")
            raise ValueError(
                f"{type(norm).__name__} must be in float32 or float64, not {found}; "
                f"use xnorflow.model.training.layers.{_exact(norm)}, which is exact"
            )
    return {key: float64_array(tensor) for key, tensor in tensors.items()}


def _exact(norm: Norm) -> str:
    """Name of the module that is exact."""
    return BatchNorm2d.__name__ if isinstance(norm, nn.BatchNorm2d) else BatchNorm.__name__


def _check_ties(norm: Norm, name: str, dots: NDArray[np.int64], expected: int, limit: int) -> None:
    """Run the torch module on a dot next to each threshold; it rises or falls steadily with the dot."""
    runnable = copy.deepcopy(norm).cpu().eval()
    # Dots come in single precision at least, whatever the type of the parameters.
    assert runnable.running_mean is not None
    precision = torch.promote_types(runnable.running_mean.dtype, torch.float32)
    values = torch.from_numpy(dots).to(precision).reshape(1, -1)
    batches = [values]
    if isinstance(norm, nn.BatchNorm2d):
        # Torch has a loop for each memory format, and each has a vectorized part and a rest.
        images = values.reshape(1, -1, 1, 1).repeat(1, 1, 3, 11)
        batches = [images, images.to(memory_format=torch.channels_last)]
    bits = binarize(np.concatenate([runnable(batch)[0].reshape(len(dots), -1).numpy() for batch in batches], axis=1))
    wrong = np.flatnonzero((bits != expected).any(axis=1) & (abs(dots) <= limit))
    if wrong.size:
        raise ValueError(
            f"{name}: {type(norm).__name__} rounds neuron {wrong[0]} to the wrong sign "
            f"at a dot of {int(dots[wrong[0]])}; use xnorflow.model.training.layers.{_exact(norm)}, which is exact"
        )
