"""What a network expects of images and classes, by what it was trained on; definitions that expect others."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..ir import Network, Thermometer
from ..outlines import chain
from ..zoo import Definition
from .datasets import CLASSES, DARK, WHITE, DataError

__all__ = ["adapt", "background", "background_of", "class_names", "label_for", "white_of"]


def adapt(definition: Definition, *, shape: tuple[int, ...], classes: int, white: int = 255) -> Definition:
    """A definition for images of another shape, other classes, and pixels from 0 to another white.

    The layers stay what they are; a thermometer's levels are brought to the range of the pixels.

    Raises
    ------
    ValueError
        When the network's layers do not take images of this size.
    """
    rule = replace(definition.input, shape=shape)
    if isinstance(rule, Thermometer):
        share = white / WHITE.get(definition.dataset, 255)
        rule = replace(rule, levels=tuple(sorted({min(255, max(1, round(level * share))) for level in rule.levels})))
    size = "x".join(map(str, rule.shape))
    try:
        if len(rule.shape) < 2:
            raise ValueError("images must have rows and columns")
        list(chain(definition.layers, rule.output))
    except ValueError as error:
        usual = "x".join(map(str, definition.input.shape))
        raise ValueError(f"{definition.name} cannot take images of {size} ({error}); its own are of {usual}") from None
    return replace(definition, input=rule, classes=classes)


def white_of(network: Network) -> int:
    """Brightest pixel of the images that a network was trained on; pictures are brought to that range."""
    told = network.provenance.get("white", "")
    return int(told) if told in _RANGE else WHITE.get(network.dataset, 255)


_RANGE = frozenset(map(str, range(1, 256)))


def background_of(network: Network) -> str:
    """What :func:`background` says of the images that a network was trained on."""
    told = network.provenance.get("background", "")
    return told if told in ("dark", "bright") else "dark" if network.dataset in DARK else ""


def background(images: NDArray[np.uint8], white: int = 255) -> str:
    """``dark`` or ``bright``, for grey images of shape ``(count, height, width)`` that are so at their border.

    Bright are those whose outermost pixels are, in the mean, brighter than those inside and than half of ``white``;
    dark those of which neither is true. Of all others it is empty.
    """
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.ndim != 3 or min(images.shape[1:]) < 3:
        return ""
    rim = np.concatenate((images[:, [0, -1], :].reshape(-1), images[:, 1:-1, [0, -1]].reshape(-1)))
    border, inside = float(rim.mean()), float(images[:, 1:-1, 1:-1].mean())
    if border > inside and border > white / 2:
        return "bright"
    return "dark" if border < inside and border < white / 2 else ""


def class_names(network: Network) -> tuple[str, ...]:
    """Names of a network's classes: its own, else those of its data set; empty where there are none."""
    known = CLASSES.get(network.dataset, ())
    return network.labels or (known if len(known) == network.classes else ())


def label_for(network: Network, classes: Sequence[str], where: str) -> NDArray[np.int64]:
    """Index that a network has for each of some classes: by name where it has names, else by number or by order.

    Raises
    ------
    DataError
        When the network has no such class.
    """
    names = class_names(network)
    # A network without names, or that was trained on numbers.
    if not names and all(name.isdecimal() for name in classes):
        names = tuple(map(str, range(network.classes)))
    if names:
        index = {name: number for number, name in enumerate(names)}
        for name in classes:
            if name not in index:
                listed = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
                raise DataError(f"{where}: has the class {name!r}, which {network.name} has not: {listed}")
        return np.array([index[name] for name in classes], np.int64)
    if len(classes) != network.classes:
        raise DataError(f"{where}: has {len(classes)} classes, but {network.name} has {network.classes}")
    return np.arange(len(classes))
