"""How a network is trained: numbers and choices, each of which a definition sets and the command line overrides."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from .outlines import Outline

__all__ = ["GRADIENTS", "SCHEDULES", "Distortion", "Recipe", "Teacher"]

SCHEDULES = ("one-cycle", "cosine")
"""Courses of the learning rate: up from a 25th of the peak and down to near 0, or from the peak to 0."""


GRADIENTS = ("clip", "quadratic")
"""Gradients of a sign: ``sign_ste`` and ``quadratic_sign`` of :mod:`xnorflow.model.training.signs`."""


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
    elastic : :class:`float`
        Pixels, up to which each part of the image moves along each axis on its own (Simard et al., 2003).
    crop : :class:`int`
        Whole pixels, up to which the image shifts along each axis, without interpolation.
    flip : :class:`bool`
        Mirror half of the images, left to right.
    """

    shift: float = 0.0
    rotation: float = 0.0
    scale: float = 0.0
    elastic: float = 0.0
    crop: int = 0
    flip: bool = False

    def __post_init__(self) -> None:
        for name in ("shift", "rotation", "scale", "elastic", "crop"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be 0 or more, not {value!r}")


@dataclass(frozen=True)
class Teacher:
    """A full-precision network that is trained first, and whose answers are learnt beside the labels.

    This is knowledge distillation (Hinton et al., arXiv 1503.02531). The teacher's layers have real weights, batch
    normalization and ReLU; it sees each image as distorted for the student.

    Parameters
    ----------
    layers : tuple of outlines
        Its layers, as of :class:`xnorflow.model.zoo.Definition`.
    epochs : :class:`int`
        Passes over the training images for the teacher itself.
    rate : :class:`float`
        Peak of its learning rate.
    weight : :class:`float`
        Share of the teacher's answers in the student's loss, in 0 to 1.
    temperature : :class:`float`
        What softens the answers of both.
    """

    layers: tuple[Outline, ...]
    epochs: int = 10
    rate: float = 0.003
    weight: float = 0.7
    temperature: float = 4.0

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 1:
            raise ValueError(f"weight must be in 0 to 1, not {self.weight!r}")
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(f"temperature must be above 0, not {self.temperature!r}")


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Parameters
    ----------
    epochs, batch : :class:`int`
        Passes over the training images, and images per step.
    rate : :class:`float`
        Peak of the learning rate.
    schedule : :class:`str`
        One of :data:`SCHEDULES`.
    stochastic : :class:`bool`
        Draw the activations' signs at random while training.
    gradient : :class:`str`
        Gradient of the activations' signs, one of :data:`GRADIENTS`.
    slope : :class:`float`
        Slope at which ``tanh`` becomes a sign, when activations are binarized by degrees: it rises to that from 1 in
        the first three quarters of the epochs. 0 for signs from the start.
    init : :class:`float`
        First latent weights are drawn evenly from -init to init.
    average : :class:`float`
        Decay of the exponential average over steps that the latent weights end with. 0 for the last weights.
    calibrate : :class:`bool`
        Measure the batch statistics anew at the end, on training images that are not distorted; so it is with an
        average in any case.
    learn_levels : :class:`bool`
        Learn the levels at which pixels become bits.
    distortion : :class:`Distortion` or None
        Distortion of the training images; None for none.
    teacher : :class:`Teacher` or None
        Whom to learn from beside the labels.

    Raises
    ------
    ValueError
        When a number is out of its range.
    """

    epochs: int
    batch: int
    rate: float
    schedule: str = "one-cycle"
    stochastic: bool = False
    gradient: str = "clip"
    slope: float = 0.0
    init: float = 1.0
    average: float = 0.0
    calibrate: bool = False
    learn_levels: bool = False
    distortion: Distortion | None = None
    teacher: Teacher | None = None

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ValueError(f"epochs must be 1 or more, not {self.epochs!r}")
        if self.batch < 2:
            raise ValueError(f"batch must be 2 or more, for batch norm needs a variance, not {self.batch!r}")
        if not (math.isfinite(self.rate) and self.rate > 0):
            raise ValueError(f"rate must be above 0, not {self.rate!r}")
        if self.schedule not in SCHEDULES:
            raise ValueError(f"schedule must be one of {', '.join(SCHEDULES)}, not {self.schedule!r}")
        if self.gradient not in GRADIENTS:
            raise ValueError(f"gradient must be one of {', '.join(GRADIENTS)}, not {self.gradient!r}")
        if self.slope != 0 and not (math.isfinite(self.slope) and self.slope >= 1):
            raise ValueError(f"slope must be 0 or 1 or more, not {self.slope!r}")
        if not 0 < self.init <= 1:
            raise ValueError(f"init must be above 0 and at most 1, not {self.init!r}")
        if not 0 <= self.average < 1:
            raise ValueError(f"average must be in 0 to below 1, not {self.average!r}")

    def settings(self) -> dict[str, Any]:
        """All of it as JSON has it; of a teacher's layers without their bits, of pools without padding that is none."""
        found = dataclasses.asdict(self)
        for layer in found["teacher"]["layers"] if self.teacher is not None else ():
            layer.pop("bits", None)
            # Pools had no padding when the first settings were written.
            if "count" not in layer and not any(layer["padding"]):
                del layer["padding"]
        return found
