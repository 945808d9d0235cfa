"""The network as frozen data: the one truth that golden model, hardware and files share.

``docs/ir.md`` specifies each formula; :mod:`xnorflow.model.golden` executes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .class_names import check_labels
from .inputs import Affine, Input, Thermometer
from .kinds import Conv2d, Dense, Layer, Matrix, MaxPool, Scores
from .limits import check_limits
from .tensors import Element, Tensor

__all__ = [
    "Affine",
    "Conv2d",
    "Dense",
    "Element",
    "Input",
    "Layer",
    "Matrix",
    "MaxPool",
    "Network",
    "Scores",
    "Tensor",
    "Thermometer",
]


@dataclass(frozen=True)
class Network:
    """A binarized network: input quantization, then layers, the last of which is :class:`Scores`.

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
        When the layers do not chain or do not end in :class:`Scores`, the labels are not one for each class, or a limit
        is exceeded (:mod:`xnorflow.model.limits`).
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
        if not self.layers or not isinstance(self.layers[-1], Scores):
            raise ValueError("the last layer must be Scores")
        if any(isinstance(layer, Scores) for layer in self.layers[:-1]):
            raise ValueError("only the last layer may be Scores")
        # Not an assert, which Python's -O leaves out: it is this that checks the chain.
        check_limits(self.input.shape, self.names, self.layers, self.tensors)
        object.__setattr__(self, "labels", check_labels(self.labels, self.classes))

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        """Types of the values: the quantized input, then the output of each layer."""
        tensors = [self.input.output]
        for name, layer in zip(self.names, self.layers, strict=True):
            try:
                tensors.append(layer.output(tensors[-1]))
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        return tuple(tensors)

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each layer: its kind and its position."""
        return tuple(f"{type(layer).__name__.lower()}{index}" for index, layer in enumerate(self.layers))

    @property
    def matrices(self) -> dict[str, Matrix]:
        """The layers that have weights, by name, in the order of the data."""
        layers = zip(self.names, self.layers, strict=True)
        return {name: layer for name, layer in layers if not isinstance(layer, MaxPool)}

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
        products = zip(self.layers, self.tensors[1:], strict=True)
        return sum(layer.mw * tensor.size for layer, tensor in products if not isinstance(layer, MaxPool))


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
            raise TypeError(f"layers must be Dense, Conv2d, MaxPool or Scores, not {type(layer).__name__}")
