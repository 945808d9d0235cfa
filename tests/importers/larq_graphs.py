"""Graphs in the form that tf2onnx writes of larq's networks, and what they give in exact arithmetic, apart from the importer.

Seen in what tf2onnx 1.17.0 wrote of networks of larq 0.14.0 (TensorFlow 2.21, tf-keras 2.21), files of which are in
``tests/samples/larq``: kernels are folded to ±1; a batch norm that follows a convolution at once is folded into its weights and
bias; one behind a pool stays, of a dense layer it becomes ``Mul`` and ``Add``; images are channels last, so that transposes
stand around each convolution, or a ``Reshape`` where there is one channel; padding with ones is a ``Pad`` before the transpose,
padding with zeros the convolution's own. What was not seen there, but is the same in other words, are :class:`Form`'s options.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

__all__ = ["Conv", "Dense", "Form", "Norm", "evaluate", "random_network", "write"]

EPSILON = np.float32(0.001)
"""Of Keras' batch norms."""

ALMOST_NOTHING = np.float32(0.1)
"""What larq's ``ste_sign`` adds between its two signs, so that 0 becomes +1."""


@dataclass(frozen=True, eq=False)
class Norm:
    """A batch norm; without ``gamma`` it has ``scale=False``, as larq's examples do."""

    gamma: np.ndarray | None
    beta: np.ndarray
    mean: np.ndarray
    variance: np.ndarray

    @property
    def line(self):
        """Factors and offsets in float32, as TensorFlow folds them."""
        factor = (1 / np.sqrt(self.variance + EPSILON)).astype(np.float32)
        if self.gamma is not None:
            factor = factor * self.gamma
        return factor, (self.beta - self.mean * factor).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Conv:
    """``QuantConv2D`` with a kernel of ±1 ``(filters, channels, rows, columns)``, perhaps a ``MaxPool2D``, a batch norm."""

    kernel: np.ndarray
    norm: Norm
    padding: str = "valid"
    pad_values: float = 0.0
    stride: int = 1
    pool: int = 1


@dataclass(frozen=True, eq=False)
class Dense:
    """``QuantDense`` with a kernel of ±1 ``(inputs, neurons)``, and a batch norm."""

    kernel: np.ndarray
    norm: Norm


@dataclass(frozen=True)
class Form:
    """How the same network may be written.

    Parameters
    ----------
    opset : int
        Of the standard operators; 15 is tf2onnx's default.
    batch : str or int
        The first size of the input.
    latent : bool
        Kernels as they are trained, real numbers in TensorFlow's order of axes, with their signs in the graph.
    automatic : bool
        ``auto_pad`` in place of numbers.
    softmax : bool
        Whether the network ends in it.
    """

    opset: int = 15
    batch: str | int = "unk__8"
    latent: bool = False
    automatic: bool = False
    softmax: bool = True


def random_network(rng, channels, convs, denses, *, size=8, gamma=False):
    """Layers with numbers by chance: of ``convs`` the filters and options, of ``denses`` the neurons."""
    layers, shape = [], (size, size)
    for filters, options in convs:
        kernel = signs(rng, filters, channels, 3, 3)
        layers.append(Conv(kernel, random_norm(rng, filters, gamma, spread=3), **options))
        sides = [_border(layers[-1], length)[2] // layers[-1].pool for length in shape]
        shape, channels = (sides[0], sides[1]), filters
    inputs = shape[0] * shape[1] * channels
    for neurons in denses:
        layers.append(Dense(signs(rng, inputs, neurons), random_norm(rng, neurons, gamma, spread=inputs**0.5 / 2)))
        inputs = neurons
    return layers


def random_norm(rng, size, gamma, *, spread):
    numbers = [
        rng.normal(size=size),
        rng.normal(size=size) / 2,
        spread * rng.normal(size=size),
        rng.uniform(1, 40, size),
    ]
    scale, *rest = (number.astype(np.float32) for number in numbers)
    return Norm(scale if gamma else None, *rest)


def signs(rng, *shape):
    return rng.choice([-1, 1], shape)


class _Writer:
    """Nodes and arrays, named as TensorFlow names them."""

    def __init__(self):
        self.nodes, self.arrays, self.tail, self.scope = [], {}, "image", ""

    def constant(self, name, values, kind=np.float32):
        self.arrays.setdefault(name, numpy_helper.from_array(np.asarray(values, kind), name))
        return name

    def add(self, operator, name, *constants, tail=None, **attributes):
        output = f"{self.scope}/{name}:0"
        inputs = [self.tail if tail is None else tail, *constants]
        self.nodes.append(helper.make_node(operator, inputs, [output], name=f"{self.scope}/{name}", **attributes))
        if tail is None:
            self.tail = output
        return output

    def sign(self, name, *, tail=None):
        """``ste_sign``."""
        small = self.constant("sequential/ste_sign/add/y:0", ALMOST_NOTHING)
        for operator, part, constants in (("Sign", "Sign", []), ("Add", "add", [small]), ("Sign", "Sign_1", [])):
            made = self.add(operator, f"{name}/{part}", *constants, tail=tail)
            tail = None if tail is None else made
        return made

    def kernel(self, values, form, rng, axes=None):
        """A kernel's signs, folded or as nodes."""
        if not form.latent:
            return self.constant(f"ConstantFolding/{self.scope}/ste_sign/IdentityN-folded-0:0", values)
        inverse = None if axes is None else np.argsort(axes)
        # The sign of 0 is +1.
        latent = (values * np.where(values > 0, rng.choice([0, 0.3, 1], values.shape), 0.2)).astype(np.float32)
        name = self.constant(f"{self.scope}/ReadVariableOp:0", latent if axes is None else latent.transpose(inverse))
        made = self.sign("kernel/ste_sign", tail=name)
        return made if axes is None else self.add("Transpose", "kernel", tail=made, perm=axes)


def write(layers, shape, form=Form(), *, seed=0):
    """The graph of a network on images of a shape (rows, columns, channels)."""
    writer, rng = _Writer(), np.random.default_rng(seed)
    sizes, first = shape[:2], True
    for index, layer in enumerate(layers):
        if isinstance(layer, Conv):
            writer.scope = f"sequential/quant_conv2d_{index}"
            _write_conv(writer, layer, sizes, form, rng, first=first, channels=shape[2])
            sizes = [_border(layer, size)[2] // layer.pool for size in sizes]
        else:
            writer.scope = f"sequential/quant_dense_{index}"
            if first or isinstance(layers[index - 1], Conv):
                flat = writer.constant("const_fold_opt__7", [-1, len(layer.kernel)], np.int64)
                writer.add("Reshape", "flatten/Reshape", flat)
            if not first:
                writer.sign("ste_sign")
            writer.add("MatMul", "MatMul", writer.kernel(layer.kernel, form, rng))
            for operator, values in zip(("Mul", "Add"), layer.norm.line, strict=True):
                name = f"batchnorm/{operator.lower()}"
                writer.add(operator, name, writer.constant(f"{writer.scope}/{name}/y", values))
        first = False
    if form.softmax:
        writer.scope = "sequential"
        writer.add("Softmax", "activation/Softmax")
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [form.batch, *shape])
    output = helper.make_tensor_value_info(writer.tail, TensorProto.FLOAT, [form.batch, layers[-1].kernel.shape[1]])
    graph = helper.make_graph(writer.nodes, "tf2onnx", [image], [output], list(writer.arrays.values()))
    domains = [helper.make_opsetid("", form.opset), helper.make_opsetid("ai.onnx.ml", 2)]
    model = helper.make_model(graph, opset_imports=domains, ir_version=8, producer_name="tf2onnx")
    onnx.checker.check_model(model)
    return model


def _write_conv(writer, layer, sizes, form, rng, *, first, channels):
    """From channels last to channels last."""
    borders = [_border(layer, size) for size in sizes]
    pads = [border[0] for border in borders] + [border[1] for border in borders]
    window = {"kernel_shape": [3, 3], "strides": [layer.stride] * 2, "dilations": [1, 1], "group": 1}
    if not first:
        writer.sign("ste_sign")
    if layer.pad_values and any(pads):
        around = writer.constant(f"{writer.scope}/pad_const", [0, *pads[:2], 0, 0, *pads[2:], 0], np.int64)
        writer.add("Pad", "PadV2", around, writer.constant(f"{writer.scope}/PadV2/values:0", layer.pad_values))
    elif form.automatic:
        window["auto_pad"] = "SAME_UPPER" if layer.padding == "same" else "VALID"
    elif any(pads):
        window["pads"] = pads
    if first and channels == 1:
        writer.add("Reshape", "QuantConv2D__2", writer.constant("new_shape__3", [-1, 1, *sizes], np.int64))
    else:
        writer.add("Transpose", "QuantConv2D__4", perm=[0, 3, 1, 2])
    norm = layer.norm
    if layer.pool == 1 and not form.latent:
        factor, offset = norm.line
        fused = writer.constant(
            f"{writer.scope}/QuantConv2D_weights_fused_bn", layer.kernel * factor[:, None, None, None]
        )
        writer.add("Conv", "QuantConv2D", fused, writer.constant(f"{writer.scope}/bias_fused_bn", offset), **window)
    else:
        writer.add("Conv", "QuantConv2D", writer.kernel(layer.kernel, form, rng, [3, 2, 0, 1]), **window)
        if layer.pool > 1:
            writer.add("MaxPool", "MaxPool", kernel_shape=[layer.pool] * 2, strides=[layer.pool] * 2)
        ones = np.ones(len(norm.beta)) if norm.gamma is None else norm.gamma
        numbers = zip(("Const", "beta", "mean", "variance"), (ones, norm.beta, norm.mean, norm.variance), strict=True)
        parts = [writer.constant(f"{writer.scope}/FusedBatchNormV3/{name}:0", values) for name, values in numbers]
        writer.add("BatchNormalization", "FusedBatchNormV3", *parts, epsilon=float(EPSILON))
    writer.add("Transpose", "FusedBatchNormV3__5", perm=[0, 2, 3, 1])


def _border(layer, size):
    """Padding before and behind as TensorFlow has it, what is odd behind, and the length of what comes out."""
    if layer.padding == "valid":
        return 0, 0, (size - 3) // layer.stride + 1
    length = -(-size // layer.stride)
    total = max((length - 1) * layer.stride + 3 - size, 0)
    return total // 2, total - total // 2, length


def evaluate(layers, image, *, divisor=255, folded=True):
    """Scores of one raw image (rows, columns, channels) as fractions, without any rounding.

    With ``folded`` a batch norm at a convolution is the line in float32 that :func:`write` folds into its weights.
    """
    values = np.array(image, object)
    unit = Fraction(1, divisor)
    for index, layer in enumerate(layers):
        if isinstance(layer, Conv):
            sums = _convolve(layer, values)
            exact = layer.pool > 1 or not folded
            bits = np.empty(sums.shape, object)
            for place in np.ndindex(sums.shape):
                number = unit * int(sums[place])
                bits[place] = (
                    _sign_of_norm(layer.norm, place[2], number) if exact else _sign(_at(layer.norm, place[2], number))
                )
            values = bits
        else:
            sums = values.reshape(-1) @ layer.kernel.astype(object)
            scores = [_at(layer.norm, neuron, unit * int(number)) for neuron, number in enumerate(sums)]
            values = np.array([_sign(score) for score in scores], object)
        unit = Fraction(1)
        if index == len(layers) - 1:
            return scores
    raise AssertionError


def _convolve(layer, values):
    """Sums of a convolution on channels last, and the largest of each window of its pool."""
    (above, below, rows), (left, right, columns) = (_border(layer, size) for size in values.shape[:2])
    padded = np.pad(values, [(above, below), (left, right), (0, 0)], constant_values=int(layer.pad_values))
    kernel = layer.kernel.transpose(0, 2, 3, 1).astype(object)
    sums = np.empty((rows, columns, len(kernel)), object)
    for row, column, neuron in np.ndindex(sums.shape):
        window = padded[row * layer.stride :, column * layer.stride :][:3, :3]
        sums[row, column, neuron] = (window * kernel[neuron]).sum()
    pool = layer.pool
    rows, columns = rows // pool, columns // pool
    windows = sums[: rows * pool, : columns * pool].reshape(rows, pool, columns, pool, -1)
    return windows.max(axis=3).max(axis=1)


def _at(norm, neuron, number):
    """A batch norm as a line in float32 constants, at a number."""
    factor, offset = norm.line
    return number * Fraction(float(factor[neuron])) + Fraction(float(offset[neuron]))


def _sign(number):
    return 1 if number >= 0 else -1


def _sign_of_norm(norm, channel, number):
    """Sign of ``gamma * (number - mean) / root + beta``, by squares: ``root`` is irrational."""
    gamma = Fraction(1) if norm.gamma is None else Fraction(float(norm.gamma[channel]))
    beta, mean, variance = (Fraction(float(values[channel])) for values in (norm.beta, norm.mean, norm.variance))
    one, other = gamma * (number - mean), beta
    # The sign of one + other * root.
    return _sign(one * abs(one) + other * abs(other) * (variance + Fraction(float(EPSILON))))
