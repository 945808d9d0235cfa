"""The network's records: what they say of themselves, and what they refuse."""

import numpy as np
import pytest

from xnorflow.model.ir import Dense, Element, Network, Scores, Tensor, Thermometer

RULE = Thermometer((2, 2), (8,))


def dense(mh, mw):
    return Dense(np.zeros((mh, mw), np.uint8), np.zeros(mh, np.int64))


def scores(mh, mw, bias=0):
    return Scores(np.zeros((mh, mw), np.uint8), np.full(mh, bias))


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
    assert network.tensors == (Tensor((2, 2, 1)), Tensor((3,)), Tensor((5,)), Tensor((2,), Element.INT, 5))
    assert (network.classes, network.weight_bits) == (2, 12 + 15 + 10)
    assert [(layer.mh, layer.mw) for layer in network.layers] == [(3, 4), (5, 3), (2, 5)]


def test_arrays_are_frozen_copies():
    weights = np.zeros((2, 4), np.uint8)
    layer = Dense(weights, np.zeros(2, np.int64))
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
            lambda: Dense(np.zeros(4, np.uint8), np.zeros(4, int)),
            r"weights must be a matrix of neurons by synapses, not of shape \(4,\)",
        ),
        (lambda: Dense(np.full((1, 4), 2), np.zeros(1, int)), r"weights must be bits, 0 or 1"),
        (lambda: Dense(np.zeros((2, 4)), np.zeros(3, int)), r"thresholds must have shape \(2,\), not \(3,\)"),
        (lambda: Dense(np.zeros((2, 4)), np.zeros(2)), r"thresholds must be integers, not float64"),
        (lambda: Dense(np.zeros((2, 4)), np.array([0, 6])), r"thresholds must be in 0..5, not 0..6"),
        (lambda: Dense(np.zeros((2, 4)), np.array([-1, 5])), r"thresholds must be in 0..5, not -1..5"),
        (lambda: scores(2, 4, bias=1 << 30), r"bias must be within ±1073741823, not 1073741824..1073741824"),
        (lambda: Network("n", RULE, ()), r"the last layer must be Scores"),
        (lambda: Network("n", RULE, (dense(3, 4),)), r"the last layer must be Scores"),
        (lambda: Network("n", RULE, (scores(4, 4), scores(2, 4))), r"only the last layer may be Scores"),
        (lambda: Network("n", RULE, (dense(3, 5), scores(2, 3))), r"dense0: takes 5 inputs, but gets 4"),
        (lambda: Network("n", RULE, (dense(3, 4), scores(2, 4))), r"scores1: takes 4 inputs, but gets 3"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=f"^{message}$"):
        make()
