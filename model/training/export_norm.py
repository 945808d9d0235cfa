"""Lowering of a batch norm and what follows it to thresholds, checked against what torch's own rounds to."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ..bits import BitArray
from ..exact.batchnorm import fold_dots
from .batchnorm import BatchNorm, BatchNorm2d, check_numbers
from .layers import Levels, Sign

__all__ = [
    "NORMS",
    "SINGLE",
    "Activation",
    "Norm",
    "Sums",
    "borders_of",
    "check_averages",
    "check_features",
    "float64_array",
    "fold_norm",
    "numbers_of",
]

Norm = nn.BatchNorm1d | nn.BatchNorm2d

NORMS: tuple[type[nn.Module], ...] = (BatchNorm, nn.BatchNorm1d, BatchNorm2d, nn.BatchNorm2d)
"""Of vectors, and of images."""

Activation = Sign | Levels

SINGLE = 1 << 24
"""Up to which single precision has each integer."""

ROUNDING = (torch.float32, torch.float64)
"""Types in which torch's own batch norms take dot products, and in which their rounding is looked at."""


@dataclass(frozen=True)
class Sums:
    """The integers that a batch norm gets.

    Parameters
    ----------
    limit : :class:`int`
        Largest magnitude of them.
    step : :class:`int`
        From one to the next: 2 where all of them are even or odd, as the limit is.
    divisor : :class:`int`
        What torch divides them by before.
    """

    limit: int
    step: int = 1
    divisor: int = 1


def borders_of(activation: Activation) -> list[Fraction]:
    """What an activation compares with: 0, or the border of each level."""
    return [Fraction(0)] if isinstance(activation, Sign) else [Fraction(border) for border in activation.borders()]


def fold_norm(
    norm: Norm,
    name: str,
    sums: Sums,
    borders: list[Fraction],
    *,
    before: Callable[[torch.Tensor], torch.Tensor] = torch.Tensor.double,
) -> tuple[BitArray, NDArray[np.int64]]:
    """Which neurons' weights to invert, as bits, and thresholds on the sums, of shape ``(mh, k)`` for ``k`` borders.

    Parameters
    ----------
    name : :class:`str`
        The layer, for messages.
    borders : list of fractions
        What the results are compared with.
    before : function
        What happens to results before they are compared.

    Raises
    ------
    ValueError
        When the batch norm has no thresholds, or torch's own would answer otherwise than they; begins with ``name``.
    """
    if type(norm) not in (BatchNorm, BatchNorm2d) and sums.limit > SINGLE:
        raise ValueError(
            f"{name}: {type(norm).__name__} must get sums within ±{SINGLE}, up to which single precision has each, not "
            f"±{sums.limit}; use xnorflow.model.training.layers.{_exact(norm)}, which is exact"
        )
    columns = []
    for border in borders:
        try:
            numbers = numbers_of(norm)
            flip, column = fold_dots(**numbers, eps=norm.eps, limit=sums.limit, border=border, divisor=sums.divisor)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{name}: {error}") from None
        # To sums that there are.
        column = -((sums.limit - column) // sums.step * sums.step - sums.limit)
        for beside, expected in ((column - sums.step, False), (column, True)):
            dots = np.where(flip, -beside, beside)
            _check_ties(norm, name, dots, expected, sums, before, float(border))
        columns.append(column)
    return flip.astype(np.uint8), np.stack(columns, axis=1)


def check_averages(name: str, divisor: int, borders: list[Fraction]) -> None:
    """Raise ValueError where torch rounds an average next to a border to its other side."""
    for border in borders:
        least = math.ceil(border * divisor)
        for kind in ROUNDING:
            averages = torch.tensor([least - 1, least], dtype=kind) / divisor
            if (averages.double() >= float(border)).tolist() != [False, True]:
                raise ValueError(
                    f"{name}: averages of {divisor} numbers are rounded to the wrong side of {float(border):g}; "
                    "use another scale"
                )


def check_features(norm: Norm, name: str, count: int) -> None:
    """Raise ValueError unless a batch norm is of so many neurons."""
    if norm.num_features != count:
        raise ValueError(f"{name}: {type(norm).__name__} must have {count} features, not {norm.num_features}")


def float64_array(tensor: torch.Tensor) -> NDArray[np.float64]:
    """The numbers of a tensor; those of any shorter type are float64 too, so nothing is rounded."""
    return np.asarray(tensor.detach().cpu().double().numpy())


def numbers_of(norm: Norm) -> dict[str, NDArray[np.float64]]:
    """Scale, shift, mean and variance; TypeError or ValueError when they cannot be exported."""
    check_numbers(norm)
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


def _check_ties(
    norm: Norm,
    name: str,
    dots: NDArray[np.int64],
    expected: bool,
    sums: Sums,
    before: Callable[[torch.Tensor], torch.Tensor],
    border: float,
) -> None:
    """Run the torch module on a dot next to each threshold; it rises or falls steadily with the dot."""
    runnable = copy.deepcopy(norm).cpu().eval()
    # Dots come in single precision at least, whatever the type of the parameters.
    assert runnable.running_mean is not None
    precision = torch.promote_types(runnable.running_mean.dtype, torch.float32)
    # What is exact takes averages that were rounded in either type.
    kinds = ROUNDING if sums.divisor & (sums.divisor - 1) and type(norm) in (BatchNorm, BatchNorm2d) else (precision,)
    batches = [torch.from_numpy(dots).to(kind).reshape(1, -1) / sums.divisor for kind in kinds]
    if isinstance(norm, nn.BatchNorm2d):
        # Torch has a loop for each memory format, and each has a vectorized part and a rest.
        images = [values.reshape(1, -1, 1, 1).repeat(1, 1, 3, 11) for values in batches]
        batches = [*images, *(image.to(memory_format=torch.channels_last) for image in images)]
    results = torch.cat([before(runnable(batch))[0].reshape(len(dots), -1) for batch in batches], dim=1)
    found = (results >= border).numpy()
    wrong = np.flatnonzero((found != expected).any(axis=1) & (abs(dots) <= sums.limit))
    if wrong.size:
        where = f"to the wrong side of {border:g}" if border else "to the wrong sign"
        raise ValueError(
            f"{name}: {type(norm).__name__} rounds neuron {wrong[0]} {where} "
            f"at a dot of {int(dots[wrong[0]])}; use xnorflow.model.training.layers.{_exact(norm)}, which is exact"
        )
