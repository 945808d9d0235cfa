"""What a stage of a layer's hardware is, and the words for the memories in it.

A stage is a frozen record of sizes. It prices itself, says what its memories are, and makes its component: all in one
file, so that plan, placement, estimate, search and core know this protocol and no stage by name.
"""

import enum
import functools
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from .device import Family
from .memory import MemorySize

__all__ = [
    "SHALLOW",
    "Beats",
    "Candidate",
    "LayerPlan",
    "NoMemory",
    "Place",
    "Places",
    "Share",
    "Stage",
    "candidates",
    "memory_cells",
    "outside_cells",
    "whole_beats",
]

SHALLOW = 16
"""Words up to which a memory is look-up tables in any case: one for each bit of a word."""


class Place(enum.Enum):
    """Where a memory is."""

    BLOCK = "block RAM"
    DISTRIBUTED = "distributed RAM"
    LUT = "LUT ROM"
    REGISTERS = "flip-flops"
    SPRAM = "SPRAM"
    SPLIT = "SPRAM and block RAM"
    """As many bits of each word in whole SPRAMs as there are, the rest of them in block RAM."""


Places = Mapping[str, Place]
"""Where each memory of a stage, or of all stages of a layer, is, by its name."""


@dataclass(frozen=True)
class Beats:
    """Beats of a stream of elements.

    Parameters
    ----------
    width : :class:`int`
        Elements of a beat.
    unit : :class:`int`
        Elements after which a new beat begins: the last beat of each unit is filled up.
    gap : :class:`int`
        Cycles from a beat to the next, at least, in the mean over a frame.
    """

    width: int
    unit: int
    gap: int = 1

    def count(self, elements: int) -> int:
        """Beats of so many elements."""
        units, rest = divmod(elements, self.unit)
        return units * -(-self.unit // self.width) + -(-rest // self.width)


@dataclass(frozen=True)
class Share:
    """A place with SPRAM that a memory may have: how many of those it takes there, and how many block RAMs."""

    place: Place
    sprams: int
    blocks: int


@dataclass(frozen=True)
class Candidate:
    """A memory of a stage that may be block RAM.

    Parameters
    ----------
    name : :class:`str`
        Its name among the memories of the layer.
    blocks : :class:`int`
        Block RAMs that it takes.
    banks : :class:`int`
        Parts of its depth, among which look-up tables choose.
    cells : :class:`int`
        Look-up tables or flip-flops that it takes otherwise.
    required : :class:`bool`
        It is block RAM in any case.
    shares : tuple of :class:`Share`
        How it could be in SPRAM instead.
    """

    name: str
    blocks: int
    banks: int
    cells: int
    required: bool = False
    shares: tuple[Share, ...] = ()

    def share(self, place: Place) -> Share:
        """SPRAMs and block RAMs that it takes at a place."""
        taken = Share(place, 0, self.blocks if place is Place.BLOCK else 0)
        return next((share for share in self.shares if share.place is place), taken)


class Stage(Hashable, Protocol):
    """One step of a layer's hardware, which works at the same time as all others, on data of its own."""

    noun: ClassVar[str]
    """What it gives one after the other, in the plural, for messages."""

    @property
    def cycles(self) -> int:
        """Cycles for a frame: a formula, which the simulation measures exactly."""

    def widest(self, places: Places, family: Family) -> int:
        """Bits of its widest register, beat or word of memory."""

    def memory_words(self, places: Places, family: Family) -> int:
        """Words of its memories, other than flip-flops."""

    def usual_places(self, family: Family) -> dict[str, Place]:
        """Where each of its memories is when none of them is block RAM; their names are the layer's own."""

    def candidates(self, family: Family) -> tuple[Candidate, ...]:
        """Those of its memories that are worth block RAM."""

    def cells(self, places: Places, family: Family) -> int:
        """Logic cells, with those of its memories that are not block RAM."""

    @property
    def contents(self) -> int:
        """Bits of weights and levels in its memories."""

    def absorbs(self, held: int, family: Family) -> int:
        """Beats that it takes at most before their turn, where ``held`` of the beats that it gave still wait behind it.

        The turn of a beat is by its share of a frame: where it gives ``out`` beats for ``in``, and the next stage has
        got rid of ``n``, it has taken no more than ``n * in / out`` beats and these.
        """

    def component(self, places: Places, family: Family) -> Any:
        """The hardware: a component with a stream ``i`` in and a stream ``o`` out, its memories at these places."""


@dataclass(frozen=True)
class LayerPlan:
    """The stages of a layer.

    Parameters
    ----------
    arms : tuple of tuples of stages
        Those of each input, before all inputs come together.
    body : tuple of stages
        Those behind them.
    sources : tuple of :class:`Beats`
        Beats of what comes in.
    beats : :class:`Beats`
        Beats of what it gives.
    """

    arms: tuple[tuple[Stage, ...], ...]
    body: tuple[Stage, ...]
    sources: tuple[Beats, ...]
    beats: Beats

    @property
    def stages(self) -> tuple[Stage, ...]:
        """All of them."""
        return (*(stage for arm in self.arms for stage in arm), *self.body)


class NoMemory:
    """What a stage without a memory, but for flip-flops, says of its memories."""

    contents: ClassVar[int] = 0

    def memory_words(self, _places: Places, _family: Family) -> int:
        """Words of its memories."""
        return 0

    def usual_places(self, _family: Family) -> dict[str, Place]:
        """Where they are."""
        return {}

    def candidates(self, _family: Family) -> tuple[Candidate, ...]:
        """Those that are worth block RAM."""
        return ()


@functools.lru_cache(maxsize=1 << 16)
def candidates(stage: Stage, family: Family) -> tuple[Candidate, ...]:
    """A stage's :meth:`Stage.candidates`; automatic folding asks for the same ones again and again."""
    return stage.candidates(family)


def outside_cells(stage: Stage, places: Places, family: Family) -> int:
    """Cells of the memories of a stage that could be block RAM, and are neither that nor SPRAM."""
    inside = (Place.BLOCK, Place.SPRAM, Place.SPLIT)
    return sum(wish.cells for wish in candidates(stage, family) if places[wish.name] not in inside)


def whole_beats(count: int, width: int) -> int:
    """Elements in the registers of a buffer that ``count`` of them pass, ``width`` in a beat."""
    return -(-count // width) * width


def memory_cells(size: MemorySize, family: Family) -> int:
    """Cells of a memory that is not block RAM: distributed, 16 words of 4 bits in six, or flip-flops."""
    if family.distributed:
        return -(-size.depth // 16) * size.width * 6 // 4
    return 2 * size.depth * size.width
