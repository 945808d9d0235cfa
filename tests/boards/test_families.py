"""A family that nobody wrote a record for is refused by name, at each place that must know it; no else takes it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.networks import random_network
from xnorflow.boards.catalogue import find_board
from xnorflow.boards.chip import synthesize
from xnorflow.boards.families.catalogue import FAMILIES, tools_of
from xnorflow.boards.flow import board_chip
from xnorflow.boards.identity import check_device
from xnorflow.boards.link.device import link_cells
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.device import DEVICES, ECP5
from xnorflow.hw.folding import Folding
from xnorflow.sim.cells import MODELS, cell_models

# As ECP5 in all that the hardware knows: whoever took it for one would not notice.
GOWIN = replace(ECP5, name="gowin")
BOARD = replace(find_board("ulx3s-25f"), name="tang", device=replace(DEVICES["ECP5-25F"], name="GW2A", family=GOWIN))
UART = replace(find_board("icebreaker-bitsy"), device=BOARD.device)

REFUSED = r"^family must be one of ice40, ecp5, which have a record in boards/families, not gowin$"


def accelerator():
    return Accelerator(random_network((8, 4, 2)), (Folding(1, 1),) * 2, family=GOWIN)


PLACES = {
    "record": lambda _folder: tools_of(GOWIN),
    "synthesis, place and route, packing": lambda folder: synthesize("", board_chip(BOARD), folder),
    "identity": lambda folder: check_device(folder / "top.bit", BOARD),
    "pins of the UART": lambda _folder: UART.load_platform(),
    "cells of the link": lambda _folder: link_cells(accelerator()),
}


@pytest.mark.parametrize("place", PLACES)
def test_every_place_names_a_third_family(place, tmp_path):
    (tmp_path / "top.bit").write_bytes(b"\xff\x00Part: LFE5U-25F-6CABGA381")
    with pytest.raises(ValueError, match=REFUSED):
        PLACES[place](tmp_path)


def test_its_cells_have_no_models(tmp_path):
    message = r"^family must be one of ice40, ecp5, of which sim/cells\.py has models, not gowin$"
    with pytest.raises(RuntimeError, match=message):
        cell_models(GOWIN, tmp_path)


def test_every_family_is_known_everywhere():
    families = {device.family for device in DEVICES.values()}
    assert families == set(FAMILIES) == set(MODELS)
    for device in DEVICES.values():
        assert device.name in tools_of(device.family).device_options


def test_the_hardware_asks_for_no_name():
    """What a core takes follows from the numbers of its family alone."""
    known = Accelerator(random_network((8, 4, 2)), (Folding(1, 1),) * 2, family=ECP5)
    assert accelerator().places == known.places


def test_no_other_file_compares_names_of_families():
    root = Path(__file__).parents[2]
    for path in [
        *root.glob("boards/*.py"),
        *root.glob("boards/link/*.py"),
        *root.glob("hw/*.py"),
        *root.glob("src/xnorflow/**/*.py"),
    ]:
        if path.name == "device.py" and path.parent.name == "hw":
            continue
        quoted = [json.dumps(family.name) for family in FAMILIES if json.dumps(family.name) in path.read_text()]
        assert not quoted, f"{path.name} asks for {quoted[0]}"
