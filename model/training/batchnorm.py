"""Batch normalization whose results in eval mode have exactly the right sign.

Torch's own eval path computes ``x * a + b`` with ``a`` and ``b`` rounded to float32 beforehand. Where the exact result
is 0, a tie that the sign turns into +1, that formula can give a tiny negative number, and the network would differ
from its thresholds. Here ``(x - mean) * gamma / sqrt(var + eps) + beta`` is computed in float64. The four rounded steps
before the sum err by less than ``5 * 2**-53`` of their result, so the sum's sign is right wherever the sum is larger
than that; in the rare rest it is decided in rational arithmetic.
"""

from fractions import Fraction

import torch
from torch import Tensor, nn

from ..exact.batchnorm import check_eps
from ..exact.surd import sign_of
from ..numbers import integer

__all__ = ["BatchNorm", "BatchNorm2d", "check_numbers"]


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
    doubtful = (result.abs() <= 2**-50 * scaled.abs()) & (scaled != 0)
    if doubtful.any():
        result = torch.where(doubtful, _exact_sign(norm, x, doubtful) * 2**-50 * scaled.abs(), result)
    return result


def _parameters(norm: BatchNorm | BatchNorm2d) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Scale, shift, mean and variance."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return norm.weight.double(), norm.bias.double(), norm.running_mean.double(), norm.running_var.double()


@torch.no_grad()
def _exact_sign(norm: BatchNorm | BatchNorm2d, x: Tensor, where: Tensor) -> Tensor:
    """Sign of the exact result, -1, 0 or 1, at the places that ``where`` names; 0 at the others."""
    columns, eps = [values.tolist() for values in _parameters(norm)], Fraction(check_eps(norm.eps))
    signs = []
    for number, channel in zip(x[where].tolist(), where.nonzero()[:, 1].tolist(), strict=True):
        gamma, beta, mean, var = (Fraction(column[channel]) for column in columns)
        signs.append(sign_of(gamma * (Fraction(number) - mean), beta, var + eps))
    result = torch.zeros(x.shape, dtype=torch.float64, device=x.device)
    result[where] = torch.tensor(signs, dtype=torch.float64, device=x.device)
    return result
