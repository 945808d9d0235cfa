"""Sums in carry chains, of integers and of bits, in an ECP5 after place and route."""

import numpy as np
import pytest

from tests.face.builds import verified
from xnorflow.boards.catalogue import find_board
from xnorflow.design import Design
from xnorflow.hw.folding import Folding
from xnorflow.model.ir import Affine, Bias, Conv2d, Dense, Network, Thresholds

# All of them share the bitstream, which one worker makes.
pytestmark = pytest.mark.xdist_group("routed chains")


def network():
    rng = np.random.default_rng(0)
    rule = Affine((4, 4, 3), 256, -255 * 128, 255, 8, signed=True)
    first = Conv2d(rng.integers(0, 2, (6, 3, 3, 3)), Thresholds(rng.integers(-900, 900, 6)), (1, 1), (0, 0), 0)
    second = Dense(rng.integers(0, 2, (11, 24)), Thresholds(rng.integers(9, 15, 11)))
    scores = Dense(rng.integers(0, 2, (5, 11)), Bias(rng.integers(-4, 5, 5)))
    return Network("chains", rule, (first, second, scores))


DESIGN = Design(network(), (Folding(3, 5), Folding(4, 13), Folding(5, 6)), find_board("ulx3s-25f"), scores=True)


@pytest.mark.parametrize("level", ["netlist", "routed"])
def test_they_give_the_golden_answers(built, level):
    # At the UART, cell by cell, an image takes a while.
    report = verified(built, level, images=1)
    assert (report.level, report.images, report.mismatches) == (level, 1, 0)
