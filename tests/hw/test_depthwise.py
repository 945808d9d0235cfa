# amaranth: UnusedElaboratable=no
"""Neurons with activations of their own, and the beats that they take."""

import numpy as np
import pytest

from tests.hw.bench import STALLS, stream
from xnorflow.hw.device import ECP5, ICE40
from xnorflow.hw.folding import Folding, neurons_in_beats
from xnorflow.hw.mvu import Product
from xnorflow.hw.stage import Place
from xnorflow.hw.taps import taps_of
from xnorflow.model.bits import pack, unpack
from xnorflow.model.ir import Conv2d, Dense, Tensor, Thresholds

VECTORS = 5

# channels, multiplier, kernel, pe, simd
SIZES = [
    (2, 1, (1, 1), 1, 1),
    (4, 1, (3, 3), 4, 1),
    (4, 1, (3, 3), 2, 9),
    (7, 1, (3, 2), 3, 4),
    (20, 1, (2, 2), 20, 3),
    (3, 2, (3, 1), 4, 2),
    (5, 3, (1, 2), 7, 1),
]


def depthwise(channels, multiplier, kernel, rng):
    mh, taps = channels * multiplier, kernel[0] * kernel[1]
    weights = rng.integers(0, 2, (mh, *kernel, 1))
    return Conv2d(weights, Thresholds(rng.integers(0, taps + 2, mh)), groups=channels)


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(("channels", "multiplier", "kernel", "pe", "simd"), SIZES)
def test_each_neuron_has_its_own_activations(channels, multiplier, kernel, pe, simd, stalls):
    rng = np.random.default_rng(seed=pe * simd)
    layer, folding = depthwise(channels, multiplier, kernel, rng), Folding(pe, simd)
    product = Product(layer, folding, Tensor((9, 9, channels)), vectors=1)
    synapses, neurons = folding.synapse_fold(layer), folding.neuron_fold(layer)
    inputs = rng.integers(0, 2, (VECTORS, layer.mh, layer.mw), np.uint8)
    padded = np.zeros((VECTORS, neurons * pe, synapses * simd), np.uint8)
    padded[:, : layer.mh, : layer.mw] = inputs
    # A beat has some pixels of each of some neurons; the next one has their next pixels.
    beats = padded.reshape(VECTORS, neurons, pe, synapses, simd).transpose(0, 1, 3, 2, 4).reshape(-1, pe * simd)
    for family, place in ((ICE40, Place.LUT), (ECP5, Place.BLOCK)):
        dut = product.component({"weights": place, "levels": place}, family)
        run = stream(dut, [pack(beat) for beat in beats], count=VECTORS * neurons, stalls=stalls)
        bits = np.array([unpack(beat, pe) for beat in run.beats]).reshape(VECTORS, -1)[:, : layer.mh]
        matches = (inputs == layer.matrix).sum(axis=-1)
        assert (bits == (matches >= layer.ending.thresholds)).all()
        if not stalls:
            assert run.given[0] - run.taken[synapses - 1] == product.latency(family)
            assert np.diff(run.taken).tolist() == [1] * (len(beats) - 1)


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(("channels", "multiplier", "kernel", "pe", "simd"), SIZES)
def test_taps_are_the_pixels_of_each_neuron(channels, multiplier, kernel, pe, simd, stalls):
    rng = np.random.default_rng(seed=pe + simd)
    layer, folding = depthwise(channels, multiplier, kernel, rng), Folding(pe, simd)
    taps = taps_of(layer, 2, folding, VECTORS)
    parts = -(-channels // taps.channels)
    assert taps.vectors == VECTORS * parts
    values = np.zeros((VECTORS, layer.mw, parts * taps.channels), int)
    values[..., :channels] = rng.integers(0, 4, (VECTORS, layer.mw, channels))
    # What comes is a part after the other, each pixel by pixel.
    came = values.reshape(VECTORS, layer.mw, parts, taps.channels).transpose(0, 2, 1, 3).reshape(-1, taps.channels)
    words = [sum(int(value) << 2 * n for n, value in enumerate(word)) for word in came]
    run = stream(taps.component({}, ICE40), words, count=taps.vectors * taps.beats, stalls=stalls)
    found = np.array([[beat >> 2 * n & 3 for n in range(pe * simd)] for beat in run.beats])
    neurons, synapses = folding.neuron_fold(layer), folding.synapse_fold(layer)
    found = found.reshape(VECTORS, neurons, synapses, pe, simd).transpose(0, 1, 3, 2, 4)
    by_neuron = found.reshape(VECTORS, neurons * pe, synapses * simd)[:, : layer.mh, : layer.mw]
    expected = values[..., :channels].transpose(0, 2, 1).repeat(multiplier, axis=1)
    assert (by_neuron == expected).all()
    if not stalls:
        assert run.taken[-1] - run.taken[0] < taps.vectors * max(layer.mw, taps.beats)


def test_groups_fill_up_their_last_beat():
    layer = Conv2d(np.zeros((10, 1, 1, 2), int), Thresholds(np.zeros(10, int)), groups=2)
    found = neurons_in_beats(layer, Folding(3, 1), np.arange(10), -1)
    assert found.tolist() == [[0, 1, 2], [3, 4, -1], [5, 6, 7], [8, 9, -1]]
    whole = neurons_in_beats(Dense(np.zeros((4, 2), int), Thresholds(np.zeros(4, int))), Folding(3, 1), np.arange(4), 0)
    assert whole.tolist() == [[0, 1, 2], [3, 0, 0]]
