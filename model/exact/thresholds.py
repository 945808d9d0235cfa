"""Which integers the network has at a place: functions of few steps become levels, lines become plain integers."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..ir import Bias, Ending, Threshold, Thresholds
from ..tensors import levels_of
from .curve import LONGEST_SLOPE, Curve, runs, single_line
from .joins import source_rows
from .levels import Ladder, Runs, direction, ladder, reversed_runs
from .node import ImportRefused, Node
from .pixels import settle_pixels
from .signal import Join, Made, Pixels, Product, Signal
from .surd import ZERO

__all__ = ["integers_of", "settle"]

MANY = 32
"""Steps of a function that are enough to see that they are too many levels."""


def settle(node: Node, signal: Signal) -> Signal:
    """The same elements as lines of integers that a layer or the input rule gives."""
    signal = signal.plain(node)
    source = signal.source
    if isinstance(source, Pixels):
        return settle_pixels(node, signal, source.shape)
    if isinstance(source, Join):
        return _joined(node, signal, source)
    lines = [single_line(curve) for curve in signal.curves]
    if all(line is not None and line[0] != ZERO for line in lines):
        return integers_of(node, signal)
    if isinstance(source, Product):
        wide = len(source.dots) > LONGEST_SLOPE
        if wide and None not in lines and any(line is not None and line[0] != ZERO for line in lines):
            # Some channels are constant: what needs them to be so makes them so.
            return integers_of(node, signal)
        return _products(node, signal, source)
    curves = signal.repeated(max(len(signal.curves), signal.channels))
    table = [[found] for found in _runs(node, signal.domain, curves)]
    return _behind(signal, (source,), signal.domain, ladder(node, table, len(signal.domain), signal.origin))


def integers_of(node: Node, signal: Signal, falls: Sequence[bool] = ()) -> Signal:
    """Dot products as integers of the network; ``falls`` says whose weights are inverted."""
    source = signal.source
    if not isinstance(source, Product):
        return signal
    flips = [way < 0 for way in source.directions] if source.pools else list(falls)
    ending = Bias(np.zeros(len(source.weights), np.int64))
    signal = replace(signal, source=_finished(source.flipped(flips), ending))
    if not any(flips):
        return signal
    turned = []
    for curve, flip in zip(signal.channel_curves(node), flips, strict=True):
        ((scale, offset),) = curve.lines
        turned.append(Curve((0,), ((-scale if flip else scale, offset),)))
    return signal.with_curves(turned)


def _products(node: Node, signal: Signal, source: Product) -> Signal:
    """Thresholds on dot products; where a function falls, weights are inverted."""
    count = len(source.dots)
    table = _runs(node, source.dots, signal.channel_curves(node))
    falls = [
        (source.directions[channel] if source.pools else direction(node, [found])) < 0
        for channel, found in enumerate(table)
    ]
    turned = [[reversed_runs(found, count) if fall else found] for found, fall in zip(table, falls, strict=True)]
    steps = ladder(node, turned, count, signal.origin)
    if source.more:
        made = _finished(source.flipped(falls), Bias(np.zeros(len(source.weights), np.int64)))
        return _behind(signal, (made,), source.dots, steps)
    # A place among dot products of bits is the number of matches; elsewhere thresholds are dot products themselves.
    levels = steps.places[:, 0] if source.matches else steps.places[:, 0] + source.dots[0]
    made = _finished(source.flipped(falls), Thresholds(levels))
    return replace(signal, source=made, tensor=levels_of(signal.tensor.shape, steps.count)).with_curves(steps.curves)


def _joined(node: Node, signal: Signal, source: Join) -> Signal:
    """Thresholds on the first tensor, among rows of which the second one chooses."""
    table = [source_rows(source, curve) for curve in signal.channel_curves(node)]
    try:
        return _chosen(node, signal, source, table)
    except ImportRefused:
        if all(scale == ZERO for rows in table for curve in rows for scale, _ in curve.lines):
            raise
        raise source.refusal from None


def _chosen(node: Node, signal: Signal, source: Join, table: Sequence[Sequence[Curve]]) -> Signal:
    first, count = source.first, len(source.first.domain)
    rows = [_runs(node, first.domain, curves) for curves in table]
    falls = [direction(node, found) < 0 for found in rows]
    lines = first
    if isinstance(first.source, Product) and not first.source.pools:
        lines = integers_of(node, first, falls)
        rows = [
            [reversed_runs(runs, count) for runs in found] if fall else found
            for found, fall in zip(rows, falls, strict=True)
        ]
    else:
        lines = integers_of(node, first)
    steps = ladder(node, rows, count, signal.origin)
    assert isinstance(lines.source, Made)
    assert isinstance(source.second.source, Made)
    return _behind(signal, (lines.source, source.second.source), first.domain, steps)


def _behind(signal: Signal, sources: tuple[Made, ...], domain: range, steps: Ladder) -> Signal:
    """Thresholds as a step of their own."""
    levels = np.where(steps.places < len(domain), domain.start + domain.step * steps.places, domain[-1] + 1)
    made = Made(Threshold(levels if len(sources) > 1 else levels[:, 0]), sources)
    return replace(signal, source=made, tensor=levels_of(signal.tensor.shape, steps.count)).with_curves(steps.curves)


def _runs(node: Node, domain: range, curves: Sequence[Curve]) -> list[Runs]:
    known: dict[Curve, Runs] = {}
    for curve in curves:
        if curve not in known:
            found = runs(domain, curve, MANY)
            if found is None:
                raise node.error("must come behind a quantization; put BipolarQuant or Quant between")
            known[curve] = found
    return [known[curve] for curve in curves]


def _finished(source: Product, ending: Ending) -> Made:
    made = source.made(ending)
    for pool in source.pools:
        made = Made(pool, (made,))
    return made
