"""The stages of each layer's hardware, derived from network and folding: what is built, placed and estimated.

A layer is a chain of stages. Each knows how many cycles it takes for a frame; the interval is that of the slowest.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..model.ir import (
    IMAGE,
    ZERO,
    Add,
    Conv2d,
    Dense,
    Element,
    Layer,
    Matrix,
    MaxPool,
    Network,
    Step,
    SumPool,
    Tensor,
    Threshold,
)
from .add import Addition
from .endings import compare_values, ending_stages, is_plain
from .folding import Folding, is_depthwise, turns
from .frames import FrameFormat
from .mvu import Product
from .pool import Pool
from .reductions import AnyBit, Reduction, largest_of, total_of
from .replay import Convert, Replay
from .running_pool import Running
from .stage import Beats, LayerPlan, Stage
from .swu import Window
from .taps import taps_of

__all__ = ["output", "plan_layer", "plan_network", "plan_step", "reweightable_stages", "slowest_layer"]

Planned = tuple[tuple[Stage, ...], Beats]
"""The stages of a layer, and the beats in which the last one gives its results."""


def plan_network(
    network: Network, foldings: tuple[Folding, ...], frame: FrameFormat, *, reweightable: bool = False
) -> tuple[LayerPlan, ...]:
    """Stages of each layer, in the order of the data, without the queues behind forks."""
    by_name = dict(zip(network.matrices, foldings, strict=True))
    plans, beats = [], {IMAGE: frame.source}
    for index, step in enumerate(network.steps()):
        plan = plan_step(step, by_name.get(step.name), tuple(beats[source] for source in step.sources))
        if reweightable:
            _check_reweightable(step, is_last=index == len(network.layers) - 1)
            plan = replace(plan, body=reweightable_stages(plan.body))
        plans.append(plan)
        beats[index] = plan.beats
    return tuple(plans)


def _check_reweightable(step: Step, *, is_last: bool) -> None:
    """Refuse what other weights would change more of than contents of block RAM: levels, and widths of integers."""
    plain = step.matrix is None or is_plain(step.matrix)
    if plain and not isinstance(step.layer, Threshold) and (is_last or step.output.element is Element.BIT):
        return
    raise ValueError(
        f"{step.name}: must end in one threshold for each neuron in a reweightable design, not in levels or integers; "
        "build without --reweightable"
    )


def plan_step(step: Step, folding: Folding | None, sources: tuple[Beats, ...]) -> LayerPlan:
    """Stages of a layer that gets what it reads in these beats; what has no weights has no folding."""
    if len(sources) > 1:
        return JOIN[type(step.layer)](step, sources)
    stages, beats = LOWER[type(step.layer)](step.layer, step.input, folding, sources[0])
    return LayerPlan(((),), stages, sources, beats)


def reweightable_stages(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """The same stages, with the weights and levels of products in block RAM and nowhere else."""
    return tuple(replace(stage, reweightable=True) if isinstance(stage, Product) else stage for stage in stages)


def slowest_layer(network: Network, foldings: tuple[Folding, ...]) -> int:
    """Cycles for a frame of the layer whose products take longest; 1 where no layer has any."""
    steps = {step.name: step for step in network.steps()}
    rows = zip(network.matrices.items(), foldings, strict=True)
    return max((steps[name].vectors * folding.interval(layer) for (name, layer), folding in rows), default=1)


def plan_layer(layer: Layer, tensor: Tensor, folding: Folding | None, source: Beats) -> tuple[Stage, ...]:
    """Stages of a layer that gets ``tensor`` in the beats of ``source``; what has no weights has no folding."""
    return LOWER[type(layer)](layer, tensor, folding, source)[0]


def output(layer: Layer, tensor: Tensor, folding: Folding | None, source: Beats) -> Beats:
    """Beats in which a layer gives its results."""
    return LOWER[type(layer)](layer, tensor, folding, source)[1]


def _dense(layer: Dense, tensor: Tensor, folding: Folding, source: Beats) -> Planned:
    fitting = _without_gaps(source, tensor)
    width = fitting[0].width_out if fitting else source.width
    replay = Replay(tensor.size, tensor.width, width, folding.simd, folding.neuron_fold(layer), vectors=1)
    products, results = _products(layer, folding, tensor, vectors=1)
    return (*fitting, replay, *products), results


def _conv2d(layer: Conv2d, tensor: Tensor, folding: Folding, source: Beats) -> Planned:
    """Where the synapses of a cycle divide the channels, the line buffer itself replays each window.

    Groups of channels take turns: each is a part of the window, with neurons of its own.
    """
    if is_depthwise(layer):
        return _depthwise(layer, tensor, folding, source)
    groups, passes = turns(layer), folding.neuron_fold(layer) // turns(layer)
    channels = layer.channels // groups
    width = folding.simd if channels % folding.simd == 0 else channels
    direct = width == folding.simd and (groups == 1 or passes == 1)
    window = _window(
        layer,
        tensor,
        width=width,
        words=layer.channels // width,
        passes=passes if direct else 1,
        part=channels // width if groups > 1 else 0,
    )
    vectors = window.outputs[0] * window.outputs[1]
    stages: list[Stage] = [*_pixels(source, tensor, width), window]
    if not direct:
        stages.append(Replay(layer.mw, tensor.width, width, folding.simd, passes, vectors * groups))
    products, results = _products(layer, folding, tensor, vectors)
    return (*stages, *products), results


def _depthwise(layer: Conv2d, tensor: Tensor, folding: Folding, source: Beats) -> Planned:
    """Where a pixel at a time is enough, parts of pixels need not be put in another order."""
    rows, columns = layer.output(tensor).shape[:2]
    taps = taps_of(layer, tensor.width, folding, rows * columns)
    words = -(-layer.channels // taps.channels)
    window = _window(layer, tensor, width=taps.channels, words=words, part=1)
    order = () if taps.trivial else (taps,)
    products, results = _products(layer, folding, tensor, rows * columns)
    return (*_pixels(source, tensor, window.width), window, *order, *products), results


def _products(layer: Matrix, folding: Folding, tensor: Tensor, vectors: int) -> Planned:
    """Products, and behind them what ends them where they do not do so themselves; a beat for each group of neurons."""
    plain = is_plain(layer)
    product = Product(layer, folding, tensor, vectors, raw=not plain)
    endings = () if plain else ending_stages(product)
    results = Beats(folding.pe, layer.mh // turns(layer), folding.synapse_fold(layer))
    bits = product.result.width if plain else layer.output(tensor).width
    even, results = _whole_groups(results, layer.mh, bits, vectors)
    return (product, *endings, *even), results


def _whole_groups(results: Beats, mh: int, bits: int, vectors: int) -> tuple[tuple[Convert, ...], Beats]:
    """What makes beats of whole groups of neurons where the last beat of each is filled up."""
    if results.unit == mh or results.unit % results.width == 0:
        return (), replace(results, unit=mh)
    whole = Convert(results.unit, bits, results.width, results.unit, vectors * mh // results.unit)
    return (whole,), Beats(results.unit, mh, results.gap * -(-results.unit // results.width))


def _max_pool(layer: MaxPool, tensor: Tensor, _folding: None, source: Beats) -> Planned:
    return _pool(layer, tensor, source, largest_of(tensor))


def _sum_pool(layer: SumPool, tensor: Tensor, _folding: None, source: Beats) -> Planned:
    return _pool(layer, tensor, source, total_of(tensor, layer.output(tensor)))


def _pool(layer: MaxPool | SumPool, tensor: Tensor, source: Beats, reduction: Reduction) -> Planned:
    """Of bits, windows come out of a line buffer; of integers only where windows overlap: their rows would be wide."""
    channels, bits = tensor.shape[2], isinstance(reduction, AnyBit)
    fills = channels % source.width == 0 or (source.unit == channels and not bits)
    width = source.width if fills else channels
    words, results = -(-channels // width), Beats(width, channels)
    fitting = _pixels(source, tensor, width)
    borders = layer.borders if isinstance(layer, MaxPool) else (0, 0, 0, 0)
    image = (tensor.shape[0], tensor.shape[1])
    running = Running(image, layer.kernel, layer.stride, width, words, reduction, borders)
    if running.is_apart and not bits:
        return (*fitting, running), results
    window = _window(layer, tensor, width=width, words=words, part=1)
    vectors = window.outputs[0] * window.outputs[1] * window.words
    pool = Pool(width, layer.kernel[0] * layer.kernel[1], vectors, reduction)
    return (*fitting, window, pool), results


def _window(
    layer: Conv2d | MaxPool | SumPool, tensor: Tensor, *, width: int, words: int, passes: int = 1, part: int = 0
) -> Window:
    """Windows of an image whose pixels come in so many words, split into parts of so many where that is not 0."""
    window = Window(
        image=(tensor.shape[0], tensor.shape[1]),
        kernel=layer.kernel,
        stride=layer.stride,
        padding=(0, 0),
        pad=0,
        bits=tensor.width,
        width=width,
        words=words,
        passes=passes,
        split=part > 0,
        part=part or 1,
    )
    if not isinstance(layer, SumPool):
        above, left, below, right = layer.borders
        opposite = None if len(layer.padding) == 2 else (below, right)
        window = replace(window, padding=(above, left), opposite=opposite, pad=_padded(layer, tensor))
    if isinstance(layer, Conv2d):
        window = replace(window, dilation=layer.dilation)
    return window.upright()


def _padded(layer: Conv2d | MaxPool, tensor: Tensor) -> int:
    """What stands for the padding: zeros among bits are -1, which the levels of each border make good."""
    if isinstance(layer, Conv2d):
        return 0 if layer.pad == ZERO else layer.pad
    return 0 if tensor.element is Element.BIT else tensor.span[0]


def _threshold(layer: Threshold, tensor: Tensor, _folding: None, source: Beats) -> Planned:
    fitting, beats = _by_channels(layer, source, tensor)
    return (*fitting, compare_values(layer, tensor, beats)), beats


def _chosen_threshold(step: Step, sources: tuple[Beats, ...]) -> LayerPlan:
    tensor, chooser = step.inputs
    assert isinstance(step.layer, Threshold)
    fitting, beats = _by_channels(step.layer, sources[0], tensor)
    arms = (fitting, _fitting(sources[1], chooser, beats))
    return LayerPlan(arms, (compare_values(step.layer, tensor, beats, chooser),), sources, beats)


def _add(step: Step, sources: tuple[Beats, ...]) -> LayerPlan:
    """The second tensor comes in the beats of the first."""
    beats, (left, right) = sources[0], step.inputs
    assert isinstance(step.layer, Add)
    sums = Addition(left, right, step.layer.shifts, step.output.width, beats.width, beats.count(left.size))
    return LayerPlan(((), _fitting(sources[1], right, beats)), (sums,), sources, beats)


def _by_channels(layer: Threshold, source: Beats, tensor: Tensor) -> tuple[tuple[Convert, ...], Beats]:
    """What makes beats that have the same channels again and again: parts of a pixel, or whole ones."""
    channels = layer.channels
    if channels == tensor.size or source.unit == channels or source.width % channels == 0:
        return (), source
    beats = Beats(channels, channels)
    return _fitting(source, tensor, beats), beats


def _fitting(source: Beats, tensor: Tensor, wanted: Beats) -> tuple[Convert, ...]:
    """What makes other beats of a tensor."""
    if (source.width, source.unit) == (wanted.width, wanted.unit):
        return ()
    if source.unit == wanted.unit:
        return (Convert(source.unit, tensor.width, source.width, wanted.width, tensor.size // source.unit),)
    # Where no beat is filled up, each is a unit of its own; else the first step makes such beats.
    unit, last = (beats.width if beats.unit % beats.width == 0 else beats.unit for beats in (source, wanted))
    width = math.gcd(unit, last)
    steps = ((unit, source.width, width), (last, width, wanted.width))
    return tuple(Convert(count, tensor.width, a, b, tensor.size // count) for count, a, b in steps if a != b)


def _without_gaps(source: Beats, tensor: Tensor) -> tuple[Convert, ...]:
    """What makes beats of whole units where each unit's last beat is filled up and there are several units."""
    if source.unit >= tensor.size or source.unit % source.width == 0:
        return ()
    return (Convert(source.unit, tensor.width, source.width, source.unit, tensor.size // source.unit),)


def _pixels(source: Beats, tensor: Tensor, width: int) -> tuple[Convert, ...]:
    """What makes words of ``width`` elements; the last one of a pixel is filled up."""
    channels = tensor.shape[2]
    if source.width == width and (channels % width == 0 or source.unit == channels):
        return ()
    # A beat may hold several pixels where the whole image is one unit.
    several = source.unit > channels
    if several and (source.width % channels or source.unit % source.width or channels % width):
        return _fitting(source, tensor, Beats(width, channels))
    count = source.width if several else channels
    return (Convert(count, tensor.width, source.width, width, tensor.size // count),)


LOWER: dict[type[Layer], Callable[[Any, Tensor, Any, Beats], Planned]] = {
    Dense: _dense,
    Conv2d: _conv2d,
    MaxPool: _max_pool,
    Threshold: _threshold,
    SumPool: _sum_pool,
}
"""How each kind of layer becomes stages."""

JOIN: dict[type[Layer], Callable[[Step, tuple[Beats, ...]], LayerPlan]] = {Add: _add, Threshold: _chosen_threshold}
"""The same for those that read two."""
