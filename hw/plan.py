"""The stages of each layer's hardware, derived from network and folding: what is built, placed and estimated.

A layer is a chain of stages. Each knows how many cycles it takes for a frame; the interval is that of the slowest.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..model.ir import ZERO, Conv2d, Dense, Layer, Matrix, MaxPool, Network, Tensor
from .endings import ending_stages, is_plain
from .folding import Folding
from .frames import FrameFormat
from .mvu import Product
from .pool import Pool
from .replay import Convert, Replay
from .stage import Beats, Stage
from .swu import Window

__all__ = ["output", "plan_layer", "plan_network", "reweightable_stages", "slowest_layer"]

Planned = tuple[tuple[Stage, ...], Beats]
"""The stages of a layer, and the beats in which the last one gives its results."""


def plan_network(
    network: Network, foldings: tuple[Folding, ...], frame: FrameFormat, *, reweightable: bool = False
) -> tuple[tuple[Stage, ...], ...]:
    """Stages of each layer, in the order of the data."""
    stages, source, by_name = [], frame.source, dict(zip(network.matrices, foldings, strict=True))
    for step in network.steps():
        folding = by_name.get(step.name)
        planned = plan_layer(step.layer, step.input, folding, source)
        stages.append(reweightable_stages(planned) if reweightable else planned)
        source = output(step.layer, step.input, folding, source)
    return tuple(stages)


def reweightable_stages(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """The same stages, with the weights and levels of products in block RAM and nowhere else."""
    return tuple(replace(stage, reweightable=True) if isinstance(stage, Product) else stage for stage in stages)


def slowest_layer(network: Network, foldings: tuple[Folding, ...]) -> int:
    """Cycles for a frame of the layer whose products take longest."""
    steps = {step.name: step for step in network.steps()}
    rows = zip(network.matrices.items(), foldings, strict=True)
    return max(steps[name].vectors * folding.interval(layer) for (name, layer), folding in rows)


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
    return (*fitting, replay, *_products(layer, folding, tensor, vectors=1)), _results(layer, folding)


def _conv2d(layer: Conv2d, tensor: Tensor, folding: Folding, source: Beats) -> Planned:
    """Where the synapses of a cycle divide the channels, the line buffer itself replays each window."""
    direct = layer.channels % folding.simd == 0
    width, passes = (folding.simd, folding.neuron_fold(layer)) if direct else (layer.channels, 1)
    window = Window(
        image=(tensor.shape[0], tensor.shape[1]),
        kernel=layer.kernel,
        stride=layer.stride,
        padding=layer.padding,
        # Zeros among bits are padded as -1, which the levels of each border make good.
        pad=0 if layer.pad == ZERO else layer.pad,
        bits=tensor.width,
        width=width,
        words=layer.channels // width,
        passes=passes,
    )
    vectors = window.outputs[0] * window.outputs[1]
    products = _products(layer, folding, tensor, vectors)
    fitting = _pixels(source, tensor, width)
    if direct:
        return (*fitting, window, *products), _results(layer, folding)
    passes = folding.neuron_fold(layer)
    replay = Replay(layer.mw, tensor.width, width, folding.simd, passes, vectors)
    return (*fitting, window, replay, *products), _results(layer, folding)


def _products(layer: Matrix, folding: Folding, tensor: Tensor, vectors: int) -> tuple[Stage, ...]:
    """Products, and behind them what ends them where they do not do so themselves."""
    if is_plain(layer):
        return (Product(layer, folding, tensor, vectors),)
    product = Product(layer, folding, tensor, vectors, raw=True)
    return (product, *ending_stages(layer, folding, tensor, vectors, product.raw_sums))


def _results(layer: Matrix, folding: Folding) -> Beats:
    """Beats of what products give, one for each group of neurons."""
    return Beats(folding.pe, layer.mh, folding.synapse_fold(layer))


def _max_pool(layer: MaxPool, tensor: Tensor, _folding: None, source: Beats) -> Planned:
    width = source.width if tensor.shape[2] % source.width == 0 else tensor.shape[2]
    window = Window(
        image=(tensor.shape[0], tensor.shape[1]),
        kernel=layer.kernel,
        stride=layer.stride,
        padding=(0, 0),
        pad=0,
        bits=1,
        width=width,
        words=tensor.shape[2] // width,
        split=True,
    )
    vectors = window.outputs[0] * window.outputs[1] * window.words
    pool = Pool(width, layer.kernel[0] * layer.kernel[1], vectors)
    return (*_pixels(source, tensor, width), window, pool), Beats(width, tensor.shape[2])


def _without_gaps(source: Beats, tensor: Tensor) -> tuple[Convert, ...]:
    """What makes beats of whole units where each unit's last beat is filled up and there are several units."""
    if source.unit >= tensor.size or source.unit % source.width == 0:
        return ()
    return (Convert(source.unit, tensor.width, source.width, source.unit, tensor.size // source.unit),)


def _pixels(source: Beats, tensor: Tensor, width: int) -> tuple[Convert, ...]:
    """What makes words of ``width`` elements, a divisor of the channels."""
    channels = tensor.shape[2]
    if source.width == width:
        return ()
    # A beat may hold several pixels where the whole image is one unit.
    count = source.width if source.unit > channels and source.width % channels == 0 else channels
    return (Convert(count, tensor.width, source.width, width, tensor.size // count),)


LOWER: dict[type[Layer], Callable[[Any, Tensor, Any, Beats], Planned]] = {
    Dense: _dense,
    Conv2d: _conv2d,
    MaxPool: _max_pool,
}
"""How each kind of layer becomes stages."""
