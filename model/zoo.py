"""The networks that ship, as definitions; ``model/training`` makes torch modules of them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from .ir import Affine, Input, MaxPool, Network, SumPool, Thermometer
from .outlines import Block, Filters, Neurons, Outline, chain, describe, output_of, weighted
from .random_networks import random_layers
from .recipe import Distortion, Recipe, Teacher

__all__ = ["CONVOLUTIONAL_TEACHER", "ZOO", "Definition", "find", "random_network"]


@dataclass(frozen=True)
class Definition:
    """One network and how it is trained by default.

    Parameters
    ----------
    name : :class:`str`
        Name on the command line.
    summary : :class:`str`
        One line on what it is.
    dataset : :class:`str`
        Data set it is trained on, a name that :func:`xnorflow.model.data.datasets.load` knows, or empty.
    input : :class:`xnorflow.model.ir.Thermometer` or :class:`xnorflow.model.ir.Affine`
        How a raw image becomes the values of the first layer.
    layers : tuple of outlines
        The layers before the scores, in the order of the data.
    recipe : :class:`xnorflow.model.recipe.Recipe`
        How it is trained when nothing else is asked for.
    further : :class:`xnorflow.model.recipe.Recipe` or None
        How a network that it gave is trained further; None for in the same way.
    classes : :class:`int`
        Classes.
    start : :class:`str`
        Name of the network that ships with whose weights the one of this definition that ships began, or empty.
    begun : :class:`xnorflow.model.recipe.Recipe` or None
        How that one was trained at first, which had ``start``; None for as any network is trained further.
    board : :class:`str`
        Name of the smallest board in the catalogue that it was placed and routed for, or empty.
    """

    name: str
    summary: str
    dataset: str
    input: Input
    layers: tuple[Outline, ...]
    recipe: Recipe
    further: Recipe | None = None
    classes: int = 10
    start: str = ""
    begun: Recipe | None = None
    board: str = ""

    def usual_recipe(self, start: str | None) -> Recipe:
        """The recipe for training from random weights, or for training a network of the name ``start`` further."""
        if start is None:
            return self.recipe
        return (self.begun if start == self.start else None) or self.further or self.recipe

    @property
    def layers_text(self) -> str:
        """The layers in brief: ``784-64-10``, or ``28x28x1: 16C3-P2-10`` with the size of the image."""
        outlines = [describe(outline) for outline in self.layers]
        tensor = self.input.output
        if all(isinstance(outline, Neurons) for outline in self.layers):
            return "-".join((str(tensor.size), *outlines, str(self.classes)))
        return f"{'x'.join(map(str, tensor.shape))}: {'-'.join((*outlines, str(self.classes)))}"

    @property
    def weight_bits(self) -> int:
        """Number of weights, one bit each."""
        return sum(math.prod(shape) for shape, _ in self._matrices())

    @property
    def multiplications(self) -> int:
        """Multiplications for an image."""
        return sum(math.prod(shape) * windows for shape, windows in self._matrices())

    def _matrices(self) -> Iterator[tuple[tuple[int, ...], int]]:
        """Shape of the weights of each layer that has some, and how often it uses them for an image."""
        for outline, tensor in chain(self.layers, self.input.output):
            if outline is None:
                yield (self.classes, tensor.size), 1
                return
            for part, incoming in weighted(outline, tensor):
                yield part.shape(incoming), output_of(part, incoming).size // part.count


CONVOLUTIONAL_TEACHER = Teacher((Filters(32), MaxPool(), Filters(64), MaxPool(), Neurons(128)), epochs=8)
"""The teacher of networks whose recipe has none of its own: for images of 28x28 pixels and larger ones."""


def _centred(shape: tuple[int, ...]) -> Affine:
    """Pixels from -1 to 1 in steps of 1/128."""
    return Affine(shape, multiplier=256, offset=-128 * 255, divisor=255, signed=True)


def _brisk(epochs: int, batch: int, distortion: Distortion) -> Recipe:
    """Signs that change from the first step on: what few epochs need."""
    return Recipe(epochs, batch, rate=0.01, schedule="cosine", init=0.2, calibrate=True, distortion=distortion)


_MNIST_INPUT = Thermometer((28, 28), (128,))

_HANDWRITING = Distortion(shift=1.0, rotation=8.0, scale=0.08, elastic=0.6)

_DIGITS = Definition(
    name="digits",
    summary="scikit-learn's 8x8 handwritten digits; fits the smallest boards and trains in seconds",
    dataset="digits",
    input=Thermometer((8, 8), (4, 8, 12)),
    layers=(Neurons(96), Neurons(64)),
    recipe=Recipe(epochs=600, batch=128, rate=0.02, distortion=Distortion(shift=0.4, rotation=6.0, scale=0.06)),
    board="icebreaker",
)

_TFC = Definition(
    name="tfc",
    summary="tiny fully connected network for MNIST",
    dataset="mnist",
    input=_MNIST_INPUT,
    layers=3 * (Neurons(64),),
    recipe=Recipe(
        epochs=300,
        batch=256,
        rate=0.01,
        schedule="cosine",
        init=0.2,
        gradient="quadratic",
        calibrate=True,
        learn_levels=True,
        distortion=Distortion(shift=0.5, rotation=5.0, scale=0.05),
    ),
    board="icebreaker",
)

_SFC = Definition(
    name="sfc",
    summary="small fully connected network for MNIST",
    dataset="mnist",
    input=_MNIST_INPUT,
    layers=3 * (Neurons(256),),
    recipe=Recipe(epochs=150, batch=256, rate=0.01, distortion=_HANDWRITING),
    board="ulx3s-12f",
)

_LFC = Definition(
    name="lfc",
    summary="large fully connected network for MNIST",
    dataset="mnist",
    input=_MNIST_INPUT,
    layers=3 * (Neurons(1024),),
    recipe=replace(_brisk(80, 256, _HANDWRITING), gradient="quadratic"),
    board="ulx3s-85f",
)

_MNIST_CNN = Definition(
    name="mnist-cnn",
    summary="small convolutional network for MNIST; fits an iCE40 UP5K",
    dataset="mnist",
    input=Affine((28, 28)),
    layers=(Filters(32), MaxPool(), Filters(48), MaxPool(), Filters(96)),
    recipe=replace(_brisk(45, 128, _HANDWRITING), teacher=CONVOLUTIONAL_TEACHER),
    board="icebreaker",
)

_FASHION_CNN = Definition(
    name="fashion-cnn",
    summary="convolutional network for grey pictures of clothes; fits an ECP5-25F",
    dataset="fashion-mnist",
    input=Affine((28, 28)),
    layers=(Filters(32), Filters(64), MaxPool(), Filters(64), Filters(128), MaxPool(), Filters(256)),
    recipe=replace(_brisk(30, 128, Distortion(crop=1, flip=True)), gradient="quadratic"),
    board="ulx3s-12f",
)

_CNV_RECIPE = _brisk(30, 100, Distortion(crop=2, flip=True))

_CNV = Definition(
    name="cnv",
    summary="convolutional network for 32x32 colour images",
    dataset="cifar-10",
    input=_centred((32, 32, 3)),
    layers=(
        *(Filters(64), Filters(64), MaxPool()),
        *(Filters(128), Filters(128), MaxPool()),
        *(Filters(256), Filters(256)),
        *(Neurons(512), Neurons(512)),
    ),
    recipe=_CNV_RECIPE,
    further=replace(_CNV_RECIPE, epochs=24, rate=0.005, gradient="quadratic"),
    board="ecpix5-45f",
)

_CNV_W1A2 = Definition(
    name="cnv-w1a2",
    summary="cnv with activations of two bits",
    dataset="cifar-10",
    input=_CNV.input,
    layers=tuple(replace(layer, bits=2) if isinstance(layer, Neurons | Filters) else layer for layer in _CNV.layers),
    recipe=_CNV_RECIPE,
    further=replace(_CNV_RECIPE, epochs=8, rate=0.004),
    start="cnv",
    begun=replace(_CNV_RECIPE, epochs=6, rate=0.002),
    board="ecpix5-85f",
)


def _same(count: int) -> Block:
    """A convolution around which an image of as many channels goes."""
    return Block((Filters(count, padding=(1, 1), bits=2),))


def _smaller(count: int) -> Filters:
    """A convolution that halves rows and columns."""
    return Filters(count, stride=(2, 2), padding=(1, 1), bits=2)


_RESNET_W1A2 = Definition(
    name="resnet-w1a2",
    summary="small residual network for 32x32 colour images, activations of two bits",
    dataset="cifar-10",
    input=_centred((32, 32, 3)),
    layers=(
        *(Filters(32, padding=(1, 1), bits=2), MaxPool(), _same(32), _same(32)),
        *(_smaller(64), _same(64), _same(64)),
        *(_smaller(128), _same(128), _same(128), SumPool((4, 4), (4, 4))),
    ),
    recipe=replace(_CNV_RECIPE, epochs=40),
    board="ulx3s-12f",
)

_BNN_MNIST = Definition(
    name="bnn-mnist",
    summary="the MNIST network of Courbariaux et al. (2016); train it on a GPU",
    dataset="mnist",
    input=_centred((28, 28)),
    layers=3 * (Neurons(4096),),
    recipe=Recipe(epochs=1000, batch=100, rate=0.003),
)

_BNN_CIFAR10 = Definition(
    name="bnn-cifar-10",
    summary="the CIFAR-10 network of Courbariaux et al. (2016); train it on a GPU",
    dataset="cifar-10",
    input=_centred((32, 32, 3)),
    layers=(
        *(*2 * (Filters(128, padding=(1, 1)),), MaxPool()),
        *(*2 * (Filters(256, padding=(1, 1)),), MaxPool()),
        *(*2 * (Filters(512, padding=(1, 1)),), MaxPool()),
        *(Neurons(1024), Neurons(1024)),
    ),
    recipe=Recipe(epochs=500, batch=50, rate=0.001),
)

ZOO = {
    definition.name: definition
    for definition in (
        *(_DIGITS, _TFC, _SFC, _LFC, _MNIST_CNN, _FASHION_CNN, _CNV, _CNV_W1A2, _RESNET_W1A2),
        *(_BNN_MNIST, _BNN_CIFAR10),
    )
}
"""The networks by name. TFC, SFC, LFC and CNV have the layers that FINN gave those names (arXiv 1612.07119); the last
two are those of Courbariaux et al. (arXiv 1602.02830)."""


def find(name: str) -> Definition:
    """The definition of that name; ValueError when there is none."""
    if name not in ZOO:
        raise ValueError(f"net must be one of {', '.join(ZOO)}, not {name!r}")
    return ZOO[name]


def random_network(name: str, seed: int = 0) -> Network:
    """The layers of a named network with random weights: of use where only the hardware's size and speed matter.

    Thresholds lie around half of the inputs, as those of trained layers do, so that the bits of later layers vary.

    Raises
    ------
    ValueError
        When the name is unknown or the seed is negative.
    """
    definition = find(name)
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, not {seed!r}")
    found = random_layers(definition.layers, definition.input.output, definition.classes, np.random.default_rng(seed))
    return Network(
        name=name,
        input=definition.input,
        layers=tuple(found.layers),
        dataset=definition.dataset,
        provenance={"weights": f"untrained random weights, seed {seed}"},
        sources=tuple(found.sources),
    )
