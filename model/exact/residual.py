"""Where two arms of a residual connection meet: their sum as integers, or any function of both."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..ir import Add
from ..tensors import Element, Tensor
from .curve import Curve, Line, single_line
from .joins import on_first, on_second
from .node import ImportRefused, Node
from .signal import Join, Made, Pixels, Product, Signal
from .surd import InexactError, Surd
from .thresholds import integers_of, settle

__all__ = ["added", "on_one_source"]

FEW = 256
"""Values of an arm for each of which the other arm may have levels of its own."""

LARGEST_SHIFT = 16

SUMS = ("Add", "Sub", "Sum")


def on_one_source(node: Node, signals: Sequence[Signal]) -> list[Signal]:
    """The same elements as curves of one integer, or of pairs of two."""
    groups: dict[int, list[Signal]] = {}
    for signal in signals:
        groups.setdefault(id(signal.source), []).append(signal)
    for signal in signals[1:]:
        _check_places(node, signals[0], signal)
    if len(groups) == 1:
        return list(signals)
    if len(groups) > 2:
        raise node.error(f"must take two tensors of data at most, not {len(groups)}")
    arms = [_arm(node, group) for group in groups.values()]
    small = [place for place in (1, 0) if len(arms[place][0].domain) <= FEW]
    if not small:
        raise node.error(
            f"must get arms whose scales differ by a power of two, or one of at most {FEW} values, not two of real "
            "numbers as in Bi-Real Net; binarize or quantize one of them (Levels in model/training) and train again"
        )
    chosen = min(small, key=lambda place: len(arms[place][0].domain))
    second = [_as_made(node, signal) for signal in arms[chosen]]
    join = Join(arms[1 - chosen][0], second[0], _real_valued(node))
    tensor = Tensor(second[0].tensor.shape, Element.INT, 32)
    found = list(groups.values())
    moved: dict[int, Signal] = {}
    for move, group, after in ((on_first, 1 - chosen, arms[1 - chosen]), (on_second, chosen, second)):
        for before, signal in zip(found[group], after, strict=True):
            curves = [move(join, curve) for curve in signal.curves]
            moved[id(before)] = replace(signal, source=join, tensor=tensor).with_curves(curves)
    return [moved[id(signal)] for signal in signals]


def _real_valued(node: Node) -> ImportRefused:
    """What to say of a function of two tensors that must become few integers and does not."""
    what = "sum" if node.operator in SUMS else "result"
    return node.error(
        f"the {what} of two tensors is real-valued and goes on so, as a shortcut of Bi-Real Net; binarize or quantize "
        "it (Levels in model/training) and train again"
    )


def added(node: Node, left: Signal, right: Signal, factors: Sequence[Surd]) -> Signal | None:
    """The sum as integers, where both arms are lines whose scales differ by a power of two; else None."""
    _check_places(node, left, right)
    if (
        left.filler is not None
        or right.filler is not None
        or isinstance(left.source, Join)
        or isinstance(right.source, Join)
    ):
        return None
    arms = [settle(node, arm) if isinstance(arm.source, Pixels) else arm for arm in (left, right)]
    one, other = (_scaled(arm, factor) for arm, factor in zip(arms, factors, strict=True))
    if one is None or other is None:
        return None
    try:
        ratios = {abs(two[0] / first[0]) for first, two in _pairs(one, other)}
        shift = None if len(ratios) > 1 else _exponent(ratios.pop())
    except InexactError:
        return None
    if shift is None or not all(_rises(arm) for arm in (one, other)):
        return None
    found = [_risen(node, arm) for arm in (one, other)]
    layer = Add((max(-shift, 0), max(shift, 0)))
    lines = [(first[0] if shift >= 0 else two[0], first[1] + two[1]) for first, two in _pairs(found[0], found[1])]
    sources = tuple(arm.source for arm in found if isinstance(arm.source, Made))
    result = replace(found[0], source=Made(layer, sources), tensor=layer.output(found[0].tensor, found[1].tensor))
    return result.with_curves([Curve((0,), (line,)) for line in lines])


def _check_places(node: Node, one: Signal, other: Signal) -> None:
    if one.shape != other.shape:
        raise node.error(f"must take tensors of one shape, not {one.shape} and {other.shape}")
    if one.tensor.shape != other.tensor.shape or not np.array_equal(one.order, other.order):
        raise node.error("must take tensors whose elements are in one order; move them alike before")


def _arm(node: Node, group: Sequence[Signal]) -> list[Signal]:
    """Signals of one source, as integers of few values where they can be."""
    signals = list(group)
    lines = all(single_line(curve) is not None for signal in signals for curve in signal.curves)
    if isinstance(signals[0].source, Pixels | Join) or (len(signals) == 1 and not lines):
        try:
            settled = [settle(node, signal) for signal in signals]
        except ImportRefused:
            if not isinstance(signals[0].source, Product):
                raise
            return signals
        if len({id(signal.source) for signal in settled}) == 1:
            return settled
        what = "the image" if isinstance(signals[0].source, Pixels) else "what is made of two tensors"
        raise node.error(f"must take {what} quantized in one way, not in several")
    return signals


def _as_made(node: Node, signal: Signal) -> Signal:
    return integers_of(node, signal) if isinstance(signal.source, Product) else signal


def _scaled(signal: Signal, factor: Surd) -> Signal | None:
    """The signal times a factor, where it is lines that are not constant."""
    lines = [single_line(curve) for curve in signal.curves]
    found = [(line[0] * factor, line[1] * factor) for line in lines if line is not None and line[0].sign != 0]
    if len(found) < len(lines):
        return None
    return signal.with_curves([Curve((0,), (line,)) for line in found])


def _pairs(one: Signal, other: Signal) -> list[tuple[Line, Line]]:
    """Lines that belong together."""
    count = max(len(one.curves), len(other.curves))
    return [(a.lines[0], b.lines[0]) for a, b in zip(one.repeated(count), other.repeated(count), strict=True)]


def _exponent(ratio: Surd) -> int | None:
    """The power of two that it is, if it is one."""
    up, down = ratio.rational.as_integer_ratio()
    exponent = up.bit_length() - down.bit_length()
    small = abs(exponent) <= LARGEST_SHIFT and min(up, down) == 1 and (up * down).bit_count() == 1
    return exponent if small else None


def _rises(signal: Signal) -> bool:
    """Whether its lines rise, or can be made to by inverting weights."""
    if isinstance(signal.source, Product) and not signal.source.pools and len(signal.curves) <= signal.channels:
        return True
    return all(curve.lines[0][0].sign > 0 for curve in signal.curves)


def _risen(node: Node, signal: Signal) -> Signal:
    if isinstance(signal.source, Product) and not signal.source.pools:
        return integers_of(node, signal, [curve.lines[0][0].sign < 0 for curve in signal.channel_curves(node)])
    return integers_of(node, signal)
