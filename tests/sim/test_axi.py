"""A third party's AXI-Stream source and sink drive the core."""

from pathlib import Path

import numpy as np
import pytest

from tests.networks import random_images, random_network
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.folding import Folding
from xnorflow.hw.verilog import CORE, to_verilog
from xnorflow.model import golden
from xnorflow.sim.simulators import SIMULATORS, Build, build, find_simulator, run

NETWORK = random_network((40, 8, 6))
ACCELERATOR = Accelerator(NETWORK, (Folding(4, 9), Folding(1, 4)), scores=True, input_bytes=2)


@pytest.fixture(scope="module", params=SIMULATORS)
def core(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Build:
    folder = tmp_path_factory.mktemp("axi")
    (folder / "core.v").write_text(to_verilog(ACCELERATOR))
    simulator = find_simulator(request.param)
    return build(simulator, [folder / "core.v"], toplevel=CORE, folder=folder / "build", visible=True)


@pytest.mark.parametrize("stalls", [0, 1])
def test_core_between_source_and_sink_of_cocotbext_axi(core: Build, stalls: int, tmp_path: Path) -> None:
    images = random_images(NETWORK, 30)
    frames, answers = tmp_path / "frames.bin", tmp_path / "answers.bin"
    frames.write_bytes(ACCELERATOR.encode(golden.quantize(NETWORK.input, images)))
    run(
        core,
        module="tests.sim.axi_driver",
        testcase="drive",
        plusargs=[f"+frames={frames}", f"+answers={answers}", "+count=30", f"+stalls={stalls}"],
    )
    classes, scores = ACCELERATOR.decode(answers.read_bytes())
    assert scores is not None
    assert np.array_equal(scores, golden.forward(NETWORK, images))
    assert np.array_equal(classes, golden.predict(NETWORK, images))
