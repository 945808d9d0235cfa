"""The stages that each layer becomes, and their cycles."""

import numpy as np
import pytest

from xnorflow.hw.device import ICE40
from xnorflow.hw.folding import Folding
from xnorflow.hw.mvu import Product
from xnorflow.hw.placement import usual_places
from xnorflow.hw.plan import output, plan_layer, reweightable_stages
from xnorflow.hw.pool import Pool
from xnorflow.hw.replay import Convert, Replay
from xnorflow.hw.running_pool import Running
from xnorflow.hw.stage import Beats
from xnorflow.hw.swu import Window
from xnorflow.hw.taps import Taps
from xnorflow.model.ir import Conv2d, Dense, Element, MaxPool, SumPool, Tensor, Thresholds

IMAGE = Tensor((6, 5, 4))
INTEGERS = Tensor((6, 5, 4), Element.INT, 3)


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
    "neurons that do not fill their beats": (
        filters(5, (3, 3), 4), IMAGE, Folding(3, 4), Beats(4, 4), (Window, Product), (216, 216),
    ),
    "two groups": (
        filters(6, (3, 3), 2, groups=2), IMAGE, Folding(3, 2), Beats(4, 4), (Convert, Window, Product), (60, 216, 216),
    ),
    "two groups that do not fill their beats": (
        filters(10, (3, 3), 2, groups=2), IMAGE, Folding(3, 4), Beats(2, 4), (Window, Replay, Product, Convert),
        (216, 240, 240, 48),
    ),
    "a pixel of each channel at a time": (
        filters(4, (3, 3), 1, groups=4), IMAGE, Folding(2, 1), Beats(2, 4), (Window, Product), (216, 216),
    ),
    "three pixels of each channel": (
        filters(4, (3, 3), 1, groups=4), IMAGE, Folding(1, 3), Beats(4, 4), (Window, Taps, Product), (108, 144, 144),
    ),
    "largest integers": (MaxPool(), INTEGERS, None, Beats(3, 4), (Running,), (60,)),
    "largest of overlapping integers": (MaxPool((3, 3), (1, 1)), INTEGERS, None, Beats(2, 4), (Window, Pool), (216, 216)),
    "sums": (SumPool((6, 5)), IMAGE, None, Beats(3, 4), (Running,), (60,)),
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


@pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
@pytest.mark.parametrize("name", PLANS)
def test_each_stage_takes_the_beats_that_the_one_before_gives(name):
    layer, tensor, folding, source, *_ = PLANS[name]
    stages, bits = plan_layer(layer, tensor, folding, source), source.width * tensor.width
    for stage in stages:
        component = stage.component(usual_places(stages, ICE40), ICE40)
        assert len(component.i.payload) == bits
        bits = len(component.o.payload)


@pytest.mark.parametrize(
    ("name", "beats"),
    [
        ("vector", Beats(2, 6, 3)),
        ("whole pixels", Beats(6, 6, 9)),
        ("neurons that do not fill their beats", Beats(3, 5, 9)),
        ("two groups", Beats(3, 6, 9)),
        ("two groups that do not fill their beats", Beats(5, 10, 10)),
        ("three pixels of each channel", Beats(1, 4, 3)),
        ("sums", Beats(3, 4)),
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
