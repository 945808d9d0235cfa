"""Lowering of a batch norm of classes to ranks: integers in the order of what it makes of every score."""

import copy
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray

from ..exact.batchnorm import check_parameters
from ..exact.surd import Surd, compare
from .batchnorm import BatchNorm
from .export_norm import SINGLE, Norm, Sums, numbers_of

__all__ = ["ranks_of"]

CLOSE = 2.0**-40
"""Share of the magnitudes that take part, up to which float64 may not tell which of two numbers is larger."""

ROUGH = 2.0**-21
"""The same of float32."""

Floats = NDArray[np.float64]


@torch.no_grad()
def ranks_of(norm: Norm, name: str, bias: NDArray[np.int64], sums: Sums) -> NDArray[np.int64]:
    """A rank for each class and each sum, of shape ``(classes, sums)``: equal numbers have the same one.

    Raises
    ------
    ValueError
        When the batch norm has no order, or rounds scores of two classes to another one; begins with ``name``.
    """
    try:
        numbers = numbers_of(norm)
        eps = check_parameters(**numbers, eps=norm.eps)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None
    scores = (np.arange(-sums.limit, sums.limit + 1, sums.step) + bias[:, np.newaxis]) / sums.divisor
    own = type(norm) is BatchNorm
    assert norm.running_mean is not None
    kind = torch.float64 if own else norm.running_mean.dtype
    if not own and np.abs(scores).max() * sums.divisor > SINGLE:
        raise ValueError(f"{name}: scores before {type(norm).__name__} must be within ±{SINGLE}; use BatchNorm")
    found = copy.deepcopy(norm).cpu().eval()(torch.from_numpy(scores.T.copy()).to(kind)).double().numpy().T
    gamma, beta, mean, var = (numbers[key][:, np.newaxis] for key in ("gamma", "beta", "mean", "var"))
    magnitudes = np.abs(gamma) * (np.abs(scores) + np.abs(mean)) / np.sqrt(var + eps) + np.abs(beta)
    order = np.argsort(found, axis=None, kind="stable")
    classes, sorted_, sizes = order // found.shape[1], found.ravel()[order], magnitudes.ravel()[order]
    rises = np.diff(sorted_) > 0
    close = np.diff(sorted_) <= (CLOSE if kind == torch.float64 else ROUGH) * (sizes[1:] + sizes[:-1])
    for place in np.flatnonzero(close & (classes[1:] != classes[:-1])).tolist():
        pair = [(int(classes[i]), scores.ravel()[order[i]]) for i in (place, place + 1)]
        if not own:
            # By where in a batch a score is.
            raise ValueError(
                f"{name}: {type(norm).__name__} may round scores of classes {pair[0][0]} and {pair[1][0]} "
                "to either order; use BatchNorm, which is exact"
            )
        if _compare(numbers, eps, pair) != int(rises[place]):
            raise ValueError(
                f"{name}: {type(norm).__name__} rounds scores of classes {pair[0][0]} and {pair[1][0]} "
                "to another order; change a parameter of one of them"
            )
    table = np.zeros(found.size, np.int64)
    table[order[1:]] = np.cumsum(rises)
    return table.reshape(found.shape)


def _compare(numbers: dict[str, Floats], eps: float, pair: list[tuple[int, float]]) -> int:
    """Sign of what the batch norm makes of a score of one class less than what it makes of one of another, exactly."""
    (b, a, v), (d, c, w) = (_exactly(numbers, eps, *one) for one in pair)
    return compare(Surd(d - b, -a / v, v), Surd(Fraction(0), -c / w, w))


def _exactly(numbers: dict[str, Floats], eps: float, neuron: int, score: float) -> tuple[Fraction, Fraction, Fraction]:
    """``b``, ``a`` and ``v`` of the number ``b + a / sqrt(v)``."""
    gamma, beta, mean, var = (Fraction(float(numbers[key][neuron])) for key in ("gamma", "beta", "mean", "var"))
    return beta, gamma * (Fraction(score) - mean), var + Fraction(eps)
