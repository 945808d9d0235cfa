# amaranth: UnusedElaboratable=no
import numpy as np
import pytest
from amaranth.sim import Simulator

from tests.boards.serial import read_bytes, send_bytes
from tests.networks import random_images, random_network
from xnorflow.boards.link import Link
from xnorflow.boards.top import SerialAccelerator
from xnorflow.hw.accelerator import Accelerator
from xnorflow.hw.folding import Folding
from xnorflow.model import golden

DIVISOR = 4
SILENCE = 200
SIZES = (24, 6, 10)
FOLDINGS = (Folding(2, 8), Folding(5, 3))


def serial_accelerator(**parameters):
    accelerator = Accelerator(random_network(SIZES), FOLDINGS, **parameters)
    return SerialAccelerator(accelerator, divisor=DIVISOR, silence=SILENCE)


def drive(dut, levels, *, cycles=0):
    """Levels on the answering line, and classes on the LEDs, while these levels are on the other."""
    answered, shown = [], []

    async def bench(ctx):
        for level in [*levels, *[1] * cycles]:
            ctx.set(dut.rx, level)
            _, _, tx, answer = await ctx.tick().sample(dut.tx, dut.answer)
            answered.append(tx)
            shown.append(answer)

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return bytes(read_bytes(answered, divisor=DIVISOR)), shown


def encoded(dut, images):
    return dut.accelerator.encode(golden.quantize(dut.accelerator.network.input, images))


@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("input_bytes", [1, 2, 3])
def test_pins_answer_as_the_golden_model(input_bytes, scores):
    dut = serial_accelerator(input_bytes=input_bytes, scores=scores)
    network = dut.accelerator.network
    images = random_images(network, 12)
    # All scores of a frame take longer than the frame: the host waits for its answer, as it must.
    gap = 10 * DIVISOR * dut.accelerator.output_bytes if scores else 0
    frames = encoded(dut, images)
    size = len(frames) // len(images)
    levels = []
    for n in range(len(images)):
        levels += send_bytes(frames[n * size : (n + 1) * size], divisor=DIVISOR * 1.01) + [1] * gap

    answers, shown = drive(dut, levels, cycles=100 + 2 * gap)
    expected = golden.forward(network, images)
    classes, values = dut.accelerator.decode(answers)
    np.testing.assert_array_equal(classes, golden.classify(expected))
    if scores:
        np.testing.assert_array_equal(values, expected)
    assert shown[-1] == classes[-1]


def test_next_frame_after_a_broken_one_is_answered_right():
    dut = serial_accelerator(input_bytes=1)
    images = random_images(dut.accelerator.network, 3)
    frames = encoded(dut, images)
    levels = send_bytes(frames[:2], divisor=DIVISOR) + [1] * (SILENCE + 50) + send_bytes(frames, divisor=DIVISOR)
    answers, _ = drive(dut, levels, cycles=200)
    # The broken frame is answered too: the rest of it counts as zeros.
    assert len(answers) == 4
    assert list(answers[1:]) == golden.predict(dut.accelerator.network, images).tolist()


def test_pause_within_a_frame_does_no_harm():
    dut = serial_accelerator(input_bytes=2)
    images = random_images(dut.accelerator.network, 2)
    levels = send_bytes(encoded(dut, images), divisor=DIVISOR, gap=SILENCE - 60)
    answers, _ = drive(dut, levels, cycles=200)
    assert list(answers) == golden.predict(dut.accelerator.network, images).tolist()


def test_rubbish_before_the_first_frame_costs_one_answer():
    dut = serial_accelerator(input_bytes=1)
    images = random_images(dut.accelerator.network, 2)
    rubbish = [0] * 90 + [1] * 7 + send_bytes([0xA5], divisor=DIVISOR) + [1] * (SILENCE + 50)
    answers, _ = drive(dut, rubbish + send_bytes(encoded(dut, images), divisor=DIVISOR), cycles=200)
    assert list(answers[-2:]) == golden.predict(dut.accelerator.network, images).tolist()
    assert len(answers) == 3


def test_silence_is_checked():
    with pytest.raises(ValueError, match=r"^silence must be more than the 40 cycles of a byte, not 40$"):
        Link(beats=1, beat_bytes=1, answer_bytes=1, divisor=4, silence=40)
