"""Frames whose tlast is misplaced: each is reported and answered, and the frames behind it are right."""

import numpy as np
import pytest

from tests.networks import random_images, random_network
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.folding import Folding
from xnorflow.hw.verilog import to_verilog
from xnorflow.model import golden
from xnorflow.sim.bench import NO_STALLS, Bench, Core, Stalls, build_bench, pack_beats
from xnorflow.sim.simulators import find_simulator

BEATS = 5
NETWORK = random_network((8 * BEATS, 6, 4))

# Beats of each frame, all but those of five misplaced.
LENGTHS = {
    "early": [5, 3, 5, 5],
    "at once": [1, 5, 1, 1, 5],
    "late": [5, 6, 5, 5],
    "missing": [5, 10, 5, 15, 5],
    "mixed": [4, 6, 5, 1, 9, 5, 7, 2, 5],
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("frames")
    accelerator = Accelerator(NETWORK, (Folding(3, 16), Folding(2, 2)), scores=True, input_bytes=1)
    (folder / "core.v").write_text(to_verilog(accelerator))
    return build_bench(Core((folder / "core.v",), accelerator), find_simulator("icarus"), folder=folder / "bench")


@pytest.mark.parametrize("stalls", [NO_STALLS, Stalls(percent=50, longest=5, seed=1)])
@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS.keys())
def test_misplaced_tlast(lengths: list[int], stalls: Stalls, bench: Bench) -> None:
    images = random_images(NETWORK, len(lengths))
    beats, last, meant = [], [], images.copy()
    for image, length in enumerate(lengths):
        data = np.packbits(images[image] >= 128, bitorder="little")
        # What comes late is dropped, so it may be anything; what does not come is zero.
        beats.append(np.concatenate([data, np.full(100, 0xA5, np.uint8)])[:length])
        last += [False] * (length - 1) + [True]
        meant[image, 8 * length :] = 0

    recording = bench.run(pack_beats(np.concatenate(beats)[:, np.newaxis], np.array(last)), stalls=stalls)

    classes, scores = bench.core.accelerator.decode(recording.answers)
    expected = golden.forward(NETWORK, meant)
    assert scores is not None
    assert scores.tolist() == expected.tolist()
    assert classes.tolist() == golden.classify(expected).tolist()
    assert len(recording.errors) == sum(length != BEATS for length in lengths)
    assert recording.broken == ()
