"""Batch-norm parameters that make trouble, for hypothesis."""

from decimal import Context, Decimal
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

__all__ = ["batch_norms", "exact_sign"]

HARD = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, -3.0, 1e-30, -1e-30, 1e-45, 2.0**-60, 0.1, -0.3, 1e30, 3.4e38]
number = st.sampled_from(HARD) | st.integers(-8, 8).map(float) | st.floats(-(2.0**100), 2.0**100, width=32)
eps = st.sampled_from([1e-5, 1e-3, 0.25, 1.0, 3.0])


@st.composite
def batch_norms(draw, mh):
    """Scale, shift, mean and variance of ``mh`` neurons as float32, and eps."""
    columns = [draw(st.lists(number, min_size=mh, max_size=mh)) for _ in range(4)]
    gamma, beta, mean, var = (np.array(column, np.float32) for column in columns)
    return {"gamma": gamma, "beta": beta, "mean": mean, "var": np.abs(var), "eps": draw(eps)}


def exact_sign(dot, *, gamma, beta, mean, var, eps):
    """Sign, -1, 0 or 1, of what batch normalization makes of ``dot``, in decimal numbers of 2,000 digits."""
    # Products of a few floats need less than 1,000 digits, so that only the root is rounded, and it not visibly.
    context = Context(prec=2000, Emax=10**6, Emin=-(10**6))
    gamma, beta, mean, var, eps = (_decimal(value, context) for value in (gamma, beta, mean, var, eps))
    scaled = context.multiply(gamma, context.subtract(Decimal(dot), mean))
    shift = context.multiply(beta, context.sqrt(context.add(var, eps)))
    return int(context.add(scaled, shift).compare(Decimal(0)))


def _decimal(value, context):
    """A float or a fraction of powers of 2, exactly."""
    exact = Fraction(value) if isinstance(value, Fraction) else Fraction(float(value))
    return context.divide(Decimal(exact.numerator), Decimal(exact.denominator))
