"""Queues behind forks: where they are, and that their depths are the formula's."""

import numpy as np
import pytest

from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.depths import SLACK, readers_of
from xnorflow.hw.device import ECP5
from xnorflow.hw.folding import Folding
from xnorflow.hw.queue import Queue
from xnorflow.model.ir import IMAGE, Add, Bias, Conv2d, Dense, MaxPool, Network, Thermometer, Thresholds


def filters(ending, size=3, *, mh=4, channels=4):
    return Conv2d(np.ones((mh, size, size, channels), int), ending, padding=(size // 2, size // 2))


BITS, INTEGERS = Thresholds(np.full(4, 2)), Bias(np.zeros(4, int))
FIRST = filters(BITS, channels=1)
SCORES = Dense(np.ones((3, 64), int), Bias(np.zeros(3, int)))


def accelerator(layers, sources):
    network = Network("depths", Thermometer((4, 4), (9,)), layers, sources=sources)
    return Accelerator(network, tuple(Folding(2, 4) for _ in network.matrices), family=ECP5)


def queues(design):
    """Depths of all queues, by layer and input."""
    arms = [(index, slot, arm) for index, layer in enumerate(design.layers) for slot, arm in enumerate(layer.arms)]
    return {(index, slot): arm[0].depth for index, slot, arm in arms if arm and isinstance(arm[0], Queue)}


def absorbed(design, index, held=0):
    for stage in reversed(design.layers[index].body):
        held = stage.absorbs(held, ECP5)
    return held


def test_a_chain_has_no_queues():
    assert queues(accelerator((FIRST, filters(BITS), SCORES), ())) == {}


def test_an_arm_that_is_nothing_waits_for_all_that_the_other_takes():
    design = accelerator((FIRST, filters(INTEGERS), Add(), SCORES), ((-1,), (0,), (1, 0), (2,)))
    assert queues(design) == {(2, 1): absorbed(design, 1) + SLACK}


def test_each_arm_waits_for_the_other():
    layers = (FIRST, filters(INTEGERS), filters(INTEGERS, 1), Add(), SCORES)
    design = accelerator(layers, ((-1,), (0,), (0,), (1, 2), (3,)))
    assert queues(design) == {(1, 0): absorbed(design, 2) + SLACK, (2, 0): absorbed(design, 1) + SLACK}


def test_arms_of_several_layers_count_from_their_end():
    layers = (FIRST, filters(BITS), MaxPool((1, 1), (1, 1)), filters(INTEGERS), Add(), SCORES)
    design = accelerator(layers, ((-1,), (0,), (1,), (2,), (3, 0), (4,)))
    depth = absorbed(design, 1, absorbed(design, 2, absorbed(design, 3)))
    assert queues(design) == {(4, 1): depth + SLACK}


def test_two_arms_that_are_nothing_have_no_queue():
    assert queues(accelerator((FIRST, Add((0, 1)), SCORES), ((-1,), (0, 0), (1,)))) == {}


def test_of_three_readers_each_waits_for_the_one_that_takes_most():
    layers = (FIRST, filters(INTEGERS), Add(), filters(INTEGERS, 1), Add(), SCORES)
    design = accelerator(layers, ((-1,), (0,), (1, 0), (0,), (2, 3), (4,)))
    large, small, total = absorbed(design, 1), absorbed(design, 3), absorbed(design, 2)
    # The first arm and what is added to it meet the third behind that sum.
    through = max(absorbed(design, 1, total), total)
    assert queues(design) == {
        (1, 0): small + SLACK,
        (2, 1): max(large, small) + SLACK,
        (3, 0): through + SLACK,
    }


def test_a_fork_within_an_arm_counts_with_its_queues():
    layers = (FIRST, filters(BITS), filters(INTEGERS), Add(), Add(), SCORES)
    design = accelerator(layers, ((-1,), (0,), (1,), (2, 1), (3, 0), (4,)))
    inner = absorbed(design, 2) + SLACK
    ways = [absorbed(design, 2, absorbed(design, 3)), absorbed(design, 3) + inner]
    assert queues(design) == {(3, 1): inner, (4, 1): absorbed(design, 1, max(ways)) + SLACK}


def test_blocks_one_behind_the_other_do_not_count_with_each_other():
    one = (FIRST, filters(INTEGERS), Add(), SCORES)
    two = (FIRST, filters(INTEGERS), Add(), filters(INTEGERS), Add(), SCORES)
    first = queues(accelerator(one, ((-1,), (0,), (1, 0), (2,))))
    both = queues(accelerator(two, ((-1,), (0,), (1, 0), (2,), (3, 2), (4,))))
    assert both[2, 1] == first[2, 1]


def test_readers_are_in_the_order_of_the_data():
    network = Network("x", Thermometer((4, 4), (9,)), (FIRST, Add(), SCORES), sources=((IMAGE,), (0, 0), (1,)))
    assert readers_of(network) == {-1: ((0, 0),), 0: ((1, 0), (1, 1)), 1: ((2, 0),), 2: ()}


def test_reweightable_designs_refuse_levels_and_integers():
    layers = (FIRST, filters(INTEGERS), Add(), SCORES)
    network = Network("x", Thermometer((4, 4), (9,)), layers, sources=((-1,), (0,), (1, 0), (2,)))
    with pytest.raises(
        ValueError, match=r"^conv2d1: must end in one threshold for each neuron in a reweightable design, "
    ):
        Accelerator(network, (Folding(2, 4),) * 3, reweightable=True)
