"""Attributes of operators that read windows of an image; a sequence is an image of one row."""

from dataclasses import replace

from ..exact.node import Node
from ..exact.signal import Signal

__all__ = ["Pair", "as_image", "as_row", "border_of", "is_column", "numbers", "turned"]

Pair = tuple[int, int]


def as_image(signal: Signal) -> Signal:
    """A sequence as an image of one row."""
    return replace(signal, order=signal.order[:, :, None]) if len(signal.shape) == 3 else signal


def as_row(signal: Signal) -> Signal:
    """An image of one row as a sequence."""
    return replace(signal, order=signal.order[:, :, 0])


def is_column(signal: Signal) -> bool:
    """Whether a sequence stands in the file as an image of one column, as TensorFlow pools it."""
    return len(signal.tensor.shape) == 3 and signal.tensor.shape[:2] == (1, signal.shape[2]) != (1, signal.shape[3])


def turned(signal: Signal) -> Signal:
    """Rows as columns."""
    return replace(signal, order=signal.order.swapaxes(2, 3))


def numbers(node: Node, name: str, axes: int, default: int | None) -> Pair:
    """An attribute of a number for each axis of the image, as rows and columns."""
    values = node.integers(name, () if default is None else (default,) * axes)
    if len(values) != axes:
        raise node.error(f"{name} must be {axes} numbers, not {values}")
    return (values[0], values[1]) if axes == 2 else (1, values[0])


def border_of(
    node: Node, axes: int, shape: tuple[int, ...], kernel: tuple[int, ...], stride: Pair, dilation: Pair
) -> tuple[int, int, int, int]:
    """Padding above, left, below and right."""
    automatic = node.text("auto_pad", "NOTSET")
    if automatic in ("SAME_UPPER", "SAME_LOWER") and min(stride) > 0:
        windows = [-(-size // step) for size, step in zip(shape, stride, strict=True)]
        spans = [(taps - 1) * gap + 1 for taps, gap in zip(kernel, dilation, strict=True)]
        sizes = [max((windows[axis] - 1) * stride[axis] + spans[axis] - shape[axis], 0) for axis in (0, 1)]
        # What is odd goes below and right, or above and left.
        first = [(total + (automatic == "SAME_LOWER")) // 2 for total in sizes]
        return first[0], first[1], sizes[0] - first[0], sizes[1] - first[1]
    if automatic not in ("NOTSET", "VALID", ""):
        raise node.error(f"auto_pad must be NOTSET, VALID, SAME_UPPER or SAME_LOWER, not {automatic!r}")
    pads = node.integers("pads", (0,) * (2 * axes))
    if len(pads) != 2 * axes or min(pads) < 0:
        raise node.error(f"pads must be {2 * axes} numbers that are not negative, not {pads}")
    return (pads[0], pads[1], pads[2], pads[3]) if axes == 2 else (0, pads[0], 0, pads[1])
