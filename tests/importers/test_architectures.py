"""Blocks of published binarized networks, as ``docs/import.md`` lists them: imported exactly, or refused by name."""

import numpy as np
import pytest

from tests.importers.graphs import Chain, bipolar, check
from tests.importers.reference import reference
from xnorflow.model import golden
from xnorflow.model.qonnx.reader import import_qonnx

FILTERS = (4, 4, 3, 3)
SAME = {"pads": [1] * 4}
NORMS = (
    "the sum of two normalizations is real-valued and goes on, as a shortcut of Bi-Real Net, where only its sign may; "
    "binarize it and train again, or quantize it and export so that normalizations are folded (dynamo=True)"
)


def normal(rng, chain, size=4):
    parts = (rng.uniform(0.5, 2, size), rng.normal(size=size), 2 * rng.normal(size=size), rng.uniform(0.5, 4, size))
    return chain.add("BatchNormalization", *parts)


def stem(rng, weights=None):
    """A first convolution of ±1 on an image of two channels, and its normalization."""
    weights = bipolar(rng, 4, 2, 1, 1) if weights is None else weights
    return normal(rng, Chain(1, 2, 6, 6).add("Conv", weights))


def bits(chain):
    return chain.add("BipolarQuant", 1.0)


def scores(rng, chain, size=144, weights=None):
    return chain.add("Flatten").add("MatMul", bipolar(rng, size, 3) if weights is None else weights)


def scaled(rng, *shape):
    """XNOR-Net's weights: signs times the mean of magnitudes."""
    return bipolar(rng, *shape) * rng.uniform(0.1, 0.9, (shape[0], 1, 1, 1)).astype(np.float32)


def xnor_net(rng, first=None, last=None):
    chain = bits(stem(rng, first)).add("Conv", scaled(rng, *FILTERS), **SAME)
    chain = bits(normal(rng, chain.add("Relu").add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])))
    return scores(rng, chain, 36, last)


def with_scaling_of_activations(rng):
    chain = stem(rng)
    numbers = chain.tail
    product = bits(chain).add("Conv", scaled(rng, *FILTERS), **SAME).tail
    chain.tail = numbers
    chain.tail = chain.node("Mul", [product, chain.add("Abs").add("ReduceMean", axes=[1], keepdims=1).tail])
    return scores(rng, bits(chain))


def levels(chain, width):
    return chain.add("Clip", 0.0, 1.0).add("Mul", 2.0**width - 1).add("Round").add("Div", 2.0**width - 1)


def dorefa(rng, width, of_weights=1):
    weights = 2 * rng.integers(0, 2**of_weights, FILTERS) - 2**of_weights + 1
    chain = levels(stem(rng), width).add("Conv", weights.astype(np.float32), **SAME).add("Div", 2.0**of_weights - 1)
    return scores(rng, levels(normal(rng, chain), width))


def of_weights(rng, weights, **attributes):
    chain = bits(stem(rng)).add("Conv", weights, **(attributes or SAME))
    return scores(rng, bits(normal(rng, chain)), 36 if attributes else 144)


def ternary(rng, low, high):
    signs = rng.integers(-1, 2, FILTERS)
    return np.where(signs > 0, np.float32(high), np.where(signs < 0, np.float32(low), np.float32(0)))


def binary_net(rng):
    chain = bits(normal(rng, bits(stem(rng)).add("Conv", bipolar(rng, *FILTERS))))
    chain.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2]).add("Flatten").add("MatMul", bipolar(rng, 16, 6))
    return normal(rng, scores(rng, bits(normal(rng, chain, 6)), 6), 3)


def without_shortcut(rng):
    """ReActNet's sign and its PReLU, both with a shift for each channel."""
    moves = [rng.normal(size=(4, 1, 1)) for _ in range(3)]
    chain = bits(stem(rng).add("Add", moves[0])).add("Conv", bipolar(rng, *FILTERS), **SAME)
    chain = normal(rng, chain).add("Add", moves[1]).add("PRelu", rng.uniform(0.1, 0.5, (4, 1, 1))).add("Add", moves[2])
    return scores(rng, bits(chain))


def shortcut(rng, relu):
    """Bi-Real Net's block; with a ReLU before the normalization it is QuickNet's."""
    chain = stem(rng)
    numbers = chain.tail
    bits(chain).add("Conv", bipolar(rng, *FILTERS), **SAME)
    chain.tail = chain.node("Add", [normal(rng, chain.add("Relu") if relu else chain).tail, numbers])
    return scores(rng, chain.add("Relu").add("GlobalAveragePool"), 4)


def dense_net(rng):
    chain = Chain(1, 2, 6, 6).add("Conv", bipolar(rng, 4, 2, 1, 1))
    numbers = chain.tail
    bits(normal(rng, chain)).add("Conv", bipolar(rng, *FILTERS), **SAME)
    chain.tail = chain.node("Concat", [numbers, chain.tail], axis=1)
    return scores(rng, bits(normal(rng, chain, 8)), 288)


def gated(rng):
    chain = bits(stem(rng))
    data = chain.tail
    gate = chain.add("GlobalAveragePool").add("Conv", bipolar(rng, 4, 4, 1, 1)).add("Sigmoid").tail
    chain.tail = data
    chain.tail = chain.node("Mul", [chain.add("Conv", bipolar(rng, *FILTERS), **SAME).tail, gate])
    return scores(rng, bits(normal(rng, chain)))


BLUR = np.tile(np.outer((1, 2, 1), (1, 2, 1)).astype(np.float32) / 16, (4, 1, 1, 1))


@pytest.mark.parametrize(
    "make",
    [
        xnor_net,
        lambda rng: dorefa(rng, 1),
        lambda rng: dorefa(rng, 4),
        lambda rng: dorefa(rng, 2, of_weights=2),
        lambda rng: dorefa(rng, 2, of_weights=8),
        lambda rng: of_weights(rng, ternary(rng, -0.37, 0.37)),
        lambda rng: of_weights(rng, BLUR, group=4, strides=[2, 2], **SAME),
        binary_net,
        without_shortcut,
    ],
    ids=["XNOR-Net", "DoReFa", "DoReFa 1-4", "DoReFa 2-2", "DoReFa 8-2", "TWN", "blur", "BinaryNet", "ReActNet's sign"],
)
def test_what_is_listed_as_imported_is(tmp_path, make):
    rng = np.random.default_rng(seed=0)
    chain = make(rng)
    network = import_qonnx(chain.save(tmp_path / "network.onnx"))
    images = rng.integers(0, 256, (30, *network.input.shape), np.uint8)
    expected = reference(chain.model(), images.transpose(0, 3, 1, 2) / 255)
    assert np.array_equal(golden.predict(network, images), expected.argmax(axis=1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda rng: shortcut(rng, relu=False), f"Add_5 (Add): {NORMS}"),
        (lambda rng: shortcut(rng, relu=True), f"Add_6 (Add): {NORMS}"),
        (
            dense_net,
            "Concat_4 (Concat): is not supported; docs/import.md lists the operators that are",
        ),
        (
            gated,
            "Sigmoid_5 (Sigmoid): must be undone, come before a sign, or end the network; it is no line",
        ),
        (
            with_scaling_of_activations,
            "ReduceMean_5 (ReduceMean): must take the mean over rows and columns, the axes behind the channels, not "
            "over (1,)",
        ),
        (
            lambda rng: of_weights(rng, ternary(rng, -0.52, 0.37)),
            "Conv_3 (Conv): weights of neuron 0 must be integers times one scale exactly, but are -52, 0, 37 times "
            "0.01 rounded to float32, as an exporter folds a batch normalization into them; keep the two apart, or "
            "quantize what is exported",
        ),
        (
            lambda rng: xnor_net(rng, last=rng.normal(size=(36, 3))),
            "MatMul_9 (MatMul): weights of the last layer must be ±1, or integers of up to 8 bits, times one scale for "
            "each class, not real numbers; quantize it to 8 bits, or train it with 1-bit weights",
        ),
        (
            lambda rng: xnor_net(rng, first=rng.normal(size=(4, 2, 1, 1))),
            "Conv_0 (Conv): weights of neuron 0 must be ±1, or integers of up to 8 bits, times one scale, not "
            "-0.132105, 0.12573; train with 1-bit weights",
        ),
        (
            lambda rng: dorefa(rng, 5),
            "Conv_6 (Conv): must get at most 16 numbers at equal distances in channel 0, not 0, 0.0322581, 0.0645161, "
            "0.0967742, 0.129032, ...; quantize to 1 to 4 bits",
        ),
    ],
)
def test_what_is_listed_as_refused_is(tmp_path, make, message):
    check(make(np.random.default_rng(seed=0)).save(tmp_path / "network.onnx"), message)
