"""How a network is trained: numbers and choices, each of which a definition sets and the command line overrides."""

import math
from dataclasses import dataclass

__all__ = ["Distortion", "Recipe"]


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

    shift: float = 0.0
    rotation: float = 0.0
    scale: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Parameters
    ----------
    epochs, batch : :class:`int`
        Passes over the training images, and images per step.
    rate : :class:`float`
        Peak of the learning rate.
    stochastic : :class:`bool`
        Draw the activations' signs at random while training.
    distortion : :class:`Distortion` or None
        Distortion of the training images; None for none.

    Raises
    ------
    ValueError
        When a number is out of its range.
    """

    epochs: int
    batch: int
    rate: float
    stochastic: bool = False
    distortion: Distortion | None = None

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ValueError(f"epochs must be 1 or more, not {self.epochs!r}")
        if self.batch < 2:
            raise ValueError(f"batch must be 2 or more, for batch norm needs a variance, not {self.batch!r}")
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise ValueError(f"rate must be above 0, not {self.rate!r}")
