# amaranth: UnusedElaboratable=no
import random

import numpy as np
import pytest
from amaranth.hdl import signed

from tests.hw.bench import STALLS, stream
from xnorflow.hw.answer import Answer, AnswerFormat
from xnorflow.hw.argmax import PAUSE, Argmax

WIDTH = 5
FRAMES = 30


def frames_of(count):
    """Random scores with many ties, and the extremes."""
    rng = random.Random(count)
    return [[rng.choice([-16, -3, -2, 0, 15]) for _ in range(count)] for _ in range(FRAMES)]


def beats_of(frames, lanes):
    rng = random.Random(1)
    beats = []
    for frame in frames:
        padded = [*frame, *(rng.randrange(16) for _ in range(-len(frame) % lanes))]
        words = [padded[n : n + lanes] for n in range(0, len(padded), lanes)]
        beats += [sum((score & 31) << WIDTH * n for n, score in enumerate(word)) for word in words]
    return beats


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(("count", "lanes"), [(1, 1), (2, 1), (10, 1), (10, 2), (10, 3), (10, 10), (3, 3), (300, 7)])
def test_finds_the_first_of_the_highest(count, lanes, stalls):
    frames = frames_of(count)
    dut = Argmax(score=signed(WIDTH), count=count, lanes=lanes)
    run = stream(dut, beats_of(frames, lanes), count=FRAMES, stalls=stalls)
    assert run.beats == [int(np.argmax(frame)) for frame in frames]
    if not stalls:
        beats = -(-count // lanes)
        assert run.given[0] - run.taken[beats - 1] == dut.latency
        assert set(np.diff(run.given)) == {beats}


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("count", [1, 2, 10, 300])
def test_patient_comparison_takes_two_cycles_a_score_and_a_pause(count, stalls):
    frames = frames_of(count)
    dut = Argmax(score=signed(WIDTH), count=count, lanes=1, patient=True)
    run = stream(dut, beats_of(frames, 1), count=FRAMES, stalls=stalls, timeout=60_000)
    assert run.beats == [int(np.argmax(frame)) for frame in frames]
    if not stalls:
        assert run.given[0] - run.taken[count - 1] == dut.latency
        assert set(np.diff(run.given)) == {2 * count + PAUSE}


def test_patience_needs_a_single_lane():
    with pytest.raises(ValueError, match=r"^lanes must be 1 for a patient comparison, not 2$"):
        Argmax(score=signed(WIDTH), count=4, lanes=2, patient=True)


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(("count", "lanes"), [(1, 1), (10, 1), (10, 3), (10, 10), (300, 7)])
def test_answer_has_class_and_all_scores_in_whole_bytes(count, lanes, stalls):
    frames = frames_of(count)
    dut = Answer(score=signed(WIDTH), count=count, lanes=lanes, scores=True)
    run = stream(dut, beats_of(frames, lanes), count=FRAMES, stalls=stalls)
    for frame, answer in zip(frames, run.beats, strict=True):
        data = answer.to_bytes(dut.format.output_bytes, "little")
        assert int.from_bytes(data[: dut.format.class_bytes], "little") == int(np.argmax(frame))
        assert np.frombuffer(data[dut.format.class_bytes :], np.int8).tolist() == frame


def test_class_takes_two_bytes_beyond_256_classes():
    assert AnswerFormat(256, WIDTH, scores=False).output_bytes == 1
    assert AnswerFormat(257, WIDTH, scores=False).output_bytes == 2
