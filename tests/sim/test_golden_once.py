"""The golden answers of the images are computed once for a verification, however often they are compared."""

import numpy as np
import pytest

from tests.face.builds import quiet
from tests.networks import random_images, random_network
from xnorflow import build as building
from xnorflow.boards.catalogue import find_board
from xnorflow.design import Design
from xnorflow.hw.folding import Folding
from xnorflow.model import golden
from xnorflow.sim.verify import VerificationError, verify_verilog
from xnorflow.verification import verify_level

NETWORK = random_network((16, 8, 4))
DESIGN = Design(NETWORK, (Folding(1, 4), Folding(1, 4)), find_board("icebreaker"), scores=True)
IMAGES = random_images(NETWORK, 30)


class StopError(Exception):
    """In place of the tools, which have no part in this."""


@pytest.fixture
def counted(monkeypatch):
    """How many of the images went through the golden model; others, as a model file's own, do not count."""
    mine, forward, count = {image.tobytes() for image in IMAGES}, golden.forward, []

    def counting(network, images):
        count.extend(image for image in images if image.tobytes() in mine)
        return forward(network, images)

    monkeypatch.setattr(golden, "forward", counting)
    return count


def stop(*_words, **_options):
    raise StopError


def test_in_a_build(counted, monkeypatch, tmp_path):
    monkeypatch.setattr(building, "make_bitstream", stop)
    labels = np.zeros(len(IMAGES), np.int64)
    options = {"dataset": "mine", "simulator": "icarus", "seed": 0, "on_progress": quiet}
    with pytest.raises(StopError):
        building.build(DESIGN, tmp_path, images=IMAGES, labels=labels, **options)
    assert len(counted) == len(IMAGES)


@pytest.mark.parametrize("level", ["rtl", "pins"])
def test_at_a_level(counted, tmp_path, level):
    result = building.write_verilog(DESIGN, tmp_path, on_progress=quiet)
    options = {"simulator": "icarus", "seed": 0, "waves": False, "on_progress": quiet}
    assert verify_level(tmp_path, DESIGN, result, IMAGES, level=level, **options).images == 30
    assert len(counted) == len(IMAGES)


def test_what_was_computed_before_is_what_counts(counted, tmp_path):
    """One wrong score of the last image is seen, in the run with stalls and in the one without."""
    result = building.write_verilog(DESIGN, tmp_path, on_progress=quiet)
    assert result["verify"] == []
    scores = golden.forward(NETWORK, IMAGES)
    counted.clear()
    options = {"workdir": tmp_path / "verify", "simulator": "icarus"}
    accelerator, sources = DESIGN.accelerator(), [tmp_path / "core.v"]
    assert verify_verilog(sources, accelerator, IMAGES, scores=scores, **options).mismatches == 0
    assert counted == []
    scores[-1, 0] += 1
    with pytest.raises(VerificationError, match=r"^1 of 30 images differ from the golden model, first image 29"):
        verify_verilog(sources, accelerator, IMAGES, scores=scores, **options)
    with pytest.raises(ValueError, match=r"^scores must be of shape \(30, 4\), not \(29, 4\)$"):
        verify_verilog(sources, accelerator, IMAGES, scores=scores[:-1], **options)
