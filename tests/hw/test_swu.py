# amaranth: UnusedElaboratable=no
import numpy as np
import pytest

from tests.hw.bench import STALLS, stream
from xnorflow.hw.stage import Place
from xnorflow.hw.swu import SlidingWindow, Window

FRAMES = 4

# image, kernel, stride, padding, width, words, passes
SHAPES = [
    ((1, 1), (1, 1), (1, 1), (0, 0), 1, 1, 1),
    ((5, 1), (3, 1), (1, 1), (0, 0), 2, 1, 1),
    ((1, 6), (1, 3), (1, 2), (0, 0), 2, 1, 2),
    ((4, 4), (4, 4), (1, 1), (0, 0), 1, 3, 2),
    ((6, 7), (3, 3), (1, 1), (0, 0), 3, 1, 1),
    ((6, 7), (3, 3), (1, 1), (1, 1), 3, 2, 1),
    ((6, 7), (3, 2), (2, 3), (2, 1), 3, 2, 2),
    ((7, 5), (5, 3), (3, 2), (0, 2), 1, 1, 3),
    ((5, 5), (2, 2), (3, 3), (0, 0), 4, 1, 1),
    ((9, 8), (7, 7), (1, 1), (3, 3), 2, 1, 1),
]


def windows_of(image, window):
    """Words of all windows of an image of shape ``(rows, columns, words)``, in the order of the hardware."""
    (py, px), (ky, kx), (sy, sx) = window.padding, window.kernel, window.stride
    pad = (window.pad & (1 << window.bits) - 1) * sum(1 << n * window.bits for n in range(window.width))
    padded = np.pad(image, ((py, py), (px, px), (0, 0)), constant_values=pad)
    (dy, dx), (height, width) = window.dilation, window.size
    assert (height, width) == ((ky - 1) * dy + 1, (kx - 1) * dx + 1)
    for y in range(window.outputs[0]):
        for x in range(window.outputs[1]):
            view = padded[y * sy : y * sy + height : dy, x * sx : x * sx + width : dx]
            if window.split:
                parts = range(0, window.words, window.part)
                yield from (word for n in parts for word in view[:, :, n : n + window.part].ravel())
            else:
                yield from np.tile(view.ravel(), window.passes)


def run(window, stalls, place=Place.BLOCK, registered=False):
    rng = np.random.default_rng(seed=0)
    bits = window.width * window.bits
    frames = rng.integers(0, 1 << bits, (FRAMES, *window.image, window.words))
    expected = [int(word) for frame in frames for word in windows_of(frame, window)]
    dut = SlidingWindow(window=window, place=place, registered=registered)
    result = stream(dut, frames.ravel().tolist(), count=len(expected), stalls=stalls, timeout=60_000)
    assert result.beats == expected
    return result, len(expected) // FRAMES


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("pad", [0, 1])
@pytest.mark.parametrize(("image", "kernel", "stride", "padding", "width", "words", "passes"), SHAPES)
def test_gives_all_windows_without_a_bubble(image, kernel, stride, padding, width, words, passes, pad, stalls):
    window = Window(image, kernel, stride, padding, pad, 1, width, words, passes)
    result, beats = run(window, stalls)
    if not stalls:
        steady = np.diff(result.given[::beats])[1:]
        assert set(steady) == {window.cycles}


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(("image", "kernel", "stride", "padding", "width", "words", "passes"), SHAPES)
def test_register_of_the_memory_costs_a_cycle_and_no_bubble(
    image, kernel, stride, padding, width, words, passes, stalls
):
    window = Window(image, kernel, stride, padding, 1, 1, width, words, passes)
    result, beats = run(window, stalls, registered=True)
    if not stalls:
        assert set(np.diff(result.given[::beats])[1:]) == {window.cycles}
        # The first word of the first window may be padding, which waits for nothing.
        if padding == (0, 0):
            assert result.given[0] - result.taken[0] == 3
            assert run(window, stalls)[0].given[0] == result.given[0] - 1


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("words", [1, 3])
def test_splits_windows_by_words(words, stalls):
    run(Window((6, 6), (2, 2), (2, 2), (0, 0), 0, 1, 3, words, split=True), stalls)


# image, kernel, dilation, stride, padding, words, part (0: all of a pixel)
SPREAD = [
    ((7, 9), (3, 3), (2, 2), (1, 1), (0, 0), 2, 0),
    ((7, 9), (3, 3), (2, 3), (1, 1), (2, 3), 1, 0),
    ((5, 6), (3, 2), (2, 4), (2, 1), (4, 4), 3, 0),
    ((9, 5), (2, 3), (3, 1), (3, 2), (0, 2), 2, 0),
    ((6, 6), (3, 3), (2, 2), (1, 1), (2, 2), 4, 1),
    ((6, 7), (2, 3), (1, 2), (1, 2), (0, 1), 4, 2),
    ((5, 4), (3, 1), (1, 3), (1, 1), (1, 0), 6, 3),
    ((3, 4), (3, 3), (4, 4), (1, 1), (8, 8), 2, 0),
    ((2, 2), (1, 2), (1, 5), (2, 2), (0, 5), 1, 0),
    ((1, 30), (1, 9), (1, 1), (1, 1), (0, 4), 2, 0),
    ((30, 1), (9, 1), (2, 1), (2, 1), (16, 0), 2, 0),
    ((40, 1), (20, 1), (1, 1), (7, 1), (3, 0), 1, 0),
    ((12, 3), (2, 2), (1, 1), (5, 1), (1, 1), 2, 0),
]


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize(("image", "kernel", "dilation", "stride", "padding", "words", "part"), SPREAD)
def test_gives_spread_windows_and_parts_of_pixels_without_a_bubble(
    image, kernel, dilation, stride, padding, words, part, stalls
):
    parts = {"split": part > 0, "part": part or 1}
    window = Window(image, kernel, stride, padding, 1, 1, 3, words, dilation=dilation, **parts)
    result, beats = run(window, stalls)
    if not stalls:
        assert set(np.diff(result.given[::beats])[1:]) == {window.cycles}


def test_pads_integers_with_their_value():
    run(Window((3, 3), (3, 3), (1, 1), (1, 1), -3, 4, 2, 1), 0.0)
