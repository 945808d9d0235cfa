"""The operators that pool an image: the largest or the mean of windows, or of all of it."""

from collections.abc import Callable
from dataclasses import replace

from ..exact import functions as of
from ..exact.constant import Constant, scalar
from ..exact.elementwise import Value, elementwise
from ..exact.images import Border, unpadded
from ..exact.node import Node
from ..exact.pooling import average, check_low, pool
from ..exact.signal import Signal
from ..ir import MaxPool, SumPool
from .windows import Pair, as_image, as_row, border_of, is_column, numbers, turned

__all__ = ["POOLS"]

Constants = list[Value | None]


def _pool(node: Node, signal: Signal, _constants: Constants) -> Value:
    """The largest or the mean of windows, or of the whole image."""
    axes = len(signal.shape) - 2
    if axes not in (1, 2):
        raise node.error(f"must take an image of one or two axes, not shape {signal.shape}")
    image, around = as_image(signal), (0, 0, 0, 0)
    if node.operator.startswith("Global"):
        kernel, stride = (image.shape[2], image.shape[3]), (1, 1)
    else:
        kernel, stride = numbers(node, "kernel_shape", axes, None), numbers(node, "strides", axes, 1)
        around = border_of(node, axes, image.shape[2:], kernel, stride, (1, 1))
        if set(node.integers("dilations", (1,))) != {1}:
            raise node.error("must have no dilation; train without it")
    result = _mean(node, image, kernel, stride, around) if "Average" in node.operator else None
    result = result or _largest(node, image, kernel, stride, around)
    return as_row(result) if axes == 1 else result


def _mean(node: Node, image: Signal, kernel: Pair, stride: Pair, around: Border) -> Signal:
    if any(around):
        raise node.error("must have neither padding nor dilation; train without them")
    sizes = zip(image.shape[2:], kernel, stride, strict=True)
    if node.integer("ceil_mode", 0) and any((size - taps) % max(step, 1) for size, taps, step in sizes):
        raise node.error("ceil_mode must be 0, where rows and columns that do not fill a window are left out, not 1")
    if is_column(image):
        return turned(average(node, turned(image), SumPool(kernel[::-1], stride[::-1])))
    return average(node, image, SumPool(kernel, stride))


def _largest(node: Node, image: Signal, kernel: Pair, stride: Pair, around: Border) -> Signal:
    """With padding that is never the largest, of its own or by a ``Pad`` of low numbers."""
    if image.filler is not None:
        image, around, filler = unpadded(node, image, around)
        check_low(node, image, filler)
    if is_column(image):
        above, left, below, right = around
        return turned(_padded(node, turned(image), kernel[::-1], stride[::-1], (left, above, right, below)))
    return _padded(node, image, kernel, stride, around)


def _padded(node: Node, image: Signal, kernel: Pair, stride: Pair, around: Border) -> Signal:
    return pool(node, image, MaxPool(kernel, stride, around), ceil=node.integer("ceil_mode", 0) != 0)


def _reduce(node: Node, signal: Signal, constants: Constants) -> Value:
    """The mean, the sum or the largest of the whole image, channel by channel, as ``GlobalAveragePool`` and others."""
    rank = len(signal.shape)
    given = constants[0] if constants else None
    axes = given.integers(node) if isinstance(given, Constant) else node.integers("axes", ())
    places = {axis % rank for axis in axes if -rank <= axis < rank}
    if places != set(range(2, rank)) or rank not in (3, 4):
        kind = {"ReduceMax": "largest", "ReduceMean": "mean", "ReduceSum": "sum"}[node.operator]
        raise node.error(f"must take the {kind} over rows and columns, the axes behind the channels, not over {axes}")
    image = as_image(signal)
    kernel = (image.shape[2], image.shape[3])
    function = _largest if node.operator == "ReduceMax" else _mean
    result = function(node, image, kernel, (1, 1), (0, 0, 0, 0))
    if node.operator == "ReduceSum":
        total = elementwise(node, [result, scalar(kernel[0] * kernel[1])], of.multiply)
        assert isinstance(total, Signal)
        result = total
    order = result.order if node.integer("keepdims", 1) else result.order[:, :, 0, 0]
    return replace(result, order=order[:, :, 0] if node.integer("keepdims", 1) and rank == 3 else order)


POOLS: dict[str, Callable[[Node, Signal, Constants], Value]] = {
    "AveragePool": _pool,
    "GlobalAveragePool": _pool,
    "GlobalMaxPool": _pool,
    "MaxPool": _pool,
    "ReduceMax": _reduce,
    "ReduceMean": _reduce,
    "ReduceSum": _reduce,
}
