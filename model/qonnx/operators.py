"""The operators on data: each takes a signal and constants, and gives a signal."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from ..exact import functions as of
from ..exact.constant import Constant, constant_of, only, scalar
from ..exact.curve import Curve, constant
from ..exact.elementwise import Value, elementwise, linear, risen
from ..exact.node import Node
from ..exact.products import convolution, dense
from ..exact.signal import FILLER, Indices, Signal, Window
from ..exact.surd import ONE, Surd
from ..exact.whole import checked
from .constants import evaluate
from .pointwise import POINTWISE
from .pools import POOLS
from .quantizers import QUANTIZERS
from .rounded import carried
from .shapes import SHAPE_OPERATORS, shape_of
from .windows import as_image, as_row, border_of, numbers

__all__ = ["apply"]

Constants = list[Value | None]
"""The inputs behind the data."""


def apply(node: Node, inputs: Sequence[Value | None]) -> Value:
    """The result of an operator; inputs that were left out are None."""
    return carried(node, inputs, checked(node, _applied(node, inputs)))


def _applied(node: Node, inputs: Sequence[Value | None]) -> Value:
    signals = [value for value in inputs if isinstance(value, Signal)]
    if signals and signals[0].ranked and node.operator not in (*SHAPE_OPERATORS, "Cast", "Identity"):
        raise node.error("must not follow the choice of the class; end the network there")
    if node.operator in SHAPE_OPERATORS:
        return _shaped(node, inputs)
    function = {**POINTWISE, **QUANTIZERS}.get(node.operator)
    if function is not None:
        return function(node, inputs)
    if not signals:
        return evaluate(node, [value for value in inputs if isinstance(value, Constant)])
    if node.operator not in OPERATORS:
        raise node.error("is not supported; docs/import.md lists the operators that are")
    if len(signals) > 1:
        raise node.error("must take one tensor of data, not several")
    if inputs[0] is not signals[0]:
        raise node.error("must take its data as the first input; only weights on the right are supported")
    if signals[0].answered and node.operator not in FINAL:
        raise node.error(f"must not follow {signals[0].answered}, which only may end the network")
    return OPERATORS[node.operator](node, signals[0], list(inputs[1:]))


def _shaped(node: Node, inputs: Sequence[Value | None]) -> Value:
    target = inputs[1] if len(inputs) > 1 else None
    places = target.integers(node) if isinstance(target, Constant) else None
    move = SHAPE_OPERATORS[node.operator]
    match inputs[0] if inputs else None:
        case Constant() as value:
            return Constant(value.palette, move(node, value.index, places))
        case Signal() as signal:
            return _moved(node, signal, lambda order: move(node, order, places))
    raise node.error("must have data as its first input; export again")


def _moved(node: Node, signal: Signal, move: Callable[[Indices], Indices]) -> Signal:
    # A term that has been moved is no longer what it was, and cancels out with its like only.
    terms = tuple(
        replace(
            term,
            name=f"{term.name} {node.outputs[0]}",
            inner=None if term.inner is None else _moved(node, term.inner, move),
        )
        for term in signal.terms
    )
    return replace(signal, order=move(signal.order), terms=terms)


def _constant(node: Node, constants: Constants, place: int, name: str) -> Constant:
    """An input that must be there; the data is input 0."""
    value = constants[place - 1] if place <= len(constants) else None
    if not isinstance(value, Constant):
        raise node.error(f"must have {name} as a constant input; export again")
    return value


def _dropout(node: Node, signal: Signal, constants: Constants) -> Value:
    training = constants[1] if len(constants) > 1 else None
    if isinstance(training, Constant) and only(node, training):
        raise node.error("must be in inference mode, not training; export the network in eval mode")
    return signal


def _shape(node: Node, signal: Signal, _constants: Constants) -> Value:
    return constant_of(shape_of(node, signal.shape))


def _matmul(node: Node, signal: Signal, constants: Constants) -> Value:
    return dense(node, signal, _constant(node, constants, 1, "weights"))


def _gemm(node: Node, signal: Signal, constants: Constants) -> Value:
    weights = _constant(node, constants, 1, "weights")
    if node.integer("transA", 0):
        raise node.error("must not transpose the data; export with transA 0")
    if node.integer("transB", 0):
        weights = Constant(weights.palette, weights.index.T)
    alpha, beta = (scalar(node.number(name, 1.0)) for name in ("alpha", "beta"))
    result = elementwise(node, [dense(node, signal, weights), alpha], of.multiply)
    if len(constants) < 2 or constants[1] is None:
        return result
    bias = elementwise(node, [_constant(node, constants, 2, "a bias"), beta], of.multiply)
    return linear(node, [result, bias], of.add, (ONE, ONE))


def _conv(node: Node, signal: Signal, constants: Constants) -> Value:
    weights = _constant(node, constants, 1, "weights")
    axes = len(signal.shape) - 2
    if axes not in (1, 2) or len(weights.shape) != axes + 2:
        raise node.error(
            f"must take an image of one or two axes, not shape {signal.shape} with weights {weights.shape}"
        )
    kernel = (1,) * (2 - axes) + weights.shape[2:]
    said = node.integers("kernel_shape", weights.shape[2:])
    if said != weights.shape[2:]:
        raise node.error(f"kernel_shape must be that of the weights, {weights.shape[2:]}, not {said}; export again")
    groups = node.integer("group", 1)
    if groups < 1 or weights.shape[0] % groups:
        raise node.error(f"group must divide the {weights.shape[0]} filters, not be {groups}")
    stride, dilation = (numbers(node, name, axes, 1) for name in ("strides", "dilations"))
    image = as_image(signal)
    border = border_of(node, axes, image.shape[2:], kernel, stride, dilation)
    window = Window(stride, dilation=dilation, groups=groups)
    result = convolution(node, image, weights.reshape((*weights.shape[:2], *kernel)), window, border=border)
    result = as_row(result) if axes == 1 else result
    if len(constants) < 2 or constants[1] is None:
        return result
    bias = _constant(node, constants, 2, "a bias").reshape((1, -1, *[1] * axes))
    return linear(node, [result, bias], of.add, (ONE, ONE))


def _pad(node: Node, signal: Signal, constants: Constants) -> Value:
    mode, rank = node.text("mode", "constant"), len(signal.shape)
    if mode != "constant" or rank not in (3, 4) or signal.filler is not None or signal.terms:
        raise node.error(f"must pad an image with a constant once, not shape {signal.shape} in mode {mode!r}")
    pads = node.integers("pads", ()) or _constant(node, constants, 1, "pads").integers(node)
    value = Surd(Fraction(node.number("value", 0.0)))
    if len(constants) > 1 and constants[1]:
        value = Surd(only(node, _constant(node, constants, 2, "a value")))
    axes = _constant(node, constants, 3, "axes").integers(node) if len(constants) > 2 and constants[2] else range(rank)
    widths = [(0, 0)] * rank
    if len(pads) != 2 * len(axes) or min(pads) < 0 or any(not -rank <= axis < rank for axis in axes):
        raise node.error(f"must pad rows and columns by numbers that are not negative, not {pads}")
    for place, axis in enumerate(axes):
        widths[axis] = (pads[place], pads[place + len(axes)])
    if any(max(width) > LARGEST_BORDER for width in widths):
        raise node.error(f"must pad by at most {LARGEST_BORDER} rows and columns, not {pads}")
    if not any(map(any, widths)):
        return signal
    return replace(signal, order=np.pad(signal.order, widths, constant_values=FILLER), filler=value)


def _batchnorm(node: Node, signal: Signal, constants: Constants) -> Value:
    if node.integer("training_mode", 0):
        raise node.error("must be in inference mode, not training; export the network in eval mode")
    names = ("a scale", "a bias", "a mean", "a variance")
    shape = (1, -1, *[1] * (len(signal.shape) - 2))
    channels = [_constant(node, constants, place, name).reshape(shape) for place, name in enumerate(names, 1)]
    epsilon = constant(Surd(Fraction(node.number("epsilon", 1e-5))))

    def function(domain: range, curves: list[Curve]) -> Curve:
        data, scale, bias, mean, variance = curves
        deviation = of.square_root(domain, of.add(domain, [variance, epsilon]))
        factor = of.divide(domain, [scale, deviation])
        return of.add(domain, [of.multiply(domain, [of.subtract(domain, [data, mean]), factor]), bias])

    return elementwise(node, [signal, *channels], function)


def _arg_max(node: Node, signal: Signal, constants: Constants) -> Value:
    if node.operator == "TopK":
        counts = _constant(node, constants, 1, "k").integers(node)
        if counts != (1,) or not node.integer("largest", 1):
            raise node.error(f"must choose the 1 largest, not {counts}, largest {node.integer('largest', 1)}")
    if node.integer("select_last_index", 0):
        raise node.error("select_last_index must be 0, for ties go to the lowest index, not 1")
    _check_axis(node, signal, node.integer("axis", -1 if node.operator == "TopK" else 0))
    return replace(signal, ranked=True)


def _softmax(node: Node, signal: Signal, _constants: Constants) -> Value:
    """Keeps the order of the classes, so it may end a network."""
    _check_axis(node, signal, node.integer("axis", -1))
    return replace(risen(signal), answered=node.operator)


def _log(node: Node, signal: Signal, _constants: Constants) -> Value:
    if signal.answered != "Softmax":
        raise node.error("must follow Softmax at the end; anywhere else it is no line")
    return signal


def _check_axis(node: Node, signal: Signal, axis: int) -> None:
    if not -len(signal.shape) <= axis < len(signal.shape) or signal.shape[axis] != signal.tensor.size:
        raise node.error(f"axis must be that of all {signal.tensor.size} classes, not {axis} of shape {signal.shape}")


LARGEST_BORDER = 1 << 10
FINAL = ("ArgMax", "TopK", "Log", "Dropout")
"""What may follow ``Softmax``, besides what moves elements."""

OPERATORS: dict[str, Callable[[Node, Signal, Constants], Value]] = {
    "ArgMax": _arg_max,
    "BatchNormalization": _batchnorm,
    "Conv": _conv,
    "Dropout": _dropout,
    "Gemm": _gemm,
    "Log": _log,
    "LogSoftmax": _softmax,
    "MatMul": _matmul,
    "Pad": _pad,
    "Shape": _shape,
    "Softmax": _softmax,
    "TopK": _arg_max,
    **POOLS,
}
