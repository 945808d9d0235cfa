"""Cores that break a rule: each must be caught, and the message must say which rule."""

from pathlib import Path

import numpy as np
import pytest

from tests.networks import random_images
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.folding import Folding
from xnorflow.model.ir import Bias, Dense, Network, Thermometer
from xnorflow.sim.bench import read_events
from xnorflow.sim.simulators import SimulationError
from xnorflow.sim.verify import Report, VerificationError, verify_verilog

FAULTY = Path(__file__).with_name("faulty.v").read_text()

# The network that faulty.v stands for: class 0, whatever comes.
NETWORK = Network("constant", Thermometer((24,), (128,)), (Dense(np.ones((2, 24)), Bias(np.array([100, 0]))),))

PROTOCOL = "the core broke the stream protocol: "


def verify_faulty(fault: str, folder: Path) -> Report:
    verilog = folder / "faulty.v"
    verilog.write_text(FAULTY.replace('FAULT = "none"', f'FAULT = "{fault}"'))
    accelerator = Accelerator(NETWORK, (Folding(2, 24),), input_bytes=1)
    return verify_verilog([verilog], accelerator, random_images(NETWORK, 30), simulator="icarus", workdir=folder)


def test_faultless_core_passes(tmp_path: Path) -> None:
    report = verify_faulty("none", tmp_path)
    assert (report.mismatches, report.interval_measured, report.latency_measured) == (0, 3, 1)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("valid", rf"^{PROTOCOL}m_axis_tvalid fell before m_axis_tready in cycle \d+$"),
        ("data", rf"^{PROTOCOL}m_axis_tdata changed while it waited in cycle \d+$"),
        ("last", rf"^{PROTOCOL}m_axis_tlast is low in cycle \d+$"),
        ("unknown", rf"^{PROTOCOL}m_axis_tdata is unknown in cycle \d+$"),
        ("error", r"^error rose in cycle \d+, but tlast was in its place$"),
        ("silent", r"^0 of 30 answers came, then nothing moved for 1014 cycles$"),
        ("extra", r"^60 answers came to 30 images$"),
        (
            "class",
            r"^30 of 30 images differ from the golden model, first image 0, beat 0: got class \d, expected class \d; waveform: .*/mismatch\.fst$",
        ),
    ],
)
def test_fault_is_caught(fault: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(VerificationError, match=message):
        verify_faulty(fault, tmp_path)


def test_fault_that_takes_a_history_is_run_again_from_the_start(tmp_path: Path) -> None:
    message = rf"^20 of 30 images differ from the golden model, first image 10, beat 0: got class 1, expected class 0; waveform: {tmp_path}/mismatch.fst$"
    with pytest.raises(VerificationError, match=message):
        verify_faulty("later", tmp_path)
    # A few images alone were right, so all eleven were run.
    assert len(read_events(tmp_path / "diagnosis" / "events.txt").answered) == 11


def test_simulator_that_ends_early(tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match=rf"^icarus: the bench run_bench failed; see {tmp_path}/bench.run.log$"):
        verify_faulty("finish", tmp_path)


def test_events_that_are_cut_off(tmp_path: Path) -> None:
    events = tmp_path / "events.txt"
    events.write_text("in 5\nout 7 03\n")
    with pytest.raises(SimulationError, match=rf"^{events}: the bench did not come to its end; run it again$"):
        read_events(events)
