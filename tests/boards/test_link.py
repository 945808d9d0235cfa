# amaranth: UnusedElaboratable=no
import numpy as np
import pytest

from tests.boards.host import CLOCK_HZ, DIVISOR, drive, encoded, infer, reply, request, serial_accelerator
from tests.boards.serial import send_bytes
from tests.networks import random_images
from xnorflow.boards.link.protocol import Hello, Kind, Statistics
from xnorflow.hw.folding import Folding
from xnorflow.model import golden
from xnorflow.model.store import fingerprint

NOISE = [0] * 90 + [1] * 7 + send_bytes([0xA5, 0x7D, 0x7E, 0x41], divisor=DIVISOR) + [0] * 13 + [1] * 9


def sent(data, *, off=0.0, gap=0.0):
    return send_bytes(data, divisor=DIVISOR * (1 + off), gap=gap)


def answers(dut, images):
    """The replies that are due."""
    classes = golden.predict(dut.accelerator.network, images).tolist()
    return [reply(Kind.CLASS, tag, bytes([number])) for tag, number in enumerate(classes)]


@pytest.mark.parametrize("off", [-0.02, 0.0, 0.02])
@pytest.mark.parametrize("input_bytes", [1, 2, 3])
def test_back_to_back_frames_are_answered_as_by_the_golden_model(input_bytes, off):
    dut = serial_accelerator(input_bytes=input_bytes)
    images = random_images(dut.accelerator.network, 12)
    messages, shown = drive(dut, sent(b"".join(infer(dut, images)), off=off))
    assert messages == answers(dut, images)
    assert shown[-1] == messages[-1].body[0]


@pytest.mark.parametrize("pe", [1, 5])
def test_scores_are_answered_on_request(pe):
    dut = serial_accelerator((128, 6, 10), (Folding(2, 16), Folding(pe, 3)), scores=True)
    accelerator = dut.accelerator
    images = random_images(accelerator.network, 4)
    scored, plain = infer(dut, images, kind=Kind.SCORES), infer(dut, images)
    messages, _ = drive(dut, sent(b"".join([*scored[:2], *plain[2:]])), cycles=4000)
    expected = golden.forward(accelerator.network, images)
    classes, values = accelerator.decode(b"".join(message.body for message in messages[:2]))
    np.testing.assert_array_equal(values, expected[:2])
    np.testing.assert_array_equal(classes, golden.classify(expected[:2]))
    assert messages[2:] == answers(dut, images)[2:]


@pytest.mark.parametrize("reweightable", [False, True])
def test_hello_says_what_the_board_holds(reweightable):
    dut = serial_accelerator(reweightable=reweightable)
    messages, _ = drive(dut, sent(request(Kind.HELLO, 7)), cycles=3000)
    accelerator = dut.accelerator
    expected = Hello(
        version=1,
        in_flight=2,
        beat_bytes=1,
        frame_bytes=3,
        classes=10,
        score_bytes=0,
        clock_hz=CLOCK_HZ,
        interval=accelerator.interval,
        network=fingerprint(accelerator.network)[:8],
    )
    assert messages == [reply(Kind.HELLO, 7, expected.pack())]


@pytest.mark.parametrize("tag", [0, 0x7D, 0x7E, 0xFF])
def test_echo_returns_the_tag(tag):
    assert drive(serial_accelerator(), sent(request(Kind.ECHO, tag)))[0] == [reply(Kind.ECHO, tag)]


def test_statistics_count():
    dut = serial_accelerator()
    first, second = infer(dut, random_images(dut.accelerator.network, 2))
    wrong, cut = bytearray(second), bytes([*second[:3], 0x7D, 0x7E])
    wrong[4] ^= 1
    levels = sent(first + wrong + cut + second) + [1] * 1000 + sent(request(Kind.STATISTICS, 9))
    messages, _ = drive(dut, levels, cycles=2000)
    found = Statistics.parse(messages[-1].body)
    assert (found.frames, found.crc_errors, found.resynchronizations) == (3, 1, 1)
    # From the last answer back to the one before: that of the image that was dropped.
    assert dut.accelerator.interval < found.interval < len(levels)


def damaged(tag):
    return reply(Kind.DAMAGED, tag)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        pytest.param(lambda data: data[:4] + data[5:], [damaged(0)], id="a byte lost"),
        pytest.param(lambda data: data[:4] + data[3:], [damaged(0)], id="a byte twice"),
        pytest.param(lambda data: data[:4] + bytes([data[4] ^ 4]) + data[5:], [damaged(0)], id="a byte garbled"),
        pytest.param(lambda data: data[:5], [damaged(0)], id="the host died in the image"),
        pytest.param(lambda data: data[:8], [damaged(0)], id="the host died in the check sum"),
        pytest.param(lambda data: data[:-1], [reply(Kind.CLASS, 0)], id="end lost"),
        pytest.param(lambda data: data[1:], [reply(Kind.CLASS, 0)], id="begin lost"),
        pytest.param(lambda data: data[:1] * 5 + data, [reply(Kind.CLASS, 0)], id="flags before"),
        pytest.param(lambda _: request(Kind.CLASS, 0, b"ab"), [reply(Kind.REFUSED, 0)], id="image too small"),
        pytest.param(lambda _: request(Kind.CLASS, 0, b"abcdefghi"), [reply(Kind.REFUSED, 0)], id="image too large"),
        pytest.param(lambda _: request(Kind.SCORES, 0, b"abc"), [reply(Kind.REFUSED, 0)], id="no scores"),
        pytest.param(lambda _: request(Kind.ECHO, 0, b"abc"), [reply(Kind.REFUSED, 0)], id="echo with a body"),
        pytest.param(lambda _: request(0x30, 0), [reply(Kind.REFUSED, 0)], id="unknown type"),
        pytest.param(lambda _: b"\x7e\x41\x7e", [damaged(0)], id="no tag"),
        pytest.param(lambda _: b"\x7e\x7d\x7d\x41\x00\x7e", [damaged(0)], id="escape twice"),
        pytest.param(lambda _: b"", [], id="nothing"),
    ],
)
@pytest.mark.parametrize("input_bytes", [1, 2, 3])
def test_what_is_damaged_costs_nothing_but_itself(input_bytes, change, complaint):
    dut = serial_accelerator(input_bytes=input_bytes)
    images = random_images(dut.accelerator.network, 4)
    first, *rest = infer(dut, images)
    due = answers(dut, images)
    expected = [due[0] if message.type == due[0].type else message for message in complaint] + due[1:]
    assert drive(dut, sent(change(first) + b"".join(rest)))[0] == expected


def test_noise_at_power_up_is_complained_of_and_then_forgotten():
    dut = serial_accelerator()
    images = random_images(dut.accelerator.network, 3)
    messages, _ = drive(dut, NOISE + [1] * 800 + sent(b"".join(infer(dut, images))))
    assert messages[-3:] == answers(dut, images)
    assert {message.type for message in messages[:-3]} <= {damaged(0).type}


def test_pause_within_a_frame_does_no_harm():
    dut = serial_accelerator(input_bytes=2)
    images = random_images(dut.accelerator.network, 2)
    assert drive(dut, sent(b"".join(infer(dut, images)), gap=300))[0] == answers(dut, images)


def test_frames_that_are_faster_than_the_core_are_lost_but_never_wrong():
    # A single lane: the core takes 15 times as long as the wire.
    dut = serial_accelerator((384, 16, 10), (Folding(1, 1), Folding(1, 1)), input_bytes=1)
    images = random_images(dut.accelerator.network, 8)
    messages, _ = drive(dut, sent(b"".join(infer(dut, images))), cycles=30000)
    due = answers(dut, images)
    assert messages[0] == due[0]
    assert len(messages) < len(due)
    for message in messages:
        assert message == due[message.tag] or message.type == damaged(0).type


def test_replies_that_are_longer_than_requests_are_lost_but_never_wrong():
    dut = serial_accelerator((8, 6, 10), (Folding(2, 8), Folding(5, 3)), scores=True)
    images = random_images(dut.accelerator.network, 40)
    messages, _ = drive(dut, sent(b"".join(infer(dut, images, kind=Kind.SCORES))), cycles=5000)
    expected = golden.forward(dut.accelerator.network, images)
    assert len(messages) >= 8
    for message in messages:
        if message.type == reply(Kind.SCORES, 0).type:
            np.testing.assert_array_equal(
                dut.accelerator.decode(message.body)[1], expected[message.tag : message.tag + 1]
            )


def test_throughput_is_that_of_the_wire():
    dut = serial_accelerator()
    images = random_images(dut.accelerator.network, 60)
    levels = sent(b"".join(infer(dut, images)))
    # All is answered before a twentieth of the time on the wire has passed again.
    messages, _ = drive(dut, levels, cycles=len(levels) // 20)
    assert len(messages) == len(images)
    assert len(encoded(dut, images)) == len(images)
