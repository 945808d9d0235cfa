"""Windows of several channels become beats for neurons each of which reads the pixels of one channel."""

import itertools
from dataclasses import dataclass
from typing import ClassVar

from amaranth.hdl import unsigned

from ..model.ir import Conv2d
from .device import Family
from .folding import Folding
from .options import divisors
from .replay import ReplayBuffer
from .stage import NoMemory, Places

__all__ = ["Taps", "taps_of"]


@dataclass(frozen=True)
class Taps(NoMemory):
    """Windows of ``taps`` pixels, a beat of ``channels`` elements each, for ``neurons`` that read a channel each.

    A beat out has ``simd`` pixels for each of ``pe`` neurons; neurons are outer, pixels inner. There are ``vectors``
    such windows a frame.
    """

    taps: int
    channels: int
    neurons: int
    multiplier: int
    bits: int
    pe: int
    simd: int
    vectors: int

    noun: ClassVar[str] = "taps"

    @property
    def beats(self) -> int:
        """Beats out for a window."""
        return self.neurons // self.pe * -(-self.taps // self.simd)

    @property
    def cycles(self) -> int:
        """Cycles for a frame."""
        return self.vectors * max(self.taps, self.beats)

    @property
    def trivial(self) -> bool:
        """Whether beats go out as they came."""
        return self.neurons == self.pe == self.channels and self.simd == 1

    @property
    def order(self) -> tuple[int | None, ...]:
        """Which element of a window each is that goes out; None for a neuron or a pixel that there is not."""
        neurons, taps = range(0, self.neurons, self.pe), range(0, self.taps, self.simd)
        places = itertools.product(neurons, taps, range(self.pe), range(self.simd))
        return tuple(self._place((first + neuron) // self.multiplier, tap + n) for first, tap, neuron, n in places)

    def _place(self, channel: int, tap: int) -> int | None:
        return tap * self.channels + channel if channel < self.channels and tap < self.taps else None

    def widest(self, places: Places, family: Family) -> int:
        """The registers of either side."""
        return max(self.taps * self.channels, self.beats * self.pe * self.simd) * self.bits

    def cells(self, places: Places, family: Family) -> int:
        """A flip-flop for each bit that comes, a flip-flop with a look-up table for each that goes."""
        coming, going = self.taps * self.channels, self.beats * self.pe * self.simd
        return (family.ff_cell * coming + going) * self.bits + 20

    def absorbs(self, held: int, family: Family) -> int:
        """One window is given while the next comes in."""
        return -(-held * self.taps // self.beats) + 2 * self.taps

    def component(self, places: Places, family: Family) -> ReplayBuffer:
        """The hardware."""
        return ReplayBuffer(
            element=unsigned(self.bits),
            count=self.taps * self.channels,
            width_in=self.channels,
            width_out=self.pe * self.simd,
            order=self.order,
        )


def taps_of(layer: Conv2d, bits: int, folding: Folding, windows: int) -> Taps:
    """What a depthwise layer of ``windows`` windows takes its beats from.

    A part of the channels is as small as lets the windows come as fast as the products are made, a pixel of a part a
    cycle; it is for whole groups of neurons, and each channel is in one part only.
    """
    multiplier, groups = layer.mh // layer.channels, folding.neuron_fold(layer)
    fitting = [part for part in divisors(groups) if part == groups or part * folding.pe % multiplier == 0]
    part = next((part for part in fitting if part * folding.synapse_fold(layer) >= layer.mw), groups)
    return Taps(
        taps=layer.mw,
        channels=layer.channels if part == groups else part * folding.pe // multiplier,
        neurons=part * folding.pe,
        multiplier=multiplier,
        bits=bits,
        pe=folding.pe,
        simd=folding.simd,
        vectors=windows * groups // part,
    )
