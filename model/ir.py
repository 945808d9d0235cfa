"""The network as frozen data: the one truth that golden model, hardware and files share.

``docs/ir.md`` specifies each formula; :mod:`xnorflow.model.golden` executes it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import get_args

from .class_names import check_labels
from .inputs import Affine, Input, Thermometer
from .kinds.add import Add
from .kinds.conv2d import ZERO, Conv2d, Pad
from .kinds.dense import Dense
from .kinds.endings import Bias, Ending, Ranks, Thresholds
from .kinds.maxpool import MaxPool
from .kinds.sumpool import SumPool
from .kinds.threshold import Threshold
from .limits import check_limits
from .numbers import integers
from .steps import IMAGE, Layer, Matrix, Step
from .tensors import Element, Tensor

__all__ = [
    "IMAGE",
    "ZERO",
    "Add",
    "Affine",
    "Bias",
    "Conv2d",
    "Dense",
    "Element",
    "Ending",
    "Input",
    "Layer",
    "Matrix",
    "MaxPool",
    "Network",
    "Pad",
    "Ranks",
    "Step",
    "SumPool",
    "Tensor",
    "Thermometer",
    "Threshold",
    "Thresholds",
]


KINDS: tuple[type[Layer], ...] = get_args(Layer)


@dataclass(frozen=True)
class Network:
    """A binarized network: input quantization, then layers, the last of which gives the scores, integers of one axis.

    As a rule each layer reads the one before it. Where some read others, or two of them, ``sources`` says what.

    Parameters
    ----------
    name : :class:`str`
        Name for files and reports.
    input : :class:`Thermometer` or :class:`Affine`
        How a raw image becomes the values of the first layer.
    layers : tuple of layers
        In the order of the data.
    dataset : :class:`str`
        Data set that the network was trained on, or empty.
    provenance : mapping of strings
        How the network was made: command, seed, accuracies.
    labels : tuple of :class:`str`
        Name of each class, or empty.
    sources : tuple of tuples of :class:`int`
        For each layer the positions of the layers before it that it reads, :data:`IMAGE` for the quantized image; or
        empty, where each reads the one before it. It is kept empty wherever it can be.

    Raises
    ------
    TypeError
        When a text is not a string, or the input or a layer is no record of this module.
    ValueError
        When the layers do not fit what they read, one of them is read by none, the last one gives no scores, the labels
        are not one for each class, or a limit is exceeded (:mod:`xnorflow.model.limits`).
    """

    name: str
    input: Input
    layers: tuple[Layer, ...]
    dataset: str = ""
    provenance: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    sources: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "provenance", MappingProxyType(dict(self.provenance)))
        object.__setattr__(self, "layers", tuple(self.layers))
        _check_kinds(self)
        object.__setattr__(self, "sources", _checked_sources(self))
        # It is this that checks whether layers fit what they read, too.
        steps = tuple(self.steps())
        if (
            not steps
            or steps[-1].output.element is not Element.INT
            or steps[-1].output.size != steps[-1].output.shape[-1]
        ):
            raise ValueError("the last layer must give scores, integers of one axis; end it in Bias")
        check_limits(self.input.shape, self.input.output, steps)
        object.__setattr__(self, "labels", check_labels(self.labels, self.classes))

    def steps(self) -> Iterator[Step]:
        """The layers in the order of the data, each with its name, what it reads, and types of what it takes and gives.

        Raises
        ------
        ValueError
            When a layer does not fit what it reads, which no network that could be made has.
        """
        tensors = {IMAGE: self.input.output}
        for index, (layer, sources) in enumerate(zip(self.layers, self.sources or _chain(self), strict=True)):
            # Only a last layer gives scores: before it, the same ending makes integers like any other.
            kind = layer.title if index == len(self.layers) - 1 else type(layer).__name__
            inputs = tuple(_as_read(layer, tensors[source]) for source in sources)
            try:
                gives: Callable[..., Tensor] = layer.output
                output = gives(*inputs)
            except ValueError as error:
                raise ValueError(f"{kind.lower()}{index}: {error}") from None
            yield Step(kind, index, layer, inputs, output, sources)
            tensors[index] = output

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Types of the values: the quantized input, then the output of each layer."""
        return self.input.output, *(step.output for step in self.steps())

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each layer: its kind and its position."""
        return tuple(step.name for step in self.steps())

    @property
    def matrices(self) -> dict[str, Matrix]:
        """The layers that have weights, by name, in the order of the data."""
        return {step.name: step.matrix for step in self.steps() if step.matrix is not None}

    @property
    def classes(self) -> int:
        """Number of classes."""
        return self.tensors[-1].size

    @property
    def weight_bits(self) -> int:
        """Number of weights, one bit each."""
        return sum(int(layer.weights.size) for layer in self.matrices.values())

    @property
    def multiplications(self) -> int:
        """Multiplications for an image, each of which is an XNOR here, or a change of sign."""
        return sum(step.matrix.mw * step.output.size for step in self.steps() if step.matrix is not None)


def _as_read(layer: Layer, tensor: Tensor) -> Tensor:
    """A convolution of one dimension reads a vector as an image of one row, or an image with a row for each pixel."""
    if not isinstance(layer, Conv2d) or layer.kernel[0] > 1 or tensor.size % layer.channels:
        return tensor
    row, shape = (1, tensor.size // layer.channels, layer.channels), tensor.shape
    sequence = len(shape) == 1 or (len(shape) == 3 and shape[2] != layer.channels == shape[1] * shape[2])
    return replace(tensor, shape=row) if sequence else tensor


def _chain(network: Network) -> tuple[tuple[int, ...], ...]:
    """Sources of layers each of which reads the one before it."""
    return tuple((index - 1,) for index in range(len(network.layers)))


def _checked_sources(network: Network) -> tuple[tuple[int, ...], ...]:
    """What layers read, or nothing where they are a chain; ValueError where that cannot be."""
    if not isinstance(network.sources, tuple | list):
        raise TypeError(f"sources must be a tuple for each layer, not {network.sources!r}")
    given = tuple(integers("sources", sources) for sources in network.sources) or _chain(network)
    if len(given) != len(network.layers):
        raise ValueError(f"sources must be one for each of the {len(network.layers)} layers, not {len(given)}")
    for index, (layer, sources) in enumerate(zip(network.layers, given, strict=True)):
        name = f"{type(layer).__name__.lower()}{index}"
        if len(sources) not in layer.sources:
            raise ValueError(f"{name}: must read {' or '.join(map(str, layer.sources))} layers, not {len(sources)}")
        for source in sources:
            if not IMAGE <= source < index:
                raise ValueError(f"{name}: must read layers in {IMAGE}..{index - 1}, which are before it, not {source}")
    unread = set(range(len(network.layers) - 1)) - {source for sources in given for source in sources}
    if unread:
        index = min(unread)
        raise ValueError(f"{type(network.layers[index]).__name__.lower()}{index}: must be read by a layer behind it")
    return () if given == _chain(network) else given


def _check_kinds(network: Network) -> None:
    """TypeError when a field is not of the kind that a file can hold."""
    texts = [("name", network.name), ("dataset", network.dataset)]
    texts += [("provenance", text) for entry in network.provenance.items() for text in entry]
    for name, text in texts:
        if not isinstance(text, str):
            raise TypeError(f"{name} must be a string, not {text!r}")
    if not isinstance(network.input, Input):
        raise TypeError(f"input must be Thermometer or Affine, not {type(network.input).__name__}")
    for layer in network.layers:
        if not isinstance(layer, Layer):
            raise TypeError(f"layers must be {', '.join(kind.__name__ for kind in KINDS)}, not {type(layer).__name__}")
