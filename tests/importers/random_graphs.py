"""Random networks, written as people and tools write them: each idiom, on either side, in either layout."""

import numpy as np
from onnx import TensorProto, numpy_helper

from tests.importers.graphs import Chain
from tests.importers.random_signs import SIGNS, bipolar, larq, where

__all__ = ["BITS", "INTEGERS", "random_network"]


BITS, INTEGERS = (0, 1, 2, 3, 4), (0, 4, 5, 5, 6, 6, 7)
"""Kinds of weights: ±1, and among them such of more values."""


class Writer(Chain):
    """A chain that can take the same tensor twice, and that knows its shape, with channels first."""

    def __init__(self, rng, shape, kinds):
        super().__init__(*shape)
        self.kinds = kinds
        self.rng = rng
        # Whether it writes what becomes of the image; else of constants, on which not each function is understood.
        self.data, self.bits = True, set()

    def pick(self, *choices):
        return choices[self.rng.integers(len(choices))]

    def op(self, operator, *inputs, **attributes):
        """A node of tensors, by name, and of constants; gives the name of its output."""
        names = [value if isinstance(value, str) else self.constant(value) for value in inputs]
        return self.node(operator, names, **attributes)

    def either(self, operator, name, value):
        """A node whose order of operands does not matter."""
        return self.op(operator, *self.pick((name, value), (value, name)))

    def sign(self, x, kind=None):
        """+1 where ``x`` is at least 0, else -1, in some way."""
        kind = self.rng.integers(len(SIGNS)) if kind is None else kind
        return SIGNS[kind](self, x)

    def exact(self, value):
        """A constant of its own type."""
        self.arrays.append(numpy_helper.from_array(value, f"constant{len(self.arrays)}"))
        return self.arrays[-1].name

    def remember(self, function, x):
        """Note what is ±1 and can be padded or added."""
        before = len(self.nodes)
        y = function(self, x)
        if not any(node.op_type.startswith(("Quant", "Round")) for node in self.nodes[before:]):
            self.bits.add(y)
        return y

    def floats(self, name):
        return self.op("Cast", name, to=TensorProto.FLOAT)

    def normal(self, x, count, axes=2):
        """Batch normalization, with scales that are negative, small or 0."""
        rng = self.rng
        gamma = rng.normal(0, 1, count) * rng.choice([1, 1, 1, 0], count)
        gamma[rng.integers(count)] = 1.0
        values = gamma, rng.normal(0, 1, count), rng.normal(0, 2, count), rng.uniform(0.1, 9, count)
        if rng.integers(3):
            return self.op("BatchNormalization", x, *values, epsilon=self.pick(1e-5, 1e-3))
        shape = (-1, *[1] * axes)
        gamma, beta, mean, variance = (value.reshape(shape) for value in values)
        deviation = self.op("Sqrt", self.either("Add", variance.astype(np.float32), 1e-3))
        x = self.op("Div", self.op("Sub", x, mean), deviation)
        return self.either("Add", self.either("Mul", x, gamma), beta)

    def weights(self, *shape):
        """Weights ±1, or what people make of latent ones, perhaps with a scale for each neuron (the first axis)."""
        latent = self.rng.normal(0, 0.6, shape).astype(np.float32)
        kind, self.data = self.pick(*self.kinds), False
        name = self._weights(kind, latent, shape)
        self.data = True
        return name

    def _weights(self, kind, latent, shape):
        if kind == 0:
            return self.constant(np.sign(latent))
        if kind == 1:
            return self.constant(np.sign(latent) * self.rng.uniform(0.5, 2, (shape[0], *[1] * (len(shape) - 1))))
        if kind == 2:
            axes = np.arange(1, len(shape))
            alpha = self.op("ReduceMean", self.op("Abs", latent), axes=axes.tolist(), keepdims=1)
            return self.either("Mul", self.sign(self.constant(latent)), alpha)
        if kind == 3:
            return self.sign(self.op("Clip", latent, -1.0, 1.0))
        if kind == 5:
            return self.constant(np.sign(latent) * (abs(latent) > 0.3))
        if kind == 6:
            bits, signed, narrow = self.pick((2, 1, 1), (2, 1, 0), (3, 1, 1), (8, 1, 0), (1, 0, 0), (4, 0, 0))
            size = 1.0 if bits == 2 else 2.0 / (1 << bits)
            return self.op("Quant", latent, size, 0.0, float(bits), signed=signed, narrow=narrow)
        if kind == 7:
            whole = self.rng.integers(-128, 128, shape) | self.pick(0, 1)
            return self.op(
                "DequantizeLinear", self.exact(whole.astype(np.int8)), np.float32(0.007), self.exact(np.int8(0))
            )
        return self.sign(self.constant(latent))


def _shaped(rng):
    """A picture's shape, and the graph's input for it, with the axis of its channels."""
    rows, columns, channels = int(rng.integers(5, 9)), int(rng.integers(5, 9)), int(rng.choice([1, 1, 3]))
    layout = rng.integers(5 if channels == 1 else 2)
    picture = (rows, columns) if channels == 1 else (rows, columns, channels)
    if layout == 0:
        return picture, (1, channels, rows, columns), "nchw"
    if layout == 1:
        return picture, (1, rows, columns, channels), "nhwc"
    if layout == 2:
        return picture, (1, rows, columns), "nhw"
    if layout == 3:
        return (rows * columns,), (1, rows * columns), "n"
    return (1, columns), (1, 1, columns), "ncl"


def _quantized(w, x, levels):
    """A number of equal steps, in some way; what it can be at least."""
    size = float(w.rng.choice([0.25, 0.5, 0.3, 1.0]))
    if levels == 1:
        return w.pick(
            lambda: w.op("Round", w.op("Clip", x, 0.0, 1.0)),
            lambda: w.op(
                "Quant", x, size, 0.0, 1.0, signed=0, narrow=0, rounding_mode=w.pick("ROUND", "CEIL", "FLOOR")
            ),
            lambda: w.floats(w.op("Greater", x, w.rng.normal())),
        )()
    bits = 2 if levels <= 3 else int(w.rng.choice([3, 4]))
    mode = w.pick("ROUND", "FLOOR", "CEIL", "HALF_UP", "HALF_DOWN", "UP", "DOWN")
    return w.pick(
        lambda: w.op("Quant", x, size, 0.0, float(bits), signed=1, narrow=w.pick(0, 1), rounding_mode=mode),
        lambda: w.op("Quant", x, size, 0.0, float(bits), signed=0, narrow=0, rounding_mode=mode),
        lambda: w.op("Quant", x, size, 1.0, float(bits), signed=0, narrow=0),
        lambda: w.op("Div", w.op("Round", w.either("Mul", w.op("Clip", x, 0.0, 1.0), 3.0)), 3.0),
        lambda: w.op("Quant", w.op("Relu", x), size, 0.0, float(bits), signed=0, narrow=0),
    )()


def _activation(w, x):
    x = w.pick(
        lambda: x,
        lambda: x,
        lambda: w.op("Clip", x, -1.0, 1.0),
        lambda: w.op("Relu", x),
        lambda: w.op("LeakyRelu", x, alpha=0.1),
        lambda: w.op("Tanh", x),
    )()
    kind = w.rng.integers(6)
    if x.startswith("Tanh"):
        return w.pick(where, larq, bipolar)(w, x)
    if x.startswith("Relu"):
        x = w.op("Sub", x, 0.75)
    return w.sign(x) if kind < 4 else _quantized(w, x, 1 if kind == 4 else 3)


def _begin(w, x, shape):
    """Bits, quantized pixels, or pixels as they are."""
    size = float(w.rng.uniform(0.1, 0.9))
    kind = w.rng.integers(7)
    if kind == 0 and len(shape) == 2:
        # A grey level for each pixel.
        return w.sign(w.op("Sub", x, w.rng.uniform(0.1, 0.9, shape)))
    if kind == 1 and len(shape) == 4:
        # Three means and deviations.
        axis = 1 if shape[1] < 5 else 3
        each = [1] * 4
        each[axis] = shape[axis]
        mean, deviation = w.rng.uniform(0.3, 0.6, each), w.rng.uniform(0.2, 0.4, each)
        return w.sign(w.op("Div", w.op("Sub", x, mean), deviation))
    if kind == 2:
        scale, zero = np.float32(w.rng.uniform(0.004, 0.1)), np.array(w.rng.integers(-20, 20), np.int8)
        name = w.op("QuantizeLinear", x, scale, w.exact(zero))
        return w.op("DequantizeLinear", name, scale, w.exact(zero))
    if kind == 3:
        return w.op("Quant", w.op("Sub", x, 0.5), 2.0**-4, 0.0, 4.0, signed=1, narrow=0)
    return w.sign(w.pick(lambda: w.op("Sub", x, size), lambda: w.op("Sub", size, x))())


def _convolution(w, x, channels, sizes, last_bits):
    """A convolution with its normalization; its shape."""
    rng, one = w.rng, len(sizes) == 1
    taps = [int(rng.integers(1, min(4, size) + 1)) for size in sizes]
    gaps = [int(rng.integers(1, 3)) if (tap - 1) * 2 + 1 <= size else 1 for tap, size in zip(taps, sizes, strict=True)]
    spans = [(tap - 1) * gap + 1 for tap, gap in zip(taps, gaps, strict=True)]
    pads = [int(rng.integers(0, span)) if last_bits and rng.integers(2) else 0 for span in spans]
    ends, filled = pads, any(pads) and rng.integers(2) == 0
    if filled:
        # Below and right it may be another: what TensorFlow calls SAME.
        ends = [int(rng.integers(0, span)) for span in spans]
    groups = int(rng.choice([size for size in (1, 1, 2, 3, channels) if channels % size == 0]))
    filters = groups * int(rng.integers(1, 4)) if groups > 1 else int(rng.integers(2, 7))
    strides = [int(rng.integers(1, 3)) for _ in sizes]
    weights = w.weights(filters, channels // groups, *taps)
    extra = {"strides": strides, "dilations": gaps, "group": groups, "kernel_shape": taps}
    if filled:
        around = np.array([0, 0, *pads, 0, 0, *ends])
        x = w.op("Pad", x, around, float(rng.choice([-1.0, 1.0])))
        y = w.op("Conv", x, weights, **extra)
    else:
        bias = [rng.normal(0, 1, filters).astype(np.float32)] if rng.integers(2) else []
        y = w.op("Conv", x, weights, *bias, pads=pads * 2, **extra)
    sizes = [
        (size + pad + end - span) // step + 1
        for size, pad, end, span, step in zip(sizes, pads, ends, spans, strides, strict=True)
    ]
    if rng.integers(3) == 0 and min(sizes) > 1:
        pooled = w.pick("MaxPool", "MaxPool", "AveragePool")
        y = w.op(pooled, y, kernel_shape=[2] * len(sizes), strides=[2] * len(sizes))
        sizes = [size // 2 for size in sizes]
    if rng.integers(4):
        y = w.normal(y, filters, axes=1 if one else 2)
    return y, filters, sizes


def _residual(w, x, channels, sizes):
    """A convolution that keeps its shape, and its input around it."""
    one = len(sizes) == 1
    taps = [3 if size > 1 else 1 for size in sizes]
    pads = [tap // 2 for tap in taps]
    y = w.op("Conv", x, w.weights(channels, channels, *taps), pads=pads * 2, kernel_shape=taps)
    if w.rng.integers(4):
        y = w.normal(y, channels, axes=1 if one else 2)
    return w.pick(
        lambda: w.either("Add", y, x), lambda: w.op("Sub", y, x), lambda: w.either("Add", x, w.op("Neg", y))
    )()


def _body(w, x, channels, sizes):
    for _ in range(w.rng.integers(1, 4)):
        x, channels, sizes = _convolution(w, x, channels, sizes, last_bits=x in w.bits)
        x = w.remember(_activation, x)
        if w.rng.integers(3) == 0 and x in w.bits:
            x = w.remember(lambda w, x: w.sign(x), _residual(w, x, channels, sizes))
        if w.rng.integers(4) == 0 and min(sizes) > 1:
            x = w.op(w.pick("MaxPool", "AveragePool"), x, kernel_shape=[2] * len(sizes), strides=[1] * len(sizes))
            sizes = [size - 1 for size in sizes]
    return x, channels, sizes


def _head(w, x, inputs):
    classes = int(w.rng.integers(2, 8))
    for neurons in (*w.rng.integers(4, 12, w.rng.integers(0, 3)).tolist(), classes):
        weights = w.weights(neurons, inputs)
        last = neurons == classes
        if w.rng.integers(2):
            x = w.op("Gemm", x, weights, *([w.rng.normal(0, 2, neurons)] if w.rng.integers(2) else []), transB=1)
        else:
            x = w.op("MatMul", x, w.op("Transpose", weights, perm=[1, 0]))
        inputs = neurons
        if not last:
            x = w.op("Relu", x) if w.rng.integers(4) == 0 else x
            x = w.sign(w.op("Sub", w.normal(x, neurons, axes=0), 0.01))
    return _end(w, x, classes)


def _end(w, x, classes):
    return w.pick(
        lambda: x,
        lambda: w.normal(x, classes, axes=0),
        lambda: w.either("Add", x, w.rng.normal(0, 1, classes)),
        lambda: w.op("Softmax", w.either("Mul", x, 0.1), axis=w.pick(-1, 1)),
        lambda: w.op("LogSoftmax", w.either("Add", x, w.rng.normal(0, 1, classes)), axis=-1),
        lambda: w.op("Sigmoid", w.either("Mul", x, 0.01)),
        lambda: w.op("Mul", x, -0.5),
    )()


def _class_maps(w, x, channels, sizes):
    classes = int(w.rng.integers(2, 6))
    axes = list(range(2, 2 + len(sizes)))
    x = w.op("Conv", x, w.weights(classes, channels, *[1] * len(sizes)), kernel_shape=[1] * len(sizes))
    x = w.pick(lambda: x, lambda: w.either("Add", x, w.rng.normal(0, 1, (classes, *[1] * len(sizes)))))()
    x = w.pick(
        lambda: w.op("Flatten", w.op("GlobalAveragePool", x)),
        lambda: w.op("ReduceMean", x, axes=axes, keepdims=0),
        lambda: w.op("Reshape", w.op("AveragePool", x, kernel_shape=sizes), np.array([1, -1])),
    )()
    return _end(w, x, classes)


def random_network(seed, kinds=BITS):
    """A model, the shape of its raw images, and of its input with the name of its layout."""
    rng = np.random.default_rng(seed)
    picture, shape, layout = _shaped(rng)
    w = Writer(rng, shape, kinds)
    x = w.remember(lambda w, x: _begin(w, x, shape), "image")
    if layout == "n" or rng.integers(4) == 0:
        size = int(np.prod(picture))
        w.tail = _head(w, w.op("Reshape", x, np.array([1, size])), size)
        return w.model(), picture, shape, layout
    channels = picture[2] if len(picture) == 3 else 1
    sizes = list(picture[1:] if layout == "ncl" else picture[:2])
    if layout == "nhwc":
        x = w.op("Transpose", x, perm=[0, 3, 1, 2])
    elif layout == "nhw":
        x = w.pick(lambda: w.op("Unsqueeze", x, np.array([1])), lambda: w.op("Reshape", x, np.array([1, 1, *sizes])))()
    w.bits |= {x}
    x, channels, sizes = _body(w, x, channels, sizes)
    if rng.integers(4) == 0:
        w.tail = _class_maps(w, x, channels, sizes)
        return w.model(), picture, shape, layout
    if rng.integers(2) and layout != "ncl":
        x = w.op("Transpose", x, perm=[0, 2, 3, 1])
    w.tail = _head(w, w.op("Flatten", x), channels * int(np.prod(sizes)))
    return w.model(), picture, shape, layout
