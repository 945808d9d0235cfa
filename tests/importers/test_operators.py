"""Each operator, in small networks of random weights: the golden model against the executor of the qonnx package."""

import numpy as np
import pytest

from tests.importers.graphs import Chain, Weights, bipolar, judge
from xnorflow.model import golden
from xnorflow.model.qonnx.reader import import_qonnx

CLASSES = 5


def normal(rng, count):
    """Parameters of batch normalization, with negative scales among them and one of zero."""
    gamma = rng.normal(0, 1, count)
    gamma[0] = 0
    return gamma, rng.normal(0, 1, count), rng.normal(0, 3, count), rng.uniform(0.5, 9, count)


def image(*, size=6, channels=1):
    """Pre-processing to bits."""
    return Chain(1, channels, size, size).add("Mul", 2.0).add("Sub", 1.0).add("BipolarQuant", 1.0)


def vector(*, size=6):
    return image(size=size).add("Reshape", np.array([1, -1]))


def brevitas(rng):
    chain = vector()
    for inputs, neurons in ((36, 16), (16, 12)):
        weights = Weights("BipolarQuant", rng.normal(0, 1, (neurons, inputs)), 1.0)
        name = chain.node("Transpose", [chain.constant(weights)], perm=[1, 0])
        chain.tail = chain.node("MatMul", [chain.tail, name])
        chain.add("BatchNormalization", *normal(rng, neurons)).add("BipolarQuant", 1.0)
    return chain.add("MatMul", bipolar(rng, 12, CLASSES)).add("Sub", 0.3).add("Div", 1.7).add("Add", -2.0)


def finn(rng):
    chain = Chain(1, 1, 6, 6).add("Div", 255.0).add("Flatten").add("Mul", 2.0).add("Sub", np.array([1.0]))
    bits = {"out_dtype": "BIPOLAR", "out_scale": 2.0, "out_bias": -1.0}
    chain.add("MultiThreshold", np.zeros((1, 1)), **bits).add("MatMul", bipolar(rng, 36, 16)).add("Mul", 1.0)
    chain.add("MultiThreshold", rng.normal(0, 4, (16, 1)).round(), **bits)
    chain.add("MatMul", bipolar(rng, 16, CLASSES)).add("Mul", 0.25)
    return chain.add("TopK", np.array([1]), outputs=2, axis=-1, largest=1, sorted=1)


def one_bit_quant(rng):
    bit = (0.0, 1.0)
    chain = Chain(1, 1, 6, 6).add("Flatten").add("Sub", 0.5).add("Quant", 0.5, *bit, signed=1, narrow=1)
    weights = Weights("Quant", rng.normal(0, 1, (36, 16)), 0.125, *bit, signed=1, narrow=1)
    chain.add("MatMul", weights).add("Add", rng.normal(0, 1, 16)).add("Quant", 0.5, *bit, signed=1, narrow=0)
    weights = Weights("Quant", rng.normal(0, 1, (16, CLASSES)), 0.25, *bit, signed=1, narrow=1)
    return chain.add("MatMul", weights).add("ArgMax", axis=1, keepdims=0)


def unsigned_bit(mode):
    def build(rng):
        chain = vector().add("MatMul", bipolar(rng, 36, 16)).add("Mul", rng.choice([-0.25, 0.25], 16))
        chain.add("Quant", 1.0, 0.0, 1.0, signed=0, narrow=0, rounding_mode=mode)
        return chain.add("MatMul", bipolar(rng, 16, CLASSES)).add("ArgMax", axis=1)

    return build


def gemm(rng):
    chain = vector().add("Gemm", bipolar(rng, 16, 36), rng.normal(0, 2, 16), transB=1, alpha=0.5, beta=2.0)
    return chain.add("BipolarQuant", 0.5).add("Gemm", bipolar(rng, 16, CLASSES))


def unrolled(rng):
    gamma, beta, mean, variance = normal(rng, 16)
    chain = vector().add("MatMul", bipolar(rng, 36, 16)).add("Sub", mean)
    deviation = chain.node("Sqrt", [chain.node("Add", [chain.constant(variance), chain.constant(1e-5)])])
    chain.tail = chain.node("Div", [chain.tail, deviation])
    chain.add("Mul", gamma).add("Add", beta).add("BipolarQuant", 1.0).add("Identity")
    return chain.add("MatMul", bipolar(rng, 16, CLASSES) * 0.75)


def scale_for_each_neuron(rng):
    weights = bipolar(rng, 36, 16) * rng.choice([-0.5, 0.25, 3.0], 16)
    chain = vector().add("MatMul", weights).add("Add", rng.normal(0, 2, 16), front=True)
    return chain.add("BipolarQuant", 1.0).add("Dropout").add("MatMul", bipolar(rng, 16, CLASSES))


def sign(rng):
    chain = vector(size=5).add("MatMul", bipolar(rng, 25, 15)).add("Sign").add("MatMul", bipolar(rng, 15, 15))
    return chain.add("Add", 0.5).add("Sign").add("MatMul", bipolar(rng, 15, CLASSES))


def negations(rng):
    chain = Chain(1, 1, 6, 6).add("Sub", 0.4, front=True).add("BipolarQuant", 2.0).add("Flatten").add("Neg")
    chain.add("MatMul", bipolar(rng, 36, 16)).add("Mul", -1.0).add("BipolarQuant", 1.0)
    return chain.add("Mul", rng.choice([-3.0, 3.0], 16)).add("MatMul", bipolar(rng, 16, CLASSES)).add("Neg")


def channels_last_flatten(rng):
    chain = image().add("Conv", bipolar(rng, 4, 1, 3, 3)).add("Add", 0.5).add("BipolarQuant", 1.0)
    chain.add("Transpose", perm=[0, 2, 3, 1]).add("Reshape", np.array([0, -1]))
    return chain.add("MatMul", bipolar(rng, 64, CLASSES))


def integer_convolutions(rng):
    chain = Chain(1, 3, 10, 10).add("Mul", 2.0).add("Sub", 1.0).add("Quant", 2.0**-7, 0.0, 8.0, signed=1, narrow=0)
    chain.add("Conv", bipolar(rng, 6, 3, 3, 3)).add("BatchNormalization", *normal(rng, 6)).add("BipolarQuant", 1.0)
    chain.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    chain.add("Conv", bipolar(rng, 8, 6, 3, 2), rng.normal(0, 2, 8), strides=[1, 2]).add("BipolarQuant", 1.0)
    return chain.add("Flatten").add("MatMul", bipolar(rng, 32, CLASSES))


def pooled_before_signs(rng):
    """The scales are negative before the pool in some channels, behind it in others, and in both."""
    chain = image(size=9, channels=2).add("Conv", bipolar(rng, 8, 2, 2, 2) * rng.choice([-1.0, 1.0], (8, 1, 1, 1)))
    chain.add("Mul", rng.choice([-0.5, 0.5], (8, 1, 1))).add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    chain.add("Mul", rng.choice([-2.0, 2.0], (8, 1, 1))).add("Add", rng.normal(0, 2, (8, 1, 1)))
    chain.add("BipolarQuant", 1.0).add("Conv", bipolar(rng, 8, 8, 2, 2)).add("BipolarQuant", 1.0)
    return chain.add("Flatten").add("MatMul", bipolar(rng, 72, CLASSES))


def padded_bits(rng):
    pads = np.array([0, 0, 1, 2, 0, 0, 1, 2])
    chain = image(channels=2).add("Pad", pads, -1.0).add("Conv", bipolar(rng, 4, 2, 3, 3)).add("BipolarQuant", 1.0)
    chain.add("Pad", pads, 1.0).add("Conv", bipolar(rng, 4, 4, 3, 3), strides=[2, 2]).add("Add", 0.5)
    return chain.add("BipolarQuant", 1.0).add("Flatten").add("MatMul", bipolar(rng, 60, CLASSES))


def padded_integers(rng):
    chain = Chain(1, 2, 6, 6).add("Div", 255.0).add("Sub", 0.5)
    chain.add("Quant", 0.25, 0.0, 3.0, signed=1, narrow=1).add("Conv", bipolar(rng, 4, 2, 3, 3), pads=[1, 1, 1, 1])
    chain.add("Add", 0.1).add("Quant", 1.0, 0.0, 1.0, signed=0, narrow=0)
    # Zeros and ones: the padding's 0 is a bit.
    chain.add("Conv", bipolar(rng, 4, 4, 3, 3), pads=[1, 1, 1, 1]).add("BipolarQuant", 1.0)
    return chain.add("Flatten").add("MatMul", bipolar(rng, 144, CLASSES))


def raw_pixels(rng):
    chain = Chain(1, 1, 6, 6).add("Div", 255.0).add("Sub", 0.25).add("Flatten")
    chain.add("MatMul", bipolar(rng, 36, 16)).add("BipolarQuant", 1.0)
    return chain.add("MatMul", bipolar(rng, 16, CLASSES))


def last_convolution(rng):
    chain = image(size=4).add("Conv", bipolar(rng, 6, 1, 2, 2)).add("BipolarQuant", 1.0)
    return chain.add("Conv", bipolar(rng, CLASSES, 6, 3, 3)).add("Flatten")


def integer_biases(rng):
    chain = vector().add("MatMul", bipolar(rng, 36, 16)).add("BipolarQuant", 1.0)
    return chain.add("MatMul", bipolar(rng, 16, CLASSES) * 0.5).add("Add", 0.5 * rng.integers(-6, 7, CLASSES))


def ranked_biases(rng):
    chain = vector().add("MatMul", bipolar(rng, 36, 16)).add("BipolarQuant", 1.0)
    return chain.add("MatMul", bipolar(rng, 16, CLASSES)).add("Add", np.array([2.5, -0.75, 2.5, 1.25, 1.25]))


NETWORKS = [
    (brevitas, 255),
    (finn, 1),
    (one_bit_quant, 255),
    *((unsigned_bit(mode), 255) for mode in ("ROUND", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN")),
    (gemm, 255),
    (unrolled, 255),
    (scale_for_each_neuron, 255),
    (sign, 255),
    (negations, 255),
    (channels_last_flatten, 255),
    (integer_convolutions, 255),
    (pooled_before_signs, 255),
    (padded_bits, 255),
    (padded_integers, 1),
    (raw_pixels, 1),
    (last_convolution, 255),
    (integer_biases, 255),
    (ranked_biases, 255),
]


@pytest.mark.parametrize(
    ("build", "divisor"), NETWORKS, ids=[build.__qualname__.split(".")[0] for build, _ in NETWORKS]
)
def test_golden_model_agrees_with_the_executor_of_qonnx(build, divisor, tmp_path):
    rng = np.random.default_rng(seed=7)
    path = build(rng).save(tmp_path / "network.onnx")
    network = import_qonnx(path)
    images = rng.integers(0, 256, (12, *network.input.shape), np.uint8)
    expected = judge(path, images, divisor=divisor)
    scores = golden.forward(network, images)
    if expected.shape[1] == 1:
        assert golden.classify(scores).tolist() == expected.ravel().tolist()
        return
    assert golden.classify(scores).tolist() == expected.argmax(axis=1).tolist()
    if build is not ranked_biases:
        # The order of all classes, not only the first.
        ours, theirs = (np.sign(rows[:, :, np.newaxis] - rows[:, np.newaxis]) for rows in (scores, expected))
        assert np.array_equal(ours, theirs)
    assert len(set(golden.classify(scores).tolist())) > 1
