"""Attributes of operators that read windows of an image."""

from ..exact.node import Node

__all__ = ["border_of", "pair"]


def pair(node: Node, name: str, default: tuple[int, ...]) -> tuple[int, int]:
    """An attribute of two numbers, rows and columns."""
    values = node.integers(name, default)
    if len(values) != 2:
        raise node.error(f"{name} must be two numbers, not {values}; only two dimensions are supported")
    return values[0], values[1]


def border_of(
    node: Node, shape: tuple[int, ...], kernel: tuple[int, ...], stride: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Padding above, left, below and right."""
    automatic = node.text("auto_pad", "NOTSET")
    if automatic in ("SAME_UPPER", "SAME_LOWER") and len(shape) == len(kernel) == 2 and min(stride) > 0:
        sizes = [
            max((-(-size // step) - 1) * step + taps - size, 0)
            for size, taps, step in zip(shape, kernel, stride, strict=True)
        ]
        # What is odd goes below and right, or above and left.
        first = [(total + (automatic == "SAME_LOWER")) // 2 for total in sizes]
        return first[0], first[1], sizes[0] - first[0], sizes[1] - first[1]
    if automatic not in ("NOTSET", "VALID", ""):
        raise node.error(f"auto_pad must be NOTSET, VALID or SAME of an image, not {automatic!r}")
    pads = node.integers("pads", (0, 0, 0, 0))
    if len(pads) != 4 or min(pads) < 0:
        raise node.error(f"pads must be four numbers that are not negative, not {pads}")
    return pads[0], pads[1], pads[2], pads[3]
