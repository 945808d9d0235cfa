"""Networks of BNN-PYNQ, built through the public records from the arrays that others trained.

Weights are ±1 in arrays ``W<i>``; a neuron's bit is 1 when more than ``T<i>`` inputs agree with its weights.
"""

from pathlib import Path

import numpy as np

from xnorflow.model.ir import Affine, Bias, Conv2d, Dense, MaxPool, Network, Thermometer, Thresholds

__all__ = ["cnv", "lfc"]

CLASSES = 10


def lfc(path: Path) -> Network:
    """The perceptron 784-1024-1024-1024-10 for MNIST."""
    with np.load(path) as arrays:
        weights = [_bits(arrays[f"W{index}"]) for index in range(4)]
        thresholds = [arrays[f"T{index}"] for index in range(4)]
    # Its 784 inputs were padded to 832 with bits 0 against weights +1, which never agree.
    assert weights[0][:, 784:].all()
    weights[0] = weights[0][:, :784]
    hidden = [Dense(matrix, Thresholds(level + 1)) for matrix, level in zip(weights[:3], thresholds[:3], strict=True)]
    # Twice the number of agreeing inputs above the threshold, in terms of the dot product.
    scores = Dense(weights[3][:CLASSES], Bias(weights[3].shape[1] - 2 * thresholds[3][:CLASSES]))
    return Network("lfc", Thermometer((28, 28), (128,)), (*hidden, scores), dataset="mnist")


def cnv(path: Path) -> Network:
    """The convolutional network for CIFAR-10."""
    with np.load(path) as arrays:
        weights = [_bits(arrays[f"W{index}"]) for index in range(9)]
        thresholds = [arrays[f"T{index}"] + 1 for index in range(8)]
    # The first layer takes integers, and compares twice the dot product.
    thresholds[0] = (thresholds[0] - 1) // 2 + 1
    layers = [
        (Conv2d if weight.ndim == 4 else Dense)(weight, Thresholds(threshold))
        for weight, threshold in zip(weights[:8], thresholds, strict=True)
    ]
    scores = Dense(weights[8][:CLASSES], Bias(np.zeros(CLASSES, np.int64)))
    # floor((2 * pixel / 255 - 1) * 128), cut to 8 bits
    image = Affine((32, 32, 3), multiplier=256, offset=-128 * 255, divisor=255, width=8, signed=True)
    return Network("cnv", image, (*layers[:2], MaxPool(), *layers[2:4], MaxPool(), *layers[4:], scores))


def _bits(weights: np.ndarray) -> np.ndarray:
    return (weights > 0).astype(np.uint8)
