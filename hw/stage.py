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
    "Divided",
    "LayerPlan",
    "Location",
    "NoMemory",
    "Place",
    "Places",
    "Share",
    "Stage",
    "blocks_at",
    "candidates",
    "memory_cells",
    "outside_cells",
    "ram_style",
    "sprams_at",
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


@dataclass(frozen=True)
class Divided:
    """Where a memory is that has its first bits in so many block RAMs, and all others in look-up tables."""

    blocks: int

    @property
    def value(self) -> str:
        """In words, as those of :class:`Place` have it."""
        return f"{Place.BLOCK.value} ({self.blocks}) and {Place.LUT.value}"


Location = Place | Divided
"""Where a memory may be."""

Places = Mapping[str, Location]
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
    divisible : :class:`bool`
        Some of its bits may be block RAM, and the others look-up tables.
    shares : tuple of :class:`Share`
        How it could be in SPRAM instead.
    """

    name: str
    blocks: int
    banks: int
    cells: int
    required: bool = False
    divisible: bool = False
    shares: tuple[Share, ...] = ()

    def share(self, place: Place) -> Share | None:
        """How it is in SPRAM, where that is its place."""
        return next((share for share in self.shares if share.place is place), None)


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
    outside = [wish for wish in candidates(stage, family) if places[wish.name] not in (Place.SPRAM, Place.SPLIT)]
    shares = [(wish, 1 - blocks_at(wish, places) / wish.blocks) for wish in outside]
    return round(sum(wish.cells * share for wish, share in shares))


def blocks_at(wish: Candidate, places: Places) -> int:
    """Block RAMs of a memory that is where it is."""
    place = places[wish.name]
    if isinstance(place, Divided):
        return place.blocks
    share = wish.share(place)
    if share:
        return share.blocks
    return wish.blocks if place is Place.BLOCK else 0


def sprams_at(wish: Candidate, places: Places) -> int:
    """SPRAMs of a memory that is where it is."""
    place = places[wish.name]
    share = wish.share(place) if isinstance(place, Place) else None
    return share.sprams if share else 0


def whole_beats(count: int, width: int) -> int:
    """Elements in the registers of a buffer that ``count`` of them pass, ``width`` in a beat."""
    return -(-count // width) * width


def memory_cells(size: MemorySize, family: Family) -> int:
    """Cells of a memory that is not block RAM: distributed, 16 words of 4 bits in six, or flip-flops."""
    if family.distributed:
        return -(-size.depth // 16) * size.width * 6 // 4
    return 2 * size.depth * size.width


def ram_style(place: Location) -> str:
    """What tells yosys, and others, to put a memory there: the value of the attribute of that name."""
    if place is Place.BLOCK:
        return "block"
    return "distributed" if place is Place.DISTRIBUTED else "logic"
