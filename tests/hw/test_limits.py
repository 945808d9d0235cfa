# amaranth: UnusedElaboratable=no
"""Hardware that cannot be made is refused before any work."""

import re

import numpy as np
import pytest

from tests.networks import random_conv_network, random_network
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.budget import Budget
from xnorflow.hw.core import AcceleratorCore
from xnorflow.hw.device import DEVICES
from xnorflow.hw.folding import Folding
from xnorflow.hw.limits import TooLargeError
from xnorflow.hw.search import DoesNotFitError, fastest, smallest
from xnorflow.hw.verilog import to_verilog
from xnorflow.model.ir import Bias, Dense, Network, Thermometer
from xnorflow.model.outlines import Filters


def classifier(classes, inputs=8):
    weights = np.random.default_rng(seed=0).integers(0, 2, (classes, inputs), np.uint8)
    return Network("many", Thermometer((inputs,), (128,)), (Dense(weights, Bias(np.zeros(classes, int))),))


@pytest.mark.parametrize(
    ("network", "foldings", "options", "message"),
    [
        (classifier(50_000), [(1, 8)], {}, "scores: bits of a word must be at most 65528 in hardware, not 300000"),
        (
            classifier(5000),
            [(1, 8)],
            {"scores": True},
            None,
        ),
        (
            classifier(9000),
            [(1, 8)],
            {"scores": True},
            "scores: bits of a word must be at most 65528 in hardware, not 72016",
        ),
        (
            random_network((70_000, 3)),
            [(1, 70_000)],
            {},
            "scores0: bits of a word must be at most 65528 in hardware, not 70008",
        ),
        (
            random_network((8, 5000, 3)),
            [(5000, 1), (1, 1)],
            {},
            "processing elements of a layer must be at most 4096 in hardware, not 5000",
        ),
        (
            random_network((8192, 9, 3)),
            [(9, 8000), (1, 1)],
            {},
            "multiplications in a cycle must be at most 65536 in hardware, not 72001",
        ),
        (
            random_network((65_000, 65)),
            [(1, 1)],
            {},
            "words of all memories must be at most 4194304 in hardware, not 4225065",
        ),
        (
            random_network((4097, 2600, 3)),
            [(10, 4096), (1, 260)],
            {},
            "bits of weights and levels must be at most 20971520 in hardware, not 21343442",
        ),
        (
            classifier(100),
            [(100, 8)],
            {},
            "scores compared in a cycle must be at most 64 in hardware, not 100",
        ),
        (
            random_conv_network(Thermometer((1024, 1024), (128,)), (Filters(4, (7, 7), padding=(3, 3)),), classes=3),
            [(1, 1), (1, 1)],
            {},
            "words of all memories must be at most 4194304 in hardware, not 20988107",
        ),
    ],
)
def test_what_is_too_large_is_refused(network, foldings, options, message):
    accelerator = Accelerator(network, tuple(Folding(*folding) for folding in foldings), **options)
    if message is None:
        AcceleratorCore(accelerator)
        return
    with pytest.raises(TooLargeError, match=f"^{re.escape(message)}$"):
        AcceleratorCore(accelerator)


def test_a_vector_that_stands_in_registers_is_refused_and_one_in_memory_is_not():
    network = random_network((65_600, 2))
    AcceleratorCore(Accelerator(network, (Folding(1, 8),)))
    message = "scores0: bits of a word must be at most 65528 in hardware, not 65600"
    with pytest.raises(TooLargeError, match=f"^{message}$"):
        AcceleratorCore(Accelerator(network, (Folding(1, 8),), brams=0))


def test_automatic_folding_keeps_to_what_can_be_made():
    network, part = random_network((65_600, 2)), DEVICES["ECP5-85F"]
    AcceleratorCore(
        Accelerator(network, smallest(network, Budget(part), interval=8000), family=part.family, brams=part.brams)
    )
    message = "many: does not fit ECP5-85F at any folding; scores: bits of a word must be at most 65528 in hardware, not 300000"
    with pytest.raises(DoesNotFitError, match=f"^{message}$"):
        fastest(classifier(50_000), Budget(part))


def test_the_widest_words_become_verilog():
    # With eight more classes, some bit would have no number in Amaranth's netlist.
    assert "module xnorflow_core" in to_verilog(Accelerator(classifier(10_920), (Folding(8, 8),)))
