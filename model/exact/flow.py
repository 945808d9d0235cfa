"""From the last layer back to the image: the layers of a network, each behind those that it reads."""

from dataclasses import dataclass, fields, is_dataclass

import numpy as np

from ..inputs import Affine, Input, Thermometer
from ..ir import IMAGE, Layer, Threshold
from .node import ImportRefused
from .signal import Made

__all__ = ["Flow", "unfold"]


@dataclass(frozen=True, eq=False)
class Flow:
    """What a network is made of.

    Parameters
    ----------
    input : :class:`Thermometer` or :class:`Affine`
        The input rule.
    layers : tuple of layers
        Each behind those that it reads; two that read the same and are the same are one.
    sources : tuple of tuples of :class:`int`
        What each reads.
    notes : tuple of :class:`str`
        What a reader of the file should know.
    """

    input: Input
    layers: tuple[Layer, ...]
    sources: tuple[tuple[int, ...], ...]
    notes: tuple[str, ...] = ()


def unfold(last: Made) -> Flow:
    """All layers up to ``last``."""
    order = _ordered(last)
    rules = {made.maker for made in order if isinstance(made.maker, Affine | Thermometer)}
    rule = _common_rule(rules)
    layers: list[Layer] = []
    sources: list[tuple[int, ...]] = []
    known: dict[object, int] = {}
    places: dict[int, int] = {}
    for made in order:
        maker = made.maker
        reads = tuple(places[id(source)] for source in made.sources)
        if isinstance(maker, Affine | Thermometer):
            if maker == rule:
                places[id(made)] = IMAGE
                continue
            maker, reads = _as_layer(maker, rule), (IMAGE,)
        key = (_content(maker), reads)
        if key not in known:
            known[key] = len(layers)
            layers.append(maker)
            sources.append(reads)
        places[id(made)] = known[key]
    notes = tuple(dict.fromkeys(made.note for made in order if made.note))
    return Flow(rule, tuple(layers), tuple(sources), notes)


def _ordered(last: Made) -> list[Made]:
    """All that leads there, each behind what it reads."""
    order: list[Made] = []
    seen: set[int] = set()
    stack = [(last, False)]
    while stack:
        made, ready = stack.pop()
        if ready:
            order.append(made)
        elif id(made) not in seen:
            seen.add(id(made))
            stack.append((made, True))
            stack += [(source, False) for source in reversed(made.sources)]
    return order


def _common_rule(rules: set[Input]) -> Input:
    """The one rule that all arms can begin with: where they quantize in several ways, the raw pixels."""
    if len(rules) == 1:
        return next(iter(rules))
    shape = next(iter(rules)).shape
    if any(isinstance(rule, Affine) and rule != Affine(shape) for rule in rules):
        raise ImportRefused("the image must be quantized in one way, not in several; quantize it once, in front")
    return Affine(shape)


def _as_layer(rule: Input, raw: Input) -> Threshold:
    """What makes of raw pixels the bits of a rule of one level."""
    assert isinstance(rule, Thermometer)
    return Threshold(np.full((raw.output.shape[-1], 1), rule.levels[0]))


def _content(value: object) -> object:
    """Something to compare records by that hold arrays."""
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes()
    if is_dataclass(value) and not isinstance(value, type):
        return type(value), tuple(_content(getattr(value, field.name)) for field in fields(value))
    return value
