"""What a function of single elements makes of tensors: constants, data, and both together."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arms import sign_of_arms, term_of_arms
from .constant import LARGEST_PALETTE, Constant, combine, objects
from .curve import Curve, Line, constant, merge, single_line
from .node import ImportRefused, Node
from .residual import added, on_one_source
from .signal import Signal, Term
from .surd import ONE, ZERO, InexactError, Surd

__all__ = ["Function", "Value", "elementwise", "linear", "opaque", "risen", "signed"]

Value = Signal | Constant
Function = Callable[[range, list[Curve]], Curve]

Floats = Callable[..., NDArray[Any]]

TWO_NORMS = (
    "the sum of two normalizations is real-valued and goes on, as a shortcut of Bi-Real Net, where only its sign may; "
    "binarize it and train again, or quantize it and export so that normalizations are folded (dynamo=True)"
)

MANY = 1 << 10
"""Different constants from which on numpy's numbers are taken, where they are exact."""

CONSTANT = range(1)
"""Domain of a constant: one integer, which does not matter."""


def elementwise(
    node: Node,
    inputs: Sequence[Value],
    function: Function,
    *,
    floats: Floats | None = None,
    factors: Sequence[Surd] = (),
) -> Value:
    """The function of each element, of inputs that are broadcast to each other.

    Data on which the function has no exact form becomes a term, which has to cancel out later. ``floats`` is the same
    function for numpy's numbers, where it rounds nothing; millions of weights need it. ``factors`` say of a sum what
    each input counts with.
    """
    signals = [value for value in inputs if isinstance(value, Signal)]
    if not signals:
        return _of_constants(node, [value for value in inputs if isinstance(value, Constant)], function, floats)
    for signal in signals:
        if signal.answered or signal.ranked:
            raise node.error("must not follow the choice of the class; end the network there")
        if signal.filler is not None:
            raise node.error("must not follow a Pad; only Conv and MaxPool may")
    first = signals[0]
    for term in (term for signal in signals for term in signal.terms):
        return _opaque(node, first, term.error)
    arms = on_one_source(node, signals)
    moved = iter(arms)
    try:
        return _of_data(node, [next(moved) if isinstance(value, Signal) else value for value in inputs], function)
    except InexactError as error:
        if len(arms) != 2 or len(factors) != len(inputs):
            return _opaque(node, arms[0], node.error(str(error)))
        result = _opaque(node, arms[0], node.error(TWO_NORMS))
        return replace(result, terms=(term_of_arms(result.terms[0], arms, factors),))


def linear(node: Node, inputs: Sequence[Value], function: Function, factors: Sequence[Surd]) -> Value:
    """As :func:`elementwise`, for a sum of inputs with these factors: terms may be among them."""
    terms: dict[str, Term] = {}
    for value, factor in zip(inputs, factors, strict=True):
        for term in value.terms if isinstance(value, Signal) else ():
            total = term.factor * factor + (terms[term.name].factor if term.name in terms else ZERO)
            terms[term.name] = replace(term, factor=total)
    plain = [replace(value, terms=()) if isinstance(value, Signal) else value for value in inputs]
    match plain:
        case [Signal() as one, Signal() as other] if one.source is not other.source and not _is_end(one, other):
            result: Value = added(node, one, other, factors) or elementwise(node, plain, function, factors=factors)
        case _:
            result = elementwise(node, plain, function, factors=factors)
    left = tuple(term for term in terms.values() if term.factor != ZERO)
    return replace(result, terms=(*result.terms, *left)) if left and isinstance(result, Signal) else result


def opaque(node: Node, signal: Signal, error: ImportRefused, *, zero: Surd | None = None) -> Signal:
    """A function that has no curve; with ``zero`` it rises everywhere, and that is its value at 0."""
    inner = signal if zero is not None else None
    return replace(_opaque(node, signal, error), terms=(Term(node.outputs[0], ONE, error, inner, zero),))


def risen(signal: Signal) -> Signal:
    """What a signal is a rising function of, where it is nothing but that and one constant for all elements."""
    match signal.terms:
        case (Term(inner=Signal() as inner, factor=factor),) if factor.sign > 0 and _is_constant(signal):
            return risen(inner)
    return signal


def signed(signal: Signal) -> Signal:
    """A signal of the same signs, where the terms are a rising function that is 0 where its argument is."""
    match signal.terms:
        case (Term(arms=(_, _)) as term,) if _is_constant(signal):
            ((_, offset),) = signal.curves[0].lines
            return sign_of_arms(signal, term, offset)
        case (Term(inner=Signal() as inner, zero=Surd() as zero, factor=factor),):
            level = (ZERO, -(zero * factor))
            if all(single_line(curve) == level for curve in signal.curves):
                inner = signed(inner)
                sign = constant(ONE if factor.sign > 0 else -ONE)
                return inner.with_curves([_times(inner, curve, sign) for curve in inner.curves])
    return signal


def _times(signal: Signal, curve: Curve, sign: Curve) -> Curve:
    def product(line: Line, factor: Line) -> Line:
        return line[0] * factor[1], line[1] * factor[1]

    return merge(signal.domain, [curve, sign], product)


def _is_constant(signal: Signal) -> bool:
    line = single_line(signal.curves[0])
    return len(signal.curves) == 1 and line is not None and line[0] == ZERO


def _opaque(node: Node, signal: Signal, error: ImportRefused) -> Signal:
    return replace(signal, curves=(constant(ZERO),), terms=(Term(node.outputs[0], ONE, error),))


def _of_data(node: Node, inputs: Sequence[Value], function: Function) -> Signal:
    first = next(value for value in inputs if isinstance(value, Signal))
    curves = [value.curves if isinstance(value, Signal) else first.spread(node, value) for value in inputs]
    known: dict[tuple[Curve, ...], Curve] = {}
    found = []
    for place in range(max(map(len, curves))):
        key = tuple(entry[place % len(entry)] for entry in curves)
        if key not in known:
            known[key] = function(first.domain, list(key))
        found.append(known[key])
    origins = [value.origin for value in inputs if isinstance(value, Signal) and value.origin is not None]
    return replace(first.with_curves(found), origin=origins[0] if origins else None)


def _of_constants(node: Node, constants: Sequence[Constant], function: Function, floats: Floats | None) -> Constant:
    places, index = combine(node, constants)
    if floats is not None and len(places[0]) > MANY and all(map(_is_double, constants)):
        columns = (entry.palette.astype(np.float64)[part] for entry, part in zip(constants, places, strict=True))
        palette, codes = np.unique(np.asarray(floats(*columns), np.float64), return_inverse=True)
        return Constant(palette, codes.reshape(-1)[index])
    if len(places[0]) > LARGEST_PALETTE:
        raise node.error(f"needs arithmetic on {len(places[0])} different constants; fold them before the export")
    numbers: dict[Surd, int] = {}
    found: list[int] = []
    for together in zip(*(part.tolist() for part in places), strict=True):
        curves = [constant(entry.number(place)) for entry, place in zip(constants, together, strict=True)]
        ((_, value),) = function(CONSTANT, curves).lines
        found.append(numbers.setdefault(value, len(numbers)))
    return Constant(objects(list(numbers)), np.array(found, np.int64)[index])


def _is_double(constant: Constant) -> bool:
    """Whether all numbers are such that double precision has them exactly."""
    if constant.palette.dtype.kind in "iu":
        return bool((np.abs(constant.palette.astype(np.float64)) < 1 << 53).all())
    return constant.palette.dtype.kind in "fb"


def _is_end(*signals: Signal) -> bool:
    return any(signal.ranked or signal.answered for signal in signals)
