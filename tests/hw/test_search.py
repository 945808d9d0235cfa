import time

import pytest

from tests.networks import random_network
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.budget import Budget
from xnorflow.hw.device import DEVICES
from xnorflow.hw.estimate import estimate, roofline_fps
from xnorflow.hw.folding import Folding
from xnorflow.hw.placement import layer_candidates
from xnorflow.hw.plan import slowest_layer
from xnorflow.hw.pricing import BANKS
from xnorflow.hw.search import DoesNotFitError, check_fit, fastest, smallest
from xnorflow.hw.stage import Place
from xnorflow.model.zoo import random_network as zoo_network

TFC = tuple(Folding(*f) for f in [(4, 98), (8, 4), (8, 4), (5, 1)])


@pytest.mark.parametrize("cycles", [1, 7, 64, 128, 1000, 50_000])
@pytest.mark.parametrize("device", ["UP5K", "ECP5-25F"])
def test_smallest_keeps_to_the_interval(device, cycles):
    network = zoo_network("tfc")
    assert slowest_layer(network, smallest(network, Budget(DEVICES[device]), interval=cycles)) <= cycles


def test_a_longer_interval_is_never_larger():
    network, device = zoo_network("tfc"), DEVICES["UP5K"]
    cells = []
    for cycles in (64, 128, 256, 512, 1024):
        foldings = smallest(network, Budget(device), interval=cycles)
        cells.append(estimate(Accelerator(network, foldings, family=device.family, brams=device.brams)).cells)
    assert cells == sorted(cells, reverse=True)


@pytest.mark.parametrize(
    ("name", "device", "cycles"),
    [
        ("tfc", "UP5K", 128),
        ("tfc", "ECP5-25F", 64),
        ("sfc", "ECP5-25F", 256),
        ("lfc", "ECP5-85F", 1024),
        ("cnv", "ECP5-85F", 32_768),
        ("mnist-cnn", "UP5K", 20_000),
    ],
)
def test_finds_what_is_known_to_fit(name, device, cycles):
    network, part = zoo_network(name), DEVICES[device]
    foldings = smallest(network, Budget(part), interval=cycles)
    assert Budget(part).fits(estimate(Accelerator(network, foldings, family=part.family, brams=part.brams)))


def test_fastest_fits_and_takes_seconds():
    network, part = zoo_network("lfc"), DEVICES["ECP5-85F"]
    began = time.process_time()
    foldings = fastest(network, Budget(part))
    assert time.process_time() - began < 5
    assert Budget(part).fits(estimate(Accelerator(network, foldings, family=part.family, brams=part.brams)))
    assert slowest_layer(network, foldings) <= 512


@pytest.mark.parametrize("cycles", [32_768, 75_000, 150_000])
def test_memories_of_many_banks_are_left_out_where_wider_ones_do(cycles):
    # Look-up tables that choose among 36 banks of conv2d7's weights made nextpnr miss 75 MHz: 68 MHz.
    network, part = zoo_network("cnv"), DEVICES["ECP5-45F"]
    accelerator = Accelerator(
        network, smallest(network, Budget(part), interval=cycles), family=part.family, brams=part.brams
    )
    banks = [wish.banks for stages in accelerator.plan for wish in layer_candidates(stages, part.family)]
    assert 1 < max(banks) <= BANKS


def test_roofline_of_tfc_on_up5k():
    # 480 bits a cycle against 59,008 weights: not more than one frame in 122.9 cycles.
    fps = roofline_fps(zoo_network("tfc"), DEVICES["UP5K"], 48.0)
    assert fps == pytest.approx(48e6 * 480 / 59_008)


def test_memories_leave_block_ram_when_it_runs_out():
    network, family = zoo_network("tfc"), DEVICES["UP5K"].family
    free = Accelerator(network, TFC, family=family).places
    none = Accelerator(network, TFC, family=family, brams=0).places
    assert [places["weights"] for places in free] == [Place.BLOCK] * 4
    assert [places["weights"] for places in none] == [Place.LUT] * 4


def test_says_what_would_fit():
    network, devices = zoo_network("tfc"), tuple(DEVICES.values())
    with pytest.raises(DoesNotFitError) as error:
        check_fit(network, (Folding(64, 98), *TFC[1:]), Budget(DEVICES["UP5K"]), devices)
    message = str(error.value)
    assert message.startswith("tfc at an interval of 128 cycles needs about ")
    assert "; UP5K has 5280 (of which 4224 can be placed well) and 30; UP5K fits an interval of " in message
    assert message.endswith("the same folding fits ECP5-12F")
    check_fit(network, TFC, Budget(DEVICES["HX8K"]), devices)


def test_says_when_nothing_fits():
    with pytest.raises(DoesNotFitError, match=r"^lfc: does not fit HX1K at any folding; take a larger device$"):
        fastest(zoo_network("lfc"), Budget(DEVICES["HX1K"]))


def test_refuses_an_interval_below_one():
    with pytest.raises(ValueError, match=r"^interval must be at least 1, not 0$"):
        smallest(random_network((8, 4)), Budget(DEVICES["UP5K"]), interval=0)


def test_cells_of_others_are_left_free():
    network, part = zoo_network("tfc"), DEVICES["UP5K"]
    foldings = fastest(network, Budget(part, reserved=2000))
    design = estimate(Accelerator(network, foldings, family=part.family, brams=part.brams))
    assert Budget(part, reserved=2000).fits(design)
    assert slowest_layer(network, foldings) > slowest_layer(network, fastest(network, Budget(part)))
