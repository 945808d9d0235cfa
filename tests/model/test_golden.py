"""The golden model against the formulas of docs/ir.md, written once more with plain loops."""

import time

import numpy as np
import pytest

from tests.networks import random_images, random_network
from xnorflow.model.golden import classify, forward, predict, quantize, trace
from xnorflow.model.ir import Dense, Network, Scores, Thermometer
from xnorflow.model.zoo import random_network as zoo_network


def by_the_book(network, image):
    """All bits and scores of one image."""
    values = [int(pixel >= level) for pixel in image.flatten().tolist() for level in network.input.levels]
    steps = [values]
    for layer in network.layers:
        matches = [sum(x == w for x, w in zip(values, row, strict=True)) for row in layer.weights.tolist()]
        if isinstance(layer, Dense):
            values = [int(m >= t) for m, t in zip(matches, layer.thresholds.tolist(), strict=True)]
        else:
            values = [2 * m - layer.mw + b for m, b in zip(matches, layer.bias.tolist(), strict=True)]
        steps.append(values)
    return steps


@pytest.mark.parametrize("sizes", [(1, 1), (1, 1, 1), (9, 5), (16, 7, 4), (33, 17, 9, 3), (5, 300, 2)])
@pytest.mark.parametrize("extreme", [False, True])
def test_every_layer_follows_the_formulas(sizes, extreme):
    network = random_network(sizes, seed=len(sizes), extreme=extreme)
    images = random_images(network, 20)
    steps = trace(network, images)
    for number, image in enumerate(images):
        assert [step[number].flatten().tolist() for step in steps] == by_the_book(network, image)
    assert (forward(network, images) == steps[-1]).all()
    assert (predict(network, images) == [row.index(max(row)) for row in steps[-1].tolist()]).all()


def test_thermometer_keeps_the_pixels_order():
    rule = Thermometer((1, 2), (4, 8, 12))
    assert quantize(rule, np.array([[[3, 8]], [[12, 4]]], np.uint8)).tolist() == [
        [[[0, 0, 0], [1, 1, 0]]],
        [[[1, 1, 1], [1, 0, 0]]],
    ]


def test_ties_go_to_the_lowest_index():
    assert classify(np.array([[1, 5, 5], [2, 2, 2], [-3, -9, -3]])).tolist() == [1, 0, 0]


def test_constant_neurons():
    layer = Dense(np.ones((2, 3), np.uint8), np.array([0, 4]))
    network = Network("n", Thermometer((3,), (1,)), (layer, Scores(np.ones((1, 2), np.uint8), np.zeros(1, np.int64))))
    everything = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)], np.uint8)
    assert (trace(network, everything)[1] == [1, 0]).all()


def test_more_images_than_a_batch_and_none():
    network = random_network((8, 4, 3))
    images = random_images(network, 2345)
    assert (forward(network, images) == np.concatenate([forward(network, part) for part in np.split(images, 5)])).all()
    assert forward(network, images[:0]).shape == (0, 3)
    assert predict(network, images[:0]).shape == (0,)


@pytest.mark.parametrize(
    ("images", "kind", "message"),
    [
        (np.zeros((1, 8)), TypeError, r"images must be uint8, not float64"),
        (np.zeros((1, 9), np.uint8), ValueError, r"images must have shape \(count, 8\), not \(1, 9\)"),
        (np.zeros(8, np.uint8), ValueError, r"images must have shape \(count, 8\), not \(8,\)"),
    ],
)
def test_wrong_images_are_refused(images, kind, message):
    network = random_network((8, 3))
    for function in (predict, forward, trace):
        with pytest.raises(kind, match=f"^{message}$"):
            function(network, images)


def test_lfc_classifies_ten_thousand_images_in_five_seconds():
    network = zoo_network("lfc")
    images = random_images(network, 10_000)
    # The better of two: other work on the machine may disturb one.
    assert min(seconds(network, images) for _ in range(2)) < 5


def seconds(network, images):
    start = time.perf_counter()
    assert predict(network, images).shape == (len(images),)
    return time.perf_counter() - start
