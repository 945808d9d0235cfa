"""Channels that are constant, since their weights or their scale are 0, and channels of several scales."""

import numpy as np
import pytest
from onnx import TensorProto

from tests.importers.graphs import Chain, bipolar, check
from tests.importers.reference import reference
from xnorflow.model import golden
from xnorflow.model.qonnx.reader import import_qonnx

RNG = np.random.default_rng(seed=0)
ONES = np.ones(4)
SOME = np.array([1.0, 0.0, -0.5, 1.0])
BIAS = np.array([0.5, 1.5, 1.0, -1.0])
FOUR, THREE = bipolar(RNG, 4, 1, 3, 3), bipolar(RNG, 4, 3, 3, 3)
NEXT = bipolar(RNG, 4, 4, 3, 3)
SQUARE = SOME[:, None, None, None]


def bits(channels=1):
    return Chain(1, channels, 6, 6).add("Sub", 0.5).add("BipolarQuant", 1.0)


def raw(channels=3):
    """Pixels as they are."""
    return Chain(1, channels, 6, 6, element=TensorProto.UINT8).add("Cast", to=TensorProto.FLOAT)


def dead():
    """Dot products, the second channel of which is constant."""
    return bits().add("Conv", FOUR * SQUARE, BIAS)


def normed():
    """The same by a batch normalization."""
    return normal(bits().add("Conv", FOUR))


def normal(chain, scale=SOME):
    return chain.add("BatchNormalization", scale, BIAS, 0 * ONES, ONES, epsilon=0.0)


def sign(chain):
    return chain.add("BipolarQuant", 1.0)


def levels(chain):
    return chain.add("Mul", 0.5).add("Clip", 0.0, 3.0).add("Round")


def ended(chain, size=64):
    return chain.add("Flatten").add("MatMul", bipolar(RNG, size, 5))


def summed(chain, other):
    """A sum of two arms of a graph."""
    chain.tail = chain.node("Add", [chain.tail, other(chain)])
    return chain


def arm(weights, source="BipolarQuant_1_out0"):
    return lambda chain: chain.node("Conv", [source, chain.constant(weights)])


PADDED = {"pads": [1, 1, 1, 1]}
CHAINS = {
    "bits": ended(sign(dead())),
    "bits, normed": ended(sign(normed())),
    "into a convolution": ended(sign(sign(dead()).add("Conv", NEXT)), 16),
    "into one padded by 0": ended(sign(sign(normed()).add("Conv", NEXT, **PADDED))),
    "levels into one padded by 0": ended(sign(levels(dead()).add("Conv", NEXT, **PADDED))),
    "levels of channels that rise and fall behind a pool": ended(
        sign(
            levels(normal(bits().add("Conv", FOUR).add("MaxPool", kernel_shape=[2, 2]), np.array([1, 0, -1, 0.5]))).add(
                "Conv", NEXT, **PADDED
            )
        ),
        36,
    ),
    "bits times 0 into one padded by 0": ended(
        sign(sign(normed()).add("Mul", np.array([1.0, 0, 1, 1])[:, None, None]).add("Conv", NEXT, **PADDED))
    ),
    "integers into a convolution": ended(sign(normed().add("Conv", NEXT)), 16),
    "maximum": ended(sign(normed().add("MaxPool", kernel_shape=[2, 2])), 36),
    "maximum of bits that fall": ended(bits().add("Neg").add("MaxPool", kernel_shape=[3, 3]), 16),
    "maximum of integers that fall behind a pool": ended(
        sign(normal(bits().add("Conv", FOUR).add("MaxPool", kernel_shape=[2, 2])).add("MaxPool", kernel_shape=[2, 2])),
        16,
    ),
    "mean, then bits": ended(sign(dead().add("AveragePool", kernel_shape=[2, 2]).add("Sub", 0.25)), 36),
    "mean, then scores": ended(dead().add("GlobalAveragePool"), 4),
    "sum of arms": ended(sign(summed(normed(), arm(FOUR[::-1])))),
    "sum of bits and an arm": ended(sign(summed(sign(normed()), arm(FOUR * 0.75)))),
    "a class": bits()
    .add("Flatten")
    .add(
        "MatMul",
        bipolar(RNG, 36, 4) * np.array([1, 0, 1, 1]),
    )
    .add("Add", BIAS),
    "a class, normed": normal(bits().add("Flatten").add("MatMul", bipolar(RNG, 36, 4))),
    "a class by a convolution": normal(bits().add("Conv", bipolar(RNG, 4, 1, 6, 6))).add("Flatten"),
    "a channel of pixels, then bits": ended(
        sign(sign(raw().add("Mul", np.array([1.0, 0, 2])[:, None, None]).add("Sub", 99.5)).add("Conv", THREE))
    ),
    "a channel of pixels": ended(sign(raw().add("Mul", np.array([1.0, 0, 2])[:, None, None]).add("Conv", THREE))),
    "three deviations, three means": ended(
        sign(
            raw()
            .add("Sub", np.array([120.0, 99, 64])[:, None, None])
            .add("Div", np.array([0.25, 0.5, 2])[:, None, None])
            .add("Conv", THREE, **PADDED)
        ),
        144,
    ),
    "deviations of pixels of a vector": Chain(1, 8, element=TensorProto.UINT8)
    .add("Cast", to=TensorProto.FLOAT)
    .add("Mul", np.array([1, 2, 3, 4, -5, 6, 7, 0.5]))
    .add("MatMul", bipolar(RNG, 8, 5)),
}


@pytest.mark.parametrize("name", CHAINS)
def test_constant_channels_and_several_scales(name, tmp_path):
    chain = CHAINS[name]
    network = import_qonnx(chain.save(tmp_path / "a.onnx"))
    shape = network.input.shape
    images = np.random.default_rng(seed=1).integers(0, 256, (60, *shape), dtype=np.uint8)
    images[:20] = images[:20, :1] if len(shape) == 1 else images[:20, :1, :1]
    inputs = images.transpose(0, 3, 1, 2) if len(shape) == 3 else images
    divisor = 1 if network.provenance["input_scale"] == "1" else 255
    expected = reference(chain.model(), inputs / divisor).argmax(axis=1)
    assert len(set(expected.tolist())) > 1
    np.testing.assert_array_equal(golden.predict(network, images), expected)


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        (
            raw()
            .add("Div", np.array([0.229, 0.224, 0.225])[:, None, None])
            .add("Conv", THREE)
            .add("BipolarQuant", 1.0)
            .add("Flatten")
            .add("MatMul", bipolar(RNG, 64, 5)),
            "Conv_2 (Conv): inputs must have one scale, or be multiples of one number by integers of at most 16 bits, "
            "not 4.36681, 4.44444, 4.46429; quantize per tensor",
        ),
    ],
)
def test_scales_that_no_few_bits_hold_are_refused(chain, message, tmp_path):
    check(chain.save(tmp_path / "a.onnx"), message)
