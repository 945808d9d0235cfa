"""Arithmetic of integer types: what a runtime would wrap is no number of this network."""

from dataclasses import replace

from .constant import Constant
from .curve import Curve, parts, value_at
from .elementwise import Value, opaque
from .node import ImportRefused, Node, Whole
from .surd import Surd

__all__ = ["checked"]


def checked(node: Node, value: Value) -> Value:
    """What a node gives, where all of it are numbers that the node's integer type has."""
    if node.whole is None:
        return value
    if isinstance(value, Constant):
        if value.palette.dtype.kind not in "iub":
            for number in map(value.number, range(len(value.palette))):
                _check(node, node.whole, number)
        return value
    if value.ranked:
        return value
    if value.terms:
        # They may have been wrapped: only all of it together can cancel out.
        return opaque(node, replace(value, terms=()), value.terms[0].error)
    for curve in dict.fromkeys(value.curves):
        _check_curve(node, node.whole, value.domain, curve)
    return value


def _check_curve(node: Node, whole: Whole, domain: range, curve: Curve) -> None:
    for first, end, (scale, offset), steps in parts(domain, curve):
        # A line that has integers at two neighbours has them everywhere, and its ends are the extremes.
        for place in (first, min(first + 1, end - 1), end - 1):
            _check(node, whole, value_at(domain, curve, place))
        if steps is not None and not (scale.is_integer and offset.is_integer):
            raise _refused(node, f"must give integers, as its type {whole.name} is, not multiples of {scale}")


def _check(node: Node, whole: Whole, number: Surd) -> None:
    if not number.is_integer:
        raise _refused(node, f"must give integers, as its type {whole.name} is, not {number}")
    if not whole.low <= number.a <= whole.high:
        raise _refused(
            node, f"must give numbers of {whole.name}, {whole.low}..{whole.high}, not {number.a}, which a runtime wraps"
        )


def _refused(node: Node, text: str) -> ImportRefused:
    return node.error(f"{text}; cast to float before")
