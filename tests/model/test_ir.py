"""The network's records: what they say of themselves, and what they refuse."""

import numpy as np
import pytest

from xnorflow.model.ir import Affine, Bias, Conv2d, Dense, Element, MaxPool, Network, Tensor, Thermometer, Thresholds

RULE = Thermometer((2, 2), (8,))


def dense(mh, mw):
    return Dense(np.zeros((mh, mw), np.uint8), Thresholds(np.zeros(mh, np.int64)))


def convolution(*shape, **numbers):
    return Conv2d(np.zeros(shape, np.uint8), Thresholds(np.zeros(shape[0], np.int64)), **numbers)


def placed(rule, *layers):
    return Network("n", rule, (*layers, scores(2, 4)))


def scores(mh, mw, bias=0):
    return Dense(np.zeros((mh, mw), np.uint8), Bias(np.full(mh, bias)))


@pytest.mark.parametrize(
    ("shape", "levels", "output"),
    [
        ((8, 8), (4, 8, 12), (8, 8, 3)),
        ((28, 28), (128,), (28, 28, 1)),
        ((2, 3, 3), (1, 255), (2, 3, 6)),
        ((5,), (1, 2), (10,)),
    ],
)
def test_bits_of_a_pixel_are_innermost(shape, levels, output):
    assert Thermometer(shape, levels).output == Tensor(output)


def test_network_describes_itself():
    network = Network("n", RULE, (dense(3, 4), dense(5, 3), scores(2, 5, bias=-3)))
    assert network.names == ("dense0", "dense1", "scores2")
    assert network.tensors == (Tensor((2, 2, 1)), Tensor((3,)), Tensor((5,)), Tensor((2,), Element.INT, 4, (-8, 2)))
    assert (network.classes, network.weight_bits) == (2, 12 + 15 + 10)
    assert [(layer.mh, layer.mw) for layer in network.layers] == [(3, 4), (5, 3), (2, 5)]


def test_network_of_images_describes_itself():
    first, second = convolution(4, 3, 2, 3, padding=(1, 1)), convolution(2, 2, 2, 4, stride=(3, 1))
    network = Network(
        "n", Affine((8, 6, 3), width=5), (first, MaxPool(), second, MaxPool((1, 2), (1, 1)), scores(2, 2))
    )
    assert network.names == ("conv2d0", "maxpool1", "conv2d2", "maxpool3", "scores4")
    assert network.tensors == (
        Tensor((8, 6, 3), Element.UINT, 5),
        Tensor((8, 7, 4)),
        Tensor((4, 3, 4)),
        Tensor((1, 2, 2)),
        Tensor((1, 1, 2)),
        Tensor((2,), Element.INT, 3, (-2, 2)),
    )
    assert list(network.matrices) == ["conv2d0", "conv2d2", "scores4"]
    assert network.weight_bits == 4 * 18 + 2 * 16 + 2 * 2
    assert network.multiplications == 8 * 7 * 4 * 18 + 2 * 2 * 16 + 4


@pytest.mark.parametrize(
    ("signed", "width", "output"),
    [(False, 8, Tensor((2, 3, 1), Element.UINT, 8)), (True, 2, Tensor((2, 3, 1), Element.INT, 2))],
)
def test_integers_have_a_width_and_a_channel(signed, width, output):
    assert Affine((2, 3), signed=signed, width=width).output == output


def test_arrays_are_frozen_copies():
    weights = np.zeros((2, 4), np.uint8)
    layer = Dense(weights, Thresholds(np.zeros(2, np.int64)))
    weights[0, 0] = 1
    assert layer.weights[0, 0] == 0
    with pytest.raises(ValueError, match=r"^assignment destination is read-only$"):
        layer.weights[0, 0] = 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Thermometer((), (8,)), r"shape must be 1 to 3 positive numbers, not \(\)"),
        (lambda: Thermometer((2, 0), (8,)), r"shape must be 1 to 3 positive numbers, not \(2, 0\)"),
        (lambda: Thermometer((2,), ()), r"levels must be one or more ascending numbers, not \(\)"),
        (lambda: Thermometer((2,), (9, 9)), r"levels must be one or more ascending numbers, not \(9, 9\)"),
        (lambda: Thermometer((2,), (0, 9)), r"levels must be in 1..255, not \(0, 9\)"),
        (lambda: Thermometer((2,), (9, 256)), r"levels must be in 1..255, not \(9, 256\)"),
        (
            lambda: Dense(np.zeros(4, np.uint8), Thresholds(np.zeros(4, int))),
            r"weights must be a matrix of neurons by synapses, not of shape \(4,\)",
        ),
        (lambda: Dense(np.full((1, 4), 2), Thresholds(np.zeros(1, int))), r"weights must be bits, 0 or 1"),
        (
            lambda: Dense(np.zeros((2, 4)), Thresholds(np.zeros(3, int))),
            r"thresholds must have shape \(2,\), not \(3,\)",
        ),
        (lambda: Dense(np.zeros((2, 4)), Thresholds(np.zeros(2))), r"thresholds must be integers, not float64"),
        (
            lambda: placed(RULE, Dense(np.zeros((2, 4)), Thresholds([0, 6]))),
            r"dense0: thresholds must be in 0..5, not 0..6",
        ),
        (
            lambda: placed(RULE, Dense(np.zeros((2, 4)), Thresholds([-1, 5]))),
            r"dense0: thresholds must be in 0..5, not -1..5",
        ),
        (
            lambda: placed(Affine((2, 2), width=3), Dense(np.zeros((2, 4)), Thresholds([-28, 30]))),
            r"dense0: thresholds must be in -28..29, not -28..30",
        ),
        (
            lambda: placed(Affine((2, 2), width=3, signed=True), Dense(np.zeros((2, 4)), Thresholds([-17, 17]))),
            r"dense0: thresholds must be in -16..17, not -17..17",
        ),
        (lambda: Affine((2,), width=9), r"width must be in 2..8, not 9"),
        (lambda: Affine((2,), divisor=0), r"divisor must be in 1..2147483647, not 0"),
        (lambda: Affine((2,), offset=1 << 31), r"offset must be within ±2147483647, not 2147483648"),
        (
            lambda: convolution(1, 2, 2),
            r"weights must be neurons by kernel rows by kernel columns by channels, not of shape \(1, 2, 2\)",
        ),
        (lambda: convolution(1, 1025, 2, 1), r"kernel must be 1..1024 in each direction, not 1025x2"),
        (lambda: convolution(1, 2, 2, 1, stride=(1, 0)), r"stride must be at least 1, not \(1, 0\)"),
        (
            lambda: convolution(1, 2, 3, 1, padding=(2, 2)),
            r"padding must be at least 0 and less than the kernel, 2x3, not \(2, 2\)",
        ),
        (lambda: placed(RULE, convolution(1, 2, 2, 1, pad=2)), r"conv2d0: pad must be in 0..1, not 2"),
        (
            lambda: placed(Affine((2, 2), width=4, signed=True), convolution(1, 2, 2, 1, pad=8)),
            r"conv2d0: pad must be in -8..7, not 8",
        ),
        (
            lambda: placed(RULE, convolution(1, 2, 2, 3)),
            r"conv2d0: takes images of 3 channels, but gets shape \(2, 2, 1\)",
        ),
        (
            lambda: placed(RULE, dense(3, 4), convolution(1, 2, 1, 3)),
            r"conv2d1: takes images of 3 channels, but gets shape \(3,\)",
        ),
        (
            lambda: placed(RULE, convolution(1, 5, 2, 1, padding=(1, 0))),
            r"conv2d0: kernel must fit the padded image, 4x2, not be 5x2",
        ),
        (lambda: MaxPool((0, 2)), r"kernel must be at least 1, not \(0, 2\)"),
        (
            lambda: MaxPool((2, 3), padding=(1, 3)),
            r"padding must be at least 0 and less than the kernel, 2x3, not \(1, 3\)",
        ),
        (lambda: MaxPool((2, 2), (0, 1)), r"stride must be at least 1, not \(0, 1\)"),
        (lambda: placed(RULE, MaxPool((2, 3))), r"maxpool0: kernel must fit the padded image, 2x2, not be 2x3"),
        (lambda: scores(2, 4, bias=1 << 30), r"bias must be within ±1073741823, not 1073741824..1073741824"),
        (lambda: Network("n", RULE, ()), r"the last layer must give scores, integers of one axis; end it in Bias"),
        (
            lambda: Network("n", RULE, (dense(3, 4),)),
            r"the last layer must give scores, integers of one axis; end it in Bias",
        ),
        (lambda: Network("n", RULE, (dense(3, 5), scores(2, 3))), r"dense0: takes 5 inputs, but gets 4"),
        (lambda: Network("n", RULE, (dense(3, 4), scores(2, 4))), r"scores1: takes 4 inputs, but gets 3"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        make()
