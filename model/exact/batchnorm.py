"""Batch normalization and sign, folded into one integer threshold for each neuron, exactly.

A neuron's output is the sign of ``gamma * (dot - mean) / sqrt(var + eps) + beta`` (Ioffe and Szegedy, arXiv
1502.03167), with sign(0) = +1. Its bit is therefore 1 when ``gamma * (dot - mean) >= -beta * sqrt(var + eps)``: a
comparison of rational numbers once both sides are squared. No rounding takes part.
"""

import math
from fractions import Fraction
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from .surd import sign_of, smallest

__all__ = ["check_eps", "check_parameters", "count_matches", "fold_batchnorm", "fold_dots"]

Floats = NDArray[np.floating]

ZERO = Fraction(0)


def fold_batchnorm(
    *, gamma: Floats, beta: Floats, mean: Floats, var: Floats, eps: float, mw: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Threshold on the number of matches for each neuron of a layer with ``mw`` inputs of ±1.

    Parameters
    ----------
    gamma, beta, mean, var : arrays of shape ``(mh,)``
        Scale, shift, running mean and running variance.
    eps : :class:`float`
        What batch normalization adds to the variance; finite, 0 or more.
    mw : :class:`int`
        Inputs of each neuron.

    Returns
    -------
    flip : array of :class:`bool`
        Neurons whose weights must be inverted: those with a negative scale.
    thresholds : array of :class:`int`
        The neuron's bit is ``matches >= threshold``, counted with the inverted weights; in ``0..mw + 1``.

    Raises
    ------
    TypeError
        When ``eps`` is not a number.
    ValueError
        When a number is not finite, ``eps`` is negative, or ``var + eps`` is not positive.
    """
    flip, dots = fold_dots(gamma=gamma, beta=beta, mean=mean, var=var, eps=eps, limit=mw)
    return flip, count_matches(dots, mw)


def count_matches(thresholds: NDArray[np.int64], mw: int) -> NDArray[np.int64]:
    """Thresholds on the number of matches, from thresholds on the dot product of ``mw`` inputs of ±1."""
    # The smallest count with 2 * matches - mw >= threshold.
    return np.asarray((thresholds + mw + 1) // 2, np.int64)


def fold_dots(
    *,
    gamma: Floats,
    beta: Floats,
    mean: Floats,
    var: Floats,
    eps: float,
    limit: int,
    border: Fraction = ZERO,
    divisor: int = 1,
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Threshold on the dot product for each neuron, where dot products are integers in ``-limit..limit``.

    Parameters and errors are as for :func:`fold_batchnorm`, and so is what it gives; the neuron's bit is
    ``dot >= threshold``, and thresholds are in ``-limit..limit + 1``.

    Parameters
    ----------
    border : :class:`~fractions.Fraction`
        What the result of batch normalization is compared with: 0 for a sign, else the border of a level.
    divisor : :class:`int`
        What dot products are divided by before, where they are sums for averages.
    """
    eps = check_parameters(gamma=gamma, beta=beta, mean=mean, var=var, eps=eps)
    flip = gamma < 0
    sign = np.where(flip, -1, 1)
    neurons = zip(np.abs(gamma), beta, sign * mean, var, strict=True)
    thresholds = [
        _threshold(*map(float, neuron), eps=eps, limit=limit, border=border, divisor=divisor) for neuron in neurons
    ]
    return flip, np.array(thresholds, np.int64)


def check_parameters(*, gamma: Floats, beta: Floats, mean: Floats, var: Floats, eps: float) -> float:
    """``eps`` as Python's float; TypeError or ValueError as :func:`fold_batchnorm` says."""
    eps = check_eps(eps)
    for name, values in (("gamma", gamma), ("beta", beta), ("mean", mean), ("var", var)):
        if not np.isfinite(values).all():
            neuron = int(np.flatnonzero(~np.isfinite(values))[0])
            raise ValueError(f"batch norm {name} of neuron {neuron} must be finite, not {values[neuron]}")
    if not (var.astype(np.float64) + eps > 0).all():
        raise ValueError(f"batch norm var must be above -eps, not {var.min()}")
    return eps


def check_eps(eps: object) -> float:
    """What batch normalization adds to the variance, as Python's float; TypeError or ValueError when it cannot be."""
    if isinstance(eps, bool) or not isinstance(eps, Real):
        raise TypeError(f"eps must be a number, not {eps!r}")
    # Written so that a NaN fails too.
    if not 0 <= float(eps) < math.inf:
        raise ValueError(f"eps must be finite and 0 or more, not {eps}")
    return float(eps)


def _threshold(
    gamma: float, beta: float, mean: float, var: float, *, eps: float, limit: int, border: Fraction, divisor: int
) -> int:
    """Smallest dot product that gives a 1, for a scale that is not negative; ``limit + 1`` when there is none."""
    # All of it times the divisor, which is positive.
    scale, centre, variance = Fraction(gamma), divisor * Fraction(mean), Fraction(var) + Fraction(eps)
    shift = divisor * (Fraction(beta) - border)
    return smallest(-limit, limit + 1, lambda dot: sign_of(scale * (dot - centre), shift, variance) >= 0)
