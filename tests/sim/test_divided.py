"""Weights of a layer in block RAM and in look-up tables at once."""

import pytest

from tests.networks import random_images, random_network
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.device import ECP5, ICE40
from xnorflow.hw.folding import Folding
from xnorflow.hw.stage import Divided, Place
from xnorflow.sim.verify import verify


@pytest.mark.parametrize(
    ("family", "brams", "divided"),
    [(ICE40, 3, 3), (ICE40, 5, 5), (ICE40, 6, 0), (ECP5, 2, 2), (ECP5, 3, 0), (ECP5, 0, 0)],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_network_passes_however_many_blocks_there_are(family, brams, divided, tmp_path):
    network = random_network((96, 40, 12, 4))
    foldings = (Folding(3, 32), Folding(2, 8), Folding(1, 3))
    accelerator = Accelerator(network, foldings, scores=True, family=family, brams=brams)
    found = [place for places in accelerator.places for place in places.values() if isinstance(place, Divided)]
    assert [place.blocks for place in found] == [divided] * bool(divided)
    report = verify(accelerator, random_images(network, 60), simulator="icarus", workdir=tmp_path)
    assert (report.images, report.mismatches) == (60, 0)
    assert report.interval_measured == accelerator.interval


def test_all_of_it_is_block_ram_where_there_is_enough():
    network = random_network((96, 40, 12, 4))
    foldings = (Folding(3, 32), Folding(2, 8), Folding(1, 3))
    accelerator = Accelerator(network, foldings, family=ICE40, brams=None)
    # Twelve words are shallow.
    assert [places["weights"] for places in accelerator.places] == [Place.BLOCK, Place.BLOCK, Place.LUT]
