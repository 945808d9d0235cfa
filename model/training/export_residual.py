"""Lowering of residuals: sums of two integers, or levels of one arm that the value of the other one chooses among."""

import dataclasses
from collections import deque
from fractions import Fraction

import numpy as np
import torch
from torch import nn

from .. import ir
from .batchnorm import GRID
from .export_norm import Sums, borders_of, fold_norm
from .layers import Levels, Sign
from .lowering import Value, Walk, take
from .residual import Residual

__all__ = ["lower_residual"]

MOST_VALUES = 16
"""Of an arm that chooses among levels: as many as levels of four bits have."""


def lower_residual(walk: Walk, value: Value, arm: "Arm") -> Value:
    """Both arms and their sum.

    Parameters
    ----------
    arm : function
        Lowers an arm: from the walk through it and what it begins with to what it ends with.
    """
    residual: Residual = take(walk, (Residual,), "")
