"""The operators on data: each takes a signal and constants, and gives a signal."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from ..exact.constant import ARITHMETIC, Constant, constant_of, only, scalar
from ..exact.node import Node
from ..exact.pixels import quantize_pixels
from ..exact.products import convolution, dense, pool
from ..exact.signal import Pixels, Signal
from ..exact.surd import ONE, ZERO, Surd, root
from ..exact.thresholds import binarize, check_no_zero
from ..ir import MaxPool
from .constants import FLOATS, evaluate
from .rounding import quantizer
from .shapes import SHAPE_OPERATORS

__all__ = ["apply"]

HALF = Surd(Fraction(1, 2))
Value = Signal | Constant


def apply(node: Node, inputs: Sequence[Value | None]) -> Value:
    """The result of an operator; inputs that were left out are None."""
    if all(isinstance(value, Constant) for value in inputs):
        return evaluate(node, [value for value in inputs if isinstance(value, Constant)])
    signals = [value for value in inputs if isinstance(value, Signal)]
    if len(signals) > 1:
        raise node.error("must take one tensor of data, not several; only a chain of layers is supported")
    signal = signals[0]
    if signal.ranked and node.operator not in (*SHAPE_OPERATORS, "Cast", "Identity"):
        raise node.error("must not follow the choice of the class; end the network there")
    if node.operator in ARITHMETIC:
        return _arithmetic(node, inputs)
    if inputs[0] is not signal:
        raise node.error("must take its data as the first input; only weights on the right are supported")
    constants = list(inputs[1:])
    if node.operator in SHAPE_OPERATORS:
        target = constants[0].integers(node) if constants and isinstance(constants[0], Constant) else None
        if any(signal.border):
            raise node.error("must not follow a Pad; only Conv may")
        return replace(signal, order=SHAPE_OPERATORS[node.operator](node, signal.order, target))
    if node.operator not in OPERATORS:
        known = ", ".join(sorted({*OPERATORS, *SHAPE_OPERATORS, *ARITHMETIC}))
        raise node.error(f"is not supported; only {known} are")
    return OPERATORS[node.operator](node, signal, constants)


def _arithmetic(node: Node, inputs: Sequence[Value | None]) -> Signal:
    match inputs:
        case [Signal() as signal, Constant() as constant]:
            return signal.combine(node, ARITHMETIC[node.operator], constant, scales=node.operator in ("Mul", "Div"))
        case [Constant() as constant, Signal() as signal] if node.operator != "Div":
            if node.operator == "Sub":
                signal = _scaled(node, signal, -ONE)
            return signal.combine(
                node, ARITHMETIC["Mul" if node.operator == "Mul" else "Add"], constant, scales=node.operator == "Mul"
            )
    raise node.error("must combine data with one constant, and not divide by data")


def _scaled(node: Node, signal: Signal, factor: Surd) -> Signal:
    return signal.combine(node, ARITHMETIC["Mul"], scalar(factor), scales=True)


def _shifted(node: Node, signal: Signal, constant: Constant, *, sign: int = 1) -> Signal:
    return signal.combine(node, ARITHMETIC["Add" if sign > 0 else "Sub"], constant, scales=False)


def _constant(node: Node, constants: list[Value | None], place: int, name: str) -> Constant:
    """An input that must be there; the data is input 0."""
    value = constants[place - 1] if place <= len(constants) else None
    if not isinstance(value, Constant):
        raise node.error(f"must have {name} as a constant input; export again")
    return value


def _same(_node: Node, signal: Signal, _constants: list[Value | None]) -> Signal:
    return signal


def _cast(node: Node, signal: Signal, _constants: list[Value | None]) -> Signal:
    if node.integer("to", 0) not in FLOATS and not signal.ranked:
        raise node.error("must cast data to a float type; integers cut fractions off")
    return signal


def _dropout(node: Node, signal: Signal, constants: list[Value | None]) -> Signal:
    training = constants[1] if len(constants) > 1 else None
    if isinstance(training, Constant) and only(node, training):
        raise node.error("must be in inference mode, not training; export the network in eval mode")
    return signal


def _negate(node: Node, signal: Signal, _constants: list[Value | None]) -> Signal:
    return _scaled(node, signal, -ONE)


def _shape(_node: Node, signal: Signal, _constants: list[Value | None]) -> Constant:
    return constant_of(np.array(signal.shape, np.int64))


def _bipolar_quant(node: Node, signal: Signal, constants: list[Value | None]) -> Signal:
    scale = _constant(node, constants, 1, "a scale")
    return binarize(node, signal).combine(node, ARITHMETIC["Mul"], scale, scales=True)


def _sign(node: Node, signal: Signal, _constants: list[Value | None]) -> Signal:
    check_no_zero(node, signal)
    return binarize(node, signal)


def _quant(node: Node, signal: Signal, constants: list[Value | None]) -> Signal:
    scale, zero = (_constant(node, constants, place, name) for place, name in ((1, "a scale"), (2, "a zero point")))
    rule = quantizer(node, only(node, _constant(node, constants, 3, "a bit width")))
    if any(value.sign <= 0 for value in scale.values(node)):
        raise node.error("scale must be positive; train or export again")
    level = _shifted(node, signal.combine(node, ARITHMETIC["Div"], scale, scales=True), zero)
    if rule.bipolar:
        result = binarize(node, level)
    elif rule.width == 1:
        start, strict = rule.jump
        bits = binarize(node, _shifted(node, level, scalar(start), sign=-1), strict=strict)
        result = _shifted(node, _scaled(node, bits, HALF), scalar(HALF))
    elif isinstance(level.source, Pixels) and len(level.scale) == 1:
        fitted = quantize_pixels(node, level.source.rule, rule, level.scale[0], level.offset[0])
        result = replace(level, source=Pixels(fitted), tensor=fitted.output, scale=(ONE,), offset=(ZERO,))
    else:
        raise node.error(f"activations must have 1 bit, not {rule.width}; train with 1-bit activations")
    return _shifted(node, result, zero, sign=-1).combine(node, ARITHMETIC["Mul"], scale, scales=True)


def _multi_threshold(node: Node, signal: Signal, constants: list[Value | None]) -> Signal:
    thresholds = _constant(node, constants, 1, "thresholds")
    if len(thresholds.shape) != 2 or thresholds.shape[1] != 1:
        raise node.error(
            f"must have one threshold for each channel, not shape {thresholds.shape}; train with 1-bit activations"
        )
    layouts = {2: "NC", 3: "NWC", 4: "NCHW"}
    layout = node.text("data_layout", "") or layouts.get(len(signal.shape), "NC")
    if len(layout) != len(signal.shape) or "C" not in layout:
        raise node.error(f"data_layout must have {len(signal.shape)} letters with a C, not {layout!r}")
    shape = [1] * len(signal.shape)
    shape[layout.index("C")] = -1
    spread = Constant(thresholds.palette, thresholds.index.reshape(shape))
    bits = _scaled(node, binarize(node, _shifted(node, signal, spread, sign=-1)), HALF)
    step, bias = (Fraction(node.number(name, default)) for name, default in (("out_scale", 1.0), ("out_bias", 0.0)))
    return _shifted(node, _scaled(node, _shifted(node, bits, scalar(HALF)), Surd(step)), scalar(bias))


def _matmul(node: Node, signal: Signal, constants: list[Value | None]) -> Signal:
    return dense(node, signal, _constant(node, constants, 1, "weights"))


def _gemm(node: Node, signal: Signal, constants: list[Value | None]) -> Signal:
    weights = _constant(node, constants, 1, "weights")
    if node.integer("transA", 0):
        raise node.error("must not transpose the data; export with transA 0")
    if node.integer("transB", 0):
        weights = Constant(weights.palette, weights.index.T)
    result = _scaled(node, dense(node, signal, weights), Surd(Fraction(node.number("alpha", 1.0))))
    if len(constants) < 2 or constants[1] is None:
        return result
    factor = Surd(Fraction(node.number("beta", 1.0)))
    return _shifted(node, result, _constant(node, constants, 2, "a bias").map(node, lambda value: value * factor))


def _conv(node: Node, signal: Signal, constants: list[Value | None]) -> Signal:
    weights = _constant(node, constants, 1, "weights")
    if node.integer("group", 1) != 1:
        raise node.error(f"group must be 1, not {node.integer('group', 1)}; use a convolution over all channels")
    if set(node.integers("dilations", (1,))) != {1}:
        raise node.error(f"dilations must be 1, not {node.integers('dilations', ())}; train without dilation")
    result = convolution(node, signal, weights, stride=_pair(node, "strides", (1, 1)), border=_border(node))
    if len(constants) < 2 or constants[1] is None:
        return result
    bias = _constant(node, constants, 2, "a bias")
    return _shifted(node, result, Constant(bias.palette, bias.index.reshape(1, -1, 1, 1)))


def _max_pool(node: Node, signal: Signal, _constants: list[Value | None]) -> Signal:
    kernel, stride = _pair(node, "kernel_shape", ()), _pair(node, "strides", (1, 1))
    if any(_border(node)) or set(node.integers("dilations", (1,))) != {1}:
        raise node.error("must have neither padding nor dilation; train without them")
    if node.integer("ceil_mode", 0):
        raise node.error("ceil_mode must be 0, where rows and columns that do not fill a window are left out, not 1")
    return pool(node, signal, MaxPool(kernel, stride))


def _pad(node: Node, signal: Signal, constants: list[Value | None]) -> Signal:
    mode = node.text("mode", "constant")
    if mode != "constant" or len(signal.shape) != 4 or any(signal.border):
        raise node.error(f"must pad an image with a constant once, not shape {signal.shape} in mode {mode!r}")
    pads = _constant(node, constants, 1, "pads").integers(node)
    value = _constant(node, constants, 2, "a value") if len(constants) > 1 and constants[1] else scalar(0.0)
    if len(pads) != 8 or min(pads) < 0 or any(pads[axis] for axis in (0, 1, 4, 5)):
        raise node.error(f"must pad rows and columns only, not {pads}")
    border = (pads[2], pads[3], pads[6], pads[7])
    return replace(signal, border=border, filler=Surd(only(node, value)))


def _batchnorm(node: Node, signal: Signal, constants: list[Value | None]) -> Signal:
    if node.integer("training_mode", 0):
        raise node.error("must be in inference mode, not training; export the network in eval mode")
    names = ("a scale", "a bias", "a mean", "a variance")
    channels = [_constant(node, constants, place, name) for place, name in enumerate(names, 1)]
    shape = (1, -1, *[1] * (len(signal.shape) - 2))
    scale, bias, mean, variance = (Constant(entry.palette, entry.index.reshape(shape)) for entry in channels)
    epsilon = Surd(Fraction(node.number("epsilon", 1e-5)))
    factor = scale.combine(node, ARITHMETIC["Div"], variance.map(node, lambda value: root(value + epsilon)))
    centred = _shifted(node, signal, mean, sign=-1)
    return _shifted(node, centred.combine(node, ARITHMETIC["Mul"], factor, scales=True), bias)


def _arg_max(node: Node, signal: Signal, constants: list[Value | None]) -> Signal:
    if node.operator == "TopK":
        counts = _constant(node, constants, 1, "k").integers(node)
        if counts != (1,) or not node.integer("largest", 1):
            raise node.error(f"must choose the 1 largest, not {counts}, largest {node.integer('largest', 1)}")
    if node.integer("select_last_index", 0):
        raise node.error("select_last_index must be 0, for ties go to the lowest index, not 1")
    axis = node.integer("axis", -1 if node.operator == "TopK" else 0)
    if not -len(signal.shape) <= axis < len(signal.shape) or signal.shape[axis] != signal.tensor.size:
        raise node.error(f"axis must be that of all {signal.tensor.size} classes, not {axis} of shape {signal.shape}")
    return replace(signal, ranked=True)


def _pair(node: Node, name: str, default: tuple[int, ...]) -> tuple[int, int]:
    values = node.integers(name, default)
    if len(values) != 2:
        raise node.error(f"{name} must be two numbers, not {values}; only two dimensions are supported")
    return values[0], values[1]


def _border(node: Node) -> tuple[int, int, int, int]:
    """Padding above, left, below and right."""
    if node.text("auto_pad", "NOTSET") not in ("NOTSET", "VALID", ""):
        raise node.error("auto_pad must be NOTSET, with the padding in pads; export with explicit padding")
    pads = node.integers("pads", (0, 0, 0, 0))
    if len(pads) != 4 or min(pads) < 0:
        raise node.error(f"pads must be four numbers that are not negative, not {pads}")
    return pads[0], pads[1], pads[2], pads[3]


OPERATORS: dict[str, Callable[[Node, Signal, list[Value | None]], Value]] = {
    "ArgMax": _arg_max,
    "BatchNormalization": _batchnorm,
    "BipolarQuant": _bipolar_quant,
    "Cast": _cast,
    "Conv": _conv,
    "Dropout": _dropout,
    "Gemm": _gemm,
    "Identity": _same,
    "IntQuant": _quant,
    "MatMul": _matmul,
    "MaxPool": _max_pool,
    "MultiThreshold": _multi_threshold,
    "Neg": _negate,
    "Pad": _pad,
    "Quant": _quant,
    "Shape": _shape,
    "Sign": _sign,
    "TopK": _arg_max,
}
