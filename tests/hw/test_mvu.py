# amaranth: UnusedElaboratable=no
from dataclasses import replace

import numpy as np
import pytest

from tests.hw.bench import STALLS, stream
from xnorflow.hw.device import ECP5, ICE40
from xnorflow.hw.folding import Folding
from xnorflow.hw.mvu import MatrixVectorUnit, Product
from xnorflow.hw.stage import Place
from xnorflow.model.bits import bipolar, pack, unpack
from xnorflow.model.ir import Bias, Dense, Tensor, Thresholds

VECTORS = 6
FAMILIES = [ICE40, ECP5, replace(ICE40, bram_width=1, bram_ratios=1), replace(ICE40, bram_width=36)]

# mw, mh, pe, simd
SIZES = [
    (1, 1, 1, 1),
    (1, 5, 2, 1),
    (9, 1, 1, 4),
    (8, 4, 1, 1),
    (8, 4, 4, 8),
    (13, 7, 3, 5),
    (16, 6, 6, 2),
    (30, 10, 10, 7),
    (20, 24, 24, 20),
    (33, 21, 17, 9),
]


def matrix_vector(layer, pe, simd, place, stalls, family=ICE40):
    rng = np.random.default_rng(seed=1)
    folding = Folding(pe, simd)
    synapses, neurons = folding.synapse_fold(layer), folding.neuron_fold(layer)
    inputs = rng.integers(0, 2, (VECTORS, layer.mw), np.uint8)
    padded = np.pad(inputs, ((0, 0), (0, synapses * simd - layer.mw)))
    beats = [pack(word) for vector in padded for word in np.tile(vector.reshape(synapses, simd), (neurons, 1))]
    product = Product(layer, folding, Tensor((layer.mw,)), vectors=1)
    dut = MatrixVectorUnit(product=product, places={"weights": place, "levels": place}, family=family)
    run = stream(dut, beats, count=VECTORS * neurons, stalls=stalls)
    if not stalls:
        assert run.given[0] - run.taken[synapses - 1] == dut.latency
        # Not a single bubble, neither inside a vector nor between two.
        assert np.diff(run.taken).tolist() == [1] * (len(beats) - 1)
        assert set(np.diff(run.given)) <= {synapses}
    dots = bipolar(inputs).astype(int) @ bipolar(layer.weights).astype(int).T
    return dut, run, dots


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("family", [ICE40, ECP5], ids=lambda family: family.name)
@pytest.mark.parametrize(("mw", "mh", "pe", "simd"), SIZES)
def test_thresholds_equal_the_definition(mw, mh, pe, simd, family, stalls):
    rng = np.random.default_rng(seed=mw * mh)
    layer = Dense(rng.integers(0, 2, (mh, mw)), Thresholds(rng.integers(0, mw + 2, mh)))
    _, run, dots = matrix_vector(layer, pe, simd, Place.LUT, stalls, family)
    groups = -(-mh // pe)
    bits = np.array([unpack(beat, pe) for beat in run.beats]).reshape(VECTORS, groups * pe)[:, :mh]
    assert (bits == ((dots + mw) // 2 >= layer.ending.thresholds)).all()


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("family", [ICE40, ECP5], ids=lambda family: family.name)
@pytest.mark.parametrize(("mw", "mh", "pe", "simd"), SIZES)
def test_scores_equal_the_definition(mw, mh, pe, simd, family, stalls):
    rng = np.random.default_rng(seed=mw * mh)
    layer = Dense(rng.integers(0, 2, (mh, mw)), Bias(rng.integers(-9, 10, mh)))
    dut, run, dots = matrix_vector(layer, pe, simd, Place.LUT, stalls, family)
    width = dut.result.width
    values = [beat >> width * n & (1 << width) - 1 for beat in run.beats for n in range(pe)]
    signed = np.array([value - ((value >> width - 1) << width) for value in values])
    groups = -(-mh // pe)
    assert (signed.reshape(VECTORS, groups * pe)[:, :mh] == dots + layer.ending.bias).all()


@pytest.mark.parametrize("family", FAMILIES, ids=["ice40", "ecp5", "a bit", "36 bits"])
@pytest.mark.parametrize("place", [Place.BLOCK, Place.LUT])
def test_result_does_not_depend_on_memories_or_groups(place, family):
    rng = np.random.default_rng(seed=3)
    layer = Dense(rng.integers(0, 2, (40, 12)), Thresholds(rng.integers(3, 9, 40)))
    _, run, dots = matrix_vector(layer, 20, 5, place, 0.0, family)
    bits = np.array([unpack(beat, 20) for beat in run.beats]).reshape(VECTORS, 40)
    assert (bits == ((dots + 12) // 2 >= layer.ending.thresholds)).all()
