"""Lowering of residuals: a sum of integers, or levels of one arm among which the value of the other one chooses."""

import dataclasses
from typing import Any

import numpy as np

from .. import ir
from .export_norm import Sums, borders_of, check_features, fold_norm
from .layers import Levels, Sign
from .lowering import Value, Walk, check_exact, significant, take
from .residual import Residual, on_grid

__all__ = ["lower_residual"]

MOST_VALUES = 16
"""Of an arm that chooses among levels: as many as activations of four bits have."""


def lower_residual(walk: Walk, value: Value) -> Value:
    """Both arms, and their sum or what chooses."""
    residual: Residual = take(walk, (Residual,), "")
    main, shortcut = (walk.follow(walk.through(significant(arm)), value) for arm in (residual.main, residual.shortcut))
    if main.norm is None and shortcut.norm is None:
        return _sum(walk, main, shortcut, residual.shifts)
    name = walk.name("threshold")
    if main.norm is not None and shortcut.norm is not None:
        raise ValueError(
            f"{name}: one arm of a Residual must end in integers, not both in batch norms; "
            "their sum has no thresholds on integers"
        )
    shifts = residual.shifts
    if main.norm is None:
        main, shortcut, shifts = shortcut, main, (shifts[1], shifts[0])
    return _choice(walk, name, main, shortcut, shifts)


def _sum(walk: Walk, main: Value, shortcut: Value, shifts: tuple[int, int]) -> Value:
    """The sum of integers."""
    name = walk.name("add")
    if main.divisor != shortcut.divisor:
        raise ValueError(
            f"{name}: arms must be averages of equally many numbers, not of {main.divisor} and {shortcut.divisor}"
        )
    check_exact(name, main)
    _check_orders(name, main, shortcut)
    return dataclasses.replace(walk.add(name, ir.Add(shifts), main, shortcut), order=main.order)


def _choice(walk: Walk, name: str, main: Value, chooser: Value, shifts: tuple[int, int]) -> Value:
    """Levels of an arm that ends in a batch norm: for each value of the other one, levels of its own."""
    norm, tensor = main.norm, chooser.tensor
    assert norm is not None
    if shifts[0]:
        raise ValueError(f"{name}: an arm that ends in {type(norm).__name__} must be shifted by 0, not {shifts[0]}")
    if tensor.values > MOST_VALUES or chooser.divisor != 1:
        raise ValueError(
            f"{name}: what is added to {type(norm).__name__} must be bits or levels, of {MOST_VALUES} values at most, "
            f"not integers in {tensor.span[0]}..{tensor.span[1]}"
        )
    _check_orders(name, main, chooser)
    where = f"{name}: Residual with a {type(norm).__name__} at the end of an arm must be followed by"
    activation: Any = take(walk, (Sign, Levels), where)
    layer: Any = walk.layers[main.place]
    limit, matches = layer.sums(main.of).limit, layer.sums(main.of).matches
    added = [number << shifts[1] for number in range(tensor.span[0], tensor.span[1] + 1, tensor.step)]
    borders = [border - number for number in added for border in borders_of(activation)]
    check_features(norm, name, layer.mh)
    sums = Sums(limit, 2 if matches else 1, main.divisor)
    flip, thresholds = fold_norm(norm, name, sums, borders, before=on_grid)
    weights = layer.weights ^ flip.reshape(-1, *[1] * (layer.weights.ndim - 1))
    walk.layers[main.place] = dataclasses.replace(layer, weights=weights)
    table = np.minimum(thresholds, limit + 1).reshape(layer.mh, tensor.values, -1)
    return dataclasses.replace(walk.add(name, ir.Threshold(table), main, chooser), divisor=1, order=main.order)


def _check_orders(name: str, left: Value, right: Value) -> None:
    """Raise ValueError where one of two vectors is in torch's order and the other one is not, or in another."""
    orders = [np.arange(value.tensor.size) if value.order is None else value.order for value in (left, right)]
    if len(orders[0]) == len(orders[1]) and (orders[0] != orders[1]).any():
        raise ValueError(f"{name}: both arms must flatten images in one order; put StreamFlatten in place of Flatten")
