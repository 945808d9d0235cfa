"""The stages that each layer becomes, and their cycles."""

import numpy as np
import pytest

from xnorflow.hw.folding import Folding
from xnorflow.hw.mvu import Product
from xnorflow.hw.plan import output, plan_layer, reweightable_stages
from xnorflow.hw.pool import Pool
from xnorflow.hw.replay import Convert, Replay
from xnorflow.hw.stage import Beats
from xnorflow.hw.swu import Window
from xnorflow.model.ir import Conv2d, Dense, MaxPool, Tensor, Thresholds

IMAGE = Tensor((6, 5, 4))


def dense(mw, mh):
    return Dense(np.zeros((mh, mw), int), Thresholds(np.zeros(mh, int)))


def filters(mh, kernel, channels, **parameters):
    return Conv2d(np.zeros((mh, *kernel, channels), int), Thresholds(np.zeros(mh, int)), **parameters)


# layer, input, folding, beats that come; kinds of the stages, cycles of each
PLANS = {
    "vector": (dense(12, 6), Tensor((12,)), Folding(2, 4), Beats(3, 12), (Replay, Product), (9, 9)),
    "slow source": (dense(12, 6), Tensor((12,)), Folding(6, 12), Beats(1, 12), (Replay, Product), (12, 1)),
    "units that fill their beats": (dense(24, 2), Tensor((24,)), Folding(1, 8), Beats(3, 6), (Replay, Product), (8, 6)),
    "units that do not": (dense(24, 2), Tensor((24,)), Folding(1, 8), Beats(4, 6), (Convert, Replay, Product), (8, 6, 6)),
    "synapses that divide the channels": (
        filters(6, (3, 3), 4), IMAGE, Folding(3, 2), Beats(4, 4), (Convert, Window, Product), (60, 432, 432),
    ),
    "whole pixels": (filters(6, (3, 3), 4), IMAGE, Folding(6, 4), Beats(4, 4), (Window, Product), (108, 108)),
    "several pixels a cycle": (
        filters(6, (3, 3), 4), IMAGE, Folding(2, 12), Beats(4, 4), (Window, Replay, Product), (108, 108, 108),
    ),
    "padding and stride": (
        filters(2, (3, 3), 4, stride=(2, 2), padding=(1, 1)), IMAGE, Folding(1, 4), Beats(4, 4), (Window, Product),
        (162, 162),
    ),
    "many pixels in a beat": (
        filters(2, (3, 3), 1), Tensor((4, 4, 1)), Folding(1, 1), Beats(8, 16), (Convert, Window, Product), (16, 72, 72),
    ),
    "pool of whole pixels": (MaxPool(), IMAGE, None, Beats(4, 4), (Window, Pool), (30, 24)),
    "pool of parts of pixels": (MaxPool(), IMAGE, None, Beats(2, 4), (Window, Pool), (60, 48)),
    "pool of beats that do not divide": (MaxPool(), IMAGE, None, Beats(3, 4), (Convert, Window, Pool), (60, 30, 24)),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANS)
def test_a_layer_becomes_these_stages(name):
    layer, tensor, folding, source, kinds, cycles = PLANS[name]
    stages = plan_layer(layer, tensor, folding, source)
    assert tuple(map(type, stages)) == kinds
    assert tuple(stage.cycles for stage in stages) == cycles


@pytest.mark.parametrize("name", PLANS)
def test_each_stage_takes_the_beats_that_the_one_before_gives(name):
    layer, tensor, folding, source, *_ = PLANS[name]
    bits = source.width * tensor.width
    for stage in plan_layer(layer, tensor, folding, source):
        if isinstance(stage, Convert | Replay):
            assert stage.width_in * stage.bits == bits
            bits = stage.width_out * stage.bits
        elif isinstance(stage, Window):
            assert stage.width * stage.bits == bits
        elif isinstance(stage, Pool):
            assert stage.width == bits
        else:
            assert stage.folding.simd * stage.tensor.width == bits


@pytest.mark.parametrize(
    ("name", "beats"),
    [
        ("vector", Beats(2, 6, 3)),
        ("whole pixels", Beats(6, 6, 9)),
        ("pool of parts of pixels", Beats(2, 4)),
        ("pool of beats that do not divide", Beats(4, 4)),
    ],
)
def test_output_has_the_neurons_of_a_beat_or_what_a_pool_takes(name, beats):
    layer, tensor, folding, source, *_ = PLANS[name]
    assert output(layer, tensor, folding, source) == beats


def test_only_products_change_when_weights_shall_be_replaceable():
    layer, tensor, folding, source, *_ = PLANS["several pixels a cycle"]
    stages = plan_layer(layer, tensor, folding, source)
    changed = reweightable_stages(stages)
    assert changed[:-1] == stages[:-1]
    assert (stages[-1].reweightable, changed[-1].reweightable) == (False, True)
