"""The networks that ship, as definitions; :func:`xnorflow.model.layers.module_for` makes torch modules of them."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .ir import Dense, Network, Scores, Thermometer

__all__ = ["ZOO", "Definition", "Distortion", "find", "random_network"]


@dataclass(frozen=True)
class Distortion:
    """How far training images are distorted at random, each one anew in each epoch.

    Parameters
    ----------
    shift : :class:`float`
        Pixels, up to which along each axis and either way.
    rotation : :class:`float`
        Degrees, either way.
    scale : :class:`float`
        Share of the size, either way.
    """

    shift: float
    rotation: float = 0.0
    scale: float = 0.0


@dataclass(frozen=True)
class Definition:
    """One multi-layer perceptron and how it is trained by default.

    Parameters
    ----------
    name : :class:`str`
        Name on the command line.
    summary : :class:`str`
        One line on what it is.
    dataset : :class:`str`
        Data set it is trained on, a name that :func:`xnorflow.model.datasets.load` knows.
    input : :class:`xnorflow.model.ir.Thermometer`
        How a raw image becomes bits.
    hidden : tuple of :class:`int`
        Neurons of each hidden layer.
    epochs, batch : :class:`int`
        Passes over the training images, and images per step, when nothing else is asked for.
    rate : :class:`float`
        Peak of the learning rate, likewise.
    distortion : :class:`Distortion` or None
        Distortion of the training images; None for none.
    classes : :class:`int`
        Classes.
    """

    name: str
    summary: str
    dataset: str
    input: Thermometer
    hidden: tuple[int, ...]
    epochs: int
    batch: int
    rate: float
    distortion: Distortion | None = None
    classes: int = 10

    @property
    def sizes(self) -> tuple[int, ...]:
        """Inputs, neurons of each hidden layer, classes."""
        return (self.input.output.size, *self.hidden, self.classes)

    @property
    def weight_bits(self) -> int:
        """Number of weights, one bit each."""
        return sum(mw * mh for mw, mh in pairwise(self.sizes))


_MNIST_INPUT = Thermometer((28, 28), (128,))

ZOO = {
    definition.name: definition
    for definition in (
        Definition(
            name="digits",
            summary="scikit-learn's 8x8 handwritten digits; fits the smallest boards and trains in seconds",
            dataset="digits",
            input=Thermometer((8, 8), (4, 8, 12)),
            hidden=(96, 64),
            epochs=600,
            batch=128,
            rate=0.02,
            distortion=Distortion(shift=0.4, rotation=6.0, scale=0.06),
        ),
        Definition(
            name="tfc",
            summary="tiny fully connected network for MNIST",
            dataset="mnist",
            input=_MNIST_INPUT,
            hidden=(64, 64, 64),
            epochs=80,
            batch=256,
            rate=0.01,
        ),
        Definition(
            name="sfc",
            summary="small fully connected network for MNIST",
            dataset="mnist",
            input=_MNIST_INPUT,
            hidden=(256, 256, 256),
            epochs=60,
            batch=256,
            rate=0.01,
            distortion=Distortion(shift=1.0),
        ),
        Definition(
            name="lfc",
            summary="large fully connected network for MNIST",
            dataset="mnist",
            input=_MNIST_INPUT,
            hidden=(1024, 1024, 1024),
            epochs=60,
            batch=256,
            rate=0.01,
            distortion=Distortion(shift=1.0),
        ),
    )
}
"""The networks by name; TFC, SFC and LFC have the layers that FINN gave those names (arXiv 1612.07119)."""


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
    rng = np.random.default_rng(seed)
    *hidden, last = pairwise(definition.sizes)
    layers = [_random_dense(rng, mw=mw, mh=mh) for mw, mh in hidden]
    mw, classes = last
    scores = Scores(rng.integers(0, 2, (classes, mw), np.uint8), rng.integers(-2, 3, classes))
    return Network(
        name=name,
        input=definition.input,
        layers=(*layers, scores),
        dataset=definition.dataset,
        provenance={"weights": f"untrained random weights, seed {seed}"},
    )


def _random_dense(rng: np.random.Generator, *, mw: int, mh: int) -> Dense:
    # Matches of random bits spread by sqrt(mw) / 2 around mw / 2.
    thresholds = rng.normal((mw + 1) / 2, 0.25 * np.sqrt(mw), mh).round().clip(0, mw + 1)
    return Dense(rng.integers(0, 2, (mh, mw), np.uint8), thresholds.astype(np.int64))
