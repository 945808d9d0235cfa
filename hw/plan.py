"""The stages of each layer's hardware, derived from network and folding: what is built, placed and estimated.

A layer is a chain of stages. Each knows how many cycles it takes for a frame; the interval is that of the slowest.
"""

from dataclasses import dataclass, replace

from amaranth.hdl import Shape

from ..model.ir import Conv2d, Layer, Matrix, MaxPool, Network, Tensor
from .folding import Folding
from .frames import FrameFormat, Source
from .levels import accumulator

__all__ = [
    "Convert",
    "Pool",
    "Product",
    "Replay",
    "Stage",
    "Window",
    "output",
    "plan_layer",
    "plan_network",
    "reweightable_stages",
    "slowest_layer",
]


@dataclass(frozen=True)
class Convert:
    """Elements of ``bits`` bits, ``count`` after ``count`` of them, from one width to another, ``vectors`` times."""

    count: int
    bits: int
    width_in: int
    width_out: int
    vectors: int

    @property
    def cycles(self) -> int:
        """Cycles for a frame."""
        return self.vectors * max(-(-self.count // self.width_in), -(-self.count // self.width_out))


@dataclass(frozen=True)
class Replay:
    """Vectors of ``count`` elements of ``bits`` bits, each given ``passes`` times in another width."""

    count: int
    bits: int
    width_in: int
    width_out: int
    passes: int
    vectors: int

    @property
    def words(self) -> int:
        """Beats of one pass."""
        return -(-self.count // self.width_out)

    @property
    def cycles(self) -> int:
        """Cycles for a frame."""
        return self.vectors * max(-(-self.count // self.width_in), self.words * self.passes)

    @property
    def divides(self) -> bool:
        """Whether it can be a memory whose words are filled by whole beats."""
        return self.width_out % self.width_in == 0


@dataclass(frozen=True)
class Window:
    """Windows of an image whose pixels are ``words`` words of ``width`` elements of ``bits`` bits.

    A window is given row by row, pixel by pixel, word by word, ``passes`` times; or, where it is ``split``, once for
    each word of a pixel, only that word of each of its pixels.
    """

    image: tuple[int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    pad: int
    bits: int
    width: int
    words: int
    passes: int = 1
    split: bool = False

    @property
    def outputs(self) -> tuple[int, int]:
        """Rows and columns of windows."""
        rows, columns = (
            (size + 2 * pad - kernel) // stride + 1
            for size, pad, kernel, stride in zip(self.image, self.padding, self.kernel, self.stride, strict=True)
        )
        return rows, columns

    @property
    def cycles(self) -> int:
        """Cycles for a frame: words that come in, or words that go out, whichever is more."""
        pixels = self.image[0] * self.image[1]
        windows = self.outputs[0] * self.outputs[1] * self.kernel[0] * self.kernel[1]
        return self.words * max(pixels, windows * self.passes)

    @property
    def depth(self) -> int:
        """Words of the memory, a power of two: the rows of a window, and those that come meanwhile.

        The next frame's first rows must be there when the last row of windows is done, so that there is no bubble
        between frames: as many rows again as a window has. Three words more let ready come from a register.
        """
        rows = min(self.kernel[0] + max(self.kernel[0], self.stride[0]), 2 * self.image[0])
        return 1 << (rows * self.image[1] * self.words + 3 - 1).bit_length()


@dataclass(frozen=True)
class Product:
    """Products of a layer's weights with ``vectors`` vectors of elements as ``tensor`` has them.

    In a ``reweightable`` one nothing but the contents of block RAM depends on weights and levels.
    """

    layer: Matrix
    folding: Folding
    tensor: Tensor
    vectors: int
    reweightable: bool = False

    @property
    def accumulator(self) -> Shape:
        """Signed shape of the sums."""
        return accumulator(self.layer, self.tensor, any_levels=self.reweightable)

    @property
    def cycles(self) -> int:
        """Cycles for a frame."""
        return self.vectors * self.folding.interval(self.layer)


@dataclass(frozen=True)
class Pool:
    """Maximum of each ``beats`` beats of ``width`` bits, ``vectors`` times."""

    width: int
    beats: int
    vectors: int

    @property
    def cycles(self) -> int:
        """Cycles for a frame."""
        return self.vectors * self.beats


Stage = Convert | Replay | Window | Product | Pool


def plan_network(
    network: Network, foldings: tuple[Folding, ...], frame: FrameFormat, *, reweightable: bool = False
) -> tuple[tuple[Stage, ...], ...]:
    """Stages of each layer, in the order of the data."""
    stages, source, remaining = [], frame.source, iter(foldings)
    for layer, tensor in zip(network.layers, network.tensors, strict=False):
        folding = None if isinstance(layer, MaxPool) else next(remaining)
        planned = plan_layer(layer, tensor, folding, source)
        stages.append(reweightable_stages(planned) if reweightable else planned)
        source = output(layer, tensor, folding, source)
    return tuple(stages)


def reweightable_stages(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    """The same stages, with the weights and levels of products in block RAM and nowhere else."""
    return tuple(replace(stage, reweightable=True) if isinstance(stage, Product) else stage for stage in stages)


def slowest_layer(network: Network, foldings: tuple[Folding, ...]) -> int:
    """Cycles for a frame of the layer whose products take longest."""
    products = zip(network.layers, network.tensors[1:], strict=True)
    vectors = [tensor.size // layer.mh for layer, tensor in products if not isinstance(layer, MaxPool)]
    rows = zip(vectors, foldings, network.matrices.values(), strict=True)
    return max(count * folding.interval(layer) for count, folding, layer in rows)


def plan_layer(layer: Layer, tensor: Tensor, folding: Folding | None, source: Source) -> tuple[Stage, ...]:
    """Stages of a layer that gets ``tensor`` in the beats of ``source``; pooling has no folding."""
    if isinstance(layer, MaxPool):
        return _pool(layer, tensor, source)
    assert folding is not None
    if isinstance(layer, Conv2d):
        return _convolution(layer, tensor, folding, source)
    fitting = _without_gaps(source, tensor)
    width = fitting[0].width_out if fitting else source.width
    replay = Replay(tensor.size, tensor.width, width, folding.simd, folding.neuron_fold(layer), vectors=1)
    return (*fitting, replay, Product(layer, folding, tensor, vectors=1))


def output(layer: Layer, tensor: Tensor, folding: Folding | None, source: Source) -> Source:
    """Beats in which a layer gives its results."""
    if isinstance(layer, MaxPool):
        return Source(width=_pool_width(tensor, source), unit=tensor.shape[2])
    assert folding is not None
    return Source(width=folding.pe, unit=layer.mh)


def _convolution(layer: Conv2d, tensor: Tensor, folding: Folding, source: Source) -> tuple[Stage, ...]:
    """Where the synapses of a cycle divide the channels, the line buffer itself replays each window."""
    direct = layer.channels % folding.simd == 0
    width, passes = (folding.simd, folding.neuron_fold(layer)) if direct else (layer.channels, 1)
    window = Window(
        image=(tensor.shape[0], tensor.shape[1]),
        kernel=layer.kernel,
        stride=layer.stride,
        padding=layer.padding,
        pad=layer.pad,
        bits=tensor.width,
        width=width,
        words=layer.channels // width,
        passes=passes,
    )
    vectors = window.outputs[0] * window.outputs[1]
    product = Product(layer, folding, tensor, vectors)
    fitting = _pixels(source, tensor, width)
    if direct:
        return (*fitting, window, product)
    passes = folding.neuron_fold(layer)
    return (*fitting, window, Replay(layer.mw, tensor.width, width, folding.simd, passes, vectors), product)


def _pool(layer: MaxPool, tensor: Tensor, source: Source) -> tuple[Stage, ...]:
    width = _pool_width(tensor, source)
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
    return (*_pixels(source, tensor, width), window, Pool(width, layer.kernel[0] * layer.kernel[1], vectors))


def _pool_width(tensor: Tensor, source: Source) -> int:
    return source.width if tensor.shape[2] % source.width == 0 else tensor.shape[2]


def _without_gaps(source: Source, tensor: Tensor) -> tuple[Convert, ...]:
    """What makes beats of whole units where each unit's last beat is filled up and there are several units."""
    if source.unit >= tensor.size or source.unit % source.width == 0:
        return ()
    return (Convert(source.unit, tensor.width, source.width, source.unit, tensor.size // source.unit),)


def _pixels(source: Source, tensor: Tensor, width: int) -> tuple[Convert, ...]:
    """What makes words of ``width`` elements, a divisor of the channels."""
    channels = tensor.shape[2]
    if source.width == width:
        return ()
    # A beat may hold several pixels where the whole image is one unit.
    count = source.width if source.unit > channels and source.width % channels == 0 else channels
    return (Convert(count, tensor.width, source.width, width, tensor.size // count),)
