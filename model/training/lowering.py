"""What lowerings share: the layers so far, the modules that are left, and the value between them."""

import dataclasses
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from .. import ir
from .export_norm import Norm

__all__ = ["IDLE", "Lowering", "Value", "Walk", "check_exact", "next_name", "significant", "take"]

IDLE: tuple[type[nn.Module], ...] = (nn.Dropout, nn.Dropout2d, nn.Identity)
"""Modules that do nothing in eval mode."""


@dataclass(frozen=True)
class Value:
    """What modules give to the next one.

    Parameters
    ----------
    place : :class:`int`
        Position of the layer that gives it, or :data:`xnorflow.model.ir.IMAGE`.
    tensor : :class:`xnorflow.model.ir.Tensor`
        Its type.
    order : array of :class:`int` or None
        Position, in torch's vector, of each element of the stream; None where they are the same.
    divisor : :class:`int`
        What torch's numbers are divided by: an average is a sum over that.
    norm : batch norm or None
        What torch's numbers have gone through and the layer's have not: the end of an arm of a residual.
    of : :class:`xnorflow.model.ir.Tensor` or None
        What the layer of that batch norm reads.
    """

    place: int
    tensor: ir.Tensor
    order: NDArray[np.int64] | None = None
    divisor: int = 1
    norm: Norm | None = None
    of: ir.Tensor | None = None


@dataclass
class Walk:
    """A walk through the modules of a Sequential.

    Parameters
    ----------
    modules : deque
        What is still to be lowered; a lowering takes what belongs to its layers from the left.
    follow : function
        Lowers all modules of a walk.
    layers, sources : lists
        The network so far, which the walks through arms add to as well.
    arm : :class:`bool`
        Whether it is through an arm of a residual, at whose end a matrix product may stand alone.
    places : mapping
        Where each module is, as :meth:`torch.nn.Module.named_modules` calls it.
    """

    modules: deque[nn.Module]
    follow: "Lowering"
    layers: list[ir.Layer] = field(default_factory=list)
    sources: list[tuple[int, ...]] = field(default_factory=list)
    arm: bool = False
    places: Mapping[nn.Module, str] = field(default_factory=dict)

    def name(self, kind: str) -> str:
        """What a layer of a kind will be called that is added now."""
        return f"{kind}{len(self.layers)}"

    def through(self, modules: Iterable[nn.Module]) -> "Walk":
        """A walk through an arm, which adds to the same network."""
        return dataclasses.replace(self, modules=deque(modules), arm=True)

    def add(self, name: str, layer: ir.Layer, *values: Value) -> Value:
        """Add a layer that reads these; ValueError that begins with ``name`` when it does not fit them."""
        output: Callable[..., ir.Tensor] = layer.output
        try:
            tensor = output(*(value.tensor for value in values))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        self.layers.append(layer)
        self.sources.append(tuple(value.place for value in values))
        return Value(len(self.layers) - 1, tensor, divisor=values[0].divisor)


Lowering = Callable[[Walk, Value], Value]
"""Takes modules from a walk, adds layers that compute the same, and gives what comes out."""


def significant(module: nn.Module) -> Iterator[nn.Module]:
    """The modules that do something in eval mode, without nesting."""
    if not isinstance(module, nn.Sequential):
        yield from () if type(module) in IDLE else (module,)
        return
    for child in module:
        yield from significant(child)


def check_exact(name: str, value: Value) -> None:
    """Raise ValueError where a value is averages that torch rounds: what is computed with them is no integer."""
    if value.divisor & (value.divisor - 1):
        raise ValueError(
            f"{name}: must not follow averages of {value.divisor} numbers, which torch rounds; "
            "put a batch norm and an activation between"
        )


def next_name(walk: Walk) -> str:
    """Kind of the next module, for a message."""
    return type(walk.modules[0]).__name__ if walk.modules else "the end"


def take(walk: Walk, kinds: tuple[type[nn.Module], ...], where: str) -> Any:
    """The next module, when it is one of ``kinds``; else ValueError that begins with ``where``."""
    if not walk.modules or type(walk.modules[0]) not in kinds:
        raise ValueError(f"{where} {kinds[0].__name__}, not {next_name(walk)}")
    return walk.modules.popleft()
