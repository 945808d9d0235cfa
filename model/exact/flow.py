"""From the last layer back to the image: the layers of a network in the order of the data."""

from ..inputs import Affine, Input, Thermometer
from ..ir import Layer
from .signal import Made

__all__ = ["unfold"]


def unfold(last: Made) -> tuple[Input, tuple[Layer, ...]]:
    """The input rule, and the layers up to ``last``."""
    layers: list[Layer] = []
    made = last
    while not isinstance(made.maker, Affine | Thermometer):
        layers.append(made.maker)
        (made,) = made.sources
    return made.maker, tuple(reversed(layers))
