"""What ends products: in the product itself where it is but where sums start, else in stages behind it."""

import functools

import numpy as np
from numpy.typing import NDArray

from ..model.ir import ZERO, Bias, Conv2d, Element, Matrix, Ranks, Tensor, Threshold, Thresholds
from .compare import Compare, step_levels
from .folding import turns
from .levels import RawSums, element_shape, signed_for
from .mvu import Product
from .offset import Offset
from .rank import Rank
from .stage import Beats, Stage
from .table import Table, TableSize
from .zones import padded_weights, zones_of

__all__ = ["compare_values", "ending_stages", "is_plain"]


def is_plain(layer: Matrix) -> bool:
    """Whether its products end where their sums start: bits of one level, or integers that a bias is added to."""
    if isinstance(layer, Conv2d) and layer.pad == ZERO:
        return False
    ending = layer.ending
    if isinstance(ending, Thresholds):
        return bool(ending.levels.shape[1] == 1)
    return isinstance(ending, Bias) and ending.shift == 0


def ending_stages(product: Product) -> tuple[Stage, ...]:
    """Stages that make results of raw sums, in their beats."""
    layer, tensor, raw, vectors = product.layer, product.tensor, product.raw_sums, product.vectors
    ending, zones = layer.ending, zones_of(layer, tensor)
    width, unit, bits = product.folding.pe, layer.mh // turns(layer), raw.shape.width
    stages: tuple[Stage, ...] = ()
    bit = isinstance(ending, Thresholds) and ending.levels.shape[1] == 1
    if bit or isinstance(ending, Bias):
        shift, offsets = _starts(layer, tensor, raw)
        result = 1 if bit else layer.output(tensor).width
        return (Offset(offsets, shift, bits, result, width, unit, vectors, zones, binary=bit),)
    if zones:
        # All that follows counts in dot products.
        shift, offsets = _corrections(layer, tensor, raw)
        raw = RawSums(1, 0, signed_for(-layer.mw, layer.mw))
        stages = (Offset(offsets, shift, bits, raw.shape.width, width, unit, vectors, zones),)
        bits = raw.shape.width
    if isinstance(ending, Ranks):
        result = layer.output(tensor).width
        return (*stages, Rank(_ranks(layer, tensor, raw), bits, result, width, unit, vectors))
    levels, steps = _levels(layer, tensor, raw, product.folding.synapse_fold(layer))
    count = ending.levels.shape[1]
    return (*stages, Compare(levels, count, bits, width, unit, vectors, steps))


def compare_values(layer: Threshold, tensor: Tensor, beats: Beats, chooser: Tensor | None = None) -> Compare:
    """The comparison of a tensor's values with levels, in the rows that another one chooses."""
    levels, steps = _value_levels(layer, tensor, chooser, beats.gap)
    unit = layer.channels
    if layer.channels == tensor.size:
        # Each element has levels of its own, which come by once in a frame.
        unit = beats.unit
    elif beats.width % layer.channels == 0:
        # Beats of several pixels have the same channels each time.
        unit = min(beats.unit, beats.width)
    size = TableSize(levels, beats.width, unit)
    return Compare(
        levels,
        layer.thresholds.shape[-1],
        tensor.width,
        beats.width,
        unit,
        beats.count(tensor.size) // size.beats,
        steps,
        element_shape(chooser) if chooser else None,
        signed=tensor.element is Element.INT,
    )


@functools.lru_cache(maxsize=1 << 10)
def _value_levels(layer: Threshold, tensor: Tensor, chooser: Tensor | None, gap: int) -> tuple[Table, int]:
    """Levels for what elements are stored as: a bit is 2 * bit - 1."""
    levels, highest = layer.levels, tensor.span[1]
    if tensor.element is Element.BIT:
        bits = RawSums(2, -1, signed_for(0, 1))
        levels, highest = bits.least(levels), 1
    padded, steps = step_levels(levels, gap, highest)
    lowest = 0 if chooser is None or chooser.element is Element.BIT else chooser.span[0]
    return Table(padded, lowest), steps


def _limits(layer: Matrix, tensor: Tensor) -> NDArray[np.int64]:
    """Least and largest dot product."""
    limit = layer.sums(tensor).limit
    return np.array([-limit, limit])


@functools.lru_cache(maxsize=1 << 10)
def _starts(layer: Matrix, tensor: Tensor, raw: RawSums) -> tuple[int, Table]:
    """Shift of a sum, and what is added to it, so that it, or its sign, is the result."""
    ending, constant = layer.ending, raw.origin + _padding(layer, tensor)
    if isinstance(ending, Bias):
        shift = ending.shift + raw.scale.bit_length() - 1
        return shift, Table(((constant << ending.shift) + ending.bias[:, np.newaxis])[..., np.newaxis])
    assert isinstance(ending, Thresholds)
    # scale * sum + constant >= threshold is sum + floor((constant - threshold) / scale) >= 0.
    return 0, Table(((constant - _dots(layer, tensor)) // raw.scale)[..., np.newaxis])


@functools.lru_cache(maxsize=1 << 10)
def _corrections(layer: Matrix, tensor: Tensor, raw: RawSums) -> tuple[int, Table]:
    """Shift of a sum, and what is added to it, so that it is the dot product."""
    return raw.scale.bit_length() - 1, Table((raw.origin + _padding(layer, tensor))[..., np.newaxis])


@functools.lru_cache(maxsize=1 << 10)
def _levels(layer: Matrix, tensor: Tensor, raw: RawSums, gap: int) -> tuple[Table, int]:
    """Levels for sums, and in how many steps they are compared."""
    levels = raw.least(_dots(layer, tensor))[:, np.newaxis]
    padded, steps = step_levels(levels, gap, highest=int(raw.least(_limits(layer, tensor))[1]))
    return Table(padded), steps


@functools.lru_cache(maxsize=1 << 10)
def _ranks(layer: Matrix, tensor: Tensor, raw: RawSums) -> Table:
    """Ranks, by raw sums."""
    assert isinstance(layer.ending, Ranks)
    lowest, highest = raw.least(_limits(layer, tensor)).tolist()
    sums, dots = layer.sums(tensor), raw.scale * np.arange(lowest, highest + 1) + raw.origin
    places = sums.count(dots.astype(np.float64)).astype(np.int64) - sums.span[0]
    return Table(layer.ending.table[:, places, np.newaxis], lowest)


def _dots(layer: Matrix, tensor: Tensor) -> NDArray[np.int64]:
    """Thresholds as dot products, of shape ``(mh, k)``."""
    assert isinstance(layer.ending, Thresholds)
    sums = layer.sums(tensor)
    return 2 * layer.ending.levels - sums.limit if sums.matches else layer.ending.levels


def _padding(layer: Matrix, tensor: Tensor) -> NDArray[np.int64]:
    """What is missing from dot products where zeros are padded as -1, of shape ``(mh, zones)``; else a single zone."""
    if zones_of(layer, tensor) is None:
        return np.zeros((layer.mh, 1), np.int64)
    assert isinstance(layer, Conv2d)
    return padded_weights(layer, tensor)
