"""Batch normalization whose results in eval mode are on the right side of everything that they are compared with.

Torch's own eval path computes ``x * a + b`` with ``a`` and ``b`` rounded to float32 beforehand. Where the exact result
is 0, a tie that the sign turns into +1, that formula can give a tiny negative number, and the network would differ
from its thresholds. Here ``(x - mean) * gamma / sqrt(var + eps) + beta`` is computed in float64. The four rounded steps
before the sum err by less than ``5 * 2**-53`` of their result: where it is farther than that from a number, it is sure
on which side of it the exact result is; in the rare rest it is decided in rational arithmetic. The numbers that it may
be compared with are the multiples of :data:`GRID`: 0, borders of levels, and what such a border leaves for one arm of a
residual.
"""

import math
from fractions import Fraction

import torch
from torch import Tensor, nn

from ..exact.batchnorm import check_eps
from ..exact.surd import sign_of, smallest
from ..numbers import integer

__all__ = ["GRID", "BatchNorm", "BatchNorm2d", "check_numbers"]

GRID = 2.0**-22
"""A result in eval mode is at least a multiple of this where the exact result is, and below it where that is."""

SURE = 2.0**48
"""Multiples of the grid beyond which nothing is compared with."""


class BatchNorm(nn.BatchNorm1d):
    """Batch normalization of neurons with exact signs in eval mode; :class:`torch.nn.BatchNorm1d` in training mode.

    Parameters
    ----------
    features : :class:`int`
        Neurons.
    eps : :class:`float`
        What is added to the variance; finite, 0 or more.
    momentum : :class:`float`
        As in torch.

    Members
    -------
    exact : :class:`bool`
        Whether eval mode is exact, at the cost of time; see :func:`xnorflow.model.training.layers.approximate`.

    Raises
    ------
    TypeError
        When ``features`` is not an integer, or ``eps`` no number.
    ValueError
        When one of them is out of its range; from ``forward``, when a parameter is of another length, or the input is
        not of shape ``(count, features)``.
    """

    def __init__(self, features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__(_features(features), eps=check_eps(eps), momentum=momentum)
        self.exact = True

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 2 or x.shape[1] != self.num_features:
            raise ValueError(f"input must have shape (count, {self.num_features}), not {tuple(x.shape)}")
        return super().forward(x) if self.training or not self.exact else _normalize(self, x)


class BatchNorm2d(nn.BatchNorm2d):
    """Batch normalization of channels with exact signs in eval mode; :class:`torch.nn.BatchNorm2d` in training mode.

    Parameters
    ----------
    features : :class:`int`
        Channels.
    eps : :class:`float`
        What is added to the variance; finite, 0 or more.
    momentum : :class:`float`
        As in torch.

    Members
    -------
    exact : :class:`bool`
        Whether eval mode is exact, at the cost of time; see :func:`xnorflow.model.training.layers.approximate`.

    Raises
    ------
    TypeError
        When ``features`` is not an integer, or ``eps`` no number.
    ValueError
        When one of them is out of its range; from ``forward``, when a parameter is of another length, or the input is
        not of shape ``(count, features, height, width)``.
    """

    def __init__(self, features: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        super().__init__(_features(features), eps=check_eps(eps), momentum=momentum)
        self.exact = True

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim != 4 or x.shape[1] != self.num_features:
            expected = f"(count, {self.num_features}, height, width)"
            raise ValueError(f"input must have shape {expected}, not {tuple(x.shape)}")
        return super().forward(x) if self.training or not self.exact else _normalize(self, x)


def check_numbers(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> None:
    """Raise TypeError or ValueError when ``eps`` is out of its range, or a parameter is not one number a feature.

    Torch stretches a single number over all features, and checks nothing that was replaced later.
    """
    check_eps(norm.eps)
    for name in ("weight", "bias", "running_mean", "running_var"):
        tensor = getattr(norm, name)
        if tensor is not None and tuple(tensor.shape) != (norm.num_features,):
            raise ValueError(f"{name} must have shape ({norm.num_features},), not {tuple(tensor.shape)}")


def _features(features: object) -> int:
    if (count := integer("features", features)) < 1:
        raise ValueError(f"features must be positive, not {count}")
    return count


def _normalize(norm: BatchNorm | BatchNorm2d, x: Tensor) -> Tensor:
    """Batch normalization in float64, with exact signs."""
    check_numbers(norm)
    channels = (1, -1, *[1] * (x.ndim - 2))
    gamma, beta, mean, var = (values.reshape(channels) for values in _parameters(norm))
    scaled = (x.double() - mean) * gamma / torch.sqrt(var + norm.eps)
    result = scaled + beta
    # Where a factor is 0 nothing was rounded; the least error stands for what is too small for float64.
    error = (2**-50 * scaled.abs() + 2**-52 * result.abs() + 2**-1020).masked_fill_((x == mean) | (gamma == 0), 0)
    below, above = (((result + side) / GRID).floor_() for side in (-error, error))
    doubtful = ((below != above) & (below < SURE) & (above > -SURE)) | (
        (result.abs() <= error) & (error > 0) & error.isfinite()
    )
    return _decided(norm, x, result, error, doubtful) if doubtful.any() else result


def _parameters(norm: BatchNorm | BatchNorm2d) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Scale, shift, mean and variance."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return norm.weight.double(), norm.bias.double(), norm.running_mean.double(), norm.running_var.double()


@torch.no_grad()
def _decided(norm: BatchNorm | BatchNorm2d, x: Tensor, result: Tensor, error: Tensor, where: Tensor) -> Tensor:
    """The results, on the right side of each multiple of the grid at the places that ``where`` names."""
    columns, eps = [values.tolist() for values in _parameters(norm)], Fraction(check_eps(norm.eps))
    found: dict[tuple[int, float], float] = {}
    numbers, channels = x[where].tolist(), where.nonzero()[:, 1].tolist()
    for key, value, doubt in zip(
        zip(channels, numbers, strict=True), result[where].tolist(), error[where].tolist(), strict=True
    ):
        # Dot products are integers, and repeat.
        if key not in found:
            gamma, beta, mean, var = (Fraction(column[key[0]]) for column in columns)
            found[key] = _beside(value, doubt, gamma * (Fraction(key[1]) - mean), beta, var + eps)
    decided = [found[key] for key in zip(channels, numbers, strict=True)]
    result = result.clone()
    result[where] = torch.tensor(decided, dtype=torch.float64, device=x.device)
    return result


def _beside(value: float, error: float, scaled: Fraction, beta: Fraction, variance: Fraction) -> float:
    """The number nearest to ``value`` on the same side of each multiple of the grid as ``scaled / root + beta``."""

    def sign(border: Fraction) -> int:
        return sign_of(scaled, beta - border, variance)

    unit, away = Fraction(GRID), Fraction(error)
    low, high = ((Fraction(value) + side) // unit - 1 for side in (-away, away))
    # The multiple below or at the exact result: the first above whose successor it is not.
    cell = smallest(low, high + 3, lambda number: sign(unit * (number + 1)) < 0)
    if cell in (-1, 0) and abs(Fraction(value)) <= away:
        # Next to 0 only the sign is known.
        return sign(Fraction(0)) * min(error, GRID / 2)
    lowest, highest = cell * GRID, math.nextafter((cell + 1) * GRID, -math.inf)
    return min(max(value, lowest), highest)
