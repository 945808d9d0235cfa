# amaranth: UnusedElaboratable=no
"""Layers of windows from all of their stages: what comes is what the layer gives, at the interval of the plan."""

import numpy as np
import pytest

from tests.hw.bench import STALLS, stream
from xnorflow.hw.core import Layer
from xnorflow.hw.device import ECP5, ICE40
from xnorflow.hw.folding import Folding
from xnorflow.hw.mvu import Product
from xnorflow.hw.placement import usual_places
from xnorflow.hw.plan import output, plan_layer
from xnorflow.hw.replay import Convert
from xnorflow.hw.stage import Beats, LayerPlan
from xnorflow.model.ir import ZERO, Bias, Conv2d, Element, MaxPool, Ranks, SumPool, Tensor, Thresholds
from xnorflow.model.kinds.endings import Sums

FRAMES = 3
BITS, PIXELS, SIGNED = (Element.BIT, 1), (Element.UINT, 3), (Element.INT, 4)


def convolution(mh, kernel, channels, groups, *, ending=1, **parameters):
    """Random weights, and an ending with random numbers: so many levels, or another one by its kind."""
    return mh, kernel, channels, groups, ending, parameters


def layer_of(spec, tensor, rng):
    if not isinstance(spec, tuple):
        return spec
    mh, kernel, channels, groups, ending, parameters = spec
    weights = rng.integers(0, 2, (mh, *kernel, channels // groups))
    matches = tensor.element is Element.BIT and parameters.get("pad") != ZERO
    sums = Sums(weights[0].size * tensor.magnitude, matches)
    return Conv2d(weights, ending_of(ending, mh, sums, rng), groups=groups, **parameters)


def ending_of(kind, mh, sums, rng):
    low, high = sums.span
    if kind is Bias:
        return Bias(rng.integers(-9, 10, mh))
    if kind is Ranks:
        return Ranks(rng.integers(-40, 40, (mh, high - low + 1)))
    middle, spread = (low + high) // 2, max(1, (high - low) // 6)
    levels = rng.integers(middle - spread, middle + spread + 2, (mh, kind)).clip(low, high + 1)
    return Thresholds(np.sort(levels, axis=-1))


def words(values, tensor, beats):
    """Elements in the order of the stream as words; what fills a beat is arbitrary."""
    bits, made = tensor.width, []
    for unit in values.reshape(-1, beats.unit):
        for start in range(0, beats.unit, beats.width):
            part = [int(value) & (1 << bits) - 1 for value in unit[start : start + beats.width]]
            filled = part + [1] * (beats.width - len(part))
            made.append(sum(value << n * bits for n, value in enumerate(filled)))
    return made


def elements(made, size, bits, beats, count):
    """What :func:`words` had, of so many bits, without what fills beats; integers as they are stored."""
    rows = [[word >> n * size & (1 << bits) - 1 for n in range(beats.width)] for word in made]
    units = np.array(rows).reshape(-1, -(-beats.unit // beats.width) * beats.width)
    return units[:, : beats.unit].reshape(count, -1)


def run(spec, shape, kind, folding, source, stalls, family=ICE40):
    rng = np.random.default_rng(seed=7)
    tensor = Tensor(shape, *kind)
    layer = layer_of(spec, tensor, rng)
    low, high = (0, 1) if tensor.element is Element.BIT else tensor.span
    values = rng.integers(low, high + 1, (FRAMES, *shape))
    stages = plan_layer(layer, tensor, folding, source)
    results, beats = layer.output(tensor), output(layer, tensor, folding, source)
    expected = layer.apply(tensor, values).reshape(FRAMES, -1) & (1 << results.width) - 1
    count = results.size // beats.unit * -(-beats.unit // beats.width)
    plan = LayerPlan(((),), stages, (source,), beats)
    dut = Layer(plan=plan, places=usual_places(stages, family), family=family)
    made = stream(dut, words(values, tensor, source), count=FRAMES * count, stalls=stalls, timeout=60_000)
    # Sums may have more bits than their results need.
    size = len(dut.o.payload) // beats.width
    assert (elements(made.beats, size, results.width, beats, FRAMES) == expected).all()
    if not stalls:
        steady = set(np.diff(made.given[::count])[1:].tolist())
        came = np.diff(np.array(made.taken).reshape(FRAMES, -1)[:, -1]).max()
        assert max(*steady, came) == max(stage.cycles for stage in stages)
    return stages


# layer, shape, elements, folding, beats that come
CASES = {
    "depthwise": (convolution(4, (3, 3), 4, 4), (6, 5, 4), BITS, Folding(4, 1), Beats(4, 4)),
    "depthwise, two at once": (convolution(4, (3, 3), 4, 4), (6, 5, 4), BITS, Folding(2, 1), Beats(4, 4)),
    "depthwise, not divided": (convolution(5, (3, 3), 5, 5), (5, 5, 5), BITS, Folding(3, 1), Beats(5, 5)),
    "depthwise, filled up as it comes": (convolution(5, (2, 3), 5, 5), (5, 5, 5), BITS, Folding(3, 1), Beats(3, 5)),
    "depthwise, taps at once": (convolution(6, (3, 3), 6, 6), (5, 5, 6), BITS, Folding(2, 3), Beats(6, 6)),
    "depthwise, taps not divided": (convolution(6, (3, 3), 6, 6), (5, 4, 6), BITS, Folding(1, 4), Beats(2, 6)),
    "depthwise, nothing divided": (convolution(7, (3, 3), 7, 7), (4, 5, 7), BITS, Folding(3, 5), Beats(2, 7)),
    "depthwise, all at once": (convolution(3, (2, 2), 3, 3), (4, 4, 3), BITS, Folding(3, 4), Beats(3, 3)),
    "depthwise, stride and padding": (
        convolution(4, (3, 3), 4, 4, stride=(2, 2), padding=(1, 1)), (7, 6, 4), BITS, Folding(2, 9), Beats(4, 4),
    ),
    "depthwise, padding of ones": (
        convolution(4, (3, 2), 4, 4, stride=(1, 2), padding=(2, 1), pad=1), (4, 6, 4), BITS, Folding(3, 1), Beats(4, 4),
    ),
    "multiplier 2": (convolution(8, (3, 3), 4, 4), (5, 5, 4), BITS, Folding(4, 1), Beats(4, 4)),
    "multiplier 2, not divided": (convolution(6, (2, 2), 3, 3), (4, 4, 3), BITS, Folding(4, 3), Beats(3, 3)),
    "multiplier 2, one neuron": (convolution(6, (2, 2), 3, 3), (4, 4, 3), BITS, Folding(1, 1), Beats(1, 3)),
    "multiplier 3, stride": (
        convolution(6, (3, 3), 2, 2, stride=(2, 1), padding=(0, 2)), (5, 4, 2), BITS, Folding(3, 2), Beats(2, 2),
    ),
    "depthwise, integers": (convolution(4, (3, 3), 4, 4), (5, 5, 4), SIGNED, Folding(2, 2), Beats(4, 4)),
    "depthwise, padded integers": (
        convolution(6, (3, 3), 3, 3, padding=(1, 1), pad=2), (4, 4, 3), PIXELS, Folding(3, 1), Beats(1, 3),
    ),
    "depthwise, several pixels a beat": (convolution(2, (2, 2), 2, 2), (4, 4, 2), BITS, Folding(1, 3), Beats(8, 32)),
    "depthwise, a beat is not a part": (convolution(4, (2, 2), 4, 4), (4, 4, 4), BITS, Folding(3, 1), Beats(8, 64)),
    "depthwise, dilated": (
        convolution(4, (3, 3), 4, 4, dilation=(2, 2), padding=(2, 2)), (5, 5, 4), BITS, Folding(2, 3), Beats(4, 4),
    ),
    "two groups": (convolution(6, (3, 3), 4, 2), (5, 5, 4), BITS, Folding(3, 2), Beats(4, 4)),
    "two groups, replayed": (convolution(6, (3, 3), 4, 2), (5, 4, 4), BITS, Folding(1, 2), Beats(4, 4)),
    "two groups, parts of pixels": (convolution(4, (2, 2), 8, 2), (4, 4, 8), BITS, Folding(2, 2), Beats(4, 8)),
    "two groups, several pixels": (convolution(4, (3, 3), 4, 2), (5, 4, 4), BITS, Folding(2, 6), Beats(4, 4)),
    "two groups, nothing divided": (convolution(10, (3, 3), 6, 2), (4, 5, 6), BITS, Folding(3, 4), Beats(4, 6)),
    "four groups": (convolution(8, (3, 2), 8, 4), (4, 4, 8), BITS, Folding(2, 2), Beats(8, 8)),
    "four groups of integers": (
        convolution(8, (2, 2), 8, 4, padding=(1, 1), pad=-3), (4, 4, 8), SIGNED, Folding(1, 4), Beats(3, 8),
    ),
    "four groups, dilated, stride": (
        convolution(12, (2, 3), 8, 4, dilation=(3, 2), stride=(1, 2)), (6, 7, 8), BITS, Folding(2, 1), Beats(8, 8),
    ),
    "depthwise, three levels": (convolution(5, (3, 3), 5, 5, ending=3), (5, 5, 5), BITS, Folding(2, 2), Beats(5, 5)),
    "depthwise, zeros": (
        convolution(4, (3, 3), 4, 4, pad=ZERO, padding=(1, 1)), (4, 5, 4), BITS, Folding(3, 3), Beats(4, 4),
    ),
    "depthwise, zeros, dilated, five levels": (
        convolution(4, (3, 3), 4, 4, pad=ZERO, padding=(2, 2), dilation=(2, 2), ending=5), (5, 5, 4), BITS,
        Folding(4, 1), Beats(4, 4),
    ),
    "depthwise, integers out": (convolution(6, (2, 2), 3, 3, ending=Bias), (4, 4, 3), SIGNED, Folding(4, 3), Beats(3, 3)),
    "two groups, three levels, filled up": (
        convolution(10, (2, 2), 4, 2, ending=3), (4, 4, 4), BITS, Folding(3, 8), Beats(4, 4),
    ),
    "two groups, zeros, filled up": (
        convolution(10, (3, 3), 4, 2, pad=ZERO, padding=(1, 2)), (4, 4, 4), BITS, Folding(4, 2), Beats(4, 4),
    ),
    "two groups, zeros, levels, filled up": (
        convolution(6, (2, 3), 4, 2, pad=ZERO, padding=(1, 1), ending=7), (3, 4, 4), BITS, Folding(2, 2), Beats(4, 4),
    ),
    "two groups, integers out, filled up": (
        convolution(6, (2, 2), 4, 2, ending=Bias), (4, 4, 4), PIXELS, Folding(2, 3), Beats(4, 4),
    ),
    "two groups, ranks, filled up": (
        convolution(6, (2, 2), 4, 2, ending=Ranks), (4, 4, 4), BITS, Folding(2, 4), Beats(4, 4),
    ),
    "dilated by 2": (convolution(3, (3, 3), 2, 1, dilation=(2, 2)), (7, 6, 2), BITS, Folding(2, 2), Beats(2, 2)),
    "dilated by 3, padded": (
        convolution(3, (3, 3), 2, 1, dilation=(3, 3), padding=(3, 3)), (5, 5, 2), BITS, Folding(3, 5), Beats(2, 2),
    ),
    "a row": (convolution(4, (1, 9), 2, 1, padding=(0, 4)), (1, 20, 2), BITS, Folding(2, 4), Beats(2, 2)),
    "a row, dilated, stride": (
        convolution(4, (1, 5), 2, 1, dilation=(1, 3), stride=(1, 2)), (1, 30, 2), BITS, Folding(4, 2), Beats(2, 2),
    ),
    "a row of padded rows": (
        convolution(2, (3, 3), 2, 1, padding=(1, 1)), (1, 9, 2), BITS, Folding(1, 2), Beats(2, 2),
    ),
    "a row, depthwise": (convolution(4, (1, 9), 4, 4), (1, 15, 4), BITS, Folding(4, 2), Beats(4, 4)),
    "a column": (convolution(2, (17, 1), 1, 1, padding=(8, 0)), (24, 1, 1), BITS, Folding(2, 17), Beats(1, 1)),
    "largest integers": (MaxPool((2, 2), (2, 2)), (6, 5, 4), PIXELS, None, Beats(4, 4)),
    "largest integers, filled up": (MaxPool((2, 3), (2, 3)), (6, 7, 5), SIGNED, None, Beats(2, 5)),
    "largest of overlapping integers": (MaxPool((3, 2), (1, 1)), (5, 5, 4), SIGNED, None, Beats(2, 4)),
    "largest, overlapping, filled up": (MaxPool((3, 3), (2, 2)), (5, 5, 3), PIXELS, None, Beats(2, 3)),
    "largest bits, padded": (MaxPool((3, 3), (2, 2), (1, 1)), (6, 5, 4), BITS, None, Beats(2, 4)),
    "largest bits, padded one way": (MaxPool((2, 3), (2, 2), (0, 1, 1, 0)), (5, 6, 3), BITS, None, Beats(3, 3)),
    "largest integers, padded": (MaxPool((2, 2), (2, 2), (0, 0, 1, 1)), (5, 5, 4), SIGNED, None, Beats(2, 4)),
    "largest of overlapping integers, padded": (MaxPool((3, 3), (2, 1), (1, 2)), (5, 4, 3), SIGNED, None, Beats(2, 3)),
    "largest of a row, padded": (MaxPool((1, 3), (1, 2), (0, 1)), (1, 9, 2), PIXELS, None, Beats(2, 2)),
    "sums of bits": (SumPool((2, 2), (2, 2)), (6, 6, 4), BITS, None, Beats(4, 4)),
    "sums of overlapping bits": (SumPool((2, 3), (1, 1)), (4, 5, 3), BITS, None, Beats(2, 3)),
    "sums of integers": (SumPool((3, 2), (3, 3)), (6, 6, 2), SIGNED, None, Beats(1, 2)),
    "sums of all bits": (SumPool((5, 4), (1, 1)), (5, 4, 6), BITS, None, Beats(4, 6)),
    "sums of all integers": (SumPool((4, 4), (1, 1)), (4, 4, 3), SIGNED, None, Beats(3, 3)),
    "sums of a row": (SumPool((1, 4), (1, 2)), (1, 12, 2), PIXELS, None, Beats(2, 2)),
    "sums of many pixels in a beat": (SumPool((2, 2), (2, 2)), (4, 4, 2), BITS, None, Beats(8, 32)),
}  # fmt: skip


@pytest.mark.parametrize("stalls", STALLS)
@pytest.mark.parametrize("case", CASES)
def test_layer_gives_what_it_means_at_its_interval(case, stalls):
    run(*CASES[case], stalls)


@pytest.mark.parametrize("case", ["depthwise, nothing divided", "two groups, nothing divided", "sums of a row"])
def test_layer_is_the_same_with_distributed_memories(case):
    run(*CASES[case], 0.0, ECP5)


# Channels, multiplier, taps, pe, simd.
@pytest.mark.parametrize(
    ("channels", "multiplier", "kernel", "pe", "simd"),
    [(6, 1, (3, 3), 6, 1), (6, 1, (3, 3), 4, 9), (5, 2, (3, 1), 3, 2), (8, 1, (5, 5), 1, 25), (4, 3, (2, 2), 12, 3)],
)
def test_depthwise_products_take_windows_by_taps_by_neurons(channels, multiplier, kernel, pe, simd):
    mh, taps = channels * multiplier, kernel[0] * kernel[1]
    tensor = Tensor((7, 7, channels))
    layer = Conv2d(np.zeros((mh, *kernel, 1), int), Thresholds(np.zeros(mh, int)), groups=channels)
    stages = plan_layer(layer, tensor, Folding(pe, simd), Beats(channels, channels))
    product = next(stage for stage in stages if isinstance(stage, Product))
    windows = (8 - kernel[0]) * (8 - kernel[1])
    assert product.cycles == windows * -(-taps // simd) * -(-mh // pe)
    # Nothing else is slower, but that a pixel of a window is read in a cycle.
    slowest = max(stage.cycles for stage in stages if not isinstance(stage, Convert))
    assert slowest == max(product.cycles, windows * taps)
