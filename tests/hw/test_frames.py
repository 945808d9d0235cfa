import numpy as np
import pytest

from xnorflow.hw.frames import frame_format
from xnorflow.model.ir import Affine, Bias, Conv2d, Dense, Network, Thermometer, Thresholds


def network_of(rule, *, windows):
    rng = np.random.default_rng(seed=0)
    tensor = rule.output
    first = (
        Conv2d(rng.integers(0, 2, (2, 1, 1, tensor.shape[-1])), Thresholds([0, 0]))
        if windows
        else Dense(rng.integers(0, 2, (2, tensor.size)), Thresholds([0, 0]))
    )
    size = first.output(tensor).size
    return Network("frames", rule, (first, Dense(rng.integers(0, 2, (2, size)), Bias([0, 0]))))


@pytest.mark.parametrize(
    ("rule", "windows", "interval", "beats"),
    [
        # A vector: the fewest bytes that are fast enough, the last byte filled up.
        (Thermometer((28, 28), (128,)), False, 128, (1, 98)),
        (Thermometer((28, 28), (128,)), False, 64, (2, 49)),
        (Thermometer((5, 3), (128,)), False, 1, (2, 1)),
        # An image of bits: eight pixels a byte where they fill bytes evenly, else a pixel a beat.
        (Thermometer((28, 28), (128,)), True, 1, (1, 98)),
        (Thermometer((8, 8), (2, 6, 10, 14)), True, 1, (1, 32)),
        (Thermometer((5, 3), (128,)), True, 1, (1, 15)),
        (Thermometer((4, 4), (50, 100, 150)), True, 1, (1, 16)),
        # Integers: a byte each, a pixel a beat.
        (Affine((32, 32, 3), 1, -128, 1, 8, signed=True), True, 1, (3, 1024)),
        (Affine((4, 4), 1, 0, 16, 4), False, 8, (2, 8)),
    ],
)
def test_beats_of_a_frame(rule, windows, interval, beats):
    frame = frame_format(network_of(rule, windows=windows), interval=interval)
    assert (frame.input_bytes, frame.input_beats) == beats
    values = np.zeros((3, *rule.output.shape), np.int64)
    assert len(frame.encode(values)) == 3 * beats[0] * beats[1]


def test_bits_are_packed_from_bit_zero():
    frame = frame_format(network_of(Thermometer((2, 5), (9,)), windows=False), interval=100)
    assert frame.encode(np.array([[1, 0, 0, 0, 0, 0, 0, 1, 1, 0]], np.uint8)) == bytes([0b10000001, 0b01])


def test_integers_are_bytes_in_twos_complement():
    frame = frame_format(network_of(Affine((1, 2), 1, -9, 1, 5, signed=True), windows=True), interval=100)
    assert frame.encode(np.array([[[[-9], [3]]]])) == bytes([0xF7, 0x03])


@pytest.mark.parametrize(
    ("windows", "size", "message"),
    [
        (False, 0, r"^input_bytes must be in 1..98, not 0$"),
        (True, 2, r"^input_bytes must be 1 for images of 1 channels, not 2$"),
    ],
)
def test_refuses_bytes_out_of_range(windows, size, message):
    with pytest.raises(ValueError, match=message):
        frame_format(network_of(Thermometer((28, 28), (128,)), windows=windows), interval=9, input_bytes=size)
