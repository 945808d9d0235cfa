# amaranth: UnusedElaboratable=no
"""Largest elements and sums: of windows that come pixel by pixel, and of pixels as they come."""

import numpy as np
import pytest

from tests.hw.bench import STALLS, stream
from xnorflow.hw.pool import WindowPool
from xnorflow.hw.reductions import AnyBit, largest_of, total_of
from xnorflow.hw.running_pool import Running, RunningPool
from xnorflow.hw.stage import Place
from xnorflow.model.ir import Element, MaxPool, SumPool, Tensor

ELEMENTS = {
    "bits": Tensor((9, 9, 1)),
    "unsigned": Tensor((9, 9, 1), Element.UINT, 3),
    "signed": Tensor((9, 9, 1), Element.INT, 4),
}


def stored(tensor, rng, shape):
    """Elements as they are stored, over their whole range."""
    low, high = (0, 1) if tensor.element is Element.BIT else tensor.span
    return rng.integers(low, high + 1, shape)


def word_of(values, bits):
    """Elements of a word, the first in the lowest bits."""
    return sum((int(value) & (1 << bits) - 1) << n * bits for n, value in enumerate(values))


def reduction_of(layer, tensor):
    if isinstance(layer, MaxPool):
        return largest_of(tensor)
    return total_of(tensor, layer.output(tensor))


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("beats", [1, 2, 4, 9])
def test_pool_is_the_or_of_its_beats(beats, stalls):
    rng = np.random.default_rng(seed=beats)
    words = rng.integers(0, 16, (20, beats)) & rng.integers(0, 16, (20, beats))
    result = stream(
        WindowPool(width=4, beats=beats, reduction=AnyBit()), words.ravel().tolist(), count=20, stalls=stalls
    )
    assert result.beats == np.bitwise_or.reduce(words, axis=1).tolist()
    if not stalls:
        assert result.given[0] - result.taken[beats - 1] == WindowPool.LATENCY
        assert set(np.diff(result.given)) == {beats}


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("kind", [MaxPool, SumPool])
@pytest.mark.parametrize("element", ELEMENTS)
def test_pool_of_any_elements_is_what_the_layer_gives(element, kind, stalls):
    tensor, rng = ELEMENTS[element], np.random.default_rng(seed=2)
    layer = kind((2, 3), (2, 3))
    reduction = reduction_of(layer, tensor)
    values = stored(tensor, rng, (15, 2, 3, 4))
    expected = layer.apply(tensor, values)[:, 0, 0]
    beats = [word_of(pixel, reduction.taken) for pixel in values.reshape(-1, 4)]
    result = stream(WindowPool(width=4, beats=6, reduction=reduction), beats, count=15, stalls=stalls)
    assert result.beats == [word_of(values, reduction.given) for values in expected]


# image, kernel, stride, words, and what is padded of a largest
IMAGES = [
    ((4, 4), (4, 4), (4, 4), 1),
    ((4, 4), (4, 4), (1, 1), 3),
    ((6, 6), (2, 2), (2, 2), 1),
    ((6, 6), (2, 2), (2, 2), 2),
    ((7, 8), (2, 3), (3, 3), 1),
    ((7, 8), (3, 2), (4, 3), 3),
    ((5, 7), (1, 1), (2, 2), 1),
    ((1, 9), (1, 3), (1, 3), 2),
    ((9, 1), (2, 1), (3, 1), 1),
    ((5, 5), (4, 5), (2, 1), 1),
    ((3, 8), (3, 2), (1, 2), 1),
    ((6, 3), (2, 2), (2, 9), 1),
]
NONE = (0, 0, 0, 0)
PADDED = [
    ((5, 5), (2, 2), (2, 2), 1, (1, 1, 0, 0)),
    ((5, 5), (2, 2), (2, 2), 1, (0, 0, 1, 1)),
    ((5, 7), (3, 2), (3, 2), 2, (1, 0, 0, 1)),
    ((4, 4), (3, 3), (3, 3), 1, (2, 1, 0, 1)),
    ((7, 6), (3, 3), (4, 5), 3, (1, 2, 1, 2)),
    ((3, 3), (4, 5), (4, 5), 1, (1, 1, 0, 1)),
    ((2, 2), (3, 3), (1, 1), 2, (1, 0, 0, 1)),
    ((1, 8), (1, 3), (1, 3), 1, (0, 2, 0, 2)),
    ((9, 1), (3, 1), (3, 1), 1, (1, 0, 2, 0)),
    ((1, 1), (3, 3), (3, 3), 2, (2, 2, 2, 2)),
    ((6, 4), (2, 4), (2, 1), 1, (1, 0, 1, 0)),
]


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("element", ELEMENTS)
@pytest.mark.parametrize(
    ("kind", "image", "kernel", "stride", "words", "borders"),
    [(kind, *sizes, NONE) for kind in (MaxPool, SumPool) for sizes in IMAGES] + [(MaxPool, *sizes) for sizes in PADDED],
)
def test_running_pool_is_what_the_layer_gives_as_fast_as_pixels_come(
    image, kernel, stride, words, borders, element, kind, stalls
):
    frames, width = 3, 2
    tensor, rng = ELEMENTS[element], np.random.default_rng(seed=4)
    layer = kind(kernel, stride, *([borders] if any(borders) else []))
    reduction = reduction_of(layer, tensor)
    values = stored(tensor, rng, (frames, *image, words * width))
    pool = Running(image, kernel, stride, width, words, reduction, borders)
    expected = layer.apply(tensor, values).reshape(-1, width)
    assert expected.size == frames * pool.outputs[0] * pool.outputs[1] * words * width
    beats = [word_of(word, reduction.taken) for word in values.reshape(-1, width)]
    result = stream(RunningPool(pool=pool, place=Place.BLOCK), beats, count=len(expected), stalls=stalls)
    assert result.beats == [word_of(word, reduction.given) for word in expected]
    if not stalls:
        assert result.taken == list(range(result.taken[0], result.taken[0] + frames * pool.cycles))
        row, column = (min(kernel[axis] - borders[axis], image[axis]) - 1 for axis in (0, 1))
        last = (row * image[1] + column) * words
        assert result.given[0] - result.taken[last] == RunningPool.LATENCY
