"""The network as frozen data: the one truth that golden model, hardware and files share.

``docs/ir.md`` specifies each formula; :mod:`xnorflow.model.golden` executes it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .class_names import check_labels
from .inputs import Affine, Input, Thermometer
from .kinds.conv2d import Conv2d
from .kinds.dense import Dense
from .kinds.endings import Bias, Ending, Thresholds
from .kinds.maxpool import MaxPool
from .limits import check_limits
from .steps import Layer, Matrix, Step
from .tensors import Element, Tensor

__all__ = [
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
    "Step",
    "Tensor",
    "Thermometer",
    "Thresholds",
]


@dataclass(frozen=True)
class Network:
    """A binarized network: input quantization, then layers, the last of which gives the scores, integers of one axis.

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

    Raises
    ------
    TypeError
        When a text is not a string, or the input or a layer is no record of this module.
    ValueError
        When the layers do not chain, another than the last one gives integers, the labels are not one for each class,
        or a limit is exceeded (:mod:`xnorflow.model.limits`).
    """

    name: str
    input: Input
    layers: tuple[Layer, ...]
    dataset: str = ""
    provenance: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "provenance", MappingProxyType(dict(self.provenance)))
        object.__setattr__(self, "layers", tuple(self.layers))
        _check_kinds(self)
        # It is this that checks the chain, too.
        scores = [step.output.element is Element.INT and len(step.output.shape) == 1 for step in self.steps()]
        if not scores or not scores[-1]:
            raise ValueError("the last layer must give scores, integers of one axis; end it in Bias")
        if any(step.output.element is not Element.BIT for step in list(self.steps())[:-1]):
            raise ValueError("only the last layer may give integers; end the others in Thresholds")
        check_limits(self.input.shape, self.input.output, tuple(self.steps()))
        object.__setattr__(self, "labels", check_labels(self.labels, self.classes))

    def steps(self) -> Iterator[Step]:
        """The layers in the order of the data, each with its name and with the types of what it takes and gives.

        Raises
        ------
        ValueError
            When a layer does not chain, which no network that could be made has.
        """
        tensor = self.input.output
        for index, layer in enumerate(self.layers):
            name = f"{layer.title.lower()}{index}"
            try:
                output = layer.output(tensor)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
            yield Step(name, layer, tensor, output)
            tensor = output

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
            raise TypeError(f"layers must be Dense, Conv2d or MaxPool, not {type(layer).__name__}")
