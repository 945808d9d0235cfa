from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from tests.networks import random_images, random_network
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.folding import Folding
from xnorflow.hw.verilog import to_verilog
from xnorflow.model import golden
from xnorflow.model.data.datasets import Dataset
from xnorflow.model.ir import Layer, Network
from xnorflow.sim.bench import Core, Stalls, build_bench, frames
from xnorflow.sim.simulators import SIMULATORS, find_simulator
from xnorflow.sim.verify import VerificationError, verify, verify_verilog

SMALL = (12, 8, 8, 4)
SMALL_FOLDINGS = (Folding(2, 3), Folding(4, 4), Folding(1, 8))

NETWORKS = [
    # All in one cycle after the other.
    ((5, 3), (Folding(1, 1),)),
    ((9, 4, 3), (Folding(1, 1), Folding(1, 1))),
    # Everything at once.
    ((12, 8, 4), (Folding(8, 12), Folding(4, 8))),
    # Nothing divides.
    ((23, 11, 7, 5), (Folding(3, 7), Folding(4, 5), Folding(2, 3))),
    # The last layer is the slowest, then one in the middle.
    ((16, 8, 8, 10), (Folding(8, 8), Folding(4, 4), Folding(1, 1))),
    ((16, 8, 8, 3), (Folding(8, 8), Folding(1, 1), Folding(3, 8))),
    # One input, one neuron, one class.
    ((1, 1, 1), (Folding(1, 1), Folding(1, 1))),
    # More beats at the input than cycles in any layer.
    ((40, 4, 3), (Folding(4, 40), Folding(3, 4))),
]


@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize(("sizes", "foldings"), NETWORKS)
def test_every_network_passes_on_icarus(
    sizes: tuple[int, ...], foldings: tuple[Folding, ...], scores: bool, tmp_path: Path
) -> None:
    network = random_network(sizes)
    accelerator = Accelerator(network, foldings, scores=scores, input_bytes=1)
    report = verify(accelerator, random_images(network, 40), simulator="icarus", workdir=tmp_path)
    assert (report.images, report.mismatches) == (40, 0)
    assert report.interval_measured == accelerator.interval


def test_report_has_the_fields_of_build_json(tmp_path: Path) -> None:
    network = random_network(SMALL)
    accelerator = Accelerator(network, SMALL_FOLDINGS, scores=True)
    images = random_images(network, 200)
    seen: list[tuple[str, int, int]] = []
    report = verify(
        accelerator,
        images,
        simulator="icarus",
        workdir=tmp_path,
        waves=True,
        on_progress=lambda *progress: seen.append(progress),
    )
    found = asdict(report)
    assert found.pop("seconds") > 0
    assert found.pop("classes").tolist() == golden.predict(network, images).tolist()
    assert found.pop("latency_measured") > 3 * accelerator.interval / 2
    assert found == {
        "level": "rtl",
        "simulator": "icarus",
        "images": 200,
        "mismatches": 0,
        "stalls": True,
        "interval_expected": 16,
        "interval_measured": 16,
    }
    assert seen[0] == ("compile the simulation", 0, 1)
    assert seen[-1] == ("measure the interval", 0, 1)
    assert (tmp_path / "waves.fst").stat().st_size > 1000


def test_both_simulators_see_the_same_cycles(tmp_path: Path) -> None:
    network = random_network(SMALL)
    core = written(Accelerator(network, SMALL_FOLDINGS), tmp_path)
    beats = frames(core.accelerator, random_images(network, 50))
    stalls = Stalls(percent=50, longest=6, seed=7)
    first, second = (
        build_bench(core, find_simulator(name), folder=tmp_path / name).run(beats, stalls=stalls) for name in SIMULATORS
    )
    assert first.answers == second.answers
    assert first.answered.tolist() == second.answered.tolist()
    assert first.sent.tolist() == second.sent.tolist()
    assert first.cycles == second.cycles


def test_stalls_come_from_the_seed_and_cost_time(tmp_path: Path) -> None:
    network = random_network(SMALL)
    core = written(Accelerator(network, SMALL_FOLDINGS), tmp_path)
    bench = build_bench(core, find_simulator("icarus"), folder=tmp_path / "bench")
    beats = frames(core.accelerator, random_images(network, 100))
    free = bench.run(beats)
    runs = [bench.run(beats, stalls=Stalls(percent=75, longest=6, seed=seed)) for seed in (1, 1, 2)]
    assert runs[0].answered.tolist() == runs[1].answered.tolist() != runs[2].answered.tolist()
    assert all(run.answers == free.answers for run in runs)
    assert all(run.answered[-1] > 1.2 * free.answered[-1] for run in runs)


def test_verification_without_stalls(tmp_path: Path) -> None:
    network = random_network(SMALL)
    accelerator = Accelerator(network, SMALL_FOLDINGS)
    report = verify(accelerator, random_images(network, 3), simulator="icarus", stalls=False, workdir=tmp_path)
    assert (report.stalls, report.images, report.interval_measured) == (False, 3, 16)


@pytest.mark.parametrize(
    ("layer", "text"),
    [(0, "dense0, beat 1 "), (1, "dense1, beat 0 "), (2, "scores2, beat 3 ")],
)
def test_one_flipped_weight_is_found_and_located(layer: int, text: str, tmp_path: Path) -> None:
    network = random_network(SMALL)
    accelerator = Accelerator(network, SMALL_FOLDINGS, scores=True)
    images = random_images(network, 100)
    core = written(Accelerator(flipped(network, layer, neuron=3), SMALL_FOLDINGS, scores=True), tmp_path)
    with pytest.raises(VerificationError) as raised:
        verify_verilog(core.sources, accelerator, images, simulator="icarus", workdir=tmp_path)
    message = str(raised.value)
    assert f", {text}" in message
    assert message.startswith(f"{raised.value.mismatches} of 100 images differ from the golden model, first image ")
    assert message.endswith(f"; waveform: {tmp_path / 'mismatch.fst'}")
    assert (tmp_path / "mismatch.fst").stat().st_size > 1000


@pytest.mark.tools("lz4")
def test_flipped_weight_is_located_on_verilator(tmp_path: Path) -> None:
    network = random_network(SMALL)
    accelerator = Accelerator(network, SMALL_FOLDINGS, scores=True)
    core = written(Accelerator(flipped(network, 1, neuron=3), SMALL_FOLDINGS, scores=True), tmp_path)
    with pytest.raises(VerificationError, match=rf", dense1, beat 0 .*; waveform: {tmp_path}/mismatch.fst$"):
        verify_verilog(core.sources, accelerator, random_images(network, 100), workdir=tmp_path)
    content = (tmp_path / "mismatch.fst").read_bytes()
    # The header of an FST, of 329 bytes.
    assert content[:9] == bytes(7) + b"\x01\x49"
    assert len(content) > 1000


def test_slower_core_is_found(tmp_path: Path) -> None:
    network = random_network(SMALL)
    core = written(Accelerator(network, (Folding(2, 3), Folding(4, 4), Folding(1, 1)), input_bytes=1), tmp_path)
    accelerator = Accelerator(network, SMALL_FOLDINGS, input_bytes=1)
    with pytest.raises(VerificationError, match=r"^the interval must be 16 cycles, measured 32\.\.32$"):
        verify_verilog(core.sources, accelerator, random_images(network, 20), simulator="icarus", workdir=tmp_path)


@pytest.mark.parametrize(
    ("images", "error", "message"),
    [
        (np.zeros((0, 12), np.uint8), ValueError, r"^images must be one or more, not none$"),
        (np.zeros((2, 12)), TypeError, r"^images must be uint8, not float64$"),
        (np.zeros((2, 13), np.uint8), ValueError, r"^images must have shape \(count, 12\), not \(2, 13\)$"),
    ],
)
def test_wrong_images(images: np.ndarray, error: type[Exception], message: str, tmp_path: Path) -> None:
    accelerator = Accelerator(random_network(SMALL), SMALL_FOLDINGS)
    with pytest.raises(error, match=message):
        verify(accelerator, images, simulator="icarus", workdir=tmp_path)


@pytest.mark.data("mnist")
def test_all_of_mnist_through_tfc_in_two_minutes(whole_mnist: Dataset, tmp_path: Path) -> None:
    images = whole_mnist.test_images
    network = random_network((784, 64, 64, 64, 10))
    network = replace(network, input=replace(network.input, shape=images.shape[1:]))
    accelerator = Accelerator(network, (Folding(4, 98), Folding(8, 4), Folding(8, 4), Folding(5, 1)))
    report = verify(accelerator, images, workdir=tmp_path)
    assert (report.images, report.mismatches, report.interval_measured) == (10_000, 0, 128)
    assert report.seconds < 120


def written(accelerator: Accelerator, folder: Path) -> Core:
    """A core whose Verilog lies in a file."""
    verilog = folder / "core.v"
    verilog.write_text(to_verilog(accelerator))
    return Core((verilog,), accelerator)


def flipped(network: Network, position: int, *, neuron: int) -> Network:
    """The network with one weight of one neuron the other way round."""
    layers: list[Layer] = list(network.layers)
    weights = layers[position].weights.copy()
    weights[neuron, 0] ^= 1
    layers[position] = replace(layers[position], weights=weights)
    return replace(network, layers=tuple(layers))
